"""Lava's Conv: the kernel is added around each spike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import SYNAPSES, Assembler, Node, Signal
from lava_ed.engine.families import opcodes
from lava_ed.engine.families.joins import event_input
from lava_ed.engine.families.tallies import add_reads
from lava_ed.engine.memory import Memory, Slot, Variable
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.conv import (
    REACH,
    STRIDES,
    arrange_reached,
    conv_events,
    largest_sum,
    reach_table,
    tap_steps,
    tap_table,
)
from lava_ed.kernels.tally import conv_fan_outs
from lava_ed.kernels.views import matrix, segment

FIRST_STRIDE = 14


@kernel
def conv_forward(a, i32, i64):  # type: ignore[no-untyped-def]
    """Convolve the spikes into a_buf.

    Columns: 1 n_in, 2 n_out, 3 arranged weights, 4 how many, 5 event count, 6 events, 7 payloads or −1
    (all 1), 8 message bits, 9 a_buf, 10 its flag, 11 sums (i64), 12 largest sum (i64), 13 reach of each input,
    14 … 17 strides, 18 fan-outs of the inputs, 19 counters (i64).
    """
    count = i32[a[5]]
    a_buf = segment(i32, a[9], a[2])
    if count == 0:
        if i32[a[10]]:
            a_buf[:] = 0
            i32[a[10]] = 0
        return
    i32[a[10]] = 1
    graded = i32[a[8]] > 0 and a[7] >= 0
    payloads = segment(i32, a[7], a[1]) if graded else i32[:0]
    events = segment(i32, a[6], count)
    add_reads(a[19], i32[a[8]] > 0, segment(i32, a[18], a[1]), events, count, i64)
    conv_events(
        segment(i32, a[3], a[4]), events, count, payloads, graded,
        matrix(i32, a[13], a[1], REACH), a[FIRST_STRIDE : FIRST_STRIDE + STRIDES],
        i64[a[12]], segment(i64, a[11], a[2]), a_buf,
    )  # fmt: skip


@dataclass
class ConvNode(Node):
    """A convolution with fixed weights.

    Parameters
    ----------
    weight : int32 (C_out, K_x, K_y, C_in / groups)
    input_shape, output_shape : tuple
        (X, Y, C).
    a_buf : int32
        Initial sums.
    message_bits : int
        0 for binary spikes.
    geometry : mapping
        kernel_size, stride, padding, dilation: (x, y); groups: (number,).
    unused : mapping
        Vars that Lava's model never reads: weight_exp, num_weight_bits.
    """

    weight: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros((1, 1, 1, 1), np.int32))
    input_shape: tuple[int, ...] = (1, 1, 1)
    output_shape: tuple[int, ...] = (1, 1, 1)
    a_buf: npt.NDArray[Any] = field(default_factory=lambda: np.zeros((1, 1, 1), np.int32))
    message_bits: int = 0
    geometry: dict[str, tuple[int, ...]] = field(default_factory=dict)
    unused: dict[str, int] = field(default_factory=dict)
    _columns: dict[str, int] = field(default_factory=dict)

    delayed = True

    def declare(self, asm: Assembler) -> None:
        """Vars of the process; OutPort a_out."""
        c = self._columns
        n_out = int(np.prod(self.output_shape))
        self._declare_weight(asm)
        asm.counters(self)
        c["bits"] = asm.var(self, "num_message_bits", (1,), self.message_bits)
        c["a_buf"] = asm.var(self, "a_buf", self.output_shape, self.a_buf)
        declare_constants(self, asm, self.unused, self.geometry)
        flag = asm.memory.allocate("i32", (1,), 1)

        def touch(memory: Memory) -> None:
            """A buffer that was written is not known to be zero."""
            memory.view(flag)[0] = 1

        slot = Slot("i32", c["a_buf"], self.output_shape)
        asm.variables[self.name, "a_buf"] = Variable(slot, after_write=touch)
        c.update(n_in=int(np.prod(self.input_shape)), n_out=n_out, flag=flag.offset, wide=asm.scratch(n_out, "i64"))
        asm.signals[self.name, "a_out"] = Signal(n_out, flag.offset, -1, c["a_buf"], c["a_buf"])

    def _declare_weight(self, asm: Assembler) -> None:
        """The Var in Lava's order, and a copy in the order in which a spike meets the weights."""
        slot = asm.memory.allocate("i32", self.weight.shape, self.weight)
        axes = [self.geometry[name] for name in ("stride", "padding", "dilation")]
        step_y, _ = tap_steps(axes[0][1], axes[2][1])
        arranged = asm.memory.allocate("i32", arrange_reached(self.weight, step_y).shape)
        bound = asm.memory.allocate("i64", (1,))
        nonzeros = asm.memory.allocate("i32", (int(np.prod(self.input_shape)),))

        def arrange(memory: Memory) -> None:
            """Follow the Var."""
            weight = memory.view(slot)
            memory.view(arranged)[...] = arrange_reached(weight, step_y)
            memory.view(bound)[0] = largest_sum(weight)
            memory.view(nonzeros)[...] = conv_fan_outs(weight, self.input_shape, self.output_shape, *axes)

        asm.prologue.append(arrange)
        asm.variables[self.name, "weight"] = Variable(slot, after_write=arrange)
        self._columns.update(arranged=arranged.offset, bound=bound.offset, nonzeros=nonzeros.offset)

    def emit(self, asm: Assembler) -> None:
        """Convolve in every step."""
        c = self._columns
        pre = event_input(asm, self, "s_in", c["n_in"])
        reach, strides = self._reach()
        asm.counted_step(
            SYNAPSES, opcodes.CONV_FORWARD, self,
            c["n_in"], c["n_out"], c["arranged"], self.weight.size, pre.count, pre.events, pre.payloads, c["bits"],
            c["a_buf"], c["flag"], c["wide"], c["bound"],
            asm.memory.allocate("i32", reach.shape, reach).offset, *strides, c["nonzeros"],
        )  # fmt: skip

    def _reach(self) -> tuple[npt.NDArray[np.int32], tuple[int, int, int, int]]:
        """`reach_table` of this convolution."""
        c_out, k_x, k_y, _ = self.weight.shape
        (table_x, table_y), steps = axes_of(self.input_shape, self.output_shape, (k_x, k_y), self.geometry)
        (groups,), (step_x, to_x, step_y, to_y) = self.geometry["groups"], steps
        return reach_table(
            self.input_shape[2], c_out, groups, (k_x, k_y), (step_x, to_x, step_y, to_y), self.output_shape[1],
            table_x, table_y,
        )  # fmt: skip


def declare_constants(node: Node, asm: Assembler, unused: dict[str, int], geometry: dict[str, tuple[int, ...]]) -> None:
    """Vars of a Conv that no step reads, and those that shape the graph."""
    for name, value in unused.items():
        asm.var(node, name, (1,), value)
    for name, values in geometry.items():
        slot = asm.memory.allocate("i32", (len(values),), np.array(values))
        reason = f"{node.name}.{name} cannot be changed in a graph that is attached: build the graph with it"
        asm.variables[node.name, name] = Variable(slot, read_only=reason)


def axes_of(
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...],
    taps: tuple[int, ...],
    geometry: dict[str, tuple[int, ...]],
) -> tuple[list[npt.NDArray[np.int32]], list[int]]:
    """`tap_table` of either axis, and `tap_steps` in x and in y."""
    tables: list[npt.NDArray[np.int32]] = []
    steps: list[int] = []
    for axis in (0, 1):
        stride, dilation, padding = (geometry[name][axis] for name in ("stride", "dilation", "padding"))
        tables.append(tap_table(input_shape[axis], taps[axis], stride, padding, dilation, output_shape[axis]))
        steps += tap_steps(stride, dilation)
    return tables, steps

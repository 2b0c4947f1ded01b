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
from lava_ed.kernels.conv import GEOMETRY, arrange_kernel, conv_events, largest_sum, tap_steps, tap_table
from lava_ed.kernels.tally import conv_fan_outs

FIRST_OF_GEOMETRY = 17


@kernel
def conv_forward(a, i32, i64):  # type: ignore[no-untyped-def]
    """Convolve the spikes into a_buf.

    Columns: 1 n_in, 2 n_out, 3 arranged weights, 4 how many, 5 event count, 6 events, 7 payloads or −1
    (all 1), 8 message bits, 9 a_buf, 10 its flag, 11 sums (i64), 12 largest sum (i64), 13, 14 table of the x
    axis and its length, 15, 16 that of the y axis, 17 … 27 geometry, 28 fan-outs of the inputs, 29 counters (i64).
    """
    count = i32[a[5]]
    a_buf = i32[a[9] : a[9] + a[2]]
    if count == 0:
        if i32[a[10]]:
            a_buf[:] = 0
            i32[a[10]] = 0
        return
    i32[a[10]] = 1
    graded = i32[a[8]] > 0 and a[7] >= 0
    payloads = i32[a[7] : a[7] + a[1]] if graded else i32[:0]
    events = i32[a[6] : a[6] + count]
    add_reads(a[29], i32[a[8]] > 0, i32[a[28] : a[28] + a[1]], events, count, i64)
    conv_events(
        i32[a[3] : a[3] + a[4]], events, count, payloads, graded,
        a[FIRST_OF_GEOMETRY : FIRST_OF_GEOMETRY + GEOMETRY],
        i32[a[13] : a[13] + 3 * a[14]].reshape(a[14], 3), i32[a[15] : a[15] + 3 * a[16]].reshape(a[16], 3),
        i64[a[12]], i64[a[11] : a[11] + a[2]], a_buf,
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
        arranged = asm.memory.allocate("i32", arrange_kernel(self.weight).shape)
        bound = asm.memory.allocate("i64", (1,))
        nonzeros = asm.memory.allocate("i32", (int(np.prod(self.input_shape)),))
        axes = [self.geometry[name] for name in ("stride", "padding", "dilation")]

        def arrange(memory: Memory) -> None:
            """Follow the Var."""
            weight = memory.view(slot)
            memory.view(arranged)[...] = arrange_kernel(weight)
            memory.view(bound)[0] = largest_sum(weight)
            memory.view(nonzeros)[...] = conv_fan_outs(weight, self.input_shape, self.output_shape, *axes)

        asm.prologue.append(arrange)
        asm.variables[self.name, "weight"] = Variable(slot, after_write=arrange)
        self._columns.update(arranged=arranged.offset, bound=bound.offset, nonzeros=nonzeros.offset)

    def emit(self, asm: Assembler) -> None:
        """Convolve in every step."""
        c = self._columns
        pre = event_input(asm, self, "s_in", c["n_in"])
        tables, geometry = axis_tables(asm, self.input_shape, self.output_shape, self.weight.shape, self.geometry)
        asm.counted_step(
            SYNAPSES, opcodes.CONV_FORWARD, self,
            c["n_in"], c["n_out"], c["arranged"], self.weight.size, pre.count, pre.events, pre.payloads, c["bits"],
            c["a_buf"], c["flag"], c["wide"], c["bound"], *tables, *geometry,
            c["nonzeros"],
        )  # fmt: skip


def declare_constants(node: Node, asm: Assembler, unused: dict[str, int], geometry: dict[str, tuple[int, ...]]) -> None:
    """Vars of a Conv that no step reads, and those that shape the graph."""
    for name, value in unused.items():
        asm.var(node, name, (1,), value)
    for name, values in geometry.items():
        slot = asm.memory.allocate("i32", (len(values),), np.array(values))
        reason = f"{node.name}.{name} cannot be changed in a graph that is attached: build the graph with it"
        asm.variables[node.name, name] = Variable(slot, read_only=reason)


def axis_tables(
    asm: Assembler,
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...],
    weight_shape: tuple[int, ...],
    geometry: dict[str, tuple[int, ...]],
) -> tuple[list[int], list[int]]:
    """Columns of an op: offset and length of the table of taps of either axis, and the numbers of the geometry."""
    tables: list[int] = []
    steps: list[int] = []
    for axis in (0, 1):
        stride, dilation, padding = (geometry[name][axis] for name in ("stride", "dilation", "padding"))
        size, out = input_shape[axis], output_shape[axis]
        table = tap_table(size, weight_shape[1 + axis], stride, padding, dilation, out)
        tables += [asm.memory.allocate("i32", table.shape, table).offset, size]
        steps += tap_steps(stride, dilation)
    return tables, [*input_shape[1:], *output_shape[1:], *weight_shape[1:3], *geometry["groups"], *steps]

"""Lava's Conv: the kernel is added around each spike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import SYNAPSES, Assembler
from lava_ed.engine.families.inputs import event_input
from lava_ed.engine.families.synapses import SPIKES, SUMS, SynapsesNode
from lava_ed.engine.families.tallies import add_reads
from lava_ed.engine.memory import Memory, Variable
from lava_ed.engine.op import number, op, reads, updates
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.stock import conv
from lava_ed.kernels.stock.conv import REACH, STRIDES
from lava_ed.kernels.stock.operation_counts import conv_fan_outs
from lava_ed.kernels.views import matrix, segment

CONV_FORWARD = op(
    "conv_forward",
    "others",
    **SPIKES | SUMS,
    arranged=reads("i32", "n_weights"),
    n_weights=number(),
    wide=updates("i64", "n_post"),
    largest_sum=reads("i64"),
    reach=reads("i32", f"{REACH} * n_pre"),
    # From here on as `conv_events` takes the strides.
    weight_stride_x=number("weights from a run of outputs to the next in x"),
    output_stride_x=number("outputs from a run to the next in x"),
    weight_stride_y=number("as weight_stride_x, in y"),
    output_stride_y=number("as output_stride_x, in y"),
)
_STRIDES: Final = list(CONV_FORWARD.op.fields)[-STRIDES:]


@kernel
def conv_forward(a, i32, i64):  # type: ignore[no-untyped-def]
    """Add the weights around each spike to the sums."""
    f = CONV_FORWARD
    n_pre, n_post, count = a[f.n_pre], a[f.n_post], i32[a[f.count]]
    a_buff = segment(i32, a[f.a_buff], n_post)
    if count == 0:
        if i32[a[f.filled]]:
            a_buff[:] = 0
            i32[a[f.filled]] = 0
        return
    i32[a[f.filled]] = 1
    has_payloads = i32[a[f.message_bits]] > 0
    graded = has_payloads and a[f.payloads] >= 0
    payloads = segment(i32, a[f.payloads], n_pre) if graded else i32[:0]
    events = segment(i32, a[f.events], count)
    add_reads(a[f.counters], has_payloads, segment(i32, a[f.nonzeros], n_pre), events, count, i64)
    conv.conv_events(
        segment(i32, a[f.arranged], a[f.n_weights]), events, count, payloads, graded,
        matrix(i32, a[f.reach], n_pre, REACH), a[f.weight_stride_x : f.weight_stride_x + STRIDES],
        i64[a[f.largest_sum]], segment(i64, a[f.wide], n_post), a_buff,
    )  # fmt: skip


@dataclass(kw_only=True)
class AnyConvNode(SynapsesNode):
    """A convolution with fixed weights, of integers or of real numbers.

    Parameters
    ----------
    weight : int32 or float64 (C_out, K_x, K_y, C_in / groups)
    input_shape : tuple
        (X, Y, C); that of the output is `a_buff`'s.
    geometry : mapping
        kernel_size, stride, padding, dilation: (x, y); groups: (number,).
    unused : mapping
        Vars that Lava's model never reads: weight_exp, num_weight_bits.
    """

    weight: npt.NDArray[Any]
    input_shape: tuple[int, ...]
    geometry: dict[str, tuple[int, ...]]
    unused: dict[str, int]

    buffer = "a_buf"

    def _declare_constants(self, asm: Assembler) -> None:
        """Vars that no step reads, and those that shape the graph."""
        for name, value in self.unused.items():
            asm.var(self, name, (1,), value)
        for name, values in self.geometry.items():
            slot = asm.memory.allocate("i32", (len(values),), np.array(values))
            reason = f"{self.name}.{name} cannot be changed in a graph that is attached: build the graph with it"
            asm.variables[self.name, name] = Variable(slot, read_only=reason)

    def _axes(self) -> tuple[list[npt.NDArray[np.int32]], list[int]]:
        """`tap_table` of either axis, and `tap_steps` in x and in y."""
        tables: list[npt.NDArray[np.int32]] = []
        steps: list[int] = []
        for axis, (n_in, taps, n_out) in enumerate(
            zip(self.input_shape[:2], self.weight.shape[1:3], self.a_buff.shape[:2], strict=True)
        ):
            stride, dilation, padding = (self.geometry[name][axis] for name in ("stride", "dilation", "padding"))
            tables.append(conv.tap_table(n_in, taps, stride, padding, dilation, n_out))
            steps += conv.tap_steps(stride, dilation)
        return tables, steps


@dataclass(kw_only=True)
class ConvNode(AnyConvNode):
    """A convolution of integers."""

    def declare(self, asm: Assembler) -> None:
        """Vars of the process; OutPort a_out."""
        n_pre, n_post = math.prod(self.input_shape), self.a_buff.size
        self.at.update(n_pre=n_pre, n_post=n_post, n_weights=self.weight.size)
        self._declare_weight(asm)
        self._declare_sums(asm)
        self._declare_constants(asm)
        self.at["wide"] = asm.scratch(n_post, "i64")

    def _declare_weight(self, asm: Assembler) -> None:
        """The Var in Lava's order, and a copy in the order in which a spike meets the weights."""
        slot = asm.memory.allocate("i32", self.weight.shape, self.weight)
        asm.variables[self.name, "weight"] = Variable(slot)
        axes = [self.geometry[name] for name in ("stride", "padding", "dilation")]
        step_y, _ = conv.tap_steps(axes[0][1], axes[2][1])
        arranged = asm.memory.allocate("i32", conv.arrange_reached(self.weight, step_y).shape)
        bound = asm.memory.allocate("i64", (1,))
        nonzeros = asm.memory.allocate("i32", (self.at["n_pre"],))

        def arrange(memory: Memory) -> None:
            """Follow the Var."""
            weight = memory.view(slot)
            memory.view(arranged)[...] = conv.arrange_reached(weight, step_y)
            memory.view(bound)[0] = conv.largest_sum(weight)
            memory.view(nonzeros)[...] = conv_fan_outs(weight, self.input_shape, self.a_buff.shape, *axes)

        asm.follow(self, ["weight"], arrange)
        self.at.update(arranged=arranged.offset, largest_sum=bound.offset, nonzeros=nonzeros.offset)

    def emit(self, asm: Assembler) -> None:
        """Convolve in every step."""
        pre = event_input(asm, self, "s_in", self.at["n_pre"])
        c_out, k_x, k_y, _ = self.weight.shape
        (table_x, table_y), steps = self._axes()
        (groups,), (step_x, to_x, step_y, to_y) = self.geometry["groups"], steps
        reach, strides = conv.reach_table(
            self.input_shape[2], c_out, groups, (k_x, k_y), (step_x, to_x, step_y, to_y), self.a_buff.shape[1],
            table_x, table_y,
        )  # fmt: skip
        self.at.update(zip(_STRIDES, strides, strict=True))
        self.at["reach"] = asm.memory.allocate("i32", reach.shape, reach).offset
        asm.counted_step(SYNAPSES, CONV_FORWARD, self, self.at | self._incoming(pre))

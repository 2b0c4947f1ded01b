"""Floating-point models of Lava's Dense, DelayDense, Sparse, DelaySparse and Conv."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import SYNAPSES, Assembler
from lava_ed.engine.families.conv import AnyConvNode
from lava_ed.engine.families.inputs import event_input
from lava_ed.engine.families.sparse import Entries, declare_delays, declare_structure
from lava_ed.engine.families.synapses import SynapsesNode
from lava_ed.engine.memory import Memory, Variable
from lava_ed.engine.op import each, number, op, reads, updates, writes
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.stock.conv import GEOMETRY, arrange_kernel
from lava_ed.kernels.stock.floating import float_conv, float_delay_dense, float_delay_sparse, float_dense, float_sparse
from lava_ed.kernels.views import matrix, segment

_SPIKES: Final = {
    "n_pre": number(),
    "n_post": number(),
    **each(reads("i32"), "count", "message_bits"),
    "events": reads("i32", "n_pre"),
    "messages": reads("f64", "n_pre"),
}
_DELAYED: Final = {
    "slots": number("of the buffer: one for each delay"),
    "a_buff": updates("f64", "n_post * slots"),
    "sent": writes("f64", "n_post"),
}
_STORED: Final = {
    "starts": reads("i32", "n_pre + 1"),
    "targets": reads("i32", "synapses"),
    "synapses": number(),
    "weights": reads("f64", "synapses"),
}
REAL_DENSE = op(
    "real_dense",
    "floating",
    **_SPIKES,
    weights=reads("f64", "n_pre * n_post"),
    scratch=updates("f64", "n_pre"),
    a_buff=writes("f64", "n_post"),
)
REAL_DELAY_DENSE = op(
    "real_delay_dense",
    "floating",
    **_SPIKES,
    **_DELAYED,
    weights=reads("f64", "n_pre * n_post"),
    delays=reads("i32", "n_pre * n_post"),
    scratch=updates("f64", "n_pre"),
    sums=updates("f64", "slots"),
)
REAL_SPARSE = op(
    "real_sparse",
    "floating",
    **_SPIKES,
    **_STORED,
    ends=updates("i32", "n_post + 1"),
    line=updates("f64", "synapses"),
    a_buff=writes("f64", "n_post"),
)
REAL_DELAY_SPARSE = op(
    "real_delay_sparse",
    "floating",
    **_SPIKES,
    **_DELAYED,
    **_STORED,
    delays=reads("i32", "synapses"),
    sums=updates("f64", "n_post * slots"),
)
REAL_CONV = op(
    "real_conv",
    "floating",
    **_SPIKES,
    weights=reads("f64", "n_weights"),
    n_weights=number(),
    channel_sums=updates("f64", "n_post"),
    a_buff=writes("f64", "n_post"),
    table_x=reads("i32", "3 * size_x"),
    size_x=number("of the input"),
    table_y=reads("i32", "3 * size_y"),
    # From here on as `scatter_real` takes the geometry.
    size_y=number("of the input"),
    channels=number("of the input"),
    out_y=number("size of the output"),
    out_channels=number("of the output"),
    taps_x=number("size of the kernel"),
    taps_y=number("size of the kernel"),
    groups=number(),
    tap_step_x=number("from a tap to the next that meets the same input"),
    out_step_x=number("from the output of a tap to that of the next"),
    tap_step_y=number("as tap_step_x"),
    out_step_y=number("as out_step_x"),
)
_GEOMETRY: Final = list(REAL_CONV.op.fields)[-GEOMETRY:]


@kernel
def real_dense(a, i32, f64):  # type: ignore[no-untyped-def]
    """Sum the weights of the spikes into a_buff."""
    f = REAL_DENSE
    n_pre, n_post, count = a[f.n_pre], a[f.n_post], i32[a[f.count]]
    float_dense(
        matrix(f64, a[f.weights], n_pre, n_post), segment(i32, a[f.events], count), count,
        segment(f64, a[f.messages], n_pre), i32[a[f.message_bits]] > 0,
        segment(f64, a[f.scratch], n_pre), segment(f64, a[f.a_buff], n_post),
    )  # fmt: skip


@kernel
def real_delay_dense(a, i32, f64):  # type: ignore[no-untyped-def]
    """Sum the weights of the spikes into the slots of their delays, and set out the first slot."""
    f = REAL_DELAY_DENSE
    n_pre, n_post, slots = a[f.n_pre], a[f.n_post], a[f.slots]
    count = i32[a[f.count]]
    a_buff = matrix(f64, a[f.a_buff], n_post, slots)
    float_delay_dense(
        matrix(f64, a[f.weights], n_pre, n_post),
        matrix(i32, a[f.delays], n_pre, n_post),
        segment(i32, a[f.events], count), count,
        segment(f64, a[f.messages], n_pre), i32[a[f.message_bits]] > 0,
        segment(f64, a[f.scratch], n_pre), segment(f64, a[f.sums], slots), a_buff,
    )  # fmt: skip
    for j in range(n_post):
        f64[a[f.sent] + j] = a_buff[j, 0]


@kernel
def real_sparse(a, i32, f64):  # type: ignore[no-untyped-def]
    """Sum the stored weights of the spikes into a_buff."""
    f = REAL_SPARSE
    n_pre, n_post, synapses = a[f.n_pre], a[f.n_post], a[f.synapses]
    count = i32[a[f.count]]
    float_sparse(
        segment(i32, a[f.starts], n_pre + 1), segment(i32, a[f.targets], synapses),
        segment(f64, a[f.weights], synapses), segment(i32, a[f.events], count), count,
        segment(f64, a[f.messages], n_pre), i32[a[f.message_bits]] > 0,
        segment(i32, a[f.ends], n_post + 1), segment(f64, a[f.line], synapses),
        segment(f64, a[f.a_buff], n_post),
    )  # fmt: skip


@kernel
def real_delay_sparse(a, i32, f64):  # type: ignore[no-untyped-def]
    """Sum the stored weights of the spikes into the slots of their delays, and set out the first slot."""
    f = REAL_DELAY_SPARSE
    n_pre, n_post, slots = a[f.n_pre], a[f.n_post], a[f.slots]
    count, synapses = i32[a[f.count]], a[f.synapses]
    a_buff = matrix(f64, a[f.a_buff], n_post, slots)
    float_delay_sparse(
        segment(i32, a[f.starts], n_pre + 1), segment(i32, a[f.targets], synapses),
        segment(f64, a[f.weights], synapses), segment(i32, a[f.delays], synapses),
        segment(i32, a[f.events], count), count,
        segment(f64, a[f.messages], n_pre), i32[a[f.message_bits]] > 0,
        matrix(f64, a[f.sums], n_post, slots), a_buff,
    )  # fmt: skip
    for j in range(n_post):
        f64[a[f.sent] + j] = a_buff[j, 0]


@kernel
def real_conv(a, i32, f64):  # type: ignore[no-untyped-def]
    """Convolve the spikes into a_buff."""
    f = REAL_CONV
    n_pre, n_post, count = a[f.n_pre], a[f.n_post], i32[a[f.count]]
    float_conv(
        segment(f64, a[f.weights], a[f.n_weights]), segment(i32, a[f.events], count), count,
        segment(f64, a[f.messages], n_pre), i32[a[f.message_bits]] > 0,
        a[f.size_y : f.size_y + GEOMETRY],
        matrix(i32, a[f.table_x], a[f.size_x], 3),
        matrix(i32, a[f.table_y], a[f.size_y], 3),
        segment(f64, a[f.channel_sums], n_post), segment(f64, a[f.a_buff], n_post),
    )  # fmt: skip


@dataclass(kw_only=True)
class FloatSynapsesNode(SynapsesNode):
    """Synapses that sum real numbers."""

    arena = "f64"

    def _emit(self, asm: Assembler, what: Any, **more: int) -> None:
        """Sum in every step; `more` are fields that the declaration did not know yet."""
        pre = event_input(asm, self, "s_in", self.at["n_pre"], real=True)
        spikes = {"count": pre.count, "events": pre.events, "messages": pre.real}
        asm.every_step(SYNAPSES, what, self.at | spikes, **more)


@dataclass(kw_only=True)
class FloatDenseNode(FloatSynapsesNode):
    """All-to-all synapses.

    Parameters
    ----------
    weights : float64 (n_post, n_pre)
    delays : int (n_post, n_pre), optional
    """

    weights: npt.NDArray[np.float64]
    delays: npt.NDArray[np.int64] | None = None

    def declare(self, asm: Assembler) -> None:
        """Vars and OutPort."""
        at = self.at
        at["n_post"], at["n_pre"] = self.weights.shape
        slot = asm.memory.allocate("f64", self.weights.shape[::-1], self.weights.T)
        asm.variables[self.name, "weights"] = Variable(slot, transposed=True)
        at.update(weights=slot.offset, scratch=asm.scratch(at["n_pre"], "f64"))
        if self.delays is None:
            self._declare_sums(asm)
            return
        delays = asm.memory.allocate("i32", self.delays.shape[::-1], self.delays.T)
        asm.variables[self.name, "delays"] = Variable(delays, transposed=True)
        at.update(delays=delays.offset, sums=asm.scratch(self.a_buff.shape[1], "f64"))
        self._declare_slots(asm)

    def emit(self, asm: Assembler) -> None:
        """Sum in every step."""
        self._emit(asm, REAL_DENSE if self.delays is None else REAL_DELAY_DENSE)


@dataclass(kw_only=True)
class FloatSparseNode(FloatSynapsesNode):
    """Stored synapses.

    Parameters
    ----------
    weights : Entries
    delays : Entries, optional
        A weight without one has delay 0.
    """

    weights: Entries
    delays: Entries | None = None

    def declare(self, asm: Assembler) -> None:
        """Vars and OutPort."""
        at, size = self.at, self.weights.rows.size
        at["n_post"], at["n_pre"] = self.weights.shape
        slot = asm.memory.allocate("f64", (size,), self.weights.values)
        asm.variables[self.name, "weights"] = Variable(slot, order=self.weights.order)
        at["starts"], at["targets"] = declare_structure(asm, self.weights)
        at.update(weights=slot.offset, synapses=size)
        if self.delays is None:
            self._declare_sums(asm)
            at.update(ends=asm.scratch(at["n_post"] + 1), line=asm.scratch(size, "f64"))
        else:
            _, at["delays"] = declare_delays(self, asm, self.weights, self.delays)
            at["sums"] = asm.scratch(self.a_buff.size, "f64")
            self._declare_slots(asm)

    def emit(self, asm: Assembler) -> None:
        """Sum in every step."""
        self._emit(asm, REAL_SPARSE if self.delays is None else REAL_DELAY_SPARSE)


@dataclass(kw_only=True)
class FloatConvNode(FloatSynapsesNode, AnyConvNode):
    """A convolution of real numbers."""

    def declare(self, asm: Assembler) -> None:
        """Vars and OutPort."""
        slot = asm.memory.allocate("f64", self.weight.shape, self.weight)
        arranged = asm.memory.allocate("f64", arrange_kernel(self.weight).shape)

        def arrange(memory: Memory) -> None:
            """Follow the Var."""
            memory.view(arranged)[...] = arrange_kernel(memory.view(slot))

        asm.variables[self.name, "weight"] = Variable(slot)
        asm.follow(self, ["weight"], arrange)
        self._declare_constants(asm)
        n_pre, n_post = math.prod(self.input_shape), self.a_buff.size
        sums = asm.scratch(n_post, "f64")
        self.at.update(n_pre=n_pre, n_post=n_post, weights=arranged.offset, channel_sums=sums)
        self._declare_sums(asm)

    def emit(self, asm: Assembler) -> None:
        """Convolve in every step."""
        out, taps = self.a_buff.shape, self.weight.shape[1:3]
        tables, steps = self._axes()
        table_x, table_y = (asm.memory.allocate("i32", table.shape, table).offset for table in tables)
        geometry = [*self.input_shape[1:], *out[1:], *taps, *self.geometry["groups"], *steps]
        self._emit(
            asm, REAL_CONV, n_weights=self.weight.size, table_x=table_x, size_x=self.input_shape[0], table_y=table_y,
            **dict(zip(_GEOMETRY, geometry, strict=True)),
        )  # fmt: skip

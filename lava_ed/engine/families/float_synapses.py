"""Floating-point models of Lava's Dense, DelayDense, Sparse, DelaySparse and Conv."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import SYNAPSES, Assembler, Node, Signal
from lava_ed.engine.families.conv import axes_of, declare_constants
from lava_ed.engine.families.float_joins import real_event_input
from lava_ed.engine.families.sparse import Entries, declare_structure, places_of
from lava_ed.engine.memory import Memory, Slot, Variable
from lava_ed.engine.op import number, op, reads, updates, writes
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.stock.conv import GEOMETRY, arrange_kernel
from lava_ed.kernels.stock.floating import float_conv, float_delay_dense, float_delay_sparse, float_dense, float_sparse
from lava_ed.kernels.views import matrix, segment

_SPIKES: Final = {
    "n_pre": number(),
    "n_post": number(),
    "count": reads("i32"),
    "events": reads("i32", "n_pre"),
    "messages": reads("f64", "n_pre"),
    "message_bits": reads("i32"),
}
_DELAYED: Final = {
    "slots": number("of the buffer: one for each delay"),
    "buffer": updates("f64", "n_post * slots"),
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
    buffer=writes("f64", "n_post"),
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
    buffer=writes("f64", "n_post"),
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
    buffer=writes("f64", "n_post"),
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
    """Sum the weights of the spikes into the buffer."""
    n_pre, n_post, count = a[REAL_DENSE.n_pre], a[REAL_DENSE.n_post], i32[a[REAL_DENSE.count]]
    float_dense(
        matrix(f64, a[REAL_DENSE.weights], n_pre, n_post), segment(i32, a[REAL_DENSE.events], count), count,
        segment(f64, a[REAL_DENSE.messages], n_pre), i32[a[REAL_DENSE.message_bits]] > 0,
        segment(f64, a[REAL_DENSE.scratch], n_pre), segment(f64, a[REAL_DENSE.buffer], n_post),
    )  # fmt: skip


@kernel
def real_delay_dense(a, i32, f64):  # type: ignore[no-untyped-def]
    """Sum the weights of the spikes into the slots of their delays, and set out the first slot."""
    n_pre, n_post, slots = a[REAL_DELAY_DENSE.n_pre], a[REAL_DELAY_DENSE.n_post], a[REAL_DELAY_DENSE.slots]
    count = i32[a[REAL_DELAY_DENSE.count]]
    buffer = matrix(f64, a[REAL_DELAY_DENSE.buffer], n_post, slots)
    float_delay_dense(
        matrix(f64, a[REAL_DELAY_DENSE.weights], n_pre, n_post),
        matrix(i32, a[REAL_DELAY_DENSE.delays], n_pre, n_post),
        segment(i32, a[REAL_DELAY_DENSE.events], count), count,
        segment(f64, a[REAL_DELAY_DENSE.messages], n_pre), i32[a[REAL_DELAY_DENSE.message_bits]] > 0,
        segment(f64, a[REAL_DELAY_DENSE.scratch], n_pre), segment(f64, a[REAL_DELAY_DENSE.sums], slots), buffer,
    )  # fmt: skip
    for j in range(n_post):
        f64[a[REAL_DELAY_DENSE.sent] + j] = buffer[j, 0]


@kernel
def real_sparse(a, i32, f64):  # type: ignore[no-untyped-def]
    """Sum the stored weights of the spikes into the buffer."""
    n_pre, n_post, synapses = a[REAL_SPARSE.n_pre], a[REAL_SPARSE.n_post], a[REAL_SPARSE.synapses]
    count = i32[a[REAL_SPARSE.count]]
    float_sparse(
        segment(i32, a[REAL_SPARSE.starts], n_pre + 1), segment(i32, a[REAL_SPARSE.targets], synapses),
        segment(f64, a[REAL_SPARSE.weights], synapses), segment(i32, a[REAL_SPARSE.events], count), count,
        segment(f64, a[REAL_SPARSE.messages], n_pre), i32[a[REAL_SPARSE.message_bits]] > 0,
        segment(i32, a[REAL_SPARSE.ends], n_post + 1), segment(f64, a[REAL_SPARSE.line], synapses),
        segment(f64, a[REAL_SPARSE.buffer], n_post),
    )  # fmt: skip


@kernel
def real_delay_sparse(a, i32, f64):  # type: ignore[no-untyped-def]
    """Sum the stored weights of the spikes into the slots of their delays, and set out the first slot."""
    n_pre, n_post, slots = a[REAL_DELAY_SPARSE.n_pre], a[REAL_DELAY_SPARSE.n_post], a[REAL_DELAY_SPARSE.slots]
    count, synapses = i32[a[REAL_DELAY_SPARSE.count]], a[REAL_DELAY_SPARSE.synapses]
    buffer = matrix(f64, a[REAL_DELAY_SPARSE.buffer], n_post, slots)
    float_delay_sparse(
        segment(i32, a[REAL_DELAY_SPARSE.starts], n_pre + 1), segment(i32, a[REAL_DELAY_SPARSE.targets], synapses),
        segment(f64, a[REAL_DELAY_SPARSE.weights], synapses), segment(i32, a[REAL_DELAY_SPARSE.delays], synapses),
        segment(i32, a[REAL_DELAY_SPARSE.events], count), count,
        segment(f64, a[REAL_DELAY_SPARSE.messages], n_pre), i32[a[REAL_DELAY_SPARSE.message_bits]] > 0,
        matrix(f64, a[REAL_DELAY_SPARSE.sums], n_post, slots), buffer,
    )  # fmt: skip
    for j in range(n_post):
        f64[a[REAL_DELAY_SPARSE.sent] + j] = buffer[j, 0]


@kernel
def real_conv(a, i32, f64):  # type: ignore[no-untyped-def]
    """Convolve the spikes into the buffer."""
    n_pre, n_post, count = a[REAL_CONV.n_pre], a[REAL_CONV.n_post], i32[a[REAL_CONV.count]]
    float_conv(
        segment(f64, a[REAL_CONV.weights], a[REAL_CONV.n_weights]), segment(i32, a[REAL_CONV.events], count), count,
        segment(f64, a[REAL_CONV.messages], n_pre), i32[a[REAL_CONV.message_bits]] > 0,
        a[REAL_CONV.size_y : REAL_CONV.size_y + GEOMETRY],
        matrix(i32, a[REAL_CONV.table_x], a[REAL_CONV.size_x], 3),
        matrix(i32, a[REAL_CONV.table_y], a[REAL_CONV.size_y], 3),
        segment(f64, a[REAL_CONV.channel_sums], n_post), segment(f64, a[REAL_CONV.buffer], n_post),
    )  # fmt: skip


@dataclass
class FloatSynapsesNode(Node):
    """What floating-point synapses have in common.

    Parameters
    ----------
    n_pre : int
    buffer : (Var name, float64 array)
        Initial sums; (n_post, max_delay + 1) with delays.
    message_bits : int
        0 for binary spikes.
    """

    n_pre: int = 1
    buffer: tuple[str, npt.NDArray[np.float64]] = ("a_buff", np.zeros(1))
    message_bits: int = 0
    _fields: dict[str, int] = field(default_factory=dict)

    delayed = True

    def _declare_common(self, asm: Assembler, with_delays: bool = False) -> None:
        """Vars of the sums and of the message bits; OutPort a_out."""
        f, (name, values) = self._fields, self.buffer
        f["n_pre"], f["n_post"] = self.n_pre, len(values) if with_delays else values.size
        f["message_bits"] = asm.var(self, "num_message_bits", (1,), self.message_bits)
        sent = f["buffer"] = asm.var(self, name, values.shape, values, "f64")
        if with_delays:
            slot = asm.memory.allocate("f64", (len(values),), values[:, 0])
            buffer, sent = Slot("f64", sent, values.shape), slot.offset
            f.update(slots=values.shape[1], sent=sent)

            def set_out(memory: Memory) -> None:
                """What is sent next is slot 0 of the buffer."""
                memory.view(slot)[...] = memory.view(buffer)[:, 0]

            asm.variables[self.name, name] = Variable(buffer, after_write=set_out)
        asm.signals[self.name, "a_out"] = Signal(f["n_post"], -1, real=sent)

    def _emit(self, asm: Assembler, what: Any, **more: int) -> None:
        """Sum in every step; `more` are fields that the declaration did not know yet."""
        pre = real_event_input(asm, self, "s_in", self.n_pre)
        spikes = {"count": pre.count, "events": pre.events, "messages": pre.real}
        asm.every_step(SYNAPSES, what, **self._fields, **spikes, **more)


@dataclass
class FloatDenseNode(FloatSynapsesNode):
    """All-to-all synapses.

    Parameters
    ----------
    weights : float64 (n_post, n_pre)
    delays : int (n_post, n_pre), optional
    """

    weights: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((1, 1)))
    delays: npt.NDArray[np.int64] | None = None

    def declare(self, asm: Assembler) -> None:
        """Vars and OutPort."""
        f = self._fields
        slot = asm.memory.allocate("f64", self.weights.shape[::-1], self.weights.T)
        asm.variables[self.name, "weights"] = Variable(slot, transposed=True)
        f.update(weights=slot.offset, scratch=asm.scratch(self.n_pre, "f64"))
        if self.delays is not None:
            delays = asm.memory.allocate("i32", self.delays.shape[::-1], self.delays.T)
            asm.variables[self.name, "delays"] = Variable(delays, transposed=True)
            f.update(delays=delays.offset, sums=asm.scratch(self.buffer[1].shape[1], "f64"))
        self._declare_common(asm, self.delays is not None)

    def emit(self, asm: Assembler) -> None:
        """Sum in every step."""
        self._emit(asm, REAL_DENSE if self.delays is None else REAL_DELAY_DENSE)


@dataclass
class FloatSparseNode(FloatSynapsesNode):
    """Stored synapses.

    Parameters
    ----------
    weights : Entries
    delays : Entries, optional
        A weight without one has delay 0.
    """

    weights: Entries | None = None
    delays: Entries | None = None

    def declare(self, asm: Assembler) -> None:
        """Vars and OutPort."""
        assert self.weights is not None
        f, size = self._fields, self.weights.rows.size
        slot = asm.memory.allocate("f64", (size,), self.weights.values)
        asm.variables[self.name, "weights"] = Variable(slot, order=self.weights.order)
        f["starts"], f["targets"] = declare_structure(asm, self.weights)
        f.update(weights=slot.offset, synapses=size)
        if self.delays is not None:
            f["delays"] = self._declare_delays(asm, self.weights, self.delays)
            f["sums"] = asm.scratch(self.buffer[1].size, "f64")
        self._declare_common(asm, self.delays is not None)

    def _declare_delays(self, asm: Assembler, weights: Entries, delays: Entries) -> int:
        """The Var, and the delay of each weight, whose offset is returned."""
        slot = asm.memory.allocate("i32", delays.values.shape, delays.values)
        places = places_of(weights, delays)
        derived = asm.memory.allocate("i32", places.shape)

        def derive(memory: Memory) -> None:
            """Follow the Var."""
            memory.view(derived)[...] = np.append(memory.view(slot), 0)[places]

        asm.prologue.append(derive)
        asm.variables[self.name, "delays"] = Variable(
            slot, order=delays.order, user_shape=delays.user_shape, after_write=derive
        )
        return derived.offset

    def emit(self, asm: Assembler) -> None:
        """Sum in every step."""
        if self.delays is None:
            ends, line = asm.scratch(self._fields["n_post"] + 1), asm.scratch(self._fields["synapses"], "f64")
            self._emit(asm, REAL_SPARSE, ends=ends, line=line)
        else:
            self._emit(asm, REAL_DELAY_SPARSE)


@dataclass
class FloatConvNode(FloatSynapsesNode):
    """A convolution.

    Parameters
    ----------
    weight : float64 (C_out, K_x, K_y, C_in / groups)
    input_shape : tuple
        (X, Y, C).
    geometry : mapping
        kernel_size, stride, padding, dilation: (x, y); groups: (number,).
    unused : mapping
        Vars that Lava's model never reads: weight_exp, num_weight_bits.
    """

    weight: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((1, 1, 1, 1)))
    input_shape: tuple[int, ...] = (1, 1, 1)
    geometry: dict[str, tuple[int, ...]] = field(default_factory=dict)
    unused: dict[str, int] = field(default_factory=dict)

    def declare(self, asm: Assembler) -> None:
        """Vars and OutPort."""
        slot = asm.memory.allocate("f64", self.weight.shape, self.weight)
        arranged = asm.memory.allocate("f64", arrange_kernel(self.weight).shape)

        def arrange(memory: Memory) -> None:
            """Follow the Var."""
            memory.view(arranged)[...] = arrange_kernel(memory.view(slot))

        asm.prologue.append(arrange)
        asm.variables[self.name, "weight"] = Variable(slot, after_write=arrange)
        declare_constants(self, asm, self.unused, self.geometry)
        self._fields.update(weights=arranged.offset, channel_sums=asm.scratch(self.buffer[1].size, "f64"))
        self._declare_common(asm)

    def emit(self, asm: Assembler) -> None:
        """Convolve in every step."""
        out, taps = self.buffer[1].shape, self.weight.shape[1:3]
        tables, steps = axes_of(self.input_shape, out, taps, self.geometry)
        table_x, table_y = (asm.memory.allocate("i32", table.shape, table).offset for table in tables)
        geometry = [*self.input_shape[1:], *out[1:], *taps, *self.geometry["groups"], *steps]
        self._emit(
            asm, REAL_CONV, n_weights=self.weight.size, table_x=table_x, size_x=self.input_shape[0], table_y=table_y,
            **dict(zip(_GEOMETRY, geometry, strict=True)),
        )  # fmt: skip

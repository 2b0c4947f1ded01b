"""Floating-point models of Lava's Dense, DelayDense, Sparse, DelaySparse and Conv."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import SYNAPSES, Assembler, Node, Signal
from lava_ed.engine.families import opcodes
from lava_ed.engine.families.conv import axes_of, declare_constants
from lava_ed.engine.families.float_joins import real_event_input
from lava_ed.engine.families.sparse import Entries, declare_structure, places_of
from lava_ed.engine.memory import Memory, Slot, Variable
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.conv import GEOMETRY, arrange_kernel
from lava_ed.kernels.floating import float_conv, float_delay_dense, float_delay_sparse, float_dense, float_sparse
from lava_ed.kernels.views import matrix, segment

FIRST_OF_GEOMETRY = 17


@kernel
def real_dense(a, i32, f64):  # type: ignore[no-untyped-def]
    """Sum the spikes into a_buff.

    Columns: 1 n_pre, 2 n_post, 3 event count, 4 events, 5 messages (f64), 6 message bits, 7 a_buff, 8 weights,
    9 scratch (all f64).
    """
    count = i32[a[3]]
    float_dense(
        matrix(f64, a[8], a[1], a[2]), segment(i32, a[4], count), count, segment(f64, a[5], a[1]),
        i32[a[6]] > 0, segment(f64, a[9], a[1]), segment(f64, a[7], a[2]),
    )  # fmt: skip


@kernel
def real_delay_dense(a, i32, f64):  # type: ignore[no-untyped-def]
    """Sum the spikes into the slots of their delays, and set out the first.

    Columns: 1 … 9 as in `real_dense`, 10 delays, 11 slots, 12 sums, 13 sent (f64).
    """
    n_pre, n_post, slots = a[1], a[2], a[11]
    count = i32[a[3]]
    a_buff = matrix(f64, a[7], n_post, slots)
    float_delay_dense(
        matrix(f64, a[8], n_pre, n_post),
        matrix(i32, a[10], n_pre, n_post), segment(i32, a[4], count), count,
        segment(f64, a[5], n_pre), i32[a[6]] > 0, segment(f64, a[9], n_pre), segment(f64, a[12], slots), a_buff,
    )  # fmt: skip
    for j in range(n_post):
        f64[a[13] + j] = a_buff[j, 0]


@kernel
def real_sparse(a, i32, f64):  # type: ignore[no-untyped-def]
    """Sum the spikes into a_buff.

    Columns: 1 … 8 as in `real_dense`, 9 starts, 10 targets, 11 synapses, 12
    ends, 13 a line of synapses (f64).
    """
    count, size = i32[a[3]], a[11]
    float_sparse(
        segment(i32, a[9], a[1] + 1), segment(i32, a[10], size), segment(f64, a[8], size),
        segment(i32, a[4], count), count, segment(f64, a[5], a[1]), i32[a[6]] > 0,
        segment(i32, a[12], a[2] + 1), segment(f64, a[13], size), segment(f64, a[7], a[2]),
    )  # fmt: skip


@kernel
def real_delay_sparse(a, i32, f64):  # type: ignore[no-untyped-def]
    """Sum the spikes into the slots of their delays, and set out the first.

    Columns: 1 … 11 as in `real_sparse`, 12 delays, 13 slots, 14 sums, 15 sent (f64).
    """
    count, size, n_post, slots = i32[a[3]], a[11], a[2], a[13]
    a_buff = matrix(f64, a[7], n_post, slots)
    float_delay_sparse(
        segment(i32, a[9], a[1] + 1), segment(i32, a[10], size), segment(f64, a[8], size), segment(i32, a[12], size),
        segment(i32, a[4], count), count, segment(f64, a[5], a[1]), i32[a[6]] > 0,
        matrix(f64, a[14], n_post, slots), a_buff,
    )  # fmt: skip
    for j in range(n_post):
        f64[a[15] + j] = a_buff[j, 0]


@kernel
def real_conv(a, i32, f64):  # type: ignore[no-untyped-def]
    """Convolve the spikes into a_buf.

    Columns: 1 … 8 as in `real_dense` (weights arranged), 9 how many, 10 sums of a channel (f64), 13, 14 table of
    the x axis and its length, 15, 16 that of the y axis, 17 … 27 geometry.
    """
    count = i32[a[3]]
    float_conv(
        segment(f64, a[8], a[9]), segment(i32, a[4], count), count, segment(f64, a[5], a[1]), i32[a[6]] > 0,
        a[FIRST_OF_GEOMETRY : FIRST_OF_GEOMETRY + GEOMETRY],
        matrix(i32, a[13], a[14], 3), matrix(i32, a[15], a[16], 3),
        segment(f64, a[10], a[2]), segment(f64, a[7], a[2]),
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
    _columns: dict[str, int] = field(default_factory=dict)

    delayed = True

    def _declare_common(self, asm: Assembler, with_delays: bool = False) -> None:
        """Vars of the sums and of the message bits; OutPort a_out."""
        c, (name, values) = self._columns, self.buffer
        c["bits"] = asm.var(self, "num_message_bits", (1,), self.message_bits)
        c["buffer"] = asm.var(self, name, values.shape, values, "f64")
        c["n_post"] = len(values) if with_delays else values.size
        sent = c["buffer"]
        if with_delays:
            c["slots"] = values.shape[1]
            slot = asm.memory.allocate("f64", (len(values),), values[:, 0])
            buffer, sent = Slot("f64", c["buffer"], values.shape), slot.offset

            def set_out(memory: Memory) -> None:
                """What is sent next is slot 0 of the buffer."""
                memory.view(slot)[...] = memory.view(buffer)[:, 0]

            asm.variables[self.name, name] = Variable(buffer, after_write=set_out)
        c["sent"] = sent
        asm.signals[self.name, "a_out"] = Signal(c["n_post"], -1, real=sent)

    def _emit_common(self, asm: Assembler, opcode: int, *more: int) -> None:
        """Write the op: what all have in common, and `more`."""
        c = self._columns
        pre = real_event_input(asm, self, "s_in", self.n_pre)
        asm.every_step(
            SYNAPSES, opcode, self.n_pre, c["n_post"], pre.count, pre.events, pre.real, c["bits"], c["buffer"],
            c["weights"], *more,
        )  # fmt: skip


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
        c = self._columns
        slot = asm.memory.allocate("f64", self.weights.shape[::-1], self.weights.T)
        asm.variables[self.name, "weights"] = Variable(slot, transposed=True)
        c.update(weights=slot.offset, scratch=asm.scratch(self.n_pre, "f64"))
        if self.delays is not None:
            delays = asm.memory.allocate("i32", self.delays.shape[::-1], self.delays.T)
            asm.variables[self.name, "delays"] = Variable(delays, transposed=True)
            c.update(delays=delays.offset, sums=asm.scratch(self.buffer[1].shape[1], "f64"))
        self._declare_common(asm, self.delays is not None)

    def emit(self, asm: Assembler) -> None:
        """Sum in every step."""
        c = self._columns
        if self.delays is None:
            self._emit_common(asm, opcodes.REAL_DENSE, c["scratch"])
        else:
            more = (c["scratch"], c["delays"], c["slots"], c["sums"], c["sent"])
            self._emit_common(asm, opcodes.REAL_DELAY_DENSE, *more)


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
        c, size = self._columns, self.weights.rows.size
        slot = asm.memory.allocate("f64", (size,), self.weights.values)
        asm.variables[self.name, "weights"] = Variable(slot, order=self.weights.order)
        c["starts"], c["targets"] = declare_structure(asm, self.weights)
        c.update(weights=slot.offset, synapses=size)
        if self.delays is not None:
            c.update(delays=self._declare_delays(asm, self.weights, self.delays))
            c.update(sums=asm.scratch(self.buffer[1].size, "f64"))
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
        c = self._columns
        structure = (c["starts"], c["targets"], c["synapses"])
        if self.delays is None:
            ends, line = asm.scratch(c["n_post"] + 1), asm.scratch(c["synapses"], "f64")
            self._emit_common(asm, opcodes.REAL_SPARSE, *structure, ends, line)
        else:
            more = (c["delays"], c["slots"], c["sums"], c["sent"])
            self._emit_common(asm, opcodes.REAL_DELAY_SPARSE, *structure, *more)


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
        self._columns.update(weights=arranged.offset, sums=asm.scratch(self.buffer[1].size, "f64"))
        self._declare_common(asm)

    def emit(self, asm: Assembler) -> None:
        """Convolve in every step."""
        out, taps = self.buffer[1].shape, self.weight.shape[1:3]
        tables, steps = axes_of(self.input_shape, out, taps, self.geometry)
        axes = [n for table in tables for n in (asm.memory.allocate("i32", table.shape, table).offset, len(table))]
        geometry = [*self.input_shape[1:], *out[1:], *taps, *self.geometry["groups"], *steps]
        unused = (0, 0)
        self._emit_common(asm, opcodes.REAL_CONV, self.weight.size, self._columns["sums"], *unused, *axes, *geometry)

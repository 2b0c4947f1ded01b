"""Lava's Sparse and DelaySparse: event-driven sums over stored synapses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import SYNAPSES, Assembler, Node, Signal
from lava_ed.engine.families import opcodes
from lava_ed.engine.families.delay_dense import MAX_DELAY
from lava_ed.engine.families.dense import SUM_LIMIT, WeightFormat
from lava_ed.engine.families.joins import event_input
from lava_ed.engine.families.tallies import add_reads
from lava_ed.engine.memory import Limits, Memory, Pending, Slot, Variable, check_range, range_of
from lava_ed.errors import ConfigError
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.dense import MIXED_MIN, advance_delays, scale_accumulator
from lava_ed.kernels.sparse import accumulate_sparse, accumulate_sparse_delayed
from lava_ed.kernels.views import matrix, segment


@kernel
def sparse_forward(a, i32, i64):  # type: ignore[no-untyped-def]
    """Sum the synapses of the spikes into a_buff, and scale it.

    Columns: 1 n_pre, 2 n_post, 3 starts, 4 targets, 5 synapses, 6 weights, 7 event count, 8 events,
    9 payloads or −1 (all 1), 10 message bits, 11 exponent, 12 a_buff, 13 row non-zeros, 14 its flag, 15
    counters (i64).
    """
    count = i32[a[7]]
    a_buff = segment(i32, a[12], a[2])
    if count == 0:
        if i32[a[14]]:
            a_buff[:] = 0
            i32[a[14]] = 0
        return
    i32[a[14]] = 1
    events = segment(i32, a[8], count)
    add_reads(a[15], i32[a[10]] > 0, segment(i32, a[13], a[1]), events, count, i64)
    graded = i32[a[10]] > 0 and a[9] >= 0
    payloads = segment(i32, a[9], a[1]) if graded else i32[:0]
    accumulate_sparse(
        segment(i32, a[3], a[1] + 1), segment(i32, a[4], a[5]), segment(i32, a[6], a[5]),
        events, count, payloads, graded, a_buff,
    )  # fmt: skip
    if a[11] != 0:
        scale_accumulator(a_buff, a[11], a_buff)


@kernel
def sparse_delayed(a, i32, i64):  # type: ignore[no-untyped-def]
    """Sum the spikes into the slots of their delays, move the slots on, and set out the first.

    Columns: 1 … 13 as in `sparse_forward`, 14 slots, 15 delays, 16 sent, 17 accumulator, 18 scaled, 19
    counters (i64).
    """
    count, slots, n_post = i32[a[7]], a[14], a[2]
    events = segment(i32, a[8], count)
    add_reads(a[19], i32[a[10]] > 0, segment(i32, a[13], a[1]), events, count, i64)
    graded = i32[a[10]] > 0 and a[9] >= 0
    payloads = segment(i32, a[9], a[1]) if graded else i32[:0]
    a_buff = matrix(i32, a[12], n_post, slots)
    accumulator = matrix(i32, a[17], n_post, slots)
    accumulate_sparse_delayed(
        segment(i32, a[3], a[1] + 1), segment(i32, a[4], a[5]), segment(i32, a[6], a[5]), segment(i32, a[15], a[5]),
        events, count, payloads, graded, accumulator,
    )  # fmt: skip
    advance_delays(accumulator, a[11], segment(i32, a[18], slots), a_buff)
    for j in range(n_post):
        i32[a[16] + j] = a_buff[j, 0]


@dataclass(frozen=True)
class Entries:
    """The stored values of a sparse matrix, by pre-synaptic neuron.

    Parameters
    ----------
    shape : (n_post, n_pre)
    starts : int32 (n_pre + 1,)
        Values of pre neuron i are starts[i] … starts[i + 1] − 1.
    rows : int32 (k,)
        Post neuron of each value.
    values : (k,)
        In the type that the user gave.
    order : integer (k,)
        Place of each value, in the order in which Lava's `Var.get` and `set` take them.
    whole : bool
        The user gave an array or one number, all of it is stored, and `Var.get` gives an array of `shape`.
    """

    shape: tuple[int, int]
    starts: npt.NDArray[np.int32]
    rows: npt.NDArray[np.int32]
    values: npt.NDArray[Any]
    order: npt.NDArray[np.int64]
    whole: bool = False

    @classmethod
    def of(
        cls,
        shape: tuple[int, ...],
        rows: npt.NDArray[np.integer[Any]],
        columns: npt.NDArray[np.integer[Any]],
        values: npt.NDArray[Any],
        whole: bool = False,
    ) -> Entries:
        """Sort values that come in the user's order."""
        by_pre = np.lexsort((rows, columns))
        order = np.empty(len(rows), np.int64)
        order[by_pre] = np.arange(len(rows))
        starts = np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=shape[1]))])
        pointers, targets = starts.astype(np.int32), rows[by_pre].astype(np.int32)
        return cls((shape[0], shape[1]), pointers, targets, values[by_pre], order, whole)

    @property
    def user_shape(self) -> tuple[int, ...]:
        """Shape in which the user reads and writes the values."""
        return self.shape if self.whole else self.values.shape

    @property
    def columns(self) -> npt.NDArray[np.int64]:
        """Pre neuron of each value."""
        return np.repeat(np.arange(self.shape[1]), np.diff(self.starts))

    @property
    def fan_in(self) -> int:
        """Most synapses of a post neuron."""
        return int(np.bincount(self.rows, minlength=1).max())


def declare_structure(asm: Assembler, entries: Entries) -> tuple[int, int]:
    """Offsets (i32) of starts and rows."""
    starts = asm.memory.allocate("i32", entries.starts.shape, entries.starts)
    return starts.offset, asm.memory.allocate("i32", entries.rows.shape, entries.rows).offset


@dataclass
class SparseNode(Node):
    """Stored synapses with fixed weights.

    Parameters
    ----------
    weights : Entries
        As given to the process.
    weight_format : WeightFormat
    exponent : int
        weight_exp.
    message_bits : int
        0 for binary spikes.
    a_buff : int32 (n_post,)
        Initial sums.
    """

    weights: Entries | None = None
    weight_format: WeightFormat = field(default_factory=WeightFormat)
    exponent: int = 0
    message_bits: int = 0
    a_buff: npt.NDArray[Any] = field(default_factory=lambda: np.zeros(1, np.int32))
    _columns: dict[str, int] = field(default_factory=dict)

    delayed = True
    most: ClassVar[int] = SUM_LIMIT
    """Largest magnitude of a weight."""

    def declare(self, asm: Assembler) -> None:
        """Vars weights, a_buff, num_message_bits; OutPort a_out."""
        c = self._columns
        self._declare_weights(asm)
        asm.counters(self)
        c["bits"] = asm.var(self, "num_message_bits", (1,), self.message_bits)
        c["a_buff"] = asm.var(self, "a_buff", self.a_buff.shape, self.a_buff)
        self._declare_output(asm)

    def _declare_output(self, asm: Assembler) -> None:
        """What is sent is the whole buffer."""
        flag = asm.memory.allocate("i32", (1,), 1)
        self._columns["flag"] = flag.offset

        def touch(memory: Memory) -> None:
            """A buffer that was written is not known to be zero."""
            memory.view(flag)[0] = 1

        a_buff = Slot("i32", self._columns["a_buff"], self.a_buff.shape)
        asm.variables[self.name, "a_buff"] = Variable(a_buff, after_write=touch)
        asm.signals[self.name, "a_out"] = Signal(a_buff.size, flag.offset, -1, a_buff.offset, a_buff.offset)

    def _declare_weights(self, asm: Assembler) -> None:
        """The Var `weights`, cut to its format in the first step.

        Raises
        ------
        ConfigError
            If sums could leave 32 bits.
        """
        assert self.weights is not None
        entries, c = self.weights, self._columns
        n_post, n_pre = entries.shape
        largest = min(self.most, SUM_LIMIT // (max(entries.fan_in, 1) << max(self.exponent, 0)))
        if largest < -MIXED_MIN:
            raise ConfigError(
                f"{self.name}: {entries.fan_in} weights times 2^{self.exponent} can leave the 32 bits of the engine's "
                "sums: lower weight_exp, or run the graph on Lava's own runtime (without attach)"
            )
        c["starts"], c["targets"] = declare_structure(asm, entries)
        slot = asm.memory.allocate("i32", entries.rows.shape)
        c.update(n_pre=n_pre, n_post=n_post, synapses=entries.rows.size, weights=slot.offset)
        pending = Pending(entries.values[entries.order])
        nonzeros = asm.memory.allocate("i32", (n_pre,))
        c["nonzeros"] = nonzeros.offset

        def recount(memory: Memory) -> None:
            """Count the synapses of each pre neuron that are not 0."""
            stored = memory.view(slot) != 0
            memory.view(nonzeros)[...] = np.bincount(entries.columns[stored], minlength=n_pre)

        def store(memory: Memory) -> None:
            """Cut the weights to their format, once, as Lava does in the first step."""
            assert pending.values is not None
            check_range(pending.values, range_of(np.int32), f"{self.name}.weights")
            given = pending.values.astype(np.int32)
            stored = self.weight_format.stored(given) if given.size else given
            if stored.size and max(stored.max(), -stored.min()) > largest:
                raise ConfigError(
                    f"{self.name}.weights lie outside ±{largest}, which the engine can hold: lower them, or run "
                    "the graph on Lava's own runtime (without attach)"
                )
            memory.view(slot)[entries.order] = stored
            pending.values = None
            recount(memory)

        asm.prologue.append(store)
        asm.variables[self.name, "weights"] = Variable(
            slot, pending=pending, limits=Limits(-largest, largest), order=entries.order, after_write=recount
        )

    def forward(self, asm: Assembler, pre: Signal, opcode: int, *more: int) -> None:
        """Write the op of the sums."""
        c = self._columns
        asm.counted_step(
            SYNAPSES, opcode, self,
            c["n_pre"], c["n_post"], c["starts"], c["targets"], c["synapses"], c["weights"], pre.count, pre.events,
            pre.payloads, c["bits"], self.exponent, c["a_buff"], c["nonzeros"], *more,
        )  # fmt: skip

    def emit(self, asm: Assembler) -> None:
        """Sum in every step."""
        pre = event_input(asm, self, "s_in", self._columns["n_pre"])
        self.forward(asm, pre, opcodes.SPARSE_FORWARD, self._columns["flag"])


@dataclass
class DelaySparseNode(SparseNode):
    """As SparseNode; `a_buff` is (n_post, max_delay + 1).

    Parameters
    ----------
    delays : Entries
        May be stored where there is no weight; a weight without one has delay 0.
    """

    delays: Entries | None = None

    def declare(self, asm: Assembler) -> None:
        """Vars and OutPort of SparseNode; delays."""
        super().declare(asm)
        assert self.weights is not None
        assert self.delays is not None
        c, entries = self._columns, self.delays
        slot = asm.memory.allocate("i32", entries.values.shape, entries.values)
        places = places_of(self.weights, entries)
        derived = asm.memory.allocate("i32", places.shape)
        c["delays"] = derived.offset

        def derive(memory: Memory) -> None:
            """The delay of each weight."""
            memory.view(derived)[...] = np.append(memory.view(slot), 0)[places]

        def check(memory: Memory) -> None:
            """Lava checks the delays in the first step only."""
            if memory.view(slot).max(initial=0) > MAX_DELAY:
                raise ConfigError(f"{self.name}.delays exceed {MAX_DELAY}, the longest delay of Loihi 2: shorten them")
            derive(memory)

        asm.prologue.append(check)
        asm.variables[self.name, "delays"] = Variable(
            slot, order=entries.order, user_shape=entries.user_shape, after_write=derive
        )

    def _declare_output(self, asm: Assembler) -> None:
        """What is sent is slot 0 of the buffer."""
        c = self._columns
        n_post, slots = self.a_buff.shape
        a_buff = Slot("i32", c["a_buff"], (n_post, slots))
        sent = asm.memory.allocate("i32", (n_post,), self.a_buff[:, 0])

        def set_out(memory: Memory) -> None:
            """What is sent next is slot 0 of the buffer."""
            memory.view(sent)[...] = memory.view(a_buff)[:, 0]

        asm.variables[self.name, "a_buff"] = Variable(a_buff, after_write=set_out)
        asm.vector_signal(self, "a_out", n_post, sent.offset)
        c.update(slots=slots, sent=sent.offset)
        c.update(accumulator=asm.scratch(n_post * slots), scaled=asm.scratch(slots))

    def emit(self, asm: Assembler) -> None:
        """Sum in every step."""
        c = self._columns
        pre = event_input(asm, self, "s_in", c["n_pre"])
        more = (c["slots"], c["delays"], c["sent"], c["accumulator"], c["scaled"])
        self.forward(asm, pre, opcodes.SPARSE_DELAYED, *more)


def places_of(wanted: Entries, stored: Entries) -> npt.NDArray[np.int64]:
    """For each value of `wanted`, the place of that synapse in `stored`; one past its end for none."""
    n_post = wanted.shape[0]
    keys = stored.columns * n_post + stored.rows
    asked = wanted.columns * n_post + wanted.rows
    at = np.searchsorted(keys, asked)
    found = at < keys.size
    found[found] = keys[at[found]] == asked[found]
    return np.where(found, at, keys.size)

"""Lava's Sparse and DelaySparse: event-driven sums over stored synapses."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import SYNAPSES, Assembler, Signal
from lava_ed.engine.families.dense import SUM_LIMIT, WeightFormat
from lava_ed.engine.families.joins import event_input
from lava_ed.engine.families.synapses import SLOTS, SPIKES, SUMS, SynapsesNode
from lava_ed.engine.families.tallies import add_reads
from lava_ed.engine.memory import Limits, Memory, Pending, Variable, check_range, range_of
from lava_ed.engine.op import number, op, reads, updates
from lava_ed.errors import ConfigError
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.stock.dense import MIXED_MIN, advance_delays, scale_accumulator
from lava_ed.kernels.stock.sparse import accumulate_sparse, accumulate_sparse_delayed
from lava_ed.kernels.views import matrix, segment

_STORED: Final = {
    "starts": reads("i32", "n_pre + 1"),
    "targets": reads("i32", "synapses"),
    "synapses": number(),
    "weights": reads("i32", "synapses"),
    "weight_exp": number(),
}
SPARSE_FORWARD = op("sparse_forward", "others", **SPIKES, **_STORED, **SUMS)
SPARSE_DELAYED = op(
    "sparse_delayed",
    "others",
    **SPIKES,
    **_STORED,
    **SLOTS,
    delays=reads("i32", "synapses"),
    accumulator=updates("i32", "n_post * slots"),
    scaled=updates("i32", "slots"),
)


@kernel
def sparse_forward(a, i32, i64):  # type: ignore[no-untyped-def]
    """Sum the stored weights of the spikes, and scale the sums."""
    f = SPARSE_FORWARD
    n_pre, synapses, count = a[f.n_pre], a[f.synapses], i32[a[f.count]]
    a_buff = segment(i32, a[f.a_buff], a[f.n_post])
    if count == 0:
        if i32[a[f.filled]]:
            a_buff[:] = 0
            i32[a[f.filled]] = 0
        return
    i32[a[f.filled]] = 1
    events, has_payloads = segment(i32, a[f.events], count), i32[a[f.message_bits]] > 0
    add_reads(a[f.counters], has_payloads, segment(i32, a[f.nonzeros], n_pre), events, count, i64)
    graded = has_payloads and a[f.payloads] >= 0
    payloads = segment(i32, a[f.payloads], n_pre) if graded else i32[:0]
    accumulate_sparse(
        segment(i32, a[f.starts], n_pre + 1), segment(i32, a[f.targets], synapses),
        segment(i32, a[f.weights], synapses), events, count, payloads, graded, a_buff,
    )  # fmt: skip
    if a[f.weight_exp] != 0:
        scale_accumulator(a_buff, a[f.weight_exp], a_buff)


@kernel
def sparse_delayed(a, i32, i64):  # type: ignore[no-untyped-def]
    """Sum the stored weights of the spikes into the slots of their delays, move the slots on, and send the first."""
    f = SPARSE_DELAYED
    n_pre, n_post, slots, synapses, count = a[f.n_pre], a[f.n_post], a[f.slots], a[f.synapses], i32[a[f.count]]
    events, has_payloads = segment(i32, a[f.events], count), i32[a[f.message_bits]] > 0
    add_reads(a[f.counters], has_payloads, segment(i32, a[f.nonzeros], n_pre), events, count, i64)
    graded = has_payloads and a[f.payloads] >= 0
    payloads = segment(i32, a[f.payloads], n_pre) if graded else i32[:0]
    a_buff = matrix(i32, a[f.a_buff], n_post, slots)
    accumulator = matrix(i32, a[f.accumulator], n_post, slots)
    accumulate_sparse_delayed(
        segment(i32, a[f.starts], n_pre + 1), segment(i32, a[f.targets], synapses),
        segment(i32, a[f.weights], synapses), segment(i32, a[f.delays], synapses),
        events, count, payloads, graded, accumulator,
    )  # fmt: skip
    advance_delays(accumulator, a[f.weight_exp], segment(i32, a[f.scaled], slots), a_buff)
    for j in range(n_post):
        i32[a[f.sent] + j] = a_buff[j, 0]


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
class SparseNode(SynapsesNode):
    """Stored synapses with fixed weights.

    Parameters
    ----------
    weights : Entries
        As given to the process.
    weight_format : WeightFormat
    exponent : int
        weight_exp.
    """

    weights: Entries | None = None
    weight_format: WeightFormat = field(default_factory=WeightFormat)
    exponent: int = 0

    most: ClassVar[int] = SUM_LIMIT
    """Largest magnitude of a weight."""

    def declare(self, asm: Assembler) -> None:
        """Vars weights, a_buff, num_message_bits; OutPort a_out."""
        self._declare_weights(asm)
        self._declare_sums(asm)

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

    def forward(self, asm: Assembler, pre: Signal, what: Any = SPARSE_FORWARD) -> None:
        """Write the op of the sums."""
        asm.counted_step(SYNAPSES, what, self, self._columns | self._incoming(pre), weight_exp=self.exponent)

    def emit(self, asm: Assembler) -> None:
        """Sum in every step."""
        self.forward(asm, event_input(asm, self, "s_in", self._columns["n_pre"]))


@dataclass
class DelaySparseNode(SparseNode):
    """Stored synapses with fixed weights and delays.

    Parameters
    ----------
    delays : Entries
        May be stored where there is no weight; a weight without one has delay 0.
    """

    delays: Entries | None = None

    def declare(self, asm: Assembler) -> None:
        """Vars weights, delays, a_buff, num_message_bits; OutPort a_out."""
        assert self.weights is not None
        assert self.delays is not None
        self._declare_weights(asm)
        self._declare_slots(asm, "i32")
        entries = self.delays
        slot = asm.memory.allocate("i32", entries.values.shape, entries.values)
        places = places_of(self.weights, entries)
        derived = asm.memory.allocate("i32", places.shape)
        self._columns["delays"] = derived.offset

        def derive(memory: Memory) -> None:
            """The delay of each weight."""
            memory.view(derived)[...] = np.append(memory.view(slot), 0)[places]

        asm.prologue += [partial(self._check_delays, slot), derive]
        asm.variables[self.name, "delays"] = Variable(
            slot, order=entries.order, user_shape=entries.user_shape, after_write=derive
        )

    def emit(self, asm: Assembler) -> None:
        """Sum in every step."""
        self.forward(asm, event_input(asm, self, "s_in", self._columns["n_pre"]), SPARSE_DELAYED)


def places_of(wanted: Entries, stored: Entries) -> npt.NDArray[np.int64]:
    """For each value of `wanted`, the place of that synapse in `stored`; one past its end for none."""
    n_post = wanted.shape[0]
    keys = stored.columns * n_post + stored.rows
    asked = wanted.columns * n_post + wanted.rows
    at = np.searchsorted(keys, asked)
    found = at < keys.size
    found[found] = keys[at[found]] == asked[found]
    return np.where(found, at, keys.size)

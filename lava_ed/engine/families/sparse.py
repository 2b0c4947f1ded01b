"""Lava's Sparse and DelaySparse: event-driven sums over stored synapses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import Assembler, Node
from lava_ed.engine.families.inputs import event_input
from lava_ed.engine.families.synapses import SLOTS, SPIKES, SUM_LIMIT, SUMS, WeightedNode
from lava_ed.engine.families.tallies import add_reads
from lava_ed.engine.memory import Memory, Pending, Slot, Variable
from lava_ed.engine.op import each, number, op, reads, updates
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.stock.dense import advance_delays, scale_accumulator
from lava_ed.kernels.stock.sparse import accumulate_sparse, accumulate_sparse_delayed
from lava_ed.kernels.views import matrix, segment

_STORED: Final = {
    "starts": reads("i32", "n_pre + 1"),
    **each(reads("i32", "synapses"), "targets", "weights"),
    "synapses": number(),
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


def declare_delays(node: Node, asm: Assembler, weights: Entries, delays: Entries) -> tuple[Slot, int]:
    """The Var `delays`, and the offset (i32) of the delay of each weight; a weight without one has delay 0."""
    slot, places = asm.memory.allocate("i32", delays.values.shape, delays.values), places_of(weights, delays)
    derived = asm.memory.allocate("i32", places.shape)
    asm.variables[node.name, "delays"] = Variable(slot, order=delays.order, user_shape=delays.user_shape)

    def derive(memory: Memory) -> None:
        """Follow the Var."""
        memory.view(derived)[...] = np.append(memory.view(slot), 0)[places]

    asm.follow(node, ["delays"], derive)
    return slot, derived.offset


@dataclass(kw_only=True)
class SparseNode(WeightedNode):
    """Stored synapses with fixed weights.

    Parameters
    ----------
    weights : Entries
        As given to the process.
    """

    weights: Entries

    most: ClassVar[int] = SUM_LIMIT
    """Largest magnitude of a weight."""

    def declare(self, asm: Assembler) -> None:
        """Vars weights, a_buff, num_message_bits; OutPort a_out."""
        self._declare_sparse(asm)
        self._declare_sums(asm)

    def _declare_sparse(self, asm: Assembler) -> None:
        """The Var `weights`, and the non-zero ones of each pre neuron."""
        entries, at = self.weights, self.at
        at["n_post"], at["n_pre"] = entries.shape
        at["synapses"] = entries.rows.size
        at["starts"], at["targets"] = declare_structure(asm, entries)
        slot = asm.memory.allocate("i32", entries.rows.shape)
        nonzeros = asm.memory.allocate("i32", (at["n_pre"],))
        at["nonzeros"] = nonzeros.offset

        def count(memory: Memory) -> None:
            """Follow the weights."""
            stored = memory.view(slot) != 0
            memory.view(nonzeros)[...] = np.bincount(entries.columns[stored], minlength=at["n_pre"])

        pending = Pending(entries.values[entries.order])
        variable = Variable(slot, pending=pending, order=entries.order, after_write=count)
        self._declare_weights(asm, variable, entries.fan_in, self.most)

    def emit(self, asm: Assembler) -> None:
        """Sum in every step."""
        self._emit_sums(asm, event_input(asm, self, "s_in", self.at["n_pre"]), SPARSE_FORWARD)


@dataclass(kw_only=True)
class DelaySparseNode(SparseNode):
    """Stored synapses with fixed weights and delays.

    Parameters
    ----------
    delays : Entries
        May be stored where there is no weight; a weight without one has delay 0.
    """

    delays: Entries

    def declare(self, asm: Assembler) -> None:
        """Vars weights, delays, a_buff, num_message_bits; OutPort a_out."""
        self._declare_sparse(asm)
        self._declare_slots(asm)
        slot, derived = declare_delays(self, asm, self.weights, self.delays)
        asm.prologue.append(partial(self._check_delays, slot))
        n_post, slots = self.a_buff.shape
        accumulator = asm.scratch(n_post * slots)
        self.at.update(delays=derived, accumulator=accumulator, scaled=asm.scratch(slots))

    def emit(self, asm: Assembler) -> None:
        """Sum in every step."""
        self._emit_sums(asm, event_input(asm, self, "s_in", self.at["n_pre"]), SPARSE_DELAYED)


def places_of(wanted: Entries, stored: Entries) -> npt.NDArray[np.int64]:
    """For each value of `wanted`, the place of that synapse in `stored`; one past its end for none."""
    n_post = wanted.shape[0]
    keys = stored.columns * n_post + stored.rows
    asked = wanted.columns * n_post + wanted.rows
    at = np.searchsorted(keys, asked)
    found = at < keys.size
    found[found] = keys[at[found]] == asked[found]
    return np.where(found, at, keys.size)

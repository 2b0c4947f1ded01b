"""Operation counters of Lava's own processes: what their ops do, counted as they do it or by ops beside them."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np

from lava_ed.engine.assembler import LEARN, RUN, Assembler, Node
from lava_ed.engine.families import opcodes
from lava_ed.engine.families.rule_text import EXPONENT, N_PRODUCTS
from lava_ed.engine.memory import Memory, Slot
from lava_ed.engine.op import updates
from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.counting import (
    EFFECTIVE_UPDATES,
    GRADED_SYNOPS,
    N_COUNTERS,
    N_PHASES,
    SPIKE_MESSAGES,
    SPIKES,
    SYNAPTIC_UPDATES,
    SYNOPS,
    TRACE_UPDATES,
    UPDATE,
    WEIGHT_WRITES,
)
from lava_ed.kernels.loihi_learning import active_reach, decimation_active
from lava_ed.kernels.synapse import synops_of
from lava_ed.kernels.tally import (
    count_changes,
    count_stored_visits,
    count_stored_writes,
    count_visits,
    count_writes,
    list_visits,
)
from lava_ed.kernels.views import matrix, segment


class RuleSettings(Protocol):
    """What the counting asks of a learning rule."""

    @property
    def t_epoch(self) -> int:
        """Steps of an epoch."""


N_X: Final = 2
N_Y: Final = 3
"""Traces of a pre and of a post neuron in Lava's LearningDense."""
STALE, TRACES_COUNTED, COUNTED = 1, 2, 3
"""Flags behind the one that the op that learned counted the weights, and how many there are in all."""
COUNTERS: Final = updates("i64", (N_COUNTERS - 1) * N_PHASES + 1, optional=True)
"""The field for the counters of a node in one phase, which lie N_PHASES apart; −1 to count nothing."""
ALL_ROWS: Final = -1
"""Stands for the number of rows, where all are visited."""


@kernel_part
def add_spikes(counters, count, destinations, i64):  # type: ignore[no-untyped-def]
    """Count spikes, and one message a destination; `counters` is an offset (i64), −1 to count nothing."""
    if counters >= 0:
        i64[counters + SPIKES * N_PHASES] += count
        i64[counters + SPIKE_MESSAGES * N_PHASES] += count * destinations


@kernel_part
def add_reads(counters, graded, row_nonzeros, events, count, i64):  # type: ignore[no-untyped-def]
    """Count the non-zero synapses of the pre neurons that spiked; `counters` as in `add_spikes`."""
    if counters >= 0:
        counter = GRADED_SYNOPS if graded else SYNOPS
        i64[counters + counter * N_PHASES] += synops_of(row_nonzeros, events, count)


@kernel
def count_spikes(a, i32, i64):  # type: ignore[no-untyped-def]
    """Spikes that no op sends. Columns: 1 event count, 2 destinations, 3 counters (i64)."""
    add_spikes(a[3], np.int64(i32[a[1]]), a[2], i64)


@kernel
def count_epoch(a, i32, i64, now):  # type: ignore[no-untyped-def]
    """At the end of an epoch, before it learns: the synapses that will be visited.

    Columns: 1 counters of the phase (i64), 2 n_pre, 3 n_post, 4 tx, 5 ty, 6 products (i64), 7 how many (i64),
    8 t_epoch, 9 decimation exponent (i64), 10 rows, 11 columns, 12 how many of both, 13 within limits (flag),
    14 whether the op that learns may count what it writes (flag, i64; −1: never).
    """
    if now % a[8] != 0:
        return
    rows, columns = segment(i32, a[10], a[2]), segment(i32, a[11], a[3])
    on_all, on_pre, on_post = active_reach(matrix(i64, a[6], i64[a[7]], 6), decimation_active(now, a[8], i64[a[9]]))
    tx, ty = segment(i32, a[4], a[2]), segment(i32, a[5], a[3])
    if a[14] >= 0 and i64[a[14]]:
        i64[a[1] + SYNAPTIC_UPDATES * N_PHASES] += count_visits(tx, ty, on_pre, on_post, on_all)
        i32[a[12]] = ALL_ROWS
        return
    visits, n_rows, n_columns = list_visits(tx, ty, on_pre, on_post, on_all, rows, columns)
    i64[a[1] + SYNAPTIC_UPDATES * N_PHASES] += visits
    i32[a[12]], i32[a[12] + 1] = n_rows, n_columns
    if i32[a[13]] == 0:  # every synapse is brought within its limits
        i32[a[12]] = ALL_ROWS


@kernel
def count_learned(a, i16, i32, i64, now):  # type: ignore[no-untyped-def]
    """After the step learned: weights that changed, in an epoch's last step, and traces that did, in any.

    Columns: 1 counters of the phase (i64), 2 n_pre, 3 n_post, 4 weights (i16), 5 weights before (i16), 6 row
    non-zeros, 7 t_epoch, 8 rows, 9 columns, 10 how many of both, 11 traces x, 12 their number, 13 traces y, 14
    their number, 15 traces before, 16 whether the op that learned counted the weights (flag), 17 and the traces.
    """
    if not i32[a[17]]:
        before = segment(i32, a[15], a[12] + a[14])
        changes = count_changes(segment(i32, a[11], a[12]), before[: a[12]])
        changes += count_changes(segment(i32, a[13], a[14]), before[a[12] :])
        i64[a[1] + TRACE_UPDATES * N_PHASES] += changes
    if now % a[7] != 0 or i32[a[16]]:
        return
    if i32[a[10]] == ALL_ROWS:
        rows = segment(i32, a[8], a[2])
        for i in range(rows.size):
            rows[i] = i
        i32[a[10]], i32[a[10] + 1] = a[2], 0
    i64[a[1] + WEIGHT_WRITES * N_PHASES] += count_writes(
        matrix(i16, a[4], a[2], a[3]), matrix(i16, a[5], a[2], a[3]),
        segment(i32, a[8], a[2]), i32[a[10]], segment(i32, a[9], a[3]), i32[a[10] + 1], segment(i32, a[6], a[2]),
    )  # fmt: skip


@kernel
def count_sparse_epoch(a, i32, i64, now):  # type: ignore[no-untyped-def]
    """At the end of an epoch, before it learns: the stored synapses that will be visited.

    Columns: 1 … 9 as in `count_epoch`, 10 starts, 11 targets, 12 synapses, 13 alive.
    """
    if now % a[8] != 0:
        return
    on_all, on_pre, on_post = active_reach(matrix(i64, a[6], i64[a[7]], 6), decimation_active(now, a[8], i64[a[9]]))
    i64[a[1] + SYNAPTIC_UPDATES * N_PHASES] += count_stored_visits(
        segment(i32, a[4], a[2]), segment(i32, a[5], a[3]), on_pre, on_post, on_all,
        segment(i32, a[10], a[2] + 1), segment(i32, a[11], a[12]), segment(i32, a[13], a[12]),
    )  # fmt: skip


@kernel
def count_sparse_learned(a, i32, i64, now):  # type: ignore[no-untyped-def]
    """After the step learned: stored weights and traces that changed, synapses with a product that is not 0.

    Columns: 1 counters of the phase (i64), 2 n_pre, 3 starts, 4 synapses, 5 weights, 6 weights before, 7 row
    non-zeros, 8 t_epoch, 9 traces x, 10 their number, 11 traces y, 12 their number, 13 traces before, 14 marks,
    15 alive.
    """
    before = segment(i32, a[13], a[10] + a[12])
    changes = count_changes(segment(i32, a[9], a[10]), before[: a[10]])
    changes += count_changes(segment(i32, a[11], a[12]), before[a[10] :])
    i64[a[1] + TRACE_UPDATES * N_PHASES] += changes
    if now % a[8] == 0:
        writes, effective = count_stored_writes(
            segment(i32, a[5], a[4]), segment(i32, a[6], a[4]), segment(i32, a[14], a[4]),
            segment(i32, a[15], a[4]), segment(i32, a[3], a[2] + 1), segment(i32, a[7], a[2]),
        )  # fmt: skip
        i64[a[1] + WEIGHT_WRITES * N_PHASES] += writes
        i64[a[1] + EFFECTIVE_UPDATES * N_PHASES] += effective


@kernel
def run_tally(a, i16, i32, i64, now):  # type: ignore[no-untyped-def]
    """Run one op that counts."""
    code = a[0]
    if code == opcodes.COUNT_SPIKES:
        count_spikes(a, i32, i64)
    elif code == opcodes.COUNT_EPOCH:
        count_epoch(a, i32, i64, now)
    elif code == opcodes.COUNT_LEARNED:
        count_learned(a, i16, i32, i64, now)
    elif code == opcodes.COUNT_SPARSE_EPOCH:
        count_sparse_epoch(a, i32, i64, now)
    elif code == opcodes.COUNT_SPARSE_LEARNED:
        count_sparse_learned(a, i32, i64, now)


def tally_spikes(asm: Assembler, node: Node, port: str) -> None:
    """Count what a source sends on an OutPort without an op of its own."""
    if asm.counting:
        out = asm.signals[node.name, port]
        asm.counted_step(RUN, opcodes.COUNT_SPIKES, node, out.count, asm.destinations(node, port))


def recount(memory: Memory, weights: Slot, row_nonzeros: Slot) -> None:
    """Count the non-zero synapses again, after the weights were written."""
    memory.view(row_nonzeros)[...] = np.count_nonzero(memory.view(weights), axis=1)


def tally_epoch(
    asm: Assembler, node: Node, columns: dict[str, int], settings: RuleSettings, separable: int = -1
) -> None:
    """Count visits before the op that learns, which the caller emits between this and `tally_learned`.

    `separable` is the offset (i64) of the flag that this op may count what it writes, −1 where it never does.
    """
    if asm.counting:
        c = columns
        for name, size in (("rows", c["n_pre"]), ("columns", c["n_post"]), ("visited", 2)):
            c[name] = asm.scratch(size)
        asm.every_step(
            LEARN, opcodes.COUNT_EPOCH,
            asm.variables[node.name, "counters"].slot.offset + UPDATE, c["n_pre"], c["n_post"], c["tx"], c["ty"],
            c["products"], c["counts"] + N_PRODUCTS, settings.t_epoch, c["counts"] + EXPONENT, c["rows"], c["columns"],
            c["visited"], c["clean"], separable,
        )  # fmt: skip


def tally_learned(asm: Assembler, node: Node, columns: dict[str, int], settings: RuleSettings) -> None:
    """Count weights and traces that changed in the step."""
    if asm.counting:
        c = columns
        asm.every_step(
            LEARN, opcodes.COUNT_LEARNED,
            asm.variables[node.name, "counters"].slot.offset + UPDATE, c["n_pre"], c["n_post"], c["weights"],
            c["before"], c["nonzeros"], settings.t_epoch, c["rows"], c["columns"], c["visited"], c["x"],
            N_X * c["n_pre"], c["y"], N_Y * c["n_post"], c["traces_before"], c["counted"],
            c["counted"] + TRACES_COUNTED,
        )  # fmt: skip


def tally_sparse_epoch(asm: Assembler, node: Node, columns: dict[str, int], settings: RuleSettings) -> None:
    """As `tally_epoch`, of stored synapses."""
    if asm.counting:
        c = columns
        asm.every_step(
            LEARN, opcodes.COUNT_SPARSE_EPOCH,
            asm.variables[node.name, "counters"].slot.offset + UPDATE, c["n_pre"], c["n_post"], c["tx"], c["ty"],
            c["products"], c["counts"] + N_PRODUCTS, settings.t_epoch, c["counts"] + EXPONENT, c["starts"],
            c["targets"], c["synapses"], c["alive"],
        )  # fmt: skip


def tally_sparse_learned(asm: Assembler, node: Node, columns: dict[str, int], settings: RuleSettings) -> None:
    """As `tally_learned`, of stored synapses; also those that a product changed."""
    if asm.counting:
        c = columns
        asm.every_step(
            LEARN, opcodes.COUNT_SPARSE_LEARNED,
            asm.variables[node.name, "counters"].slot.offset + UPDATE, c["n_pre"], c["starts"], c["synapses"],
            c["weights"], c["before"], c["nonzeros"], settings.t_epoch, c["x"], N_X * c["n_pre"], c["y"],
            N_Y * c["n_post"], c["traces_before"], c["marks"],
            c["alive"],
        )  # fmt: skip


def effective_offset(asm: Assembler, node: Node) -> int:
    """Where (i64) a node's effective updates are counted; a scratch where nothing counts."""
    if not asm.counting:
        return asm.scratch(1 + (WEIGHT_WRITES - EFFECTIVE_UPDATES) * N_PHASES, "i64")
    return asm.variables[node.name, "counters"].slot.offset + EFFECTIVE_UPDATES * N_PHASES + UPDATE


def writes_offset(asm: Assembler, node: Node) -> int:
    """As `effective_offset`, of weight writes."""
    return effective_offset(asm, node) + (WEIGHT_WRITES - EFFECTIVE_UPDATES) * N_PHASES


def trace_updates_offset(asm: Assembler, node: Node) -> int:
    """As `effective_offset`, of trace updates."""
    if not asm.counting:
        return asm.scratch(1, "i64")
    return asm.variables[node.name, "counters"].slot.offset + TRACE_UPDATES * N_PHASES + UPDATE

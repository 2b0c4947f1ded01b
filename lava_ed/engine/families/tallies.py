"""Operation counters of Lava's own processes: what their ops do, counted as they do it or by ops beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from lava_ed.engine.assembler import LEARN, RUN, Assembler, Node
from lava_ed.engine.families.rule_text import MOST_PRODUCTS, PRODUCT
from lava_ed.engine.op import each, number, op, reads, updates, writes
from lava_ed.kernels import counting
from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.counting import N_COUNTERS, N_PHASES, UPDATE
from lava_ed.kernels.loihi.synapse import synops_of
from lava_ed.kernels.stock.learning import active_reach, decimation_active
from lava_ed.kernels.stock.operation_counts import (
    count_changes,
    count_stored_visits,
    count_stored_writes,
    count_visits,
    count_writes,
    list_visits,
)
from lava_ed.kernels.views import matrix, segment

N_X: Final = 2
N_Y: Final = 3
"""Traces of a pre and of a post neuron in Lava's LearningDense."""
COUNTERS: Final = updates("i64", (N_COUNTERS - 1) * N_PHASES + 1, optional=True)
"""The field for the counters of a node in one phase, which lie N_PHASES apart; −1 to count nothing."""
ALL_ROWS: Final = -1
"""Stands for the number of rows, where all are visited."""


@kernel_part
def add_spikes(counters, count, destinations, i64):  # type: ignore[no-untyped-def]
    """Count spikes, and one message a destination; `counters` is an offset (i64), −1 to count nothing."""
    if counters >= 0:
        i64[counters + counting.SPIKES * N_PHASES] += count
        i64[counters + counting.SPIKE_MESSAGES * N_PHASES] += count * destinations


@kernel_part
def add_reads(counters, graded, row_nonzeros, events, count, i64):  # type: ignore[no-untyped-def]
    """Count the non-zero synapses of the pre neurons that spiked; `counters` as in `add_spikes`."""
    if counters >= 0:
        counter = counting.GRADED_SYNOPS if graded else counting.SYNOPS
        i64[counters + counter * N_PHASES] += synops_of(row_nonzeros, events, count)


COUNT_SPIKES = op(
    "count_spikes",
    "others",
    count=reads("i32"),
    destinations=number("InPorts that a spike is sent to"),
    counters=COUNTERS,
)


@kernel
def count_spikes(a, i32, i64):  # type: ignore[no-untyped-def]
    """Count spikes that no op sends."""
    f = COUNT_SPIKES
    add_spikes(a[f.counters], np.int64(i32[a[f.count]]), a[f.destinations], i64)


_EPOCH: Final = {
    "counters": COUNTERS,
    "n_pre": number(),
    "n_post": number(),
    "tx": reads("i32", "n_pre"),
    "ty": reads("i32", "n_post"),
    "products": reads("i64", PRODUCT * MOST_PRODUCTS),
    **each(reads("i64"), "n_products", "exponent"),
    "t_epoch": number("steps of an epoch"),
}
"""What says which synapses a rule visits: spike times of the epoch, and the products of the rule."""
_LEARNED: Final = op(
    "learned",
    counters=COUNTERS,
    **each(number(), "n_pre", "n_post"),
    t_epoch=number("steps of an epoch"),
    x=reads("i32", f"{N_X} * n_pre"),
    y=reads("i32", f"{N_Y} * n_post"),
    traces_before=updates("i32", f"{N_X} * n_pre + {N_Y} * n_post"),
    nonzeros=updates("i32", "n_pre"),
)
"""The fields with which either op that counts what was learned begins."""
COUNT_EPOCH = op(
    "count_epoch",
    "learning",
    **_EPOCH,
    rows=writes("i32", "n_pre"),
    columns=writes("i32", "n_post"),
    **each(writes("i32"), "n_rows", "n_columns"),
    within_limits=reads("i32"),
    separable=reads("i64", optional=True),
)
COUNT_LEARNED = op(
    "count_learned",
    "learning",
    _LEARNED,
    weights=reads("i16", "n_pre * n_post"),
    weights_before=updates("i16", "n_pre * n_post"),
    rows=updates("i32", "n_pre"),
    columns=reads("i32", "n_post"),
    **each(updates("i32"), "n_rows", "n_columns"),
    **each(reads("i32"), "weights_counted", "traces_counted"),
)
COUNT_SPARSE_EPOCH = op(
    "count_sparse_epoch",
    "sparse_learning",
    **_EPOCH,
    starts=reads("i32", "n_pre + 1"),
    **each(reads("i32", "synapses"), "targets", "alive"),
    synapses=number(),
)
COUNT_SPARSE_LEARNED = op(
    "count_sparse_learned",
    "sparse_learning",
    _LEARNED,
    weights=reads("i32", "synapses"),
    **each(updates("i32", "synapses"), "weights_before", "alive", "marks"),
    starts=reads("i32", "n_pre + 1"),
    synapses=number(),
)


@kernel
def count_epoch(a, i32, i64, now):  # type: ignore[no-untyped-def]
    """Count the synapses that an epoch will visit, and list their rows and columns, before it learns."""
    f = COUNT_EPOCH
    if now % a[f.t_epoch] != 0:
        return
    n_pre, n_post = a[f.n_pre], a[f.n_post]
    rows, columns = segment(i32, a[f.rows], n_pre), segment(i32, a[f.columns], n_post)
    products = matrix(i64, a[f.products], i64[a[f.n_products]], PRODUCT)
    on_all, on_pre, on_post = active_reach(products, decimation_active(now, a[f.t_epoch], i64[a[f.exponent]]))
    tx, ty = segment(i32, a[f.tx], n_pre), segment(i32, a[f.ty], n_post)
    visited = a[f.counters] + counting.SYNAPTIC_UPDATES * N_PHASES
    if a[f.separable] >= 0 and i64[a[f.separable]]:
        i64[visited] += count_visits(tx, ty, on_pre, on_post, on_all)
        i32[a[f.n_rows]] = ALL_ROWS
        return
    visits, n_rows, n_columns = list_visits(tx, ty, on_pre, on_post, on_all, rows, columns)
    i64[visited] += visits
    i32[a[f.n_rows]], i32[a[f.n_columns]] = n_rows, n_columns
    if i32[a[f.within_limits]] == 0:  # every synapse is brought within its limits
        i32[a[f.n_rows]] = ALL_ROWS


@kernel_part
def count_traces(a, i32, i64):  # type: ignore[no-untyped-def]
    """Count the traces that changed since this was called last."""
    f = _LEARNED
    n_x, n_y = N_X * a[f.n_pre], N_Y * a[f.n_post]
    before = segment(i32, a[f.traces_before], n_x + n_y)
    changes = count_changes(segment(i32, a[f.x], n_x), before[:n_x])
    changes += count_changes(segment(i32, a[f.y], n_y), before[n_x:])
    i64[a[f.counters] + counting.TRACE_UPDATES * N_PHASES] += changes


@kernel
def count_learned(a, i16, i32, i64, now):  # type: ignore[no-untyped-def]
    """Count the traces that changed in a step, and the weights that did in the last step of an epoch."""
    f = COUNT_LEARNED
    n_pre, n_post = a[f.n_pre], a[f.n_post]
    if not i32[a[f.traces_counted]]:
        count_traces(a, i32, i64)
    if now % a[f.t_epoch] != 0 or i32[a[f.weights_counted]]:
        return
    rows = segment(i32, a[f.rows], n_pre)
    if i32[a[f.n_rows]] == ALL_ROWS:
        for i in range(n_pre):
            rows[i] = i
        i32[a[f.n_rows]], i32[a[f.n_columns]] = n_pre, 0
    i64[a[f.counters] + counting.WEIGHT_WRITES * N_PHASES] += count_writes(
        matrix(i16, a[f.weights], n_pre, n_post), matrix(i16, a[f.weights_before], n_pre, n_post),
        rows, i32[a[f.n_rows]], segment(i32, a[f.columns], n_post), i32[a[f.n_columns]],
        segment(i32, a[f.nonzeros], n_pre),
    )  # fmt: skip


@kernel
def count_sparse_epoch(a, i32, i64, now):  # type: ignore[no-untyped-def]
    """Count the stored synapses that an epoch will visit, before it learns."""
    f = COUNT_SPARSE_EPOCH
    if now % a[f.t_epoch] != 0:
        return
    n_pre, n_post, synapses = a[f.n_pre], a[f.n_post], a[f.synapses]
    products = matrix(i64, a[f.products], i64[a[f.n_products]], PRODUCT)
    on_all, on_pre, on_post = active_reach(products, decimation_active(now, a[f.t_epoch], i64[a[f.exponent]]))
    i64[a[f.counters] + counting.SYNAPTIC_UPDATES * N_PHASES] += count_stored_visits(
        segment(i32, a[f.tx], n_pre), segment(i32, a[f.ty], n_post), on_pre, on_post, on_all,
        segment(i32, a[f.starts], n_pre + 1), segment(i32, a[f.targets], synapses),
        segment(i32, a[f.alive], synapses),
    )  # fmt: skip


@kernel
def count_sparse_learned(a, i32, i64, now):  # type: ignore[no-untyped-def]
    """Count the traces that changed in a step, and in the last step of an epoch what became of stored synapses."""
    f = COUNT_SPARSE_LEARNED
    n_pre, synapses = a[f.n_pre], a[f.synapses]
    count_traces(a, i32, i64)
    if now % a[f.t_epoch] == 0:
        writes, effective = count_stored_writes(
            segment(i32, a[f.weights], synapses), segment(i32, a[f.weights_before], synapses),
            segment(i32, a[f.marks], synapses), segment(i32, a[f.alive], synapses),
            segment(i32, a[f.starts], n_pre + 1), segment(i32, a[f.nonzeros], n_pre),
        )  # fmt: skip
        i64[a[f.counters] + counting.WEIGHT_WRITES * N_PHASES] += writes
        i64[a[f.counters] + counting.EFFECTIVE_UPDATES * N_PHASES] += effective


def tally_spikes(asm: Assembler, node: Node, port: str) -> None:
    """Count what a source sends on an OutPort without an op of its own."""
    if asm.counting:
        count, destinations = asm.signals[node.name, port].count, asm.destinations(node, port)
        asm.counted_step(RUN, COUNT_SPIKES, node, count=count, destinations=destinations)


def tally_learning(asm: Assembler, node: Node, what: Any, known: Mapping[str, int]) -> None:
    """Emit one of the ops that count what learning does, before or after the op that learns."""
    if asm.counting:
        counters = asm.variables[node.name, "counters"].slot.offset + UPDATE
        asm.every_step(LEARN, what, known, counters=counters)


def update_counter(asm: Assembler, node: Node, counter: int) -> int:
    """Offset (i64) of what a counter of a node says of learning; of a scratch where nothing counts."""
    if not asm.counting:
        return asm.scratch(1, "i64")
    return asm.variables[node.name, "counters"].slot.offset + counter * N_PHASES + UPDATE

"""Kernels that are read error by error and learn spike by spike: those of a position's own, and those of groups."""

from __future__ import annotations

import numpy as np

from lava_ed.engine.op import each, number, op, reads, updates, writes
from lava_ed.kernels import counting
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.counting import ALL_COUNTERS, BACKWARD, UPDATE
from lava_ed.kernels.loihi.add_count import add_count
from lava_ed.kernels.loihi.conv_tables import AT
from lava_ed.kernels.loihi.convolution import apply_sums, count_errors, scatter_errors, sum_taps, turn_weights
from lava_ed.kernels.views import segment

CONV_BACKWARD = op(
    "conv_backward", "maps", n_pre=number(), n_post=number(), n_weights=number(), n_table=number(),
    table=reads("i32", "n_table"), n_turned=number(), turned=reads("i8", "n_turned"), n_errors=reads("i32"),
    errors=reads("i32", "n_post"), delta=reads("i32", "n_post"), error_shift=number(), e_buff=updates("i32", "n_pre"),
    live_e=updates("i32"), counters=updates("i64", ALL_COUNTERS), overflows=updates("i64"),
    inside=number("0: after the window, only clear"),
)  # fmt: skip


@kernel
def conv_backward(a, i8, i32, i64) -> np.int64:  # type: ignore[no-untyped-def]
    """Read the same synapses backwards: errors into e_buff."""
    f = CONV_BACKWARD
    e_buff, n_errors = segment(i32, a[f.e_buff], a[f.n_pre]), i32[a[f.n_errors]]
    if n_errors == 0 or a[f.inside] == 0:
        if i32[a[f.live_e]]:
            e_buff[:] = 0
            i32[a[f.live_e]] = 0
        return np.int64(0)
    synops, overflows = scatter_errors(
        segment(i8, a[f.turned], a[f.n_turned]), segment(i32, a[f.table], a[f.n_table]),
        segment(i32, a[f.errors], a[f.n_post]), n_errors, segment(i32, a[f.delta], a[f.n_post]), a[f.error_shift],
        e_buff,
    )  # fmt: skip
    i32[a[f.live_e]] = 1
    add_count(i64, a[f.counters] + BACKWARD, counting.GRADED_SYNOPS, synops)
    i64[a[f.overflows]] += overflows
    return np.int64(overflows)


CONV_LEARN = op(
    "conv_learn", "maps", n_pre=number(), n_post=number(), n_weights=number(), rows=number(), n_table=number(),
    table=reads("i32", "n_table"), weights=updates("i8", "n_weights"), nonzeros=updates("i32", "rows"),
    tag=updates("i16", "n_weights"), sums=updates("i32", "n_weights"), n_live=number("h_out·(w_out + 1)"),
    live=writes("i32", "n_live"), **each(reads("i32"), "x0_count", "n_errors", "rate_mantissa", "rate_shift"),
    x0_list=reads("i32", "n_pre"), x1=reads("i32", "n_pre"), errors=reads("i32", "n_post"),
    delta=reads("i32", "n_post"), counters=updates("i64", ALL_COUNTERS), n_turned=number(),
    turned=writes("i8", "n_turned", optional=True),
)  # fmt: skip


@kernel
def conv_learn(a, i8, i16, i32, i64):  # type: ignore[no-untyped-def]
    """At a sample's end: sum the products of each tap, and bring the sums into the weights."""
    f = CONV_LEARN
    n_errors, count = i32[a[f.n_errors]], i32[a[f.x0_count]]
    if n_errors == 0 or count == 0:
        return
    tables, c, n_weights = segment(i32, a[f.table], a[f.n_table]), a[f.counters] + UPDATE, a[f.n_weights]
    errors, live = segment(i32, a[f.errors], a[f.n_post]), segment(i32, a[f.live], a[f.n_live])
    count_errors(tables, errors, n_errors, live)
    events, sums = segment(i32, a[f.x0_list], a[f.n_pre]), segment(i32, a[f.sums], n_weights)
    products = sum_taps(
        tables, events, count, segment(i32, a[f.x1], a[f.n_pre]), segment(i32, a[f.delta], a[f.n_post]), live, sums
    )
    w8, tag = segment(i8, a[f.weights], n_weights), segment(i16, a[f.tag], n_weights)
    nonzeros, rows = segment(i32, a[f.nonzeros], a[f.rows]), a[f.rows]
    columns = n_weights // rows
    rate = i32[a[f.rate_mantissa]], i32[a[f.rate_shift]]
    if tables[AT.shared]:
        add_count(i64, c, counting.HOST_OPS, products + n_weights)
        add_count(i64, c, counting.SYNAPTIC_UPDATES, n_weights)
        effective, written = apply_sums(w8, tag, sums, nonzeros, 0, rows, columns, rate[0], rate[1])
    else:
        area, effective, written = tables[AT.kernel] * tables[AT.kernel], np.int32(0), np.int32(0)
        add_count(i64, c, counting.SYNAPTIC_UPDATES, count * area * columns)
        for k in range(count):
            some, moved = apply_sums(w8, tag, sums, nonzeros, events[k] * area, area, columns, rate[0], rate[1])
            effective, written = np.int32(effective + some), np.int32(written + moved)
    add_count(i64, c, counting.TRACE_UPDATES, n_errors)
    add_count(i64, c, counting.EFFECTIVE_UPDATES, effective)
    add_count(i64, c, counting.WEIGHT_WRITES, written)
    if a[f.turned] >= 0 and written:
        turn_weights(w8, tables, segment(i8, a[f.turned], a[f.n_turned]))

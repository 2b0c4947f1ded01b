"""Shared kernels that learn once a sample, read by the windows of their outputs, as `conv_windows` of the kernels does.

Their weights and carries lie in rows of an output channel.  The Vars lie as spikes read them one by one, and are made
from those rows where a net runs step by step, or somebody reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lava_ed.engine.memory import Memory, Slot
from lava_ed.engine.op import each, number, op, reads, updates, writes
from lava_ed.kernels import counting
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.counting import ALL_COUNTERS, BACKWARD, COUNTING, UPDATE
from lava_ed.kernels.loihi.add_count import add_count
from lava_ed.kernels.loihi.conv_counts import count_weights, count_windows, spread_taps
from lava_ed.kernels.loihi.conv_windows import (
    SLACK,
    by_channel,
    learn_windows,
    pack_weights,
    pad_map,
    read_back,
    sizes_of,
    store_weights,
)
from lava_ed.kernels.views import segment
from lava_ed.network.layers import window_order

if TYPE_CHECKING:
    from lava_ed.engine.assembler import Assembler
    from lava_ed.engine.families.plastic_conv import PlasticConvNode

CONV_READ_BACK = op(
    "conv_read_back", "maps", n_pre=number(), n_post=number(), n_table=number(), table=reads("i32", "n_table"),
    n_rows=number("of weights, and SLACK"), rows8=reads("i8", "n_rows"), channels=number(),
    row_nonzeros=reads("i32", "channels"), n_errors=reads("i32"), delta=reads("i32", "n_post"),
    origins=writes("i32", "n_post"), factors=writes("i32", "n_post"), n_window=number("values, and SLACK"),
    sums=writes("i32", "n_window"),
    n_padded=number("values of the padded map"), padded=writes("i32", "n_padded"), error_shift=number(),
    e_buff=updates("i32", "n_pre"), live_e=updates("i32"), counters=updates("i64", ALL_COUNTERS),
    overflows=updates("i64"), inside=number("0: after the window, only clear"),
)  # fmt: skip


@kernel
def conv_read_back(a, i8, i32, i64) -> np.int64:  # type: ignore[no-untyped-def]
    """Read the synapses backwards, as `conv_backward` does: errors into e_buff."""
    f = CONV_READ_BACK
    e_buff = segment(i32, a[f.e_buff], a[f.n_pre])
    if i32[a[f.n_errors]] == 0 or a[f.inside] == 0:
        if i32[a[f.live_e]]:
            e_buff[:] = 0
            i32[a[f.live_e]] = 0
        return np.int64(0)
    n_post = a[f.n_post]
    synops, overflows = read_back(
        segment(i8, a[f.rows8], a[f.n_rows]), segment(i32, a[f.row_nonzeros], a[f.channels]),
        segment(i32, a[f.table], a[f.n_table]), segment(i32, a[f.delta], n_post), segment(i32, a[f.origins], n_post),
        segment(i32, a[f.factors], n_post), segment(i32, a[f.sums], a[f.n_window]),
        segment(i32, a[f.padded], a[f.n_padded]), a[f.error_shift], e_buff,
    )  # fmt: skip
    i32[a[f.live_e]] = 1
    add_count(i64, a[f.counters] + BACKWARD, counting.GRADED_SYNOPS, synops)
    i64[a[f.overflows]] += overflows
    return np.int64(overflows)


CONV_LEARN_WINDOWS = op(
    "conv_learn_windows", "maps", n_pre=number(), n_post=number(), n_table=number(), table=reads("i32", "n_table"),
    n_weights=number(), n_rows=number("of weights, and SLACK"), rows8=updates("i8", "n_rows"),
    carries=updates("i16", "n_weights"), n_window=number("values, and SLACK"), sums=writes("i32", "n_window"),
    channels=number(), row_nonzeros=updates("i32", "channels"), ends=writes("i32", "channels"),
    n_taps=number("of all input channels"), taps=writes("i32", "n_taps"), n_packed=number("bytes"),
    packed=writes("i8", "n_packed"), **each(writes("i32", "n_post"), "origins", "factors", "split"),
    n_padded=number("values of the padded map"), padded=writes("i32", "n_padded"), n_places=number("of the padded map"),
    places=writes("i32", "n_places"), across=writes("i32", "n_places"), fan_out=writes("i32", "n_padded"),
    positions=number(), windows=writes("i32", "positions"), corners=reads("i32", "positions"),
    **each(reads("i32"), "x0_count", "n_errors", "rate_mantissa", "rate_shift", "stepwise"), x1=reads("i32", "n_pre"),
    errors=reads("i32", "n_post"), delta=reads("i32", "n_post"), counters=updates("i64", ALL_COUNTERS),
    stale=writes("i32"), rows=number(), weights=writes("i8", "n_weights"), tag=writes("i16", "n_weights"),
    nonzeros=writes("i32", "rows"),
)  # fmt: skip


@kernel
def conv_learn_windows(a, i8, i16, i32, i64):  # type: ignore[no-untyped-def]
    """At a sample's end: sum the products of each tap, and bring the sums into the weights."""
    f = CONV_LEARN_WINDOWS
    n_errors = i32[a[f.n_errors]]
    if n_errors == 0 or i32[a[f.x0_count]] == 0:
        return
    tables, c, n_post = segment(i32, a[f.table], a[f.n_table]), a[f.counters] + UPDATE, a[f.n_post]
    x, errors = segment(i32, a[f.padded], a[f.n_padded]), segment(i32, a[f.errors], n_post)
    ends, factors = segment(i32, a[f.ends], a[f.channels]), segment(i32, a[f.factors], n_post)
    origins = segment(i32, a[f.origins], n_post)
    x[:] = 0
    pad_map(tables, segment(i32, a[f.x1], a[f.n_pre]), x)
    windows = segment(i32, a[f.windows], a[f.positions])
    if COUNTING:
        places, across = segment(i32, a[f.places], a[f.n_places]), segment(i32, a[f.across], a[f.n_places])
        count_windows(segment(i32, a[f.x1], a[f.n_pre]), tables, places, across, windows)
    products = by_channel(
        tables, segment(i32, a[f.corners], a[f.positions]), windows, errors, n_errors,
        segment(i32, a[f.delta], n_post), segment(i32, a[f.split], n_post), ends, origins, factors,
    )  # fmt: skip
    add_count(i64, c, counting.HOST_OPS, products + a[f.n_weights])
    add_count(i64, c, counting.SYNAPTIC_UPDATES, a[f.n_weights])
    rows8, carries = segment(i8, a[f.rows8], a[f.n_rows]), segment(i16, a[f.carries], a[f.n_weights])
    effective, written = learn_windows(
        rows8, carries, segment(i32, a[f.sums], a[f.n_window]), segment(i32, a[f.row_nonzeros], a[f.channels]), tables,
        x, ends, origins, factors, i32[a[f.rate_mantissa]], i32[a[f.rate_shift]],
        segment(i8, a[f.packed], a[f.n_packed]),
    )  # fmt: skip
    if COUNTING and written:
        taps = segment(i32, a[f.taps], a[f.n_taps])
        count_weights(rows8, tables, taps)
        spread_taps(taps, tables, segment(i32, a[f.fan_out], a[f.n_padded]))
    i32[a[f.stale]] = 1
    if i32[a[f.stepwise]]:
        store_weights(
            rows8, carries, tables, segment(i8, a[f.weights], a[f.n_weights]), segment(i16, a[f.tag], a[f.n_weights]),
            segment(i32, a[f.nonzeros], a[f.rows]),
        )  # fmt: skip
        i32[a[f.stale]] = 0
    add_count(i64, c, counting.TRACE_UPDATES, n_errors)
    add_count(i64, c, counting.EFFECTIVE_UPDATES, effective)
    add_count(i64, c, counting.WEIGHT_WRITES, written)


CONV_SHOW_WEIGHTS = op(
    "conv_show_weights", "maps", n_table=number(), table=reads("i32", "n_table"), n_weights=number(),
    n_rows=number("of weights, and SLACK"), rows8=reads("i8", "n_rows"), carries=reads("i16", "n_weights"),
    stepwise=writes("i32"), stale=updates("i32"), rows=number(), weights=writes("i8", "n_weights"),
    tag=writes("i16", "n_weights"), nonzeros=writes("i32", "rows"),
)  # fmt: skip


@kernel
def conv_show_weights(a, i8, i16, i32):  # type: ignore[no-untyped-def]
    """At the start of a sample that runs step by step, which a jump is not: the Vars are up to date from here on."""
    f = CONV_SHOW_WEIGHTS
    i32[a[f.stepwise]] = 1
    if i32[a[f.stale]]:
        i32[a[f.stale]] = 0
        store_weights(
            segment(i8, a[f.rows8], a[f.n_rows]), segment(i16, a[f.carries], a[f.n_weights]),
            segment(i32, a[f.table], a[f.n_table]), segment(i8, a[f.weights], a[f.n_weights]),
            segment(i16, a[f.tag], a[f.n_weights]), segment(i32, a[f.nonzeros], a[f.rows]),
        )  # fmt: skip


def declare_windows(
    node: PlasticConvNode, asm: Assembler, weights: Slot, nonzeros: Slot, tag: Slot, tables: Slot
) -> None:
    """Reserve the rows of weights and what is derived from them, and keep both forms of the weights together."""
    at, (source, channels), n = node.at, (node.geometry.source, node.geometry.shape.channels), weights.size
    kernel, padding = node.geometry.kernel, node.geometry.padding
    at["n_padded"], at["n_packed"] = sizes_of(source, channels, kernel, padding)
    at.update(n_rows=n + SLACK, channels=channels, n_taps=kernel**2 * source.channels)
    rows8, carries = asm.memory.allocate("i8", (at["n_rows"],)), asm.memory.allocate("i16", (n,))
    packed, taps = asm.memory.allocate("i8", (at["n_packed"],)), asm.memory.allocate("i32", (at["n_taps"],))
    row_nonzeros, stale = asm.memory.allocate("i32", (channels,)), asm.memory.allocate("i32", (1,))
    at.update(rows8=rows8.offset, carries=carries.offset, packed=packed.offset, taps=taps.offset, stale=stale.offset)
    at.update(row_nonzeros=row_nonzeros.offset, stepwise=asm.scratch(1), ends=asm.scratch(channels))
    at.update({name: asm.scratch(at["n_post"]) for name in ("origins", "factors", "split")})
    at.update({name: asm.scratch(at["n_padded"]) for name in ("padded", "fan_out")})
    at["n_places"] = (source.height + 2 * padding) * (source.width + 2 * padding)
    at.update({name: asm.scratch(at["n_places"]) for name in ("places", "across")})
    at.update(inputs8=asm.memory.allocate("i8", (at["n_padded"],)).offset, n_window=at["n_taps"] + SLACK)
    at["sums"] = asm.scratch(at["n_window"])
    at["windows"] = asm.scratch(at["positions"])
    corners = node.geometry.corners
    at["corners"] = asm.memory.allocate("i32", corners.shape, corners).offset
    order, fan_out = window_order(node.geometry), Slot("i32", at["fan_out"], (at["n_padded"],))

    def take_weights(memory: Memory) -> None:
        """Rows of an output channel, what is counted of them, and the bytes of the forward sums."""
        stored, table = memory.view(rows8), memory.view(tables)
        stored[order] = memory.view(weights).reshape(-1)
        memory.view(row_nonzeros)[:] = np.count_nonzero(stored[:n].reshape(channels, -1), axis=1)
        count_weights(stored, table, memory.view(taps))
        spread_taps(memory.view(taps), table, memory.view(fan_out))
        for channel in range(channels):
            pack_weights(stored, table, channel, memory.view(packed))

    def take_carries(memory: Memory) -> None:
        """Carries in the same order."""
        memory.view(carries)[order] = memory.view(tag).reshape(-1)

    def show(memory: Memory) -> None:
        """Bring the Vars up to date."""
        if memory.view(stale)[0]:
            memory.view(weights).reshape(-1)[:] = memory.view(rows8)[order]
            memory.view(tag).reshape(-1)[:] = memory.view(carries)[order]
            memory.view(nonzeros)[:] = np.count_nonzero(memory.view(weights), axis=1)
            memory.view(stale)[0] = 0

    asm.follow(node, ("weights",), take_weights)
    asm.follow(node, ("tag_1",), take_carries)
    for name in ("weights", "tag_1"):
        asm.before_read(node, name, show)

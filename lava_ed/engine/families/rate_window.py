"""The forward window of an MPD-ED sample in one go, where inputs spike at a rate."""

from __future__ import annotations

from typing import Final

from lava_ed.engine.families.aft_lif import AFTLIF_FORWARD, aftlif_forward
from lava_ed.engine.families.encoder import ENCODER_SPIKES
from lava_ed.engine.families.plastic_dense import DENSE_FORWARD, X1_COUNTS, dense_forward
from lava_ed.engine.families.readout import readout_accumulate
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.counting import FORWARD, SYNOPS, TRACE_UPDATES, UPDATE
from lava_ed.kernels.loihi.add_count import add_count, add_spikes
from lava_ed.kernels.loihi.rate_window import note_rates, sum_groups, sum_rates
from lava_ed.kernels.views import matrix, segment

AT_A_RATE: Final = 0
"""Second entry of a plan's first row where inputs spike at a rate."""


@kernel
def jump_rates(ops, plan, i8, i32, i64):  # type: ignore[no-untyped-def]
    """From the samples loaded at phase 0 to the beginning of phase E = W + T − 1, which is returned.

    Layer l takes its step t in phase l + t, and needs of other layers only what l − 1 sent in their step t; so all
    layers take step t before any takes t + 1.
    """
    f, g, h = ENCODER_SPIKES, DENSE_FORWARD, AFTLIF_FORWARD
    e, d = ops[plan[0, 0]], ops[plan[1, 0]]
    n, steps, last = e[f.n], e[f.steps], plan.shape[0] - 1
    order, starts = segment(i32, e[f.order], n), segment(i32, e[f.starts], e[f.values] + 1)
    groups = matrix(i32, d[g.groups], steps + 1, d[g.n_post])
    a_buff = segment(i32, d[g.a_buff], d[g.n_post])
    sum_groups(matrix(i8, d[g.weights], n, d[g.n_post]), order, starts, steps, groups)
    live = 0
    for t in range(steps):
        live = sum_rates(groups, starts, steps, t, d[g.weight_exponent], a_buff)
        i32[d[g.live_a]] = live > 0
        for layer in range(1, last + 1):
            if layer > 1:
                dense_forward(ops[plan[layer, 0]], i8, i32, i64, layer - 1 + t)
            if layer < last:
                aftlif_forward(ops[plan[layer, 1]], i32, i64, layer + t)
            elif t < steps - 1:
                readout_accumulate(ops[plan[layer, 1]], i32, i64)
    # What the layers do in the step after their window, except the last, which has it in phase E.
    for layer in range(1, last):
        a = ops[plan[layer, 0]]
        segment(i32, a[g.a_buff], a[g.n_post])[:] = 0
        i32[a[g.live_a]] = 0
        if layer + 1 < last:
            i32[ops[plan[layer, 1], h.count]] = 0
    i32[e[f.count]] = 0
    listed, x0, x1 = segment(i32, d[g.x0_list], n), segment(i32, d[g.x0], n), segment(i32, d[g.x1], n)
    counts = d[g.with_x1] == X1_COUNTS
    noted, spikes, synops = note_rates(
        order, starts, steps, segment(i32, d[g.nonzeros], n), counts, listed, x0, x1
    )  # fmt: skip
    add_spikes(i64, e[f.counters] + FORWARD, spikes, e[f.destinations])
    add_count(i64, d[g.counters] + FORWARD, SYNOPS, synops)
    if counts:
        i32[d[g.x0_count]] = noted
        add_count(i64, d[g.counters] + UPDATE, TRACE_UPDATES, spikes)
    return last + steps - 1

"""The forward windows of an STD-ED sample in one go, layer by layer."""

from __future__ import annotations

from lava_ed.engine.families.aft_if import AFTIF_FIRE, AFTIF_INTEGRATE
from lava_ed.engine.families.encoder import ENCODER_SPIKES
from lava_ed.engine.families.plastic_dense import DENSE_FORWARD
from lava_ed.engine.families.rate_window import AT_A_RATE, jump_rates
from lava_ed.kernels._jit import inlined_kernel
from lava_ed.kernels.counting import FORWARD, NEURON_ACTIVE, SYNOPS, TRACE_UPDATES, UPDATE
from lava_ed.kernels.loihi.add_count import add_count, add_spikes
from lava_ed.kernels.loihi.encoding import sort_values
from lava_ed.kernels.loihi.neuron import threshold_of_step
from lava_ed.kernels.loihi.window import fire_window, integrate_window, note_window
from lava_ed.kernels.views import matrix, segment


@inlined_kernel
def window_forward(d, g, order, starts, steps, updates, i8, i32, i64):  # type: ignore[no-untyped-def]
    """What `dense_forward` and `aftif_integrate` do in a window; d and g are rows of these ops."""
    f, h = DENSE_FORWARD, AFTIF_INTEGRATE
    n_pre, n_post = d[f.n_pre], d[f.n_post]
    active, synops, last = integrate_window(
        matrix(i8, d[f.weights], n_pre, n_post), segment(i32, d[f.nonzeros], n_pre), order, starts, steps, updates,
        d[f.weight_exponent], segment(i32, d[f.a_buff], n_post), segment(i32, g[h.u], n_post),
        segment(i32, g[h.v], n_post),
    )  # fmt: skip
    i32[d[f.live_a]] = updates < steps and last > 0
    add_count(i64, d[f.counters] + FORWARD, SYNOPS, synops)
    add_count(i64, g[h.counters] + FORWARD, NEURON_ACTIVE, active)
    if d[f.with_x1]:
        x0_list, x0, x1 = segment(i32, d[f.x0_list], n_pre), segment(i32, d[f.x0], n_pre), segment(i32, d[f.x1], n_pre)
        n = note_window(order, starts, steps, x0_list, x0, x1)
        i32[d[f.x0_count]] = n
        add_count(i64, d[f.counters] + UPDATE, TRACE_UPDATES, n)


@inlined_kernel
def window_fire(d, a, order, starts, steps, i8, i32, i64):  # type: ignore[no-untyped-def]
    """What `aftif_fire` does in a window, and the neurons sorted for the next layer; d is a row of `dense_forward`."""
    f, g = DENSE_FORWARD, AFTIF_FIRE
    n = a[g.n]
    x = segment(i32, a[g.x], n)
    spikes, newly_active = fire_window(
        matrix(i8, d[f.weights], d[f.n_pre], d[f.n_post]), order, starts, d[f.weight_exponent],
        segment(i32, a[g.u], n), segment(i32, a[g.v], n), threshold_of_step(i32[a[g.threshold_step]]), steps, x,
    )  # fmt: skip
    sort_values(x, segment(i32, a[g.order], n), segment(i32, a[g.starts], steps + 2))
    i32[a[g.count]] = 0
    c = a[g.counters] + FORWARD
    add_count(i64, c, NEURON_ACTIVE, newly_active)
    add_spikes(i64, c, spikes, a[g.destinations])


@inlined_kernel
def jump_windows(ops, plan, i8, i32, i64):  # type: ignore[no-untyped-def]
    """From the samples loaded at phase 0 to phase W·T, with the same state and counters; returns the phase.

    Parameters
    ----------
    ops : int64
        Op table.
    plan : int64 (W + 1, 3)
        Rows of the table: (encoder, −1, −1), then (dense, integrate, fire) of each layer; no fire for the last.  Or
        (encoder, AT_A_RATE, −1) where inputs spike at a rate: `jump_rates` takes it.
    """
    if plan[0, 1] == AT_A_RATE:
        return jump_rates(ops, plan, i8, i32, i64)
    f, g = ENCODER_SPIKES, AFTIF_FIRE
    e = ops[plan[0, 0]]
    n, steps = e[f.n], e[f.steps]
    order, starts = segment(i32, e[f.order], n), segment(i32, e[f.starts], e[f.values] + 1)
    add_spikes(i64, e[f.counters] + FORWARD, n - starts[1], e[f.destinations])
    i32[e[f.count]] = 0
    last = plan.shape[0] - 1
    for layer in range(1, last + 1):
        d = ops[plan[layer, 0]]
        window_forward(d, ops[plan[layer, 1]], order, starts, steps, steps - (layer == last), i8, i32, i64)
        if layer < last:
            a = ops[plan[layer, 2]]
            window_fire(d, a, order, starts, steps, i8, i32, i64)
            order, starts = segment(i32, a[g.order], a[g.n]), segment(i32, a[g.starts], steps + 2)
    return last * steps


@inlined_kernel
def quiet(ops, plan, i32):  # type: ignore[no-untyped-def]
    """Whether no synapse has a message under way, which only a write to its Var leaves at a sample's start."""
    waiting = 0
    for layer in range(1, plan.shape[0]):
        waiting += i32[ops[plan[layer, 0], DENSE_FORWARD.live_a]] != 0
    return waiting == 0

"""The forward windows of an STD-ED sample in one go, layer by layer."""

from __future__ import annotations

from lava_ed.kernels._jit import inlined_kernel
from lava_ed.kernels.counted import add_count
from lava_ed.kernels.counting import (
    FORWARD,
    N_PHASES,
    NEURON_ACTIVE,
    SPIKE_MESSAGES,
    SPIKES,
    SYNOPS,
    TRACE_UPDATES,
    UPDATE,
)
from lava_ed.kernels.encoding import sort_values
from lava_ed.kernels.neuron import threshold_of_step
from lava_ed.kernels.views import matrix, segment
from lava_ed.kernels.window import fire_window, integrate_window, note_window


@inlined_kernel
def window_forward(d, g, order, starts, steps, updates, i8, i32, i64):  # type: ignore[no-untyped-def]
    """What `dense_forward` and `aftif_integrate` do in a window; columns d and g are theirs."""
    n_pre, n_post = d[1], d[2]
    active, synops, last = integrate_window(
        matrix(i8, d[3], n_pre, n_post), segment(i32, d[4], n_pre), order, starts, steps,
        updates, d[8], segment(i32, d[9], n_post), segment(i32, g[3], n_post), segment(i32, g[4], n_post),
    )  # fmt: skip
    i32[d[10]] = updates < steps and last > 0
    add_count(i64, d[11] + SYNOPS * N_PHASES + FORWARD, synops)
    add_count(i64, g[5] + NEURON_ACTIVE * N_PHASES + FORWARD, active)
    if d[12]:
        n = note_window(
            order, starts, steps, segment(i32, d[16], n_pre), segment(i32, d[17], n_pre), segment(i32, d[18], n_pre)
        )
        i32[d[15]] = n
        add_count(i64, d[11] + TRACE_UPDATES * N_PHASES + UPDATE, n)


@inlined_kernel
def window_fire(d, f, order, starts, steps, i8, i32, i64):  # type: ignore[no-untyped-def]
    """What `aftif_fire` does in a window, and the neurons sorted for the next layer; columns d and f as of the ops."""
    n = f[1]
    x = segment(i32, f[4], n)
    spikes, newly_active = fire_window(
        matrix(i8, d[3], d[1], d[2]), order, starts, d[8],
        segment(i32, f[2], n), segment(i32, f[3], n), threshold_of_step(i32[f[5]]), steps, x,
    )  # fmt: skip
    sort_values(x, segment(i32, f[12], n), segment(i32, f[13], steps + 2))
    i32[f[8]] = 0
    c = f[10] + FORWARD
    add_count(i64, c + NEURON_ACTIVE * N_PHASES, newly_active)
    add_count(i64, c + SPIKES * N_PHASES, spikes)
    add_count(i64, c + SPIKE_MESSAGES * N_PHASES, spikes * f[11])


@inlined_kernel
def jump_windows(ops, plan, i8, i32, i64):  # type: ignore[no-untyped-def]
    """From the samples loaded at phase 0 to the end of phase W·T − 1, with the same state and counters.

    Parameters
    ----------
    ops : int64
        Op table.
    plan : int64 (W + 1, 3)
        Rows of the table: (encoder, −1, −1), then (dense, integrate, fire) of each layer; no fire for the last.
    """
    e = ops[plan[0, 0]]
    n, steps = e[1], e[3]
    order, starts = segment(i32, e[7], n), segment(i32, e[8], e[15] + 1)
    spikes = n - starts[1]
    add_count(i64, e[12] + FORWARD + SPIKES * N_PHASES, spikes)
    add_count(i64, e[12] + FORWARD + SPIKE_MESSAGES * N_PHASES, spikes * e[13])
    i32[e[9]] = 0
    last = plan.shape[0] - 1
    for layer in range(1, last + 1):
        d, g = ops[plan[layer, 0]], ops[plan[layer, 1]]
        window_forward(d, g, order, starts, steps, steps - (layer == last), i8, i32, i64)
        if layer < last:
            f = ops[plan[layer, 2]]
            window_fire(d, f, order, starts, steps, i8, i32, i64)
            order, starts = segment(i32, f[12], f[1]), segment(i32, f[13], steps + 2)


@inlined_kernel
def quiet(ops, plan, i32):  # type: ignore[no-untyped-def]
    """Whether no synapse has a message under way, which only a write to its Var leaves at a sample's start."""
    waiting = 0
    for layer in range(1, plan.shape[0]):
        waiting += i32[ops[plan[layer, 0], 10]] != 0
    return waiting == 0

"""The forward windows of an STD-ED sample with convolutions, layer by layer, as `window` has those of dense layers."""

from __future__ import annotations

from lava_ed.engine.families.aft_if import AFTIF_FIRE
from lava_ed.engine.families.aft_if_map import MAP_FIRE, MAP_INTEGRATE, map_window_fire
from lava_ed.engine.families.encoder import ENCODER_SPIKES
from lava_ed.engine.families.plastic_conv import CONV_FORWARD_SPIKES, conv_window
from lava_ed.engine.families.plastic_dense import DENSE_FORWARD
from lava_ed.engine.families.window import window_fire, window_forward
from lava_ed.engine.loops import codes
from lava_ed.engine.op import CODE
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.counting import FORWARD, NEURON_ACTIVE
from lava_ed.kernels.loihi.add_count import add_count, add_spikes
from lava_ed.kernels.views import segment


@kernel
def jump_maps(ops, plan, i8, i32, i64):  # type: ignore[no-untyped-def]
    """Do as `window.jump_windows`, where layers may be convolutions."""
    f, g, m = ENCODER_SPIKES, AFTIF_FIRE, MAP_FIRE
    e = ops[plan[0, 0]]
    n, steps = e[f.n], e[f.steps]
    order, starts = segment(i32, e[f.order], n), segment(i32, e[f.starts], e[f.values] + 1)
    add_spikes(i64, e[f.counters] + FORWARD, n - starts[1], e[f.destinations])
    i32[e[f.count]] = 0
    last = plan.shape[0] - 1
    for layer in range(1, last + 1):
        d, neurons = ops[plan[layer, 0]], ops[plan[layer, 1]]
        if d[CODE] == codes.CONV_FORWARD_SPIKES:
            h, a = MAP_INTEGRATE, ops[plan[layer, 2]]
            active = conv_window(d, segment(i32, neurons[h.v], neurons[h.n]), i8, i32, i64)
            add_count(i64, neurons[h.counters] + FORWARD, NEURON_ACTIVE, active)
            map_window_fire(a, i32, i64)
            order, starts = segment(i32, a[m.order], a[m.squares]), segment(i32, a[m.starts], steps + 2)
        else:
            window_forward(d, neurons, order, starts, steps, steps - (layer == last), i8, i32, i64)
            if layer < last:
                a = ops[plan[layer, 2]]
                window_fire(d, a, order, starts, steps, i8, i32, i64)
                order, starts = segment(i32, a[g.order], a[g.n]), segment(i32, a[g.starts], steps + 2)
    return last * steps


@kernel
def quiet_maps(ops, plan, i32):  # type: ignore[no-untyped-def]
    """Whether no synapse has a message under way, which only a write to its Var leaves at a sample's start."""
    waiting = 0
    for layer in range(1, plan.shape[0]):
        d = ops[plan[layer, 0]]
        live = d[CONV_FORWARD_SPIKES.live_a] if d[CODE] == codes.CONV_FORWARD_SPIKES else d[DENSE_FORWARD.live_a]
        waiting += i32[live] != 0
    return waiting == 0

"""The loop of nets with convolutions. Made by tools/make_loops.py: do not edit."""

from __future__ import annotations

from lava_ed.engine.families.aft_if import aftif_reset
from lava_ed.engine.families.aft_if_map import map_backward, map_clear, map_fire, map_integrate, map_reset
from lava_ed.engine.families.aft_lif import aftlif_reset
from lava_ed.engine.families.aft_lif_map import lif_map_forward, lif_map_replay, lif_map_reset
from lava_ed.engine.families.conv_spikes import conv_backward, conv_learn
from lava_ed.engine.families.conv_windows import conv_learn_windows, conv_read_back, conv_show_weights
from lava_ed.engine.families.dense import spikes_forward
from lava_ed.engine.families.encoder import encoder_load, label
from lava_ed.engine.families.inputs import join_clear, join_events, join_list, join_vector
from lava_ed.engine.families.lif import lif_step
from lava_ed.engine.families.map_window import jump_maps, quiet_maps
from lava_ed.engine.families.monitor import monitor
from lava_ed.engine.families.plastic_conv import conv_forward_spikes, conv_reset
from lava_ed.engine.families.plastic_dense import dense_reset
from lava_ed.engine.families.readout import softmax_reset
from lava_ed.engine.families.ring_buffer import ring_sink, ring_source
from lava_ed.engine.loops import codes
from lava_ed.engine.loops.stock import ours_op
from lava_ed.engine.op import CLOCK, CODE, OVERFLOWS
from lava_ed.kernels._jit import kernel


@kernel
def maps_op(a, i8, i16, i32, i64, phase, progress):  # type: ignore[no-untyped-def]
    """Run an op of the group maps."""
    code = a[CODE]
    if code == codes.MAP_RESET:
        map_reset(a, i32, i64)
    elif code == codes.MAP_CLEAR:
        map_clear(a, i32)
    elif code == codes.MAP_INTEGRATE:
        progress[OVERFLOWS] += map_integrate(a, i32, i64)
    elif code == codes.MAP_FIRE:
        map_fire(a, i32, i64, phase)
    elif code == codes.MAP_BACKWARD:
        map_backward(a, i32, i64)
    elif code == codes.LIF_MAP_RESET:
        lif_map_reset(a, i32, i64)
    elif code == codes.LIF_MAP_FORWARD:
        progress[OVERFLOWS] += lif_map_forward(a, i32, i64, phase)
    elif code == codes.LIF_MAP_REPLAY:
        progress[OVERFLOWS] += lif_map_replay(a, i32, i64, phase)
    elif code == codes.CONV_BACKWARD:
        progress[OVERFLOWS] += conv_backward(a, i8, i32, i64)
    elif code == codes.CONV_LEARN:
        conv_learn(a, i8, i16, i32, i64)
    elif code == codes.CONV_READ_BACK:
        progress[OVERFLOWS] += conv_read_back(a, i8, i32, i64)
    elif code == codes.CONV_LEARN_WINDOWS:
        conv_learn_windows(a, i8, i16, i32, i64)
    elif code == codes.CONV_SHOW_WEIGHTS:
        conv_show_weights(a, i8, i16, i32)
    elif code == codes.CONV_RESET:
        conv_reset(a, i32, i64)
    elif code == codes.CONV_FORWARD_SPIKES:
        conv_forward_spikes(a, i8, i32, i64, phase)


@kernel
def run_maps(  # type: ignore[no-untyped-def]
    ops, ptr, order, plan, i8, i16, i32, i64, u8, f64, time_step, phase, steps, stop_on_overflow, predictions, progress
):
    """Run steps of our convolutions, and the core."""
    period = ptr.size - 1
    row = 0
    while row < steps:
        if phase == 0 and plan.shape[0] and steps - row >= period and quiet_maps(ops, plan, i32):
            for k in range(ptr[0], ptr[1]):
                a = ops[order[k]]
                code = a[CODE]
                if code == codes.AFTIF_RESET:
                    aftif_reset(a, i32, i64)
                elif code == codes.AFTLIF_RESET:
                    aftlif_reset(a, i32, i64)
                elif code == codes.ENCODER_LOAD:
                    encoder_load(a, i32, i64, u8)
                elif code == codes.LABEL:
                    label(a, i32, i64)
                elif code == codes.DENSE_RESET:
                    dense_reset(a, i32, i64)
                elif code == codes.SOFTMAX_RESET:
                    softmax_reset(a, i32, i64)
                elif code == codes.MAP_RESET:
                    map_reset(a, i32, i64)
                elif code == codes.CONV_RESET:
                    conv_reset(a, i32, i64)
            phase = jump_maps(ops, plan, i8, i32, i64)
            progress[CLOCK] += phase
            row += phase
        now = time_step + row + 1
        for k in range(ptr[phase], ptr[phase + 1]):
            a = ops[order[k]]
            code = a[CODE]
            if code == codes.SPIKES_FORWARD:
                spikes_forward(a, i8, i16, i32, i64)
            elif code == codes.JOIN_CLEAR:
                join_clear(a, i32)
            elif code == codes.JOIN_VECTOR:
                join_vector(a, i32)
            elif code == codes.JOIN_EVENTS:
                join_events(a, i32)
            elif code == codes.JOIN_LIST:
                join_list(a, i32)
            elif code == codes.LIF_STEP:
                lif_step(a, i16, i32, i64, now)
            elif code == codes.MONITOR:
                monitor(a, i8, i16, i32, i64, now)
            elif code == codes.RING_SOURCE:
                ring_source(a, i32, i64, now)
            elif code == codes.RING_SINK:
                ring_sink(a, i32, now)
            elif code >= codes.AFTIF_RESET and code <= codes.SOFTMAX_ERROR:
                ours_op(a, i8, i16, i32, i64, u8, phase, predictions, progress)
            elif code >= codes.MAP_RESET and code <= codes.CONV_FORWARD_SPIKES:
                maps_op(a, i8, i16, i32, i64, phase, progress)
        progress[CLOCK] += 1
        phase += 1
        if phase == period:
            phase = 0
        row += 1
        if progress[OVERFLOWS] and stop_on_overflow:
            return

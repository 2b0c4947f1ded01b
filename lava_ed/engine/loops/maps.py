"""The loop of nets with convolutions. Made by tools/make_loops.py: do not edit."""

from __future__ import annotations

from lava_ed.engine.families import (
    aft_if,
    aft_if_map,
    aft_lif,
    aft_lif_map,
    conv_spikes,
    conv_windows,
    encoder,
    map_window,
    plastic_conv,
    plastic_dense,
    readout,
)
from lava_ed.engine.loops import codes
from lava_ed.engine.loops.ours import ours_op
from lava_ed.engine.loops.stock import core_op
from lava_ed.engine.op import CLOCK, CODE, OVERFLOWS
from lava_ed.kernels._jit import inlined_source, kernel


def maps_ops(a, i8, i16, i32, i64, phase, progress):  # type: ignore[no-untyped-def]
    """Run an op of the group maps."""
    code = a[CODE]
    if code == codes.MAP_RESET:
        aft_if_map.map_reset(a, i32, i64)
    elif code == codes.MAP_CLEAR:
        aft_if_map.map_clear(a, i32)
    elif code == codes.MAP_INTEGRATE:
        progress[OVERFLOWS] += aft_if_map.map_integrate(a, i32, i64)
    elif code == codes.MAP_FIRE:
        aft_if_map.map_fire(a, i32, i64, phase)
    elif code == codes.MAP_BACKWARD:
        aft_if_map.map_backward(a, i32, i64)
    elif code == codes.LIF_MAP_RESET:
        aft_lif_map.lif_map_reset(a, i32, i64)
    elif code == codes.LIF_MAP_FORWARD:
        progress[OVERFLOWS] += aft_lif_map.lif_map_forward(a, i32, i64, phase)
    elif code == codes.LIF_MAP_REPLAY:
        progress[OVERFLOWS] += aft_lif_map.lif_map_replay(a, i32, i64, phase)
    elif code == codes.CONV_BACKWARD:
        progress[OVERFLOWS] += conv_spikes.conv_backward(a, i8, i32, i64)
    elif code == codes.CONV_LEARN:
        conv_spikes.conv_learn(a, i8, i16, i32, i64)
    elif code == codes.CONV_READ_BACK:
        progress[OVERFLOWS] += conv_windows.conv_read_back(a, i8, i32, i64)
    elif code == codes.CONV_LEARN_WINDOWS:
        conv_windows.conv_learn_windows(a, i8, i16, i32, i64)
    elif code == codes.CONV_SHOW_WEIGHTS:
        conv_windows.conv_show_weights(a, i8, i16, i32)
    elif code == codes.CONV_RESET:
        plastic_conv.conv_reset(a, i32, i64)
    elif code == codes.CONV_FORWARD_SPIKES:
        plastic_conv.conv_forward_spikes(a, i8, i32, i64, phase)


def start_ops(a, i32, i64, u8):  # type: ignore[no-untyped-def]
    """Run an op with which a sample starts."""
    code = a[CODE]
    if code == codes.AFTIF_RESET:
        aft_if.aftif_reset(a, i32, i64)
    elif code == codes.AFTLIF_RESET:
        aft_lif.aftlif_reset(a, i32, i64)
    elif code == codes.ENCODER_LOAD:
        encoder.encoder_load(a, i32, i64, u8)
    elif code == codes.LABEL:
        encoder.label(a, i32, i64)
    elif code == codes.DENSE_RESET:
        plastic_dense.dense_reset(a, i32, i64)
    elif code == codes.SOFTMAX_RESET:
        readout.softmax_reset(a, i32, i64)
    elif code == codes.MAP_RESET:
        aft_if_map.map_reset(a, i32, i64)
    elif code == codes.CONV_RESET:
        plastic_conv.conv_reset(a, i32, i64)


maps_op = kernel(maps_ops)
start_part = inlined_source(start_ops)


@kernel
def run_maps(  # type: ignore[no-untyped-def]
    ops, ptr, order, plan, i8, i16, i32, i64, u8, f64, time_step, phase, steps, stop_on_overflow, predictions, progress
):
    """Run steps of our convolutions, and the core."""
    period = ptr.size - 1
    row = 0
    while row < steps:
        if phase == 0 and plan.shape[0] and steps - row >= period and map_window.quiet_maps(ops, plan, i32):
            for k in range(ptr[0], ptr[1]):
                a = ops[order[k]]
                start_part(a, i32, i64, u8)
            phase = map_window.jump_maps(ops, plan, i8, i32, i64)
            progress[CLOCK] += phase
            row += phase
        now = time_step + row + 1
        for k in range(ptr[phase], ptr[phase + 1]):
            a = ops[order[k]]
            if a[CODE] <= codes.SOFTMAX_ERROR:
                ours_op(a, i8, i16, i32, i64, u8, phase, predictions, progress)
            elif a[CODE] <= codes.RING_SINK:
                core_op(a, i8, i16, i32, i64, now)
            else:
                maps_op(a, i8, i16, i32, i64, phase, progress)
        progress[CLOCK] += 1
        phase += 1
        if phase == period:
            phase = 0
        row += 1
        if progress[OVERFLOWS] and stop_on_overflow:
            return

"""The loop of nets of lava_ed.proc. Made by tools/make_loops.py: do not edit."""

from __future__ import annotations

from lava_ed.engine.families.aft_if import adapt, aftif_backward, aftif_fire, aftif_integrate, aftif_reset, ports
from lava_ed.engine.families.aft_lif import aftlif_forward, aftlif_replay, aftlif_reset
from lava_ed.engine.families.encoder import encoder_load, encoder_spikes, label
from lava_ed.engine.families.plastic_dense import (
    dense_apply_tag,
    dense_backward,
    dense_forward,
    dense_learn,
    dense_replay,
    dense_reset,
)
from lava_ed.engine.families.readout import readout_accumulate, softmax_error, softmax_reset
from lava_ed.engine.families.window import jump_windows, quiet
from lava_ed.engine.loops import codes
from lava_ed.engine.op import CLOCK, CODE, OVERFLOWS
from lava_ed.kernels._jit import kernel


@kernel
def run_ours(  # type: ignore[no-untyped-def]
    ops, ptr, order, plan, i8, i16, i32, i64, u8, f64, time_step, phase, steps, stop_on_overflow, predictions, progress
):
    """Run steps of nets of lava_ed.proc alone."""
    period = ptr.size - 1
    row = 0
    while row < steps:
        if phase == 0 and plan.shape[0] and steps - row >= period and quiet(ops, plan, i32):
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
            phase = jump_windows(ops, plan, i8, i32, i64)
            progress[CLOCK] += phase
            row += phase
        for k in range(ptr[phase], ptr[phase + 1]):
            a = ops[order[k]]
            code = a[CODE]
            if code == codes.AFTIF_RESET:
                aftif_reset(a, i32, i64)
            elif code == codes.AFTIF_INTEGRATE:
                progress[OVERFLOWS] += aftif_integrate(a, i32, i64, phase)
            elif code == codes.AFTIF_FIRE:
                aftif_fire(a, i32, i64, phase)
            elif code == codes.AFTIF_BACKWARD:
                aftif_backward(a, i32, i64)
            elif code == codes.PORTS:
                ports(a, i32, i64, phase)
            elif code == codes.ADAPT:
                adapt(a, i32, i64)
            elif code == codes.AFTLIF_RESET:
                aftlif_reset(a, i32, i64)
            elif code == codes.AFTLIF_FORWARD:
                progress[OVERFLOWS] += aftlif_forward(a, i32, i64, phase)
            elif code == codes.AFTLIF_REPLAY:
                progress[OVERFLOWS] += aftlif_replay(a, i32, i64, phase)
            elif code == codes.ENCODER_LOAD:
                encoder_load(a, i32, i64, u8)
            elif code == codes.ENCODER_SPIKES:
                encoder_spikes(a, i32, i64, phase)
            elif code == codes.LABEL:
                label(a, i32, i64)
            elif code == codes.DENSE_RESET:
                dense_reset(a, i32, i64)
            elif code == codes.DENSE_FORWARD:
                dense_forward(a, i8, i32, i64, phase)
            elif code == codes.DENSE_REPLAY:
                dense_replay(a, i32, i64)
            elif code == codes.DENSE_BACKWARD:
                progress[OVERFLOWS] += dense_backward(a, i8, i32, i64)
            elif code == codes.DENSE_LEARN:
                dense_learn(a, i8, i16, i32, i64, phase)
            elif code == codes.DENSE_APPLY_TAG:
                dense_apply_tag(a, i8, i16, i32, i64, phase)
            elif code == codes.READOUT_ACCUMULATE:
                progress[OVERFLOWS] += readout_accumulate(a, i32, i64)
            elif code == codes.SOFTMAX_RESET:
                softmax_reset(a, i32, i64)
            elif code == codes.SOFTMAX_ERROR:
                softmax_error(a, i32, i64, predictions, progress)
        progress[CLOCK] += 1
        phase += 1
        if phase == period:
            phase = 0
        row += 1
        if progress[OVERFLOWS] and stop_on_overflow:
            return

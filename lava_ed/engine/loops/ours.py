"""The loop of nets of lava_ed.proc. Made by tools/make_loops.py: do not edit."""

from __future__ import annotations

from lava_ed.engine.families import aft_if, aft_lif, encoder, plastic_dense, readout, window
from lava_ed.engine.loops import codes
from lava_ed.engine.op import CLOCK, CODE, OVERFLOWS
from lava_ed.kernels._jit import inlined_source, kernel


def ours_ops(a, i8, i16, i32, i64, u8, phase, predictions, progress):  # type: ignore[no-untyped-def]
    """Run an op of the group ours."""
    code = a[CODE]
    if code == codes.AFTIF_RESET:
        aft_if.aftif_reset(a, i32, i64)
    elif code == codes.AFTIF_INTEGRATE:
        progress[OVERFLOWS] += aft_if.aftif_integrate(a, i32, i64, phase)
    elif code == codes.AFTIF_FIRE:
        aft_if.aftif_fire(a, i32, i64, phase)
    elif code == codes.AFTIF_BACKWARD:
        aft_if.aftif_backward(a, i32, i64)
    elif code == codes.PORTS:
        aft_if.ports(a, i32, i64, phase)
    elif code == codes.ADAPT:
        aft_if.adapt(a, i32, i64)
    elif code == codes.AFTLIF_RESET:
        aft_lif.aftlif_reset(a, i32, i64)
    elif code == codes.AFTLIF_FORWARD:
        progress[OVERFLOWS] += aft_lif.aftlif_forward(a, i32, i64, phase)
    elif code == codes.AFTLIF_REPLAY:
        progress[OVERFLOWS] += aft_lif.aftlif_replay(a, i32, i64, phase)
    elif code == codes.ENCODER_LOAD:
        encoder.encoder_load(a, i32, i64, u8)
    elif code == codes.ENCODER_SPIKES:
        encoder.encoder_spikes(a, i32, i64, phase)
    elif code == codes.LABEL:
        encoder.label(a, i32, i64)
    elif code == codes.DENSE_RESET:
        plastic_dense.dense_reset(a, i32, i64)
    elif code == codes.DENSE_FORWARD:
        plastic_dense.dense_forward(a, i8, i32, i64, phase)
    elif code == codes.DENSE_REPLAY:
        plastic_dense.dense_replay(a, i32, i64)
    elif code == codes.DENSE_BACKWARD:
        progress[OVERFLOWS] += plastic_dense.dense_backward(a, i8, i32, i64)
    elif code == codes.DENSE_LEARN:
        plastic_dense.dense_learn(a, i8, i16, i32, i64, phase)
    elif code == codes.DENSE_APPLY_TAG:
        plastic_dense.dense_apply_tag(a, i8, i16, i32, i64, phase)
    elif code == codes.READOUT_ACCUMULATE:
        progress[OVERFLOWS] += readout.readout_accumulate(a, i32, i64)
    elif code == codes.SOFTMAX_RESET:
        readout.softmax_reset(a, i32, i64)
    elif code == codes.SOFTMAX_ERROR:
        readout.softmax_error(a, i32, i64, predictions, progress)


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


ours_part = inlined_source(ours_ops)
ours_op = kernel(ours_ops)
start_part = inlined_source(start_ops)


@kernel
def run_ours(  # type: ignore[no-untyped-def]
    ops, ptr, order, plan, i8, i16, i32, i64, u8, f64, time_step, phase, steps, stop_on_overflow, predictions, progress
):
    """Run steps of nets of lava_ed.proc alone."""
    period = ptr.size - 1
    row = 0
    while row < steps:
        if phase == 0 and plan.shape[0] and steps - row >= period and window.quiet(ops, plan, i32):
            for k in range(ptr[0], ptr[1]):
                a = ops[order[k]]
                start_part(a, i32, i64, u8)
            phase = window.jump_windows(ops, plan, i8, i32, i64)
            progress[CLOCK] += phase
            row += phase
        for k in range(ptr[phase], ptr[phase + 1]):
            a = ops[order[k]]
            ours_part(a, i8, i16, i32, i64, u8, phase, predictions, progress)
        progress[CLOCK] += 1
        phase += 1
        if phase == period:
            phase = 0
        row += 1
        if progress[OVERFLOWS] and stop_on_overflow:
            return

"""The one compiled loop: it walks the op table of a program, phase by phase."""

from __future__ import annotations

from lava_ed.engine.families import opcodes as op
from lava_ed.engine.families.aft_if import (
    adapt,
    aftif_backward,
    aftif_fire,
    aftif_integrate,
    aftif_reset,
    ports,
)
from lava_ed.engine.families.aft_lif import aftlif_forward, aftlif_replay, aftlif_reset
from lava_ed.engine.families.encoder import ENCODER_SPIKES, encoder_load, encoder_spikes, label
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
from lava_ed.engine.op import CLOCK, OVERFLOWS
from lava_ed.kernels._jit import inlined_kernel, kernel


@inlined_kernel
def _neuron_op(a, i32, i64, phase, progress):  # type: ignore[no-untyped-def]
    """Ops of neurons."""
    code = a[0]
    if code == op.AFTIF_INTEGRATE:
        aftif_integrate(a, i32, i64, phase, progress)
    elif code == op.AFTLIF_FORWARD:
        aftlif_forward(a, i32, i64, phase, progress)
    elif code == op.AFTLIF_REPLAY:
        aftlif_replay(a, i32, i64, phase, progress)
    elif code == op.READOUT_ACCUMULATE:
        readout_accumulate(a, i32, i64, progress)
    elif code == op.AFTIF_FIRE:
        aftif_fire(a, i32, i64, phase)
    elif code == op.PORTS:
        ports(a, i32, i64, phase)
    elif code == op.AFTIF_BACKWARD:
        aftif_backward(a, i32, i64)
    elif code == op.AFTIF_RESET:
        aftif_reset(a, i32, i64)
    elif code == op.AFTLIF_RESET:
        aftlif_reset(a, i32, i64)
    elif code == op.ADAPT:
        adapt(a, i32, i64)


@inlined_kernel
def _synapse_op(a, i8, i16, i32, i64, phase, progress):  # type: ignore[no-untyped-def]
    """Ops of synapses."""
    code = a[0]
    if code == op.DENSE_FORWARD:
        dense_forward(a, i8, i32, i64, phase)
    elif code == op.DENSE_BACKWARD:
        dense_backward(a, i8, i32, i64, progress)
    elif code == op.DENSE_LEARN:
        dense_learn(a, i8, i16, i32, i64, phase)
    elif code == op.DENSE_REPLAY:
        dense_replay(a, i32, i64)
    elif code == op.DENSE_RESET:
        dense_reset(a, i32, i64)
    elif code == op.DENSE_APPLY_TAG:
        dense_apply_tag(a, i8, i16, i32, i64, phase)


@inlined_kernel
def _sample_op(a, i32, i64, u8, phase, predictions, progress):  # type: ignore[no-untyped-def]
    """Ops at the edge of the net: samples in, decisions out."""
    code = a[0]
    if code == op.ENCODER_SPIKES:
        encoder_spikes(a, i32, i64, phase)
    elif code == op.ENCODER_LOAD:
        encoder_load(a, i32, i64, u8)
    elif code == op.LABEL:
        label(a, i32, i64)
    elif code == op.SOFTMAX_ERROR:
        softmax_error(a, i32, i64, predictions, progress)
    elif code == op.SOFTMAX_RESET:
        softmax_reset(a, i32, i64)


@kernel
def run_op(a, i8, i16, i32, i64, u8, phase, predictions, progress):  # type: ignore[no-untyped-def]
    """Run one op of ours."""
    code = a[0]
    if code >= op.AFTIF_RESET and code <= op.ADAPT:
        _neuron_op(a, i32, i64, phase, progress)
    elif code >= op.DENSE_RESET and code <= op.DENSE_APPLY_TAG:
        _synapse_op(a, i8, i16, i32, i64, phase, progress)
    else:
        _sample_op(a, i32, i64, u8, phase, predictions, progress)


@inlined_kernel
def _start_sample(ops, ptr, order, plan, i8, i32, i64, u8, predictions, progress):  # type: ignore[no-untyped-def]
    """Phases 0 … W·T − 1 of a sample at once; returns how many."""
    for k in range(ptr[0], ptr[1]):
        a = ops[order[k]]
        code = a[0]
        if code == op.AFTIF_RESET:
            aftif_reset(a, i32, i64)
        elif code == op.DENSE_RESET:
            dense_reset(a, i32, i64)
        elif code == op.ENCODER_LOAD or code == op.LABEL or code == op.SOFTMAX_RESET:
            _sample_op(a, i32, i64, u8, 0, predictions, progress)
    jump_windows(ops, plan, i8, i32, i64)
    return (plan.shape[0] - 1) * ops[plan[0, 0], ENCODER_SPIKES.steps]


@kernel
def run_steps(  # type: ignore[no-untyped-def]
    ops, ptr, order, plan, i8, i16, i32, i64, u8, phase, steps, stop_on_overflow, predictions, progress
):
    """Run `steps` time steps from `phase`.

    Parameters
    ----------
    ops, ptr, order : int64
        Op table and, for each phase, its ops in execution order (`Assembler.table`).
    plan : int64
        What the forward windows of a sample that is run as a whole are jumped over with (`plan_jump`).
    i8, i16, i32, i64, u8 : arrays
        The flat state.
    phase, steps : int
    stop_on_overflow : int
        1: return after the first step in which a state left its 24-bit register.
    predictions : int32 (k,)
        Receives the decisions of the first k samples that end.
    progress : int64 (3,)
        Counts decisions, steps, and states that left their register.  It is written here and not returned,
        because Ctrl-C is heard between this function's end and the caller's use of what it returns: the
        clock would be lost and the state stay.
    """
    period = ptr.size - 1
    done = 0
    while done < steps:
        if phase == 0 and plan.shape[0] and steps - done >= period and quiet(ops, plan, i32):
            phase = _start_sample(ops, ptr, order, plan, i8, i32, i64, u8, predictions, progress)
            progress[CLOCK] += phase
            done += phase
        for k in range(ptr[phase], ptr[phase + 1]):
            a = ops[order[k]]
            code = a[0]
            if code >= op.AFTIF_RESET and code <= op.ADAPT:
                _neuron_op(a, i32, i64, phase, progress)
            elif code >= op.DENSE_RESET and code <= op.DENSE_APPLY_TAG:
                _synapse_op(a, i8, i16, i32, i64, phase, progress)
            else:
                _sample_op(a, i32, i64, u8, phase, predictions, progress)
        phase += 1
        done += 1
        if phase == period:
            phase = 0
        progress[CLOCK] += 1
        if progress[OVERFLOWS] and stop_on_overflow:
            return

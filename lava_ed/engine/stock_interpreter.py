"""The compiled loops for graphs with Lava's own processes; nets of ours alone run in `interpreter`.

Several loops, so that a graph neither waits for the compilation of kernels that it does not use, nor pays for a
longer dispatch.
"""

from __future__ import annotations

from lava_ed.engine.families import opcodes as op
from lava_ed.engine.families.conv import conv_forward
from lava_ed.engine.families.dataloader import spike_loader
from lava_ed.engine.families.delay_dense import spikes_delayed
from lava_ed.engine.families.dense import spikes_forward
from lava_ed.engine.families.joins import join_clear, join_events, join_list, join_part, join_vector
from lava_ed.engine.families.learning import traces_receive
from lava_ed.engine.families.learning_dense import traces_learn
from lava_ed.engine.families.learning_sparse import sparse_learn
from lava_ed.engine.families.lif import lif_step
from lava_ed.engine.families.monitor import monitor
from lava_ed.engine.families.references import reset
from lava_ed.engine.families.ring_buffer import ring_sink, ring_source
from lava_ed.engine.families.sparse import sparse_delayed, sparse_forward
from lava_ed.engine.families.tallies import count_epoch, count_learned, count_spikes, run_tally
from lava_ed.engine.interpreter import run_op
from lava_ed.engine.op import CLOCK, OVERFLOWS
from lava_ed.kernels._jit import inlined_kernel, kernel, kernel_part


@inlined_kernel
def core_op(a, i8, i16, i32, i64, now):  # type: ignore[no-untyped-def]
    """Ops up to `opcodes.MONITOR`, which most graphs are made of; `now` is Lava's time step."""
    code = a[0]
    if code == op.LIF_STEP:
        lif_step(a, i16, i32, i64, now)
    elif code == op.SPIKES_FORWARD:
        spikes_forward(a, i8, i16, i32, i64)
    elif code == op.RING_SOURCE:
        ring_source(a, i32, i64, now)
    elif code == op.RING_SINK:
        ring_sink(a, i32, now)
    elif code == op.MONITOR:
        monitor(a, i8, i16, i32, i64, now)
    elif code == op.JOIN_CLEAR:
        join_clear(a, i32)
    elif code == op.JOIN_VECTOR:
        join_vector(a, i32)
    elif code == op.JOIN_EVENTS:
        join_events(a, i32)
    elif code == op.JOIN_LIST:
        join_list(a, i32)


@kernel
def other_op(a, i8, i16, i32, i64, now):  # type: ignore[no-untyped-def]
    """The other ops of Lava's processes that do not learn."""
    code = a[0]
    if code == op.SPIKES_DELAYED:
        spikes_delayed(a, i16, i32, i64)
    elif code == op.SPIKE_LOADER:
        spike_loader(a, i32, i64, now)
    elif code == op.RESET:
        reset(a, i8, i16, i32, i64, now)
    elif code == op.JOIN_PART:
        join_part(a, i32)
    elif code == op.CONV_FORWARD:
        conv_forward(a, i32, i64)
    elif code == op.SPARSE_FORWARD:
        sparse_forward(a, i32, i64)
    elif code == op.SPARSE_DELAYED:
        sparse_delayed(a, i32, i64)
    elif code == op.COUNT_SPIKES:
        count_spikes(a, i32, i64)


@inlined_kernel
def plain_op(a, i8, i16, i32, i64, now):  # type: ignore[no-untyped-def]
    """Ops of Lava's processes that do not learn."""
    if a[0] <= op.MONITOR:
        core_op(a, i8, i16, i32, i64, now)
    else:
        other_op(a, i8, i16, i32, i64, now)


@kernel_part
def learns(code):  # type: ignore[no-untyped-def]
    """Whether an op of Lava's processes is one of `learning_op`."""
    return code == op.TRACES_RECEIVE or code == op.TRACES_LEARN or code == op.SPARSE_LEARN or code >= op.COUNT_EPOCH


@kernel
def learning_op(a, i16, i32, i64, f64, now, row):  # type: ignore[no-untyped-def]
    """Ops of synapses that learn, and of counting it; `row` counts steps within this call."""
    code = a[0]
    if code == op.TRACES_RECEIVE:
        traces_receive(a, i32, i64, f64, now, row)
    elif code == op.TRACES_LEARN:
        traces_learn(a, i16, i32, i64, f64, now, row)
    elif code == op.SPARSE_LEARN:
        sparse_learn(a, i32, i64, f64, now, row)
    else:
        run_tally(a, i16, i32, i64, now)


@kernel
def run_core_steps(  # type: ignore[no-untyped-def]
    ops, ptr, order, i8, i16, i32, i64, u8, f64, time_step, phase, steps, stop_on_overflow, predictions, progress
):
    """As `run_mixed_steps` for graphs of `core_op` alone; such graphs have one phase."""
    for step in range(steps):
        for k in range(ptr[0], ptr[1]):
            core_op(ops[order[k]], i8, i16, i32, i64, time_step + step + 1)
        progress[CLOCK] += 1


@kernel
def run_plain_steps(  # type: ignore[no-untyped-def]
    ops, ptr, order, i8, i16, i32, i64, u8, f64, time_step, phase, steps, stop_on_overflow, predictions, progress
):
    """As `run_mixed_steps` for Lava's own processes where none learns; such graphs have one phase."""
    for step in range(steps):
        for k in range(ptr[0], ptr[1]):
            plain_op(ops[order[k]], i8, i16, i32, i64, time_step + step + 1)
        progress[CLOCK] += 1


@kernel
def run_learning_steps(  # type: ignore[no-untyped-def]
    ops, ptr, order, i8, i16, i32, i64, u8, f64, time_step, phase, steps, stop_on_overflow, predictions, progress
):
    """As `run_mixed_steps` for `core_op` and LearningDense; such graphs have one phase."""
    for step in range(steps):
        now = time_step + step + 1
        for k in range(ptr[0], ptr[1]):
            a = ops[order[k]]
            code = a[0]
            # Not through `learning_op`: each kernel that another one calls is compiled with that one once more.
            if code == op.TRACES_LEARN:
                traces_learn(a, i16, i32, i64, f64, now, step)
            elif code == op.TRACES_RECEIVE:
                traces_receive(a, i32, i64, f64, now, step)
            elif code == op.COUNT_EPOCH:
                count_epoch(a, i32, i64, now)
            elif code == op.COUNT_LEARNED:
                count_learned(a, i16, i32, i64, now)
            else:
                core_op(a, i8, i16, i32, i64, now)
        progress[CLOCK] += 1


@kernel
def run_mixed_steps(  # type: ignore[no-untyped-def]
    ops, ptr, order, i8, i16, i32, i64, u8, f64, time_step, phase, steps, stop_on_overflow, predictions, progress
):
    """Run `steps` time steps from `phase`, as `interpreter.run_steps` does.

    Parameters
    ----------
    f64 : float64
        Decay factors and random numbers, row by row for each step of this call.
    time_step : int
        Steps run before.
    ops, ptr, order, i8, i16, i32, i64, u8, phase, steps, stop_on_overflow, predictions, progress
        As in `interpreter.run_steps`.
    """
    period = ptr.size - 1
    for step in range(steps):
        for k in range(ptr[phase], ptr[phase + 1]):
            a = ops[order[k]]
            if a[0] < op.JOIN_CLEAR:
                run_op(a, i8, i16, i32, i64, u8, phase, predictions, progress)
            elif learns(a[0]):
                learning_op(a, i16, i32, i64, f64, time_step + step + 1, step)
            else:
                plain_op(a, i8, i16, i32, i64, time_step + step + 1)
        phase += 1
        if phase == period:
            phase = 0
        progress[CLOCK] += 1
        if progress[OVERFLOWS] and stop_on_overflow:
            return

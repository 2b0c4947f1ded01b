"""The loop of graphs with floating-point processes. Made by tools/make_loops.py: do not edit."""

from __future__ import annotations

from lava_ed.engine.families import (
    atrlif,
    float_learning,
    float_lif,
    float_synapses,
    graded,
    inputs,
    monitor,
    resonators,
    ring_buffer,
    s4d,
    sigma_delta,
)
from lava_ed.engine.loops import codes
from lava_ed.engine.loops.stock import core_op, learning_and_sparse_learning_op, neurons_op, others_op
from lava_ed.engine.op import CLOCK, CODE
from lava_ed.kernels._jit import kernel


def floating_ops(a, i32, i64, f64, now):  # type: ignore[no-untyped-def]
    """Run an op of the group floating."""
    code = a[CODE]
    if code == codes.REAL_ATRLIF:
        atrlif.real_atrlif(a, i32, f64)
    elif code == codes.REAL_TRACES:
        float_learning.real_traces(a, i32, f64, now)
    elif code == codes.REAL_LEARN:
        float_learning.real_learn(a, i32, i64, f64, now)
    elif code == codes.REAL_LIF:
        float_lif.real_lif(a, i32, i64, f64, now)
    elif code == codes.REAL_DENSE:
        float_synapses.real_dense(a, i32, f64)
    elif code == codes.REAL_DELAY_DENSE:
        float_synapses.real_delay_dense(a, i32, f64)
    elif code == codes.REAL_SPARSE:
        float_synapses.real_sparse(a, i32, f64)
    elif code == codes.REAL_DELAY_SPARSE:
        float_synapses.real_delay_sparse(a, i32, f64)
    elif code == codes.REAL_CONV:
        float_synapses.real_conv(a, i32, f64)
    elif code == codes.REAL_ROOT_SEND:
        graded.real_root_send(a, i32, f64)
    elif code == codes.REAL_CLEAR:
        inputs.real_clear(a, f64)
    elif code == codes.REAL_JOIN:
        inputs.real_join(a, i32, f64)
    elif code == codes.REAL_JOIN_INTEGERS:
        inputs.real_join_integers(a, i32, f64)
    elif code == codes.REAL_JOIN_EVENTS:
        inputs.real_join_events(a, i32, f64)
    elif code == codes.REAL_LIST:
        inputs.real_list(a, i32, f64)
    elif code == codes.REAL_MONITOR:
        monitor.real_monitor(a, f64, now)
    elif code == codes.REAL_RF:
        resonators.real_rf(a, i32, f64)
    elif code == codes.REAL_SOURCE:
        ring_buffer.real_source(a, i32, f64, now)
    elif code == codes.REAL_SINK:
        ring_buffer.real_sink(a, f64, now)
    elif code == codes.COMPLEX_S4D:
        s4d.complex_s4d(a, i32, f64)
    elif code == codes.REAL_DELTA:
        sigma_delta.real_delta(a, i32, f64)


floating_op = kernel(floating_ops)


@kernel
def run_floating(  # type: ignore[no-untyped-def]
    ops, ptr, order, plan, i8, i16, i32, i64, u8, f64, time_step, phase, steps, stop_on_overflow, predictions, progress
):
    """Run steps of floating-point models."""
    for row in range(steps):
        now = time_step + row + 1
        for k in range(ptr[0], ptr[1]):
            a = ops[order[k]]
            if a[CODE] <= codes.RING_SINK:
                core_op(a, i8, i16, i32, i64, now)
            elif a[CODE] <= codes.COUNT_SPIKES:
                others_op(a, i8, i16, i32, i64, now)
            elif a[CODE] <= codes.COUNT_SPARSE_LEARNED:
                learning_and_sparse_learning_op(a, i16, i32, i64, f64, now, row)
            else:
                floating_op(a, i32, i64, f64, now)
        progress[CLOCK] += 1


@kernel
def run_all_stock(  # type: ignore[no-untyped-def]
    ops, ptr, order, plan, i8, i16, i32, i64, u8, f64, time_step, phase, steps, stop_on_overflow, predictions, progress
):
    """Run steps of those beside neurons in fixed point."""
    for row in range(steps):
        now = time_step + row + 1
        for k in range(ptr[0], ptr[1]):
            a = ops[order[k]]
            if a[CODE] <= codes.RING_SINK:
                core_op(a, i8, i16, i32, i64, now)
            elif a[CODE] <= codes.COUNT_SPIKES:
                others_op(a, i8, i16, i32, i64, now)
            elif a[CODE] <= codes.DELTA_SEND:
                neurons_op(a, i16, i32, i64, f64)
            elif a[CODE] <= codes.COUNT_SPARSE_LEARNED:
                learning_and_sparse_learning_op(a, i16, i32, i64, f64, now, row)
            else:
                floating_op(a, i32, i64, f64, now)
        progress[CLOCK] += 1

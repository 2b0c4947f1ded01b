"""The loop of graphs with floating-point processes. Made by tools/make_loops.py: do not edit."""

from __future__ import annotations

from lava_ed.engine.families.atrlif import real_atrlif
from lava_ed.engine.families.dense import spikes_forward
from lava_ed.engine.families.float_learning import real_learn, real_traces
from lava_ed.engine.families.float_lif import real_lif
from lava_ed.engine.families.float_synapses import (
    real_conv,
    real_delay_dense,
    real_delay_sparse,
    real_dense,
    real_sparse,
)
from lava_ed.engine.families.graded import real_root_send
from lava_ed.engine.families.inputs import (
    join_clear,
    join_events,
    join_list,
    join_vector,
    real_clear,
    real_join,
    real_join_events,
    real_join_integers,
    real_list,
)
from lava_ed.engine.families.lif import lif_step
from lava_ed.engine.families.monitor import monitor, real_monitor
from lava_ed.engine.families.resonators import real_rf
from lava_ed.engine.families.ring_buffer import real_sink, real_source, ring_sink, ring_source
from lava_ed.engine.families.s4d import complex_s4d
from lava_ed.engine.families.sigma_delta import real_delta
from lava_ed.engine.loops import codes
from lava_ed.engine.loops.stock import learning_op, neurons_op, others_op
from lava_ed.engine.op import CLOCK, CODE
from lava_ed.kernels._jit import kernel


@kernel
def floating_op(a, i32, i64, f64, now):  # type: ignore[no-untyped-def]
    """Run an op of the group floating."""
    code = a[CODE]
    if code == codes.REAL_ATRLIF:
        real_atrlif(a, i32, f64)
    elif code == codes.REAL_TRACES:
        real_traces(a, i32, f64, now)
    elif code == codes.REAL_LEARN:
        real_learn(a, i32, i64, f64, now)
    elif code == codes.REAL_LIF:
        real_lif(a, i32, i64, f64, now)
    elif code == codes.REAL_DENSE:
        real_dense(a, i32, f64)
    elif code == codes.REAL_DELAY_DENSE:
        real_delay_dense(a, i32, f64)
    elif code == codes.REAL_SPARSE:
        real_sparse(a, i32, f64)
    elif code == codes.REAL_DELAY_SPARSE:
        real_delay_sparse(a, i32, f64)
    elif code == codes.REAL_CONV:
        real_conv(a, i32, f64)
    elif code == codes.REAL_ROOT_SEND:
        real_root_send(a, i32, f64)
    elif code == codes.REAL_CLEAR:
        real_clear(a, f64)
    elif code == codes.REAL_JOIN:
        real_join(a, i32, f64)
    elif code == codes.REAL_JOIN_INTEGERS:
        real_join_integers(a, i32, f64)
    elif code == codes.REAL_JOIN_EVENTS:
        real_join_events(a, i32, f64)
    elif code == codes.REAL_LIST:
        real_list(a, i32, f64)
    elif code == codes.REAL_MONITOR:
        real_monitor(a, f64, now)
    elif code == codes.REAL_RF:
        real_rf(a, i32, f64)
    elif code == codes.REAL_SOURCE:
        real_source(a, i32, f64, now)
    elif code == codes.REAL_SINK:
        real_sink(a, f64, now)
    elif code == codes.COMPLEX_S4D:
        complex_s4d(a, i32, f64)
    elif code == codes.REAL_DELTA:
        real_delta(a, i32, f64)


@kernel
def run_floating(  # type: ignore[no-untyped-def]
    ops, ptr, order, plan, i8, i16, i32, i64, u8, f64, time_step, phase, steps, stop_on_overflow, predictions, progress
):
    """Run steps of floating-point models."""
    for row in range(steps):
        now = time_step + row + 1
        for k in range(ptr[0], ptr[1]):
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
            elif code >= codes.REAL_ATRLIF and code <= codes.REAL_DELTA:
                floating_op(a, i32, i64, f64, now)
            elif code >= codes.TRACES_RECEIVE and code <= codes.COUNT_SPARSE_LEARNED:
                learning_op(a, i16, i32, i64, f64, now, row)
            elif code >= codes.CONV_FORWARD and code <= codes.COUNT_SPIKES:
                others_op(a, i8, i16, i32, i64, now)
        progress[CLOCK] += 1


@kernel
def run_all_stock(  # type: ignore[no-untyped-def]
    ops, ptr, order, plan, i8, i16, i32, i64, u8, f64, time_step, phase, steps, stop_on_overflow, predictions, progress
):
    """Run steps of floating-point models beside other neurons in fixed point."""
    for row in range(steps):
        now = time_step + row + 1
        for k in range(ptr[0], ptr[1]):
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
            elif code >= codes.REAL_ATRLIF and code <= codes.REAL_DELTA:
                floating_op(a, i32, i64, f64, now)
            elif code >= codes.TRACES_RECEIVE and code <= codes.COUNT_SPARSE_LEARNED:
                learning_op(a, i16, i32, i64, f64, now, row)
            elif code >= codes.CONV_FORWARD and code <= codes.COUNT_SPIKES:
                others_op(a, i8, i16, i32, i64, now)
            elif code >= codes.ATRLIF_STEP and code <= codes.DELTA_SEND:
                neurons_op(a, i16, i32, i64, f64)
        progress[CLOCK] += 1

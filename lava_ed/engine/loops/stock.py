"""The loops of graphs with Lava's own processes. Made by tools/make_loops.py: do not edit."""

from __future__ import annotations

from lava_ed.engine.families import (
    atrlif,
    conv,
    dataloader,
    delay_dense,
    dense,
    graded,
    inputs,
    learning,
    learning_dense,
    learning_sparse,
    lif,
    monitor,
    ref_ports,
    resonators,
    ring_buffer,
    sigma_delta,
    sparse,
    tallies,
)
from lava_ed.engine.loops import codes
from lava_ed.engine.loops.ours import ours_op
from lava_ed.engine.op import CLOCK, CODE, OVERFLOWS
from lava_ed.kernels._jit import inlined_source, kernel


def core_ops(a, i8, i16, i32, i64, now):  # type: ignore[no-untyped-def]
    """Run an op of the group core."""
    code = a[CODE]
    if code == codes.SPIKES_FORWARD:
        dense.spikes_forward(a, i8, i16, i32, i64)
    elif code == codes.JOIN_CLEAR:
        inputs.join_clear(a, i32)
    elif code == codes.JOIN_VECTOR:
        inputs.join_vector(a, i32)
    elif code == codes.JOIN_EVENTS:
        inputs.join_events(a, i32)
    elif code == codes.JOIN_LIST:
        inputs.join_list(a, i32)
    elif code == codes.LIF_STEP:
        lif.lif_step(a, i16, i32, i64, now)
    elif code == codes.MONITOR:
        monitor.monitor(a, i8, i16, i32, i64, now)
    elif code == codes.RING_SOURCE:
        ring_buffer.ring_source(a, i32, i64, now)
    elif code == codes.RING_SINK:
        ring_buffer.ring_sink(a, i32, now)


def learning_ops(a, i16, i32, i64, f64, now, row):  # type: ignore[no-untyped-def]
    """Run an op of the group learning."""
    code = a[CODE]
    if code == codes.TRACES_RECEIVE:
        learning.traces_receive(a, i32, i64, f64, now, row)
    elif code == codes.TRACES_LEARN:
        learning_dense.traces_learn(a, i16, i32, i64, f64, now, row)
    elif code == codes.COUNT_EPOCH:
        tallies.count_epoch(a, i32, i64, now)
    elif code == codes.COUNT_LEARNED:
        tallies.count_learned(a, i16, i32, i64, now)


def others_ops(a, i8, i16, i32, i64, now):  # type: ignore[no-untyped-def]
    """Run an op of the group others."""
    code = a[CODE]
    if code == codes.CONV_FORWARD:
        conv.conv_forward(a, i32, i64)
    elif code == codes.SPIKE_LOADER:
        dataloader.spike_loader(a, i32, i64, now)
    elif code == codes.SPIKES_DELAYED:
        delay_dense.spikes_delayed(a, i16, i32, i64)
    elif code == codes.JOIN_PART:
        inputs.join_part(a, i32)
    elif code == codes.RESET:
        ref_ports.reset(a, i8, i16, i32, i64, now)
    elif code == codes.SPARSE_FORWARD:
        sparse.sparse_forward(a, i32, i64)
    elif code == codes.SPARSE_DELAYED:
        sparse.sparse_delayed(a, i32, i64)
    elif code == codes.COUNT_SPIKES:
        tallies.count_spikes(a, i32, i64)


def neurons_ops(a, i16, i32, i64, f64):  # type: ignore[no-untyped-def]
    """Run an op of the group neurons."""
    code = a[CODE]
    if code == codes.ATRLIF_STEP:
        atrlif.atrlif_step(a, i16, i32, i64, f64)
    elif code == codes.GRADED_SEND:
        graded.graded_send(a, i32, i64)
    elif code == codes.NORM_SEND:
        graded.norm_send(a, i32, i64)
    elif code == codes.PRODUCT_SEND:
        graded.product_send(a, i32, i64)
    elif code == codes.ROOT_SEND:
        graded.root_send(a, i32, i64)
    elif code == codes.RF_STEP:
        resonators.rf_step(a, i32, i64)
    elif code == codes.RF_ZERO_STEP:
        resonators.rf_zero_step(a, i32, i64)
    elif code == codes.SIGMA_STEP:
        sigma_delta.sigma_step(a, i32, i64)
    elif code == codes.DELTA_SEND:
        sigma_delta.delta_send(a, i32, i64)


def learning_and_sparse_learning_ops(a, i16, i32, i64, f64, now, row):  # type: ignore[no-untyped-def]
    """Run an op of the groups learning and sparse_learning."""
    code = a[CODE]
    if code == codes.TRACES_RECEIVE:
        learning.traces_receive(a, i32, i64, f64, now, row)
    elif code == codes.TRACES_LEARN:
        learning_dense.traces_learn(a, i16, i32, i64, f64, now, row)
    elif code == codes.COUNT_EPOCH:
        tallies.count_epoch(a, i32, i64, now)
    elif code == codes.COUNT_LEARNED:
        tallies.count_learned(a, i16, i32, i64, now)
    elif code == codes.SPARSE_LEARN:
        learning_sparse.sparse_learn(a, i32, i64, f64, now, row)
    elif code == codes.COUNT_SPARSE_EPOCH:
        tallies.count_sparse_epoch(a, i32, i64, now)
    elif code == codes.COUNT_SPARSE_LEARNED:
        tallies.count_sparse_learned(a, i32, i64, now)


core_part = inlined_source(core_ops)
core_op = kernel(core_ops)
learning_part = inlined_source(learning_ops)
others_part = inlined_source(others_ops)
others_op = kernel(others_ops)
neurons_op = kernel(neurons_ops)
learning_and_sparse_learning_op = kernel(learning_and_sparse_learning_ops)


@kernel
def run_core(  # type: ignore[no-untyped-def]
    ops, ptr, order, plan, i8, i16, i32, i64, u8, f64, time_step, phase, steps, stop_on_overflow, predictions, progress
):
    """Run steps of most graphs of Lava's own processes."""
    for row in range(steps):
        now = time_step + row + 1
        for k in range(ptr[0], ptr[1]):
            a = ops[order[k]]
            core_part(a, i8, i16, i32, i64, now)
        progress[CLOCK] += 1


@kernel
def run_learning(  # type: ignore[no-untyped-def]
    ops, ptr, order, plan, i8, i16, i32, i64, u8, f64, time_step, phase, steps, stop_on_overflow, predictions, progress
):
    """Run steps of LearningDense beside the core."""
    for row in range(steps):
        now = time_step + row + 1
        for k in range(ptr[0], ptr[1]):
            a = ops[order[k]]
            if a[CODE] <= codes.RING_SINK:
                core_part(a, i8, i16, i32, i64, now)
            else:
                learning_part(a, i16, i32, i64, f64, now, row)
        progress[CLOCK] += 1


@kernel
def run_plain(  # type: ignore[no-untyped-def]
    ops, ptr, order, plan, i8, i16, i32, i64, u8, f64, time_step, phase, steps, stop_on_overflow, predictions, progress
):
    """Run steps of Lava's own processes where none learns."""
    for row in range(steps):
        now = time_step + row + 1
        for k in range(ptr[0], ptr[1]):
            a = ops[order[k]]
            if a[CODE] <= codes.RING_SINK:
                core_part(a, i8, i16, i32, i64, now)
            else:
                others_part(a, i8, i16, i32, i64, now)
        progress[CLOCK] += 1


@kernel
def run_neurons(  # type: ignore[no-untyped-def]
    ops, ptr, order, plan, i8, i16, i32, i64, u8, f64, time_step, phase, steps, stop_on_overflow, predictions, progress
):
    """Run steps of other neurons than LIF."""
    for row in range(steps):
        now = time_step + row + 1
        for k in range(ptr[0], ptr[1]):
            a = ops[order[k]]
            if a[CODE] <= codes.RING_SINK:
                core_part(a, i8, i16, i32, i64, now)
            elif a[CODE] <= codes.COUNT_SPIKES:
                others_op(a, i8, i16, i32, i64, now)
            else:
                neurons_op(a, i16, i32, i64, f64)
        progress[CLOCK] += 1


@kernel
def run_mixed(  # type: ignore[no-untyped-def]
    ops, ptr, order, plan, i8, i16, i32, i64, u8, f64, time_step, phase, steps, stop_on_overflow, predictions, progress
):
    """Run steps of ours among them; all that learn."""
    period = ptr.size - 1
    for row in range(steps):
        now = time_step + row + 1
        for k in range(ptr[phase], ptr[phase + 1]):
            a = ops[order[k]]
            if a[CODE] <= codes.SOFTMAX_ERROR:
                ours_op(a, i8, i16, i32, i64, u8, phase, predictions, progress)
            elif a[CODE] <= codes.RING_SINK:
                core_part(a, i8, i16, i32, i64, now)
            elif a[CODE] <= codes.COUNT_SPIKES:
                others_op(a, i8, i16, i32, i64, now)
            else:
                learning_and_sparse_learning_op(a, i16, i32, i64, f64, now, row)
        progress[CLOCK] += 1
        phase += 1
        if phase == period:
            phase = 0
        if progress[OVERFLOWS] and stop_on_overflow:
            return


@kernel
def run_all_fixed(  # type: ignore[no-untyped-def]
    ops, ptr, order, plan, i8, i16, i32, i64, u8, f64, time_step, phase, steps, stop_on_overflow, predictions, progress
):
    """Run steps of all of them."""
    period = ptr.size - 1
    for row in range(steps):
        now = time_step + row + 1
        for k in range(ptr[phase], ptr[phase + 1]):
            a = ops[order[k]]
            if a[CODE] <= codes.SOFTMAX_ERROR:
                ours_op(a, i8, i16, i32, i64, u8, phase, predictions, progress)
            elif a[CODE] <= codes.RING_SINK:
                core_part(a, i8, i16, i32, i64, now)
            elif a[CODE] <= codes.COUNT_SPIKES:
                others_op(a, i8, i16, i32, i64, now)
            elif a[CODE] <= codes.DELTA_SEND:
                neurons_op(a, i16, i32, i64, f64)
            else:
                learning_and_sparse_learning_op(a, i16, i32, i64, f64, now, row)
        progress[CLOCK] += 1
        phase += 1
        if phase == period:
            phase = 0
        if progress[OVERFLOWS] and stop_on_overflow:
            return

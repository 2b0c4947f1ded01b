"""The loops of graphs with Lava's own processes. Made by tools/make_loops.py: do not edit."""

from __future__ import annotations

from lava_ed.engine.families.aft_if import adapt, aftif_backward, aftif_fire, aftif_integrate, aftif_reset, ports
from lava_ed.engine.families.aft_lif import aftlif_forward, aftlif_replay, aftlif_reset
from lava_ed.engine.families.atrlif import atrlif_step
from lava_ed.engine.families.conv import conv_forward
from lava_ed.engine.families.dataloader import spike_loader
from lava_ed.engine.families.delay_dense import spikes_delayed
from lava_ed.engine.families.dense import spikes_forward
from lava_ed.engine.families.encoder import encoder_load, encoder_spikes, label
from lava_ed.engine.families.graded import graded_send, norm_send, product_send, root_send
from lava_ed.engine.families.inputs import join_clear, join_events, join_list, join_part, join_vector
from lava_ed.engine.families.learning import traces_receive
from lava_ed.engine.families.learning_dense import traces_learn
from lava_ed.engine.families.learning_sparse import sparse_learn
from lava_ed.engine.families.lif import lif_step
from lava_ed.engine.families.monitor import monitor
from lava_ed.engine.families.plastic_dense import (
    dense_apply_tag,
    dense_backward,
    dense_forward,
    dense_learn,
    dense_replay,
    dense_reset,
)
from lava_ed.engine.families.readout import readout_accumulate, softmax_error, softmax_reset
from lava_ed.engine.families.ref_ports import reset
from lava_ed.engine.families.resonators import rf_step, rf_zero_step
from lava_ed.engine.families.ring_buffer import ring_sink, ring_source
from lava_ed.engine.families.sigma_delta import delta_send, sigma_step
from lava_ed.engine.families.sparse import sparse_delayed, sparse_forward
from lava_ed.engine.families.tallies import (
    count_epoch,
    count_learned,
    count_sparse_epoch,
    count_sparse_learned,
    count_spikes,
)
from lava_ed.engine.loops import codes
from lava_ed.engine.op import CLOCK, CODE, OVERFLOWS
from lava_ed.kernels._jit import kernel


@kernel
def others_op(a, i8, i16, i32, i64, now):  # type: ignore[no-untyped-def]
    """Run an op of the group others."""
    code = a[CODE]
    if code == codes.CONV_FORWARD:
        conv_forward(a, i32, i64)
    elif code == codes.SPIKE_LOADER:
        spike_loader(a, i32, i64, now)
    elif code == codes.SPIKES_DELAYED:
        spikes_delayed(a, i16, i32, i64)
    elif code == codes.JOIN_PART:
        join_part(a, i32)
    elif code == codes.RESET:
        reset(a, i8, i16, i32, i64, now)
    elif code == codes.SPARSE_FORWARD:
        sparse_forward(a, i32, i64)
    elif code == codes.SPARSE_DELAYED:
        sparse_delayed(a, i32, i64)
    elif code == codes.COUNT_SPIKES:
        count_spikes(a, i32, i64)


@kernel
def neurons_op(a, i16, i32, i64, f64):  # type: ignore[no-untyped-def]
    """Run an op of the group neurons."""
    code = a[CODE]
    if code == codes.ATRLIF_STEP:
        atrlif_step(a, i16, i32, i64, f64)
    elif code == codes.GRADED_SEND:
        graded_send(a, i32, i64)
    elif code == codes.NORM_SEND:
        norm_send(a, i32, i64)
    elif code == codes.PRODUCT_SEND:
        product_send(a, i32, i64)
    elif code == codes.ROOT_SEND:
        root_send(a, i32, i64)
    elif code == codes.RF_STEP:
        rf_step(a, i32, i64)
    elif code == codes.RF_ZERO_STEP:
        rf_zero_step(a, i32, i64)
    elif code == codes.SIGMA_STEP:
        sigma_step(a, i32, i64)
    elif code == codes.DELTA_SEND:
        delta_send(a, i32, i64)


@kernel
def ours_op(a, i8, i16, i32, i64, u8, phase, predictions, progress):  # type: ignore[no-untyped-def]
    """Run an op of the group ours."""
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


@kernel
def learning_op(a, i16, i32, i64, f64, now, row):  # type: ignore[no-untyped-def]
    """Run an op of the groups learning and sparse_learning."""
    code = a[CODE]
    if code == codes.TRACES_RECEIVE:
        traces_receive(a, i32, i64, f64, now, row)
    elif code == codes.TRACES_LEARN:
        traces_learn(a, i16, i32, i64, f64, now, row)
    elif code == codes.COUNT_EPOCH:
        count_epoch(a, i32, i64, now)
    elif code == codes.COUNT_LEARNED:
        count_learned(a, i16, i32, i64, now)
    elif code == codes.SPARSE_LEARN:
        sparse_learn(a, i32, i64, f64, now, row)
    elif code == codes.COUNT_SPARSE_EPOCH:
        count_sparse_epoch(a, i32, i64, now)
    elif code == codes.COUNT_SPARSE_LEARNED:
        count_sparse_learned(a, i32, i64, now)


@kernel
def run_core(  # type: ignore[no-untyped-def]
    ops, ptr, order, plan, i8, i16, i32, i64, u8, f64, time_step, phase, steps, stop_on_overflow, predictions, progress
):
    """Run steps of most graphs of Lava's own processes."""
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
            code = a[CODE]
            if code == codes.TRACES_RECEIVE:
                traces_receive(a, i32, i64, f64, now, row)
            elif code == codes.TRACES_LEARN:
                traces_learn(a, i16, i32, i64, f64, now, row)
            elif code == codes.COUNT_EPOCH:
                count_epoch(a, i32, i64, now)
            elif code == codes.COUNT_LEARNED:
                count_learned(a, i16, i32, i64, now)
            elif code == codes.SPIKES_FORWARD:
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
            elif code == codes.CONV_FORWARD:
                conv_forward(a, i32, i64)
            elif code == codes.SPIKE_LOADER:
                spike_loader(a, i32, i64, now)
            elif code == codes.SPIKES_DELAYED:
                spikes_delayed(a, i16, i32, i64)
            elif code == codes.JOIN_PART:
                join_part(a, i32)
            elif code == codes.RESET:
                reset(a, i8, i16, i32, i64, now)
            elif code == codes.SPARSE_FORWARD:
                sparse_forward(a, i32, i64)
            elif code == codes.SPARSE_DELAYED:
                sparse_delayed(a, i32, i64)
            elif code == codes.COUNT_SPIKES:
                count_spikes(a, i32, i64)
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
            elif code >= codes.CONV_FORWARD and code <= codes.COUNT_SPIKES:
                others_op(a, i8, i16, i32, i64, now)
            elif code >= codes.ATRLIF_STEP and code <= codes.DELTA_SEND:
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
            elif code >= codes.TRACES_RECEIVE and code <= codes.COUNT_SPARSE_LEARNED:
                learning_op(a, i16, i32, i64, f64, now, row)
            elif code >= codes.CONV_FORWARD and code <= codes.COUNT_SPIKES:
                others_op(a, i8, i16, i32, i64, now)
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
            elif code >= codes.TRACES_RECEIVE and code <= codes.COUNT_SPARSE_LEARNED:
                learning_op(a, i16, i32, i64, f64, now, row)
            elif code >= codes.CONV_FORWARD and code <= codes.COUNT_SPIKES:
                others_op(a, i8, i16, i32, i64, now)
            elif code >= codes.ATRLIF_STEP and code <= codes.DELTA_SEND:
                neurons_op(a, i16, i32, i64, f64)
        progress[CLOCK] += 1
        phase += 1
        if phase == period:
            phase = 0
        if progress[OVERFLOWS] and stop_on_overflow:
            return

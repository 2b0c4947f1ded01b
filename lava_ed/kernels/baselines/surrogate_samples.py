"""Whole samples of the surrogate-gradient baselines: forward, error, backward, update, all counted."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lava_ed.kernels import counting
from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.baselines.flat_net import (
    ENCODER,
    ERROR,
    FlatNet,
    adapt_layer,
    count_active,
    count_spikes,
    count_steps,
    count_updates,
    layer_of,
    matrix,
    neuron_row,
    work_rows,
)
from lava_ed.kernels.baselines.surrogate import (
    EVERYWHERE,
    Window,
    back_through_window,
    leak_fire_record,
    threshold_and_width,
)
from lava_ed.kernels.counting import BACKWARD, FORWARD, UPDATE
from lava_ed.kernels.fixed_point import ERROR_FRACTION_BITS, column_byte, column_key, stream_key
from lava_ed.kernels.loihi.neuron import accumulate, split_error
from lava_ed.kernels.loihi.plasticity import COUNTER_ROUNDING, learn_rows
from lava_ed.kernels.loihi.random_streams import DROP_STREAM, PORT_STREAM
from lava_ed.kernels.loihi.softmax import softmax_error, winner
from lava_ed.kernels.loihi.synapse import forward_graded, forward_spikes, synops_of
from lava_ed.kernels.vectors.events import list_events

PRESENTATION, LEARNING, ADAPTING, SEEN, CORRECT, TRIGGERED, MANTISSA, EXPONENT, PORT_SHIFT, OVERFLOWED = range(10)
"""Entries of `Work.state`."""
N_STATE: Final = 10
TTFS, RATE, CURRENT = range(3)


class Settings(NamedTuple):
    """Numbers of a net that do not change."""

    mask: int
    drop: int
    encoder: int
    dv: int
    half_width: int
    error_shift: int
    error_limit: int
    softmax_shift: int
    dead_zone: int
    hidden_dead_zones: npt.NDArray[np.int64]
    """Of each layer, with 8 fractional bits; 0 of the input and the output."""
    grains: npt.NDArray[np.int64]
    rounding: int
    seed: int
    layers: int
    steps: int
    error_phase: int
    period: int


class Work(NamedTuple):
    """State between samples, and scratch within one; vectors over all neurons where not said."""

    state: npt.NDArray[np.int64]
    table: npt.NDArray[np.int32]
    """Value of each grey level, (256,)."""
    x: npt.NDArray[np.int32]
    """Values: of the input, and where neurons spike once, of all."""
    v: npt.NDArray[np.int32]
    a: npt.NDArray[np.int32]
    b: npt.NDArray[np.int32]
    d: npt.NDArray[np.int32]
    e: npt.NDArray[np.int32]
    """Output error (n_out,)."""
    events: npt.NDArray[np.int32]
    y1: npt.NDArray[np.int32]
    y2: npt.NDArray[np.int32]
    row: npt.NDArray[np.int16]
    """Scratch of the learning kernel, WORK_ROWS·widest."""
    tag: npt.NDArray[np.int16]
    """Tags of the learning kernel, of no rows: weights are rounded stochastically."""
    tally: npt.NDArray[np.int64]
    """(L + 1, 3)."""


@kernel_part
def read_pixels(net, work, s, pixels):
    """x_i ← value of each pixel; while learning, 0 for the share of the inputs that is dropped."""
    state = work.state
    drop = s.drop if state[LEARNING] else 0
    key32 = column_key(stream_key(s.seed, state[PRESENTATION], DROP_STREAM, 0))
    for i in range(net.sizes[0]):
        dropped = drop > 0 and column_byte(key32, i) < drop
        work.x[i] = 0 if dropped else work.table[pixels[i]]


@kernel_part
def encode(net, window, work, s):
    """Write the input's spikes of every step, out of its values."""
    steps = window.spikes.shape[0]
    for i in range(net.sizes[0]):
        x = work.x[i]
        if x == 0:
            window.spikes[:, i] = 0
            continue
        for t in range(steps):
            if s.encoder == RATE:
                fires = (t + 1) * x // steps > t * x // steps
            elif s.encoder == TTFS:
                fires = x == steps - t
            else:
                fires = x != 0
            window.spikes[t, i] = fires


@kernel_part
def forward(net, window, work, s):
    """Run all layers over the window; returns the overflows."""
    last = net.sizes.size - 1
    steps = window.spikes.shape[0]
    overflows = 0
    work.v[:] = 0
    for layer in range(1, last + 1):
        graded = layer == 1 and s.encoder == CURRENT
        n_pre = net.sizes[layer - 1]
        nonzeros = layer_of(net.nonzeros, net, layer - 1)
        v, a = layer_of(work.v, net, layer), layer_of(work.a, net, layer)
        theta, width = threshold_and_width(net, layer, s.half_width)
        sender, row = (ENCODER if layer == 1 else neuron_row(net, layer - 1)), neuron_row(net, layer)
        for t in range(steps):
            count = list_events(layer_of(window.spikes[t], net, layer - 1), work.events)
            count_spikes(net, sender, FORWARD, count, 1)
            w8, exponent = matrix(net, layer), net.exponents[layer]
            if graded:
                # The payload is written into x1 once.
                net.counters[ERROR + layer, counting.TRACE_UPDATES, UPDATE] += count if t == 0 else 0
                synops = forward_graded(w8, nonzeros, work.events, work.x[:n_pre], count, exponent, a)
                net.counters[ERROR + layer, counting.GRADED_SYNOPS, FORWARD] += synops
            else:
                synops = forward_spikes(w8, nonzeros, work.events, count, exponent, a)
                net.counters[ERROR + layer, counting.SYNOPS, FORWARD] += synops
            if layer == last:
                active, lost = accumulate(a, v)
            else:
                _, active, lost = leak_fire_record(
                    a, v, theta, s.dv, width, s.mask, layer_of(window.spikes[t], net, layer),
                    layer_of(window.level[t], net, layer), layer_of(window.v[t], net, layer),
                )  # fmt: skip
            count_active(net, row, FORWARD, active)
            overflows += lost
    return overflows


@kernel_part
def backward(net, window, work, s):
    """Compute and count the errors of every layer and step; returns the overflows."""
    last = net.sizes.size - 1
    overflows = back_through_window(
        net, window, work.e, s.mask, s.dv, s.error_shift, s.hidden_dead_zones, work.b, work.d, work.a, work.tally
    )
    for layer in range(1, last + 1):
        messages, active, synops = work.tally[layer]
        row = ERROR if layer == last else neuron_row(net, layer)
        # The errors of the first hidden layer have nobody to go to, nor have those of a net without one.
        count_spikes(net, row, BACKWARD, messages, int(layer > 1))
        net.counters[ERROR + layer, counting.GRADED_SYNOPS, BACKWARD] += synops
        count_active(net, neuron_row(net, layer), BACKWARD, active)
    return overflows


@kernel_part
def update(net, window, work, s):
    """Send the spikes once more in reversed time, and learn dw = η·s_i[t]·D_j[t] in every step."""
    last = net.sizes.size - 1
    steps = window.spikes.shape[0]
    state = work.state
    for layer in range(1, last + 1):
        graded = layer == 1 and s.encoder == CURRENT
        n_pre, n_post = net.sizes[layer - 1], net.sizes[layer]
        w8, nonzeros, x1 = matrix(net, layer), layer_of(net.nonzeros, net, layer - 1), work.x[:n_pre]
        sender, dense = (ENCODER if layer == 1 else neuron_row(net, layer - 1)), ERROR + layer
        y1, y2, row = work.y1[:n_post], work.y2[:n_post], work_rows(work, n_post)
        for t in range(steps - 1, -1, -1):
            count = list_events(layer_of(window.spikes[t], net, layer - 1), work.events)
            count_spikes(net, sender, BACKWARD, count, 1)
            read = synops_of(nonzeros, work.events, count)
            net.counters[dense, counting.GRADED_SYNOPS if graded else counting.SYNOPS, BACKWARD] += read
            phase = s.error_phase + (last - layer) + (steps - 1 - t)
            key = stream_key(s.seed, state[PRESENTATION], layer + PORT_STREAM, phase)
            if layer == last:
                live = split_error(work.e, state[PORT_SHIFT], 0, key, y1, y2)
            else:
                shift = ERROR_FRACTION_BITS + state[PORT_SHIFT]
                live = split_error(layer_of(window.d[t], net, layer), shift, s.grains[layer], key, y1, y2)
            if live == 0 and (s.mask != EVERYWHERE or s.hidden_dead_zones[layer] + s.grains[layer] > 0):
                continue
            net.counters[dense, counting.TRACE_UPDATES, UPDATE] += n_post if s.mask == EVERYWHERE else live
            key = stream_key(s.seed, state[PRESENTATION], layer, phase)
            effective, writes = learn_rows(
                w8, nonzeros, work.events, count, x1, int(graded), y1, y2, state[MANTISSA], state[EXPONENT], key,
                COUNTER_ROUNDING, row, work.tag,
            )  # fmt: skip
            count_updates(net, layer, count * n_post, live * w8.shape[0], effective, writes)


@kernel_part
def decide(work, s, v, label):
    """Decide, and compute the output error where learning is on; returns (decision, non-zero errors)."""
    best = winner(v)
    work.state[SEEN] += 1
    work.state[CORRECT] += best == label
    live = 0
    if work.state[LEARNING]:
        live = softmax_error(v, label, s.softmax_shift, s.dead_zone, s.rounding, work.e)
    else:
        work.e[:] = 0
    return best, live


@kernel_part
def adapt_window(net, window):
    """Adapt to how many neurons fired in the window, and how many did in more than half of its steps."""
    steps = window.spikes.shape[0]
    for layer in range(1, net.sizes.size - 1):
        fired, saturated = 0, 0
        for j in range(net.first[layer], net.first[layer + 1]):
            n = 0
            for t in range(steps):
                n += window.spikes[t, j]
            fired += n > 0
            saturated += 2 * n > steps
        adapt_layer(net, layer, fired, saturated)


@kernel
def present_surrogate(net: FlatNet, window: Window, work: Work, s: Settings, images, indices, labels, decisions):
    """Present samples one after the other until a state leaves 24 bits; returns how many were begun.

    Parameters
    ----------
    images : uint8 (N, n_in)
    indices, labels : int64 (k,)
    decisions : int32 (k,)
    """
    last = net.sizes.size - 1
    for k in range(indices.size):
        work.state[PRESENTATION] += 1
        count_steps(net, s.error_phase + 1, s.period)
        read_pixels(net, work, s, images[indices[k]])
        encode(net, window, work, s)
        overflows = forward(net, window, work, s)
        decisions[k], live = decide(work, s, layer_of(work.v, net, last), labels[k])
        if work.state[LEARNING]:
            net.counters[ERROR, counting.HOST_OPS, BACKWARD] += net.sizes[last]
            # Published without a dead zone, sg-bptt goes back after every sample; with one, only after an error.
            if live or (s.mask == EVERYWHERE and s.dead_zone == 0):
                work.state[TRIGGERED] += 1
                if s.mask != EVERYWHERE:
                    # The gate, to every layer that replays.
                    net.counters[ERROR, counting.SPIKE_MESSAGES, BACKWARD] += last
                overflows += backward(net, window, work, s)
                update(net, window, work, s)
        if work.state[ADAPTING] and net.adaptation[0]:
            adapt_window(net, window)
        work.state[OVERFLOWED] += overflows
        if overflows:
            return k + 1
    return indices.size

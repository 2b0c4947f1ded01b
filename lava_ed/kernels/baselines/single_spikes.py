"""Single spikes at a fixed threshold: first crossing, causal set, and the gradient that divides by Σ_C w."""

from __future__ import annotations

import numpy as np

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
from lava_ed.kernels.baselines.surrogate_samples import (
    ADAPTING,
    EXPONENT,
    LEARNING,
    MANTISSA,
    OVERFLOWED,
    PORT_SHIFT,
    PRESENTATION,
    TRIGGERED,
    Settings,
    Work,
    decide,
    read_pixels,
)
from lava_ed.kernels.counting import BACKWARD, FORWARD, UPDATE
from lava_ed.kernels.fixed_point import TRACE_BITS, row_byte, saturate, shift_signed, stream_key, wrap_state
from lava_ed.kernels.loihi.neuron import count_fired, split_error, threshold_of_step
from lava_ed.kernels.loihi.plasticity import COUNTER_ROUNDING, excess_bits, product
from lava_ed.kernels.loihi.random_streams import PORT_STREAM
from lava_ed.kernels.loihi.synapse import forward_spikes
from lava_ed.kernels.vectors.events import list_events
from lava_ed.kernels.vectors.row_updates import column_bytes_of, round_shorts_into_row, split_increment

QUOTIENT_BITS = 8
"""δ = (B·2^8 ÷ slope) » shift: fractional bits of the division before the shift of the format."""


@kernel
def ramp(v, u, x):
    """v ← wrap(v + u) of the neurons that have not fired, while the others rest; returns (active, overflows)."""
    active = 0
    overflows = 0
    for j in range(v.size):
        if x[j] == 0:
            active += u[j] != 0
            raw = np.int64(v[j]) + u[j]
            new = wrap_state(raw)
            overflows += new != raw
            v[j] = new
    return active, overflows


@kernel
def cross(v, u, threshold, value, x, slope):
    """Fire where v ≥ θ for the first time: x ← value, slope ← u = Σ_C w; returns the spikes."""
    spikes = 0
    for j in range(v.size):
        if x[j] == 0 and v[j] >= threshold:
            x[j] = value
            slope[j] = u[j]
            spikes += 1
    return spikes


@kernel
def causal_errors(w8, delta, x_pre, x_post, causal, e):
    """e_i ← Σ_j 2·w8_ij·δ_j over the j that i helped to fire: x_i > x_j, or all where `causal` is 0.

    Returns the graded synaptic operations: non-zero synapses read for non-zero δ.
    """
    synops = 0
    for i in range(w8.shape[0]):
        total = np.int64(0)
        for j in range(w8.shape[1]):
            synops += (w8[i, j] != 0) & (delta[j] != 0)
            if causal == 0 or x_pre[i] > x_post[j]:
                total += np.int64(w8[i, j]) * delta[j]
        e[i] = saturate(total << 1, -(2**31) + 1, 2**31 - 1)
    return synops


@kernel
def divide_errors(e, x, slope, shift, limit, delta):
    """δ_j ← sat(trunc(e_j·2^8 / slope_j) » shift) where j fired, else 0; both round towards zero.

    Returns (messages, divisions, cut): non-zero δ, divisions done, values cut at ±limit.
    """
    messages = 0
    divisions = 0
    cut = 0
    for j in range(x.size):
        d = np.int64(0)
        if x[j] > 0:
            divisions += 1
            magnitude = (abs(np.int64(e[j])) << QUOTIENT_BITS) // abs(np.int64(slope[j]))
            quotient = -magnitude if (e[j] < 0) != (slope[j] < 0) else magnitude
            exact = shift_signed(quotient, shift)
            d = saturate(exact, -limit, limit)
            cut += d != exact
        delta[j] = d
        messages += d != 0
    return messages, divisions, cut


@kernel
def learn_causal(w8, row_nonzeros, x_pre, x_post, causal, y1, y2, mantissa, exponent, key, work):
    """dw_ij = m·2^a·(x_i − x_j)·(y1_j − y2_j) where x_i > x_j > 0; without `causal`, m·2^a·x_i·(y1_j − y2_j).

    Returns (rows, effective_updates, weight_writes), where rows are the inputs that spiked.
    """
    rows = 0
    effective = 0
    writes = 0
    excess = excess_bits(2 * TRACE_BITS)
    steps, rest, column = work[0], work[1], work[2]
    column_bytes_of(key, COUNTER_ROUNDING, column)
    for i in range(w8.shape[0]):
        if x_pre[i] == 0:
            continue
        rows += 1
        live = 0
        for j in range(x_post.size):
            lead = max(x_pre[i] - x_post[j], 0) if causal else x_pre[i]
            increment = product(lead * (y1[j] - y2[j]), mantissa, exponent, excess)
            live += increment != 0
            split_increment(increment, j, steps, rest)
        if live:
            w, row_nonzeros[i] = round_shorts_into_row(w8, i, steps, rest, column, np.int16(row_byte(key, i)))
            effective += live
            writes += w
    return rows, effective, writes


@kernel_part
def run_layer(net, work, s, layer):
    """Run a layer over the window: in step t, v += u, first crossings, then the spikes of t into u."""
    last = net.sizes.size - 1
    hidden = layer < last
    x_pre, x = layer_of(work.x, net, layer - 1), layer_of(work.x, net, layer)
    u, v, slope = layer_of(work.b, net, layer), layer_of(work.v, net, layer), layer_of(work.d, net, layer)
    sums, spikes_now = layer_of(work.a, net, layer), layer_of(work.a, net, layer - 1)
    threshold, row = threshold_of_step(net.threshold_step[layer]), neuron_row(net, layer)
    overflows = 0
    x[:] = 0
    u[:] = 0
    v[:] = 0
    # The readout integrates in one step more, so that a spike at T − 1 counts 1.
    for t in range(s.steps if hidden else s.steps + 1):
        active, lost = ramp(v, u, x)
        overflows += lost
        count_active(net, row, FORWARD, active)
        if hidden:
            fired = cross(v, u, threshold, s.steps - t, x, slope)
            count_spikes(net, row, FORWARD, fired, 1)
        if t < s.steps:
            for i in range(x_pre.size):
                spikes_now[i] = x_pre[i] == s.steps - t
            count = list_events(spikes_now, work.events)
            nonzeros = layer_of(net.nonzeros, net, layer - 1)
            synops = forward_spikes(matrix(net, layer), nonzeros, work.events, count, net.exponents[layer], sums)
            net.counters[ERROR + layer, counting.SYNOPS, FORWARD] += synops
            # x1 of each spike, whether errors come or not.
            net.counters[ERROR + layer, counting.TRACE_UPDATES, UPDATE] += count
            u += sums
    return overflows


@kernel_part
def backward(net, work, s):
    """Put δ of every layer into work.d, in place of the slopes it divides by."""
    last = net.sizes.size - 1
    live = 0
    for o in range(net.sizes[last]):
        layer_of(work.d, net, last)[o] = work.e[o]
        live += work.e[o] != 0
    count_spikes(net, ERROR, BACKWARD, live, int(last > 1))
    for layer in range(last - 1, 0, -1):
        above, causal = layer + 1, int(layer + 1 < last)
        x, delta, e = layer_of(work.x, net, layer), layer_of(work.d, net, layer), layer_of(work.a, net, layer)
        synops = causal_errors(
            matrix(net, above), layer_of(work.d, net, above), x, layer_of(work.x, net, above), causal, e
        )  # fmt: skip
        messages, divisions, _ = divide_errors(e, x, delta, s.error_shift, s.error_limit, delta)
        row = neuron_row(net, layer)
        net.counters[ERROR + above, counting.GRADED_SYNOPS, BACKWARD] += synops
        count_spikes(net, row, BACKWARD, messages, int(layer > 1))
        net.counters[row, counting.HOST_OPS, BACKWARD] += divisions
        count_active(net, row, BACKWARD, divisions)


@kernel_part
def update(net, work, s):
    """Let all connections learn once, in the sample's last phase."""
    last = net.sizes.size - 1
    state = work.state
    for layer in range(1, last + 1):
        n_post, phase = net.sizes[layer], s.period - 1
        y1, y2 = work.y1[:n_post], work.y2[:n_post]
        key = stream_key(s.seed, state[PRESENTATION], layer + PORT_STREAM, phase)
        live = split_error(layer_of(work.d, net, layer), state[PORT_SHIFT], 0, key, y1, y2)
        if live == 0:
            continue
        net.counters[ERROR + layer, counting.TRACE_UPDATES, UPDATE] += live
        key = stream_key(s.seed, state[PRESENTATION], layer, phase)
        rows, effective, writes = learn_causal(
            matrix(net, layer), layer_of(net.nonzeros, net, layer - 1), layer_of(work.x, net, layer - 1),
            layer_of(work.x, net, layer), int(layer < last), y1, y2, state[MANTISSA], state[EXPONENT], key,
            work_rows(work, n_post),
        )  # fmt: skip
        count_updates(net, layer, rows * n_post, live * net.sizes[layer - 1], effective, writes)


@kernel
def present_single_spikes(net: FlatNet, work: Work, s: Settings, images, indices, labels, decisions):
    """Do as `surrogate_samples.present_surrogate`, with neurons that spike once."""
    last = net.sizes.size - 1
    for k in range(indices.size):
        work.state[PRESENTATION] += 1
        count_steps(net, s.error_phase + 1, s.period)
        overflows = 0
        read_pixels(net, work, s, images[indices[k]])
        for i in range(net.sizes[0]):
            count_spikes(net, ENCODER, FORWARD, int(work.x[i] != 0), 1)
        for layer in range(1, last + 1):
            overflows += run_layer(net, work, s, layer)
        decisions[k], live = decide(work, s, layer_of(work.v, net, last), labels[k])
        if work.state[LEARNING]:
            net.counters[ERROR, counting.HOST_OPS, BACKWARD] += net.sizes[last]
            if live:
                work.state[TRIGGERED] += 1
                backward(net, work, s)
                update(net, work, s)
        if work.state[ADAPTING] and net.adaptation[0]:
            for layer in range(1, last):
                fired, saturated = count_fired(layer_of(work.x, net, layer), s.steps)
                adapt_layer(net, layer, fired, saturated)
        work.state[OVERFLOWED] += overflows
        if overflows:
            return k + 1
    return indices.size

"""Baselines on feature maps: first crossings, causal windows, surrogates and errors that neurons of a square share."""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.fixed_point import MAP_FRACTION_BITS
from lava_ed.kernels.loihi.conv_counts import count_weights, spread_taps
from lava_ed.kernels.loihi.conv_tables import AT
from lava_ed.kernels.loihi.conv_windows import pack_weights, synapses_back
from lava_ed.kernels.loihi.convolution import scatter_spikes
from lava_ed.kernels.loihi.map_neuron import pool_membranes
from lava_ed.kernels.vectors.window_sums import sum_scaled
from lava_ed.kernels.views import segment


@kernel_part
def _ramp(v, u, x, shape, pool):
    """v ← v + u where no neuron of the square has fired; returns how many of these had a current."""
    height, width, channels = shape
    active, across = np.int64(0), width // pool
    for y in range(height):
        for column in range(width):
            at, some = (y * width + column) * channels, np.int32(0)
            here, current = segment(v, at, channels), segment(u, at, channels)
            if y // pool < height // pool and column // pool < across:
                fired = segment(x, (y // pool * across + column // pool) * channels, channels)
                for c in range(channels):
                    now = current[c] if fired[c] == 0 else np.int32(0)
                    here[c] += now
                    some += np.int32(now != 0)
            else:
                for c in range(channels):
                    here[c] += current[c]
                    some += np.int32(current[c] != 0)
            active += some
    return active


@kernel_part
def _cross(v, u, best, threshold, value, x, slope, winner, shape, pool):
    """The first neuron of each silent square whose membrane is its largest and has reached θ; returns the spikes."""
    _, width, channels = shape
    spikes = 0
    for g in range(best.size):
        if x[g] == 0 and best[g] >= threshold:
            square, c = g // channels, g % channels
            corner = (square // (width // pool) * width + square % (width // pool)) * pool * channels + c
            for other in range(pool * pool - 1, -1, -1):
                there = corner + (other // pool * width + other % pool) * channels
                if v[there] == best[g]:
                    winner[g] = there
            x[g], slope[g] = value, u[winner[g]]
            spikes += 1
    return spikes


@kernel
def run_squares(
    w8, row_nonzeros, tables, order, starts, values, u, v, best, threshold, steps, fires, x, slope, winner, shape, pool
):  # fmt: skip
    """Run a layer over the window: in step t, v += u, first crossings of squares, then the spikes of t into u.

    Returns (spikes, active updates, synaptic operations).

    Parameters
    ----------
    w8, row_nonzeros, tables
        As `scatter_spikes` takes them.
    order, starts : int32
        Inputs sorted by their value T − t, as `sort_values` leaves them.
    u, v : int32 (n,)
    best, x, slope, winner : int32 (squares,)
        Largest membrane; T − t of the first spike, 0: none; Σ_C w of the neuron that fired, and its number.
    fires : int
        0: the readout, which integrates in one step more, so that a spike at T − 1 counts 1.
    shape, pool : (height, width, channels), int
    """
    spikes, active, synops = np.int64(0), np.int64(0), np.int64(0)
    u[:] = 0
    v[:] = 0
    x[:] = 0
    for t in range(steps if fires else steps + 1):
        active += _ramp(v, u, x, shape, pool)
        if fires:
            pool_membranes(v, shape[0], shape[1], shape[2], pool, best)
            spikes += _cross(v, u, best, threshold, steps - t, x, slope, winner, shape, pool)
        if t < steps:
            first, last = starts[steps - t], starts[steps - t + 1]
            synops += scatter_spikes(w8, row_nonzeros, tables, order, first, last, values, 0, u)
    return spikes, active, synops


@kernel
def causal_windows(w8, row_nonzeros, tables, corners, x, errors, delta, own, sums, back):
    """sums_tap += Σ_j max(x_i − x_j, 0)·δ_j, and back_i += Σ_j w_ij·δ_j over the j with x_i > x_j.

    Returns (products that are not 0, non-zero synapses read).

    Parameters
    ----------
    w8, row_nonzeros : int8, int32 (channels,)
        In rows of an output channel.
    corners : int32 (positions,)
        Where windows begin.
    x, back : int32
        The padded inputs, and what errors reach them.
    errors, delta, own : int32
        Neurons with an error, the error, and x_j: 0 of the readout, to which every spike is causal.
    sums : int32 (n_weights,)
    """
    k, channels = tables[AT.kernel], tables[AT.channels_out]
    run = k * tables[AT.channels_in]
    line = (tables[AT.width_in] + 2 * tables[AT.padding]) * tables[AT.channels_in]
    products, synops = np.int64(0), np.int64(0)
    for e in range(errors.size):
        position, channel, d, last = errors[e] // channels, errors[e] % channels, delta[e], own[e]
        synops += synapses_back(w8, row_nonzeros, tables, position, channel)
        for row in range(k):
            first, there = (channel * k + row) * run, corners[position] + row * line
            values, weights = segment(x, there, run), segment(w8, first, run)
            gathered, reached, found = segment(sums, first, run), segment(back, there, run), np.int32(0)
            for n in range(run):
                lead = np.int32(max(np.int32(values[n] - last), np.int32(0)))
                gathered[n] += np.int32(lead * d)
                reached[n] += np.int32(weights[n] * d) if lead > 0 else np.int32(0)
                found += np.int32(lead > 0)
            products += found
    return products, synops


@kernel
def pool_counts(spikes, square, counts):
    """counts_g ← how many neurons of square g spiked; those of square −1 fill none."""
    counts[:] = 0
    for j in range(spikes.size):
        if square[j] >= 0:
            counts[square[j]] += np.int32(spikes[j])


@kernel
def replay_map(e_in, square, b, g, spikes, level, anew, limit, dead_zone, message, y):
    """One step of reversed time without a leak: B ← B + e_in or, `anew`, e_in; g ← sat(h·B + (1 − s)·g).

    Where a spike or a level is, the change of g is the message, unless it lies within the dead zone; `anew`, g itself
    is the message of every neuron.  y ← round(g), without its bits behind the point.
    Returns (messages, active).

    Parameters
    ----------
    e_in : int32 (squares,)
    square, b, g, message, y : int32 (n,)
    spikes, level : uint8 (n,)
    """
    messages, active, zero = np.int32(0), np.int32(0), np.int32(0)
    low, high, half = np.int32(-limit), np.int32(limit), np.int32(1 << (MAP_FRACTION_BITS - 1))
    least, every = np.int32(dead_zone), np.int32(anew)
    sends_all = np.int32(anew and dead_zone == 0)
    for j in range(g.size):
        at = square[j]
        e = e_in[at] if at >= 0 else zero
        b[j] = e if anew else np.int32(b[j] + e)
        message[j] = np.int32(e != 0)
    for j in range(g.size):
        event = np.int32(spikes[j]) | np.int32(level[j] != 0)
        active = np.int32(active + np.int32(message[j] | event | every))
        sign = np.int32(b[j] >> np.int32(31))
        size = np.int32(np.int32(np.int32(b[j] ^ sign) - sign) >> max(np.int32(np.int32(level[j]) - 1), zero))
        h = np.int32(np.int32(size ^ sign) - sign) if level[j] else zero
        new = min(max(np.int32(h + (zero if spikes[j] else g[j])), low), high)
        sent = new if every else np.int32(new - g[j])
        sent = sent if max(sent, np.int32(-sent)) > least else zero
        learned = sent if every else np.int32(g[j] + sent)
        g[j] = new if every else learned
        message[j] = sent
        messages = np.int32(messages + np.int32(np.int32(sent != 0) | sends_all))
        sign = np.int32(learned >> np.int32(31))
        size = np.int32(np.int32(np.int32(np.int32(learned ^ sign) - sign) + half) >> np.int32(MAP_FRACTION_BITS))
        y[j] = np.int32(np.int32(size ^ sign) - sign)
    return messages, active


@kernel
def derive(w8, tables, taps, fan_out, packed):
    """What forward sums read in place of the weights: their bytes in order, and the synapses of each input."""
    for channel in range(tables[AT.channels_out]):
        pack_weights(w8, tables, channel, packed)
    count_weights(w8, tables, taps)
    spread_taps(taps, tables, fan_out)


@kernel
def sum_products(tables, x, ends, origins, factors, sums):
    """sums_tap ← Σ x_i·y_j over its products, of errors sorted by channel as `by_channel` leaves them."""
    k, c_in = tables[AT.kernel], tables[AT.channels_in]
    run, line = k * c_in, (tables[AT.width_in] + 2 * tables[AT.padding]) * c_in
    first = np.int32(0)
    for c in range(tables[AT.channels_out]):
        last = ends[c]
        for row in range(k):
            sum_scaled(x, origins, factors, first, last, row * line, run, sums, (c * k + row) * run)
        first = last

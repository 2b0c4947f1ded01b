"""AFT-LIF neurons of feature maps: spikes that share an axon, and errors in reversed time, from spike to spike.

The neurons of a square of pool × pool send to one axon, which has the number of the square.  Without a leak an error D
stands from one replayed spike to the next, so that each step costs what its spikes cost.
"""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.counting import COUNTING
from lava_ed.kernels.fixed_point import MAP_FRACTION_BITS, TRACE_MAX, saturate, wrap_state
from lava_ed.kernels.loihi.history import word_of
from lava_ed.kernels.vectors.events import copy_vector
from lava_ed.kernels.views import segment


@kernel_part
def _rounded(x, bits):
    """sign·(|x| + half) » bits, half = 2^(bits − 1)."""
    sign = np.int32(x >> np.int32(31))
    size = np.int32(np.int32(np.int32(x ^ sign) - sign) + np.int32((1 << bits) >> 1)) >> np.int32(bits)
    return np.int32(np.int32(size ^ sign) - sign)


@kernel
def pool_spikes(spike_word, t, height, width, channels, pool, merge, line, values):
    """values ← how many neurons of each square of pool × pool spiked at step t, with `merge` at most 1.

    Returns the sum of the values: the messages.

    Parameters
    ----------
    spike_word : int32 (words·height·width·channels,)
        Bit histories.
    line : int32 (width·channels,)
        Scratch.
    values : int32 ((height // pool)·(width // pool)·channels,)
    """
    across, largest = width // pool, np.int32(1 if merge else pool * pool)
    spike_word, place = word_of(spike_word, t, height * width * channels)
    bit = np.int32(place)
    messages = np.int64(0)
    for y in range(height // pool):
        line[:] = 0
        for row in range(y * pool, (y + 1) * pool):
            there = segment(spike_word, row * line.size, line.size)
            for k in range(line.size):
                line[k] += np.int32(np.int32(there[k] >> bit) & np.int32(1))
        for x in range(across):
            sums = segment(values, (y * across + x) * channels, channels)
            copy_vector(segment(line, x * pool * channels, channels), sums)
            for each in range(x * pool + 1, (x + 1) * pool):
                more = segment(line, each * channels, channels)
                for c in range(channels):
                    sums[c] += more[c]
        sent = np.int32(0)
        sums = segment(values, y * across * channels, across * channels)
        for k in range(sums.size):
            sums[k] = min(sums[k], largest)
            sent = np.int32(sent + sums[k])
        messages += sent
    return messages


@kernel
def replay_spikes(
    e_in, b, fired, first, last, support_word, square_of, area, merge, t, fraction, limit, dead_zone, d, v, delta,
    errors, taken,
):  # fmt: skip
    """One step of reversed time: B ← B + e_in; at a spike ε = h·sat(B » fraction), Δ = ε − D; D ← ε if |Δ| > z.

    v ← v + (t + 1)·Δ, which makes v = Σ_t D[t] when all steps are replayed.  With `merge` the error is that of the
    first of a square's neurons that spiked at t, and ε is 0 at the others.  Returns (messages, active, overflows).

    Parameters
    ----------
    e_in, b : int32 (squares,)
        What arrives, and its sum B, with `fraction` bits more behind the point than D has.
    fired : int32
        fired[first : last] are the neurons that spiked at step t, in ascending order.
    support_word : int32 (words·n,)
        Bit histories: h at t.
    square_of : int32 (n,)
        Square of each neuron, −1 for one that fills none.
    area : int
        Neurons of a square.
    limit, dead_zone : int
        Largest |ε|, and z, as D is counted.
    d, v : int32 (n,)
        D of the last replayed spike, and its sum over the steps.
    delta, errors : int32 (n,)
        Message Δ, 0 everywhere before, and the neurons that send one.
    taken : int32 (squares,)
        Scratch, 0 before and after.
    """
    overflows = 0
    reached = 0
    support_word, bit = word_of(support_word, t, d.size)
    for g in range(b.size):
        raw = b[g] + e_in[g]
        new = wrap_state(raw)
        overflows += new != raw
        if COUNTING:
            reached += e_in[g] != 0
        b[g] = new
    active = reached * area
    messages = 0
    for k in range(first, last):
        j = np.uint32(fired[np.uint32(k)])
        if square_of[j] < 0:
            continue
        at = np.uint32(square_of[j])
        if COUNTING:
            active += e_in[at] == 0
        # Without branches, as spikes inside the support, and errors that are sent, come as chance has it.
        seen = np.int32(np.int32(support_word[j] >> np.int32(bit)) & np.int32(1))
        if merge:
            seen = np.int32(seen & np.int32(1 - taken[at]))
            taken[at] = 1
        epsilon = np.int32(seen * np.int32(saturate(_rounded(b[at], fraction), -limit, limit)))
        change = np.int32(epsilon - d[j])
        sent = abs(change) > dead_zone
        change = np.int32(change if sent else 0)
        d[j] = np.int32(d[j] + change)
        v[j] = np.int32(v[j] + np.int32(np.int32(t + 1) * change))
        delta[j] = change
        errors[np.uint32(messages)] = np.int32(j)
        messages += sent
    if merge:
        for k in range(first, last):
            square = square_of[np.uint32(fired[np.uint32(k)])]
            if square >= 0:
                taken[np.uint32(square)] = 0
    return messages, active, overflows


@kernel
def mean_errors(v, steps, y):
    """y ← sat₇(round(v / 2^⌈log₂ T⌉)), without D's bits behind the point: what a neuron's synapses learn from."""
    bits = np.int32(MAP_FRACTION_BITS)
    while 1 << bits < steps << MAP_FRACTION_BITS:
        bits = np.int32(bits + 1)
    half, largest = np.int32((1 << bits) >> 1), np.int32(TRACE_MAX)
    for j in range(v.size):
        sign = np.int32(v[j] >> np.int32(31))
        size = np.int32(np.int32(np.int32(np.int32(v[j] ^ sign) - sign) + half) >> bits)
        y[j] = np.int32(np.int32(min(size, largest) ^ sign) - sign)

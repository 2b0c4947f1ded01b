"""Neuron arithmetic of STD-ED (AFT-IF) and MPD-ED (AFT-LIF): integration, firing, errors, adaptation.

Arrays are int32, one entry a neuron, and are changed in place.  Functions return counts: spikes
or messages, neurons that were active, and states that left their 24-bit register.
"""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.counting import COUNTING
from lava_ed.kernels.fixed_point import (
    DECAY_UNITY,
    STATE_BITS,
    STATE_MAX,
    STATE_MIN,
    TRACE_MAX,
    decay,
    random_word,
    row_key,
    saturate,
    wrap_state,
)
from lava_ed.kernels.loihi.history import word_of
from lava_ed.kernels.loihi.leak_block import ACTIVE_SHIFT, OVERFLOW_SHIFT, leak_block
from lava_ed.kernels.vectors.events import list_bits, number_of_bits
from lava_ed.kernels.vectors.lanes import LANES

_FIRED = np.uint64(2**LANES - 1)


@kernel_part
def threshold_of_step(step):
    """κ = (4 + step mod 4)·2^(step div 4): four thresholds an octave, mantissa 4 … 7."""
    return (4 + (step & 3)) << (step >> 2)


@kernel
def integrate(a_in, u, v):
    """u ← wrap(u + a_in), then v ← wrap(v + u): the rectified-linear PSP without decay; returns (active, overflows).

    Active neurons have an input or a current.
    Source: Zhang et al., "Rectified Linear Postsynaptic Potential Function" (arXiv 2003.11837).
    """
    active = 0
    overflows = 0
    for j in range(u.size):
        raw_u = u[j] + a_in[j]
        new_u = wrap_state(raw_u)
        raw_v = v[j] + new_u
        new_v = wrap_state(raw_v)
        overflows += (new_u != raw_u) + (new_v != raw_v)
        if COUNTING:
            active += (a_in[j] != 0) | (new_u != 0)
        u[j] = new_u
        v[j] = new_v
    return active, overflows


@kernel
def accumulate(a_in, v):
    """v ← wrap(v + a_in): the non-leaky membrane of an MPD-ED readout.

    Returns
    -------
    (active, overflows)
    """
    active = 0
    overflows = 0
    for j in range(v.size):
        raw = v[j] + a_in[j]
        new = wrap_state(raw)
        overflows += new != raw
        if COUNTING:
            active += a_in[j] != 0
        v[j] = new
    return active, overflows


@kernel
def fire_falling_threshold(a_in, u, v, kappa, remaining, x, events):
    """Fire where v ≥ κ·remaining and no spike came before; then x ← remaining.

    Parameters
    ----------
    a_in, u, v : int32 (n,)
    kappa, remaining : int
        Slope κ of the falling threshold, and T − s: the value that a spike now stands for.
    x : int32 (n,)
        Value of each neuron's spike, 0 while silent.
    events : int32 (n,)
        Receives the neurons that fire now.

    Returns
    -------
    (spikes, newly_active) : spikes, and those of them whose neuron had neither input nor current.
    """
    threshold = np.int64(kappa) * remaining
    spikes = 0
    newly_active = 0
    for j in range(v.size):
        if v[j] >= threshold and x[j] == 0:
            x[j] = remaining
            events[spikes] = j
            spikes += 1
            if COUNTING:
                newly_active += (u[j] == 0) & (a_in[j] == 0)
    return spikes, newly_active


@kernel
def gate_error(e_in, x, window, limit, dead_zone, delta):
    """δ ← [0 < x < T]·[|e_in| > z]·sat(e_in): only a neuron that fired strictly inside its window has a gradient.

    Returns
    -------
    (messages, active, overflows) : non-zero δ; neurons with an error input; values cut at ±limit.
    """
    messages = 0
    active = 0
    cut = 0
    for j in range(x.size):
        e = e_in[j]
        if COUNTING:
            active += e != 0
        if 0 < x[j] < window and abs(e) > dead_zone:
            d = saturate(e, -limit, limit)
            cut += d != e
        else:
            d = 0
        delta[j] = d
        messages += d != 0
    return messages, active, cut


@kernel
def split_error(delta, shift, grain, key, y1, y2):
    """y1, y2 ← positive and negative part of sat₇(round(δ/2^shift)); returns how many neurons have one that is not 0.

    Rounding, to multiples of 2^grain, adds shift + grain (0 … 24) random bits before the right shift, so that the
    mean is exact.

    Parameters
    ----------
    delta, y1, y2 : int32 (n,)
    key : uint64
        Stream key of this layer and step.
    """
    base = row_key(key, 0)
    live = 0
    for j in range(delta.size):
        d = delta[j]
        magnitude = np.int64(abs(d))
        if shift + grain > 0:
            magnitude = (magnitude + random_word(base, j, shift + grain)) >> (shift + grain) << grain
        magnitude = min(magnitude, np.int64(TRACE_MAX))
        y1[j] = magnitude if d > 0 else 0
        y2[j] = magnitude if d < 0 else 0
        live += magnitude != 0
    return live


@kernel
def leak_and_fire(a_in, v, threshold, dv, half_width, t, spike_word, support_word, events):
    """v ← wrap(λ·v + a_in); s = [v ≥ θ]; history bits are set and v ← 0 where s; returns (spikes, active, overflows).

    λ = 1 − dv/4096, applied with sign and magnitude.

    Parameters
    ----------
    a_in, v : int32 (n,)
    threshold, half_width : int
        θ, and the half-width α of the box surrogate: h = [|v − θ| < α].
    t : int
        Step in the window: the bit that a spike sets.
    spike_word, support_word : int32 (words·n,)
        Bit t mod 32 of word t div 32: a spike at t, and a spike at t inside the surrogate's support.
    events : int32 (n,)
        Receives the neurons that fire now.
    """
    spikes = 0
    active = 0
    overflows = 0
    spike_word, place = word_of(spike_word, t, v.size)
    support_word, place = word_of(support_word, t, v.size)
    bit = np.int32(np.int64(1) << place)
    leaks = np.int32(-1 if dv != 0 else 0)
    # No membrane reaches 2^23, no two are 2^24 apart.
    bound, width = np.int32(min(threshold, STATE_MAX + 1)), np.int32(min(max(half_width, 0), 2**STATE_BITS))
    kept = np.uint32(DECAY_UNITY - dv)
    usual = threshold >= STATE_MIN and dv >= 0 and dv <= DECAY_UNITY
    whole = v.size - v.size % LANES if usual else 0
    for start in range(0, whole, LANES):
        told = leak_block(a_in, v, spike_word, support_word, start, kept, leaks, bound, width, bit)
        spikes = list_bits(np.uint32(told & _FIRED), start, events, spikes)
        if COUNTING:
            active += number_of_bits(np.uint32(np.uint32(told) >> np.uint32(ACTIVE_SHIFT)))
        overflows += number_of_bits(np.uint32(told >> np.uint64(OVERFLOW_SHIFT)))
    for j in range(whole, v.size):
        a = a_in[j]
        old = v[j]
        moving = np.int32(a | np.int32(old & leaks))
        if COUNTING:
            active += moving != 0
        raw = decay(old, dv) + a
        new = wrap_state(raw)
        overflows += new != raw
        if new >= threshold:
            spike_word[j] |= bit
            if new - threshold < half_width:
                support_word[j] |= bit
            if COUNTING:
                active += moving == 0
            events[spikes] = j
            spikes += 1
            new = 0
        v[j] = new
    return spikes, active, overflows


@kernel_part
def _wrap_word(x):
    """`wrap_state` on 32-bit lanes."""
    return np.int32(np.int32(x << np.int32(32 - STATE_BITS)) >> np.int32(32 - STATE_BITS))


@kernel_part
def _replay_without_leak(e_in, b, d, spike_word, support_word, bit, dead_zone, delta):
    """`replay_error` without leaks and branches on int32, so that its loop becomes vector code."""
    messages = np.int32(0)
    active = np.int32(0)
    overflows = np.int32(0)
    for j in range(b.size):
        fired = np.int32(-np.int32(np.int32(spike_word[j] >> bit) & np.int32(1)))
        inside = np.int32(-np.int32(np.int32(support_word[j] >> bit) & np.int32(1)))
        if COUNTING:
            active = np.int32(active + np.int32(np.int32(e_in[j] | fired) != 0))
        raw = np.int32(b[j] + e_in[j])
        now = _wrap_word(raw)
        before = d[j]
        epsilon = np.int32(now & inside)
        raw_message = np.int32(np.int32(epsilon - before) & fired)
        message = _wrap_word(raw_message)
        overflows = np.int32(overflows + np.int32(now != raw) + np.int32(message != raw_message))
        sent = np.int32(-np.int32(np.int32(abs(message)) > dead_zone))
        message = np.int32(message & sent)
        b[j] = now
        d[j] = np.int32(before ^ np.int32(np.int32(before ^ epsilon) & sent))
        delta[j] = message
        messages = np.int32(messages + np.int32(message != 0))
    return np.int64(messages), np.int64(active), np.int64(overflows)


@kernel
def replay_error(e_in, b, d, spike_word, support_word, t, dv, dv_post, dead_zone, delta):
    """One step of reversed time: D ← λ·D, B ← λ_post·B + e_in; at a spike ε = h·B, Δ = ε − D, D ← ε where |Δ| > z.

    A smaller Δ is not sent and leaves D as it is, so that D stays the sum of what was sent.  Returns (messages, active,
    overflows).

    Parameters
    ----------
    e_in : int32 (n,)
        Σ_k w_jk·Δ_k, already shifted.
    b, d : int32 (n,)
        Error accumulator B and error of the last replayed spike D; 8 fractional bits, as e_in has.
    spike_word, support_word : int32 (words·n,)
        Bit histories; h is the support bit (box surrogate).
    t : int
        Step replayed now.
    dv, dv_post : int
        Decay constants of this layer and of the layer the error comes from.
    dead_zone : int
        z, with the 8 fractional bits of D.
    delta : int32 (n,)
        Message Δ, 0 where none is sent.
    """
    spike_word, bit = word_of(spike_word, t, b.size)
    support_word, bit = word_of(support_word, t, b.size)
    if dv == 0 and dv_post == 0:
        return _replay_without_leak(e_in, b, d, spike_word, support_word, np.int32(bit), np.int32(dead_zone), delta)
    messages = 0
    active = 0
    overflows = 0
    leaks, post = np.int32(-1 if dv != 0 else 0), np.int32(-1 if dv_post != 0 else 0)
    for j in range(b.size):
        e = e_in[j]
        if COUNTING:
            spiked = np.int32((spike_word[j] >> bit) & 1)
            active += np.int32(np.int32(e | spiked) | np.int32(np.int32(d[j] & leaks) | np.int32(b[j] & post))) != 0
        d_now = np.int32(decay(d[j], dv))
        raw = decay(b[j], dv_post) + e
        b_now = np.int32(wrap_state(raw))
        overflows += b_now != raw
        message = np.int32(0)
        if (spike_word[j] >> bit) & 1:
            epsilon = b_now if (support_word[j] >> bit) & 1 else np.int32(0)
            raw_message = np.int64(epsilon) - d_now
            message = np.int32(wrap_state(raw_message))
            overflows += message != raw_message
            if abs(message) > dead_zone:
                d_now = epsilon
            else:
                message = np.int32(0)
        b[j] = b_now
        d[j] = d_now
        delta[j] = message
        messages += message != 0
    return messages, active, overflows


@kernel
def sum_errors(d, v, t, steps):
    """v ← D at t = steps − 1, wrap(v + D) at the replayed steps before it; at t = 0 then v / 2^⌈log₂ steps⌉.

    The membrane's register is free once the window has passed.  The division cuts towards zero.  Returns the
    overflows.
    """
    overflows = np.int32(0)
    bits = np.int32(0)
    while t == 0 and 1 << bits < steps:
        bits = np.int32(bits + 1)
    kept = np.int32(-1 if t < steps - 1 else 0)
    for j in range(v.size):
        raw = np.int32(d[j] + np.int32(v[j] & kept))
        total = _wrap_word(raw)
        overflows = np.int32(overflows + np.int32(total != raw))
        sign = np.int32(total >> np.int32(31))
        magnitude = np.int32(np.int32(np.int32(total ^ sign) - sign) >> bits)
        v[j] = np.int32(np.int32(magnitude ^ sign) - sign)
    return np.int64(overflows)


@kernel
def count_fired(x, window):
    """Neurons with x > 0, and neurons at the ceiling x = window."""
    fired = 0
    saturated = 0
    for j in range(x.size):
        fired += x[j] > 0
        saturated += x[j] >= window
    return fired, saturated


@kernel_part
def adapt_step(step, highest, fired, saturated, total, low, high, ceiling):
    """One move of the threshold step from counts: shares are in 1/128 of `total` neuron presentations.

    Fewer than `low` fired: one step down.  More than `high` fired, or more than `ceiling` at
    the ceiling: one step up.  The step stays in 0 … highest.
    """
    if fired * 128 < low * total:
        return max(step - 1, 0)
    if fired * 128 > high * total or saturated * 128 > ceiling * total:
        return min(step + 1, highest)
    return step


@kernel
def adapt_threshold(step, highest, fired, saturated, total, low, high, ceiling):
    """Compiled entry to `adapt_step` for callers outside the engine's loop."""
    return adapt_step(step, highest, fired, saturated, total, low, high, ceiling)


@kernel
def threshold_from_step(step):
    """Compiled entry to `threshold_of_step` for callers outside the engine's loop."""
    return threshold_of_step(step)


@kernel_part
def support_width(threshold, eighths):
    """Half the width of the surrogate gradient's support, which is given in eighths of the threshold."""
    return (threshold * eighths) >> 3


@kernel
def threshold_and_width(step, eighths):
    """Threshold θ and `support_width` of a threshold step, for callers outside the engine's loop."""
    threshold = threshold_of_step(step)
    return threshold, support_width(threshold, eighths)

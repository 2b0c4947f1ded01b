"""LIF layers over a whole window with a surrogate gradient: the masks of MPD-ED, SSGD and full BPTT.

One sample is stored step by step, differentiated in reversed time, and only then are weights changed.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.baselines.flat_net import FlatNet, layer_of, matrix
from lava_ed.kernels.fixed_point import ERROR_FRACTION_BITS, decay, shift_signed, wrap_state
from lava_ed.kernels.loihi.neuron import support_width, threshold_of_step
from lava_ed.kernels.loihi.synapse import backward_errors
from lava_ed.kernels.vectors.events import copy_vector

AT_SPIKES: Final = 0
"""h = s·[v − θ < α]: MPD-ED's mask."""
NEAR_THRESHOLD: Final = 1
"""h = [|v − θ| < α], spike or not: SSGD's."""
EVERYWHERE: Final = 2
"""h = 2^−⌊|v − θ|/α⌋, α rounded down to a power of two: every neuron in every step."""
MAX_LEVEL: Final = 31


class Window(NamedTuple):
    """What a sample leaves behind, over all neurons of the net, input first."""

    spikes: npt.NDArray[np.uint8]
    """s (T, n)."""
    level: npt.NDArray[np.uint8]
    """The surrogate (T, n): 0 none, k + 1 for h = 2^−k."""
    v: npt.NDArray[np.int32]
    """Membranes before the reset (T, n)."""
    d: npt.NDArray[np.int32]
    """−∂L/∂v (T, n), 8 fractional bits."""
    message: npt.NDArray[np.int32]
    """Graded messages sent backwards (T, n)."""


@kernel_part
def surrogate_level(v, threshold, half_width, mask):
    """0 where the surrogate is 0, else k + 1 where it is 2^−k."""
    distance = v - threshold
    if mask == AT_SPIKES:
        return np.uint8(0 <= distance < half_width)
    distance = abs(distance)
    if mask == NEAR_THRESHOLD:
        return np.uint8(distance < half_width)
    shift = 0
    while (half_width >> (shift + 1)) > 0:
        shift += 1
    return np.uint8(min(distance >> shift, MAX_LEVEL) + 1)


@kernel
def leak_fire_record(a_in, v, threshold, dv, half_width, mask, spikes, level, record):
    """v ← wrap(λ·v + a_in); s = [v ≥ θ]; the surrogate's level; v ← 0 where s; returns (spikes, active, overflows).

    It is `neuron.leak_and_fire` with a record of each step in place of bits; `record` keeps v before the reset.

    Parameters
    ----------
    a_in, v, record : int32 (n,)
    spikes, level : uint8 (n,)
    """
    fired = 0
    active = 0
    overflows = 0
    for j in range(v.size):
        old = v[j]
        raw = decay(old, dv) + a_in[j]
        new = wrap_state(raw)
        overflows += new != raw
        record[j] = new
        level[j] = surrogate_level(new, threshold, half_width, mask)
        fires = new >= threshold
        spikes[j] = fires
        fired += fires
        active += (a_in[j] != 0) | ((old != 0) & (dv != 0)) | fires
        v[j] = 0 if fires else new
    return fired, active, overflows


@kernel
def replay_events(e_in, b, d, spikes, level, dv, dv_post, dead_zone, message):
    """One step of reversed time with messages at events only: D ← λ·D, B ← λ_post·B + e_in, and then

    where a spike or a level is: ε = h·B; at a spike Δ = ε − D, D ← ε, without one Δ = ε, D ← D + ε; a Δ within the
    dead zone is not sent, and leaves D as it is.
    Returns (messages, active, overflows); active neurons have an input, an event or a state that decays.
    """
    messages = 0
    active = 0
    overflows = 0
    for j in range(b.size):
        e = e_in[j]
        event = (spikes[j] != 0) | (level[j] != 0)
        active += (e != 0) | event | ((d[j] != 0) & (dv != 0)) | ((b[j] != 0) & (dv_post != 0))
        d_now = np.int64(decay(d[j], dv))
        raw = decay(b[j], dv_post) + e
        b_now = np.int64(wrap_state(raw))
        overflows += b_now != raw
        delta = np.int64(0)
        if event:
            epsilon = shift_signed(b_now, np.int64(level[j]) - 1) if level[j] else np.int64(0)
            raw_delta = epsilon - d_now if spikes[j] else epsilon
            delta = wrap_state(raw_delta)
            raw_d = epsilon if spikes[j] else d_now + epsilon
            new_d = wrap_state(raw_d)
            overflows += (delta != raw_delta) | (new_d != raw_d)
            if abs(delta) > dead_zone:
                d_now = new_d
            else:
                delta = np.int64(0)
        b[j] = b_now
        d[j] = d_now
        message[j] = delta
        messages += delta != 0
    return messages, active, overflows


@kernel
def replay_steps(e_in, g, spikes, level, dv):
    """One step of back-propagation through time: g ← h·e_in + λ·(1 − s)·g, for every neuron.

    Returns
    -------
    int : states that left 24 bits.
    """
    overflows = 0
    for j in range(g.size):
        epsilon = shift_signed(np.int64(e_in[j]), np.int64(level[j]) - 1) if level[j] else np.int64(0)
        raw = epsilon if spikes[j] else epsilon + decay(g[j], dv)
        new = wrap_state(raw)
        overflows += new != raw
        g[j] = new
    return overflows


@kernel
def errors_beyond(errors, dead_zone, message):
    """Send the errors beyond the dead zone; without one all, those of value 0 as well; returns how many."""
    if dead_zone == 0:
        copy_vector(errors, message)
        return errors.size
    sent = 0
    for j in range(errors.size):
        message[j] = errors[j] if abs(errors[j]) > dead_zone else 0
        sent += message[j] != 0
    return sent


@kernel_part
def threshold_and_width(net, layer, half_width):
    """θ of a layer, and the surrogate's half-width, which is given in eighths of θ."""
    theta = threshold_of_step(net.threshold_step[layer])
    return theta, support_width(theta, half_width)


@kernel
def back_through_window(net: FlatNet, window: Window, error, mask, dv, shift, dead_zones, b, d, e_in, tally):
    """Put −∂L/∂v of every layer and step into ``window.d``, messages into ``window.message``; returns the overflows.

    Parameters
    ----------
    error : int32 (n_out,)
    mask, dv, shift : int
        `shift` is that of the error sums.
    dead_zones : int64 (L + 1,)
        Largest error of each layer that is neither sent nor learned from, with 8 fractional bits.
    b, d, e_in : int32 (n,)
        Scratch over all neurons.
    tally : int64 (L + 1, 3)
        Receives, of each layer, messages, active updates and graded synaptic operations (of the
        connection into it).
    """
    last = net.sizes.size - 1
    steps = window.spikes.shape[0]
    overflows = 0
    b[:] = 0
    d[:] = 0
    tally[:] = 0
    for t in range(steps - 1, -1, -1):
        output = layer_of(window.message[t], net, last)
        for o in range(output.size):
            held = error[o] << ERROR_FRACTION_BITS
            output[o] = held if mask == EVERYWHERE or t == steps - 1 else 0
            layer_of(window.d[t], net, last)[o] = held
            if mask == EVERYWHERE:
                tally[last, 0] += 1
                tally[last, 1] += 1
            else:
                tally[last, 0] += output[o] != 0
        for layer in range(last - 1, 0, -1):
            sums = layer_of(e_in, net, layer)
            above = layer_of(window.message[t], net, layer + 1)
            if mask != EVERYWHERE and not np.any(above):
                sums[:] = 0
            else:
                synops, lost = backward_errors(matrix(net, layer + 1), above, shift, sums)
                overflows += lost
                # Without sparsity every synapse is read, for messages of value 0 as well.
                dense = mask == EVERYWHERE and dead_zones[layer + 1] == 0
                tally[layer + 1, 2] += np.sum(layer_of(net.nonzeros, net, layer)) if dense else synops
            spikes, level = layer_of(window.spikes[t], net, layer), layer_of(window.level[t], net, layer)
            now, message = layer_of(d, net, layer), layer_of(window.message[t], net, layer)
            if mask == EVERYWHERE:
                overflows += replay_steps(sums, now, spikes, level, dv)
                tally[layer, 0] += errors_beyond(now, dead_zones[layer], message)
                tally[layer, 1] += now.size
                copy_vector(message, layer_of(window.d[t], net, layer))
            else:
                dv_post = dv if layer + 1 < last else 0
                messages, active, lost = replay_events(
                    sums, layer_of(b, net, layer), now, spikes, level, dv, dv_post, dead_zones[layer], message
                )
                overflows += lost
                tally[layer, 0] += messages
                tally[layer, 1] += active
                copy_vector(now, layer_of(window.d[t], net, layer))
    return overflows

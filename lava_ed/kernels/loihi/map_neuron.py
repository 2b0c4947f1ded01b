"""Neurons of feature maps, pooled by earliest spike: those of a square share an axon, and its first spike closes it.

A membrane stands still while its layer fires, so that the largest of a square is the first to reach the falling
threshold; of equal ones the first in rows and columns counts.
"""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.fixed_point import saturate
from lava_ed.kernels.loihi.window import NUDGE
from lava_ed.kernels.vectors.events import copy_vector, lowest_bit, which_act
from lava_ed.kernels.vectors.lanes import LANES
from lava_ed.kernels.views import segment


@kernel
def pool_membranes(v, height, width, channels, pool, best):
    """best ← the largest v of each square of pool × pool neurons, channel by channel.

    Parameters
    ----------
    v : int32 (height·width·channels,)
    best : int32 ((height // pool)·(width // pool)·channels,)
    """
    across = width // pool
    for square in range(height // pool * across):
        first = (square // across * width + square % across) * pool * channels
        most = segment(best, square * channels, channels)
        copy_vector(segment(v, first, channels), most)
        for other in range(1, pool * pool):
            there = segment(v, first + (other // pool * width + other % pool) * channels, channels)
            for c in range(channels):
                most[c] = max(most[c], there[c])


@kernel
def fire_best(best, kappa, remaining, x, events):
    """Fire where a square's largest membrane has reached κ·remaining and it was silent; x ← remaining.

    Returns the spikes, whose squares `events` lists.
    """
    threshold = np.int64(kappa) * remaining
    spikes = 0
    for g in range(best.size):
        if best[g] >= threshold and x[g] == 0:
            x[g] = remaining
            events[spikes] = g
            spikes += 1
    return spikes


@kernel
def fire_window_best(best, kappa, steps, x):
    """x ← min(T, ⌊best/κ⌋) where best ≥ κ, else 0: all T steps of `fire_best`; returns (spikes, those at T)."""
    spikes = np.int32(0)
    at_once = np.int32(0)
    ceiling = np.int32(steps)
    reciprocal = 1.0 / kappa
    for g in range(x.size):
        value = np.int32(np.float64(best[g]) * reciprocal + NUDGE)
        value = min(max(value, np.int32(0)), ceiling)
        x[g] = value
        spikes = np.int32(spikes + np.int32(value > np.int32(0)))
        at_once = np.int32(at_once + np.int32(value == ceiling))
    return spikes, at_once


@kernel_part
def _pass_error(e, v, most, corner, width, channels, pool, limit, delta):
    """Give a square's error to the neuron that fired for it, which is returned: the first one of the largest v."""
    for dy in range(pool):
        for dx in range(pool):
            there = corner + (dy * width + dx) * channels
            if v[np.uint32(there)] == most:
                delta[np.uint32(there)] = saturate(e, -limit, limit)
                return there
    return corner


@kernel
def gate_pooled_errors(e_in, x, window, limit, dead_zone, v, best, height, width, channels, pool, delta, errors):
    """δ ← [0 < x < T]·[|e_in| > z]·sat(e_in) at the neuron that fired for its square; returns (messages, active).

    Parameters
    ----------
    e_in, x, best : int32 (squares,)
    v, delta : int32 (n,)
        δ is 0 everywhere before.
    errors : int32 (n,)
        Receives the neurons whose δ is not 0.
    """
    active = np.int32(0)
    least, ceiling = np.int32(dead_zone), np.int32(window)
    for g in range(x.size):  # which pass; the list is written over them below, and never runs ahead
        e = e_in[g]
        active = np.int32(active + np.int32(e != 0))
        inside = np.int32(x[g] > 0) & np.int32(x[g] < ceiling) & np.int32(max(e, np.int32(-e)) > least)
        errors[g] = np.int32(inside & np.int32(e != 0))
    messages = 0
    across = width // pool
    for square in range(height // pool * across):
        corner = (square // across * pool * width + square % across * pool) * channels
        first = square * channels
        whole = channels - channels % LANES
        for start in range(0, whole, LANES):
            acting = which_act(errors, first + start)
            while acting:
                c = start + np.int64(lowest_bit(acting))
                acting &= np.uint32(acting - np.uint32(1))
                at, most = corner + c, best[first + c]
                errors[messages] = _pass_error(e_in[first + c], v, most, at, width, channels, pool, limit, delta)
                messages += 1
        for channel in range(whole, channels):
            if errors[first + channel]:
                e, most, at = e_in[first + channel], best[first + channel], corner + channel
                errors[messages] = _pass_error(e, v, most, at, width, channels, pool, limit, delta)
                messages += 1
    return messages, active

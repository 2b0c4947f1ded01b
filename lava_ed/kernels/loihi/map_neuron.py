"""Neurons of feature maps, pooled by earliest spike: those of a square share an axon, and its first spike closes it.

A membrane stands still while its layer fires, so that the largest of a square is the first to reach the falling
threshold; of equal ones the first in rows and columns counts.
"""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.fixed_point import saturate
from lava_ed.kernels.loihi.window import NUDGE


@kernel
def pool_membranes(v, height, width, channels, pool, line, best):
    """best ← the largest v of each square of pool × pool neurons, channel by channel.

    Parameters
    ----------
    v : int32 (height·width·channels,)
    line : int32 (width·channels,)
        Scratch.
    best : int32 ((height // pool)·(width // pool)·channels,)
    """
    along, across = height // pool, width // pool
    for y in range(along):
        for j in range(line.size):
            line[j] = v[np.uint32(y * pool * line.size + j)]
        for dy in range(1, pool):
            first = (y * pool + dy) * line.size
            for j in range(line.size):
                line[j] = max(line[j], v[np.uint32(first + j)])
        for x in range(across):
            at = (y * across + x) * channels
            for c in range(channels):
                most = line[np.uint32(x * pool * channels + c)]
                for dx in range(1, pool):
                    most = max(most, line[np.uint32((x * pool + dx) * channels + c)])
                best[np.uint32(at + c)] = most


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
def winner_of(v, best, g, height, width, channels, pool):
    """The neuron of square g that fires for it."""
    across = width // pool
    square, c = g // channels, g % channels
    first = ((square // across * pool) * width + square % across * pool) * channels + c
    for dy in range(pool):
        for dx in range(pool):
            j = first + (dy * width + dx) * channels
            if v[np.uint32(j)] == best:
                return j
    return first


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
    messages = 0
    active = 0
    for g in range(x.size):
        e = e_in[g]
        if e == 0:
            continue
        active += 1
        if 0 < x[g] < window and abs(e) > dead_zone:
            j = winner_of(v, best[g], g, height, width, channels, pool)
            delta[np.uint32(j)] = saturate(e, -limit, limit)
            errors[np.uint32(messages)] = j
            messages += 1
    return messages, active

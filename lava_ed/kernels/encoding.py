"""Pixels to spikes: values by table, and the lists of neurons that spike in a step."""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import kernel
from lava_ed.kernels.fixed_point import column_byte, column_key


@kernel
def sort_values(x, order, starts):  # type: ignore[no-untyped-def]
    """The neurons whose value is not 0, sorted by value, stably (counting sort).

    Parameters
    ----------
    x : int32 (n,)
        Value of each neuron, 0 … highest.
    order : int32 (n,)
        Receives the neurons: those of value 1 from ``starts[1]`` on, then those of 2, and so on.
        What lies before ``starts[1]``, the places of the silent ones, is left as it was.
    starts : int32 (highest + 2,)
        Neurons of value k ≥ 1 are order[starts[k] : starts[k + 1]]; starts[0] is 0.
    """
    starts[:] = 0
    silent = np.int32(0)
    for i in range(x.size):
        if x[i]:
            starts[x[i] + 1] += 1
        else:
            silent += np.int32(1)
    starts[1] = silent
    for k in range(2, starts.size):
        starts[k] += starts[k - 1]
    for i in range(x.size):
        value = x[i]
        if value:
            order[starts[value]] = i
            starts[value] += 1
    for k in range(starts.size - 1, 1, -1):
        starts[k] = starts[k - 1]
    starts[1] = silent


@kernel
def load_values(pixels, table, drop, key, x, order, starts):  # type: ignore[no-untyped-def]
    """x_i ← table[pixel_i], 0 for those that are dropped, and the neurons sorted as `sort_values` leaves them.

    Parameters
    ----------
    pixels : uint8 (n,)
    table : int32 (256,)
        Value of each grey level, 0 … highest.
    drop : int
        Share of the neurons that is silenced, in 1/256: those whose random byte is smaller.
    key : uint64
        Stream key of the sample.
    x, order : int32 (n,)
    starts : int32 (highest + 2,)
    """
    for i in range(x.size):
        x[i] = table[pixels[i]]
    if drop > 0:
        key32 = column_key(key)
        for i in range(x.size):
            if column_byte(key32, i) < drop:
                x[i] = 0
    sort_values(x, order, starts)


@kernel
def events_of_value(order, starts, value, events):  # type: ignore[no-untyped-def]
    """List the neurons whose value is `value`; returns how many."""
    first = starts[value]
    n = starts[value + 1] - first
    for k in range(n):
        events[k] = order[first + k]
    return n


@kernel
def events_of_rate(order, starts, x, steps, t, events):  # type: ignore[no-untyped-def]
    """List the neurons with ⌊(t+1)·x/steps⌋ > ⌊t·x/steps⌋: x evenly spread spikes in `steps`."""
    n = 0
    for value in range(1, min(steps, starts.size - 2) + 1):
        first, last = starts[value], starts[value + 1]
        if first < last and (t + 1) * value // steps > t * value // steps:
            for k in range(first, last):
                events[n] = order[k]
                n += 1
    return n


@kernel
def events_of_nonzero(order, starts, events):  # type: ignore[no-untyped-def]
    """List the neurons whose value is not 0; returns how many."""
    n = 0
    for k in range(starts[1], order.size):
        events[n] = order[k]
        n += 1
    return n

"""Pixels to spikes: values by table, and the lists of neurons that spike in a step."""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import kernel


@kernel
def load_values(pixels, table, x, order, starts):  # type: ignore[no-untyped-def]
    """x_i ← table[pixel_i], and the neurons sorted by value (counting sort).

    Parameters
    ----------
    pixels : uint8 (n,)
    table : int32 (256,)
        Value of each grey level, 0 … highest.
    x : int32 (n,)
    order : int32 (n,)
        Receives the neurons, those of value 0 first, then those of 1, and so on.
    starts : int32 (highest + 2,)
        Neurons of value k are order[starts[k] : starts[k + 1]].
    """
    starts[:] = 0
    for i in range(x.size):
        value = table[pixels[i]]
        x[i] = value
        starts[value + 1] += 1
    for k in range(1, starts.size):
        starts[k] += starts[k - 1]
    for i in range(x.size):
        value = x[i]
        order[starts[value]] = i
        starts[value] += 1
    for k in range(starts.size - 1, 0, -1):
        starts[k] = starts[k - 1]
    starts[0] = 0


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
    for k in range(starts[1], order.size):
        i = order[k]
        value = np.int32(x[i])
        if (t + 1) * value // steps > t * value // steps:
            events[n] = i
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

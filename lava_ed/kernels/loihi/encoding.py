"""Pixels to spikes: values by table, and the lists of neurons that spike in a step."""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.fixed_point import BIN_STEPS, column_byte, column_key
from lava_ed.kernels.vectors.events import list_events
from lava_ed.kernels.views import segment


@kernel_part
def _ends_of_values(first, starts):
    """From how many neurons have each value to where those of each value end, the first of all being at `first`."""
    end = np.int32(first)
    for value in range(1, starts.size):
        end += starts[value]
        starts[value] = end


@kernel_part
def sort_listed(x, count, order, starts):
    """`sort_values` where order[:count] lists the neurons whose value is not 0, in their order."""
    n = np.int64(x.size)
    starts[:] = 0
    for k in range(count):
        starts[np.uint32(x[np.uint32(order[k])])] += 1
    _ends_of_values(n - count, starts)
    # Backwards, so that the end of each value has moved to its start when all of its neurons are placed.
    if 2 * count <= n:
        for k in range(count - 1, -1, -1):
            i = order[k]
            value = np.uint32(x[np.uint32(i)])
            starts[value] -= 1
            order[np.uint32(starts[value])] = i
    else:  # the list and the places overlap
        for i in range(n - 1, -1, -1):
            value = np.uint32(x[i])
            if value:
                starts[value] -= 1
                order[np.uint32(starts[value])] = i


@kernel
def sort_values(x, order, starts):
    """List the neurons whose value is not 0, sorted by value, stably (counting sort).

    Neurons of value k ≥ 1 become order[starts[k] : starts[k + 1]]; what lies before is scratch, and starts[0] is 0.

    Parameters
    ----------
    x, order : int32 (n,)
    starts : int32 (highest value + 2,)
    """
    sort_listed(x, list_events(x, order), order, starts)


@kernel
def load_values(pixels, table, drop, key, x, order, starts):
    """x_i ← table[pixel_i], 0 for those that are dropped, and the neurons sorted as `sort_values` leaves them.

    Parameters
    ----------
    pixels : uint8 (n,)
    table : int32 (256,)
        Value of each grey level.
    drop : int
        A neuron is silenced where its random byte is smaller.
    key : uint64
        Stream key of the sample.
    x, order, starts
        As in `sort_values`.
    """
    if table[0] != 0:
        for i in range(x.size):
            x[i] = table[pixels[i]]
        listed = list_events(x, order)
    else:
        x[:] = 0
        listed = list_events(pixels, order)
    key32 = column_key(key)
    count = 0
    for k in range(listed):
        neuron = np.uint32(order[k])
        value = table[pixels[neuron]]
        if drop > 0 and column_byte(key32, neuron) < drop:
            value = np.int32(0)
        x[neuron] = value
        order[count] = np.int32(neuron)
        count += value != 0
    sort_listed(x, count, order, starts)


@kernel
def load_planes(pixels, table, drop, key, x, order, starts):
    """`load_values` of inputs with several bytes, plane after plane: byte k of input i is pixel k·n + i, as in x.

    Inputs with a value that is not 0 become order[starts[1] :], in ascending order.

    Parameters
    ----------
    pixels : uint8 (planes·n,)
    x : int32 (planes·n,)
    order : int32 (n,)
    table, drop, key, starts
        As in `load_values`.
    """
    key32 = column_key(key)
    at = order.size
    for i in range(order.size - 1, -1, -1):
        silent = drop > 0 and column_byte(key32, np.uint32(i)) < drop
        found = np.int32(0)
        for k in range(i, x.size, order.size):
            x[k] = np.int32(0) if silent else table[pixels[k]]
            found |= x[k]
        if found:
            at -= 1
            order[at] = np.int32(i)
    starts[1] = at


@kernel
def events_of_value(order, starts, value, events):
    """List the neurons whose value is `value`; returns how many."""
    first = starts[value]
    n = starts[value + 1] - first
    for k in range(n):
        events[k] = order[first + k]
    return n


@kernel
def events_of_rate(order, starts, x, steps, t, events):
    """List the neurons with ⌊(t+1)·x/steps⌋ > ⌊t·x/steps⌋: x evenly spread spikes in `steps`."""
    n = 0
    # (t+1)·x mod steps is smaller than x where t·x and (t+1)·x lie on either side of a multiple of steps.
    remainder = np.int32(0)
    for value in range(1, min(steps, starts.size - 2) + 1):
        remainder = np.int32(remainder + np.int32(t + 1))
        if remainder >= steps:
            remainder = np.int32(remainder - np.int32(steps))
        if remainder < value:
            for k in range(starts[value], starts[value + 1]):
                events[np.uint32(n)] = order[np.uint32(k)]
                n += 1
    return n


@kernel
def events_of_bit(order, starts, x, t, events):
    """List the neurons in whose values, a byte for each 8 steps, the bit of step t is set; returns how many."""
    n = 0
    x, bit = segment(x, t // BIN_STEPS * order.size, order.size), t % BIN_STEPS
    for k in range(starts[1], order.size):
        neuron = order[k]
        if x[np.uint32(neuron)] >> bit & 1:
            events[n] = neuron
            n += 1
    return n


@kernel
def events_of_nonzero(order, starts, events):
    """List the neurons whose value is not 0; returns how many."""
    n = 0
    for k in range(starts[1], order.size):
        events[n] = order[k]
        n += 1
    return n

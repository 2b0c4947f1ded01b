"""Inputs that spike at a rate: those of equal rate spike in the same steps, so their rows need one sum a sample."""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import kernel
from lava_ed.kernels.counting import COUNTING
from lava_ed.kernels.loihi.synapse import shifts_of
from lava_ed.kernels.vectors.row_sums import sum_rows


@kernel
def sum_groups(w8, order, starts, steps, groups):
    """groups[x] ← Σ rows of the neurons with value x, for each value 1 … T that some neuron has.

    Parameters
    ----------
    w8 : int8 (n_pre, n_post)
    order, starts : int32
        Neurons sorted by value, as `encoding.sort_values` leaves them.
    steps : int
        T.
    groups : int32 (T + 1, n_post)
    """
    for value in range(1, steps + 1):
        if starts[value] < starts[value + 1]:
            sum_rows(w8, order, starts[value], starts[value + 1], 0, 0, groups[value])


@kernel
def sum_rates(groups, starts, steps, t, exponent, a_buff):
    """a ← `scale_sum` of Σ groups[x] over the values x with ⌊(t+1)·x/T⌋ > ⌊t·x/T⌋, which spike; returns the spikes."""
    left, right = shifts_of(exponent)
    a_buff[:] = 0
    spikes = 0
    for value in range(1, steps + 1):
        neurons = starts[value + 1] - starts[value]
        if neurons and (t + 1) * value % steps < value:
            spikes += neurons
            group = groups[value]
            for j in range(a_buff.size):
                a_buff[j] += group[j]
    for j in range(a_buff.size):
        a_buff[j] = np.int32(np.int32(a_buff[j] << np.int32(left)) >> np.int32(right))
    return spikes


@kernel
def note_rates(order, starts, steps, row_nonzeros, counts, listed, x0, x1):
    """List the neurons that spike; x0 = 1, and with `counts` x1 = x, their spikes; returns (neurons, spikes, synops).

    `listed`, `x0` and `x1` are left alone without `counts`.
    """
    n = 0
    spikes = 0
    synops = np.int64(0)
    for value in range(1, steps + 1):
        read = np.int64(0)
        for k in range(starts[value], starts[value + 1]):
            i = np.uint32(order[np.uint32(k)])
            if COUNTING:
                read += row_nonzeros[i]
            if counts:
                listed[np.uint32(n)] = np.int32(i)
                x0[i] = 1
                x1[i] = value
                n += 1
        spikes += value * (starts[value + 1] - starts[value])
        synops += value * read
    return n, spikes, synops

"""A whole window of STD-ED at once: the integers of step after step, without the steps in which nothing happens.

Valid where no state can leave its register: then sums may be taken in any order, and u and v need no
wrapping.  `lava_ed.engine.jump` checks the bound.
"""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import inline, kernel
from lava_ed.kernels.counting import COUNTING
from lava_ed.kernels.synapse import add_rows, scale_sum, synops_of


@inline
def _coast(u, v, steps):  # type: ignore[no-untyped-def]
    """`steps` updates without input: v ← v + steps·u; returns the active neuron updates."""
    still = np.int32(0)
    for j in range(u.size):
        if COUNTING:
            still = np.int32(still + np.int32(u[j] == 0))
        v[j] = np.int32(v[j] + np.int32(np.int32(steps) * u[j]))
    return np.int64(u.size - still) * steps


@inline
def _take(a_buff, exponent, u, v):  # type: ignore[no-untyped-def]
    """One update with the row sums in a_buff as input; returns the active neurons."""
    # What is counted is the rest: vectors compare for equality, and an input or a current is there before or after.
    idle = np.int32(0)
    for j in range(u.size):
        a = np.int32(scale_sum(a_buff[j], exponent))
        if COUNTING:
            idle = np.int32(idle + np.int32(np.int32(a | u[j]) == 0))
        current = np.int32(u[j] + a)
        u[j] = current
        v[j] = np.int32(v[j] + current)
    return np.int64(u.size - idle)


@kernel
def integrate_window(w8, row_nonzeros, order, starts, steps, updates, exponent, a_buff, u, v):  # type: ignore[no-untyped-def]
    """The first `updates` of: a ← Σ rows of the spikes of step s; u ← u + a; v ← v + u, for s = 0 … T − 1.

    Parameters
    ----------
    w8 : int8 (n_pre, n_post)
    row_nonzeros : int32 (n_pre,)
    order, starts : int32
        Pre-synaptic neurons sorted by value T − s, as `sort_values` leaves them.
    steps : int
        T.
    updates : int
        At most T; with T − 1 the last step's sum is left in `a_buff`, as the synapse sends it in the next step.
    exponent : int
        Weight exponent.
    a_buff, u, v : int32 (n_post,)
        Row sums; current and membrane, which start at 0.

    Returns
    -------
    (active, synops, last) : active neuron updates, synaptic operations, spikes of the last step.
    """
    active = 0
    still = 0
    for s in range(updates):
        first, last = starts[steps - s], starts[steps - s + 1]
        if first == last:
            still += 1
            continue
        if still:
            active += _coast(u, v, still)
            still = 0
        a_buff[:] = 0
        add_rows(w8, order, first, last, a_buff)
        active += _take(a_buff, exponent, u, v)
    if still:
        active += _coast(u, v, still)
    a_buff[:] = 0
    last_spikes = starts[2] - starts[1]
    if updates < steps and last_spikes:
        add_rows(w8, order, starts[1], starts[2], a_buff)
        for j in range(a_buff.size):
            a_buff[j] = scale_sum(a_buff[j], exponent)
    synops = 0
    for value in range(1, steps + 1):
        synops += synops_of(row_nonzeros, order[starts[value] : starts[value + 1]], starts[value + 1] - starts[value])
    return active, synops, last_spikes


@kernel
def fire_window(u, v, kappa, steps, x):  # type: ignore[no-untyped-def]
    """x ← min(T, ⌊v/κ⌋) where v ≥ κ, else 0, and u ← 0: all T steps of a falling threshold κ·(T − s).

    Returns
    -------
    (spikes, newly_active) : spikes, and those of them whose neuron had no current at its spike.
    """
    spikes = 0
    newly_active = 0
    for j in range(x.size):
        value = np.int32(0)
        if v[j] >= kappa:
            value = np.int32(min(np.int32(v[j]) // np.int32(kappa), np.int32(steps)))
            spikes += 1
            if COUNTING:
                newly_active += (value < steps) | (u[j] == 0)
        x[j] = value
        u[j] = 0
    return spikes, newly_active


@kernel
def note_window(order, starts, steps, listed, x0, x1):  # type: ignore[no-untyped-def]
    """List the spikes in the order in which they come, and set their traces x0 = 1, x1 = T − s; returns how many."""
    n = 0
    for s in range(steps):
        value = steps - s
        for k in range(starts[value], starts[value + 1]):
            i = order[k]
            listed[n] = i
            x0[i] = 1
            x1[i] = value
            n += 1
    return n

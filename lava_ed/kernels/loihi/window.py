"""A whole window of STD-ED at once: the integers of step after step, without the steps in which nothing happens.

Valid where no state can leave its register: then sums may be taken in any order, and u and v need no
wrapping.  `lava_ed.engine.jump` checks the bound.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.counting import COUNTING
from lava_ed.kernels.loihi.neuron import integrate
from lava_ed.kernels.loihi.synapse import scale_sum, shifts_of, sum_scaled, synops_of
from lava_ed.kernels.loihi.window_blocks import integrate_blocks
from lava_ed.kernels.vectors.lanes import FEW

NUDGE: Final = 2.0**-27
"""Makes ⌊v·(1/κ)⌋ in 53 bits the ⌊v/κ⌋ of whole numbers: more than a product's error below 2^23, less than 1/κ."""


@kernel_part
def _integrate_steps(w8, order, starts, steps, updates, exponent, a_buff, u, v):
    """Do as `integrate_blocks`, for fewer neurons than those of a vector."""
    active = 0
    for s in range(updates):
        sum_scaled(w8, order, starts[steps - s], starts[steps - s + 1], exponent, a_buff)
        active += integrate(a_buff, u, v)[0]
    return active


@kernel
def integrate_window(w8, row_nonzeros, order, starts, steps, updates, exponent, a_buff, u, v):
    """Do the first `updates` of T steps: a ← Σ rows of the spikes of step s; u ← u + a; v ← v + u.

    Returns (active, synops, last): active neuron updates, synaptic operations, spikes of the last step.

    Parameters
    ----------
    w8, row_nonzeros : int8 (n_pre, n_post), int32 (n_pre,)
    order, starts : int32
        Pre-synaptic neurons sorted by value T − s, as `sort_values` leaves them.
    steps, updates : int
        T, and at most T; with T − 1 the last step's sum is left in `a_buff`, as the synapse sends it in the next step.
    exponent : int
        Weight exponent.
    a_buff, u, v : int32 (n_post,)
        Row sums; current and membrane, which start at 0.
    """
    if u.size >= FEW:
        left, right = shifts_of(exponent)
        active = integrate_blocks(w8, order, starts, steps, updates, left, right, u, v)
    else:
        active = _integrate_steps(w8, order, starts, steps, updates, exponent, a_buff, u, v)
    a_buff[:] = 0
    last_spikes = starts[2] - starts[1]
    if updates < steps and last_spikes:
        sum_scaled(w8, order, starts[1], starts[2], exponent, a_buff)
    spikes = order[starts[1] : starts[steps + 1]]
    return active, synops_of(row_nonzeros, spikes, spikes.size), last_spikes


@kernel_part
def _last_input(w8, order, starts, exponent, j):
    """Whether neuron j gets an input from the spikes of the window's last step."""
    total = np.int64(0)
    for k in range(starts[1], starts[2]):
        total += w8[order[k], j]
    return np.int32(scale_sum(total, exponent) != 0)


@kernel
def fire_window(w8, order, starts, exponent, u, v, kappa, steps, x):
    """x ← min(T, ⌊v/κ⌋) where v ≥ κ, else 0, and u ← 0: all T steps of a falling threshold κ·(T − s).

    Returns (spikes, newly_active), the latter those whose neuron had neither input nor current at its spike.

    Parameters
    ----------
    w8, order, starts, exponent
        As in `integrate_window`, of the window that was integrated.
    u, v, x : int32 (n,)
    """
    spikes = np.int32(0)
    newly_active = np.int32(0)
    cancelled = np.int32(0)
    ceiling = np.int32(steps)
    reciprocal = 1.0 / kappa
    for j in range(x.size):
        value = np.int32(np.float64(v[j]) * reciprocal + NUDGE)
        value = min(max(value, np.int32(0)), ceiling)
        x[j] = value
        fired = np.int32(value > np.int32(0))
        spikes = np.int32(spikes + fired)
        if COUNTING:
            newly_active = np.int32(newly_active + np.int32(fired & np.int32((value < ceiling) | (u[j] == 0))))
            cancelled = np.int32(cancelled + np.int32((value == ceiling) & (u[j] == 0)))
    if cancelled:
        # At the first step of the window the last input arrives, which may be what made the current 0.
        for j in range(x.size):
            if x[j] == ceiling and u[j] == 0:
                newly_active = np.int32(newly_active - _last_input(w8, order, starts, exponent, j))
    u[:] = 0
    return spikes, newly_active


@kernel
def note_window(order, starts, steps, listed, x0, x1):
    """List the spikes in the order in which they come, and set their traces x0 = 1, x1 = T − s; returns how many."""
    n = 0
    for s in range(steps):
        value = np.int32(steps - s)
        for k in range(starts[value], starts[value + 1]):
            # Unsigned, or each index is compared with 0 first.
            i = np.uint32(order[np.uint32(k)])
            listed[np.uint32(n)] = np.int32(i)
            x0[i] = 1
            x1[i] = value
            n += 1
    return n

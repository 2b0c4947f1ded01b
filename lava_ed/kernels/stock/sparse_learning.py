"""Stock LearningSparse ("bit approximate"): the rules of LearningDense on stored synapses only, bit for bit.

Lava's model gives every stored value of weights, tag_2 and tag_1 the change that LearningDense would; its
rules can read spikes and traces, not synaptic variables. What its first step cuts to 0 is not stored any more.
Source: lava-nc 0.10.0, `lava/magma/core/model/py/connection.py` and `lava/proc/sparse/models.py`.
"""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import allocating, kernel_part
from lava_ed.kernels.stock.learning import (
    EFFECTIVE,
    SCRATCH_ROWS,
    active_reach,
    holds_restless_tag,
    rounding_offset,
    update_row,
)

TAG_1_TARGET = 2


@kernel_part
def choose_entries(start, stop, alive, columns, ty, whole, chosen):
    """List the entries of a row to work on: all that live, or those of post spikes; returns how many."""
    count = 0
    for e in range(start, stop):
        if alive[e] and (whole or ty[columns[e]] > 0):
            chosen[count] = e
            count += 1
    return count


@kernel_part
def gather(values, columns, y_history, ty, chosen, count, row, y_row, ty_row):
    """Copy values, traces and spike times of the chosen entries side by side."""
    for k in range(count):
        e = chosen[k]
        column = columns[e]
        row[0, k] = values[e]
        ty_row[k] = ty[column]
        for t in range(y_history.shape[0]):
            for trace in range(y_history.shape[1]):
                y_row[t, trace, k] = y_history[t, trace, column]


@allocating
def apply_rule_sparse(
    target, products, factors, ranges, limits, u_active, random, x_history, y_history, tx, ty,
    starts, columns, values, alive, skip_idle, places, marks,
):  # fmt: skip
    """Update one synaptic variable of stored synapses at the end of an epoch, and return how many were visited.

    Parameters
    ----------
    target : int
        0 weights, 1 tag_2, 2 tag_1.
    products … ty, skip_idle
        As in `learning.apply_rule`; factors name no synaptic variable.
    starts : int32 (n_pre + 1,)
        Entries of pre neuron i are starts[i] … starts[i + 1] − 1.
    columns, values : int32 (entries,)
        Post neuron and value, −2^15 … 2^15 − 1, of each entry.
    alive : int32 (entries,)
        0 where an entry is not stored any more and stays 0.
    places, marks : int32 (entries,), int32 (synapses + 1,)
        marks[places[e]] ← 1 where a product of entry e was not 0.
    """
    own = np.zeros_like(ranges)
    own[target] = ranges[target]
    offset = rounding_offset(random)
    on_all, on_pre, on_post = active_reach(products[ranges[target, 0] : ranges[target, 1]], u_active)
    longest = 0
    for i in range(tx.size):
        longest = max(longest, starts[i + 1] - starts[i])
    # Flat work space, shaped for each row anew: so `update_row` is the one that `apply_rule` has compiled.
    chosen = np.empty(longest, np.int32)
    flat, ty_flat = np.empty(longest, np.int16), np.empty(longest, ty.dtype)
    moments, traces = y_history.shape[0], y_history.shape[1]
    y_flat = np.empty(moments * traces * longest, np.int32)
    scratch = np.empty(SCRATCH_ROWS * longest, np.int32)
    visited = 0
    for i in range(tx.size):
        start, stop = starts[i], starts[i + 1]
        restless = target == TAG_1_TARGET and holds_restless_tag(values[start:stop])
        whole = not skip_idle or on_all or restless or (on_pre and tx[i] > 0)
        if not whole and not on_post:
            continue
        count = choose_entries(start, stop, alive, columns, ty, whole, chosen)
        if count == 0:
            continue
        visited += count
        row, ty_row = flat[:count].reshape(1, count), ty_flat[:count]
        y_row = y_flat[: moments * traces * count].reshape(moments, traces, count)
        gather(values, columns, y_history, ty, chosen, count, row, y_row, ty_row)
        work = scratch[: SCRATCH_ROWS * count].reshape(SCRATCH_ROWS, count)
        update_row(
            products, factors, own, limits, offset, u_active, i, 0, x_history, y_row, tx, ty_row,
            row, row, row, work,
        )  # fmt: skip
        for k in range(count):
            values[chosen[k]] = row[0, k]
            marks[places[chosen[k]]] |= work[EFFECTIVE, k]
    return visited

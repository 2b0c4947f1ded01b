"""What stock Lava's processes do, counted from their spikes, states and weights.

The processes themselves count nothing; these kernels run beside their arithmetic and change none of it.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lava_ed.kernels._jit import kernel
from lava_ed.kernels.vectors.events import copy_vector, count_positive

NO_LIMIT: Final = -(2**62)
"""Low threshold of a neuron that has none."""
LOWEST: Final = -(2**31)
HIGHEST: Final = 2**31 - 1


@kernel
def count_active_lif(a_in, u, v, bias_mant, moves, low, high):
    """Σ_j [a_in_j ≠ 0 ∨ u_j ≠ 0 ∨ bias_j ≠ 0 ∨ v_j > high ∨ v_j < low ∨ (v_j ≠ 0 ∧ moves)], before the step.

    Parameters
    ----------
    a_in, u, v, bias_mant : int32 (n,), int16 (n,)
    moves : bool
        Whether a membrane that is not 0 changes by itself: it decays, or is reset in this step.
    low, high : int
        Thresholds as they are compared with v; `NO_LIMIT` for a low one that is not there.
    """
    if high < LOWEST or low > HIGHEST:
        return np.int32(u.size)
    # In 32 bits throughout, so that the loop is vector code.
    most, least = np.int32(min(high, HIGHEST)), np.int32(max(low, LOWEST))
    moved = np.int32(-1 if moves else 0)
    active = np.int32(0)
    for j in range(u.size):
        anything = np.int32(np.int32(a_in[j] | u[j]) | np.int32(np.int32(bias_mant[j]) | np.int32(v[j] & moved)))
        active += np.int32((anything != np.int32(0)) | (v[j] > most) | (v[j] < least))
    return active


@kernel
def count_visits(tx, ty, on_pre, on_post, on_all):
    """Count the synapses that the learning engine visits at the end of an epoch, each once.

    u: n_pre·n_post; x0: n_x·n_post; y0: n_y·n_pre; x0 and y0: n_x·n_post + n_y·n_pre − n_x·n_y.

    Parameters
    ----------
    tx, ty : int32 (n_pre,), int32 (n_post,)
        Last spikes in the epoch, 0 for none.
    on_pre, on_post, on_all : bool
        Whether a product depends on x0, on y0, on a u that is 1 in this epoch.
    """
    if on_all:
        return np.int64(tx.size) * ty.size
    n_rows = count_positive(tx) if on_pre else np.int64(0)
    n_columns = count_positive(ty) if on_post else np.int64(0)
    return n_rows * ty.size + n_columns * tx.size - n_rows * n_columns


@kernel
def list_visits(tx, ty, on_pre, on_post, on_all, rows, columns):
    """List the pre and post neurons whose synapses `count_visits` counts; returns (visits, n_rows, n_columns).

    With `on_all` all are rows. `rows` and `columns` are int32 (n_pre,) and int32 (n_post,).
    """
    n_rows = 0
    n_columns = 0
    if on_all or on_pre:
        for i in range(tx.size):
            if on_all or tx[i] > 0:
                rows[n_rows] = i
                n_rows += 1
    if on_post and not on_all:
        for j in range(ty.size):
            if ty[j] > 0:
                columns[n_columns] = j
                n_columns += 1
    return count_visits(tx, ty, on_pre, on_post, on_all), n_rows, n_columns


@kernel
def count_writes(weights, before, rows, n_rows, columns, n_columns, row_nonzeros):
    """Σ [w_ij changed] over the rows and columns visited; `before` and `row_nonzeros` are brought up to date.

    Parameters
    ----------
    weights, before : int16 (n_pre, n_post)
        Now, and when this was called last.
    rows, columns : int32
        As from `list_visits`.
    row_nonzeros : int32 (n_pre,)
    """
    writes = np.int64(0)
    for k in range(n_rows):
        new, old = weights[rows[k]], before[rows[k]]
        changed = np.int32(0)
        grown = np.int32(0)
        for j in range(new.size):
            changed += np.int32(new[j] != old[j])
            grown += np.int32(new[j] != 0) - np.int32(old[j] != 0)
        if changed:
            writes += changed
            row_nonzeros[rows[k]] += grown
            copy_vector(new, old)
    if n_columns:
        for i in range(weights.shape[0]):
            for k in range(n_columns):
                j = columns[k]
                if weights[i, j] != before[i, j]:
                    writes += 1
                    row_nonzeros[i] += np.int32(weights[i, j] != 0) - np.int32(before[i, j] != 0)
                    before[i, j] = weights[i, j]
    return writes


@kernel
def count_stored_visits(tx, ty, on_pre, on_post, on_all, starts, targets, alive):
    """Count visits as `count_visits` does, of synapses that are stored by pre neuron and live.

    Synapses of pre neuron i are entries starts[i] … starts[i + 1] − 1.
    """
    visits = np.int64(0)
    for i in range(tx.size):
        whole = on_all or (on_pre and tx[i] > 0)
        if whole or on_post:
            for e in range(starts[i], starts[i + 1]):
                visits += alive[e] != 0 and (whole or ty[targets[e]] > 0)
    return visits


@kernel
def count_stored_writes(weights, before, marks, alive, starts, row_nonzeros):
    """Σ [w_e changed] and Σ [marks_e ≠ 0 ∧ alive_e ≠ 0]; `before` and `row_nonzeros` are brought up to date, marks ← 0.

    Parameters
    ----------
    weights, before, marks, alive : int32 (synapses,)
    starts, row_nonzeros : int32 (n_pre + 1,), int32 (n_pre,)
    """
    writes = np.int64(0)
    marked = np.int64(0)
    for i in range(row_nonzeros.size):
        grown = np.int32(0)
        for e in range(starts[i], starts[i + 1]):
            marked += (marks[e] != 0) & (alive[e] != 0)
            marks[e] = 0
            if weights[e] != before[e]:
                writes += 1
                grown += np.int32(weights[e] != 0) - np.int32(before[e] != 0)
                before[e] = weights[e]
        row_nonzeros[i] += grown
    return writes, marked


@kernel
def count_changes(values, before):
    """Σ [value changed]; `before` takes over the values (int32 (n,) both)."""
    changes = np.int32(0)
    for k in range(values.size):
        changes += np.int32(values[k] != before[k])
    if changes:
        copy_vector(values, before)
    return changes


def conv_fan_outs(
    weight: NDArray[Any],
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
) -> NDArray[np.int32]:
    """Count the non-zero synapses of each input of a convolution: Σ over the taps that carry it to an output.

    Parameters
    ----------
    weight : integer (C_out, K_x, K_y, C_in / groups)
    input_shape, output_shape : (X, Y, C)
    stride, padding, dilation : (x, y)

    Examples
    --------
    >>> conv_fan_outs(np.ones((1, 2, 1, 1)), (3, 1, 1), (2, 1, 1), (1, 1), (0, 0), (1, 1)).tolist()
    [1, 2, 1]
    """
    c_out, *taps, c_in = weight.shape
    reached = []
    for axis in (0, 1):
        x, k = np.arange(input_shape[axis])[:, np.newaxis], np.arange(taps[axis])
        place = x + padding[axis] - dilation[axis] * (taps[axis] - 1 - k)
        reached.append((place >= 0) & (place % stride[axis] == 0) & (place // stride[axis] < output_shape[axis]))
    groups = input_shape[2] // c_in
    grouped = (weight != 0).reshape(groups, c_out // groups, *taps, c_in).sum(axis=1)
    counts = np.einsum("xk,yl,gklc->xygc", reached[0].astype(np.int64), reached[1].astype(np.int64), grouped)
    return np.asarray(counts.reshape(-1), np.int32)

"""The map w ↦ min(max(w + D_j, L_j), U_j) on a row or column of weights, which also counts what it changed.

A slot holds D, L and U of a row or column, in 16 bits as the weights are.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lava_ed.kernels._jit import inline

__all__ = ["BOUNDED", "CHANGE", "HIGHEST", "IDLE", "LOWEST", "PLAIN", "pack_moving", "update_column", "update_row"]

IDLE: Final = -1
PLAIN, BOUNDED = 1, 2
"""Kinds of slots: with L and U at the limits of the weights, or with their own."""
CHANGE, LOWEST, HIGHEST = 0, 1, 2
"""Rows of a slot."""
COUNTED_AT_ONCE: Final = 2**14
"""Weights of a row whose changes are counted in 16 bits, so that vector code counts them too."""


@inline
def update_column(weights, j, rows, count, kind, slot, low, high, row_nonzeros):  # type: ignore[no-untyped-def]
    """The map of a slot on one column, of which entry k belongs to row ``rows[k]``; returns how many weights changed.

    `row_nonzeros` is kept up to date.
    """
    changed = np.int32(0)
    low, high = np.int32(low), np.int32(high)
    changes, lowest, highest = slot[CHANGE], slot[LOWEST], slot[HIGHEST]
    j = np.uint32(j)
    for k in range(count):
        i = np.uint32(rows[k])
        old = np.int32(weights[i, j])
        new = np.int32(old + np.int32(changes[k]))
        least, most = (low, high) if kind == PLAIN else (np.int32(lowest[k]), np.int32(highest[k]))
        new = min(max(new, least), most)
        weights[i, j] = new
        changed += np.int32(new != old)
        if old == 0 or new == 0:
            row_nonzeros[i] += np.int32(new != 0) - np.int32(old != 0)
    return changed


@inline
def pack_moving(kind, slot, size, low, high, rows):  # type: ignore[no-untyped-def]
    """Keep the entries of a slot that can change a weight, side by side, and list their places; returns how many."""
    count = np.int64(0)
    changes, lowest, highest = slot[CHANGE], slot[LOWEST], slot[HIGHEST]
    if kind == PLAIN:
        for i in range(size):
            change = changes[i]
            rows[np.uint32(count)] = i
            changes[np.uint32(count)] = change
            count += np.int32(change != 0)
        return count
    for i in range(size):
        change, least, most = changes[i], lowest[i], highest[i]
        rows[count], changes[count], lowest[count], highest[count] = i, change, least, most
        count += np.int32((change != 0) | (least != low) | (most != high))
    return count


@inline
def update_plain(row, changes, low, high):  # type: ignore[no-untyped-def]
    """The map of a slot whose L and U are the limits, on at most `COUNTED_AT_ONCE` weights; returns as `update_row`."""
    low, high = np.int16(low), np.int16(high)
    changed, grown = np.int16(0), np.int16(0)
    for j in range(row.size):
        old = row[j]
        weight = np.int16(old + changes[j])
        weight = low if weight < low else weight
        weight = high if weight > high else weight
        row[j] = weight
        changed = np.int16(changed + np.int16(weight != old))
        grown = np.int16(grown + np.int16(np.int16(weight != 0) - np.int16(old != 0)))
    return np.int32(changed), np.int32(grown)


@inline
def update_bounded(row, changes, lowest, highest):  # type: ignore[no-untyped-def]
    """The map of a slot, on at most `COUNTED_AT_ONCE` weights; returns as `update_row`."""
    changed, grown = np.int16(0), np.int16(0)
    for j in range(row.size):
        old = row[j]
        weight = np.int16(old + changes[j])
        weight = lowest[j] if weight < lowest[j] else weight
        weight = highest[j] if weight > highest[j] else weight
        row[j] = weight
        changed = np.int16(changed + np.int16(weight != old))
        grown = np.int16(grown + np.int16(np.int16(weight != 0) - np.int16(old != 0)))
    return np.int32(changed), np.int32(grown)


@inline
def update_row(row, kind, slot, low, high):  # type: ignore[no-untyped-def]
    """The map of a slot on a whole row; returns how many weights changed, and how many more are not 0 now."""
    if row.size <= COUNTED_AT_ONCE:
        if kind == PLAIN:
            return update_plain(row, slot[CHANGE], low, high)
        return update_bounded(row, slot[CHANGE], slot[LOWEST], slot[HIGHEST])
    changed, grown = np.int32(0), np.int32(0)
    for start in range(0, row.size, COUNTED_AT_ONCE):
        stop = min(start + COUNTED_AT_ONCE, row.size)
        part, changes = row[start:stop], slot[CHANGE, start:stop]
        if kind == PLAIN:
            more, new = update_plain(part, changes, low, high)
        else:
            more, new = update_bounded(part, changes, slot[LOWEST, start:stop], slot[HIGHEST, start:stop])
        changed += more
        grown += new
    return changed, grown

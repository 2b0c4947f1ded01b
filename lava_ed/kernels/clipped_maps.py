"""The map w ↦ min(max(w + D_j, L_j), U_j) on a row of weights, which also counts what it changed.

A slot holds D, L and U of a row, in 16 bits as the weights are.  Each kernel returns how many weights changed
and by how much the number of those that are not 0 grew.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lava_ed.kernels._jit import inline

__all__ = ["BOUNDED", "CHANGE", "HIGHEST", "IDLE", "LOWEST", "PLAIN", "undo_columns", "update_columns", "update_row"]

IDLE: Final = -1
PLAIN, BOUNDED = 1, 2
"""Kinds of slots: with L and U at the limits of the weights, or with their own."""
CHANGE, LOWEST, HIGHEST = 0, 1, 2
"""Rows of a slot."""
COUNTED_AT_ONCE: Final = 2**14
"""Weights of a row whose changes are counted in 16 bits, so that vector code counts them too."""


@inline
def update_columns(row, columns, count, slot):  # type: ignore[no-untyped-def]
    """The map of a slot on the columns of post spikes; returns how many weights changed, and became 0 less often."""
    changed, grown = np.int32(0), np.int32(0)
    changes, lowest, highest = slot[CHANGE], slot[LOWEST], slot[HIGHEST]
    for k in range(count):
        j = np.uint32(columns[k])
        old = np.int32(row[j])
        new = min(max(np.int32(old + changes[k]), np.int32(lowest[k])), np.int32(highest[k]))
        row[j] = new
        changed += np.int32(new != old)
        grown += np.int32(new != 0) - np.int32(old != 0)
    return changed, grown


@inline
def undo_columns(row, columns, count, before):  # type: ignore[no-untyped-def]
    """Put the weights of these columns back; returns what `update_columns` would, with negative signs."""
    changed, grown = np.int32(0), np.int32(0)
    for k in range(count):
        j = np.uint32(columns[k])
        old, new = np.int32(before[k]), np.int32(row[j])
        row[j] = old
        changed -= np.int32(new != old)
        grown -= np.int32(new != 0) - np.int32(old != 0)
    return changed, grown


@inline
def update_plain(row, changes, low, high):  # type: ignore[no-untyped-def]
    """The map of a slot whose L and U are the limits, on at most `COUNTED_AT_ONCE` weights; counts as above."""
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
    """The map of a slot, on at most `COUNTED_AT_ONCE` weights; counts as above."""
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
    """The map of a slot on a whole row; counts as above."""
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

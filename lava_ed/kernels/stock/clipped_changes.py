"""The map w ↦ min(max(w + D_j, L_j), U_j) on a row or column of weights, which also counts what it changed.

A slot holds D, L and U of a row or column, in 16 bits as the weights are.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from lava_ed.kernels._jit import inlined_source, kernel_part
from lava_ed.kernels.vectors.events import list_events
from lava_ed.kernels.vectors.lanes import SHORT_LANES, constant, count_lanes, everywhere, place, two_halves

IDLE: Final = -1
PLAIN, BOUNDED = 1, 2
"""Kinds of slots: with L and U at the limits of the weights, or with their own."""
CHANGE, LOWEST, HIGHEST = 0, 1, 2
"""Rows of a slot."""


@kernel_part
def update_column(weights, j, rows, count, kind, slot, low, high, row_nonzeros):
    """Apply the map of a slot to one column, whose entry k belongs to row ``rows[k]``.

    Returns how many weights changed; `row_nonzeros` is kept up to date.
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


@kernel_part
def pack_moving(kind, slot, size, low, high, rows):
    """Put the entries of a slot that can change a weight side by side, and list their places; returns how many."""
    count = np.int64(0)
    changes, lowest, highest = slot[CHANGE], slot[LOWEST], slot[HIGHEST]
    if kind == PLAIN:
        count = np.int64(list_events(changes[:size], rows))
        for k in range(count):  # a place is never before the k-th
            changes[np.uint32(k)] = changes[np.uint32(rows[np.uint32(k)])]
        return count
    for i in range(size):
        change, least, most = changes[i], lowest[i], highest[i]
        rows[count], changes[count], lowest[count], highest[count] = i, change, least, most
        count += np.int32((change != 0) | (least != low) | (most != high))
    return count


@intrinsic
def clip_block(typing_context: Any, row: Any, changes: Any, lowest: Any, highest: Any, start: Any) -> Any:
    """Apply the map to SHORT_LANES weights from `start` on, its limits being vectors or one number each.

    Returns how many changed, plus 2^32 times how many are not 0 now.
    """
    if any(isinstance(part, types.Array) and part.layout != "C" for part in (row, changes, lowest, highest)):
        return None
    signature = types.int64(row, changes, lowest, highest, types.intp)
    lanes = ir.VectorType(ir.IntType(16), SHORT_LANES)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def at(k: int) -> Any:
            return place(context, builder, signature, args, k, args[4], lanes)

        def limit(k: int) -> Any:
            if isinstance(signature.args[k], types.Array):
                return builder.load(at(k), align=2)
            return everywhere(builder, args[k], lanes)

        old, low, high = builder.load(at(0), align=2), limit(2), limit(3)
        new = builder.add(old, builder.load(at(1), align=2))
        new = builder.select(builder.icmp_signed("<", new, low), low, new)
        new = builder.select(builder.icmp_signed(">", new, high), high, new)
        builder.store(new, at(0), align=2)
        changed = count_lanes(builder, builder.icmp_signed("!=", new, old))
        filled = count_lanes(builder, builder.icmp_signed("!=", new, constant(0, lanes)))
        return two_halves(builder, changed, filled)

    return signature, codegen


@inlined_source
def update_plain(row, changes, low, high):
    """Apply a map whose L and U are the limits of the weights to a row; returns as `update_row`."""
    low, high, both = np.int16(low), np.int16(high), np.int64(0)
    whole = row.size - row.size % SHORT_LANES
    for start in range(0, whole, SHORT_LANES):
        both += clip_block(row, changes, low, high, start)
    for j in range(whole, row.size):
        old = row[j]
        weight = min(max(np.int16(old + changes[j]), low), high)
        row[j] = weight
        both += np.int64(weight != old) + (np.int64(weight != 0) << 32)
    return np.int32(both), np.int32(both >> 32)


@inlined_source
def update_bounded(row, changes, lowest, highest):
    """Apply a map with limits of its own to a row; returns as `update_row`."""
    both = np.int64(0)
    whole = row.size - row.size % SHORT_LANES
    for start in range(0, whole, SHORT_LANES):
        both += clip_block(row, changes, lowest, highest, start)
    for j in range(whole, row.size):
        old = row[j]
        weight = min(max(np.int16(old + changes[j]), lowest[j]), highest[j])
        row[j] = weight
        both += np.int64(weight != old) + (np.int64(weight != 0) << 32)
    return np.int32(both), np.int32(both >> 32)


@inlined_source
def update_row(row, kind, slot, low, high):
    """Apply the map of a slot to a whole row; returns how many weights changed, and how many are not 0 now."""
    if kind == PLAIN:
        return update_plain(row, slot[CHANGE], low, high)
    return update_bounded(row, slot[CHANGE], slot[LOWEST], slot[HIGHEST])

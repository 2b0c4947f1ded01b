"""What the products of a rule, each a scalar times a vector, do to the accumulators of a row or a column.

An update of the accumulator by one product is x ↦ clip(x + c), and such maps compose to
x ↦ min(max(x + C, L), U) with C, L and U that do not depend on x; rounding is monotone and a weight is a multiple
of 2^7, so that

    w_j ← min(max(w_j + D_j, L_j), U_j)

with three vectors D, L and U in weights: a slot of `clipped_maps`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lava_ed.kernels._jit import inline
from lava_ed.kernels.clipped_maps import BOUNDED, CHANGE, HIGHEST, IDLE, LOWEST, PLAIN
from lava_ed.kernels.fixed_point import ACCUMULATOR_MAX, ACCUMULATOR_MIN
from lava_ed.kernels.loihi_learning import COL_SHIFT_LEFT, COL_SHIFT_RIGHT, SYNAPSE_SHIFT

__all__ = ["WORK_ROWS", "change_of", "compose"]

ACTING: Final = 3
WORK_ROWS: Final = 4
"""Rows of the scratch: C, L, U, and whether some product is not 0."""


@inline
def change_of(a, b, right, left):  # type: ignore[no-untyped-def]
    """clip((a·b mod 2^32 » right) « left): what a product adds to the accumulator."""
    # The mask tells LLVM that shifts of 32 bits do, or numba's 64-bit ones stay.
    change = np.int32(np.int32(np.int32(a * b) >> (right & 31)) << (left & 31))
    return np.int32(min(max(change, np.int32(ACCUMULATOR_MIN)), np.int32(ACCUMULATOR_MAX)))


@inline
def fill_single(a, part, product, offset, slot):  # type: ignore[no-untyped-def]
    """The vector D of one product alone, whose L and U are the limits; returns how many synapses act, and the kind."""
    acting, moving, offset = np.int32(0), np.int32(0), np.int32(offset)
    right, left = product[COL_SHIFT_RIGHT], product[COL_SHIFT_LEFT]
    changes = slot[CHANGE]
    for j in range(part.size):
        change = change_of(a, part[j], right, left)
        acting += np.int32(change != 0)
        rounded = np.int32(np.int32(change + offset) >> SYNAPSE_SHIFT)
        moving |= rounded
        changes[j] = rounded
    return acting, (PLAIN if moving != 0 else IDLE)


@inline
def fill_pair(a, part, product, other_a, other_part, other, offset, low, high, slot):  # type: ignore[no-untyped-def]
    """The vectors of two products, the first of which starts from the accumulator's own limits; returns as above."""
    acting, moving, bounded, offset = np.int32(0), np.int32(0), np.int16(0), np.int32(offset)
    right, left = product[COL_SHIFT_RIGHT], product[COL_SHIFT_LEFT]
    other_right, other_left = other[COL_SHIFT_RIGHT], other[COL_SHIFT_LEFT]
    changes, lowest, highest = slot[CHANGE], slot[LOWEST], slot[HIGHEST]
    for j in range(part.size):
        change = change_of(a, part[j], right, left)
        second = change_of(other_a, other_part[j], other_right, other_left)
        acting += np.int32(np.int32(change | second) != 0)
        rounded = np.int32(np.int32(np.int32(change + second) + offset) >> SYNAPSE_SHIFT)
        moving |= rounded
        changes[j] = rounded
    least, most = np.int32(np.int32(ACCUMULATOR_MIN) + offset), np.int32(np.int32(ACCUMULATOR_MAX) + offset)
    floor, ceiling = np.int32(low), np.int32(high)
    # A loop of its own: with more arrays LLVM has too many pairs to check for overlap, and gives up.
    for j in range(part.size):
        second = change_of(other_a, other_part[j], other_right, other_left)
        lower = np.int32(np.int32(least + max(second, np.int32(0))) >> SYNAPSE_SHIFT)
        upper = np.int32(np.int32(most + min(second, np.int32(0))) >> SYNAPSE_SHIFT)
        lower, upper = min(max(lower, floor), ceiling), min(max(upper, floor), ceiling)
        lowest[j] = lower
        highest[j] = upper
        bounded |= np.int16(np.int32(lower ^ floor) | np.int32(upper ^ ceiling))
    if bounded:
        return acting, BOUNDED
    return acting, (PLAIN if moving != 0 else IDLE)


@inline
def add_change(first, a, part, product, work):  # type: ignore[no-untyped-def]
    """Compose the map so far, ``work`` = (C, L, U), with that of one product; the first one begins it."""
    low, high = np.int32(ACCUMULATOR_MIN), np.int32(ACCUMULATOR_MAX)
    right, left = product[COL_SHIFT_RIGHT], product[COL_SHIFT_LEFT]
    changes, lowest, highest, acting = work[CHANGE], work[LOWEST], work[HIGHEST], work[ACTING]
    # Several loops, for the reason above.
    if first:
        for j in range(part.size):
            change = change_of(a, part[j], right, left)
            changes[j] = change
            acting[j] = change
        for j in range(part.size):
            lowest[j] = low
            highest[j] = high
        return
    for j in range(part.size):
        change = change_of(a, part[j], right, left)
        lowest[j] = np.int32(min(max(np.int32(lowest[j] + change), low), high))
        highest[j] = np.int32(min(max(np.int32(highest[j] + change), low), high))
    for j in range(part.size):
        change = change_of(a, part[j], right, left)
        changes[j] = np.int32(changes[j] + change)
        acting[j] |= change


@inline
def round_slot(work, size, offset, low, high, slot):  # type: ignore[no-untyped-def]
    """From accumulators to weights; returns how many synapses act, and the kind."""
    acting, moving, bounded = np.int32(0), np.int32(0), np.int32(0)
    low, high, offset = np.int16(low), np.int16(high), np.int32(offset)
    for k in range(3):
        source, target = work[k], slot[k]
        for j in range(size):
            target[j] = np.int32(np.int32(source[j] + offset) >> SYNAPSE_SHIFT)
    changes, lowest, highest = slot[CHANGE], slot[LOWEST], slot[HIGHEST]
    for j in range(size):
        moving |= changes[j]
        least = np.int16(min(max(lowest[j], low), high))
        most = np.int16(min(max(highest[j], low), high))
        lowest[j] = least
        highest[j] = most
        bounded |= np.int16(least ^ low) | np.int16(most ^ high)
    for j in range(size):
        acting += np.int32(work[ACTING, j] != 0)
    if bounded:
        return acting, BOUNDED
    return acting, (PLAIN if moving != 0 else IDLE)


@inline
def compose(products, scalars, parts, size, offset, low, high, work, slot):  # type: ignore[no-untyped-def]
    """The map of all products, `scalars`[p]·`parts`[p] each, in their order.

    Parameters
    ----------
    products : int64 (n, 6)
        `loihi_learning.compile_rule`.
    scalars : int32 (n,)
        0 where a product takes no part.
    parts : int32 (n, at least size)
    size : int
    offset : int32
        `rounding_offset`.
    low, high : int
        Limits of the weights.
    work : int32 (WORK_ROWS, at least size)
        Scratch.
    slot : int16 (3, at least size)
        Receives D, L and U; where the kind is `PLAIN` L and U are the limits and not written.

    Returns
    -------
    (acting, kind) : synapses for which some product is not 0; `IDLE` where no weight within the limits changes.
    """
    count, first, last = 0, 0, 0
    for p in range(products.shape[0]):
        if scalars[p] != 0:
            first = p if count == 0 else first
            last = p
            count += 1
    if count == 0:
        return np.int32(0), IDLE
    lowest = np.int32(np.int32(np.int32(ACCUMULATOR_MIN) + np.int32(offset)) >> SYNAPSE_SHIFT)
    highest = np.int32(np.int32(np.int32(ACCUMULATOR_MAX) + np.int32(offset)) >> SYNAPSE_SHIFT)
    if count == 1 and lowest <= low and highest >= high:
        return fill_single(scalars[last], parts[last, :size], products[last], offset, slot)
    if count == 2:
        return fill_pair(
            scalars[first], parts[first, :size], products[first], scalars[last], parts[last, :size], products[last],
            offset, low, high, slot,
        )  # fmt: skip
    for p in range(first, products.shape[0]):
        if scalars[p] != 0:
            add_change(p == first, scalars[p], parts[p, :size], products[p], work)
    return round_slot(work, size, offset, low, high, slot)

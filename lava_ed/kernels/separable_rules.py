"""Rules whose products are a number of the pre neuron times a number of the post neuron, fast and bit for bit.

In an epoch of one step all traces are read at its end.  Without a synaptic variable among the factors a
product is then a_i·b_j, and a_i follows from the traces and the spike of pre neuron i alone.  An update of
the accumulator by one product is x ↦ clip(x + c), and such maps compose to x ↦ min(max(x + C, L), U) with C, L
and U that do not depend on x; rounding is monotone and a weight is a multiple of 2^7, so that

    w_ij ← min(max(w_ij + D_j, L_j), U_j)

with three vectors that pre neurons of equal traces share.  Most pre neurons have few different traces, and a
vector D that is 0 everywhere (with L and U at the limits) changes nothing: those rows are passed over.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lava_ed.kernels._jit import inline, kernel
from lava_ed.kernels.fixed_point import ACCUMULATOR_MAX, ACCUMULATOR_MIN, TRACE_BITS, TRACE_MAX
from lava_ed.kernels.loihi_learning import (
    COL_DEPENDENCY,
    COL_FIRST,
    COL_MULTIPLIER,
    COL_SHIFT_LEFT,
    COL_SHIFT_RIGHT,
    COL_SIGN,
    COL_SOURCE,
    COL_STOP,
    DEP_U,
    DEP_X0,
    DEP_Y0,
    SRC_W,
    SRC_X0,
    SRC_X1,
    SRC_Y0,
    SRC_Y1,
    SYNAPSE_SHIFT,
    RuleTable,
    factor_value,
    rounding_offset,
)

__all__ = ["KEYS", "MAX_PRODUCTS", "SLOTS", "WORK_ROWS", "apply_separable", "is_separable"]

KEYS: Final = 2 ** (2 * TRACE_BITS + 1)
"""A key is x1, x2 (7 bits each) and whether the neuron spiked."""
X2_SHIFT: Final = TRACE_BITS
SPIKE_SHIFT: Final = 2 * TRACE_BITS
SLOTS: Final = 256
"""Keys whose vectors are held at a time."""
IDLE: Final = -1
ON_COLUMNS, PLAIN, BOUNDED = 0, 1, 2
"""Kinds of slots: vectors on the columns of post spikes only; on all, with L and U at the limits; with their own."""
MAX_PRODUCTS: Final = 16
"""So many changes, each within ±(2^8 + 1) weights, leave a sum that 16 bits hold."""
CHANGE, LOWEST, HIGHEST = 0, 1, 2
"""Rows of a slot."""
ACTING: Final = 3
WORK_ROWS: Final = 4
"""Rows of the scratch of a slot: those three, and whether some product is not 0."""


def is_separable(table: RuleTable, t_epoch: int) -> bool:
    """Whether `apply_separable` can apply a rule: epochs of one step, weights only, traces and spikes as factors."""
    first, stop = table.ranges[0]
    only_weights = stop > first and bool(np.all(table.ranges[1:, 0] == table.ranges[1:, 1]))
    sources, signs = table.factors[:, COL_SOURCE], table.factors[:, COL_SIGN]
    plain_factors = not np.any(sources >= SRC_W) and not np.any(signs)
    return t_epoch == 1 and only_weights and bool(plain_factors) and stop - first <= MAX_PRODUCTS


@inline
def post_part(product, factors, y, ty, part):  # type: ignore[no-untyped-def]
    """b_j: the gate of a y0 dependency times the factors of post neuron j, modulo 2^32."""
    gated = product[COL_DEPENDENCY] == DEP_Y0
    for j in range(part.size):
        part[j] = 0 if gated and ty[j] == 0 else 1
    for f in range(product[COL_FIRST], product[COL_STOP]):
        source = factors[f, COL_SOURCE]
        if source == SRC_Y0:
            for j in range(part.size):
                part[j] = np.int32(part[j] * factor_value(ty[j] > 0, factors[f]))
        elif source >= SRC_Y1:
            for j in range(part.size):
                part[j] = np.int32(part[j] * factor_value(y[source - SRC_Y1, j], factors[f]))


@inline
def pre_part(product, factors, key, u_active):  # type: ignore[no-untyped-def]
    """a_i of the pre neurons with this key, modulo 2^32; 0 where the gate is shut."""
    spiked = key >> SPIKE_SHIFT
    dependency = product[COL_DEPENDENCY]
    if (dependency == DEP_X0 and spiked == 0) or (dependency == DEP_U and not u_active):
        return np.int32(0)
    value = np.int32(product[COL_MULTIPLIER])
    for f in range(product[COL_FIRST], product[COL_STOP]):
        source = factors[f, COL_SOURCE]
        if source < SRC_Y0:
            raw = spiked
            if source != SRC_X0:
                raw = (key >> (X2_SHIFT * (source - SRC_X1))) & TRACE_MAX
            value = np.int32(value * factor_value(raw, factors[f]))
    return value


@inline
def change_of(a, b, right, left):  # type: ignore[no-untyped-def]
    """clip((a·b mod 2^32 » right) « left): what a product adds to the accumulator."""
    # The mask tells LLVM that shifts of 32 bits do, or numba's 64-bit ones stay.
    change = np.int32(np.int32(np.int32(a * b) >> (right & 31)) << (left & 31))
    return np.int32(min(max(change, np.int32(ACCUMULATOR_MIN)), np.int32(ACCUMULATOR_MAX)))


@inline
def add_change(first, a, part, right, left, work):  # type: ignore[no-untyped-def]
    """Compose the map so far, ``work`` = (C, L, U), with that of one product; the first one begins it."""
    low, high = np.int32(ACCUMULATOR_MIN), np.int32(ACCUMULATOR_MAX)
    changes, lowest, highest, acting = work[CHANGE], work[LOWEST], work[HIGHEST], work[ACTING]
    if first:
        for j in range(part.size):
            changes[j] = change_of(a, part[j], right, left)
            acting[j] = changes[j]
            lowest[j] = low
            highest[j] = high
        return
    for j in range(part.size):
        change = change_of(a, part[j], right, left)
        changes[j] = np.int32(changes[j] + change)
        acting[j] |= change
        lowest[j] = np.int32(min(max(np.int32(lowest[j] + change), low), high))
        highest[j] = np.int32(min(max(np.int32(highest[j] + change), low), high))


@inline
def round_slot(work, size, offset, low, high, slot):  # type: ignore[no-untyped-def]
    """From accumulators to weights; returns the bits (1: some D is not 0, 2: some L or U is not the limit)."""
    moving, bounded = np.int32(0), np.int32(0)
    low, high, offset = np.int32(low), np.int32(high), np.int32(offset)
    for k in range(3):
        source, target = work[k], slot[k]
        for j in range(size):
            target[j] = np.int32(np.int32(source[j] + offset) >> SYNAPSE_SHIFT)
    changes, lowest, highest = slot[CHANGE], slot[LOWEST], slot[HIGHEST]
    low, high = np.int16(low), np.int16(high)
    for j in range(size):
        moving |= changes[j]
        least = np.int16(min(max(lowest[j], low), high))
        most = np.int16(min(max(highest[j], low), high))
        lowest[j] = least
        highest[j] = most
        bounded |= np.int16(least ^ low) | np.int16(most ^ high)
    return (1 if moving != 0 else 0) + (2 if bounded != 0 else 0)


@inline
def fill_slot(products, factors, key, u_active, columns, parts, few_parts, work, offset, low, high, slot):  # type: ignore[no-untyped-def]
    """Compute the vectors of a key; returns its kind, `IDLE` where they change nothing, and how many synapses act."""
    on_all = False
    for p in range(products.shape[0]):
        if products[p, COL_DEPENDENCY] != DEP_Y0 and pre_part(products[p], factors, key, u_active) != 0:
            on_all = True
    if not on_all and columns == 0:
        return IDLE, np.int32(0)
    size = parts.shape[1] if on_all else columns
    first = True
    for p in range(products.shape[0]):
        product = products[p]
        if product[COL_DEPENDENCY] == DEP_Y0 and columns == 0:
            continue
        a = pre_part(product, factors, key, u_active)
        if a != 0:
            part = parts[p] if on_all else few_parts[p, :columns]
            add_change(first, a, part, product[COL_SHIFT_RIGHT], product[COL_SHIFT_LEFT], work)
            first = False
    if first:
        return IDLE, np.int32(0)
    acting = np.int32(0)
    for j in range(size):
        acting += np.int32(work[ACTING, j] != 0)
    effect = round_slot(work, size, offset, low, high, slot)
    if effect == 0:
        return IDLE, acting
    if not on_all:
        return ON_COLUMNS, acting
    return PLAIN if effect == 1 else BOUNDED, acting


@inline
def update_columns(row, columns, count, slot):  # type: ignore[no-untyped-def]
    """The map of a slot on the columns of post spikes."""
    for k in range(count):
        j = np.uint32(columns[k])
        weight = np.int32(row[j]) + np.int32(slot[CHANGE, k])
        row[j] = min(max(weight, np.int32(slot[LOWEST, k])), np.int32(slot[HIGHEST, k]))


@inline
def update_plain(row, changes, low, high):  # type: ignore[no-untyped-def]
    """The map of a slot whose L and U are the limits."""
    low, high = np.int16(low), np.int16(high)
    for j in range(row.size):
        weight = np.int16(row[j] + changes[j])
        weight = low if weight < low else weight
        row[j] = high if weight > high else weight


@inline
def update_bounded(row, slot):  # type: ignore[no-untyped-def]
    """The map of a slot."""
    changes, lowest, highest = slot[CHANGE], slot[LOWEST], slot[HIGHEST]
    for j in range(row.size):
        weight = np.int16(row[j] + changes[j])
        weight = lowest[j] if weight < lowest[j] else weight
        row[j] = highest[j] if weight > highest[j] else weight


@inline
def find_keys(products, factors, x, tx, keys):  # type: ignore[no-untyped-def]
    """The key of each pre neuron, of what the rule reads; returns whether all traces fit their 7 bits."""
    reads_x1, reads_x2, reads_spike = np.int32(0), np.int32(0), np.int32(0)
    for p in range(products.shape[0]):
        if products[p, COL_DEPENDENCY] == DEP_X0:
            reads_spike = np.int32(1)
        for f in range(products[p, COL_FIRST], products[p, COL_STOP]):
            if factors[f, COL_SOURCE] == SRC_X0:
                reads_spike = np.int32(1)
            elif factors[f, COL_SOURCE] == SRC_X1:
                reads_x1 = np.int32(-1)
            elif factors[f, COL_SOURCE] < SRC_Y0:
                reads_x2 = np.int32(-1)
    seen = np.int32(0)
    x1, x2 = x[0], x[1]
    for i in range(keys.size):
        one, two = np.int32(x1[i] & reads_x1), np.int32(x2[i] & reads_x2)
        seen |= np.int32(one | two)
        spiked = np.int32(np.int32(tx[i] > 0) & reads_spike)
        keys[i] = np.int32(one | np.int32(two << X2_SHIFT) | np.int32(spiked << SPIKE_SHIFT))
    return seen >= 0 and seen <= TRACE_MAX


@inline
def forget_keys(table, slot_keys, used):  # type: ignore[no-untyped-def]
    """Empty the table of keys."""
    for k in range(used):
        table[slot_keys[k]] = 0


@kernel
def apply_separable(  # type: ignore[no-untyped-def]
    products, factors, low, high, u_active, random, x, y, tx, ty, weights,
    keys, columns, parts, few_parts, work, table, notes, slots,
):  # fmt: skip
    """As `loihi_learning.apply_rule` for weights within their limits and a rule of `is_separable`.

    Parameters
    ----------
    products, factors : int64 arrays
        `compile_rule`.
    low, high : int
        Limits of the weights.
    u_active : bool
    random : float
        [0, 1).
    x, y : int32[2, n_pre] and int32[3, n_post]
        Traces at the end of the epoch.
    tx, ty : int32[n_pre], int32[n_post]
        1 where the neuron spiked in the epoch, else 0.
    weights : int16[n_pre, n_post]
        Changed.
    keys, columns : int32[n_pre], int32[n_post]
        Scratch.
    parts, few_parts, work : int32[n_products, n_post], the same, int32[WORK_ROWS, n_post]
        Scratch.
    table : int16[KEYS]
        Zeros; again zeros afterwards.
    notes : int32[3, SLOTS]
        Scratch: key, kind and acting synapses of each slot.
    slots : int16[SLOTS, 3, n_post]
        Scratch.

    Returns
    -------
    (taken, effective)
        Not taken where a trace exceeds 7 bits: then nothing was changed.  Synapses for which some product was
        not 0.
    """
    if not find_keys(products, factors, x, tx, keys):
        return False, 0
    slot_keys, kinds, acting = notes[0], notes[1], notes[2]
    effective = 0
    count = 0
    for j in range(ty.size):
        columns[count] = j
        count += ty[j] > 0
    for p in range(products.shape[0]):
        post_part(products[p], factors, y, ty, parts[p])
        for k in range(count):
            few_parts[p, k] = parts[p, columns[k]]
    offset = rounding_offset(random)
    used = 0
    for i in range(keys.size):
        key = keys[i]
        slot = table[key]
        if slot == 0:
            if used == slots.shape[0]:
                forget_keys(table, slot_keys, used)
                used = 0
            kinds[used], acting[used] = fill_slot(
                products, factors, key, u_active, count, parts, few_parts, work, offset, low, high, slots[used]
            )
            slot_keys[used] = key
            used += 1
            slot = used
            table[key] = slot
        effective += acting[slot - 1]
        kind = kinds[slot - 1]
        if kind == ON_COLUMNS:
            update_columns(weights[i], columns, count, slots[slot - 1])
        elif kind == PLAIN:
            update_plain(weights[i], slots[slot - 1, CHANGE], low, high)
        elif kind == BOUNDED:
            update_bounded(weights[i], slots[slot - 1])
    forget_keys(table, slot_keys, used)
    return True, effective

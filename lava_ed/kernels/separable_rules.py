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
from lava_ed.kernels.clipped_maps import (
    BOUNDED,
    CHANGE,
    HIGHEST,
    IDLE,
    LOWEST,
    PLAIN,
    undo_columns,
    update_columns,
    update_row,
)
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

__all__ = ["KEYS", "MAX_PRODUCTS", "NOTE_ROWS", "SLOTS", "WORK_ROWS", "apply_separable", "is_separable"]

KEYS: Final = 2 ** (2 * TRACE_BITS + 2)
"""A key is x1, x2 (7 bits each), whether the neuron spiked, and whether only columns of post spikes are meant."""
X2_SHIFT: Final = TRACE_BITS
SPIKE_SHIFT: Final = 2 * TRACE_BITS
ON_COLUMNS: Final = 2 ** (2 * TRACE_BITS + 1)
SLOTS: Final = 256
"""Keys whose vectors are held at a time."""
MAX_PRODUCTS: Final = 16
"""So many changes, each within ±(2^8 + 1) weights, leave a sum that 16 bits hold."""
ACTING: Final = 3
WORK_ROWS: Final = 4
"""Rows of the scratch of a slot: those three, and whether some product is not 0."""
NOTE_ROWS: Final = 4
"""What is noted of a slot: key, kind, acting synapses, and how many of those are on columns of post spikes."""
COLUMN_COST: Final = 12
"""A weight of a column costs as much as so many in a row, which vector code updates."""


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
    # Several loops: with one, LLVM has too many pairs of arrays to check for overlap, and gives up.
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
def fill_single(a, part, right, left, offset, low, high, slot):  # type: ignore[no-untyped-def]
    """The vectors of one product alone, whose L and U are the limits; returns how many synapses act, and the kind."""
    acting, moving = np.int32(0), np.int32(0)
    changes, lowest, highest = slot[CHANGE], slot[LOWEST], slot[HIGHEST]
    low, high, offset = np.int16(low), np.int16(high), np.int32(offset)
    for j in range(part.size):
        change = change_of(a, part[j], right, left)
        acting += np.int32(change != 0)
        rounded = np.int32(np.int32(change + offset) >> SYNAPSE_SHIFT)
        moving |= rounded
        changes[j] = rounded
    for j in range(part.size):
        lowest[j] = low
        highest[j] = high
    return acting, (PLAIN if moving != 0 else IDLE)


@inline
def fill_slot(products, factors, key, u_active, with_y0, parts, work, offset, low, high, slot):  # type: ignore[no-untyped-def]
    """Compute the vectors of a key; returns how many synapses act, and the kind, `IDLE` where they change nothing.

    Without `with_y0` products of dependency y0 are left out.
    """
    size = parts.shape[1]
    count, last, last_a = 0, 0, np.int32(0)
    for p in range(products.shape[0]):
        if with_y0 or products[p, COL_DEPENDENCY] != DEP_Y0:
            a = pre_part(products[p], factors, key, u_active)
            if a != 0:
                count, last, last_a = count + 1, p, a
    if count == 0:
        return np.int32(0), IDLE
    lowest = np.int32(np.int32(np.int32(ACCUMULATOR_MIN) + np.int32(offset)) >> SYNAPSE_SHIFT)
    highest = np.int32(np.int32(np.int32(ACCUMULATOR_MAX) + np.int32(offset)) >> SYNAPSE_SHIFT)
    if count == 1 and lowest <= low and highest >= high:
        product = products[last]
        return fill_single(
            last_a, parts[last], product[COL_SHIFT_RIGHT], product[COL_SHIFT_LEFT], offset, low, high, slot
        )
    first = True
    for p in range(products.shape[0]):
        product = products[p]
        if with_y0 or product[COL_DEPENDENCY] != DEP_Y0:
            a = pre_part(product, factors, key, u_active)
            if a != 0:
                add_change(first, a, parts[p], product[COL_SHIFT_RIGHT], product[COL_SHIFT_LEFT], work)
                first = False
    acting = np.int32(0)
    for j in range(size):
        acting += np.int32(work[ACTING, j] != 0)
    effect = round_slot(work, size, offset, low, high, slot)
    if effect == 0:
        return acting, IDLE
    return acting, (PLAIN if effect == 1 else BOUNDED)


@inline
def bits_read(products, factors, y0):  # type: ignore[no-untyped-def]
    """Bits of a key that the products of dependency y0, or those of the others, depend on."""
    bits = np.int32(0)
    for p in range(products.shape[0]):
        if (products[p, COL_DEPENDENCY] == DEP_Y0) == y0:
            if products[p, COL_DEPENDENCY] == DEP_X0:
                bits |= np.int32(1 << SPIKE_SHIFT)
            for f in range(products[p, COL_FIRST], products[p, COL_STOP]):
                if factors[f, COL_SOURCE] == SRC_X0:
                    bits |= np.int32(1 << SPIKE_SHIFT)
                elif factors[f, COL_SOURCE] == SRC_X1:
                    bits |= np.int32(TRACE_MAX)
                elif factors[f, COL_SOURCE] < SRC_Y0:
                    bits |= np.int32(TRACE_MAX << X2_SHIFT)
    return bits


@inline
def find_keys(read, x, tx, keys):  # type: ignore[no-untyped-def]
    """The bits `read` of the key of each pre neuron; returns whether the traces fit their 7 bits."""
    reads_x1 = np.int32(-1) if read & TRACE_MAX else np.int32(0)
    reads_x2 = np.int32(-1) if read & (TRACE_MAX << X2_SHIFT) else np.int32(0)
    reads_spike = np.int32((read >> SPIKE_SHIFT) & 1)
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


@inline
def new_slot(  # type: ignore[no-untyped-def]
    key, used, products, factors, u_active, with_y0, parts, columns, count, work, offset, low, high, table, notes, slots
):  # fmt: skip
    """Compute the slot of a key that has none; returns it and how many are used now."""
    if used == slots.shape[0]:
        forget_keys(table, notes[0], used)
        used = 0
    bare = key & (ON_COLUMNS - 1)
    acting, kind = fill_slot(products, factors, bare, u_active, with_y0, parts, work, offset, low, high, slots[used])
    notes[0, used], notes[1, used], notes[2, used], notes[3, used] = key, kind, acting, 0
    if not with_y0 and count:
        for k in range(count):
            acts = False
            for p in range(products.shape[0]):
                if products[p, COL_DEPENDENCY] != DEP_Y0:
                    a, product = pre_part(products[p], factors, bare, u_active), products[p]
                    change = change_of(a, parts[p, columns[k]], product[COL_SHIFT_RIGHT], product[COL_SHIFT_LEFT])
                    acts = acts or change != 0
            notes[3, used] += acts
    table[key] = used + 1
    return np.int64(used), used + 1


@kernel
def apply_separable(  # type: ignore[no-untyped-def]
    products, factors, low, high, u_active, random, x, y, tx, ty, weights, row_nonzeros,
    keys, columns, parts, few_parts, work, table, notes, slots,
):  # fmt: skip
    """As `loihi_learning.apply_rule` for weights within their limits and a rule of `is_separable`.

    Rows of pre spikes and columns of post spikes are updated apart, where the latter are few: a row then needs no
    vectors for its own x traces.  On a column of a post spike the map of all products replaces that of the row.

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
    row_nonzeros : int32[n_pre]
        Weights of each row that are not 0; kept up to date.
    keys, columns : int32[n_pre], int32[n_post]
        Scratch.
    parts, few_parts, work : int32[n_products, n_post], the same, int32[WORK_ROWS, n_post]
        Scratch.
    table : int16[KEYS]
        Zeros; again zeros afterwards.
    notes : int32[NOTE_ROWS, SLOTS]
        Scratch.
    slots : int16[SLOTS, 3, n_post]
        Scratch.

    Returns
    -------
    (taken, effective, writes)
        Not taken where a trace exceeds 7 bits: then nothing was changed.  Synapses for which some product was
        not 0, and weights that changed.
    """
    row_bits, column_bits = bits_read(products, factors, False), bits_read(products, factors, True)
    if not find_keys(row_bits | column_bits, x, tx, keys):
        return False, 0, 0
    on_rows, on_all, on_columns = False, False, False
    for p in range(products.shape[0]):
        on_columns = on_columns or products[p, COL_DEPENDENCY] == DEP_Y0
        on_rows = on_rows or products[p, COL_DEPENDENCY] == DEP_X0
        on_all = on_all or (products[p, COL_DEPENDENCY] == DEP_U and u_active)
    count = 0
    for j in range(ty.size):
        columns[count] = j
        count += on_columns and ty[j] > 0
    for p in range(products.shape[0]):
        post_part(products[p], factors, y, ty, parts[p])
    whole = on_columns and count * COLUMN_COST >= ty.size
    few = 0 if whole else count
    if few:
        for p in range(products.shape[0]):
            for k in range(few):
                few_parts[p, k] = parts[p, columns[k]]
    if whole:
        row_bits |= column_bits
    parts_there = few_parts[:, :few]
    offset = rounding_offset(random)
    effective, writes, used = np.int64(0), np.int64(0), np.int64(0)
    for i in range(keys.size):
        if whole or on_all or (on_rows and tx[i] > 0):
            slot = np.int64(table[keys[i] & row_bits]) - 1
            if slot < 0:
                slot, used = new_slot(
                    keys[i] & row_bits, used, products, factors, u_active, whole, parts, columns, few, work, offset,
                    low, high, table, notes, slots,
                )  # fmt: skip
            effective += notes[2, slot] - notes[3, slot]
            if notes[1, slot] != IDLE:
                row = weights[i]
                for k in range(few):
                    work[CHANGE, k] = row[columns[k]]
                changed, grown = update_row(row, notes[1, slot], slots[slot], low, high)
                put_back, lost = undo_columns(row, columns, few, work[CHANGE])
                writes += changed + put_back
                row_nonzeros[i] += grown + lost
    for i in range(keys.size if few else 0):
        slot = np.int64(table[keys[i] | ON_COLUMNS]) - 1
        if slot < 0:
            slot, used = new_slot(
                keys[i] | ON_COLUMNS, used, products, factors, u_active, True, parts_there, columns, 0, work, offset,
                low, high, table, notes, slots,
            )  # fmt: skip
        effective += notes[2, slot]
        if notes[1, slot] != IDLE:
            changed, grown = update_columns(weights[i], columns, few, slots[slot])
            writes += changed
            row_nonzeros[i] += grown
    forget_keys(table, notes[0], used)
    return True, effective, writes

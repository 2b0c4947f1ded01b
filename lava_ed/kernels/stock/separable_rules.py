"""Rules whose products are a number of the pre neuron times a number of the post neuron, fast and bit for bit.

In an epoch of one step all traces are read at its end.  Without a synaptic variable among the factors a
product is then a_i·b_j, and a_i follows from the traces and the spike of pre neuron i alone.  The products of a
row are composed to one map (`composed_products`), which pre neurons of equal traces share: most have few different
ones.  The column of a post spike is composed likewise, with the numbers of all pre neurons as the vector; those
without a spike have a map that follows from their traces and is mostly the same for all such columns.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.fixed_point import TRACE_BITS, TRACE_MAX
from lava_ed.kernels.stock.clipped_changes import CHANGE, HIGHEST, IDLE, LOWEST, pack_moving, update_column, update_row
from lava_ed.kernels.stock.composed_products import WORK_ROWS, change_of, compose
from lava_ed.kernels.stock.learning import active_reach, factor_value, multiply_row, rounding_offset
from lava_ed.kernels.stock.rule_table import COL, DEP, SRC, RuleTable
from lava_ed.kernels.views import cube, matrix, segment

X2_SHIFT: Final = TRACE_BITS
SPIKE_SHIFT: Final = 2 * TRACE_BITS
KEYS: Final = 2 ** (SPIKE_SHIFT + 1)
"""A key is x1, x2 (7 bits each), and whether the neuron spiked."""
SLOTS: Final = 256
"""Keys whose vectors are held at a time."""
MAX_PRODUCTS: Final = 16
"""So many changes, each within ±(2^8 + 1) weights, leave a sum that 16 bits hold."""
NOTE_ROWS: Final = 3
KEY, KIND, ACTING = range(NOTE_ROWS)
"""What is noted of a slot."""
COLUMN_COST: Final = 6
"""A weight of a column costs as much as so many in a row, which vector code updates."""
TIMES: Final = 32
"""Post neurons that are looked at together for a spike."""


def is_separable(table: RuleTable, t_epoch: int) -> bool:
    """Whether `apply_separable` can apply a rule: epochs of one step, weights only, traces and spikes as factors."""
    first, stop = table.ranges[0]
    only_weights = stop > first and bool(np.all(table.ranges[1:, 0] == table.ranges[1:, 1]))
    sources, signs = table.factors[:, COL.source], table.factors[:, COL.sign]
    plain_factors = not np.any(sources >= SRC.w) and not np.any(signs)
    return t_epoch == 1 and only_weights and bool(plain_factors) and stop - first <= MAX_PRODUCTS


def scratch_sizes(n_pre: int, n_post: int, products: int = MAX_PRODUCTS, slots: int = SLOTS) -> tuple[int, int]:
    """Sizes of the scratch (int32, int16) of `apply_separable`."""
    longest = max(n_pre, n_post)
    words = NOTE_ROWS * slots + products * (n_post + 2 * n_pre) + WORK_ROWS * longest + 4 * n_pre + n_post + products
    return words, KEYS + 3 * (slots * n_post + 2 * n_pre)


@kernel_part
def multiply_spike(vector, spiked, factor):
    """Multiply by the factor that a spike, the same for all, is part of."""
    value = np.int32(factor_value(spiked, factor))
    for k in range(vector.size):
        vector[k] = np.int32(vector[k] * value)


@kernel_part
def post_part(product, factors, y, ty, part):
    """b_j: the gate of a y0 dependency times the factors of post neuron j, modulo 2^32."""
    if product[COL.dependency] == DEP.y0:
        for j in range(part.size):
            part[j] = np.int32(ty[j] != 0)
    else:
        part[:] = 1
    for f in range(product[COL.first], product[COL.stop]):
        source = factors[f, COL.source]
        if source == SRC.y0:
            for j in range(part.size):
                part[j] = np.int32(part[j] * factor_value(ty[j] > 0, factors[f]))
        elif source >= SRC.y1:
            multiply_row(part, y[source - SRC.y1], factors[f])


@kernel_part
def pre_part(product, factors, key, u_active):
    """a_i of the pre neurons with this key, modulo 2^32; 0 where the gate is shut."""
    spiked = key >> SPIKE_SHIFT
    dependency = product[COL.dependency]
    if (dependency == DEP.x0 and spiked == 0) or (dependency == DEP.u and not u_active):
        return np.int32(0)
    value = np.int32(product[COL.multiplier])
    for f in range(product[COL.first], product[COL.stop]):
        source = factors[f, COL.source]
        if source < SRC.y0:
            raw = spiked
            if source != SRC.x0:
                raw = (key >> (X2_SHIFT * (source - SRC.x1))) & TRACE_MAX
            value = np.int32(value * factor_value(raw, factors[f]))
    return value


@kernel_part
def pre_parts(product, factors, x, spiked, parts):
    """Compute a_i of pre neurons that all spiked or all did not, with an open gate."""
    parts[:] = np.int32(product[COL.multiplier])
    for f in range(product[COL.first], product[COL.stop]):
        source = factors[f, COL.source]
        if source == SRC.x0:
            multiply_spike(parts, spiked, factors[f])
        elif source < SRC.y0:
            multiply_row(parts, x[source - SRC.x1], factors[f])


@kernel_part
def bits_read(products, factors, with_y0):
    """Bits of a key on which the products depend; without `with_y0` those of dependency y0 are left out."""
    bits = np.int32(0)
    for p in range(products.shape[0]):
        if with_y0 or products[p, COL.dependency] != DEP.y0:
            if products[p, COL.dependency] == DEP.x0:
                bits |= np.int32(1 << SPIKE_SHIFT)
            for f in range(products[p, COL.first], products[p, COL.stop]):
                if factors[f, COL.source] == SRC.x0:
                    bits |= np.int32(1 << SPIKE_SHIFT)
                elif factors[f, COL.source] == SRC.x1:
                    bits |= np.int32(TRACE_MAX)
                elif factors[f, COL.source] < SRC.y0:
                    bits |= np.int32(TRACE_MAX << X2_SHIFT)
    return bits


@kernel_part
def traces_fit(x):
    """Whether the traces fit their 7 bits."""
    seen = np.int32(0)
    for k in range(x.shape[0]):
        row = x[k]
        for i in range(row.size):
            seen |= row[i]
    return seen >= 0 and seen <= TRACE_MAX


@kernel_part
def list_spikes(times, spiked):
    """List the neurons with a spike in this epoch; returns how many."""
    count = np.int64(0)
    for start in range(0, times.size, TIMES):
        part = times[start : min(start + TIMES, times.size)]
        seen = np.int32(0)
        for k in range(part.size):
            seen |= part[k]
        if seen:
            for k in range(part.size):
                spiked[count] = start + k
                count += np.int32(part[k] != 0)
    return count


@kernel_part
def forget_keys(table, slot_keys, used):
    """Empty the table of keys."""
    for k in range(used):
        table[slot_keys[k]] = 0


@kernel_part
def leave_columns(products, scalars, parts, columns, few, low, high, slot):
    """Let a slot leave the weights of these columns alone; returns for how many of them some product is not 0."""
    acting = np.int32(0)
    for k in range(few):
        j, acts = columns[k], False
        for p in range(products.shape[0]):
            product = products[p]
            change = change_of(scalars[p], parts[p, j], product[COL.shift_right], product[COL.shift_left])
            acts = acts or change != 0
        acting += np.int32(acts)
        slot[CHANGE, j], slot[LOWEST, j], slot[HIGHEST, j] = 0, low, high
    return acting


@kernel_part
def update_rows(
    products, factors, low, high, u_active, offset, whole, every, x, tx, spiked, n_spiked, columns, few, parts,
    scalars, work, weights, row_nonzeros, table, notes, slots,
):  # fmt: skip
    """Update the rows of pre spikes, or all; columns of post spikes are left alone unless `whole`.

    Returns
    -------
    (effective, writes)
    """
    bits = bits_read(products, factors, whole)
    effective, writes, used = np.int64(0), np.int64(0), 0
    for k in range(tx.size if every else n_spiked):
        i = k if every else np.int64(spiked[k])
        key = (x[0, i] | (x[1, i] << X2_SHIFT) | (np.int32(tx[i] > 0) << SPIKE_SHIFT)) & bits
        slot = np.int64(table[key]) - 1
        if slot < 0:
            if used == slots.shape[0]:
                forget_keys(table, notes[KEY], used)
                used = 0
            slot, used = np.int64(used), used + 1
            for p in range(products.shape[0]):
                takes_part = whole or products[p, COL.dependency] != DEP.y0
                scalars[p] = pre_part(products[p], factors, key, u_active) if takes_part else 0
            acting, kind = compose(products, scalars, parts, weights.shape[1], offset, low, high, work, slots[slot])
            if few and acting:
                acting -= leave_columns(products, scalars, parts, columns, few, low, high, slots[slot])
            notes[KEY, slot], notes[KIND, slot], notes[ACTING, slot] = key, kind, acting
            table[key] = used
        effective += notes[ACTING, slot]
        if notes[KIND, slot] != IDLE:
            changed, row_nonzeros[i] = update_row(weights[i], notes[KIND, slot], slots[slot], low, high)
            writes += changed
    forget_keys(table, notes[KEY], used)
    return effective, writes


@kernel_part
def prepare_columns(products, factors, x, spiked, n_spiked, near_x, far, near):
    """Compute a_i of the pre neurons without a spike, 0 at the others, and those of the others side by side."""
    for k in range(n_spiked):
        for trace in range(x.shape[0]):
            near_x[trace, k] = x[trace, spiked[k]]
    for p in range(products.shape[0]):
        pre_parts(products[p], factors, near_x[:, :n_spiked], 1, near[p, :n_spiked])
        if products[p, COL.dependency] != DEP.x0:
            pre_parts(products[p], factors, x, 0, far[p])
            for k in range(n_spiked):
                far[p, spiked[k]] = 0


@kernel_part
def update_columns(
    products, low, high, u_active, offset, spiked, n_spiked, columns, few, parts, far, near, scalars, work,
    listed, weights, row_nonzeros, far_slot, near_slot,
):  # fmt: skip
    """Update the columns of post spikes; returns as `update_rows`."""
    effective, writes = np.int64(0), np.int64(0)
    n_pre = weights.shape[0]
    far_acting, far_kind, n_listed = np.int32(0), IDLE, 0
    for k in range(few):
        j = columns[k]
        same = k > 0
        for p in range(products.shape[0]):
            if products[p, COL.dependency] != DEP.x0:
                part = parts[p, j] if products[p, COL.dependency] != DEP.u or u_active else np.int32(0)
                same = same and scalars[p] == part
                scalars[p] = part
            else:
                scalars[p] = 0
        if not same:
            far_acting, far_kind = compose(products, scalars, far, n_pre, offset, low, high, work, far_slot)
            n_listed = pack_moving(far_kind, far_slot, n_pre, low, high, listed) if far_kind != IDLE else 0
        effective += far_acting
        writes += update_column(weights, j, listed, n_listed, far_kind, far_slot, low, high, row_nonzeros)
        if n_spiked:
            for p in range(products.shape[0]):
                if products[p, COL.dependency] == DEP.x0:
                    scalars[p] = parts[p, j]
            acting, kind = compose(products, scalars, near, n_spiked, offset, low, high, work, near_slot)
            effective += acting
            if kind != IDLE:
                writes += update_column(weights, j, spiked, n_spiked, kind, near_slot, low, high, row_nonzeros)
            for p in range(products.shape[0]):
                if products[p, COL.dependency] == DEP.x0:
                    scalars[p] = 0
    return effective, writes


@kernel
def apply_separable(
    products, factors, low, high, u_active, random, x, y, tx, ty, events, n_events, weights, row_nonzeros,
    n_slots, words, shorts,
):  # fmt: skip
    """Apply a rule of `is_separable` to weights within their limits, as `learning.apply_rule` would.

    Rows of pre spikes and columns of post spikes are updated apart, where the latter are few: a row then needs no
    vectors for its own x traces.  On a column of a post spike the map of all products replaces that of the row.
    Returns (taken, effective, writes); where a trace exceeds 7 bits the way is not taken, and nothing changes.

    Parameters
    ----------
    products, factors, u_active, random
        As in `learning.apply_rule`.
    low, high : int
        Limits of the weights.
    x, y : int32 (2, n_pre), int32 (3, n_post)
        Traces at the end of the epoch.
    tx, ty : int32 (n_pre,), int32 (n_post,)
        1 where the neuron spiked in the epoch, else 0.
    events, n_events : int32 (k,), int
        The first `n_events` name the pre neurons that spiked; −1: they are found from tx.
    weights, row_nonzeros : int16 (n_pre, n_post), int32 (n_pre,)
    n_slots : int
        Keys whose vectors are held at a time.
    words, shorts : int32, int16
        Scratch of `scratch_sizes`.  The first `KEYS` shorts are zeros, and again zeros afterwards.
    """
    if not traces_fit(x):
        return False, np.int64(0), np.int64(0)
    (n_pre, n_post), n_products = weights.shape, products.shape[0]
    longest = max(n_pre, n_post)
    notes, at = matrix(words, 0, NOTE_ROWS, n_slots), NOTE_ROWS * n_slots
    parts, at = matrix(words, at, n_products, n_post), at + n_products * n_post
    far, at = matrix(words, at, n_products, n_pre), at + n_products * n_pre
    near, at = matrix(words, at, n_products, n_pre), at + n_products * n_pre
    work, at = matrix(words, at, WORK_ROWS, longest), at + WORK_ROWS * longest
    near_x, at = matrix(words, at, 2, n_pre), at + 2 * n_pre
    found, listed, at = segment(words, at, n_pre), segment(words, at + n_pre, n_pre), at + 2 * n_pre
    columns, scalars = segment(words, at, n_post), segment(words, at + n_post, n_products)
    table, at = segment(shorts, 0, KEYS), KEYS + n_slots * 3 * n_post
    slots = cube(shorts, KEYS, n_slots, 3, n_post)
    far_slot, near_slot = matrix(shorts, at, 3, n_pre), matrix(shorts, at + 3 * n_pre, 3, n_pre)

    on_all, on_pre, on_post = active_reach(products, u_active)
    n_columns = list_spikes(ty, columns) if on_post else 0
    whole = on_post and n_columns * COLUMN_COST >= n_post
    few = 0 if whole else n_columns
    spiked, n_spiked = events, n_events
    if n_events < 0:
        spiked, n_spiked = found, list_spikes(tx, found)
    for p in range(n_products):
        post_part(products[p], factors, y, ty, parts[p])
    offset = rounding_offset(random)
    effective, writes = np.int64(0), np.int64(0)
    if whole or on_all or (on_pre and n_spiked):
        acting, changed = update_rows(
            products, factors, low, high, u_active, offset, whole, whole or on_all, x, tx, spiked, n_spiked, columns,
            few, parts, scalars, work, weights, row_nonzeros, table, notes, slots,
        )  # fmt: skip
        effective, writes = effective + acting, writes + changed
    if few:
        prepare_columns(products, factors, x, spiked, n_spiked, near_x, far, near)
        acting, changed = update_columns(
            products, low, high, u_active, offset, spiked, n_spiked, columns, few, parts, far, near, scalars, work,
            listed, weights, row_nonzeros, far_slot, near_slot,
        )  # fmt: skip
        effective, writes = effective + acting, writes + changed
    return True, effective, writes

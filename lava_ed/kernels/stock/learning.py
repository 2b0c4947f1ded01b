"""Stock LearningDense ("bit approximate"): sum-of-products rules and their rounding, bit for bit.

The traces that the rules read are those of `traces`. Every random number is an argument: Lava
draws one scalar per purpose and step and uses it for the whole layer. Synaptic arrays are indexed
[pre, post]; pass ``weights.T`` for Lava's order.
Not reproduced: the 32-bit overflow of w + c in a factor, for weights within c of ±2^31.
Source: lava-nc 0.10.0, `lava/magma/core/model/py/connection.py`,
`lava/magma/core/learning/learning_rule_applier.py` and `product_series.py`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lava_ed.kernels._jit import allocating, kernel_part
from lava_ed.kernels.fixed_point import ACCUMULATOR_MAX, ACCUMULATOR_MIN, TAG_MAX, saturate, shift_signed
from lava_ed.kernels.stock.rule_table import COL, DEP, SRC

SYNAPSE_SHIFT: Final = 7
"""Synaptic variables (9 bits with sign) enter the accumulator (16 bits) shifted left by this."""
SCRATCH_ROWS: Final = 6
"""Rows that `apply_rule` needs in its scratch array: product, operand, three accumulators, effective synapses."""
MAC: Final = 0
OPERAND: Final = 1
FIRST_ACCUMULATOR: Final = 2
EFFECTIVE: Final = 5
RAW_CLAMP: Final = 2**28
"""Keeps sums in 32 bits; factors are cut to 2^9 anyway."""
TAG_CLAMP: Final = 2**16


@kernel_part
def decimation_active(time_step, t_epoch, exponent):
    """Whether u_k is 1 in this epoch: (time_step // t_epoch) mod 2^k = 0; never for k = −1."""
    return exponent >= 0 and (time_step // t_epoch) % (1 << exponent) == 0


@kernel_part
def rounding_offset(random):
    """What to add before » 7 so that a fraction f of 128 rounds up where random < f/128.

    127 − ⌊128·random⌋ for random in [0, 1): exact, as 128 is a power of two.
    """
    return np.int32(127) - np.int32(random * 128.0)


@kernel_part
def add_constant(raw, halves):
    """2·raw + 2·constant in 32 bits; what lies far beyond every factor's width is clamped first."""
    raw = np.int32(saturate(raw, -RAW_CLAMP, RAW_CLAMP))
    return np.int32(np.int32(2 * raw) + halves)


@kernel_part
def multiply_row(mac, values, factor):
    """mac_j ← mac_j·f_j modulo 2^32, where f = sgn(v + c), or v + c cut to −2^b … 2^b − 1.

    A fraction of c is dropped towards zero after the sum, as by Lava's cast to int32.
    """
    halves = np.int32(factor[COL.constant])
    low, high = np.int32(-factor[COL.limit]), np.int32(factor[COL.limit] - 1)
    if factor[COL.sign]:
        for j in range(mac.size):
            doubled = add_constant(values[j], halves)
            mac[j] = mac[j] * (np.int32(doubled > 0) - np.int32(doubled < 0))
        return
    for j in range(mac.size):
        doubled = add_constant(values[j], halves)
        value = np.int32((doubled + np.int32(doubled < 0)) >> 1)
        mac[j] = mac[j] * np.int32(saturate(value, low, high))


@kernel_part
def factor_value(raw, factor):
    """One factor that is not under sgn(); see `multiply_row`."""
    limit = factor[COL.limit]
    doubled = add_constant(raw, factor[COL.constant])
    return np.int32(saturate(shift_signed(doubled, 1), -limit, limit - 1))


@kernel_part
def pre_scalar(product, factors, i, u_active, x_history, tx):
    """Part of a product that is one number for pre neuron i, modulo 2^32; 0 if its gate is shut."""
    dependency = product[COL.dependency]
    if (dependency == DEP.x0 and tx[i] == 0) or (dependency == DEP.u and not u_active):
        return np.int32(0)
    when = tx[i] if dependency == DEP.x0 else x_history.shape[0] - 1
    value = np.int32(product[COL.multiplier])
    for f in range(product[COL.first], product[COL.stop]):
        source = factors[f, COL.source]
        if source == SRC.x0:
            value = np.int32(value * factor_value(tx[i] > 0, factors[f]))
        elif source <= SRC.x2 and dependency != DEP.y0:
            raw = x_history[when, source - SRC.x1, i]
            value = np.int32(value * factor_value(raw, factors[f]))
    return value


@kernel_part
def gather_row(source, ty, i, x_history, y_history, row):
    """For each post neuron j, the trace that a factor reads at j's last spike (dependency y0)."""
    for j in range(row.size):
        if source < SRC.y0:
            row[j] = x_history[ty[j], source - SRC.x1, i]
        else:
            row[j] = y_history[ty[j], source - SRC.y1, j]


@kernel_part
def multiply_trace(mac, factor, dependency, i, x_history, y_history, tx, ty, row):
    """Multiply by the factor's spike or trace, read when the product's dependency says."""
    source = factor[COL.source]
    if source == SRC.y0:
        for j in range(row.size):
            row[j] = ty[j] > 0
        multiply_row(mac, row, factor)
    elif dependency == DEP.y0:
        gather_row(source, ty, i, x_history, y_history, row)
        multiply_row(mac, row, factor)
    else:
        when = tx[i] if dependency == DEP.x0 else y_history.shape[0] - 1
        multiply_row(mac, y_history[when, source - SRC.y1], factor)


@kernel_part
def product_row(product, factors, i, r, scalar, x_history, y_history, tx, ty, weights, tag_2, tag_1, scratch):
    """Evaluate one product for pre neuron i, row r of the synapses, into ``scratch[MAC]``."""
    mac = scratch[MAC]
    dependency = product[COL.dependency]
    for j in range(mac.size):
        mac[j] = 0 if dependency == DEP.y0 and ty[j] == 0 else scalar
    for f in range(product[COL.first], product[COL.stop]):
        factor = factors[f]
        source = factor[COL.source]
        if source == SRC.w:
            multiply_row(mac, weights[r], factor)
        elif source == SRC.d:
            multiply_row(mac, tag_2[r], factor)
        elif source == SRC.t:
            multiply_row(mac, tag_1[r], factor)
        elif source >= SRC.y0 or (source != SRC.x0 and dependency == DEP.y0):
            multiply_trace(mac, factor, dependency, i, x_history, y_history, tx, ty, scratch[OPERAND])


@kernel_part
def accumulate(accumulator, mac, active, right, left, effective):
    """acc_j ← clip(acc_j + clip((mac_j » right) « left)); both clip at −2^15 − 1 … 2^15 − 1.

    effective_j ← effective_j ∨ [what was added is not 0].
    """
    low, high = np.int32(ACCUMULATOR_MIN), np.int32(ACCUMULATOR_MAX)
    right, left = np.int32(right), np.int32(left)
    for j in range(accumulator.size):
        # A closed gate adds 0, and still clips an accumulator that started out of range.
        change = np.int32((mac[j] >> right) << left) if active else np.int32(0)
        effective[j] |= np.int32(change != 0)
        total = np.int32(accumulator[j] + saturate(change, low, high))
        accumulator[j] = saturate(total, low, high)


@kernel_part
def store_row(accumulator, offset, low, high, row):
    """row_j ← min(max((acc_j + offset) » 7, low), high)."""
    for j in range(row.size):
        row[j] = saturate((accumulator[j] + offset) >> SYNAPSE_SHIFT, low, high)


@kernel_part
def load_rows(i, weights, tag_2, tag_1, ranges, scratch):
    """Shift the variables that have a rule into their accumulators."""
    for j in range(scratch.shape[1]):
        if ranges[0, 0] < ranges[0, 1]:
            # Lava's weights are int32, so this shift is modulo 2^32; its tags are int64, where
            # anything far out of range ends at the accumulator's limit, with or without the clamp.
            scratch[FIRST_ACCUMULATOR, j] = np.int32(np.int64(weights[i, j]) << SYNAPSE_SHIFT)
        if ranges[1, 0] < ranges[1, 1]:
            tag = saturate(np.int64(tag_2[i, j]), -TAG_CLAMP, TAG_CLAMP)
            scratch[FIRST_ACCUMULATOR + 1, j] = tag << SYNAPSE_SHIFT
        if ranges[2, 0] < ranges[2, 1]:
            tag = saturate(np.int64(tag_1[i, j]), -TAG_CLAMP, TAG_CLAMP)
            scratch[FIRST_ACCUMULATOR + 2, j] = tag << SYNAPSE_SHIFT


@kernel_part
def active_reach(products, u_active):
    """Whether a product can act on all synapses, on those of pre and on those of post spikes."""
    on_all, on_pre, on_post = False, False, False
    for p in range(products.shape[0]):
        dependency = products[p, COL.dependency]
        on_all |= dependency == DEP.u and u_active
        on_pre |= dependency == DEP.x0
        on_post |= dependency == DEP.y0
    return on_all, on_pre, on_post


@kernel_part
def holds_restless_tag(row):
    """Whether some tag is −257: alone inside its limits, it is not kept by an idle epoch.

    −257·128 is below the accumulator's −2^15 − 1, which rounds to −256 in 127 cases of 128.
    """
    found = False
    for j in range(row.size):
        found |= row[j] < -TAG_MAX - 1
    return found


@kernel_part
def update_row(
    products, factors, ranges, limits, offset, u_active, i, r, x_history, y_history, tx, ty,
    weights, tag_2, tag_1, scratch,
):  # fmt: skip
    """Apply all rules to pre neuron i, whose synapses are row r of the arrays; returns how many are effective."""
    scratch[EFFECTIVE] = 0
    load_rows(r, weights, tag_2, tag_1, ranges, scratch)
    for target in range(ranges.shape[0]):
        for p in range(ranges[target, 0], ranges[target, 1]):
            product = products[p]
            scalar = pre_scalar(product, factors, i, u_active, x_history, tx)
            if scalar != 0:
                product_row(
                    product, factors, i, r, scalar, x_history, y_history, tx, ty, weights, tag_2, tag_1, scratch
                )
            accumulator = scratch[FIRST_ACCUMULATOR + target]
            right = product[COL.shift_right]
            accumulate(accumulator, scratch[MAC], scalar != 0, right, product[COL.shift_left], scratch[EFFECTIVE])
    if ranges[0, 0] < ranges[0, 1]:
        store_row(scratch[FIRST_ACCUMULATOR], offset, limits[0, 0], limits[0, 1], weights[r])
    if ranges[1, 0] < ranges[1, 1]:
        store_row(scratch[FIRST_ACCUMULATOR + 1], offset, limits[1, 0], limits[1, 1], tag_2[r])
    if ranges[2, 0] < ranges[2, 1]:
        store_row(scratch[FIRST_ACCUMULATOR + 2], offset, limits[2, 0], limits[2, 1], tag_1[r])
    count = np.int32(0)
    for j in range(scratch.shape[1]):
        count += scratch[EFFECTIVE, j]
    return count


@kernel_part
def gather_columns(source, columns, target):
    """target_k ← source_{columns_k}; nothing where the synapses do not hold this variable."""
    if source.size:
        for k in range(columns.size):
            target[0, k] = source[0, columns[k]]


@kernel_part
def scatter_columns(source, columns, target):
    """target_{columns_k} ← source_k; nothing where the synapses do not hold this variable."""
    if target.size:
        for k in range(columns.size):
            target[0, columns[k]] = source[0, k]


@allocating
def apply_rule(
    products, factors, ranges, limits, u_active, random, x_history, y_history, tx, ty,
    weights, tag_2, tag_1, scratch, skip_idle,
):  # fmt: skip
    """Update the synaptic variables of a layer at the end of an epoch; all rules read old values.

    acc = v·2^7; per product acc ← clip(acc + clip((Πf » right) « left)); v ← round(acc/2^7),
    stochastically by one number for the layer, then clipped to the variable's limits.

    Parameters
    ----------
    products, factors, ranges, limits
        `compile_rule` and `synapse_limits`.
    u_active : bool
        `decimation_active` of this time step.
    random : float
        [0, 1).
    x_history, y_history : int32 (t_epoch + 1, 2, n_pre), int32 (t_epoch + 1, 3, n_post)
        `traces.trace_history` of either side.
    tx, ty : integer (n_pre,), integer (n_post,)
        Last spikes in the epoch, 0 for none; the caller clears them afterwards.
    weights, tag_2, tag_1 : integer (n_pre, n_post)
        Changed where they have a rule; (0, 0) where neither rule nor factor names them.
    scratch : int32 (SCRATCH_ROWS, n_post)
    skip_idle : bool
        Pass over synapses on which no product acts. Equal to Lava only while every variable with a rule is within
        `limits`, as it is after one call without, or after clipping.

    Returns
    -------
    (visited, effective)
        Pre neurons whose synapses were visited; synapses for which some product was not 0.
    """
    offset = rounding_offset(random)
    on_all, on_pre, on_post = active_reach(products, u_active)
    columns = np.flatnonzero(ty)
    # Where no pre spike counts, only the columns of the post spikes can change: they are worked on apart.
    few_ty = ty[columns]
    few_y = np.empty((y_history.shape[0], y_history.shape[1], columns.size), np.int32)
    for t in range(few_y.shape[0]):
        for k in range(few_y.shape[1]):
            few_y[t, k] = y_history[t, k][columns]
    few_weights = np.empty((1, columns.size), weights.dtype)
    few_tag_2 = np.empty((1, columns.size), tag_2.dtype)
    few_tag_1 = np.empty((1, columns.size), tag_1.dtype)
    few_scratch = np.empty((SCRATCH_ROWS, columns.size), np.int32)
    visited = 0
    effective = 0
    for i in range(tx.size):
        restless = ranges[2, 0] < ranges[2, 1] and holds_restless_tag(tag_1[i])
        if not skip_idle or on_all or restless or (on_pre and tx[i] > 0):
            visited += 1
            effective += update_row(
                products, factors, ranges, limits, offset, u_active, i, i, x_history, y_history, tx, ty,
                weights, tag_2, tag_1, scratch,
            )  # fmt: skip
        elif on_post and columns.size:
            visited += 1
            gather_columns(weights[i : i + 1], columns, few_weights)
            gather_columns(tag_2[i : i + 1], columns, few_tag_2)
            gather_columns(tag_1[i : i + 1], columns, few_tag_1)
            effective += update_row(
                products, factors, ranges, limits, offset, u_active, i, 0, x_history, few_y, tx, few_ty,
                few_weights, few_tag_2, few_tag_1, few_scratch,
            )  # fmt: skip
            scatter_columns(few_weights, columns, weights[i : i + 1])
            scatter_columns(few_tag_2, columns, tag_2[i : i + 1])
            scatter_columns(few_tag_1, columns, tag_1[i : i + 1])
    return visited, effective

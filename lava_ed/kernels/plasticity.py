"""The learning engine of PlasticDense: products of traces, accumulator, stochastic rounding.

A weight is read into a 15-bit accumulator (one stored step is 256 of its units), the product of
the rule is added, and the sum is rounded stochastically back to the stored step.  Right shifts are
sign-magnitude, so that small positive and negative products vanish alike.
"""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import inline, kernel
from lava_ed.kernels.fixed_point import (
    ACCUMULATOR_BITS,
    ACCUMULATOR_MAX,
    ACCUMULATOR_MIN,
    MANTISSA_BITS,
    SCALE_EXPONENT_MIN,
    TAG_MAX,
    TRACE_BITS,
    WEIGHT_LSB_SHIFT,
    random_byte,
    row_key,
    saturate,
)

COUNTER_ROUNDING = -1
"""Value of `scalar` that asks for one hashed random byte a synapse instead of one for all."""

_ACC_MIN = np.int32(ACCUMULATOR_MIN)
_ACC_MAX = np.int32(ACCUMULATOR_MAX)
_TAG_WIDTH = 9
_TAG_SHIFT = ACCUMULATOR_BITS + 1 - _TAG_WIDTH


@inline
def product(value, mantissa, exponent, excess):  # type: ignore[no-untyped-def]
    """sat(sign·|value·mantissa| » excess) « (exponent + 7), in accumulator units.

    `excess` is by how many bits the factors' widths pass the accumulator's 15.  Written without
    branches on int32, which holds 127·127·7 « 15, so that loops over it become vector code.
    """
    p = np.int32(np.int32(value) * np.int32(mantissa))
    sign = np.int32(p >> np.int32(31))
    magnitude = np.int32(np.int32(p ^ sign) - sign)
    magnitude = np.int32(np.int32(magnitude >> np.int32(excess)) << np.int32(exponent - SCALE_EXPONENT_MIN))
    p = np.int32(np.int32(magnitude ^ sign) - sign)
    return min(max(p, _ACC_MIN), _ACC_MAX)


@inline
def excess_bits(factor_bits):  # type: ignore[no-untyped-def]
    """max(0, Σ factor widths + mantissa width − 15): the right shift that Lava's learning engine applies."""
    return max(0, factor_bits + MANTISSA_BITS - ACCUMULATOR_BITS)


@inline
def _round_into(old, increment, r):  # type: ignore[no-untyped-def]
    """sat₈((sat₁₅(256·old + increment) + r) » 8) on int32, without branches."""
    acc = np.int32(np.int32(old << np.int32(WEIGHT_LSB_SHIFT)) + increment)
    acc = min(max(acc, _ACC_MIN), _ACC_MAX)
    new = np.int32(np.int32(acc + r) >> np.int32(WEIGHT_LSB_SHIFT))
    return min(max(new, np.int32(-128)), np.int32(127))


@inline
def _add_to_row(row, increments, key32, scalar):  # type: ignore[no-untyped-def]
    """Add increments to a row of stored weights; returns (effective, writes, change of its non-zeros).

    The tallies are cut to int32 in every turn, so that the loop's vectors hold one width only.
    """
    effective = np.int32(0)
    writes = np.int32(0)
    change = np.int32(0)
    if scalar >= 0:
        for j in range(row.size):
            old = np.int32(row[j])
            new = _round_into(old, increments[j], np.int32(scalar))
            effective = np.int32(effective + np.int32(increments[j] != 0))
            writes = np.int32(writes + np.int32(new != old))
            change = np.int32(change + np.int32(np.int32(new != 0) - np.int32(old != 0)))
            row[j] = np.int8(new)
    else:
        for j in range(row.size):
            old = np.int32(row[j])
            new = _round_into(old, increments[j], random_byte(key32, j))
            effective = np.int32(effective + np.int32(increments[j] != 0))
            writes = np.int32(writes + np.int32(new != old))
            change = np.int32(change + np.int32(np.int32(new != 0) - np.int32(old != 0)))
            row[j] = np.int8(new)
    return effective, writes, change


@kernel
def learn_rows(  # type: ignore[no-untyped-def]
    w8, row_nonzeros, events, n_events, x1, with_x1, y1, y2, mantissa, exponent, key, scalar, work
):
    """dw = m·2^a·x0·x1·y1 − m·2^a·x0·x1·y2 (or without x1) over the rows of the spiking neurons.

    Parameters
    ----------
    w8 : int8 (n_pre, n_post)
    row_nonzeros : int32 (n_pre,)
    events : int32, n_events : int
        Pre-synaptic neurons with x0 = 1.
    x1 : int32 (n_pre,), with_x1 : int
        Pre-synaptic trace, and whether the rule has it as a factor.
    y1, y2 : int32 (n_post,)
        Post-synaptic traces; at most one of the two is non-zero.
    mantissa, exponent : int
        Scale m·2^a of both products.
    key : uint64
        Stream key of this layer and step.
    scalar : int
        One random byte for all synapses (Lava's way), or `COUNTER_ROUNDING`.
    work : int32 (n_post,)
        Scratch for the increments.

    Returns
    -------
    (effective_updates, weight_writes)
    """
    effective = 0
    writes = 0
    excess = excess_bits(2 * TRACE_BITS if with_x1 else TRACE_BITS)
    for k in range(n_events):
        i = events[k]
        factor = x1[i] if with_x1 else np.int32(1)
        if with_x1 or k == 0:
            for j in range(work.size):
                # One of y1 and y2 is 0, so the two products are one.
                work[j] = product(factor * (y1[j] - y2[j]), mantissa, exponent, excess)
        e, w, change = _add_to_row(w8[i], work, row_key(key, i), scalar)
        effective += e
        writes += w
        row_nonzeros[i] += change
    return effective, writes


@kernel
def gather_rows(tag, events, n_events, x1, with_x1, y1, y2, exponent, key):  # type: ignore[no-untyped-def]
    """dt = 2^a·x0·y1 − 2^a·x0·y2 (x1 as a factor where the input is graded): updates gather in the tag.

    The tag (int16 (n_pre, n_post), 8 bits and a sign) is rounded stochastically and saturates.

    Returns
    -------
    int : effective updates.
    """
    effective = 0
    excess = excess_bits(2 * TRACE_BITS if with_x1 else TRACE_BITS)
    for k in range(n_events):
        i = events[k]
        factor = x1[i] if with_x1 else np.int32(1)
        key32 = row_key(key, i)
        row = tag[i]
        for j in range(row.size):
            inc = product(factor * (y1[j] - y2[j]), 1, exponent, excess)
            r = random_byte(key32, j) >> (8 - _TAG_SHIFT)
            acc = (np.int32(row[j]) << _TAG_SHIFT) + inc
            row[j] = saturate(np.int32(acc + r) >> _TAG_SHIFT, -TAG_MAX, TAG_MAX)
            effective += inc != 0
    return effective


@kernel
def apply_tag(w8, row_nonzeros, tag, mantissa, exponent, key, scalar, work):  # type: ignore[no-untyped-def]
    """dw = m·2^a·u0·t for every synapse, then t ← 0.

    Returns
    -------
    (effective_updates, weight_writes)
    """
    effective = 0
    writes = 0
    excess = excess_bits(_TAG_WIDTH)
    for i in range(w8.shape[0]):
        live = False
        for j in range(work.size):
            t = tag[i, j]
            live |= t != 0
            work[j] = product(np.int32(t), mantissa, exponent, excess)
        if live:
            e, w, change = _add_to_row(w8[i], work, row_key(key, i), scalar)
            effective += e
            writes += w
            row_nonzeros[i] += change
            tag[i, :] = 0
    return effective, writes

"""The learning engine of PlasticDense: products of traces, accumulator, stochastic rounding.

A weight is read into a 15-bit accumulator (one stored step is 256 of its units), the product of
the rule is added, and the sum is brought back to the stored step: by stochastic rounding, or by a carry, where
the synapse's tag keeps what is left over for the next update.  Right shifts are sign-magnitude, so that small
positive and negative products vanish alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.counting import COUNTING
from lava_ed.kernels.fixed_point import (
    ACCUMULATOR_BITS,
    ACCUMULATOR_MAX,
    ACCUMULATOR_MIN,
    MANTISSA_BITS,
    SCALE_EXPONENT_MIN,
    TAG_MAX,
    TRACE_BITS,
    TRACE_MAX,
    column_byte,
    column_key,
    row_byte,
    saturate,
)
from lava_ed.kernels.vectors.row_updates import (
    BYTE_INCREMENT_MAX,
    both_counts,
    carry_into_row,
    carry_shorts_into_row,
    column_bytes_of,
    round_into_row,
    round_shorts_into_row,
    split_increment,
    split_increments,
)

COUNTER_ROUNDING = -1
"""Value of `scalar` that asks for one hashed random byte a synapse instead of one for all."""

_ACC_MIN = np.int32(ACCUMULATOR_MIN)
_ACC_MAX = np.int32(ACCUMULATOR_MAX)
SHORT_MAX = 2**15 - 1
WORK_ROWS = 6
"""Rows of the int16 scratch.

Steps and rest of each increment, in bytes where they fit; random byte of each column where they do not; |y|·2^8 and
sign of each column; its random byte where the steps fit bytes.
"""
_TAG_WIDTH = 9
_TAG_SHIFT = ACCUMULATOR_BITS + 1 - _TAG_WIDTH


@kernel_part
def product(value, mantissa, exponent, excess):
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


@kernel_part
def excess_bits(factor_bits):
    """max(0, Σ factor widths + mantissa width − 15): the right shift that Lava's learning engine applies."""
    return max(0, factor_bits + MANTISSA_BITS - ACCUMULATOR_BITS)


@kernel_part
def _split_errors(y1, y2, size, sign):
    """size_j, sign_j ← |y|·2^8 and −[y < 0] of y = y1 − y2; returns max |y|."""
    largest = np.int32(0)
    for j in range(size.size):
        y = np.int32(np.int32(y1[j]) - np.int32(y2[j]))
        magnitude = np.int32(abs(y))
        largest = max(largest, magnitude)
        size[j] = np.int16(magnitude << np.int32(8))
        sign[j] = np.int16(y >> np.int32(31))
    return largest


@kernel_part
def _wide_increments(factor, y1, y2, mantissa, exponent, excess, steps, rest):
    """The increments of a row for a factor x1; returns how many are not 0."""
    live = np.int32(0)
    for j in range(steps.size):
        # One of y1 and y2 is 0, so the two products are one.
        increment = product(np.int32(factor * np.int32(y1[j] - y2[j])), mantissa, exponent, excess)
        live = np.int32(live + np.int32(increment != 0))
        split_increment(increment, j, steps, rest)
    return live


@kernel_part
def counted_trace(x1, spikes, shift):
    """x1 ← min(x1 + spikes·2^shift, 127), a trace that counts spikes."""
    return min(np.int32(x1 + np.int32(spikes << shift)), np.int32(TRACE_MAX))


@kernel
def count_into_traces(x1, events, spikes, shift):
    """Let `counted_trace` take the spikes of each event into its x1.

    Parameters
    ----------
    x1 : int32 (n_pre,)
        Changed.
    events, spikes : int32 (k,)
        Neurons, each once, and how many spikes each sent.
    shift : int
        A spike adds 2^shift.
    """
    for k in range(events.size):
        x1[events[k]] = counted_trace(x1[events[k]], spikes[k], shift)


@kernel
def group_events(events, n_events, x1, starts, grouped):
    """List the events with those of equal x1 side by side, as `learn_rows` is fastest.

    Parameters
    ----------
    events, grouped : int32 (n_pre,)
    x1 : int32 (n_pre,)
    starts : int32 (TRACE_MAX + 2,)
        Scratch.
    """
    starts[:] = 0
    for k in range(n_events):
        starts[min(max(x1[events[k]], 0), TRACE_MAX) + 1] += 1
    for value in range(TRACE_MAX + 1):
        starts[value + 1] += starts[value]
    for k in range(n_events):
        i = events[k]
        value = min(max(x1[i], 0), TRACE_MAX)
        grouped[starts[value]] = i
        starts[value] += 1


@kernel
def learn_rows(w8, row_nonzeros, events, n_events, x1, with_x1, y1, y2, mantissa, exponent, key, scalar, work, tag):
    """dw = m·2^a·x0·x1·y1 − m·2^a·x0·x1·y2 (or without x1) over the rows of the spiking neurons.

    Returns (effective_updates, weight_writes).

    Parameters
    ----------
    w8, row_nonzeros : int8 (n_pre, n_post), int32 (n_pre,)
    events : int32 (k,)
        The first `n_events` are neurons with x0 = 1; those of equal x1 side by side cost least.
    x1, with_x1 : int32 (n_pre,), int
        Pre-synaptic trace, and whether the rule has it as a factor.
    y1, y2 : int32 (n_post,)
        Post-synaptic traces; at most one of the two is non-zero.
    mantissa, exponent : int
        Scale m·2^a of both products.
    key : uint64
        Stream key of this layer and step.
    scalar : int
        One random byte for all synapses (Lava's way), or `COUNTER_ROUNDING`.
    work : int16 (WORK_ROWS, n_post)
    tag : int16 (n_pre, n_post)
        What earlier updates left over, 0 … 255 units; of no rows where the rounding is stochastic.
    """
    effective = 0
    writes = 0
    live = 0
    carries = tag.shape[0] > 0
    known = np.int32(-1)
    excess = excess_bits(2 * TRACE_BITS if with_x1 else TRACE_BITS)
    up = exponent - SCALE_EXPONENT_MIN
    steps, rest, column, size, sign = work[0], work[1], work[2], work[3], work[4]
    n_post = w8.shape[1]
    byte_steps, byte_rest = work[0].view(np.int8)[:n_post], work[1].view(np.int8)[:n_post]
    column_bytes = work[5].view(np.int8)[:n_post]
    if not carries:
        column_bytes_of(key, scalar, column_bytes)
    largest = np.int64(_split_errors(y1, y2, size, sign))
    fits = False
    for k in range(n_events):
        i = events[k]
        factor = np.int32(x1[i]) if with_x1 else np.int32(1)
        if factor != known:
            known = factor
            scaled = np.int64(factor) * mantissa
            narrow = largest <= TRACE_MAX and scaled << (8 - excess) <= SHORT_MAX
            fits = bool(narrow and ((scaled * largest) >> excess) << up <= BYTE_INCREMENT_MAX)
            if fits:
                # (|y|·2^8)·(factor·2^(8 − excess)) » 16 is one instruction on 16-bit lanes.
                live = split_increments(size, sign, scaled << (8 - excess), up, byte_steps, byte_rest)
            else:
                if not carries:
                    column_bytes_of(key, scalar, column)
                live = _wide_increments(factor, y1, y2, mantissa, exponent, excess, steps, rest)
        if live:
            if carries:
                if fits:
                    both = carry_into_row(w8, i, byte_steps, byte_rest, tag)
                    w, row_nonzeros[i] = both_counts(both)
                else:
                    w, row_nonzeros[i] = carry_shorts_into_row(w8, tag, i, steps, rest)
            else:
                byte = np.int16(scalar if scalar >= 0 else row_byte(key, i))
                if fits:
                    both = round_into_row(w8, i, byte_steps, byte_rest, column_bytes, np.int8(byte))
                    w, row_nonzeros[i] = both_counts(both)
                else:
                    w, row_nonzeros[i] = round_shorts_into_row(w8, i, steps, rest, column, byte)
            effective += live
            writes += w
    return effective, writes


@kernel
def gather_rows(tag, events, n_events, x1, with_x1, y1, y2, exponent, key):
    """dt = 2^a·x0·y1 − 2^a·x0·y2 (x1 as a factor where the input is graded); returns the effective updates.

    The tag (int16 (n_pre, n_post), 8 bits and a sign) is rounded stochastically and saturates.
    """
    effective = 0
    excess = excess_bits(2 * TRACE_BITS if with_x1 else TRACE_BITS)
    key32 = column_key(key)
    for k in range(n_events):
        i = events[k]
        factor = np.int32(x1[i]) if with_x1 else np.int32(1)
        byte = row_byte(key, i)
        for j in range(tag.shape[1]):
            inc = product(factor * (y1[j] - y2[j]), 1, exponent, excess)
            r = ((byte + column_byte(key32, j)) & 255) >> (8 - _TAG_SHIFT)
            acc = (np.int32(tag[i, j]) << _TAG_SHIFT) + inc
            tag[i, j] = saturate(np.int32(acc + r) >> _TAG_SHIFT, -TAG_MAX, TAG_MAX)
            if COUNTING:
                effective += inc != 0
    return effective


@kernel
def apply_tag(w8, row_nonzeros, tag, mantissa, exponent, key, scalar, work):
    """dw = m·2^a·u0·t for every synapse, then t ← 0; returns (effective_updates, weight_writes)."""
    effective: Any = 0
    writes = 0
    excess = excess_bits(_TAG_WIDTH)
    steps, rest, column = work[0], work[1], work[2]
    column_bytes_of(key, scalar, column)
    for i in range(w8.shape[0]):
        live = np.int32(0)
        for j in range(steps.size):
            increment = product(np.int32(tag[i, j]), mantissa, exponent, excess)
            live = np.int32(live + np.int32(increment != 0))
            split_increment(increment, j, steps, rest)
            tag[i, j] = 0
        if live:
            byte = np.int16(scalar if scalar >= 0 else row_byte(key, i))
            w, row_nonzeros[i] = round_shorts_into_row(w8, i, steps, rest, column, byte)
            effective += live
            writes += w
    return effective, writes

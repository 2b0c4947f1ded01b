"""Shared kernels, read by the windows of their outputs: a sample's sums of spikes and errors, and what it learns.

These do in one go, and in vectors, what `convolution` does spike by spike.  Weights lie in rows of an output channel:
(tap row, tap column, input channel), as a window of inputs lies in a padded map whose channels are side by side.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.counting import COUNTING
from lava_ed.kernels.fixed_point import wrap_state
from lava_ed.kernels.loihi.conv_tables import AT, BITS, LOW
from lava_ed.kernels.loihi.convolution import apply_sums
from lava_ed.kernels.vectors.events import list_events
from lava_ed.kernels.vectors.lanes import LANES
from lava_ed.kernels.vectors.window_sums import (
    GROUP,
    POSITIONS,
    copy_word,
    count_of_nonzeros,
    sum_scaled,
    sum_windows,
)
from lava_ed.kernels.views import segment

SLACK: Final = 64
"""Values behind the last one of a padded map or of weights, which vectors read in vain."""


def sizes_of(source: tuple[int, int, int], channels: int, kernel: int, padding: int) -> tuple[int, int]:
    """How many values a padded map takes, and how many bytes the weights as `pack_weights` leaves them."""
    c_in, height, width = source
    words, blocks = -(-kernel * c_in // GROUP), -(-channels // LANES)
    return (height + 2 * padding) * (width + 2 * padding) * c_in + SLACK, kernel * words * blocks * LANES * GROUP


@kernel_part
def _line(tables):
    """Values of a row of the padded map."""
    return (tables[AT.width_in] + 2 * tables[AT.padding]) * tables[AT.channels_in]


@kernel_part
def _origin(tables, position):
    """Where the window of an output position begins in the padded map."""
    y, x = position // tables[AT.width_out], position % tables[AT.width_out]
    return (y * _line(tables) + x * tables[AT.channels_in]) * tables[AT.stride]


@kernel
def pad_map(tables, x, padded):
    """Copy a map, channels side by side, into the middle of a padded one, whose border stays 0."""
    c_in, width, padding, line = tables[AT.channels_in], tables[AT.width_in], tables[AT.padding], _line(tables)
    for y in range(tables[AT.height_in]):
        first, at = y * tables[AT.step_row], (y + padding) * line + padding * c_in
        if tables[AT.step_column] == c_in:
            for k in range(width * c_in):
                padded[np.uint32(at + k)] = x[np.uint32(first + k)]
        else:
            for c in range(c_in):
                for column in range(width):
                    there = first + c * tables[AT.step_channel] + column * tables[AT.step_column]
                    padded[np.uint32(at + column * c_in + c)] = x[np.uint32(there)]


@kernel
def pad_spikes(tables, events, n_events, padded):
    """Make the same of inputs that spiked, of which each counts 1."""
    padded[:] = 0
    for k in range(n_events):
        place = tables[np.uint32(tables[AT.places] + events[np.uint32(k)])]
        y, x = (place >> BITS & LOW) + tables[AT.padding], (place & LOW) + tables[AT.padding]
        padded[np.uint32(y * _line(tables) + x * tables[AT.channels_in] + (place >> 2 * BITS))] = 1


@kernel
def pack_weights(w8, tables, channel, packed):
    """Bring a channel's weights into the order in which `sum_windows` reads them."""
    k, c_in = tables[AT.kernel], tables[AT.channels_in]
    run = k * c_in
    words, lanes = (run + GROUP - 1) // GROUP, (tables[AT.channels_out] + LANES - 1) // LANES * LANES
    for row in range(k):
        first, at = (channel * k + row) * run, row * words * lanes + channel
        for word in range(run // GROUP):
            copy_word(w8, first + word * GROUP, packed, (at + word * lanes) * GROUP)
        for byte in range(run - run % GROUP, run):
            packed[np.uint32((at + (words - 1) * lanes) * GROUP + byte % GROUP)] = w8[np.uint32(first + byte)]


@kernel
def store_weights(w8, tag, tables, stored, stored_tag, row_nonzeros):
    """Bring weights and carries, and the non-zero weights of a row, into the order in which `convolution` has them."""
    k, c_in, channels = tables[AT.kernel], tables[AT.channels_in], tables[AT.channels_out]
    for row in range(c_in * k * k):
        c, tap_row = row // (k * k), row // k % k
        first = (tap_row * k + tables[np.uint32(tables[AT.taps] + row % k)]) * c_in + c
        nonzeros = np.int32(0)
        for o in range(channels):
            at, there = row * channels + o, o * k * k * c_in + first
            stored[np.uint32(at)] = w8[np.uint32(there)]
            stored_tag[np.uint32(at)] = tag[np.uint32(there)]
            nonzeros += w8[np.uint32(there)] != 0
        row_nonzeros[np.uint32(row)] = nonzeros


@kernel
def sum_map(x8, packed, tables, total):
    """total_j ← Σ_i 2·w_ij·x_i; both maps have their channels side by side.

    Parameters
    ----------
    x8 : int8
        The padded inputs, 0 … 127.
    packed : int8
        As `pack_weights` leaves it.
    total : int32 (n_post,)
    """
    k, c_in, channels, width = tables[AT.kernel], tables[AT.channels_in], tables[AT.channels_out], tables[AT.width_out]
    words, blocks, line = (k * c_in + GROUP - 1) // GROUP, (channels + LANES - 1) // LANES, _line(tables)
    positions = min(POSITIONS, width)
    for y in range(tables[AT.height_out]):
        x = 0
        while x < width:
            begin = min(x, width - positions)  # the last ones may be summed twice
            position = y * width + begin
            sum_windows(
                x8, _origin(tables, position), tables[AT.stride] * c_in, line, packed, blocks, k, words, total,
                position * channels, channels, positions,
            )  # fmt: skip
            x = begin + positions


@kernel_part
def synapses_back(w8, row_nonzeros, tables, position, channel):
    """Non-zero synapses that an error reads: those of a window that lie on the map."""
    k, c_in, padding = tables[AT.kernel], tables[AT.channels_in], tables[AT.padding]
    y = position // tables[AT.width_out] * tables[AT.stride] - padding
    x = position % tables[AT.width_out] * tables[AT.stride] - padding
    if 0 <= y <= tables[AT.height_in] - k and 0 <= x <= tables[AT.width_in] - k:
        return row_nonzeros[np.uint32(channel)]
    left, right = max(0, -x), min(k, tables[AT.width_in] - x)
    found = np.int32(0)
    for row in range(max(0, -y), min(k, tables[AT.height_in] - y)):
        first = ((channel * k + row) * k + left) * c_in
        found = np.int32(found + count_of_nonzeros(w8, first, (right - left) * c_in))
    return found


@kernel_part
def _shift_sums(tables, padded, padding, shift, total):
    """total ← the padded map's inside, doubled, shifted and rounded by its size, in 24 bits; returns the overflows."""
    c_in, line = tables[AT.channels_in], _line(tables)
    overflows = np.int32(0)
    half, right = np.int32((1 << shift) >> 1), np.int32(shift)
    n = tables[AT.width_in] * c_in
    for y in range(tables[AT.height_in]):
        first = (y + padding) * line + padding * c_in
        for k in range(n):
            doubled = np.int32(padded[np.uint32(first + k)] << 1)
            sign = np.int32(doubled >> np.int32(31))
            size = np.int32(np.int32(np.int32(doubled ^ sign) - sign) + half) >> right
            raw = np.int32(np.int32(size ^ sign) - sign)
            new = np.int32(wrap_state(raw))
            overflows = np.int32(overflows + np.int32(new != raw))
            total[np.uint32(y * n + k)] = new
    return np.int64(overflows)


@kernel
def read_back(w8, row_nonzeros, tables, delta, errors, factors, window, padded, shift, total):
    """Do as `convolution.scatter_errors`, with the errors of a position at once.

    Parameters
    ----------
    w8 : int8
    row_nonzeros : int32 (channels,)
        Non-zero weights of each channel.
    delta : int32 (n_post,)
    errors, factors : int32 (n_post,)
        Scratch.
    window : int32 (of a window, and SLACK)
        Scratch.
    padded : int32
        Scratch.
    total : int32 (n_pre,)
        Overwritten; channels are side by side.
    """
    k, c_in, channels, padding = tables[AT.kernel], tables[AT.channels_in], tables[AT.channels_out], tables[AT.padding]
    run, line = k * c_in, _line(tables)
    padded[:] = 0
    count = list_events(delta, errors)
    synops = np.int64(0)
    first = 0
    while first < count:
        position = errors[np.uint32(first)] // channels
        last = first
        while last < count and errors[np.uint32(last)] < (position + 1) * channels:
            j = errors[np.uint32(last)]
            factors[np.uint32(last)] = delta[np.uint32(j)]
            errors[np.uint32(last)] = (j - position * channels) * k * run
            if COUNTING:
                synops += synapses_back(w8, row_nonzeros, tables, position, j - position * channels)
            last += 1
        at = _origin(tables, position)
        sum_scaled(w8, errors, factors, first, last, 0, k * run, window, 0)
        for row in range(k):
            for n in range(run):
                padded[np.uint32(at + row * line + n)] += window[np.uint32(row * run + n)]
        first = last
    return synops, _shift_sums(tables, padded, padding, shift, total)


@kernel
def by_channel(tables, corners, inside, errors, n_errors, delta, split, ends, origins, factors):
    """Sort errors by their channel: where their windows begin, and δ; those of channel c end before ends[c].

    Returns the products of an input that spiked and an error, of which `inside` tells those of each position.

    Parameters
    ----------
    corners : int32 (positions,)
        Where windows begin.
    split : int32 (n_post,)
        Scratch.
    """
    channels = np.uint32(tables[AT.channels_out])
    ends[:] = 0
    products = np.int64(0)
    for e in range(n_errors):
        j = np.uint32(errors[np.uint32(e)])
        position = np.uint32(j // channels)
        split[np.uint32(e)] = position
        ends[np.uint32(j - position * channels)] += 1
        if COUNTING:
            products += inside[position]
    before = np.int32(0)
    for c in range(channels):
        count = ends[np.uint32(c)]
        ends[np.uint32(c)] = before
        before += count
    for e in range(n_errors):
        j, position = np.uint32(errors[np.uint32(e)]), np.uint32(split[np.uint32(e)])
        channel = np.uint32(j - position * channels)
        at = np.uint32(ends[channel])
        origins[at] = corners[position]
        factors[at] = delta[j]
        ends[channel] = np.int32(at + np.uint32(1))
    return products


@kernel
def learn_windows(w8, tag, sums, row_nonzeros, tables, x, ends, origins, factors, mantissa, shift, packed):
    """Sum the products of each tap, and bring the sums into the weights, channel by channel.

    Returns (effective_updates, weight_writes).

    Parameters
    ----------
    w8, tag, row_nonzeros, mantissa, shift
        As of `convolution.apply_sums`, a row for each channel.
    sums : int32 (of a window, and SLACK)
        Scratch, as of `read_back`.
    x : int32
        The padded inputs.
    ends, origins, factors
        As `by_channel` leaves them.
    packed
        Kept up to date, see `pack_weights`.
    """
    k, c_in, line = tables[AT.kernel], tables[AT.channels_in], _line(tables)
    run = k * c_in
    effective, writes = np.int64(0), np.int64(0)
    first = np.int32(0)
    for c in range(tables[AT.channels_out]):
        last = ends[np.uint32(c)]
        if last == first:
            continue
        for row in range(k):
            sum_scaled(x, origins, factors, first, last, row * line, run, sums, row * run)
        first = last
        at = c * k * run
        some, moved = apply_sums(
            segment(w8, at, k * run), segment(tag, at, k * run), sums, segment(row_nonzeros, c, 1), 0, 1, k * run,
            mantissa, shift,
        )  # fmt: skip
        if moved:
            pack_weights(w8, tables, c, packed)
        effective += some
        writes += moved
    return effective, writes

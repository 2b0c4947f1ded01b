"""Synaptic sums and updates of PlasticConv: each spike, and each error, costs the taps that it reaches.

Weights are int8, halved, in rows of the output channels of a group: row (channel, tap row, tap) of a kernel that all
positions share, or (input, tap row, tap) where none do (`conv_tables` says in which order).  What a spike reads in
one row of a kernel lies side by side, and so do the sums that it is added to.
"""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.counting import COUNTING
from lava_ed.kernels.fixed_point import wrap_state
from lava_ed.kernels.loihi.conv_tables import AT, BITS, COLUMN, LINE, LOW
from lava_ed.kernels.vectors.scaled_rows import add_scaled

TIMED, COUNTED, GRADED = range(3)
"""What x1 is: the time of an only spike, a number of spikes, or the payload of an input that stays as it is."""
TAG_BITS = 8
"""A weight's carry holds so many bits below its last one."""
_LARGEST = np.int32((127 << TAG_BITS) + 255)
_SMALLEST = np.int32(-128 << TAG_BITS)


@kernel_part
def _place(tables, i):
    """Channel, row and column of an input."""
    place = tables[np.uint32(tables[AT.places] + i)]
    return place >> (2 * BITS), (place >> BITS) & LOW, place & LOW


@kernel_part
def _reach(tables, y, x):
    """First output row and how many, first output column and how many, tap row of the first one, and its tap."""
    line, column = tables[AT.lines] + LINE * y, tables[AT.columns] + COLUMN * x
    top, lines = tables[np.uint32(line)], tables[np.uint32(line + 1)]
    left, length, tap = (tables[np.uint32(column)], tables[np.uint32(column + 1)], tables[np.uint32(column + 2)])
    return top, lines, left, length, y + tables[AT.padding] - tables[AT.stride] * top, tap


@kernel
def scatter_spikes(w8, row_nonzeros, tables, events, first, last, x, graded, total):
    """total_j += Σ_i 2·w_ij·x_i over events[first : last], x_i = 1 where not `graded`; returns the synapses read.

    Parameters
    ----------
    w8 : int8 (rows·columns,)
    row_nonzeros : int32 (rows,)
    tables : int32
        As `conv_tables` makes them.
    events, x : int32
        Inputs that spiked, and the value of each input.
    graded : int
        2: x_i is a number of spikes, of which each reads the synapses.
    total : int32 (n_post,)
    """
    synops = np.int64(0)
    k, stride, width, channels = tables[AT.kernel], tables[AT.stride], tables[AT.width_out], tables[AT.channels_out]
    groups, shared = tables[AT.groups], tables[AT.shared]
    of_group, sources = channels // groups, tables[AT.channels_in] // groups
    for e in range(first, last):
        i = events[np.uint32(e)]
        c, y, column = _place(tables, i)
        top, lines, left, length, tap_row, tap = _reach(tables, y, column)
        factor = np.int32(2 * x[np.uint32(i)] if graded else 2)
        base = (c if shared else i) * k * k + tap
        for line in range(lines):
            row = base + (tap_row - stride * line) * k
            at = ((top + line) * width + left) * channels
            if groups == 1:
                add_scaled(w8, row * channels, length * channels, factor, total, at)
            else:
                at += c // sources * of_group
                for t in range(length):
                    add_scaled(w8, (row + t) * of_group, of_group, factor, total, at + t * channels)
            if COUNTING:
                for t in range(length):
                    synops += row_nonzeros[np.uint32(row + t)] * (x[np.uint32(i)] if graded == 2 else 1)
    return synops


@kernel
def note_spikes(kind, events, n_events, payloads, summed, time, listed, count, x1):
    """x1 of inputs that spiked ← `time`, x1 + payload or payload, by `kind`; those whose x1 was 0 are listed.

    Without `summed` a payload is 1.  Returns (inputs listed, with `count` before them; updates of x1).
    """
    updates = np.int64(0)
    for k in range(n_events):
        i = np.uint32(events[np.uint32(k)])
        new = x1[i] == 0
        if new:
            listed[np.uint32(count)] = np.int32(i)
            count += 1
        payload = payloads[i] if summed else np.int32(1)
        if kind == COUNTED:
            x1[i] += payload
            updates += np.int64(payload)
        elif new:
            x1[i] = time if kind == TIMED else payload
            updates += np.int64(1)
    return count, updates


@kernel
def mark_reached(tables, events, n_events, reached):
    """reached ← 1 at the output positions whose neurons read one of these inputs; returns how many are new."""
    new = 0
    for e in range(n_events):
        _, y, column = _place(tables, events[np.uint32(e)])
        top, lines, left, length, _, _ = _reach(tables, y, column)
        for line in range(lines):
            at = (top + line) * tables[AT.width_out] + left
            for t in range(length):
                new += reached[np.uint32(at + t)] == 0
                reached[np.uint32(at + t)] = 1
    return new * (tables[AT.channels_out] // tables[AT.groups]) * tables[AT.groups]


@kernel
def reached_steps(tables, x, highest, across):
    """Σ of the steps from the first spike that reaches a neuron to its window's end, over all neurons.

    A spike of value x comes x steps before the end, so that it is the largest x that a neuron's window holds.

    Parameters
    ----------
    x : int32 (n_pre,)
    highest, across : int32 (h_in·w_in,), int32 (h_in·w_out,)
        Scratch.
    """
    h_in, w_in, c_in = tables[AT.height_in], tables[AT.width_in], tables[AT.channels_in]
    h_out, w_out, k, stride, padding = (
        tables[AT.height_out], tables[AT.width_out], tables[AT.kernel], tables[AT.stride], tables[AT.padding]
    )  # fmt: skip
    for y in range(h_in):
        for column in range(w_in):
            at = y * tables[AT.step_row] + column * tables[AT.step_column]
            most = np.int32(0)
            for c in range(c_in):
                most = max(most, x[np.uint32(at + c * tables[AT.step_channel])])
            highest[np.uint32(y * w_in + column)] = most
    for y in range(h_in):
        for out in range(w_out):
            most = np.int32(0)
            for column in range(max(out * stride - padding, 0), min(out * stride - padding + k, w_in)):
                most = max(most, highest[np.uint32(y * w_in + column)])
            across[np.uint32(y * w_out + out)] = most
    steps = np.int64(0)
    for out_row in range(h_out):
        for out in range(w_out):
            most = np.int32(0)
            for y in range(max(out_row * stride - padding, 0), min(out_row * stride - padding + k, h_in)):
                most = max(most, across[np.uint32(y * w_out + out)])
            steps += most
    return steps * tables[AT.channels_out]


@kernel
def turn_weights(w8, tables, turned):
    """turned ← the same weights in rows of the input channels, as errors read them.

    Row (output channel, tap row, tap column), or (output, tap row, tap column) where no weights are shared.
    """
    k, groups, shared = tables[AT.kernel], tables[AT.groups], tables[AT.shared]
    of_group, sources = tables[AT.channels_out] // groups, tables[AT.channels_in] // groups
    rows = tables[AT.channels_in] if shared else tables[AT.channels_in] * tables[AT.height_in] * tables[AT.width_in]
    for i in range(rows):
        c, y, column = (i, 0, 0) if shared else _place(tables, i)
        for tap_row in range(k):
            for tap in range(k):
                tap_column = tables[np.uint32(tables[AT.taps] + tap)]
                position = 0
                if not shared:
                    down, right = y + tables[AT.padding] - tap_row, column + tables[AT.padding] - tap_column
                    line, out = down // tables[AT.stride], right // tables[AT.stride]
                    inside = 0 <= line < tables[AT.height_out] and 0 <= out < tables[AT.width_out]
                    if not inside or down % tables[AT.stride] or right % tables[AT.stride]:
                        continue
                    position = line * tables[AT.width_out] + out
                first = ((i * k + tap_row) * k + tap) * of_group
                at = position * tables[AT.channels_out] + c // sources * of_group
                for o in range(of_group):
                    there = (((at + o) * k + tap_row) * k + tap_column) * sources + c % sources
                    turned[np.uint32(there)] = w8[np.uint32(first + o)]


@kernel
def scatter_errors(turned, tables, errors, n_errors, delta, shift, total):
    """total_i ← wrap(sign·(|Σ_j 2·w_ij·δ_j| + half) » shift), the same synapses read backwards, half = 2^(shift − 1).

    Returns (synapses read, overflows).

    Parameters
    ----------
    turned : int8
        Weights as `turn_weights` leaves them.
    errors : int32
        The first `n_errors` are the neurons j with an error.
    delta : int32 (n_post,)
    total : int32 (n_pre,)
        Overwritten.
    """
    k, groups, channels = tables[AT.kernel], tables[AT.groups], tables[AT.channels_out]
    of_group, sources, c_in = channels // groups, tables[AT.channels_in] // groups, tables[AT.channels_in]
    h_in, w_in = tables[AT.height_in], tables[AT.width_in]
    total[:] = 0
    synops = np.int64(0)
    for e in range(n_errors):
        j = errors[np.uint32(e)]
        position, o = j // channels, j % channels
        y = position // tables[AT.width_out] * tables[AT.stride] - tables[AT.padding]
        x = position % tables[AT.width_out] * tables[AT.stride] - tables[AT.padding]
        left, right = max(0, -x), min(k, w_in - x)
        base = (o if tables[AT.shared] else j) * k * k
        for tap_row in range(max(0, -y), min(k, h_in - y)):
            row = base + tap_row * k + left
            at = ((y + tap_row) * w_in + x + left) * c_in
            if groups == 1:
                add_scaled(turned, row * sources, (right - left) * sources, delta[np.uint32(j)], total, at)
            else:
                at += o // of_group * sources
                for t in range(right - left):
                    add_scaled(turned, (row + t) * sources, sources, delta[np.uint32(j)], total, at + t * c_in)
            if COUNTING:
                for t in range(row * sources, (row + right - left) * sources):
                    synops += turned[np.uint32(t)] != 0
    overflows = np.int64(0)
    half = np.int32((1 << shift) >> 1)
    for i in range(total.size):
        doubled = np.int32(total[i] << 1)
        sign = np.int32(doubled >> 31)
        size = np.int32(np.int32(np.int32(doubled ^ sign) - sign) + half) >> np.int32(shift)
        raw = np.int32(np.int32(size ^ sign) - sign)
        new = np.int32(wrap_state(raw))
        overflows += new != raw
        total[i] = new
    return synops, overflows


@kernel
def count_errors(tables, errors, n_errors, live):
    """live ← for each output row, how many errors lie left of each position of it: int32 (h_out, w_out + 1)."""
    channels, w_out = tables[AT.channels_out], tables[AT.width_out]
    live[:] = 0
    for e in range(n_errors):
        position = errors[np.uint32(e)] // channels
        live[np.uint32(position // w_out * (w_out + 1) + position % w_out + 1)] += 1
    for y in range(tables[AT.height_out]):
        for x in range(w_out):
            live[np.uint32(y * (w_out + 1) + x + 1)] += live[np.uint32(y * (w_out + 1) + x)]


@kernel
def sum_taps(tables, events, n_events, x, delta, live, sums):
    """sums_tap += Σ x_i·δ_j over the synapses of a tap; returns how many products there were.

    Parameters
    ----------
    events, x : int32
        Inputs that spiked, and their values.
    delta : int32 (n_post,)
    live : int32 (h_out·(w_out + 1),)
        As `count_errors` leaves it: rows without an error are passed over.
    sums : int32 (rows·columns,)
        As the weights lie.
    """
    products = np.int64(0)
    k, stride, width, channels = tables[AT.kernel], tables[AT.stride], tables[AT.width_out], tables[AT.channels_out]
    groups, shared = tables[AT.groups], tables[AT.shared]
    of_group, sources = channels // groups, tables[AT.channels_in] // groups
    for e in range(n_events):
        i = events[np.uint32(e)]
        c, y, column = _place(tables, i)
        top, lines, left, length, tap_row, tap = _reach(tables, y, column)
        factor = x[np.uint32(i)]
        base = (c if shared else i) * k * k + tap
        for line in range(lines):
            begin = (top + line) * (width + 1) + left
            found = live[np.uint32(begin + length)] - live[np.uint32(begin)]
            if found == 0:
                continue
            row = base + (tap_row - stride * line) * k
            at = ((top + line) * width + left) * channels
            if groups == 1:
                products += found
                add_scaled(delta, at, length * channels, factor, sums, row * channels)
            else:
                at += c // sources * of_group
                for t in range(length):
                    add_scaled(delta, at + t * channels, of_group, factor, sums, (row + t) * of_group)
                    if COUNTING:
                        for o in range(of_group):
                            products += delta[np.uint32(at + t * channels + o)] != 0
    return products


@kernel
def apply_sums(w8, tag, sums, row_nonzeros, first_row, rows, columns, mantissa, shift):
    """W ← sat(W + sign·(|sum|·m + half) » shift), sum ← 0; W = 2^8·w8 + tag, half = 2^(shift − 1); left if negative.

    Returns (effective_updates, weight_writes).

    Parameters
    ----------
    w8, tag, sums : int8, int16, int32 (all rows·columns,)
        `tag` holds 8 bits below the last one of a stored weight.
    row_nonzeros : int32
        Non-zero weights of each row, kept up to date.
    first_row, rows, columns : int
    mantissa, shift : int
    """
    effective = np.int32(0)
    writes = np.int32(0)
    right, left = np.int32(max(shift, 0)), np.int32(max(-shift, 0))
    half, m = np.int32((1 << max(shift, 0)) >> 1), np.int32(mantissa)
    first = first_row * columns
    for j in range(rows * columns):
        at = np.uint32(first + j)
        total = sums[at]
        sums[at] = 0
        sign = np.int32(total >> np.int32(31))
        size = np.int32(np.int32(np.int32(total ^ sign) - sign) * m)
        size = np.int32(np.int32(np.int32(size + half) >> right) << left)
        size = min(size, np.int32(2**16))
        old = np.int32(w8[at])
        word = np.int32(
            np.int32(np.int32(old << np.int32(TAG_BITS)) + np.int32(tag[at])) + np.int32(size ^ sign) - sign
        )
        word = min(max(word, _SMALLEST), _LARGEST)
        new = np.int32(word >> np.int32(TAG_BITS))
        w8[at] = np.int8(new)
        tag[at] = np.int16(word & np.int32(255))
        effective = np.int32(effective + np.int32(size != 0))
        writes = np.int32(writes + np.int32(new != old))
    if COUNTING and writes:
        for row in range(first_row, first_row + rows):
            count = np.int32(0)
            for j in range(columns):
                count = np.int32(count + np.int32(w8[np.uint32(row * columns + j)] != 0))
            row_nonzeros[np.uint32(row)] = count
    return effective, writes

"""What a sample costs in shared kernels read by windows: synapses, products, steps in which neurons are active."""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.loihi.conv_tables import AT, BITS, COLUMN, LINE
from lava_ed.kernels.vectors.window_sums import count_of_nonzeros


@kernel
def count_weights(w8, tables, taps):
    """taps ← the non-zero weights of each tap and input channel: int32 (taps, c_in)."""
    n = tables[AT.kernel] * tables[AT.kernel] * tables[AT.channels_in]
    taps[:] = 0
    for channel in range(tables[AT.channels_out]):
        for j in range(n):
            taps[j] += np.int32(w8[channel * n + j] != 0)


@kernel
def spread_taps(taps, tables, fan_out):
    """fan_out ← the non-zero synapses of each input, a padded map of int32, from what `count_weights` leaves."""
    c_in, k, stride, padding = tables[AT.channels_in], tables[AT.kernel], tables[AT.stride], tables[AT.padding]
    line = (tables[AT.width_in] + 2 * padding) * c_in
    rows_before = columns_before = -1
    for y in range(tables[AT.height_in]):
        row, at_row = tables[AT.lines] + LINE * y, (y + padding) * line + padding * c_in
        top, lines = tables[np.uint32(row)], tables[np.uint32(row + 1)]
        tap_row = y + padding - stride * top
        if (tap_row << BITS | lines) == rows_before:  # as the row before
            for j in range(tables[AT.width_in] * c_in):
                fan_out[np.uint32(at_row + j)] = fan_out[np.uint32(at_row - line + j)]
            continue
        rows_before, columns_before = tap_row << BITS | lines, -1
        for x in range(tables[AT.width_in]):
            column, at = tables[AT.columns] + COLUMN * x, at_row + x * c_in
            left, length = tables[np.uint32(column)], tables[np.uint32(column + 1)]
            tap = x + padding - stride * left
            if (tap << BITS | length) == columns_before:  # as the input before
                for c in range(c_in):
                    fan_out[np.uint32(at + c)] = fan_out[np.uint32(at - c_in + c)]
                continue
            columns_before = tap << BITS | length
            for c in range(c_in):
                fan_out[np.uint32(at + c)] = 0
            for i in range(lines):
                for j in range(length):
                    first = ((tap_row - stride * i) * k + tap - stride * j) * c_in
                    for c in range(c_in):
                        fan_out[np.uint32(at + c)] += taps[np.uint32(first + c)]


@kernel
def synapses_read(x8, fan_out, often):
    """How many non-zero synapses the padded inputs of a window read, each once, or `often`: x8 times."""
    synops = np.int64(0)
    if often:
        for i in range(x8.size):
            synops += np.int64(np.int32(fan_out[i] * np.int32(x8[i])))
    else:
        for i in range(x8.size):
            synops += np.int64(fan_out[i]) * np.int64(x8[i] != 0)
    return synops


@kernel_part
def _highest_of(values, apart, k, highest):
    """highest_n ← the largest of the k values n, n + apart …, as far as there are so many."""
    n = values.size - (k - 1) * apart
    for place in range(n):
        highest[place] = values[place]
    for tap in range(1, k):
        first = tap * apart
        for place in range(n):
            highest[place] = max(highest[place], values[first + place])


@kernel_part
def _total_of(values, apart, k, total):
    """total_n ← the sum of the k values n, n + apart …, as far as there are so many."""
    n = values.size - (k - 1) * apart
    for place in range(n):
        total[place] = values[place]
    for tap in range(1, k):
        first = tap * apart
        for place in range(n):
            total[place] += values[first + place]


@kernel
def steps_reached(x, tables, places, across):
    """Do as `convolution.reached_steps`.

    Parameters
    ----------
    x : int32 (n_pre,)
    places, across : int32 (a value for each place of the padded map)
        Scratch.
    """
    c_in, k, stride, padding = tables[AT.channels_in], tables[AT.kernel], tables[AT.stride], tables[AT.padding]
    width, w_in = tables[AT.width_in] + 2 * padding, tables[AT.width_in]
    places[:] = 0
    for y in range(tables[AT.height_in]):
        at, first = (y + padding) * width + padding, y * tables[AT.step_row]
        for c in range(c_in if tables[AT.step_column] == 1 else 0):
            plane = first + c * tables[AT.step_channel]
            for j in range(w_in):
                places[np.uint32(at + j)] = max(places[np.uint32(at + j)], x[np.uint32(plane + j)])
        for j in range(0 if tables[AT.step_column] == 1 else w_in):
            most = np.int32(0)
            for c in range(c_in):
                most = max(most, x[np.uint32(first + j * c_in + c)])
            places[np.uint32(at + j)] = most
    _highest_of(places, 1, k, across)
    _highest_of(across, width, k, places)
    steps = np.int64(0)
    for y in range(tables[AT.height_out]):
        for j in range(tables[AT.width_out]):
            steps += places[(y * width + j) * stride]
    return steps * tables[AT.channels_out]


@kernel
def count_windows(x, tables, places, across, inside):
    """inside ← how many values of each output position's window are not 0: int32 (positions,).

    Parameters
    ----------
    x : int32 (n_pre,)
    places, across : int32
        Scratch, as of `steps_reached`.
    """
    c_in, k, stride, padding = tables[AT.channels_in], tables[AT.kernel], tables[AT.stride], tables[AT.padding]
    width, w_in = tables[AT.width_in] + 2 * padding, tables[AT.width_in]
    places[:] = 0
    for y in range(tables[AT.height_in]):
        at, first = (y + padding) * width + padding, y * tables[AT.step_row]
        for c in range(c_in if tables[AT.step_column] == 1 else 0):
            plane = first + c * tables[AT.step_channel]
            for j in range(w_in):
                places[np.uint32(at + j)] += np.int32(x[np.uint32(plane + j)] != 0)
        for j in range(0 if tables[AT.step_column] == 1 else w_in):
            places[np.uint32(at + j)] = count_of_nonzeros(x, first + j * c_in, c_in)
    _total_of(places, 1, k, across)
    _total_of(across, width, k, places)
    for y in range(tables[AT.height_out]):
        for j in range(tables[AT.width_out]):
            inside[y * tables[AT.width_out] + j] = places[(y * width + j) * stride]

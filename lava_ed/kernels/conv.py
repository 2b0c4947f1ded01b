"""Stock Lava's Conv: each spike scattered into its receptive field, bit for bit.

Lava convolves in float64, cuts the sum to int32 and wraps it into 24 bits; `weight_exp` and
`num_weight_bits` change nothing. The sums here are integers: the same while no partial sum reaches
2^53. Source: lava-nc 0.10.0, `lava/proc/conv/models.py` and `lava/proc/conv/utils.py`.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lava_ed.kernels._jit import inline, kernel
from lava_ed.kernels.fixed_point import wrap_state

__all__ = ["arrange_kernel", "conv_events", "largest_sum", "tap_steps", "tap_table"]

INT32_MAX: Final = 2**31 - 1
STATE_LIMIT: Final = 2**23
"""Sums below it in magnitude need no wrapping into 24 bits."""
GEOMETRY: Final = 11
"""Numbers that describe a convolution, in the order in which `scatter` unpacks them."""


def arrange_kernel(weight: NDArray[Any]) -> NDArray[Any]:
    """Weights in the order in which a spike meets them: [C_in / groups, K_x, K_y, C_out].

    Parameters
    ----------
    weight : integer[C_out, K_x, K_y, C_in / groups]
        Lava's order.
    """
    return np.ascontiguousarray(weight.transpose(3, 1, 2, 0))


def largest_sum(weight: NDArray[Any]) -> int:
    """Largest magnitude of a sum of binary spikes: max over output channels of Σ|w|.

    Examples
    --------
    >>> largest_sum(np.array([[[[1, -2]]], [[[3, 4]]]]))
    7
    """
    return int(np.abs(weight.astype(np.int64)).reshape(len(weight), -1).sum(axis=1).max(initial=0))


def tap_table(size: int, taps: int, stride: int, padding: int, dilation: int, out: int) -> NDArray[np.int32]:
    """For each input coordinate of an axis, the kernel taps that carry it to an output.

    Tap k carries coordinate x to (x + padding − dilation·(taps − 1 − k)) / stride, where that is whole and
    0 … out − 1.

    Returns
    -------
    int32[size, 3]
        First tap, number of taps, output of the first. The next one is `tap_steps` further.

    Examples
    --------
    >>> tap_table(4, 3, 1, 0, 1, 2).tolist()
    [[2, 1, 0], [1, 2, 0], [0, 2, 0], [0, 1, 1]]
    """
    table = np.zeros((size, 3), np.int32)
    for x in range(size):
        places = [x + padding - dilation * (taps - 1 - k) for k in range(taps)]
        valid = [k for k, at in enumerate(places) if at >= 0 and at % stride == 0 and at // stride < out]
        if valid:
            table[x] = valid[0], len(valid), places[valid[0]] // stride
    return table


def tap_steps(stride: int, dilation: int) -> tuple[int, int]:
    """Distance between two taps that carry the same input to outputs, and that of the outputs.

    Examples
    --------
    >>> tap_steps(4, 6)
    (2, 3)
    """
    common = math.gcd(stride, dilation)
    return stride // common, dilation // common


@inline
def add_run(row, total):  # type: ignore[no-untyped-def]
    """total_j ← total_j + row_j."""
    for j in range(total.size):
        total[j] += row[j]


@inline
def add_scaled_run(row, payload, total):  # type: ignore[no-untyped-def]
    """total_j ← total_j + payload·row_j, in the type of both."""
    for j in range(total.size):
        total[j] += payload * row[j]


@kernel
def scatter(weights, events, count, payloads, graded, geometry, table_x, table_y, total, one):  # type: ignore[no-untyped-def]
    """Add the kernel, times its payload (in the type of `one`), around each event; see `conv_events`."""
    size_y, channels, out_y, outs = geometry[0], geometry[1], geometry[2], geometry[3]
    taps_x, taps_y, groups = geometry[4], geometry[5], geometry[6]
    step_x, out_step_x, step_y, out_step_y = geometry[7], geometry[8], geometry[9], geometry[10]
    per_group, width = np.int32(channels // groups), outs // groups
    size_y, channels = np.int32(size_y), np.int32(channels)
    # Neighbouring taps reach neighbouring outputs: with all channels in one group a run of them is one addition.
    joined = step_y == 1 and out_step_y == 1 and groups == 1
    for k in range(count):
        event = events[k]
        column = event // channels
        channel, x = event - column * channels, column // size_y
        y = column - x * size_y
        group = channel // per_group
        first, number, to_y = table_y[y, 0], table_y[y, 1], table_y[y, 2]
        runs, length = (1, number * width) if joined else (number, width)
        payload = one * payloads[event] if graded else one
        for i in range(table_x[x, 1]):
            tap = table_x[x, 0] + i * step_x
            source = (((channel - group * per_group) * taps_x + tap) * taps_y + first) * outs + group * width
            target = ((table_x[x, 2] + i * out_step_x) * out_y + to_y) * outs + group * width
            for j in range(runs):
                at, to = source + j * step_y * outs, target + j * out_step_y * outs
                if graded:
                    add_scaled_run(weights[at : at + length], payload, total[to : to + length])
                else:
                    add_run(weights[at : at + length], total[to : to + length])


@kernel
def conv_events(  # type: ignore[no-untyped-def]
    weights, events, count, payloads, graded, geometry, table_x, table_y, bound, wide, a_buf
):
    """Convolve the events with the kernel, and wrap the sums into 24 bits.

    a_o ← wrap24(Σ_i p_i·w_{o − stride, i}), or 0 where the sum leaves 32 bits, which is what
    becomes of numpy's cast of such a float on x86.

    Parameters
    ----------
    weights : int32[C_in / groups · K_x · K_y · C_out]
        `arrange_kernel`.
    events : int32[k]
        Input neurons x·(Y·C) + y·C + c that spiked; the first `count` are read.
    count : int
    payloads : int32[X·Y·C] or int32[0]
        Read where `graded`; otherwise a spike counts as 1.
    graded : bool
    geometry : int[11]
        Y, C of the input; Y, C of the output; K_x, K_y; groups; `tap_steps` in x and in y.
    table_x, table_y : int32[X, 3], int32[Y, 3]
        `tap_table` of either axis.
    bound : int
        `largest_sum`.
    wide : int64[X_out·Y_out·C_out]
        Overwritten where 32 bits might not do.
    a_buf : int32[X_out·Y_out·C_out]
        Overwritten.
    """
    largest = np.int64(1)
    if graded:
        for k in range(count):
            largest = max(largest, abs(np.int64(payloads[events[k]])))
    if bound == 0 or largest <= INT32_MAX // bound:
        a_buf[:] = 0
        scatter(weights, events, count, payloads, graded, geometry, table_x, table_y, a_buf, np.int32(1))
        if largest * bound >= STATE_LIMIT:
            for j in range(a_buf.size):
                a_buf[j] = wrap_state(a_buf[j])
        return
    wide[:] = 0
    scatter(weights, events, count, payloads, graded, geometry, table_x, table_y, wide, np.int64(1))
    for j in range(a_buf.size):
        inside = -INT32_MAX - 1 <= wide[j] <= INT32_MAX
        a_buf[j] = wrap_state(wide[j]) if inside else 0

"""Stock Lava's Conv: each spike scattered into its receptive field, bit for bit.

Lava convolves in float64, cuts the sum to int32 and wraps it into 24 bits; `weight_exp` and
`num_weight_bits` change nothing. The sums here are integers: the same while no partial sum reaches
2^53. Source: lava-nc 0.10.0, `lava/proc/conv/models.py` and `lava/proc/conv/utils.py`.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from lava_ed.kernels._jit import kernel
from lava_ed.kernels.fixed_point import wrap_state
from lava_ed.kernels.vectors.lanes import are_rows_of, place

INT32_MAX: Final = 2**31 - 1
STATE_LIMIT: Final = 2**23
"""Sums below it in magnitude need no wrapping into 24 bits."""
GEOMETRY: Final = 11
"""Numbers that describe a convolution: Y, C of the input; Y, C of the output; K_x, K_y; groups; `tap_steps` of x, y."""
REACH: Final = 5
"""Columns of a `reach_table`."""
STRIDES: Final = 4
CHANNEL_LANES: Final = 8
"""Outputs that one vector holds."""


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


def tap_order(taps: int, step: int) -> list[int]:
    """Taps of an axis such that those `step` apart, which carry the same input, are neighbours.

    Examples
    --------
    >>> tap_order(5, 2)
    [0, 2, 4, 1, 3]
    """
    return sorted(range(taps), key=lambda tap: (tap % step, tap))


def reach_table(
    channels: int, outs: int, groups: int, taps: tuple[int, int], steps: tuple[int, int, int, int], out_y: int,
    table_x: NDArray[np.int32], table_y: NDArray[np.int32],
) -> tuple[NDArray[np.int32], tuple[int, int, int, int]]:  # fmt: skip
    """For each input neuron, the runs of weights that its spike adds to runs of outputs.

    Parameters
    ----------
    channels, outs, groups : int
        C of the input, C of the output.
    taps : (K_x, K_y)
    steps : (tap, output, tap, output)
        `tap_steps` in x and in y.
    out_y : int
        Y of the output.
    table_x, table_y : int32[X, 3], int32[Y, 3]
        `tap_table` of either axis.

    Returns
    -------
    (table, strides)
        Table int32[X·Y·C, 5]: first weight (in the order of `arrange_reached`), first output, runs in x, runs in y,
        values of a run.  Strides: distance of two runs in x among the weights and among the outputs, and the same in y.

    Examples
    --------
    >>> table = tap_table(3, 2, 1, 0, 1, 2)
    >>> reach_table(1, 4, 1, (2, 2), (1, 1, 1, 1), 2, table, table)[0][:2].tolist()
    [[12, 0, 1, 1, 4], [8, 0, 1, 1, 8]]
    """
    width, per_group = outs // groups, channels // groups
    step_x, out_step_x, step_y, out_step_y = steps
    # Outputs of neighbouring runs are neighbours too: with all channels in one group they are one run.
    joined = out_step_y == 1 and groups == 1
    place_y = np.argsort(tap_order(taps[1], step_y))
    (first_x, runs_x, to_x), (first_y, runs_y, to_y) = table_x.T.astype(np.int64), table_y.T.astype(np.int64)
    x, y, channel = np.ix_(np.arange(len(table_x)), np.arange(len(table_y)), np.arange(channels))
    group = channel // per_group
    tap = ((channel % per_group) * taps[0] + first_x[x]) * taps[1] + place_y[first_y[y]]
    columns = (
        tap * outs + group * width,
        (to_x[x] * out_y + to_y[y]) * outs + group * width,
        runs_x[x] * (runs_y[y] > 0),
        np.minimum(runs_y[y], 1) if joined else runs_y[y],
        np.maximum(runs_y[y], 1) * width if joined else np.int64(width),
    )
    table = np.stack(np.broadcast_arrays(*columns), axis=-1).reshape(-1, REACH).astype(np.int32)
    return table, (step_x * taps[1] * outs, out_step_x * out_y * outs, outs, out_step_y * outs)


def arrange_reached(weight: NDArray[Any], step_y: int) -> NDArray[Any]:
    """`arrange_kernel`, with the taps of the y axis in `tap_order`."""
    return np.ascontiguousarray(arrange_kernel(weight)[:, :, tap_order(weight.shape[2], step_y)])


@intrinsic
def add_lanes(typing_context: Any, weights: Any, at: Any, total: Any, to: Any) -> Any:
    """total[to + j] ← total[to + j] + weights[at + j], j < CHANNEL_LANES, in 32 bits."""
    if not are_rows_of(types.int32, weights, total):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = ir.VectorType(ir.IntType(32), CHANNEL_LANES)

        def at(k: int) -> Any:
            return place(context, builder, signature, args, k, args[k + 1], lanes)

        summed = builder.add(builder.load(at(0), align=4), builder.load(at(2), align=4))
        builder.store(summed, at(2), align=4)
        return context.get_dummy_value()

    return types.void(weights, types.intp, total, types.intp), codegen


@kernel
def scatter_spikes(weights, events, count, reach, strides, total):
    """Add the kernel around each event, in 32 bits; see `conv_events`."""
    source_x, target_x, source_y, target_y = strides[0], strides[1], strides[2], strides[3]
    for k in range(count):
        found = reach[np.uint32(events[k])]
        source, target, length = np.int64(found[0]), np.int64(found[1]), np.int64(found[4])
        whole = length & ~np.int64(CHANNEL_LANES - 1)
        for i in range(found[2]):
            at, to = source + i * source_x, target + i * target_x
            for _ in range(found[3]):
                for j in range(0, whole, CHANNEL_LANES):
                    add_lanes(weights, at + j, total, to + j)
                for j in range(whole, length):
                    total[np.uint32(to + j)] += weights[np.uint32(at + j)]
                at, to = at + source_y, to + target_y


@kernel
def scatter(weights, events, count, payloads, graded, reach, strides, total, one):
    """Add the kernel, times its payload (in the type of `one`), around each event; see `conv_events`."""
    source_x, target_x, source_y, target_y = strides[0], strides[1], strides[2], strides[3]
    for k in range(count):
        found = reach[np.uint32(events[k])]
        length, payload = np.int64(found[4]), one * payloads[events[k]] if graded else one
        for i in range(found[2]):
            at, to = found[0] + i * source_x, found[1] + i * target_x
            for _ in range(found[3]):
                for j in range(length):
                    total[to + j] += payload * weights[at + j]
                at, to = at + source_y, to + target_y


@kernel
def conv_events(weights, events, count, payloads, graded, reach, strides, bound, wide, a_buf):
    """Convolve the events with the kernel, and wrap the sums into 24 bits.

    a_o ← wrap24(Σ_i p_i·w_{o − stride, i}), or 0 where the sum leaves 32 bits, which is what
    becomes of numpy's cast of such a float on x86.

    Parameters
    ----------
    weights : int32[C_in / groups · K_x · K_y · C_out]
        `arrange_reached`.
    events : int32[k]
        Input neurons x·(Y·C) + y·C + c that spiked; the first `count` are read.
    count : int
    payloads : int32[X·Y·C] or int32[0]
        Read where `graded`; otherwise a spike counts as 1.
    graded : bool
    reach, strides : int32[X·Y·C, 5], int[4]
        `reach_table`.
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
        if graded:
            scatter(weights, events, count, payloads, True, reach, strides, a_buf, np.int32(1))
        else:
            scatter_spikes(weights, events, count, reach, strides, a_buf)
        if largest * bound >= STATE_LIMIT:
            for j in range(a_buf.size):
                a_buf[j] = wrap_state(a_buf[j])
        return
    wide[:] = 0
    scatter(weights, events, count, payloads, graded, reach, strides, wide, np.int64(1))
    for j in range(a_buf.size):
        inside = -INT32_MAX - 1 <= wide[j] <= INT32_MAX
        a_buf[j] = wrap_state(wide[j]) if inside else 0

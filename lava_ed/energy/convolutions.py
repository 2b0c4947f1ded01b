"""Convolutions of ours as a chip sees them: the synapses of each neuron, and neurons that share an axon."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.energy.chip_net import Inlet, Ints
from lava_ed.energy.processes import NOT_YET, Process
from lava_ed.kernels.loihi.conv_tables import tap_order
from lava_ed.network.kinds import PLASTIC_CONV
from lava_ed.network.layers import Layer


def synapses_of(layer: Layer, stored: npt.NDArray[Any] | None, shared: bool, planar: bool) -> tuple[Ints, Ints]:
    """Synapses of each neuron behind a convolution, and of each one before it: those that are not zero, or all.

    The `stored` weights (rows, columns) are as `Layer.weights_shape` says; planar inputs are numbered as images are.
    """
    (c_in, h_in, w_in), (c_out, h_out, w_out) = layer.source, layer.shape
    k, groups = layer.kernel, layer.groups
    if stored is None:
        stored, shared = np.ones(layer.weights_shape(True), np.int8), True
    taps = (1, 1, c_in) if shared else (c_in, h_in, w_in) if planar else (h_in, w_in, c_in)
    kept = (np.asarray(stored) != 0).reshape(*taps, k, k, c_out // groups)
    if not shared and planar:
        kept = np.moveaxis(kept, 0, 2)
    kept = kept.reshape(*kept.shape[:2], groups, c_in // groups, k, k, c_out // groups)
    behind = np.zeros((h_out, w_out, groups, c_out // groups), np.int64)
    before = np.zeros((h_in, w_in, groups, c_in // groups), np.int64)
    for row in range(k):
        y_out, y_in = _reached_by(row, h_in, h_out, layer)
        for place, column in enumerate(tap_order(k, layer.stride)):
            x_out, x_in = _reached_by(column, w_in, w_out, layer)
            found, there = kept[..., row, place, :], (slice(None), slice(None)) if shared else np.ix_(y_in, x_in)
            behind[np.ix_(y_out, x_out)] += found.sum(axis=3)[there]
            before[np.ix_(y_in, x_in)] += found.sum(axis=4)[there]
    if planar:
        before = np.moveaxis(before.reshape(h_in, w_in, c_in), 2, 0)
    return behind.reshape(-1), before.reshape(-1)


def _reached_by(tap: int, n_in: int, n_out: int, layer: Layer) -> tuple[Ints, Ints]:
    """Output rows (or columns) for which a tap lies within the image, and the input rows it lies on."""
    out = np.arange(n_out)
    on = out * layer.stride + tap - layer.padding
    inside = (on >= 0) & (on < n_in)
    return out[inside], on[inside]


def plastic_conv(
    name: str, layer: Layer, stored: npt.NDArray[Any] | None, *, shared: bool, planar: bool, frozen: bool
) -> Process:
    """Plastic kernels: their synapses, and the mirrored copy that errors read where a layer below learns.

    Shared weights have their carry on the processor that gathers the sums of taps; weights of a position's own have
    it beside them.
    """
    kept = math.prod(layer.weights_shape(shared)) if stored is None else int(np.count_nonzero(stored))
    by_post, by_pre = synapses_of(layer, stored, shared, planar)
    unused = ["tag_1"] if shared or frozen else []
    forward = Inlet(
        name,
        "kernel" if shared else "weights",
        NOT_YET,
        0,
        by_post,
        weight_bits=PLASTIC_CONV.memory_bits("tap", ["tag_1"]),
        tag_bits=PLASTIC_CONV.memory_bits("tap", ["weights", *unused]),
        axon_trace_bits=PLASTIC_CONV.memory_bits("source", ["x1"] if frozen else []),
        kernel_bits=kept * PLASTIC_CONV.memory_bits("tap", ["tag_1"]) if shared else 0,
    )
    # The neurons below keep their own spike times, which the copy learns with.
    mirrored = replace(forward, kind="mirrored", axons=len(by_post), counts=by_pre, axon_trace_bits=0)
    return Process(name, synapses=forward, backward=mirrored)


def squares_of(layer: Layer | None) -> Ints | None:
    """The square of each neuron of a map, −1 where it fills none; None without pooling.  A square has one axon."""
    return None if layer is None or layer.pool == 1 else layer.squares

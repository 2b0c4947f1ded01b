"""How far kernels moved from where they began: a net whose kernels stayed is a random one with a readout."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.kernels.loihi.conv_tables import tap_order
from lava_ed.network.spec import NetworkSpec
from lava_ed.network.weights import unpack_weights
from lava_ed.network.wiring import initial_weights

Floats = npt.NDArray[np.float64]


def movement(spec: NetworkSpec, weights: dict[str, npt.NDArray[np.int8]]) -> dict[str, dict[str, float]]:
    """For each connection, means over its kernels w that began as w₀; a dense connection has a kernel for each neuron.

    ``moved`` is ‖w − w₀‖ / ‖w₀‖, ``cosine`` w·w₀ / (‖w‖·‖w₀‖), ``unmoved`` the share of weights that are the same.
    """
    found = {}
    for layer in spec.layers:
        name = spec.synapses(layer)
        before, after = (kernels_of(spec, layer, w) for w in (initial_weights(spec, layer), weights[name]))
        moved, cosine = kernel_movement(before, after)
        unmoved = float(np.mean(before == after))
        found[name] = {"moved": float(moved.mean()), "cosine": float(cosine.mean()), "unmoved": unmoved}
    return found


def kernel_movement(before: npt.NDArray[Any], after: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    """‖w − w₀‖ / ‖w₀‖ and cosine of each kernel, a row; 0 where a norm is.

    Examples
    --------
    >>> kernel_movement(np.array([[3, 4], [0, 2]]), np.array([[3, 4], [2, 0]]))[1].tolist()
    [1.0, 0.0]
    """
    old, new = before.reshape(len(before), -1).astype(float), after.reshape(len(after), -1).astype(float)
    was, now = np.linalg.norm(old, axis=1), np.linalg.norm(new, axis=1)
    apart, both = np.linalg.norm(new - old, axis=1), was * now
    moved = np.divide(apart, was, out=np.zeros_like(was), where=was > 0)
    return moved, np.divide((old * new).sum(axis=1), both, out=np.zeros_like(both), where=both > 0)


def kernels_of(spec: NetworkSpec, layer: int, stored: npt.NDArray[np.int8]) -> npt.NDArray[np.int16]:
    """Weights as the chip uses them, a kernel a row: (channels, sources, rows, columns) where positions share them.

    Without sharing a row holds the weights of a channel at all positions, of a dense connection those of a neuron.
    """
    geometry, weights = spec.connections[layer - 1], unpack_weights(stored)
    if not geometry.is_conv or spec.sharing != "accumulated":
        return weights
    channels, sources, side = geometry.shape.channels, geometry.source.channels // geometry.groups, geometry.kernel
    # Stored rows are (group, source, tap row, tap column as `tap_order` says), columns the channels of a group.
    by_group = weights.reshape(channels // geometry.groups, geometry.groups, sources, side, side)
    kernels = np.empty((channels, sources, side, side), weights.dtype)
    kernels[..., tap_order(side, geometry.stride)] = by_group.swapaxes(0, 1).reshape(kernels.shape)
    return kernels

"""The kernels of a connection, as the baselines' loops read, sum and change them."""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from lava_ed.errors import ConfigError
from lava_ed.kernels.baselines.maps import derive, sum_products
from lava_ed.kernels.loihi.conv_counts import count_windows, synapses_read
from lava_ed.kernels.loihi.conv_windows import SLACK, by_channel, pad_map, read_back, sizes_of, store_weights, sum_map
from lava_ed.kernels.loihi.convolution import apply_sums
from lava_ed.kernels.vectors.events import list_events
from lava_ed.network.layers import SIDE_MAX, Layer, MapShape, tables_of, window_order

Int32 = npt.NDArray[np.int32]
_INPUTS_MAX: Final = 2 * SIDE_MAX + 1
"""Most inputs of a dense layer: the number of a channel is part of a word of a table."""


class MapKernels:
    """Weights of a connection, by spike and by output channel, their carries, and what they would learn.

    A dense layer is a kernel of 1×1 over the channels of one position.

    Parameters
    ----------
    layer : Layer
    planar : bool
        Whether inputs are numbered channel by channel, as images are.
    """

    def __init__(self, layer: Layer, planar: bool) -> None:
        if not layer.is_conv:
            if layer.source.size > _INPUTS_MAX:
                raise ConfigError(
                    f"layer {layer.text} reads {layer.source.size} inputs, a baseline's dense layer beside kernels "
                    f"at most {_INPUTS_MAX}: pool more"
                )
            layer = Layer(layer.text, MapShape(layer.source.size, 1, 1), layer.shape, kernel=1)
        self.layer, self.tables = layer, tables_of(layer, shared=True, planar=planar)
        self.order, (self.rows, self.columns) = window_order(layer), layer.weights_shape(shared=True)
        n, channels = self.order.size, layer.shape.channels
        self.w8, self.tag = np.zeros(n + SLACK, np.int8), np.zeros(n, np.int16)
        self.stored, self.carries = np.zeros(n, np.int8), np.zeros(n, np.int16)
        self.nonzeros, self.row_nonzeros = np.zeros(channels, np.int32), np.zeros(self.rows, np.int32)
        self.sums, self.corners = np.zeros(n, np.int32), layer.corners.astype(np.int32)
        self.n_padded, n_packed = sizes_of(layer.source, channels, layer.kernel, layer.padding)
        self.packed, self.padded8 = np.zeros(n_packed, np.int8), np.zeros(self.n_padded, np.int8)
        self.taps, self.fan_out = np.zeros(n // channels, np.int32), np.zeros(self.n_padded, np.int32)
        self.stale = True
        """Whether what follows from the weights is older than they are."""

    @cached_property
    def synapses(self) -> int:
        """Non-zero synapses of all positions, until the weights change."""
        layer, taps = (
            self.layer,
            self.w8[:-SLACK].reshape(-1, self.layer.kernel, self.layer.kernel, self.layer.source.channels),
        )
        first = np.arange(layer.kernel) - layer.padding
        inside = [
            (at[:, None] + first >= 0) & (at[:, None] + first < side)
            for at, side in (
                (np.arange(layer.shape.height) * layer.stride, layer.source.height),
                (np.arange(layer.shape.width) * layer.stride, layer.source.width),
            )
        ]
        down, across = (each.sum(axis=0) for each in inside)
        return int(down @ np.count_nonzero(taps, axis=(0, 3)) @ across)

    def take(self, weights: npt.NDArray[np.int8]) -> None:
        """Take stored weights (rows, columns), and the carries that are there."""
        self.stored[:] = weights.ravel()
        self.w8[self.order], self.tag[self.order] = self.stored, self.carries
        self.row_nonzeros[:] = np.count_nonzero(weights, axis=1)
        self.nonzeros[:] = np.count_nonzero(self.w8[:-SLACK].reshape(self.nonzeros.size, -1), axis=1)
        self._changed()

    def _changed(self) -> None:
        self.stale = True
        self.__dict__.pop("synapses", None)

    def forward(self, x: Int32, counts: bool) -> tuple[Int32, int]:
        """Σ_i 2·w_ij·x_i, and the synapses read: by each input once or, where x `counts` spikes, by each of them.

        Inputs are bytes: a current is at most 15, and `NetworkSpec` holds the spikes of a square to 127.
        """
        total = np.zeros(self.layer.shape.size, np.int32)
        if self.stale:
            derive(self.w8, self.tables, self.taps, self.fan_out, self.packed)
            self.stale = False
        pad_map(self.tables, x, self.padded8)
        sum_map(self.padded8, self.packed, self.tables, total)
        return total, synapses_read(self.padded8, self.fan_out, int(counts))

    def padded(self, x: Int32) -> Int32:
        """A map of the inputs with its border, channels side by side."""
        out = np.zeros(self.n_padded, np.int32)
        pad_map(self.tables, x, out)
        return out

    def inside(self, padded: Int32) -> Int32:
        """What lies inside of the border of a padded map."""
        (channels, height, width), p = self.layer.source, self.layer.padding
        shape = height + 2 * p, width + 2 * p, channels
        return padded[: np.prod(shape)].reshape(shape)[p : p + height, p : p + width].ravel()

    def read_back(self, delta: Int32, shift: int) -> tuple[Int32, int, int]:
        """Errors of the inputs, synapses read and overflows, as `conv_windows.read_back`."""
        n, total = self.layer.shape.size, np.zeros(self.layer.source.size, np.int32)
        window = np.zeros(self.w8.size // self.nonzeros.size + SLACK, np.int32)
        errors, factors, padded = np.zeros(n, np.int32), np.zeros(n, np.int32), np.zeros(self.n_padded, np.int32)
        read = read_back(
            self.w8, self.nonzeros, self.tables, delta, errors, factors, window, padded, shift, total
        )  # fmt: skip
        return total, *read

    def gather(self, inputs: Int32, y: Int32) -> tuple[int, int]:
        """sums_tap ← Σ_t Σ_positions x_i[t]·y_j[t], of (T, n) each; returns the products, and errors that are not 0."""
        steps, shape, source = len(y), self.layer.shape, self.layer.source
        errors, split, origins, factors = np.zeros((4, y.size), np.int32)
        live = int(list_events(y.reshape(-1), errors))
        x = np.concatenate([self.padded(each) for each in inputs])
        area = (source.height + 2 * self.layer.padding) * (source.width + 2 * self.layer.padding)
        inside = np.zeros((steps, shape.height * shape.width), np.int32)
        for t, each in enumerate(inputs):
            places, across = np.zeros((2, area), np.int32)
            count_windows(each, self.tables, places, across, inside[t])
        corners = (self.corners + np.arange(steps, dtype=np.int32)[:, None] * self.n_padded).astype(np.int32)
        ends = np.zeros(shape.channels, np.int32)
        products = by_channel(
            self.tables, corners.ravel(), inside.ravel(), errors, live, y.reshape(-1), split, ends, origins, factors
        )
        sum_products(self.tables, x, ends, origins, factors, self.sums)
        return int(products), live

    def apply(self, mantissa: int, shift: int) -> tuple[int, int]:
        """Bring the sums into the weights; returns (effective updates, weight writes)."""
        n = self.sums.size
        effective, writes = apply_sums(
            self.w8[:n], self.tag, self.sums, self.nonzeros, 0, self.nonzeros.size, n // self.nonzeros.size, mantissa,
            shift,
        )  # fmt: skip
        store_weights(self.w8, self.tag, self.tables, self.stored, self.carries, self.row_nonzeros)
        if writes:
            self._changed()
        return int(effective), int(writes)

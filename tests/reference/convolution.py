"""A slow convolution, written from its definition in whole arrays of Python's integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_ed.network.layers import Layer


def kernels_of(stored: Any, layer: Layer, shared: bool = True) -> Any:
    """Stored rows (channel or input, tap row, tap) as whole weights [.., tap row, tap column, output of the group]."""
    k, s = layer.kernel, layer.stride
    columns = [column for residue in range(s) for column in range(k - 1, -1, -1) if column % s == residue]
    rows = np.asarray(stored, np.int64).reshape(-1, k, k, layer.shape.channels // layer.groups)
    whole = np.zeros_like(rows)
    whole[:, :, columns] = 2 * rows
    return whole


def matrix_of(stored: Any, layer: Layer, shared: bool = True) -> Any:
    """All weights of a convolution as one matrix (outputs, inputs), both counted position by position."""
    (c_in, h_in, w_in), (c_out, h_out, w_out) = layer.source, layer.shape
    whole, matrix = kernels_of(stored, layer, shared), np.zeros((h_out, w_out, c_out, h_in, w_in, c_in), np.int64)
    inputs, outputs = c_in // layer.groups, c_out // layer.groups
    for y, x, row, column in np.ndindex(h_out, w_out, layer.kernel, layer.kernel):
        in_y, in_x = y * layer.stride + row - layer.padding, x * layer.stride + column - layer.padding
        if not (0 <= in_y < h_in and 0 <= in_x < w_in):
            continue
        for c in range(c_in):
            group = slice(c // inputs * outputs, (c // inputs + 1) * outputs)
            of = c if shared else (in_y * w_in + in_x) * c_in + c
            matrix[y, x, group, in_y, in_x, c] = whole[of, row, column]
    return matrix.reshape(layer.shape.size, layer.source.size)


def pooled(v: Any, layer: Layer) -> tuple[Any, Any]:
    """Largest membrane of each square, and the first neuron that has it, counted position by position."""
    channels, height, width = layer.shape
    maps, pool = np.asarray(v, np.int64).reshape(height, width, channels), layer.pool
    best = np.zeros(layer.pooled[1:] + layer.pooled[:1], np.int64)
    winner = np.zeros_like(best)
    for y, x, c in np.ndindex(*best.shape):
        square = [((y * pool + i) * width + x * pool + j) * channels + c for i, j in np.ndindex(pool, pool)]
        values = [maps.reshape(-1)[n] for n in square]
        best[y, x, c], winner[y, x, c] = max(values), square[int(np.argmax(values))]
    return best.ravel(), winner.ravel()

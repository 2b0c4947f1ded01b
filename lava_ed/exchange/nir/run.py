"""A NIR net on samples: in integers on the engine, and in numbers with fractions, so that the loss can be measured."""

from __future__ import annotations

import math
from itertools import product
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.batch import run_batch
from lava_ed.exchange.netx.network import Integers
from lava_ed.exchange.netx.program import lava_order
from lava_ed.exchange.nir.file import Values
from lava_ed.exchange.nir.layers import FloatLayer
from lava_ed.exchange.nir.network import NirNetwork
from lava_ed.exchange.nir.program import nir_program

MEASURED_STEPS: Final = 32
MEASURED_RATE: Final = 0.2
"""Share of inputs that spike in a step of the measurement."""

Spikes = npt.NDArray[Any]


class NirRun:
    """A net on the engine, which starts each sample anew."""

    def __init__(self, net: NirNetwork, steps: int) -> None:
        self._net, self._steps = net, steps
        self._program = nir_program(net, steps)

    def run(self, trains: Spikes) -> tuple[list[Integers], Integers]:
        """Spikes of every layer (N, n, T), and the membranes of the last one (N, n) after T steps.

        Spikes (N, n, T) go in as the graph has them, (channel, y, x) flattened; so does what comes out.
        """
        numbers = range(1, len(self._net.layers) + 1)
        found = self._results(trains, [(f"spikes{k}", "data") for k in numbers])
        spikes = [found[k - 1][:, :, k : k + self._steps] for k in numbers]
        return spikes, found[-1]

    def _results(self, trains: Spikes, names: list[tuple[str, str]]) -> list[Integers]:
        """Vars after every sample, and the membranes of the last layer."""
        net, steps = self._net, self._steps
        data = np.zeros((len(trains), net.sizes[0], steps + len(net.layers)), np.int32)
        data[:, :, :steps] = trains[:, net.input_order]
        names = [*names, (f"neuron{len(net.layers)}", "v")]
        found = run_batch(self._program, {("input", "data"): data}, data.shape[2], names)
        layers = [*net.layers, net.layers[-1]] if len(names) > 1 else [net.layers[-1]]
        orders = [lava_order(layer.out) for layer in layers]
        values = [found[name].astype(np.int64) for name in names]
        return [part if order is None else part[:, order] for part, order in zip(values, orders, strict=True)]

    def decide(self, trains: Spikes, readout: str) -> Integers:
        """The class of each sample: largest membrane, or most spikes, of the last layer; the lowest index of equals."""
        if readout == "membrane":
            return np.asarray(np.argmax(self._results(trains, [])[0], axis=1))
        return np.asarray(np.argmax(self.run(trains)[0][-1].sum(axis=2), axis=1))


def run_floats(net: NirNetwork, train: Spikes) -> tuple[list[Integers], Values]:
    """Spikes of every layer (n, T), and the last membranes in thresholds, of the graph by forward Euler in float64."""
    rows = train.astype(np.float64)
    spikes: list[Integers] = []
    v = np.zeros(0)
    for layer in net.floats:
        found, v = _run_layer(layer, rows)
        spikes.append(found)
        rows = found.astype(np.float64)
    return spikes, v


def _run_layer(layer: FloatLayer, rows: Values) -> tuple[Integers, Values]:
    linear, neuron = layer.linear, layer.neuron
    u, v, z = (np.zeros(layer.size) for _ in range(3))
    spikes = np.zeros((layer.size, rows.shape[1]), np.int64)
    matrix = linear.weight if linear.how is None else None
    for t in range(rows.shape[1]):
        a = matrix @ rows[:, t] if matrix is not None else _convolve(layer, rows[:, t])
        for part in (linear.bias, layer.recurrent_bias):
            a = a if part is None else a + part
        if layer.recurrent is not None:
            a = a + layer.recurrent @ z
        u = (1 - neuron.du) * u + neuron.gain * a
        v = (1 - neuron.dv) * v + u + neuron.leak
        # float sums that are equal to a threshold in exact arithmetic come out on either side of it
        z = np.where(v > 1 + 1e-9, 1.0, 0.0) if not neuron.silent else z
        v = np.where(z > 0, 0.0, v)
        spikes[:, t] = z
    return spikes, v


def _convolve(layer: FloatLayer, values: Values) -> Values:
    """A convolution of values (C, H, W), flattened."""
    how, weight = layer.linear.how, layer.linear.weight
    assert how is not None
    assert weight is not None
    (py, px), (dy, dx), (sy, sx) = how.padding, how.dilation, how.stride
    padded = np.pad(values.reshape(layer.linear.shape), ((0, 0), (py, py), (px, px)))
    outs, per, height, width = weight.shape
    reach = (1, dy * (height - 1) + 1, dx * (width - 1) + 1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, reach)[:, ::sy, ::sx, 0, ::dy, ::dx]
    windows = windows.reshape(how.groups, per, *windows.shape[1:])
    kernels = weight.reshape(how.groups, outs // how.groups, per, height, width)
    kernels = np.ascontiguousarray(kernels.transpose(3, 4, 0, 1, 2))  # BLAS takes no rows with gaps
    # Tap by tap, as products of matrices: a sum over all windows at once takes ten times as long.
    found = np.zeros((how.groups, outs // how.groups, math.prod(windows.shape[2:4])))
    for y, x in product(range(height), range(width)):
        found += kernels[y, x] @ windows[..., y, x].reshape(how.groups, per, -1)
    return found.reshape(-1)


def measure_loss(net: NirNetwork, train: Spikes | None = None) -> list[dict[str, Any]]:
    """What the integers change, layer by layer, on spikes (n, T), by default random ones: step by step against floats.

    Of each layer: spikes of the graph, spikes of the integers, and the (neuron, step) pairs in which they differ.
    """
    if train is None:
        train = np.random.default_rng(0).random((net.sizes[0], MEASURED_STEPS)) < MEASURED_RATE
    ours = [part[0] for part in NirRun(net, train.shape[1]).run(train.astype(np.int64)[None])[0]]
    graph, _ = run_floats(net, train.astype(np.int64))
    return [
        {"spikes_of_graph": int(b.sum()), "spikes_of_integers": int(a.sum()), "differ": int((a != b).sum())}
        for a, b in zip(ours, graph, strict=True)
    ]

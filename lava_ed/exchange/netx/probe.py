"""A netx net looked at step by step: spikes, membranes and thresholds of single samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lava_ed.evaluation.probe import NEURONS, Sample, Trace, spread_neurons
from lava_ed.exchange.netx.fields import NEVER
from lava_ed.exchange.netx.network import Integers, NetxNetwork
from lava_ed.exchange.netx.program import netx_program, window
from lava_ed.kernels.stock.lif import INPUT_SHIFT


def trace_netx(
    net: NetxNetwork,
    trains: npt.NDArray[np.int8],
    labels: Integers,
    decided: Integers,
    indices: Sequence[int],
) -> list[Sample]:
    """Run the samples of these indices step by step and record what each layer did.

    Spikes (N, n_inputs, T) go in; layers are called input, hidden1 …, and output.  Membranes are in LIF units, 2^6 of
    an input: those of `NEURONS` of each layer, and of all in the last.
    """
    return [Sample(k, int(labels[k]), int(decided[k]), *_trace(net, trains[k])) for k in indices]


def _trace(
    net: NetxNetwork, train: npt.NDArray[np.int8]
) -> tuple[dict[str, tuple[Integers, Integers]], tuple[Trace, ...]]:
    """Spikes and traces of one sample."""
    period = window(net, train.shape[1])
    data = np.zeros((net.sizes[0], period), np.int32)
    data[:, : train.shape[1]] = train
    program = netx_program(net, data, period, record=True)
    layers = net.synaptic_layers
    membranes = [np.zeros((layer.size, period), np.int64) for layer in layers]
    for step in range(period):
        program.run(1)
        for k, values in enumerate(membranes, start=1):
            values[:, step] = program.get(f"neuron{k}", "v")
    spikes = {"input": _events(data)}
    traces = []
    for k, (layer, values) in enumerate(zip(layers, membranes, strict=True), start=1):
        last = k == len(layers)
        name = "output" if last else f"hidden{k}"
        spikes[name] = _events(program.get(f"spikes{k}", "data"))
        shown = np.arange(len(values)) if last else spread_neurons(spikes[name], values, NEURONS)
        mantissa = layer.lif.v_th_mant
        threshold = np.full(period, np.nan if mantissa >= NEVER else mantissa << INPUT_SHIFT, np.float64)
        traces.append(Trace(name, shown, values[shown], threshold, "64 × inputs"))
    return spikes, tuple(traces)


def _events(data: npt.NDArray[np.int32]) -> tuple[Integers, Integers]:
    """Step and neuron of every spike of (n, steps)."""
    steps, neurons = np.nonzero(data.T)
    return steps.astype(np.int64), neurons.astype(np.int64)

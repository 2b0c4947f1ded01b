"""A netx net looked at step by step: spikes, membranes and thresholds of single samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lava_ed.exchange.netx.network import NEVER, NetxNetwork
from lava_ed.exchange.netx.program import netx_program, window
from lava_ed.kernels.lif import INPUT_SHIFT
from lava_ed.train.probe import Sample, Trace, spread_neurons


def trace_netx(
    net: NetxNetwork,
    trains: npt.NDArray[np.int8],
    labels: npt.NDArray[np.int64],
    decided: npt.NDArray[np.int64],
    indices: Sequence[int],
    neurons: int = 3,
) -> list[Sample]:
    """Run samples step by step and record what each layer did.

    Parameters
    ----------
    net : NetxNetwork
    trains : int8 (N, n_inputs, T)
    labels, decided : int64 (N,)
    indices : sequence of int
        Which samples.
    neurons : int
        Membranes to keep of each layer but the last, of which all are kept.

    Returns
    -------
    list of Sample
        Layers are called input, hidden1 …, and output.  Membranes are in LIF units, 2^6 of an input.
    """
    return [_trace(net, trains[k], int(labels[k]), int(decided[k]), k, neurons) for k in indices]


def _trace(net: NetxNetwork, train: npt.NDArray[np.int8], label: int, decided: int, index: int, neurons: int) -> Sample:
    period = window(net, train.shape[1])
    data = np.zeros((net.sizes[0], period), np.int32)
    data[:, : train.shape[1]] = train
    program = netx_program(net, data, period, record=True)
    layers = len(net.sizes) - 1
    membranes = np.zeros((layers, period), object)
    for step in range(period):
        program.run(1)
        for k in range(layers):
            membranes[k, step] = program.get(f"neuron{k + 1}", "v").astype(np.int64)
    spikes = {"input": _events(data)}
    traces = []
    for k, layer in enumerate(net.synaptic_layers, start=1):
        last = k == layers
        name = "output" if last else f"hidden{k}"
        spikes[name] = _events(program.get(f"spikes{k}", "data"))
        values = np.array(list(membranes[k - 1]), np.int64).T
        shown = np.arange(len(values)) if last else spread_neurons(spikes[name], values, neurons)
        mantissa = layer.lif.v_th_mant
        threshold = np.full(period, np.nan if mantissa >= NEVER else mantissa << INPUT_SHIFT, np.float64)
        traces.append(Trace(name, shown, values[shown], threshold, "64 × inputs"))
    return Sample(index, label, decided, spikes, tuple(traces))


def _events(data: npt.NDArray[np.integer]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:  # type: ignore[type-arg]
    """Step and neuron of every spike of (n, steps)."""
    steps, neurons = np.nonzero(data.T)
    return steps.astype(np.int64), neurons.astype(np.int64)

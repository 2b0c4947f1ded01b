"""A netx net as an engine program, and its decisions on images; no Lava, no lava-dl."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import Connection, Node
from lava_ed.engine.families.delay_dense import DelayDenseNode
from lava_ed.engine.families.dense import DenseNode, WeightFormat
from lava_ed.engine.families.lif import RESET, LIFNode
from lava_ed.engine.families.ring_buffer import RingSinkNode, RingSourceNode
from lava_ed.engine.program import Program
from lava_ed.errors import ShapeError
from lava_ed.exchange.netx.network import MAX_DELAY, NetxLayer, NetxNetwork, NetxNeuron, Readout
from lava_ed.exchange.netx.synapse import fit_weights

BIAS_EXPONENT: Final = 6
"""lava-dl's exponent of every bias."""
SPIKES_PER_CHUNK: Final = 1 << 24
"""Largest input that is laid out at a time, in values."""


def window(net: NetxNetwork, steps: int) -> int:
    """Steps of a sample: T, one for every dense layer until its membrane is final, and one of silence."""
    return steps + len(net.sizes)


def netx_program(net: NetxNetwork, data: npt.NDArray[Any], reset_interval: int, *, record: bool = False) -> Program:
    """A program for a net: nodes ``input``, ``synapse<l>``, ``recurrent<l>``, ``neuron<l>`` (l = 1 …), ``output``.

    Parameters
    ----------
    net : NetxNetwork
    data : int (n_inputs, steps)
        Input spikes, sent over and over.
    reset_interval : int
        u and v of layer l are cleared in steps t with t mod reset_interval = l, as lava-dl orchestrates it.
    record : bool
        Add nodes ``spikes<l>``, whose ``data`` (n, reset_interval) hold the spikes of every layer.

    Raises
    ------
    ShapeError
        If the data do not fit the net.
    """
    if data.ndim != 2 or data.shape[0] != net.sizes[0]:
        raise ShapeError(f"input spikes have shape {data.shape}, the net takes ({net.sizes[0]}, steps)")
    nodes: list[Node] = [RingSourceNode("input", data.astype(np.int32))]
    edges: list[Connection] = []
    previous = "input"
    for k, layer in enumerate(net.dense_layers, start=1):
        assert layer.weight is not None
        nodes += [_synapse(f"synapse{k}", layer), _neuron(f"neuron{k}", layer, k, reset_interval)]
        edges.append(Connection(previous, "s_out", f"synapse{k}", "s_in"))
        edges.append(Connection(f"synapse{k}", "a_out", f"neuron{k}", "a_in"))
        if layer.weight_rec is not None:
            nodes.append(_dense(f"recurrent{k}", layer.weight_rec, np.hstack([layer.weight, layer.weight_rec])))
            edges.append(Connection(f"neuron{k}", "s_out", f"recurrent{k}", "s_in"))
            edges.append(Connection(f"recurrent{k}", "a_out", f"neuron{k}", "a_in"))
        if record:
            nodes.append(RingSinkNode(f"spikes{k}", np.zeros((layer.size, reset_interval), np.int32)))
            edges.append(Connection(f"neuron{k}", "s_out", f"spikes{k}", "a_in"))
        previous = f"neuron{k}"
    nodes.append(RingSinkNode("output", np.zeros((net.sizes[-1], reset_interval), np.int32)))
    edges.append(Connection(previous, "s_out", "output", "a_in"))
    return Program(nodes, edges, None)


def _dense(name: str, weight: npt.NDArray[np.int64], fitted_with: npt.NDArray[np.int64]) -> DenseNode:
    """A Dense with the exponent of a matrix that `weight` is part of, or all of."""
    bits, exponent = fit_weights(fitted_with)[1:]
    return DenseNode(
        name,
        weights=(weight << -exponent).astype(np.int32),
        weight_format=WeightFormat(None, bits),
        exponent=exponent,
        a_buff=np.zeros(weight.shape[0], np.int32),
    )


def _synapse(name: str, layer: NetxLayer) -> Node:
    """Dense, or DelayDense where the layer has delays."""
    assert layer.weight is not None
    if layer.delay is None:
        both = layer.weight if layer.weight_rec is None else np.hstack([layer.weight, layer.weight_rec])
        return _dense(name, layer.weight, both)
    fitted = fit_weights(layer.weight)
    return DelayDenseNode(
        name,
        weights=fitted.weights,
        weight_format=WeightFormat(None, fitted.bits),
        exponent=fitted.exponent,
        a_buff=np.zeros((layer.weight.shape[0], MAX_DELAY + 1), np.int32),
        delays=layer.delay.astype(np.int32),
    )


def _neuron(name: str, layer: NetxLayer, offset: int, interval: int) -> LIFNode:
    """LIFReset with lava-dl's parameters."""
    n, neuron = layer.size, layer.neuron or NetxNeuron()
    state: dict[str, Any] = {"u": np.zeros(n, np.int32), "v": np.zeros(n, np.int32)}
    state["bias_mant"] = (np.zeros(n) if layer.bias is None else layer.bias).astype(np.int16)
    state["bias_exp"] = np.full(n, BIAS_EXPONENT, np.int16)
    decays = (neuron.i_decay - 1, neuron.v_decay)
    return LIFNode(name, (n,), state, decays, {"vth": neuron.v_th_mant}, RESET, interval, offset)


def netx_decisions(
    net: NetxNetwork, trains: npt.NDArray[np.int8], readout: Readout = "membrane"
) -> npt.NDArray[np.int64]:
    """The class of each sample: the neuron of the last layer with the largest membrane, or with most spikes.

    Parameters
    ----------
    net : NetxNetwork
    trains : int8 (N, n_inputs, T)
        Input spikes of every sample.
    readout : {"membrane", "spikes"}
        What is compared at the end of a sample's window; the lowest index wins a tie.

    Returns
    -------
    int64 (N,)

    See Also
    --------
    netx_counted : the same, with what was counted.
    """
    return netx_counted(net, trains, readout)[0]


def netx_counted(
    net: NetxNetwork, trains: npt.NDArray[np.int8], readout: Readout = "membrane"
) -> tuple[npt.NDArray[np.int64], dict[str, dict[str, dict[str, int]]]]:
    """The class of each sample as `netx_decisions` finds it, and the counters of the program that found them."""
    samples, n, steps = trains.shape
    period = window(net, steps)
    decided = np.empty(samples, np.int64)
    rows = np.zeros((n, period), np.int32)
    program = netx_program(net, rows, period)
    last = f"neuron{len(net.sizes) - 1}"
    for k in range(samples):
        rows[:, :steps] = trains[k]
        program.set("input", "data", rows)
        program.run(period)
        values = program.get(last, "v") if readout == "membrane" else program.get("output", "data").sum(axis=-1)
        decided[k] = int(np.argmax(values))
    return decided, program.counters()

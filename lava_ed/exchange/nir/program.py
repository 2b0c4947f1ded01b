"""A NIR net in integers as an engine program; no Lava, no nir."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import Connection, Node
from lava_ed.engine.families.conv import ConvNode
from lava_ed.engine.families.dense import DenseNode
from lava_ed.engine.families.lif import RESET, LIFNode
from lava_ed.engine.families.ring_buffer import RingSinkNode, RingSourceNode
from lava_ed.engine.families.synapses import WeightFormat
from lava_ed.engine.program import Program
from lava_ed.errors import ExchangeError
from lava_ed.exchange.netx.network import Integers, Shape
from lava_ed.exchange.netx.synapse import fit_weights
from lava_ed.exchange.nir.network import NirNetwork
from lava_ed.exchange.nir.quantise import NirLayer, Synapses
from lava_ed.exchange.whole import narrow

MOST_CELLS: Final = 1 << 25
"""Inputs, and neurons, times steps that a program lays out."""


def nir_program(net: NirNetwork, steps: int) -> Program:
    """A program of ``input`` (ring of ``data`` (n, T + L)), ``synapse<l>``, ``neuron<l>``, ``spikes<l>``.

    Layer l sees the input of step t in step t + l, one step later a layer, since synapses are what makes a message
    late.  Its neurons start when the first input reaches them: u and v are cleared in that step, and a bias that goes
    through the current starts then.  After T + L steps the last layer has seen all T.

    Raises
    ------
    ExchangeError
        If so many steps of so many neurons do not fit.
    """
    period = steps + len(net.layers)
    if max(net.sizes) * period > MOST_CELLS:
        raise ExchangeError(f"{max(net.sizes):,} neurons over {period:,} steps do not fit: take fewer steps")
    nodes: list[Node] = [RingSourceNode("input", np.zeros((net.sizes[0], period), np.int32))]
    edges: list[Connection] = []
    previous = "input"
    order: Integers | None = None
    for k, layer in enumerate(net.layers, start=1):
        neuron = f"neuron{k}"
        conv = layer.how is not None
        nodes.append(_conv(f"synapse{k}", layer) if conv else _dense(f"synapse{k}", layer.forward))
        edges.append(Connection(previous, "s_out", f"synapse{k}", "s_in", None if conv else order))
        edges.append(Connection(f"synapse{k}", "a_out", neuron, "a_in"))
        nodes.append(_lif(neuron, layer, k, period))
        if layer.recurrent is not None:
            nodes.append(_dense(f"recurrent{k}", layer.recurrent))
            edges.append(Connection(neuron, "s_out", f"recurrent{k}", "s_in"))
            edges.append(Connection(f"recurrent{k}", "a_out", neuron, "a_in"))
        if layer.source is not None:
            always = np.zeros((1, period), np.int32)
            always[:, k - 1 :] = 1
            nodes += [RingSourceNode(f"always{k}", always), _dense(f"bias{k}", layer.source)]
            edges.append(Connection(f"always{k}", "s_out", f"bias{k}", "s_in"))
            edges.append(Connection(f"bias{k}", "a_out", neuron, "a_in"))
        nodes.append(RingSinkNode(f"spikes{k}", np.zeros((layer.size, period), np.int32)))
        edges.append(Connection(neuron, "s_out", f"spikes{k}", "a_in"))
        previous, order = neuron, lava_order(layer.out) if conv else None
    return Program(nodes, edges, None)


def lava_order(shape: Shape) -> Integers | None:
    """Place in Lava's order (x, y, channel) of each value of a layer that is flattened as (channel, y, x)."""
    if len(shape) < 3:
        return None
    return np.ascontiguousarray(np.arange(int(np.prod(shape))).reshape(shape[::-1]).T.reshape(-1))


def _dense(name: str, synapses: Synapses) -> DenseNode:
    n = len(synapses.weight)
    buffer = np.zeros(n, np.int32)
    if not np.any(synapses.weight):
        weights, bits, exponent = narrow(synapses.weight, np.int32, name), 8, 0
    else:
        fitted = fit_weights(synapses.weight)
        weights, bits, exponent = fitted.weights, fitted.bits, fitted.exponent + synapses.exponent
    return DenseNode(name, weights=weights, a_buff=buffer, weight_format=WeightFormat(None, bits), exponent=exponent)


def _conv(name: str, layer: NirLayer) -> ConvNode:
    """Lava's Conv: axes (x, y, channel), the kernel turned."""
    assert layer.how is not None
    kernel = narrow(layer.forward.weight << layer.forward.exponent, np.int32, f"weights of {name}")
    weight = np.ascontiguousarray(kernel[:, :, ::-1, ::-1].transpose(0, 3, 2, 1))
    pairs = {key: getattr(layer.how, key)[::-1] for key in ("stride", "padding", "dilation")}
    return ConvNode(
        name,
        a_buff=np.zeros(layer.out[::-1], np.int32),
        weight=weight,
        input_shape=layer.shape[::-1],
        geometry={"kernel_size": weight.shape[1:3], "groups": (layer.how.groups,), **pairs},
        unused={"weight_exp": 0, "num_weight_bits": 8},
    )


def _lif(name: str, layer: NirLayer, k: int, period: int) -> LIFNode:
    n, order = layer.size, lava_order(layer.out) if layer.how is not None else None
    bias: npt.NDArray[Any] = layer.bias_mant
    if order is not None:
        bias = np.zeros_like(bias)
        bias[order] = layer.bias_mant
    state: dict[str, Any] = {"u": np.zeros(n, np.int32), "v": np.zeros(n, np.int32)}
    state["bias_mant"] = narrow(bias, np.int16, f"bias of {name}")
    state["bias_exp"] = np.full(n, layer.bias_exp, np.int16)
    return LIFNode(
        name,
        state=state,
        decays=(layer.i_decay - 1, layer.v_decay),
        thresholds={"vth": layer.v_th_mant},
        kind=RESET,
        interval=2 * period,
        offset=k + 1,
    )

"""A NIR net in integers as an engine program; no Lava, no nir."""

from __future__ import annotations

from typing import Final

import numpy as np

from lava_ed.engine.assembler import Connection, Node
from lava_ed.engine.families.dense import DenseNode
from lava_ed.engine.families.lif import LIFNode
from lava_ed.engine.families.ring_buffer import RingSinkNode, RingSourceNode
from lava_ed.engine.families.synapses import WeightFormat
from lava_ed.engine.program import Program
from lava_ed.errors import ExchangeError
from lava_ed.exchange.netx.network import Integers
from lava_ed.exchange.netx.program import conv_node, lava_order, lif_node
from lava_ed.exchange.netx.synapse import fit_weights
from lava_ed.exchange.nir.network import NirNetwork
from lava_ed.exchange.nir.quantise import NirLayer, Synapses
from lava_ed.exchange.whole import narrow

MOST_CELLS: Final = 1 << 25
"""Inputs, and neurons, times steps that a program lays out."""


def nir_program(net: NirNetwork, steps: int) -> Program:
    """A program of ``input`` (ring of ``data`` (n, T + L)), ``synapse<l>``, ``neuron<l>``, ``spikes<l>``.

    Layer l sees the input of step t in step t + l, one step later a layer, since synapses are what makes a message
    late. Its neurons start when the first input reaches them: u and v are cleared in that step, and a bias that goes
    through the current starts then. After T + L steps the last layer has seen all T.  Raises an ExchangeError where so
    many steps of so many neurons do not fit.
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
        if layer.how is None:
            nodes.append(_dense(f"synapse{k}", layer.forward))
        else:
            kernel = layer.forward.weight << layer.forward.exponent
            nodes.append(conv_node(f"synapse{k}", kernel, layer.how, layer.shape, layer.out))
            order = None
        edges.append(Connection(previous, "s_out", f"synapse{k}", "s_in", order))
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
        previous, order = neuron, lava_order(layer.out)
    return Program(nodes, edges, None)


def _dense(name: str, synapses: Synapses) -> DenseNode:
    n = len(synapses.weight)
    buffer = np.zeros(n, np.int32)
    if not np.any(synapses.weight):
        weights, bits, exponent = narrow(synapses.weight, np.int32, name), 8, 0
    else:
        fitted = fit_weights(synapses.weight)
        weights, bits, exponent = fitted.weights, fitted.bits, fitted.exponent + synapses.exponent
    return DenseNode(name, weights=weights, a_buff=buffer, weight_format=WeightFormat(None, bits), exponent=exponent)


def _lif(name: str, layer: NirLayer, k: int, period: int) -> LIFNode:
    bias, order = layer.bias_mant, lava_order(layer.out)
    if order is not None:
        bias = np.zeros_like(bias)
        bias[order] = layer.bias_mant
    numbers = (layer.i_decay, layer.v_decay, layer.v_th_mant)
    return lif_node(name, numbers, bias, layer.bias_exp, offset=k + 1, interval=2 * period)

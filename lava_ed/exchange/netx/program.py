"""A netx net as an engine program; no Lava, no lava-dl."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import Connection, Node
from lava_ed.engine.families.conv import ConvNode
from lava_ed.engine.families.delay_dense import DelayDenseNode
from lava_ed.engine.families.dense import DenseNode
from lava_ed.engine.families.lif import RESET, LIFNode
from lava_ed.engine.families.ring_buffer import RingSinkNode, RingSourceNode
from lava_ed.engine.families.sigma_delta import SigmaDeltaNode
from lava_ed.engine.families.synapses import WeightFormat
from lava_ed.engine.program import Program
from lava_ed.errors import ExchangeError, ShapeError
from lava_ed.exchange.netx.fields import MAX_DELAY
from lava_ed.exchange.netx.network import Integers, NetxConvolution, NetxLayer, NetxNetwork, NetxNeuron, Shape
from lava_ed.exchange.netx.synapse import fit_weights
from lava_ed.exchange.whole import narrow

BIAS_EXPONENT: Final = 6
"""lava-dl's exponent of every bias."""
GRADED_BITS: Final = 16
"""Message bits of sigma-delta neurons."""
EXPONENTS: Final = {"spike_exp": 6, "state_exp": 6, "cum_error": 0}
"""lava-dl's settings of sigma-delta neurons: messages have 6 bits behind the point, states 12."""
MOST_CELLS: Final = 1 << 25
"""Inputs times steps, and outputs times steps, that a program lays out: 128 MiB each."""


def window(net: NetxNetwork, steps: int) -> int:
    """Steps of a sample: T, one for every layer of neurons until its membrane is final, and one of silence."""
    return steps + len(net.sizes) + (net.input_layer is not None)


def netx_program(net: NetxNetwork, data: npt.NDArray[Any], reset_interval: int, *, record: bool = False) -> Program:
    """A program for a net: nodes ``input``, ``synapse<l>``, ``recurrent<l>``, ``neuron<l>`` (l = 1 …), ``output``.

    Parameters
    ----------
    net : NetxNetwork
    data : int (n_inputs, steps)
        Input spikes, sent over and over; neurons in the order of `NetxNetwork.input_order`.  For a net whose input
        layer has LIF neurons (n_inputs, 1): their bias mantissas, which ``set("input", "bias_mant", …)`` changes; for
        one of Delta neurons, which are ``neuron0``, the values that they encode.
    reset_interval : int
        u and v of LIF layer l are cleared in steps t with t mod reset_interval = l, as lava-dl orchestrates it; input
        neurons count as a layer.  Sigma-delta neurons are never reset.
    record : bool
        Add nodes ``spikes<l>``, whose ``data`` (n, reset_interval) hold the spikes of every layer.

    Raises
    ------
    ShapeError
        If the data do not fit the net.
    ExchangeError
        If the engine cannot run a layer, or inputs times steps are too many.
    """
    first = net.input_layer
    steps = "1" if takes_biases(net) else "steps"
    if data.ndim != 2 or data.shape[0] != net.sizes[0] or (steps == "1" and data.shape[1] != 1):
        raise ShapeError(f"input spikes have shape {data.shape}, the net takes ({net.sizes[0]}, {steps})")
    check_room(net, data.shape[1], reset_interval)
    order: Integers | None = None
    edges: list[Connection] = []
    previous, shape, bits = "input", net.input_shape, 0
    if first is not None:
        order = lava_order(net.input_shape)
    if first is not None and takes_biases(net):
        nodes: list[Node] = [_lif("input", first.lif, data[:, 0], 1, reset_interval)]
    else:
        nodes = [RingSourceNode("input", narrow(data, np.int32, "input spikes"))]
    if first is not None and first.sigma_delta:
        nodes.append(_sigma_delta("neuron0", first))
        edges.append(Connection("input", "s_out", "neuron0", "a_in"))
        previous, bits = "neuron0", GRADED_BITS
    for k, layer in enumerate(net.synaptic_layers, start=1):
        synapse, neuron, offset = f"synapse{k}", f"neuron{k}", k + (first is not None)
        is_conv, bias = layer.kind == "conv", _biases(layer)
        out = layer.shape or ()
        synapses: list[Node] = (
            [conv_node(synapse, layer.synapses, layer.how, shape, out, bits)] if is_conv else _dense(k, layer, bits)
        )
        is_lif, bits = layer.sigma_delta is None, 0 if layer.sigma_delta is None else GRADED_BITS
        neurons: Node = (
            _lif(neuron, layer.lif, bias, offset, reset_interval) if is_lif else _sigma_delta(neuron, layer, bias)
        )
        nodes += [synapses[0], neurons, *synapses[1:]]
        edges.append(Connection(previous, "s_out", synapse, "s_in", None if is_conv else order))
        edges.append(Connection(synapse, "a_out", neuron, "a_in"))
        if layer.weight_rec is not None:
            edges.append(Connection(neuron, "s_out", f"recurrent{k}", "s_in"))
            edges.append(Connection(f"recurrent{k}", "a_out", neuron, "a_in"))
        if record:
            nodes.append(RingSinkNode(f"spikes{k}", np.zeros((layer.size, reset_interval), np.int32)))
            edges.append(Connection(neuron, "s_out", f"spikes{k}", "a_in"))
        previous, shape = neuron, out
        order = lava_order(shape) if is_conv else None
    nodes.append(RingSinkNode("output", np.zeros((net.sizes[-1], reset_interval), np.int32)))
    edges.append(Connection(previous, "s_out", "output", "a_in"))
    return Program(nodes, edges, None)


def takes_biases(net: NetxNetwork) -> bool:
    """Whether the input is the bias of LIF neurons."""
    return net.input_layer is not None and net.input_layer.sigma_delta is None


def check_room(net: NetxNetwork, steps: int, reset_interval: int) -> None:
    """Refuse more inputs over so many steps, or outputs over an interval, than are laid out."""
    cells = max(net.sizes[0] * steps, net.sizes[-1] * reset_interval)
    if cells > MOST_CELLS:
        raise ExchangeError(
            f"{net.sizes[0]:,} inputs and {net.sizes[-1]:,} outputs over {max(steps, reset_interval):,} steps "
            f"are {cells:,} values, at most {MOST_CELLS:,} fit: take fewer steps"
        )


def lava_order(shape: Shape) -> Integers | None:
    """Place in Lava's order (x, y, channel) of each value of a layer that is flattened as (channel, y, x)."""
    sizes = shape[::-1]
    if len(sizes) < 2:
        return None
    return np.ascontiguousarray(np.arange(int(np.prod(sizes))).reshape(sizes).T.reshape(-1))


def _dense(k: int, layer: NetxLayer, bits: int) -> list[Node]:
    """Dense, or DelayDense where the layer has delays; and a second Dense of the same exponent if it is recurrent."""
    name, fitted = f"synapse{k}", fit_weights(layer.synapses)
    common: dict[str, Any] = {"weight_format": WeightFormat(None, fitted.bits), "exponent": fitted.exponent}
    common["message_bits"] = bits
    columns = fitted.weights.shape[1] - (layer.size if layer.weight_rec is not None else 0)
    forward, recurrent = (np.ascontiguousarray(part) for part in np.split(fitted.weights, [columns], axis=1))
    buffer = np.zeros(layer.size, np.int32)
    if layer.delay is None:
        nodes: list[Node] = [DenseNode(name, weights=forward, a_buff=buffer, **common)]
    else:
        delays = narrow(layer.delay, np.int32, f"delays of {name}")
        low, high = delays.min(), delays.max()
        if low < 0 or high > MAX_DELAY:
            raise ExchangeError(f"delays of {name} span {low} … {high}, the chip holds 0 … {MAX_DELAY}")
        buffers = np.zeros((layer.size, MAX_DELAY + 1), np.int32)
        nodes = [DelayDenseNode(name, weights=forward, a_buff=buffers, delays=delays, **common)]
    if layer.weight_rec is not None:
        nodes.append(DenseNode(f"recurrent{k}", weights=recurrent, a_buff=buffer.copy(), **common))
    return nodes


def conv_node(name: str, kernel: Integers, how: NetxConvolution, shape: Shape, out: Shape, bits: int = 0) -> ConvNode:
    """Lava's Conv of a shape (C, H, W) into another, as lava-dl makes it: axes (x, y, channel), the kernel turned."""
    weight = narrow(kernel, np.int32, f"weights of {name}")[:, :, ::-1, ::-1].transpose(0, 3, 2, 1)
    pairs = {key: getattr(how, key)[::-1] for key in ("stride", "padding", "dilation")}
    return ConvNode(
        name,
        message_bits=bits,
        a_buff=np.zeros(out[::-1], np.int32),
        weight=np.ascontiguousarray(weight),
        input_shape=shape[::-1],
        geometry={"kernel_size": weight.shape[1:3], "groups": (how.groups,), **pairs},
        unused={"weight_exp": 0, "num_weight_bits": 8},
    )


def _biases(layer: NetxLayer) -> npt.NDArray[Any]:
    """The bias of each neuron; those of a convolution lie in the order (x, y, channel)."""
    if layer.bias is None:
        return np.zeros(layer.size, np.int64)
    shape = (layer.shape or ())[::-1] if layer.kind == "conv" else layer.bias.shape
    return np.broadcast_to(layer.bias, shape).reshape(-1)


def _sigma_delta(name: str, layer: NetxLayer, bias: npt.NDArray[Any] | None = None) -> SigmaDeltaNode:
    """Delta, SigmaDelta or Sigma with lava-dl's parameters."""
    neuron, n = layer.sigma_delta, layer.size
    assert neuron is not None
    if neuron.name == "Sigma":
        if layer.bias is not None:
            raise ExchangeError(f"{name} are Sigma neurons with a bias, at which lava-dl fails: leave it out")
        return SigmaDeltaNode(name, state={"sigma": np.zeros(n, np.int32)})
    scale = 1 << (EXPONENTS["spike_exp"] + EXPONENTS["state_exp"])
    state = {"vth": np.array([neuron.v_th_mant * scale], np.int32)}
    state |= {var: np.zeros(n, np.int32) for var in ("sigma", "act", "residue", "error")}
    if bias is not None:
        state["bias"] = narrow(bias, np.int16, f"bias of {name}").astype(np.int32) * scale
    state |= {var: np.array([value], np.int32) for var, value in EXPONENTS.items()}
    return SigmaDeltaNode(name, state=state, relu=bias is not None)


def _lif(name: str, neuron: NetxNeuron, bias: npt.NDArray[Any], offset: int, interval: int) -> LIFNode:
    """LIFReset with lava-dl's parameters."""
    return lif_node(name, astuple(neuron), bias, BIAS_EXPONENT, offset, interval)


def lif_node(
    name: str, numbers: Sequence[int], bias: npt.NDArray[Any], exponent: int, offset: int, interval: int
) -> LIFNode:
    """LIFReset of (iDecay, vDecay, vThMant), and of a bias of so many bits behind each mantissa."""
    (i_decay, v_decay, threshold), n = numbers, len(bias)
    state: dict[str, Any] = {"u": np.zeros(n, np.int32), "v": np.zeros(n, np.int32)}
    state["bias_mant"] = narrow(bias, np.int16, f"bias of {name}")
    state["bias_exp"] = np.full(n, exponent, np.int16)
    decays, thresholds = (i_decay - 1, v_decay), {"vth": threshold}
    return LIFNode(
        name, state=state, decays=decays, thresholds=thresholds, kind=RESET, interval=interval, offset=offset
    )

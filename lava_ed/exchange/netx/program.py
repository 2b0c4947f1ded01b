"""A netx net as an engine program, and its decisions on images; no Lava, no lava-dl."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import Connection, Node
from lava_ed.engine.families.conv import ConvNode
from lava_ed.engine.families.delay_dense import DelayDenseNode
from lava_ed.engine.families.dense import DenseNode, WeightFormat
from lava_ed.engine.families.lif import RESET, LIFNode
from lava_ed.engine.families.ring_buffer import RingSinkNode, RingSourceNode
from lava_ed.engine.program import Program
from lava_ed.errors import ExchangeError, ShapeError
from lava_ed.exchange.netx.network import MAX_DELAY, NetxConvolution, NetxLayer, NetxNetwork, Readout
from lava_ed.exchange.netx.synapse import fit_weights
from lava_ed.exchange.whole import narrow

BIAS_EXPONENT: Final = 6
"""lava-dl's exponent of every bias."""
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
        layer has neurons (n_inputs, 1): their bias mantissas, which ``set("input", "bias_mant", …)`` changes.
    reset_interval : int
        u and v of layer l are cleared in steps t with t mod reset_interval = l, as lava-dl orchestrates it; input
        neurons count as a layer.
    record : bool
        Add nodes ``spikes<l>``, whose ``data`` (n, reset_interval) hold the spikes of every layer.

    Raises
    ------
    ShapeError
        If the data do not fit the net.
    ExchangeError
        If the engine cannot run a layer, or inputs times steps are too many.
    """
    if net.cannot_run is not None:
        raise ExchangeError(net.cannot_run)
    _check_data(net, data, reset_interval)
    first = 1 if net.input_layer is None else 2
    nodes: list[Node] = [_input(net, data, reset_interval)]
    edges: list[Connection] = []
    previous, order, shape = "input", _order_of_input(net), net.input_shape
    for k, layer in enumerate(net.synaptic_layers, start=1):
        assert layer.weight is not None
        nodes += [_synapse(f"synapse{k}", layer, shape), _neuron(f"neuron{k}", layer, k - 1 + first, reset_interval)]
        edges.append(Connection(previous, "s_out", f"synapse{k}", "s_in", None if layer.kind == "conv" else order))
        edges.append(Connection(f"synapse{k}", "a_out", f"neuron{k}", "a_in"))
        if layer.weight_rec is not None:
            nodes.append(_dense(f"recurrent{k}", layer.weight_rec, np.hstack([layer.weight, layer.weight_rec])))
            edges.append(Connection(f"neuron{k}", "s_out", f"recurrent{k}", "s_in"))
            edges.append(Connection(f"recurrent{k}", "a_out", f"neuron{k}", "a_in"))
        if record:
            nodes.append(RingSinkNode(f"spikes{k}", np.zeros((layer.size, reset_interval), np.int32)))
            edges.append(Connection(f"neuron{k}", "s_out", f"spikes{k}", "a_in"))
        previous, order = f"neuron{k}", _flattened(layer.shape) if layer.kind == "conv" else None
        shape = layer.shape or ()
    nodes.append(RingSinkNode("output", np.zeros((net.sizes[-1], reset_interval), np.int32)))
    edges.append(Connection(previous, "s_out", "output", "a_in"))
    return Program(nodes, edges, None)


def _check_data(net: NetxNetwork, data: npt.NDArray[Any], reset_interval: int) -> None:
    """Shape of the input, and the room that it and the output take."""
    steps = "steps" if net.input_layer is None else "1"
    if data.ndim != 2 or data.shape[0] != net.sizes[0] or (steps == "1" and data.shape[1] != 1):
        raise ShapeError(f"input spikes have shape {data.shape}, the net takes ({net.sizes[0]}, {steps})")
    cells = max(data.size, net.sizes[-1] * reset_interval)
    if cells > MOST_CELLS:
        raise ExchangeError(
            f"{net.sizes[0]:,} inputs and {net.sizes[-1]:,} outputs over {max(data.shape[1], reset_interval):,} steps "
            f"are {cells:,} values, at most {MOST_CELLS:,} fit: take fewer steps"
        )


def _flattened(shape: tuple[int, ...] | None) -> npt.NDArray[np.int64] | None:
    """Place in Lava's order (x, y, channel) of each value of a layer that is flattened as (channel, y, x)."""
    sizes = (shape or ())[::-1]
    if len(sizes) < 2:
        return None
    return np.ascontiguousarray(np.arange(int(np.prod(sizes))).reshape(sizes).T.reshape(-1))


def _order_of_input(net: NetxNetwork) -> npt.NDArray[np.int64] | None:
    """As `_flattened`, for input neurons; spikes that come from outside are in order."""
    return None if net.input_layer is None else _flattened(net.input_shape)


def _input(net: NetxNetwork, data: npt.NDArray[Any], interval: int) -> Node:
    """A source of spikes, or neurons that turn values into spikes."""
    if net.input_layer is None:
        return RingSourceNode("input", narrow(data, np.int32, "input spikes"))
    return _lif("input", net.input_layer, data[:, 0], 1, interval)


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


def _synapse(name: str, layer: NetxLayer, shape: tuple[int, ...]) -> Node:
    """Conv, Dense, or DelayDense where the layer has delays."""
    assert layer.weight is not None
    if layer.kind == "conv":
        return _conv(name, layer, shape)
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
        delays=_delays(name, layer.delay),
    )


def _delays(name: str, delay: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Delays, each a place in the synapse's buffer."""
    found = narrow(delay, np.int32, f"delays of {name}")
    if found.min() < 0 or found.max() > MAX_DELAY:
        raise ExchangeError(f"delays of {name} span {found.min()} … {found.max()}, the chip holds 0 … {MAX_DELAY}")
    return found


def _conv(name: str, layer: NetxLayer, shape: tuple[int, ...]) -> ConvNode:
    """Lava's Conv for an input of a shape (C, H, W), as lava-dl makes it: axes (x, y, channel), the kernel turned."""
    assert layer.weight is not None
    assert layer.shape is not None
    how = layer.convolution or NetxConvolution()
    weight = narrow(layer.weight, np.int32, f"weights of {name}")[:, :, ::-1, ::-1].transpose(0, 3, 2, 1)
    geometry = {"stride": how.stride[::-1], "padding": how.padding[::-1], "dilation": how.dilation[::-1]}
    return ConvNode(
        name,
        np.ascontiguousarray(weight),
        shape[::-1],
        layer.shape[::-1],
        np.zeros(layer.shape[::-1], np.int32),
        geometry={"kernel_size": weight.shape[1:3], "groups": (how.groups,), **geometry},
        unused={"weight_exp": 0, "num_weight_bits": 8},
    )


def _neuron(name: str, layer: NetxLayer, offset: int, interval: int) -> LIFNode:
    """The neurons of a layer, each with its bias."""
    bias: npt.NDArray[Any] = np.zeros(layer.size, np.int64)
    if layer.bias is not None and layer.kind == "conv":  # the neurons' order is (x, y, channel): channels come last
        bias = np.broadcast_to(layer.bias, (layer.shape or ())[::-1]).reshape(-1)
    elif layer.bias is not None:
        bias = layer.bias
    return _lif(name, layer, bias, offset, interval)


def _lif(name: str, layer: NetxLayer, bias: npt.NDArray[Any], offset: int, interval: int) -> LIFNode:
    """LIFReset with lava-dl's parameters."""
    n, neuron = layer.size, layer.lif
    state: dict[str, Any] = {"u": np.zeros(n, np.int32), "v": np.zeros(n, np.int32)}
    state["bias_mant"] = narrow(bias, np.int16, f"bias of {name}")
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
        Without input neurons; `NetxRun` runs those.
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
    run = NetxRun(net, trains.shape[2], readout)
    return run.decide(trains), run.program.counters()


class NetxRun:
    """A net that decides on samples, one after the other.

    Parameters
    ----------
    net : NetxNetwork
    steps : int
        T, in which a sample is shown.
    readout : {"membrane", "spikes"}

    Raises
    ------
    ExchangeError
        If the engine cannot run the net for so many steps.
    """

    def __init__(self, net: NetxNetwork, steps: int, readout: Readout = "membrane") -> None:
        self._steps, self._readout, self._period = steps, readout, window(net, steps)
        self._biased = net.input_layer is not None
        width = 1 if self._biased else self._period
        if net.sizes[0] * width > MOST_CELLS:  # told here, before it is laid out
            raise ExchangeError(
                f"{net.sizes[0]:,} inputs over {width:,} steps are more than {MOST_CELLS:,} values: take fewer steps"
            )
        self._rows = np.zeros((net.sizes[0], width), np.int32)
        self.program = netx_program(net, self._rows, self._period)
        self._last = f"neuron{len(net.sizes) - 1}"

    def decide(self, samples: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """The class of each sample.

        Parameters
        ----------
        samples : int8 (N, n_inputs, T), or int (N, n_inputs)
            Spikes, or the bias mantissas of input neurons, which are 0 again after T steps.

        Returns
        -------
        int64 (N,)
        """
        decided = np.empty(len(samples), np.int64)
        for k, sample in enumerate(samples):
            if self._biased:
                self._show_values(sample)
            else:
                self._rows[:, : self._steps] = sample
                self.program.set("input", "data", self._rows)
                self.program.run(self._period)
            decided[k] = int(np.argmax(self._values()))
        return decided

    def _show_values(self, sample: npt.NDArray[Any]) -> None:
        self.program.set("input", "bias_mant", narrow(sample, np.int16, "bias of the input"))
        self.program.run(self._steps)
        self.program.set("input", "bias_mant", np.zeros(len(sample), np.int16))
        self.program.run(self._period - self._steps)

    def _values(self) -> npt.NDArray[Any]:
        """What is compared, of the last layer."""
        if self._readout == "membrane":
            return self.program.get(self._last, "v")
        spikes: npt.NDArray[Any] = self.program.get("output", "data").sum(axis=-1)
        return spikes

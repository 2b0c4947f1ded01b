"""What a netx file says, as plain data: layers of integers, no HDF5 and no Lava in it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from lava_ed.errors import ExchangeError

LayerKind = Literal["input", "flatten", "dense", "dense_rec", "conv"]
Readout = Literal["membrane", "spikes"]
READOUTS: Final = ("membrane", "spikes")
NEVER: Final = 1 << 17
"""vThMant of a neuron that never spikes: 2^17·2^6 lies above the largest 24-bit membrane."""
MAX_MANTISSA: Final = 2**31 - 1
"""Largest vThMant that is read: from 2^17 on a neuron never spikes."""
MAX_DELAY: Final = 62
"""Longest synaptic delay that lava-dl passes on."""
MAX_NEURONS: Final = 1 << 20
"""Inputs and neurons of a net: as many as a Loihi 2 chip has."""
SYNAPTIC: Final = ("dense", "dense_rec", "conv")

Integers = npt.NDArray[np.int64]
Pair = tuple[int, int]


@dataclass(frozen=True)
class NetxNeuron:
    """A CUBA (LIF) neuron: u ← u·(4096 − iDecay)/4096 + a·2^6; v ← v·(4096 − vDecay)/4096 + u + bias·2^6.

    Parameters
    ----------
    i_decay, v_decay : int
        12-bit fractions, 0 … 4096; 4096 forgets at once.
    v_th_mant : int
        The neuron spikes where v > v_th_mant·2^6, and v ← 0 then.

    Source: lava-dl 0.6.0, `netx/hdf5.py`; without a neuron group it takes the values that are the defaults here.
    """

    i_decay: int = 0
    v_decay: int = 4096
    v_th_mant: int = NEVER

    def __post_init__(self) -> None:
        for name, value, high in (
            ("iDecay", self.i_decay, 4096),
            ("vDecay", self.v_decay, 4096),
            ("vThMant", self.v_th_mant, MAX_MANTISSA),
        ):
            if not 0 <= value <= high:
                raise ExchangeError(f"neuron/{name} is {value}, the chip holds 0 … {high}: scale the neuron")


@dataclass(frozen=True)
class NetxForeign:
    """A neuron that lava-dl runs and the engine does not.

    Parameters
    ----------
    name : str
        As lava-dl calls its process: Delta, SigmaDelta, Sigma.
    v_th_mant : int
    """

    name: str
    v_th_mant: int


@dataclass(frozen=True)
class NetxConvolution:
    """How the kernel of a convolution moves over its input; pairs are (y, x), as in the file.

    Parameters
    ----------
    stride, padding, dilation : (int, int)
    groups : int
    """

    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1

    def __post_init__(self) -> None:
        for name, values, low in (
            ("stride", self.stride, 1),
            ("padding", self.padding, 0),
            ("dilation", self.dilation, 1),
            ("groups", (self.groups,), 1),
        ):
            if not all(low <= value <= 127 for value in values):
                raise ExchangeError(f"{name} is {values}, Lava's Conv holds {low} … 127: choose others")

    def sizes(self, size: tuple[int, ...], kernel: tuple[int, ...]) -> tuple[int, ...]:
        """Output (y, x) for an input and a kernel (y, x): ⌊(n + 2·padding − dilation·(k − 1) − 1)/stride⌋ + 1."""
        return tuple(
            (n + 2 * self.padding[axis] - self.dilation[axis] * (k - 1) - 1) // self.stride[axis] + 1
            for axis, (n, k) in enumerate(zip(size, kernel, strict=True))
        )


@dataclass(frozen=True)
class NetxLayer:
    """One entry of ``layer/<i>``.

    Parameters
    ----------
    kind : {"input", "flatten", "dense", "dense_rec", "conv"}
    shape : tuple of int or None
        As in the file, (C, H, W) or (n,); None where it is left out.
    neuron : NetxNeuron, NetxForeign or None
        Of an input layer: values are its bias, and its spikes are what the next layer takes.
    weight, weight_rec : int (n_post, n_pre) or None
        −256 … 254; of a convolution (C_out, C_in/groups, K_y, K_x), int32.
    bias : int (n_post,) or None
        Mantissa, int16; the exponent is 6.  Of a convolution (C_out,), or (W, H, C_out).
    delay : int (n_post, n_pre) or None
        0 … 62 steps.
    convolution : NetxConvolution or None
    transform : (int, int) or None
        Of an input layer with neurons: (weight, bias), which turn a value x of 0 … 1 into weight·x + bias.
    """

    kind: LayerKind
    shape: tuple[int, ...] | None = None
    neuron: NetxNeuron | NetxForeign | None = None
    weight: Integers | None = None
    weight_rec: Integers | None = None
    bias: Integers | None = None
    delay: Integers | None = None
    convolution: NetxConvolution | None = None
    transform: Pair | None = None

    def __post_init__(self) -> None:
        if self.shape is not None and not all(n > 0 for n in self.shape):
            raise ExchangeError(f"a shape is {self.shape}: every size is 1 or more")
        if self.size > MAX_NEURONS:
            raise ExchangeError(f"a layer of shape {self.shape} has {self.size:,} neurons, at most {MAX_NEURONS:,} fit")

    @property
    def size(self) -> int:
        """Number of neurons."""
        return math.prod(self.shape or (0,))

    @property
    def lif(self) -> NetxNeuron:
        """The layer's LIF neuron; lava-dl's integrator where the file has none.

        Raises
        ------
        ExchangeError
            If it is another one.
        """
        if isinstance(self.neuron, NetxForeign):
            raise ExchangeError(f"a {self.neuron.name} neuron is no LIF neuron")
        return self.neuron or NetxNeuron()


@dataclass(frozen=True)
class NetxNetwork:
    """Layers in order, and what lava-ed notes beside them.

    Parameters
    ----------
    layers : tuple of NetxLayer
    notes : dict
        What lava-ed wrote when it exported the net (encoder, steps, readout, data set …); empty for other files.
    remarks : tuple of str
        Where the file was read otherwise than it says, as lava-dl reads it.
    """

    layers: tuple[NetxLayer, ...]
    notes: dict[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape: tuple[int, ...] | None = None
        spread = False
        for k, layer in enumerate(self.layers):
            if layer.kind == "input":
                shape = layer.shape or shape
                spread = layer.neuron is not None
                if k:
                    raise ExchangeError(f"layer {k} is an input layer: only the first one can be")
            elif layer.kind == "flatten":
                shape = None if shape is None else (math.prod(shape),)
            else:
                _check_link(k, layer, shape, spread)
                spread = layer.kind == "conv"
                shape = layer.shape if spread else (layer.size,)
        if not any(True for _ in self.synaptic_layers):
            raise ExchangeError("the net has no dense layer and no convolution: nothing can be run")
        neurons = sum(layer.size for layer in self.layers if layer.kind != "flatten")
        if max(neurons, self.sizes[0]) > MAX_NEURONS:
            raise ExchangeError(f"the net has {neurons:,} neurons and inputs, at most {MAX_NEURONS:,} fit")

    @property
    def synaptic_layers(self) -> Iterator[NetxLayer]:
        """The layers with synapses, in order."""
        return (layer for layer in self.layers if layer.kind in SYNAPTIC)

    @property
    def dense_layers(self) -> Iterator[NetxLayer]:
        """The layers of dense synapses, in order."""
        return (layer for layer in self.layers if layer.kind in ("dense", "dense_rec"))

    @property
    def input_layer(self) -> NetxLayer | None:
        """The input layer, if its values are the bias of neurons."""
        first = self.layers[0]
        return first if first.kind == "input" and first.neuron is not None else None

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(C, H, W) of the input, or (n,)."""
        first = next(self.synaptic_layers)
        assert first.weight is not None
        stated = self.layers[0].shape if self.layers[0].kind == "input" else None
        return stated if stated is not None else (first.weight.shape[1],)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Inputs, and the neurons of every layer with synapses."""
        return (math.prod(self.input_shape), *(layer.size for layer in self.synaptic_layers))

    @property
    def input_order(self) -> Integers:
        """Which value of an image (C, H, W) each input of the program takes: Lava's order is (x, y, channel).

        A net whose first layer takes a flat vector, as an input layer without neurons hands it on, keeps the order.
        """
        places = np.arange(self.sizes[0]).reshape(self.input_shape)
        spread = self.input_layer is not None or next(self.synaptic_layers).kind == "conv"
        return np.ascontiguousarray(places.T.reshape(-1) if spread else places.reshape(-1))

    @property
    def cannot_run(self) -> str | None:
        """Which layers the engine cannot run; None if it runs all of them."""
        neurons = [layer.neuron for layer in self.layers]
        foreign = [(k, neuron.name) for k, neuron in enumerate(neurons) if isinstance(neuron, NetxForeign)]
        if not foreign:
            return None
        names = ", ".join(f"layer/{k} ({name})" for k, name in foreign)
        return (
            f"the engine has no sigma-delta neurons, and cannot run {names}: load the file with lava-dl's "
            "netx.hdf5.Network and run it on Lava's own runtime, without attach"
        )

    def describe(self) -> dict[str, Any]:
        """Plain description, ready for JSON."""
        return {
            "layers": [_describe(layer) for layer in self.layers],
            "sizes": list(self.sizes),
            "notes": self.notes,
            "remarks": list(self.remarks),
            "cannot_run": self.cannot_run,
        }


def _check_link(k: int, layer: NetxLayer, shape: tuple[int, ...] | None, spread: bool) -> None:
    """Whether a layer takes what the one before it sends, of that shape; `spread` over (C, H, W), or flat."""
    assert layer.weight is not None
    if layer.kind == "conv":
        _check_convolution(k, layer, shape)
        return
    size = None if shape is None else math.prod(shape)
    if spread and shape is not None and len(shape) > 1:
        raise ExchangeError(f"layer {k} takes a flat vector, the layer before it has shape {shape}: flatten it between")
    if size is not None and layer.weight.shape[1] != size:
        raise ExchangeError(
            f"layer {k} takes {layer.weight.shape[1]} inputs, the layer before it has {size} neurons: "
            "the file does not describe a chain"
        )


def _check_convolution(k: int, layer: NetxLayer, shape: tuple[int, ...] | None) -> None:
    """Channels and sizes of a convolution agree with what it takes."""
    assert layer.weight is not None
    if shape is None or len(shape) != 3:
        raise ExchangeError(
            f"layer {k} is a convolution of an input of shape {shape}: an input layer, or the layer before it, has to "
            "state (channels, height, width)"
        )
    how = layer.convolution or NetxConvolution()
    outs, per_group, *kernel = layer.weight.shape
    if shape[0] != per_group * how.groups or outs % how.groups:
        raise ExchangeError(
            f"layer {k} has a kernel of shape {layer.weight.shape} in {how.groups} groups, for {shape[0]} channels: "
            "they do not fit"
        )
    expected = (outs, *how.sizes(shape[1:], tuple(kernel)))
    if layer.shape != expected or min(expected) < 1:
        raise ExchangeError(f"layer {k} has shape {layer.shape}, its convolution of {shape} gives {expected}")


def _describe(layer: NetxLayer) -> dict[str, Any]:
    """One layer in numbers."""
    weights = [w for w in (layer.weight, layer.weight_rec) if w is not None]
    neuron = layer.neuron
    lif = neuron if isinstance(neuron, NetxNeuron) else None
    return {
        "type": layer.kind,
        "shape": None if layer.shape is None else list(layer.shape),
        "neuron": neuron.name if isinstance(neuron, NetxForeign) else None if lif is None else "LIF",
        "iDecay": lif and lif.i_decay,
        "vDecay": lif and lif.v_decay,
        "vThMant": neuron and neuron.v_th_mant,
        "synapses": sum(int(w.size) for w in weights),
        "nonzero_synapses": sum(int(np.count_nonzero(w)) for w in weights),
        "weight_range": [min(int(w.min()) for w in weights), max(int(w.max()) for w in weights)] if weights else None,
        "bias": layer.bias is not None,
        "delay": None if layer.delay is None else int(layer.delay.max()),
        "kernel": None if layer.kind != "conv" or layer.weight is None else list(layer.weight.shape[2:]),
    }

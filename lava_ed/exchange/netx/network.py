"""What a netx file says, as plain data: layers of integers, no HDF5 and no Lava in it."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, field
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from lava_ed.errors import ExchangeError
from lava_ed.exchange.netx.fields import CONVOLUTION, MAX_NEURONS, MAX_THRESHOLD, NEURON, NEVER, check_numbers
from lava_ed.integers import is_integer

LayerKind = Literal["input", "flatten", "dense", "dense_rec", "conv"]
Readout = Literal["membrane", "spikes"]
READOUTS: Final = ("membrane", "spikes")

Integers = npt.NDArray[np.int64]
Pair = tuple[int, int]
Shape = tuple[int, ...]


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
        check_numbers(NEURON, self, "neuron/{} is {}, the chip holds {} … {}: scale the neuron")


@dataclass(frozen=True)
class NetxSigmaDelta:
    """A neuron of a sigma-delta layer: Lava's Delta, SigmaDelta or Sigma, with exponents of 6.

    Parameters
    ----------
    name : {"Delta", "SigmaDelta", "Sigma"}
        The neurons of an input layer, of a layer with synapses, and of one that sends its sums.
    v_th_mant : int
        Changes are sent where they reach v_th_mant·2^12, in units of 2^−12 of an activation.

    Source: lava-dl 0.6.0, `netx/hdf5.py`.
    """

    name: Literal["Delta", "SigmaDelta", "Sigma"]
    v_th_mant: int

    def __post_init__(self) -> None:
        if not is_integer(self.v_th_mant) or not 0 <= self.v_th_mant <= MAX_THRESHOLD:
            raise ExchangeError(
                f"neuron/vThMant is {self.v_th_mant}, a sigma-delta neuron holds 0 … {MAX_THRESHOLD}: scale the neuron"
            )


@dataclass(frozen=True)
class NetxConvolution:
    """How the kernel of a convolution moves over its input; pairs are (y, x), as in the file."""

    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1

    def __post_init__(self) -> None:
        check_numbers(CONVOLUTION, self, "{} is {}, Lava's Conv holds {} … {}: choose others")

    def sizes(self, size: Shape, kernel: Shape) -> Shape:
        """Output (y, x) for an input and a kernel (y, x): ⌊(n + 2·padding − dilation·(k − 1) − 1)/stride⌋ + 1."""
        axes = zip(size, kernel, self.padding, self.dilation, self.stride, strict=True)
        return tuple((n + 2 * pad - dilation * (k - 1) - 1) // stride + 1 for n, k, pad, dilation, stride in axes)


@dataclass(frozen=True)
class NetxLayer:
    """One entry of ``layer/<i>``.

    Parameters
    ----------
    kind : {"input", "flatten", "dense", "dense_rec", "conv"}
    shape : tuple of int or None
        As in the file, (C, H, W) or (n,); None where it is left out.
    neuron : NetxNeuron, NetxSigmaDelta or None
        A LIF neuron of an input layer takes the values as its bias, a Delta neuron as its input.
    weight, weight_rec : int (n_post, n_pre) or None
        Weights −256 … 254; a convolution has (C_out, C_in/groups, K_y, K_x), int32.
    bias : int (n_post,) or None
        Mantissa, int16; the exponent is 6.  A convolution has (C_out,) or (W, H, C_out).
    delay : int (n_post, n_pre) or None
        0 … 62 steps.
    convolution : NetxConvolution or None
    transform : (int, int) or None
        (weight, bias) of an input layer with neurons, which turn a value x of 0 … 1 into weight·x + bias.
    """

    kind: LayerKind
    shape: Shape | None = None
    neuron: NetxNeuron | NetxSigmaDelta | None = None
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
    def synapses(self) -> Integers:
        """The weights of a layer that has some; a recurrent one's beside each other."""
        assert self.weight is not None
        return self.weight if self.weight_rec is None else np.hstack([self.weight, self.weight_rec])

    @property
    def how(self) -> NetxConvolution:
        """The movement of a convolution's kernel over its input."""
        return self.convolution or NetxConvolution()

    @property
    def sigma_delta(self) -> NetxSigmaDelta | None:
        """The layer's neuron, if it is a sigma-delta neuron."""
        return self.neuron if isinstance(self.neuron, NetxSigmaDelta) else None

    @property
    def lif(self) -> NetxNeuron:
        """The layer's LIF neuron, or lava-dl's integrator where the file has none; another neuron is an error."""
        if isinstance(self.neuron, NetxSigmaDelta):
            raise ExchangeError(f"a {self.neuron.name} neuron is no LIF neuron")
        return self.neuron or NetxNeuron()

    def describe(self) -> dict[str, Any]:
        """The layer in numbers, ready for JSON."""
        lif = self.neuron if isinstance(self.neuron, NetxNeuron) else None
        numbers = (None, None, self.sigma_delta and self.sigma_delta.v_th_mant) if lif is None else astuple(lif)
        weights = None if self.weight is None else self.synapses
        return {
            "type": self.kind,
            "shape": None if self.shape is None else list(self.shape),
            "neuron": self.sigma_delta.name if self.sigma_delta else lif and "LIF",
            **{number.name: value for number, value in zip(NEURON, numbers, strict=True)},
            "synapses": 0 if weights is None else weights.size,
            "nonzero_synapses": 0 if weights is None else int(np.count_nonzero(weights)),
            "weight_range": None if weights is None else [int(weights.min()), int(weights.max())],
            "bias": self.bias is not None,
            "delay": None if self.delay is None else int(self.delay.max()),
            "kernel": None if self.kind != "conv" or weights is None else list(weights.shape[2:]),
        }


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
        shape: Shape | None = None
        spread = False
        for k, layer in enumerate(self.layers):
            if layer.kind == "input":
                shape = layer.shape or shape
                spread = layer.neuron is not None
                if k:
                    raise ExchangeError(f"layer {k} is an input layer: only the first one can be")
            elif layer.kind == "flatten":
                shape = None if shape is None else (math.prod(shape),)
            elif layer.kind == "conv":
                _check_convolution(k, layer, shape)
                spread, shape = True, layer.shape
            else:
                _check_dense(k, layer, shape, spread)
                spread, shape = False, (layer.size,)
        if not self.synaptic_layers:
            raise ExchangeError("the net has no dense layer and no convolution: nothing can be run")
        neurons = sum(layer.size for layer in self.layers if layer.kind != "flatten")
        if max(neurons, self.sizes[0]) > MAX_NEURONS:
            raise ExchangeError(f"the net has {neurons:,} neurons and inputs, at most {MAX_NEURONS:,} fit")

    @property
    def synaptic_layers(self) -> list[NetxLayer]:
        """The layers with synapses, in order."""
        return [layer for layer in self.layers if layer.kind not in ("input", "flatten")]

    @property
    def input_layer(self) -> NetxLayer | None:
        """The input layer, if it has neurons."""
        first = self.layers[0]
        return first if first.kind == "input" and first.neuron is not None else None

    @property
    def input_shape(self) -> Shape:
        """(C, H, W) of the input, or (n,)."""
        first, weight = self.layers[0], self.synaptic_layers[0].weight
        assert weight is not None
        return first.shape if first.kind == "input" and first.shape else (weight.shape[1],)

    @property
    def sizes(self) -> Shape:
        """Inputs, and the neurons of every layer with synapses."""
        return (math.prod(self.input_shape), *(layer.size for layer in self.synaptic_layers))

    @property
    def input_order(self) -> Integers:
        """Which value of an image (C, H, W) each input of the program takes: Lava's order is (x, y, channel).

        A net whose first layer takes a flat vector, as an input layer without neurons hands it on, keeps the order.
        """
        places = np.arange(self.sizes[0]).reshape(self.input_shape)
        spread = self.input_layer is not None or self.synaptic_layers[0].kind == "conv"
        return np.ascontiguousarray(places.T.reshape(-1) if spread else places.reshape(-1))

    @property
    def silent(self) -> bool:
        """Whether the neurons of the last layer never spike, as those of a readout whose membranes are compared."""
        last = self.synaptic_layers[-1]
        return last.sigma_delta is None and last.lif.v_th_mant >= NEVER

    @property
    def has_sigma_delta(self) -> bool:
        """Whether there are sigma-delta neurons."""
        return any(layer.sigma_delta for layer in self.layers)

    def describe(self) -> dict[str, Any]:
        """Plain description, ready for JSON."""
        return {
            "layers": [layer.describe() for layer in self.layers],
            "sizes": list(self.sizes),
            "notes": self.notes,
            "remarks": list(self.remarks),
        }


def _check_dense(k: int, layer: NetxLayer, shape: Shape | None, spread: bool) -> None:
    """Whether a layer takes what the one before it sends, of that shape; `spread` over (C, H, W), or flat."""
    if shape is None:
        return
    if spread and len(shape) > 1:
        raise ExchangeError(f"layer {k} takes a flat vector, the layer before it has shape {shape}: flatten it between")
    assert layer.weight is not None
    if layer.weight.shape[1] != math.prod(shape):
        raise ExchangeError(
            f"layer {k} takes {layer.weight.shape[1]} inputs, the layer before it has {math.prod(shape)} neurons: "
            "the file does not describe a chain"
        )


def _check_convolution(k: int, layer: NetxLayer, shape: Shape | None) -> None:
    """Channels and sizes of a convolution agree with what it takes."""
    if shape is None or len(shape) != 3:
        raise ExchangeError(
            f"layer {k} is a convolution of an input of shape {shape}: an input layer, or the layer before it, has to "
            "state (channels, height, width)"
        )
    outs, per_group, *kernel = layer.synapses.shape
    if shape[0] != per_group * layer.how.groups or outs % layer.how.groups:
        raise ExchangeError(
            f"layer {k} has a kernel of shape {layer.synapses.shape} in {layer.how.groups} groups, for {shape[0]} "
            "channels: they do not fit"
        )
    expected = (outs, *layer.how.sizes(shape[1:], tuple(kernel)))
    if layer.shape != expected or min(expected) < 1:
        raise ExchangeError(f"layer {k} has shape {layer.shape}, its convolution of {shape} gives {expected}")

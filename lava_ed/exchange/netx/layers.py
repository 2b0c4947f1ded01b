"""The layers of a netx file, field by field, as lava-dl takes them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from lava_ed.errors import ExchangeError
from lava_ed.exchange.netx.fields import INT32, Fields
from lava_ed.exchange.netx.network import (
    MAX_DELAY,
    MAX_MANTISSA,
    MAX_NEURONS,
    NEVER,
    Integers,
    NetxConvolution,
    NetxForeign,
    NetxLayer,
    NetxNeuron,
)
from lava_ed.exchange.netx.synapse import clip_mixed
from lava_ed.kernels.fixed_point import WEIGHT_MAX, WEIGHT_MIN

LIF_TYPES: Final = ("LOIHI", "CUBA")
SIGMA_DELTA: Final = "SDNN"
SUPPORTED: Final = ("input", "flatten", "dense", "dense_rec", "conv")
BIAS: Final = (-(2**15), 2**15 - 1)
"""Biases that Lava's LIF holds as they are: its mantissa has 16 bits, of which the chip has 13."""
OPAQUE: Final = (-(2**40), 2**40)
"""Weights that are clipped, and delays that are clamped, are believed up to here."""
INPUT_WEIGHT: Final = 64
"""lava-dl's weight of an input layer that states none; its bias is 0 then."""


@dataclass
class LayerReader:
    """Reads one layer after the other.

    Parameters
    ----------
    remarks : list of str
        Gets a sentence for whatever is read otherwise than it stands in the file.
    """

    remarks: list[str] = field(default_factory=list)

    def read(self, fields: Fields) -> NetxLayer:
        """The layer of a group.

        Raises
        ------
        ExchangeError
            If it is of a type, or has a field, that is not known here.
        """
        kind = fields.text("type")
        if kind not in SUPPORTED:
            raise ExchangeError(
                f"{fields.where} is of type {kind!r}, this reader knows {', '.join(SUPPORTED)}: load the file with "
                "lava-dl's netx.hdf5.Network and attach the engine to that"
            )
        shape = self._shape(fields)
        if kind == "input":
            return self._input(fields, shape)
        if kind == "flatten":
            return NetxLayer("flatten", shape)
        if shape is None:
            raise ExchangeError(f"{fields.where} has no shape: a layer with neurons needs one")
        if "weight" in fields and not isinstance(fields.group.members["weight"], np.ndarray):
            raise ExchangeError(f"{fields.where} has complex weights, which the engine does not run")
        return self._convolution(fields, shape) if kind == "conv" else self._dense(fields, shape, kind == "dense_rec")

    def _shape(self, fields: Fields) -> tuple[int, ...] | None:
        if "shape" not in fields:
            return None
        found, _ = fields.integers("shape", (1, MAX_NEURONS))
        if found.ndim > 1 or not 1 <= found.size <= 3:
            raise ExchangeError(f"{fields.where}/shape has shape {found.shape}: one to three sizes are needed")
        return tuple(int(n) for n in found.reshape(-1))

    def _input(self, fields: Fields, shape: tuple[int, ...] | None) -> NetxLayer:
        if "neuron" not in fields:
            return NetxLayer("input", shape)
        if shape is None:
            raise ExchangeError(f"{fields.where} has neurons and no shape: how many is not known")
        neuron = self._neuron(fields.inner("neuron"), first=True)
        transform = (self._scalar(fields, "weight", INPUT_WEIGHT), self._scalar(fields, "bias", 0))
        return NetxLayer("input", shape, neuron, transform=transform)

    def _scalar(self, fields: Fields, name: str, default: int) -> int:
        """A number that lava-dl cuts to an integer."""
        if name not in fields:
            return default
        found, _ = fields.integers(name, BIAS, cut=True)
        if found.size != 1:
            raise ExchangeError(f"{fields.where}/{name} has shape {found.shape}: one number is needed")
        return int(found.reshape(-1)[0])

    def _dense(self, fields: Fields, shape: tuple[int, ...], recurrent: bool) -> NetxLayer:
        n = math.prod(shape)
        weight = self._matrix(fields, "weight", n)
        weight_rec = self._matrix(fields, "weight_rec", n) if recurrent else None
        if weight_rec is not None and weight_rec.shape != (n, n):
            raise ExchangeError(f"{fields.where}/weight_rec has shape {weight_rec.shape} for {n} neurons")
        if weight_rec is not None and "delay" in fields:
            raise ExchangeError(
                f"{fields.where}: lava-dl drops the weight exponent of a recurrent layer with delays: leave one out"
            )
        weight, weight_rec = self._clipped(fields.where, weight, weight_rec)
        return NetxLayer(
            "dense_rec" if recurrent else "dense",
            shape,
            self._neuron(fields.inner("neuron")) if "neuron" in fields else NetxNeuron(),
            weight,
            weight_rec,
            self._bias(fields, n) if "bias" in fields else None,
            self._delays(fields, weight.shape) if "delay" in fields else None,
        )

    def _clipped(self, where: str, weight: Integers, rec: Integers | None) -> tuple[Integers, Integers | None]:
        """Weights as lava-dl clips them, those of a recurrent layer together."""
        both = weight if rec is None else np.hstack([weight, rec])
        clipped = clip_mixed(both)
        if clipped is not both:
            self.remarks.append(
                f"{where}: weights span {both.min()} … {both.max()} and are clipped to {WEIGHT_MIN} … {WEIGHT_MAX}, "
                "as lava-dl clips them"
            )
        columns = weight.shape[1]
        return clipped[:, :columns], None if rec is None else clipped[:, columns:]

    def _matrix(self, fields: Fields, name: str, n: int) -> Integers:
        """Weights (n_post, n_pre); a flat array is cut into rows."""
        weight, where = self._weights(fields, name, OPAQUE), f"{fields.where}/{name}"
        if weight.ndim != 2:
            if weight.size % n:
                raise ExchangeError(f"{where} has {weight.size} values, which are no rows for {n} neurons")
            weight = weight.reshape(n, -1)
        if weight.shape[0] != n or weight.size == 0:
            raise ExchangeError(f"{where} has shape {weight.shape} for {n} neurons: rows are post-synaptic")
        return weight

    def _weights(self, fields: Fields, name: str, allowed: tuple[int, int]) -> Integers:
        weight, fractions = fields.integers(name, allowed, cut=True)
        if fractions:
            self.remarks.append(f"{fields.where}/{name} holds fractions, which are cut off, as lava-dl cuts them")
        return weight

    def _convolution(self, fields: Fields, shape: tuple[int, ...]) -> NetxLayer:
        weight = self._weights(fields, "weight", INT32)
        if weight.ndim < 4 or weight.size == 0 or math.prod(weight.shape[4:]) != 1 or len(shape) != 3:
            raise ExchangeError(
                f"{fields.where} has a kernel of shape {weight.shape} and shape {shape}: (C_out, C_in, K_y, K_x) and "
                "(C, H, W) are needed"
            )
        weight = weight.reshape(weight.shape[:4])
        if weight.min() < WEIGHT_MIN or weight.max() > WEIGHT_MAX:
            self.remarks.append(
                f"{fields.where}: weights span {weight.min()} … {weight.max()}, a synapse of the chip holds "
                f"{WEIGHT_MIN} … {WEIGHT_MAX}; Lava's Conv takes them as they are"
            )
        if "delay" in fields:
            self.remarks.append(f"{fields.where}: the delay of a convolution is left out, as lava-dl leaves it out")
        if "neuron" not in fields:
            raise ExchangeError(f"{fields.where} has no neuron: a convolution needs one")
        how = NetxConvolution(
            fields.pair("stride", 1), fields.pair("padding", 0), fields.pair("dilation", 1),
            fields.integer("groups", (1, 127), 1),
        )  # fmt: skip
        bias = None
        if "bias" in fields:
            bias, _ = fields.integers("bias", BIAS, cut=True)
            if bias.shape not in ((shape[0],), shape[::-1]):
                raise ExchangeError(
                    f"{fields.where}/bias has shape {bias.shape}: ({shape[0]},) or {shape[::-1]} is needed"
                )
        neuron = self._neuron(fields.inner("neuron"))
        return NetxLayer("conv", shape, neuron, weight, bias=bias, convolution=how)

    def _bias(self, fields: Fields, n: int) -> Integers:
        bias, fractions = fields.integers("bias", BIAS, cut=True)
        if fractions:
            self.remarks.append(f"{fields.where}/bias holds fractions, which are cut off, as lava-dl cuts them")
        if bias.size not in (1, n):
            raise ExchangeError(f"{fields.where}/bias has {bias.size} values for {n} neurons")
        return np.broadcast_to(bias.reshape(-1), (n,)).copy()

    def _delays(self, fields: Fields, shape: tuple[int, ...]) -> Integers:
        """Delays (n_post, n_pre): one for all, one a post neuron, one a pre neuron, or one a synapse."""
        (delay, fractions), where = fields.integers("delay", OPAQUE, cut=True), f"{fields.where}/delay"
        if fractions:
            self.remarks.append(f"{where} holds fractions, which are cut off, as lava-dl cuts them")
        if delay.size and delay.max() > MAX_DELAY:
            self.remarks.append(
                f"{where} spans {delay.min()} … {delay.max()} and is clamped to 0 … {MAX_DELAY}, as lava-dl clamps it"
            )
            delay = np.clip(delay, 0, MAX_DELAY)
        if delay.size and delay.min() < 0:
            raise ExchangeError(f"{where} spans {delay.min()} … {delay.max()}, the chip holds 0 … {MAX_DELAY}")
        if delay.ndim == 1 and delay.size == shape[0]:
            delay = delay[:, None]
        elif delay.ndim == 1 and delay.size == shape[1]:
            delay = delay[None, :]
        elif delay.ndim and delay.shape != shape:
            raise ExchangeError(f"{where} has shape {delay.shape}, the weights have {shape}")
        return np.broadcast_to(delay, shape).copy()

    def _neuron(self, fields: Fields, first: bool = False) -> NetxNeuron | NetxForeign:
        kind = fields.text("type")
        if kind == SIGMA_DELTA:
            name = "Delta" if first else "Sigma" if "sigma_output" in fields else "SigmaDelta"
            return NetxForeign(name, fields.integer("vThMant", (0, MAX_MANTISSA)))
        if kind not in LIF_TYPES:
            raise ExchangeError(f"{fields.where} is of type {kind!r}, the engine runs {' and '.join(LIF_TYPES)}")
        if fields.integer("messageBits", INT32, 0):
            raise ExchangeError(f"{fields.where}: a LIF neuron sends binary spikes, messageBits must be 0")
        mantissa = fields.integer("vThMant", (0, MAX_MANTISSA))
        if mantissa > NEVER:
            self.remarks.append(
                f"{fields.where}/vThMant is {mantissa}: no membrane gets beyond {NEVER - 1}, the neuron never spikes"
            )
        return NetxNeuron(fields.integer("iDecay", (0, 4096)), fields.integer("vDecay", (0, 4096)), mantissa)

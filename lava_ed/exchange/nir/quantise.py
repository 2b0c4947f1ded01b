"""Layers in numbers with fractions become the integers of Loihi 2, and it is said how far those are from them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.errors import ExchangeError
from lava_ed.exchange.netx.fields import NEVER
from lava_ed.exchange.netx.network import Integers, NetxConvolution, Shape
from lava_ed.exchange.nir.file import Values
from lava_ed.exchange.nir.layers import FloatLayer
from lava_ed.kernels.fixed_point import DECAY_UNITY, STATE_MAX
from lava_ed.kernels.stock.lif import INPUT_SHIFT

LARGEST: Final = 254
"""Largest weight of a synapse of both signs; its 8 bits go in steps of 2."""
MOST_EXPONENT: Final = 6
BIAS_MAX: Final = 4095
"""Largest bias mantissa of the chip: 13 bits."""
ROOM: Final = STATE_MAX >> INPUT_SHIFT
"""Largest membrane, in units of the threshold's mantissa."""
LEAST_THRESHOLD: Final = 32
"""A lower one would be coarser than the weights."""


@dataclass(frozen=True)
class Synapses:
    """Weights as a synapse holds them, weights·2^exponent."""

    weight: Integers
    exponent: int


@dataclass(frozen=True)
class NirLayer:
    """A layer in integers."""

    name: str
    kind: str
    """The primitive of its neurons."""
    shape: Shape
    out: Shape
    """Shapes of the spikes that come, and of the neurons."""
    forward: Synapses
    how: NetxConvolution | None
    i_decay: int
    v_decay: int
    v_th_mant: int
    bias_mant: Integers
    bias_exp: int
    """A bias is bias_mant·2^bias_exp in the membrane's 24 bits."""
    recurrent: Synapses | None
    source: Synapses | None
    """Those of a neuron that spikes in every step: a bias that goes through the current."""
    scale: float
    """Units of the threshold's mantissa for one threshold of the graph."""
    exact: bool
    errors: dict[str, float]
    """Largest error of weights and biases (in the largest weight), of du and dv (relative)."""

    @property
    def size(self) -> int:
        """Number of neurons."""
        return math.prod(self.out)

    def describe(self) -> dict[str, Any]:
        """The layer in numbers, ready for JSON."""
        return {
            "name": self.name, "neuron": self.kind, "shape": list(self.out), "iDecay": self.i_decay,
            "vDecay": self.v_decay, "vThMant": None if self.v_th_mant >= NEVER else self.v_th_mant,
            "synapses": int(self.forward.weight.size), "weight_exponent": self.forward.exponent,
            "recurrent": self.recurrent is not None, "scale": self.scale, "exact": self.exact, "errors": self.errors,
        }  # fmt: skip


def quantise(layer: FloatLayer) -> NirLayer:
    """Integers of a layer: w ≈ weight·2^e/S, threshold vThMant = S exactly, decays of 12 bits, biases of 13.

    Where all numbers are integers that fit as they are, S is the threshold and nothing is rounded. Else S is the
    largest with which weights fill 8 bits, and no current, and no membrane that leaks, can leave 24 bits.  Raises an
    ExchangeError where no scale does that.
    """
    neuron = layer.neuron
    rows = neuron.gain if layer.linear.how is None else neuron.gain.reshape(layer.linear.out[0], -1)[:, 0]
    assert layer.linear.weight is not None
    weight = _rows(layer.linear.weight, rows)
    recurrent = None if layer.recurrent is None else _rows(layer.recurrent, neuron.gain)
    filtered = neuron.du < 1 or recurrent is not None
    added = np.zeros(layer.size)
    for part in (layer.linear.bias, layer.recurrent_bias):
        added = added if part is None else added + part * neuron.gain
    leak = neuron.leak if filtered else neuron.leak + added
    source = added if filtered and np.any(added) else None
    paths = [part for part in (weight, recurrent, None if source is None else source[:, None]) if part is not None]
    scale, exact = _scale(layer, paths, leak)
    fits = [_fit(part * scale, exact) for part in paths]
    largest = max(float(np.abs(part).max()) for part in paths) or 1.0
    off = max(
        float(np.abs(fit.weight * 2.0**fit.exponent - part * scale).max())
        for fit, part in zip(fits, paths, strict=True)
    )
    mantissa, exponent, bias_off = _bias(np.rint(leak * scale) if exact else leak * scale)
    i_decay, v_decay = (round(fraction * DECAY_UNITY) for fraction in (neuron.du, neuron.dv))
    errors = {"weight": 0.0 if exact else off / (largest * scale), "bias": bias_off / (largest * scale)}
    for name, fraction, held in (("du", neuron.du, i_decay), ("dv", neuron.dv, v_decay)):
        errors[name] = abs(held / DECAY_UNITY - fraction) / (fraction or 1)
    return NirLayer(
        name=layer.name,
        kind=neuron.kind,
        shape=layer.linear.shape,
        out=layer.linear.out,
        forward=fits[0],
        how=layer.linear.how,
        i_decay=i_decay,
        v_decay=v_decay,
        v_th_mant=NEVER if neuron.silent or scale >= NEVER else round(scale),
        bias_mant=mantissa,
        bias_exp=exponent,
        recurrent=fits[1] if recurrent is not None else None,
        source=fits[-1] if source is not None else None,
        scale=scale,
        exact=not any(errors.values()),
        errors=errors,
    )


def _rows(weight: Values, rows: Values) -> Values:
    found: Values = weight * rows.reshape(-1, *[1] * (weight.ndim - 1))
    return found


def _scale(layer: FloatLayer, paths: list[Values], leak: Values) -> tuple[float, bool]:
    """S, and whether the numbers are integers that fit as they are."""
    neuron, threshold = layer.neuron, float(layer.neuron.threshold[0])
    whole = [part * threshold for part in (*paths, leak)]
    # Rounding undoes a division by the threshold; what is an integer after it was one before.
    integers = all(np.allclose(part, np.rint(part), rtol=0, atol=1e-9) and np.abs(part).max() <= ROOM for part in whole)
    same = np.all(neuron.threshold == threshold) and threshold == round(threshold) and threshold <= NEVER
    fit = all(np.abs(part).max() <= LARGEST for part in whole[:-1]) and np.abs(whole[-1]).max() <= BIAS_MAX
    if integers and same and fit:
        return threshold, True
    largest = max(float(np.abs(part).max()) for part in paths)
    if largest == 0:
        raise ExchangeError(f"node {layer.name!r} has weights of 0 only: leave the layer out")
    drive = sum(np.abs(part).reshape(len(part), -1).sum(axis=1).max() for part in paths)
    current = drive / max(neuron.du, 1 / DECAY_UNITY)
    bound = max(current, (current + np.abs(leak).max()) / neuron.dv) if neuron.dv else current + np.abs(leak).max()
    scale = min(LARGEST * 2.0**MOST_EXPONENT / largest, 0.98 * ROOM / max(float(bound), 1.0))
    # A power of two below the limit fills the weights' bits; a threshold is an integer.
    scale = LARGEST / largest * 2.0 ** math.floor(math.log2(scale * largest / LARGEST))
    if not neuron.silent:
        scale = math.floor(scale)
    if scale < LEAST_THRESHOLD:
        raise ExchangeError(
            f"node {layer.name!r}: inputs may sum up to {float(bound):,.0f} thresholds, for which a threshold would be "
            f"{scale} of at least {LEAST_THRESHOLD} units: prune weights, or split the layer"
        )
    return float(scale), False


def _fit(scaled: Values, exact: bool) -> Synapses:
    """Weights in the units of a synapse."""
    if exact:
        return Synapses(np.rint(scaled).astype(np.int64), 0)
    largest = max(float(np.abs(scaled).max()), 1.0)
    exponent = max(math.ceil(math.log2(largest / LARGEST) - 1e-9), 0)
    return Synapses(2 * np.rint(scaled / 2.0 ** (exponent + 1)).astype(np.int64), exponent)


def _bias(scaled: Values) -> tuple[npt.NDArray[np.int64], int, float]:
    """Mantissas, their exponent, and the largest error in units of the threshold's mantissa."""
    units = scaled * (1 << INPUT_SHIFT)
    largest = float(np.abs(units).max())
    exponent = max(math.ceil(math.log2(largest / BIAS_MAX)), 0) if largest else 0
    mantissa = np.rint(units / 2.0**exponent).astype(np.int64)
    return mantissa, exponent, float(np.abs(mantissa * 2.0**exponent - units).max()) / (1 << INPUT_SHIFT)

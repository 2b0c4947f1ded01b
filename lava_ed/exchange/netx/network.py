"""What a netx file says, as plain data: layers of integers, no HDF5 and no Lava in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from lava_ed.errors import ExchangeError

LayerKind = Literal["input", "flatten", "dense", "dense_rec"]
Readout = Literal["membrane", "spikes"]
READOUTS: Final = ("membrane", "spikes")
NEVER: Final = 1 << 17
"""vThMant of a neuron that never spikes: 2^17·2^6 lies above the largest 24-bit membrane."""
MAX_DELAY: Final = 62
"""Longest synaptic delay that lava-dl passes on."""

Integers = npt.NDArray[np.int64]


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
            ("vThMant", self.v_th_mant, NEVER),
        ):
            if not 0 <= value <= high:
                raise ExchangeError(f"neuron/{name} is {value}, the chip holds 0 … {high}: scale the neuron")


@dataclass(frozen=True)
class NetxLayer:
    """One entry of ``layer/<i>``.

    Parameters
    ----------
    kind : {"input", "flatten", "dense", "dense_rec"}
    shape : tuple of int or None
        As in the file, (C, H, W) or (n,); None where it is left out.
    neuron : NetxNeuron or None
    weight, weight_rec : int (n_post, n_pre) or None
        −256 … 254.
    bias : int (n_post,) or None
        Mantissa; the exponent is 6.
    delay : int (n_post, n_pre) or None
        0 … 62 steps.
    """

    kind: LayerKind
    shape: tuple[int, ...] | None = None
    neuron: NetxNeuron | None = None
    weight: Integers | None = None
    weight_rec: Integers | None = None
    bias: Integers | None = None
    delay: Integers | None = None

    @property
    def size(self) -> int:
        """Number of neurons."""
        return int(np.prod(self.shape or (0,)))


@dataclass(frozen=True)
class NetxNetwork:
    """Layers in order, and what lava-ed notes beside them.

    Parameters
    ----------
    layers : tuple of NetxLayer
    notes : dict
        What lava-ed wrote when it exported the net (encoder, steps, readout, data set …); empty for other files.
    """

    layers: tuple[NetxLayer, ...]
    notes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        size = None
        for k, layer in enumerate(self.layers):
            if layer.kind in ("input", "flatten"):
                size = layer.size if layer.kind == "input" and layer.shape else size
                continue
            assert layer.weight is not None
            if size is not None and layer.weight.shape[1] != size:
                raise ExchangeError(
                    f"layer {k} takes {layer.weight.shape[1]} inputs, the layer before it has {size} neurons: "
                    "the file does not describe a chain"
                )
            size = layer.size
        if size is None or not any(True for _ in self.dense_layers):
            raise ExchangeError("the net has no dense layer: nothing can be run")

    @property
    def dense_layers(self) -> Iterator[NetxLayer]:
        """The layers with synapses, in order."""
        return (layer for layer in self.layers if layer.kind in ("dense", "dense_rec"))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Inputs, and the neurons of every dense layer."""
        dense = list(self.dense_layers)
        assert dense[0].weight is not None
        return (dense[0].weight.shape[1], *(layer.size for layer in dense))

    def describe(self) -> dict[str, Any]:
        """Plain description, ready for JSON."""
        return {"layers": [_describe(layer) for layer in self.layers], "sizes": list(self.sizes), "notes": self.notes}


def _describe(layer: NetxLayer) -> dict[str, Any]:
    """One layer in numbers."""
    weights = [w for w in (layer.weight, layer.weight_rec) if w is not None]
    neuron = layer.neuron
    return {
        "type": layer.kind,
        "shape": None if layer.shape is None else list(layer.shape),
        "iDecay": neuron and neuron.i_decay,
        "vDecay": neuron and neuron.v_decay,
        "vThMant": neuron and neuron.v_th_mant,
        "synapses": sum(int(w.size) for w in weights),
        "nonzero_synapses": sum(int(np.count_nonzero(w)) for w in weights),
        "weight_range": [min(int(w.min()) for w in weights), max(int(w.max()) for w in weights)] if weights else None,
        "bias": layer.bias is not None,
        "delay": None if layer.delay is None else int(layer.delay.max()),
    }

"""The layers of a netx file, read as lava-dl takes them, and written as lava-dl writes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any, Final

import numpy as np

from lava_ed.errors import ExchangeError
from lava_ed.exchange.netx.fields import (
    ARRAYS,
    CONVOLUTION,
    MAX_DELAY,
    MESSAGE_BITS,
    NEURON,
    NEVER,
    SHAPE,
    TRANSFORM,
    Field,
)
from lava_ed.exchange.netx.group import Group
from lava_ed.exchange.netx.network import Integers, NetxConvolution, NetxLayer, NetxNeuron, NetxSigmaDelta
from lava_ed.exchange.netx.synapse import clip_mixed
from lava_ed.exchange.whole import narrow
from lava_ed.files.hdf5 import Hdf5Group
from lava_ed.kernels.fixed_point import WEIGHT_MAX, WEIGHT_MIN

LIF_TYPES: Final = ("LOIHI", "CUBA")
Tree = dict[str, Any]
"""Name → array, or the tree of a group."""


def read_layer(group: Group) -> NetxLayer:
    """The layer of a group.  Raises an ExchangeError where it is of a type, or has a field, that is not known here."""
    kind = group.text("type")
    if kind not in ARRAYS:
        raise ExchangeError(
            f"{group.where} is of type {kind!r}, this reader knows {', '.join(ARRAYS)}: load the file with "
            "lava-dl's netx.hdf5.Network and attach the engine to that"
        )
    shape = _shape(group) if "shape" in group else None
    if kind == "flatten" or (kind == "input" and "neuron" not in group):
        return NetxLayer("flatten" if kind == "flatten" else "input", shape)
    if shape is None:
        what = "neurons and no shape: how many is not known"
        what = what if kind == "input" else "no shape: a layer with neurons needs one"
        raise ExchangeError(f"{group.where} has {what}")
    if kind == "input":
        neuron = _neuron(group.inner("neuron"), first=True)
        weight, bias = TRANSFORM
        return NetxLayer("input", shape, neuron, transform=(group.integer(weight), group.integer(bias)))
    if isinstance(group.members.get("weight"), Hdf5Group):
        raise ExchangeError(f"{group.where} has complex weights, which the engine does not run")
    return _convolution(group, shape) if kind == "conv" else _dense(group, shape, kind == "dense_rec")


def _shape(group: Group) -> tuple[int, ...]:
    found = group.integers(SHAPE)
    if found.ndim > 1 or not 1 <= found.size <= 3:
        raise ExchangeError(f"{group.where}/shape has shape {found.shape}: one to three sizes are needed")
    return tuple(found.reshape(-1).tolist())


def _dense(group: Group, shape: tuple[int, ...], recurrent: bool) -> NetxLayer:
    n, (of_weight, of_weight_rec, of_bias, of_delay) = math.prod(shape), ARRAYS["dense"]
    weight = _rows(group, of_weight, n)
    both = weight
    if recurrent:
        weight_rec = _rows(group, of_weight_rec, n)
        if weight_rec.shape != (n, n):
            raise ExchangeError(f"{group.where}/weight_rec has shape {weight_rec.shape} for {n} neurons")
        if "delay" in group:
            raise ExchangeError(
                f"{group.where}: lava-dl drops the weight exponent of a recurrent layer with delays: leave one out"
            )
        both = np.hstack([weight, weight_rec])  # lava-dl clips them together
    clipped = clip_mixed(both)
    if clipped is not both:
        group.remarks.append(
            f"{group.where}: weights span {both.min()} … {both.max()} and are clipped to {WEIGHT_MIN} … {WEIGHT_MAX}, "
            "as lava-dl clips them"
        )
    columns = weight.shape[1]
    return NetxLayer(
        "dense_rec" if recurrent else "dense",
        shape,
        _neuron(group.inner("neuron")) if "neuron" in group else NetxNeuron(),
        clipped[:, :columns],
        clipped[:, columns:] if recurrent else None,
        _bias(group, of_bias, n) if "bias" in group else None,
        _delays(group, of_delay, weight.shape) if "delay" in group else None,
    )


def _rows(group: Group, field: Field, n: int) -> Integers:
    """Weights (n_post, n_pre); a flat array is cut into rows."""
    weight, where = group.integers(field), f"{group.where}/{field.name}"
    if weight.ndim != 2:
        if weight.size % n:
            raise ExchangeError(f"{where} has {weight.size} values, which are no rows for {n} neurons")
        weight = weight.reshape(n, -1)
    if weight.shape[0] != n or weight.size == 0:
        raise ExchangeError(f"{where} has shape {weight.shape} for {n} neurons: rows are post-synaptic")
    return weight


def _bias(group: Group, field: Field, n: int) -> Integers:
    bias = group.integers(field)
    if bias.size not in (1, n):
        raise ExchangeError(f"{group.where}/bias has {bias.size} values for {n} neurons")
    return np.broadcast_to(bias.reshape(-1), (n,)).copy()


def _delays(group: Group, field: Field, shape: tuple[int, ...]) -> Integers:
    """Delays (n_post, n_pre): one for all, one a post neuron, one a pre neuron, or one a synapse."""
    delay, where = group.integers(field), f"{group.where}/delay"
    spans = f"{where} spans {delay.min()} … {delay.max()}" if delay.size else ""
    if delay.max(initial=0) > MAX_DELAY:
        group.remarks.append(f"{spans} and is clamped to 0 … {MAX_DELAY}, as lava-dl clamps it")
        delay = np.clip(delay, 0, MAX_DELAY)
    elif delay.min(initial=0) < 0:
        raise ExchangeError(f"{spans}, the chip holds 0 … {MAX_DELAY}")
    if delay.ndim == 1 and delay.size == shape[0]:
        delay = delay[:, None]
    elif delay.ndim == 1 and delay.size == shape[1]:
        delay = delay[None, :]
    elif delay.ndim and delay.shape != shape:
        raise ExchangeError(f"{where} has shape {delay.shape}, the weights have {shape}")
    return np.broadcast_to(delay, shape).copy()


def _convolution(group: Group, shape: tuple[int, ...]) -> NetxLayer:
    of_kernel, of_bias = ARRAYS["conv"]
    kernel = group.integers(of_kernel)
    if kernel.ndim < 4 or kernel.size == 0 or math.prod(kernel.shape[4:]) != 1 or len(shape) != 3:
        raise ExchangeError(
            f"{group.where} has a kernel of shape {kernel.shape} and shape {shape}: (C_out, C_in, K_y, K_x) and "
            "(C, H, W) are needed"
        )
    if kernel.min() < WEIGHT_MIN or kernel.max() > WEIGHT_MAX:
        group.remarks.append(
            f"{group.where}: weights span {kernel.min()} … {kernel.max()}, a synapse of the chip holds "
            f"{WEIGHT_MIN} … {WEIGHT_MAX}; Lava's Conv takes them as they are"
        )
    if "delay" in group:
        group.remarks.append(f"{group.where}: the delay of a convolution is left out, as lava-dl leaves it out")
    if "neuron" not in group:
        raise ExchangeError(f"{group.where} has no neuron: a convolution needs one")
    stride, padding, dilation, groups = CONVOLUTION
    how = NetxConvolution(group.pair(stride), group.pair(padding), group.pair(dilation), group.integer(groups))
    bias = group.integers(of_bias) if "bias" in group else None
    if bias is not None and bias.shape not in ((shape[0],), shape[::-1]):
        raise ExchangeError(f"{group.where}/bias has shape {bias.shape}: ({shape[0]},) or {shape[::-1]} is needed")
    neuron = _neuron(group.inner("neuron"))
    return NetxLayer("conv", shape, neuron, kernel.reshape(kernel.shape[:4]), bias=bias, convolution=how)


def _neuron(group: Group, first: bool = False) -> NetxNeuron | NetxSigmaDelta:
    kind, threshold = group.text("type"), NEURON[-1]
    if kind == "SDNN":  # sigma-delta
        if "messageBits" in group:
            raise ExchangeError(
                f"{group.where} has messageBits, at which lava-dl fails: leave them out, which means 16"
            )
        return NetxSigmaDelta(
            "Delta" if first else "Sigma" if "sigma_output" in group else "SigmaDelta", group.integer(threshold)
        )
    if kind not in LIF_TYPES:
        raise ExchangeError(f"{group.where} is of type {kind!r}, the engine runs {' and '.join(LIF_TYPES)}")
    if group.integer(MESSAGE_BITS):
        raise ExchangeError(f"{group.where}: a LIF neuron sends binary spikes, messageBits must be 0")
    neuron = NetxNeuron(*map(group.integer, NEURON))
    if neuron.v_th_mant > NEVER:
        group.remarks.append(
            f"{group.where}/vThMant is {neuron.v_th_mant}: no membrane gets beyond {NEVER - 1}, the neuron never spikes"
        )
    return neuron


def layer_tree(layer: NetxLayer, where: str) -> Tree:
    """One layer as it is written.

    Raises an ExchangeError where a number does not fit its field, or the neurons are none that lava-ed writes.
    """
    arrays = ARRAYS[layer.kind]
    tree: Tree = {"type": _text(layer.kind)}
    tree |= _written((SHAPE, *arrays), (layer.shape, *(getattr(layer, field.name) for field in arrays)), where)
    if layer.transform is not None:
        tree |= _written(TRANSFORM, layer.transform, where)
    if layer.convolution is not None:
        tree |= _written(CONVOLUTION, astuple(layer.convolution), where)
    if layer.sigma_delta is not None:
        raise ExchangeError(f"{where}: {layer.sigma_delta.name} neurons are read, and not written")
    if isinstance(layer.neuron, NetxNeuron):
        numbers = _written((*NEURON, Field("refDelay")), (*astuple(layer.neuron), 1), f"{where}/neuron")
        tree["neuron"] = {"type": _text("CUBA"), **numbers}
    return tree


def _written(fields: Sequence[Field], values: Sequence[Any], where: str) -> Tree:
    """Values as their fields are written; None stands for a field that is left out."""
    return {
        field.name: narrow(value, field.fits, f"{where}/{field.name}").astype(field.written)
        for field, value in zip(fields, values, strict=True)
        if value is not None
    }


def _text(value: str) -> Any:
    return np.array([value.encode("ascii")], "S16")

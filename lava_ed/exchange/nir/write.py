"""A net of integers written as a NIR graph that is right without our notes; needs the package nir."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any, Final

import numpy as np

from lava_ed.errors import ExchangeError
from lava_ed.exchange.netx.fields import NEVER
from lava_ed.exchange.netx.network import NetxLayer, NetxNetwork, Pair, Shape
from lava_ed.exchange.nir.file import DIGEST, NOTES, NirNode, graph_digest, read_graph
from lava_ed.exchange.nir.network import DT
from lava_ed.files.writing import write_atomically
from lava_ed.installed import required
from lava_ed.kernels.fixed_point import DECAY_UNITY
from lava_ed.version import __version__

NEURONS: Final = ("cubalif", "simplest")
ENDLESS: Final = 2.0**60
"""Steps of a time constant that no float notices: R·a and v then add up without a rounding, in 32 bits too."""
WAY_OUT: Final = "use --format netx or golden"


def write_nir(net: NetxNetwork, path: str | os.PathLike[str], *, neurons: str = "cubalif") -> None:
    """Write a NIR file, whole or not at all; `nir_bytes` tells which ``neurons`` there are.

    Raises
    ------
    ExchangeError
        If the package nir is missing, or the net has what the standard cannot say.
    RunFolderError
        If the file cannot be written.
    """
    write_atomically(Path(path), nir_bytes(net, neurons))


def is_own_nir(path: str | os.PathLike[str]) -> bool:
    """Whether a readable file is a NIR file that lava-ed wrote, and that nobody has changed since."""
    return "lava_ed_version" in read_graph(path).notes


def nir_bytes(net: NetxNetwork, neurons: str = "cubalif") -> bytes:
    """Content of a NIR file: weights and thresholds are our integers, and time constants those of a step of 10^-4 s.

    A dense layer is Linear, or Affine with a bias, a recurrent one has a second Linear around its neurons, and a
    convolution is Conv2d, after a SumPool2d where its kernel does the same with all spikes of a square.  Neurons are
    CubaLIF throughout, which snnTorch and Norse both run ("cubalif"), or IF where neither u nor v decays slowly and LIF
    where u does not ("simplest").
    """
    if neurons not in NEURONS:
        raise ExchangeError(f"neurons {neurons!r}: NIR files are written with {' or '.join(NEURONS)}")
    nir = required("nir", "nir", "NIR files are written by the package nir", ExchangeError)
    nodes: dict[str, Any] = {"input": nir.Input(np.array(net.input_shape))}
    edges: list[tuple[str, str]] = []
    previous, shape = "input", net.input_shape
    for k, layer in enumerate(net.synaptic_layers, start=1):
        _check(layer, net, shape, k)
        parts = _synapses(nir, layer, shape)
        if len(shape) > 1 and layer.kind != "conv":
            parts = {"flatten": nir.Flatten({"input": np.array(shape)}, start_dim=0), **parts}
        parts["neurons"] = _neurons(nir, layer, neurons)
        names = [f"{part}{k}" for part in parts]
        nodes.update(zip(names, parts.values(), strict=True))
        if layer.weight_rec is not None:
            nodes[f"recurrent{k}"] = nir.Linear(_floats(layer.weight_rec))
            edges += [(f"neurons{k}", f"recurrent{k}"), (f"recurrent{k}", f"neurons{k}")]
        edges += zip([previous, *names], names, strict=False)
        previous, shape = f"neurons{k}", layer.shape if layer.kind == "conv" and layer.shape else (layer.size,)
    nodes["output"] = nir.Output(np.array(shape))
    edges.append((previous, "output"))
    notes = json.loads(json.dumps({**net.notes, "dt": DT, "lava_ed_version": __version__}))
    graph = nir.NIRGraph(nodes, edges)
    stated = {name: _as_read(name, node.to_dict()) for name, node in nodes.items()}
    sealed = {**notes, DIGEST: graph_digest(stated, tuple(edges), notes)}
    graph.metadata = {NOTES: json.dumps(sealed, sort_keys=True)}
    buffer = io.BytesIO()
    nir.write(buffer, graph)
    return buffer.getvalue()


def _as_read(name: str, fields: dict[str, Any]) -> NirNode:
    """A node as the reader sees it."""
    numbers = {key: np.asarray(value, np.float64) for key, value in fields.items() if key not in ("type", "metadata")}
    return NirNode(name, fields["type"], numbers)


def _floats(values: Any) -> Any:
    return np.asarray(values, np.float32)


def _check(layer: NetxLayer, net: NetxNetwork, shape: Shape, k: int) -> None:
    """Refuse by name what the standard cannot say."""
    problem = None
    if layer.delay is not None:
        problem = "delays of synapses"
    elif net.input_layer is not None:
        problem = "input neurons that take values as their bias"
    elif layer.bias is not None and layer.lif.i_decay != DECAY_UNITY:
        problem = "a bias that does not go through the current of CubaLIF"
    elif layer.bias is not None and layer.kind == "conv" and layer.bias.ndim > 1:
        problem = "a bias that differs within a channel"
    elif (
        layer.kind == "conv"
        and len({n // side for n, side in zip(layer.synapses.shape[2:], _pool(layer, shape), strict=True)}) > 1
    ):
        problem = "a kernel that is not square, for which nir 1.0.8 infers other shapes"
    elif layer.lif.i_decay == 0:
        problem = "currents that never decay"
    if problem:
        raise ExchangeError(f"layer {k}: NIR cannot hold {problem}: {WAY_OUT}")


def _synapses(nir: Any, layer: NetxLayer, shape: Shape) -> dict[str, Any]:
    """The nodes of a layer's synapses."""
    weight = _floats(layer.weight)
    if layer.kind == "conv":
        how, pool = layer.how, _pool(layer, shape)
        kernel = _ungrouped(weight[:, :, :: pool[0], :: pool[1]], how.groups)
        bias = np.zeros(len(weight), np.float32) if layer.bias is None else _floats(layer.bias)
        pairs = ((n // pool[0], m // pool[1]) for n, m in (shape[1:], how.stride, how.padding))
        size, stride, padding = pairs
        conv = nir.Conv2d(size, kernel, stride, padding, how.dilation, 1, bias)
        if pool == (1, 1):
            return {"synapses": conv}
        return {"pool": nir.SumPool2d(np.array(pool), np.array(pool), np.array([0, 0])), "synapses": conv}
    if layer.bias is None:
        return {"synapses": nir.Linear(weight)}
    return {"synapses": nir.Affine(weight, _floats(np.broadcast_to(layer.bias, (layer.size,))))}


def _ungrouped(kernel: Any, groups: int) -> Any:
    """The kernel of one group, 0 between what were several: nir 1.0.8 infers no shapes for these."""
    outs, per, *size = kernel.shape
    wide = np.zeros((groups, outs // groups, groups, per, *size), np.float32)
    wide[range(groups), :, range(groups)] = kernel.reshape(groups, outs // groups, per, *size)
    return wide.reshape(outs, groups * per, *size)


def _pool(layer: NetxLayer, shape: Shape) -> Pair:
    """The largest window (y, x) whose spikes a convolution only sums: it steps over windows, with the same weights."""
    how, weight = layer.how, layer.synapses
    sides = [1, 1]
    for axis in (0, 1):
        size, kernel, padding = shape[1 + axis], weight.shape[2 + axis], how.padding[axis]
        for side in range(2, kernel + 1):
            whole = kernel % side == how.stride[axis] % side == padding % side == 0
            blocks = np.stack(np.split(weight, kernel // side, axis=2 + axis)) if whole else weight
            same = whole and np.all(blocks == np.take(blocks, [0], axis=3 + axis))
            if same and how.dilation == (1, 1) and (size % side == 0 or padding == 0):
                sides[axis] = side
    return sides[0], sides[1]


def _neurons(nir: Any, layer: NetxLayer, neurons: str) -> Any:
    """v > vThMant in units of a weight; gains of R and w_in undo the factors dt/τ, so that a weight counts as it is."""
    shape = layer.shape if layer.kind == "conv" and layer.shape else (layer.size,)

    def all_are(value: float) -> Any:
        return np.full(shape, value, np.float32 if value == int(value) else np.float64)

    neuron = layer.lif
    threshold = {"v_threshold": all_are(min(neuron.v_th_mant, NEVER)), "v_reset": all_are(0)}
    current = DECAY_UNITY / neuron.i_decay
    leak = DECAY_UNITY / neuron.v_decay if neuron.v_decay else ENDLESS
    if neurons == "simplest" and current == 1:
        if leak == ENDLESS:
            return nir.IF(r=all_are(1), **threshold)
        return nir.LIF(tau=all_are(DT * leak), r=all_are(leak), v_leak=all_are(0), **threshold)
    return nir.CubaLIF(
        tau_syn=all_are(DT * current), tau_mem=all_are(DT * leak), r=all_are(leak), v_leak=all_are(0),
        w_in=all_are(current), **threshold,
    )  # fmt: skip

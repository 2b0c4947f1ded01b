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
from lava_ed.exchange.netx.network import NetxLayer, NetxNetwork, Shape
from lava_ed.exchange.nir.file import DIGEST, NOTES, NirNode, graph_digest, read_graph
from lava_ed.exchange.nir.network import DT
from lava_ed.files.writing import write_atomically
from lava_ed.kernels.fixed_point import DECAY_UNITY
from lava_ed.version import __version__

WAY_OUT: Final = "use --format netx or golden"


def write_nir(net: NetxNetwork, path: str | os.PathLike[str]) -> None:
    """Write a NIR file, whole or not at all.

    Raises
    ------
    ExchangeError
        If the package nir is missing, or the net has what the standard cannot say.
    RunFolderError
        If the file cannot be written.
    """
    write_atomically(Path(path), nir_bytes(net))


def is_own_nir(path: str | os.PathLike[str]) -> bool:
    """Whether a readable file is a NIR file that lava-ed wrote, and that nobody has changed since."""
    return "lava_ed_version" in read_graph(path).notes


def nir_bytes(net: NetxNetwork) -> bytes:
    """Content of a NIR file: weights and thresholds are our integers, and time constants those of a step of 10^-4 s.

    A dense layer is Linear, or Affine with a bias, a recurrent one has a second Linear around its neurons, a
    convolution is Conv2d, and a LIF neuron IF (no decay of v, none left of u), LIF (none left of u) or CubaLIF.
    """
    try:
        import nir
    except ImportError as error:
        raise ExchangeError("NIR files are written by the package nir: pip install 'lava-ed[nir]'") from error
    nodes: dict[str, Any] = {"input": nir.Input(np.array(net.input_shape))}
    edges: list[tuple[str, str]] = []
    previous, shape = "input", net.input_shape
    for k, layer in enumerate(net.synaptic_layers, start=1):
        _check(layer, net, k)
        names = [f"synapses{k}", f"neurons{k}"]
        if len(shape) > 1 and layer.kind != "conv":
            nodes[f"flatten{k}"] = nir.Flatten({"input": np.array(shape)}, start_dim=0)
            names.insert(0, f"flatten{k}")
        nodes[f"synapses{k}"] = _synapses(nir, layer, shape)
        nodes[f"neurons{k}"] = _neurons(nir, layer)
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


def _check(layer: NetxLayer, net: NetxNetwork, k: int) -> None:
    """Refuse by name what the standard cannot say."""
    problem = None
    if layer.delay is not None:
        problem = "delays of synapses"
    elif net.input_layer is not None:
        problem = "input neurons that take values as their bias"
    elif layer.bias is not None and layer.lif.i_decay != DECAY_UNITY:
        problem = "a bias that does not go through the current of CubaLIF"
    elif layer.bias is not None and layer.kind == "conv":
        problem = "a bias of a convolution in the membrane's own unit"
    elif layer.lif.i_decay == 0:
        problem = "currents that never decay"
    if problem:
        raise ExchangeError(f"layer {k}: NIR cannot hold {problem}: {WAY_OUT}")


def _synapses(nir: Any, layer: NetxLayer, shape: Shape) -> Any:
    weight = _floats(layer.weight)
    if layer.kind == "conv":
        how = layer.how
        bias = np.zeros(len(weight), np.float32)
        pairs = (how.stride, how.padding, how.dilation)
        return nir.Conv2d(shape[1:], weight, *pairs, groups=how.groups, bias=bias)
    if layer.bias is None:
        return nir.Linear(weight)
    return nir.Affine(weight, _floats(np.broadcast_to(layer.bias, (layer.size,))))


def _neurons(nir: Any, layer: NetxLayer) -> Any:
    """v > vThMant in units of a weight; gains of R and w_in undo the factors dt/τ, so that a weight counts as it is."""
    shape = layer.shape if layer.kind == "conv" and layer.shape else (layer.size,)

    def all_are(value: float) -> Any:
        return np.full(shape, value, np.float32 if value == int(value) else np.float64)

    neuron = layer.lif
    threshold = {"v_threshold": all_are(min(neuron.v_th_mant, NEVER)), "v_reset": all_are(0)}
    current, leak = DECAY_UNITY / neuron.i_decay, DECAY_UNITY / neuron.v_decay if neuron.v_decay else 0
    if current == 1 and not leak:
        return nir.IF(r=all_are(1), **threshold)
    if current == 1:
        return nir.LIF(tau=all_are(DT * leak), r=all_are(leak), v_leak=all_are(0), **threshold)
    if not leak:
        raise ExchangeError(f"NIR cannot hold a current that decays with a membrane that does not: {WAY_OUT}")
    return nir.CubaLIF(
        tau_syn=all_are(DT * current), tau_mem=all_are(DT * leak), r=all_are(leak), v_leak=all_are(0),
        w_in=all_are(current), **threshold,
    )  # fmt: skip

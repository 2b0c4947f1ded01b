"""The graph of a NIR file, folded into layers: one linear map from spikes to currents, and one layer of neurons.

Loihi 2 has neurons and synapses, and nothing between them.  Scales, sums and means over windows, and flattening are
linear, so that they become part of the weights, which changes nothing but the order of float sums.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from lava_ed.errors import ExchangeError
from lava_ed.exchange.netx.network import NetxConvolution, Pair, Shape
from lava_ed.exchange.nir.file import NirGraph, NirNode, Values
from lava_ed.exchange.nir.neurons import NEURONS, Dynamics, dynamics


@dataclass(frozen=True)
class LinearMap:
    """What lies between the spikes of one layer and the currents of the next."""

    shape: Shape
    """That of the spikes."""
    out: Shape
    """Shape of the currents."""
    weight: Values | None = None
    """(n, m) or (C_out, C_in/groups, K_y, K_x); None as long as no weights have come."""
    how: NetxConvolution | None = None
    """None for a matrix."""
    bias: Values | None = None
    pool: Pair | None = None
    """A window (y, x) of that size and stride whose sums come before the weights."""
    scale: float = 1.0


@dataclass(frozen=True)
class FloatLayer:
    """A layer in numbers with fractions; weights and bias are those of the graph, `neuron.gain` comes on top."""

    name: str
    nodes: tuple[str, ...]
    linear: LinearMap
    neuron: Dynamics
    recurrent: Values | None = None
    recurrent_bias: Values | None = field(default=None)

    @property
    def size(self) -> int:
        """Number of neurons."""
        return math.prod(self.linear.out)


def fold(graph: NirGraph, dt: float) -> list[FloatLayer]:
    """Layers of a graph, from its input to its output, for time steps of dt seconds.

    Raises an ExchangeError where the graph is no chain of layers, which may each have one recurrent connection, or has
    what no layer can be; the message names the node.
    """
    after: dict[str, list[str]] = {name: [] for name in graph.nodes}
    before: dict[str, list[str]] = {name: [] for name in graph.nodes}
    for source, target in graph.edges:
        after[source].append(target)
        before[target].append(source)
    inputs = [node for node in graph.nodes.values() if node.kind == "Input"]
    if len(inputs) != 1:
        raise ExchangeError(f"the graph has {len(inputs)} Input nodes: the engine runs graphs of one")
    shape = _shape(inputs[0], inputs[0]["shape"])
    at, linear, path, seen = inputs[0], LinearMap(shape, shape), list[str](), {inputs[0].name}
    layers: list[FloatLayer] = []
    while at.kind != "Output":
        loop: str | None = None
        targets = after[at.name]
        if at.kind in NEURONS:
            loops = [name for name in targets if after[name] == [at.name] and before[name] == [at.name]]
            loop = loops[0] if len(loops) == 1 else None
            targets = [name for name in targets if name != loop]
            layers.append(_layer(graph, at, loop, (*path, at.name), linear, dt))
            linear, path = LinearMap(linear.out, linear.out), []
        if len(targets) != 1:
            raise ExchangeError(f"{at.where} leads to {len(targets)} nodes {targets[:5]}: layers have to be a chain")
        allowed, at = {at.name}, graph.nodes[targets[0]]
        if at.kind in NEURONS:
            allowed |= {name for name in after[at.name] if after[name] == [at.name]}
        if at.name in seen or not set(before[at.name]) <= allowed:
            raise ExchangeError(
                f"{at.where} takes what {sorted(before[at.name])[:5]} send: recurrence over more than one layer, and "
                "branches, need delays that a chain of layers does not have"
            )
        seen.add(at.name)
        if layers and layers[-1].neuron.silent and at.kind != "Output":
            raise ExchangeError(f"{at.where} takes the membranes of neurons that never spike: only the last layer can")
        if at.kind not in (*NEURONS, "Output"):
            linear = _add(linear, at)
            path.append(at.name)
    if not layers:
        raise ExchangeError("the graph has no neurons: nothing can be run")
    if path:
        raise ExchangeError(f"node {path[-1]!r} lies between the last neurons and the output: put an I or LI behind it")
    return layers


def _shape(node: NirNode, sizes: Values) -> Shape:
    found = tuple(int(n) for n in sizes.reshape(-1))
    if len(found) not in (1, 2, 3) or min(found) < 1 or math.prod(found) > 1 << 20:
        raise ExchangeError(f"{node.where}: shape {found[:8]}: (n,), (C, N) or (C, H, W) of up to 2^20 are needed")
    return found if len(found) != 2 else (found[0], 1, found[1])


def _layer(
    graph: NirGraph, node: NirNode, loop: str | None, nodes: tuple[str, ...], linear: LinearMap, dt: float
) -> FloatLayer:
    size, recurrent, bias = math.prod(linear.out), None, None
    neuron = dynamics(node, size, dt)
    linear = _finish(linear, node)
    if loop is not None:
        back = graph.nodes[loop]
        if back.kind not in ("Affine", "Linear") or back["weight"].shape != (size, size):
            raise ExchangeError(f"{back.where} loops around {node.where}: only Affine or Linear of {size} × {size} can")
        recurrent = back["weight"]
        bias = back["bias"].reshape(-1) if back.kind == "Affine" else None
        if np.any(neuron.leak):
            raise ExchangeError(f"{node.where}: v_leak in a layer with recurrence would act before its first step")
        nodes = (*nodes, loop)
    if len(linear.out) == 3 and linear.how is not None:
        gain = neuron.gain.reshape(linear.out[0], -1)
        if not np.allclose(gain, gain[:, :1], rtol=1e-6):
            raise ExchangeError(f"{node.where}: r or v_threshold differ within a channel, whose neurons share weights")
    return FloatLayer(node.name, nodes, linear, neuron, recurrent, bias)


def _add(linear: LinearMap, node: NirNode) -> LinearMap:
    """A linear map with one node more."""
    kind = node.kind
    if kind == "Flatten":
        return replace(linear, out=(math.prod(linear.out),))
    if kind == "Scale":
        factors = np.unique(node["scale"])
        if len(factors) != 1:
            raise ExchangeError(f"{node.where}: scales that differ are not folded: multiply them into the weights")
        bias = None if linear.bias is None else linear.bias * factors[0]
        return replace(linear, scale=linear.scale * float(factors[0]), bias=bias)
    if kind not in ("Affine", "Linear", "Conv1d", "Conv2d", "SumPool2d", "AvgPool2d"):
        raise ExchangeError(f"{node.where} cannot be part of a layer of LIF neurons: leave it out, or use another one")
    if linear.weight is not None:
        raise ExchangeError(f"{node.where} follows other weights without neurons between: multiply them into one")
    if kind in ("Affine", "Linear"):
        return _matrix(linear, node)
    if kind in ("Conv1d", "Conv2d"):
        return _convolution(linear, node)
    return _pool(linear, node)


def _matrix(linear: LinearMap, node: NirNode) -> LinearMap:
    weight = node["weight"]
    if weight.ndim != 2 or len(linear.out) != 1 or weight.shape[1] != linear.out[0]:
        raise ExchangeError(f"{node.where} has weights of shape {weight.shape} for an input of shape {linear.out}")
    bias = node["bias"].reshape(-1) if node.kind == "Affine" else None
    if bias is not None and bias.size != len(weight):
        raise ExchangeError(f"{node.where} has {bias.size} biases for {len(weight)} outputs")
    if linear.pool is not None:
        (y, x), (channels, height, width) = linear.pool, linear.shape
        pooled = weight.reshape(len(weight), channels, height // y, width // x)
        spread = np.zeros((len(weight), *linear.shape))
        spread[:, :, : height // y * y, : width // x * x] = pooled.repeat(y, 2).repeat(x, 3)
        weight = spread.reshape(len(weight), -1)
    return replace(linear, weight=weight, bias=bias, out=(len(weight),), pool=None)


def _pair(node: NirNode, name: str) -> Pair:
    found = node[name].reshape(-1)
    if found.size not in (1, 2) or np.any(found != np.trunc(found)) or np.any(np.abs(found) > 127):
        raise ExchangeError(f"{node.where}: {name} {found[:4].tolist()} is not one integer, or two, of at most 127")
    return int(found[0]), int(found[-1])


def _convolution(linear: LinearMap, node: NirNode) -> LinearMap:
    weight, pairs = node["weight"], {}
    flat = node.kind == "Conv1d"
    weight = weight[:, :, None, :] if flat and weight.ndim == 3 else weight
    if weight.ndim != 4 or len(linear.out) != 3:
        raise ExchangeError(f"{node.where} has weights of shape {weight.shape} for an input of shape {linear.out}")
    for name, alone in (("stride", 1), ("dilation", 1)):
        pairs[name] = (alone, _pair(node, name)[1]) if flat else _pair(node, name)
    padding = node.fields.get("padding")
    if isinstance(padding, str):
        reach = [d * (k - 1) for d, k in zip(pairs["dilation"], weight.shape[2:], strict=True)]
        if padding not in ("same", "valid") or (padding == "same" and any(r % 2 for r in reach)):
            raise ExchangeError(f"{node.where}: padding {padding[:40]!r} is not the same on both sides")
        pairs["padding"] = (reach[0] // 2, reach[1] // 2) if padding == "same" else (0, 0)
    else:
        pairs["padding"] = (0, _pair(node, "padding")[1]) if flat else _pair(node, "padding")
    groups = int(node["groups"].reshape(-1)[0])
    if linear.pool is not None:
        y, x = linear.pool
        exact = all(n % k == 0 for n, k in zip(linear.shape[1:], (y, x), strict=True)) or pairs["padding"] == (0, 0)
        if pairs["dilation"] != (1, 1) or not exact:
            raise ExchangeError(f"{node.where}: dilation, or padding of a rest, after a pool is no single convolution")
        weight = np.kron(weight, np.ones((1, 1, y, x)))
        for name in ("stride", "padding"):
            pairs[name] = (pairs[name][0] * y, pairs[name][1] * x)
    bias = node["bias"].reshape(-1)
    how = NetxConvolution(pairs["stride"], pairs["padding"], pairs["dilation"], groups)
    if weight.shape[1] * groups != linear.out[0] or len(weight) % groups or bias.size not in (1, len(weight)):
        raise ExchangeError(f"{node.where} has weights of shape {weight.shape} in {groups} groups, and {bias.size} "
                            f"biases, for an input of shape {linear.out}")  # fmt: skip
    out = (len(weight), *how.sizes(linear.shape[1:], weight.shape[2:]))
    if min(out) < 1:
        raise ExchangeError(f"{node.where}: the kernel {weight.shape[2:]} is larger than its input {linear.out}")
    bias = np.broadcast_to(bias[:, None] if bias.size > 1 else bias, (out[0], math.prod(out[1:]))).reshape(-1)
    return replace(linear, weight=weight, how=how, bias=bias, out=out, pool=None)


def _pool(linear: LinearMap, node: NirNode) -> LinearMap:
    size, stride, padding = (_pair(node, name) for name in ("kernel_size", "stride", "padding"))
    if linear.pool is not None or len(linear.out) != 3:
        raise ExchangeError(f"{node.where} follows another pool, or takes no (C, H, W)")
    if size != stride or padding != (0, 0) or min(size) < 1:
        raise ExchangeError(f"{node.where}: windows {size}, stride {stride}, padding {padding}, leave gaps or overlap: "
                            "take a stride of the window's size and no padding")  # fmt: skip
    scale = 1 / math.prod(size) if node.kind == "AvgPool2d" else 1.0
    channels, height, width = linear.out
    out = (channels, height // size[0], width // size[1])
    if min(out) < 1:
        raise ExchangeError(f"{node.where}: the window {size} is larger than its input {linear.out}")
    return replace(linear, pool=size, scale=linear.scale * scale, out=out)


def _finish(linear: LinearMap, node: NirNode) -> LinearMap:
    """A map with weights: where the graph has none, each spike goes to its own neuron."""
    weight, how = linear.weight, linear.how
    if weight is None:
        if len(linear.shape) == 1:
            weight = np.eye(linear.shape[0])
        elif len(linear.out) == 3:
            y, x = linear.pool or (1, 1)
            weight, how = np.ones((linear.shape[0], 1, y, x)), NetxConvolution((y, x), groups=linear.shape[0])
        else:
            raise ExchangeError(f"{node.where} takes flattened spikes without weights: leave the Flatten out")
    return replace(linear, weight=weight * linear.scale, how=how, scale=1.0, pool=None)

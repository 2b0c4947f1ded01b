"""The graph of a net: its nodes with their parameters, and the connections between their ports; no Lava, no engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.errors import ConfigError, ShapeError, WeightError
from lava_ed.kernels.fixed_point import MAP_FRACTION_BITS
from lava_ed.network.adaptation import Adaptation
from lava_ed.network.kinds import KINDS
from lava_ed.network.schedule import Schedule
from lava_ed.network.spec import NetworkSpec
from lava_ed.network.wiring import Edge, connections_of, feedback_weights, initial_weights

Weights = npt.NDArray[np.int8]


@dataclass(frozen=True)
class GraphNode:
    """A process of a net."""

    name: str
    """encoder, labels, dense1 …, hidden1 …, feedback1 …, readout or error."""
    kind: str
    """Name of the process's class in `lava_ed.proc`; the neurons of a baseline have no class."""
    shape: tuple[int, ...]
    """(n,) for neurons, (n_post, n_pre) for synapses."""
    parameters: Mapping[str, Any]
    """What the class takes beside schedule, overflow policy, seed, shape, samples, labels and weights."""


@dataclass(frozen=True)
class NetGraph:
    """Nodes in the order in which they are made, their connections, and the schedule that all of them share."""

    spec: NetworkSpec
    nodes: tuple[GraphNode, ...]
    connections: tuple[Edge, ...]
    schedule: Schedule

    @property
    def common(self) -> dict[str, Any]:
        """Parameters that all nodes share."""
        return {"schedule": self.schedule, "overflow": self.spec.overflow, "seed": self.spec.seed}

    @property
    def dense(self) -> list[GraphNode]:
        """The plastic connections, from the input to the output."""
        return self.of_kind("PlasticDense", "PlasticConv")

    @property
    def hidden(self) -> list[GraphNode]:
        """The hidden layers, from the input to the output."""
        return self.of_kind(self.spec.rule.neuron, f"{self.spec.rule.neuron}Map")

    def of_kind(self, *kinds: str) -> list[GraphNode]:
        """The nodes of some kinds."""
        return [node for node in self.nodes if node.kind in kinds]

    def weights_shape(self, node: GraphNode) -> tuple[int, ...]:
        """Shape of a node's weights as the user sees them: (n_post, n_pre), or (columns, rows) of kernels."""
        return node.shape[2:4] if node.kind == "PlasticConv" else node.shape

    def weights(self, given: Sequence[Weights] | None = None) -> dict[str, Weights]:
        """`stored_weights` of every node that has some, the plastic ones given or drawn from the seed."""
        plastic = stored_weights(self.spec, given)
        return {node.name: matrix for node, matrix in zip(self.dense, plastic, strict=True)} | {
            node.name: feedback_weights(self.spec, node.parameters["layer"]) for node in self.of_kind("FeedbackDense")
        }

    def check_processes(self) -> None:
        """Refuse a net that neither Lava nor the engine can build: that of a baseline, which has no processes."""
        rule = self.spec.rule
        if rule.baseline:
            raise ConfigError(
                f"{rule.name} is a baseline without Lava processes, which trains in a loop of its own: train std-ed or "
                "mpd-ed for processes, programs and golden vectors"
            )


def graph_of(spec: NetworkSpec) -> NetGraph:
    """The graph of the net that a spec describes, also of a baseline's."""
    return NetGraph(spec, tuple(_nodes(spec)), tuple(connections_of(spec)), spec.schedule)


def _nodes(spec: NetworkSpec) -> Iterator[GraphNode]:
    last = len(spec.layers)
    yield GraphNode("encoder", "Encoder", spec.shapes[0], {"kind": spec.encoder, "drop": spec.input_drop})
    yield GraphNode("labels", "Labels", (1,), {})
    for layer in spec.layers:
        yield (_convolution if spec.connections[layer - 1].is_conv else _dense)(spec, layer)
    for layer in spec.hidden:
        yield (_map if spec.connections[layer - 1].is_conv else _neurons)(spec, layer)
        if spec.feedback == "random":
            shape = spec.sizes[-1], spec.sizes[layer]
            yield GraphNode(
                f"feedback{layer}", "FeedbackDense", shape, {"layer": layer, "error_shift": spec.error_shift}
            )
    if spec.readout == "first-spike":
        adapts = {"layer": last, "adaptation": spec.readout_adaptation}
        yield GraphNode("readout", "FirstSpikeReadout", spec.shapes[-1], adapts)
    else:
        yield GraphNode("readout", "MembraneReadout", spec.shapes[-1], {"layer": last})
    softmax = {"shift": spec.softmax_shift, "dead_zone": spec.dead_zone, "rounding": spec.softmax_rounding}
    yield GraphNode("error", "SoftmaxError", spec.shapes[-1], {**softmax, "port_shift": spec.rate_of(last).port_shift})


def _error_shift(spec: NetworkSpec, layer: int) -> int:
    """Right shift of the errors that leave a connection backwards."""
    return spec.error_shifts[layer - 1] if spec.error_shifts else spec.error_shift


def _adaptation(spec: NetworkSpec, layer: int) -> Adaptation:
    """Adaptation of a hidden layer's threshold, which begins at the layer's own step if the spec names one."""
    if not spec.threshold_steps:
        return spec.adaptation
    return replace(spec.adaptation, initial_step=spec.threshold_steps[layer - 1])


def _dense(spec: NetworkSpec, layer: int) -> GraphNode:
    """The synapses of a connection from all to all."""
    parameters = {
        "layer": layer,
        "rule": spec.rule_of(layer),
        "weight_exp": spec.weight_exponents[layer - 1],
        "error_shift": _error_shift(spec, layer),
        "graded": spec.graded_input and layer == 1,
        "summed": spec.axon_spikes(layer) > 1,
        "gather": spec.gathers(layer),
        "carry": spec.weight_rounding == "carry",
        "dependency": spec.dependency_of(layer),
    }
    shape = (spec.sizes[layer], spec.connections[layer - 1].source.size)
    return GraphNode(f"dense{layer}", "PlasticDense", shape, parameters)


def _neurons(spec: NetworkSpec, layer: int) -> GraphNode:
    """The neurons of a hidden layer, with the settings that their kind takes."""
    settings = {
        "error_limit": spec.error_limit,
        "dv": spec.dv,
        "dv_post": spec.dv_post(layer),
        "half_width": spec.half_width,
        "dead_zone": spec.hidden_dead_zone(layer),
        "grain": spec.error_grains[layer - 1] if spec.error_grains else 0,
        "port_shift": spec.rate_of(layer).port_shift,
    }
    taken = settings if spec.rule.baseline else KINDS[spec.rule.neuron].parameters
    own = {name: value for name, value in settings.items() if name in taken}
    adapts = {"layer": layer, "adaptation": _adaptation(spec, layer)}
    return GraphNode(f"hidden{layer}", spec.rule.neuron, spec.shapes[layer], {**adapts, **own})


def _convolution(spec: NetworkSpec, layer: int) -> GraphNode:
    """The kernels of a connection."""
    geometry, (rows, columns) = spec.connections[layer - 1], spec.weights_shape(layer)
    shape = geometry.shape
    parameters = {
        "layer": layer,
        "geometry": geometry,
        "error_shift": _error_shift(spec, layer),
        "mantissa": spec.rule.rate.mantissa,
        "rate_shift": spec.rate_shift(layer),
        "graded": spec.graded_input and layer == 1,
        "summed": spec.axon_spikes(layer) > 1,
        "shared": spec.sharing == "accumulated",
        "planar": layer == 1,
        "frozen": layer in spec.freeze,
    }
    sizes = shape.size, geometry.source.size, columns, rows, shape.height * shape.width
    return GraphNode(f"conv{layer}", "PlasticConv", sizes, parameters)


def _map(spec: NetworkSpec, layer: int) -> GraphNode:
    """The neurons of a convolution, with one message for each square of neurons that are pooled."""
    geometry = spec.connections[layer - 1]
    own: dict[str, Any] = {"layer": layer, "geometry": geometry, "error_limit": spec.error_limit}
    own["dead_zone"] = spec.hidden_dead_zone(layer)
    if spec.rule.timing.replays:
        above = spec.connections[layer].is_conv
        own |= {"half_width": spec.half_width, "pooling": spec.pooling}
        own["fraction"] = 0 if above else spec.schedule.error_fraction_bits - MAP_FRACTION_BITS
    shape = geometry.shape.size, geometry.pooled.size
    adapts = {"adaptation": _adaptation(spec, layer)}
    return GraphNode(f"hidden{layer}", f"{spec.rule.neuron}Map", shape, {**own, **adapts})


def stored_weights(spec: NetworkSpec, given: Sequence[Weights] | None = None) -> list[Weights]:
    """Stored weights (n_pre, n_post) of each connection: those given, if they fit, or drawn from the spec's seed."""
    if given is None:
        return [initial_weights(spec, layer) for layer in spec.layers]
    if len(given) != len(spec.layers):
        raise ShapeError(f"{len(given)} weight matrices were given, the net has {len(spec.layers)} connections")
    for layer, matrix in zip(spec.layers, given, strict=True):
        expected = spec.weights_shape(layer)
        if matrix.shape != expected:
            raise ShapeError(f"weights of connection {layer} have shape {matrix.shape}, the net needs {expected}")
        if matrix.dtype != np.int8:
            raise WeightError(
                f"weights of connection {layer} are {matrix.dtype}, int8 is needed: pack_weights() turns even "
                "integers (n_post, n_pre) into the stored form"
            )
    return list(given)

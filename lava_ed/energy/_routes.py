"""Who sends what over which connection in a lowered graph, and the synapses that errors are read over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from lava_ed.energy.chip_net import SPIKED_BITS, TAG_BITS, TRACE_BITS, WEIGHT_BITS, Inlet, Stream, Synapses
from lava_ed.energy.counting import Counters, total
from lava_ed.engine.assembler import Connection, Node
from lava_ed.engine.families.aft_if import AFTIFNode
from lava_ed.engine.families.aft_lif import AFTLIFNode
from lava_ed.engine.families.encoder import EncoderNode
from lava_ed.engine.families.plastic_dense import FeedbackNode, PlasticDenseNode
from lava_ed.engine.families.readout import ReadoutNode, SoftmaxErrorNode
from lava_ed.errors import ConfigError
from lava_ed.network.wiring import LEARNING_PORTS

if TYPE_CHECKING:
    from lava_ed.energy._lowered_net import LoweredNet

GATE = "gate"
"""Connection over which the output error opens a replay."""

Ways = tuple[tuple[str, int], ...]
"""(connection, target layer) of everything that a message goes over."""
N = TypeVar("N", bound=Node)


def plastic_synapses(node: PlasticDenseNode, mirrored: bool) -> Synapses:
    """A connection of ours, or its copy that errors read backwards, whose traces have changed sides."""
    n_pre, n_post = node.shape
    x_bits, y_bits = SPIKED_BITS + TRACE_BITS * node.with_x1, 2 * TRACE_BITS
    counts = np.full(n_pre if mirrored else n_post, n_post if mirrored else n_pre, np.int64)
    sides = (y_bits, x_bits) if mirrored else (x_bits, y_bits)
    return Synapses(counts, WEIGHT_BITS, TAG_BITS * (node.gather or node.carry), 0, *sides)


def nodes_of(net: LoweredNet, kind: type[N]) -> list[N]:
    """The nodes of a kind."""
    return [node for node in net.nodes.values() if isinstance(node, kind)]


def error_layer(net: LoweredNet, node: SoftmaxErrorNode) -> int:
    """The layer whose membranes the error is computed from; its cores send it."""
    return next(net.layers[c.source] for c in net.edges if c.target == node.name and c.in_port == "v_in")


def backward_inlets(net: LoweredNet) -> Iterator[tuple[int, Inlet]]:
    """(layer, inlet) of the synapses over which errors come to a layer.

    Connections that are read backwards have a mirrored copy there; feedback has synapses of its own.
    """
    for node in nodes_of(net, PlasticDenseNode):
        s, sender = plastic_synapses(node, mirrored=True), net.layers[net.targets[node.name][0][0]]
        traces = (s.axon_trace_bits, s.neuron_trace_bits)
        inlet = Inlet(node.name, "mirrored", sender, node.shape[1], s.counts, s.weight_bits, s.tag_bits, *traces)
        yield from ((net.layers[edge.target], inlet) for edge in _from(net, node.name, "e_out"))
    for feedback in nodes_of(net, FeedbackNode):
        n, outputs = feedback.weights.shape
        counts = np.full(n, outputs, np.int64)
        inlet = Inlet(feedback.name, "feedback", _teacher(net, feedback.name), outputs, counts)
        yield from ((net.layers[edge.target], inlet) for edge in _from(net, feedback.name, "e_out"))


def _teacher(net: LoweredNet, name: str) -> int:
    """Layer that sends the errors a node reads."""
    source = next(c.source for c in net.edges if c.target == name and c.in_port == "e_in")
    node = net.nodes[source]
    return error_layer(net, node) if isinstance(node, SoftmaxErrorNode) else net.layers[source]


def _from(net: LoweredNet, name: str, port: str) -> list[Connection]:
    return [c for c in net.edges if (c.source, c.out_port) == (name, port)]


@dataclass(frozen=True)
class Sender:
    """A node that sends messages.

    Attributes
    ----------
    name : str
    kind : type
        Of the node.
    layer : int
        On whose cores it is.
    spikes, errors, gates : Ways
        Where its spikes, errors and openings of a gate go.
    copies : (int, int, int)
        Messages that it counts for one spike, error and opening: one a connection to a neurocore.
    readers : tuple of (str, int)
        Plastic connections that read its spikes, and the neurons of each: what they read tells replayed spikes.
    """

    name: str
    kind: type[Node]
    layer: int
    spikes: Ways
    errors: Ways
    gates: Ways
    copies: tuple[int, int, int]
    readers: tuple[tuple[str, int], ...]


def senders_of(net: LoweredNet) -> tuple[Sender, ...]:
    """Everything that sends spikes, errors, or openings of a gate."""
    errors = [(node, error_layer(net, node)) for node in nodes_of(net, SoftmaxErrorNode)]
    neurons = [(net.nodes[name], layer) for name, layer in net.layers.items() if name not in net.synapses]
    return tuple(_sender(net, node, layer) for node, layer in (*neurons, *errors))


def _sender(net: LoweredNet, node: Node, layer: int) -> Sender:
    """Where the messages of a node go."""
    edges = [c for c in net.edges if c.source == node.name]
    forward = [c for c in edges if c.in_port in ("s_in", "a_in")]
    spikes, errors, gates = (
        sum(c.out_port == port and c.in_port not in LEARNING_PORTS for c in edges)
        for port in ("s_out", "e_out", "gate_out")
    )
    ours = isinstance(node, (EncoderNode, AFTIFNode, AFTLIFNode, ReadoutNode, SoftmaxErrorNode))
    read = [n for c in forward if isinstance(n := net.nodes[c.target], PlasticDenseNode)]
    return Sender(
        name=node.name,
        kind=type(node),
        layer=layer,
        spikes=tuple(way for c in forward for way in _spike_ways(net, c)),
        errors=tuple(way for c in edges if c.out_port == "e_out" for way in _error_ways(net, c)),
        gates=tuple((GATE, net.layers[c.target]) for c in edges if c.out_port == "gate_out"),
        copies=(spikes if ours else len(forward), errors, gates),
        readers=tuple((n.name, n.shape[1]) for n in read),
    )


def _spike_ways(net: LoweredNet, edge: Connection) -> Iterator[tuple[str, int]]:
    """To the cores of the neurons behind the synapses, or to neurons themselves."""
    if edge.target in net.synapses:
        for target, _ in net.targets[edge.target]:
            yield edge.target, net.layers[target]
    else:
        yield f"{edge.source}.{edge.out_port}", net.layers[edge.target]


def _error_ways(net: LoweredNet, edge: Connection) -> Iterator[tuple[str, int]]:
    """To the layers that the synapses' mirrored copies lie at; where nobody listens, to the synapses themselves."""
    listeners = _from(net, edge.target, "e_out")
    for listener in listeners:
        yield edge.target, net.layers[listener.target]
    if not listeners and edge.target in net.targets:
        yield edge.target, net.layers[net.targets[edge.target][0][0]]


def streams_of_senders(senders: tuple[Sender, ...], counters: Counters) -> tuple[Stream, ...]:
    """The streams of a graph, checked against the messages that its nodes counted.

    Raises
    ------
    ConfigError
        If the counts are malformed, or not those of a program of this graph.
    """
    total(counters)  # checks names and numbers
    return tuple(stream for sender in senders for stream in _streams(sender, counters) if stream.spikes)


def _streams(sender: Sender, counters: Counters) -> Iterator[Stream]:
    """What one node sent, by phase."""
    counted = counters.get(sender.name, {})
    for phase, spikes in counted.get("spikes", {}).items():
        messages = int(counted.get("spike_messages", {}).get(phase, 0))
        sent = _parts(sender, phase, int(spikes), messages, counters)
        if sent is None:
            raise ConfigError(
                f"{sender.name} counted {messages} messages of {spikes} spikes in phase {phase}, which this graph "
                "cannot send: give the counters of a program of the graph that was mapped"
            )
        *parts, exact = sent
        for number, ways in zip(parts, (sender.spikes, sender.errors, sender.gates), strict=True):
            for connection, target in ways:
                yield Stream(sender.name, phase, connection, sender.layer, target, number, exact)


def _parts(sender: Sender, phase: str, spikes: int, messages: int, counters: Counters) -> Any:
    """(spikes, errors, openings, exact) in what a node counted; None where that cannot be."""
    spike_copies, error_copies, gate_copies = sender.copies
    if sender.kind is SoftmaxErrorNode:
        rest = messages - spikes * error_copies
        opened, odd = divmod(rest, gate_copies) if gate_copies else (0, rest)
        return None if odd or opened < 0 else (0, spikes, opened, True)
    if sender.kind is AFTLIFNode and phase == "backward":
        return _replayed(sender, spikes, messages, counters)
    errors = sender.kind is AFTIFNode and phase == "backward"
    if messages != spikes * (error_copies if errors else spike_copies):
        return None
    return (0, spikes, 0, True) if errors else (spikes, 0, 0, True)


def _replayed(sender: Sender, spikes: int, messages: int, counters: Counters) -> Any:
    """As `_parts`: replayed spikes and errors are counted together, and told apart by their connections.

    With as many connections for either, the replayed spikes are at least half of all, as an error is only sent with
    one, and at least the synapses read for them over the fan-out, which is exact where no weight is 0.
    """
    spike_copies, error_copies, _ = sender.copies
    if spike_copies != error_copies:
        replayed, odd = divmod(messages - error_copies * spikes, spike_copies - error_copies)
        return None if odd or not 0 <= replayed <= spikes else (replayed, spikes - replayed, 0, True)
    if messages != spikes * spike_copies:
        return None
    reads = [
        -(-int(counters.get(name, {}).get("synops", {}).get("backward", 0)) // n_post)
        for name, n_post in sender.readers
    ]
    replayed = min(max(-(-spikes // 2), *reads, 0), spikes)
    return replayed, spikes - replayed, 0, replayed == spikes

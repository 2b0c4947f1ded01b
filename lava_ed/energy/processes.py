"""Processes as a chip sees them, whatever they were read from, and the net that they make together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Literal

import numpy as np

from lava_ed.energy.chip_net import ChipNet, Inlet, Ints
from lava_ed.energy.senders import GATE, Route, Sender, flows_of
from lava_ed.network.kinds import FEEDBACK_DENSE, PLASTIC_DENSE
from lava_ed.network.wiring import ON_CORE_PORTS

SPIKE_PORTS: Final = ("s_in", "a_in")
NOT_YET: Final = -1
"""Sender of synapses whose connections are not known yet."""
Sends = Literal["spikes", "errors", "replay", "output error"]


@dataclass(frozen=True, eq=False)
class Edge:
    """A connection by process and port; value k of the InPort is value ``index[k]`` of the OutPort, −1: of another."""

    source: str
    out_port: str
    target: str
    in_port: str
    index: Ints | None = None


@dataclass(frozen=True, eq=False)
class Process:
    """What a process needs on a chip, and what it sends.

    `neurons` are those of a layer or the places of a source.  `synapses` are read for spikes, and `backward`, a
    mirrored copy or feedback, for errors; the connections tell the sender of both.  In the phase backward it `sends`
    spikes; errors; replayed spikes and errors, which are counted together; or errors and openings of gates.
    `squares` tells the square of each of its neurons where those of a square share an axon, `state_bits` what all of
    its neurons keep; 0: not known.
    """

    name: str
    neurons: int = 0
    synapses: Inlet | None = None
    backward: Inlet | None = None
    sends: Sends = "spikes"
    squares: Ints | None = None
    state_bits: int = 0

    @property
    def axons(self) -> int:
        """Axons over which its spikes leave."""
        return self.neurons if self.squares is None else int(self.squares.max()) + 1


def synapses(connection: str, counts: Ints, **widths: Any) -> Inlet:
    """Synapses of each target; the widths are those of `Inlet`."""
    return Inlet(connection, "kernel" if widths.get("kernel_bits") else "weights", NOT_YET, 0, counts, **widths)


def plastic(name: str, by_post: Ints, by_pre: Ints, with_x1: bool, gathers: bool, carries: bool) -> Process:
    """A connection of ours: its synapses, and the mirrored copy for errors, whose traces have changed sides.

    `by_post` and `by_pre` are the synapses of each neuron behind and before it.  Its tags are there because updates
    gather in them, or because they carry what an update leaves over below a weight's last bit.
    """
    without = {"x1": not with_x1, "tag_1": not (gathers or carries)}
    unused = [var for var, left_out in without.items() if left_out]
    x_bits, y_bits = (PLASTIC_DENSE.memory_bits(side, unused) for side in ("source", "target"))
    forward = synapses(
        name,
        by_post,
        weight_bits=PLASTIC_DENSE.memory_bits("synapse", ["tag_1"]),
        tag_bits=PLASTIC_DENSE.memory_bits("synapse", ["weights", *unused]),
        axon_trace_bits=x_bits,
        neuron_trace_bits=y_bits,
    )
    mirrored = replace(forward, kind="mirrored", axons=len(by_post), counts=by_pre)
    mirrored = replace(mirrored, axon_trace_bits=y_bits, neuron_trace_bits=x_bits)
    return Process(name, synapses=replace(forward, tag_waits=gathers), backward=mirrored)


def feedback(name: str, neurons: int, outputs: int) -> Process:
    """Fixed synapses over which the output error comes to a layer."""
    counts, bits = np.full(neurons, outputs, np.int64), FEEDBACK_DENSE.memory_bits("synapse")
    return Process(name, backward=Inlet(name, "feedback", NOT_YET, outputs, counts, bits))


def net_of_processes(processes: Iterable[Process], edges: Iterable[Edge]) -> ChipNet:
    """Layers, inlets and routes of any graph; its layers are called as their processes."""
    return _Graph(processes, edges).net()


class _Graph:
    """Processes and connections, and the layers that they make.

    Synapses whose sums reach no neuron, but a sink or other synapses, get a layer that holds them.
    """

    def __init__(self, processes: Iterable[Process], edges: Iterable[Edge]) -> None:
        self.processes = {process.name: process for process in processes}
        self.edges = [edge for edge in edges if edge.target in self.processes]
        self.synapses = {p.name: p.synapses for p in self.processes.values() if p.synapses is not None}
        self.sizes = {p.name: p.neurons for p in self.processes.values() if p.neurons}
        self.targets: dict[str, list[tuple[str, Ints | None]]] = {
            name: [(e.target, e.index) for e in self._from(name, "a_out") if e.target in self.sizes]
            for name in self.synapses
        }
        for name, found in self.targets.items():
            if not found or any(edge.target in self.synapses for edge in self._from(name, "a_out")):
                self.sizes[name] = len(self.synapses[name].counts)
                found.append((name, None))
        self.layers = {name: k for k, name in enumerate(self._order())}
        senders = [p for p in self.processes.values() if p.sends == "output error"]
        self.nodes = self.layers | {p.name: self.layers[self._into(p.name, "v_in")[0].source] for p in senders}
        """Layer on whose cores each process with neurons is, and what sends the output error."""

    def _from(self, name: str, port: str) -> list[Edge]:
        return [edge for edge in self.edges if (edge.source, edge.out_port) == (name, port)]

    def _into(self, name: str, *ports: str) -> list[Edge]:
        return [edge for edge in self.edges if edge.target == name and edge.in_port in ports]

    def _order(self) -> list[str]:
        """Layers by their distance from what is fed by nothing; those in a loop behind."""
        feeds = {
            name: {edge.source for edge in self._into(name, *SPIKE_PORTS) if edge.source in self.sizes} - {name}
            for name in self.sizes
        }
        for synapse, targets in self.targets.items():
            for target, _ in targets:
                feeds[target] |= {edge.source for edge in self._into(synapse, *SPIKE_PORTS)} - {target}
        order = [name for name in self.sizes if not feeds[name]]
        while len(order) < len(self.sizes):
            ready = [n for n in self.sizes if n not in order and feeds[n] & set(order)]
            order += ready or [n for n in self.sizes if n not in order][:1]
        return order

    def net(self) -> ChipNet:
        """The net on a chip."""
        inlets: list[list[Inlet]] = [[] for _ in self.layers]
        for layer, inlet in (*self._synaptic(), *self._direct(), *self._backward()):
            inlets[layer].append(inlet)
        spiking = [self._sender(self.processes[name]) for name in self.nodes if name not in self.synapses]
        return ChipNet(
            names=tuple(self.layers),
            sizes=tuple(self.sizes[name] for name in self.layers),
            inlets=tuple(tuple(ending) for ending in inlets),
            flows=partial(flows_of, tuple(spiking)),
            nodes=self.nodes,
            state_bits={self.layers[p.name]: p.state_bits for p in self.processes.values() if p.state_bits},
            squares={
                layer: squares
                for name, layer in self.layers.items()
                if (squares := self.processes[name].squares) is not None
            },
        )

    def _synaptic(self) -> Iterator[tuple[int, Inlet]]:
        """(layer, inlet) of the synapses that are read for spikes: one a sender, but they are stored once."""
        for name, targets in self.targets.items():
            stored = self.synapses[name]
            for target, index in targets:
                counts = stored.counts if index is None else np.where(index < 0, 0, stored.counts[index])
                inlet = replace(stored, counts=counts)
                for edge in self._into(name, *SPIKE_PORTS):
                    yield (
                        self.layers[target],
                        replace(inlet, sender=self.layers[edge.source], axons=self._axons(edge.source)),
                    )
                    inlet = replace(inlet, counts=np.zeros_like(counts), neuron_trace_bits=0, kernel_bits=0)

    def _direct(self) -> Iterator[tuple[int, Inlet]]:
        """(layer, inlet) of neurons that feed neurons without synapses between them."""
        for target in self.sizes:
            if target in self.synapses:
                continue
            for edge in self._into(target, *SPIKE_PORTS):
                if edge.source in self.sizes:
                    ones, sender = np.ones(self.sizes[target], np.int64), self.layers[edge.source]
                    name = f"{edge.source}.{edge.out_port}"
                    yield self.layers[target], Inlet(name, "weights", sender, self.sizes[edge.source], ones)

    def _backward(self) -> Iterator[tuple[int, Inlet]]:
        """(layer, inlet) of the synapses over which errors come to a layer."""
        for process in self.processes.values():
            if process.backward is not None:
                teachers = [edge.source for edge in self._into(process.name, "e_in")]
                teachers += [target for target, _ in self.targets.get(process.name, ())]
                for edge in self._from(process.name, "e_out"):
                    counts = self._of_neurons(edge.target, process.backward.counts)
                    sender = self.nodes[teachers[0]]
                    yield self.layers[edge.target], replace(process.backward, sender=sender, counts=counts)

    def _axons(self, name: str) -> int:
        """Axons over which the spikes of a layer leave."""
        return self.processes[name].axons if self.processes[name].neurons else self.sizes[name]

    def _of_neurons(self, name: str, counts: Ints) -> Ints:
        """Synapses of each neuron of a layer: those that lead to a square, on its first neuron."""
        squares = self.processes[name].squares
        if squares is None:
            return counts
        numbers, first = np.unique(squares, return_index=True)
        result = np.zeros_like(squares)
        result[first[numbers >= 0]] = counts
        return result

    def _sender(self, process: Process) -> Sender:
        """A process that sends messages, with the routes that they take."""
        edges = [edge for edge in self.edges if edge.source == process.name and edge.in_port not in ON_CORE_PORTS]
        spikes = [edge for edge in edges if edge.in_port in SPIKE_PORTS]
        errors = [edge for edge in edges if edge.out_port == "e_out"]
        gates = tuple((GATE, self.layers[edge.target]) for edge in edges if edge.out_port == "gate_out")
        read = (self.processes[edge.target].backward for edge in spikes)
        return Sender(
            name=process.name,
            sends=process.sends,
            layer=self.nodes[process.name],
            replays=bool(self._into(process.name, "gate_in")),
            spikes=tuple(route for edge in spikes for route in self._spike_routes(edge)),
            errors=tuple(route for edge in errors for route in self._error_routes(edge)),
            gates=gates,
            copies=(len(spikes), len(errors), len(gates)),
            readers=tuple((inlet.connection, inlet.axons) for inlet in read if inlet is not None),
        )

    def _spike_routes(self, edge: Edge) -> Iterator[Route]:
        """Routes of spikes: to the cores of the neurons behind the synapses, or to neurons themselves."""
        if edge.target in self.synapses:
            yield from ((edge.target, self.layers[target]) for target, _ in self.targets[edge.target])
        else:
            yield f"{edge.source}.{edge.out_port}", self.layers[edge.target]

    def _error_routes(self, edge: Edge) -> Iterator[Route]:
        """Routes of errors: to the layers with mirrored copies of the synapses, or else to the synapses themselves."""
        listeners = self._from(edge.target, "e_out")
        yield from ((edge.target, self.layers[listener.target]) for listener in listeners)
        if not listeners and edge.target in self.targets:
            yield edge.target, self.layers[self.targets[edge.target][0][0]]

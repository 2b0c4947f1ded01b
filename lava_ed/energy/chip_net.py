"""A net on a chip: layers of neurons, the synapses that end on each, and what goes over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from lava_ed.energy.counting import Counters
from lava_ed.kernels.fixed_point import WEIGHT_BITS

WHAT: Final = {
    "weights": "synapses",
    "mirrored": "mirrored synapses",
    "feedback": "feedback synapses",
    "kernel": "synapses of a kernel",
}
"""Kinds of synapses, and what messages call them."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Flow:
    """Spikes of a node in a phase over one connection to one layer.

    `exact` is False where the counters do not tell replayed spikes from errors, so that `spikes` is an estimate.
    """

    node: str
    phase: str
    connection: str
    source_layer: int
    target_layer: int
    spikes: int
    exact: bool = True


@dataclass(frozen=True, eq=False)
class Inlet:
    """Synapses of one kind that end on a layer.

    Attributes
    ----------
    connection : str
    kind : {"weights", "mirrored", "feedback", "kernel"}
        A kernel is stored once a core on a chip that shares kernels, and synapse by synapse on others.
    sender, axons : int
        Layer whose spikes, or errors, they are read for, and what it sends them over: an axon for each of its neurons,
        or for each square of neurons that are pooled, on every core.
    counts : int64 (n,)
        Synapses of each neuron.
    weight_bits, tag_bits, axon_trace_bits, neuron_trace_bits, kernel_bits : int
        Widths: of a synapse, whose delay counts as tag; of the traces of an axon, on every core, and of a neuron; of a
        whole kernel, where it is stored once a core.
    tag_waits : bool
        Whether the tags are there only because the connection is read backwards while it learns.
    """

    connection: str
    kind: str
    sender: int
    axons: int
    counts: Ints
    weight_bits: int = WEIGHT_BITS
    tag_bits: int = 0
    axon_trace_bits: int = 0
    neuron_trace_bits: int = 0
    kernel_bits: int = 0
    tag_waits: bool = False

    @property
    def synapse_bits(self) -> int:
        """Memory of one synapse."""
        return self.weight_bits + self.tag_bits

    def core_bits(self, shared_kernels: bool) -> int:
        """Memory that every core of the layer needs for it: the traces of the axons, and a shared kernel."""
        return self.axons * self.axon_trace_bits + (self.kernel_bits if shared_kernels else 0)

    def neuron_bits(self, shared_kernels: bool) -> Ints:
        """Memory of each neuron's own synapses and traces."""
        stored = 0 if self.kernel_bits and shared_kernels else self.synapse_bits
        return self.counts * stored + self.neuron_trace_bits


@dataclass(frozen=True, eq=False)
class ChipNet:
    """Layers of neurons and the synapses between them, whatever the net came from.

    Attributes
    ----------
    names, sizes : tuple of str, tuple of int
        Layers, inputs first, by the name of a process where the net is a Lava graph; and their neurons.
    inlets : tuple of tuple of Inlet
        The synapses that end on each layer.
    flows : callable
        Counters → spikes by node, phase and connection; of a net of which no traffic is known, none.
    nodes : mapping
        Node of a program whose neurons a layer holds → layer.
    state_bits : mapping
        Layer → state of all its neurons, where it is known: membranes, errors, words of spikes.
    squares : mapping
        Layer whose neurons are pooled → square of each neuron, −1 for none; a square lies on one core.
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    inlets: tuple[tuple[Inlet, ...], ...]
    flows: Callable[[Counters], tuple[Flow, ...]] = field(default=lambda counters: ())
    nodes: Mapping[str, int] = field(default_factory=dict)
    state_bits: Mapping[int, int] = field(default_factory=dict)
    squares: Mapping[int, Ints] = field(default_factory=dict)

    def neurons_of_an_axon(self, layer: int) -> int:
        """Neurons whose spikes take one axon: those of a square where a layer is pooled."""
        squares = self.squares.get(layer)
        return 1 if squares is None else int(np.count_nonzero(squares == 0))

    def axons_out(self, layer: int, neurons: int, cores: Sequence[int]) -> int:
        """Axons that so many neurons of a layer take: one for each core, of those given by layer, that they send to."""
        axons = 0
        for target, ending in enumerate(self.inlets):
            for inlet in ending:
                if inlet.sender == layer:
                    each = 1 if inlet.axons == self.sizes[layer] else self.neurons_of_an_axon(layer)
                    axons += -(-neurons // each) * cores[target]
        return axons

    def outlets(self, layer: int) -> Iterator[tuple[int, str]]:
        """(target layer, connection) of everything that spikes or errors of a layer are sent over."""
        for target, ending in enumerate(self.inlets):
            yield from ((target, inlet.connection) for inlet in ending if inlet.sender == layer)

    def neuron_bits(self, layer: int, shared_kernels: bool) -> Ints:
        """Memory of each neuron of a layer."""
        own = (inlet.neuron_bits(shared_kernels) for inlet in self.inlets[layer])
        return sum(own, np.zeros(self.sizes[layer], np.int64))

    def core_bits(self, layer: int, shared_kernels: bool) -> int:
        """Memory that every core of a layer needs besides its neurons'."""
        return sum(inlet.core_bits(shared_kernels) for inlet in self.inlets[layer])

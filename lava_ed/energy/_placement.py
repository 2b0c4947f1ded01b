"""What each layer of a net needs of a core, and the split of its neurons over as few cores as hold them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.energy.chips import ChipLimits
from lava_ed.errors import ChipLimitError, ShapeError

if TYPE_CHECKING:
    from lava_ed.network.spec import NetworkSpec

WEIGHT_BITS: Final = 8
TAG_BITS: Final = 9
"""8 bits and a sign."""
TRACE_BITS: Final = 7
"""x1, y1 and y2."""
SPIKED_BITS: Final = 1
"""x0."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Inlet:
    """Synapses of one kind that end on a layer.

    Attributes
    ----------
    connection : str
        dense1 …, feedback1 ….
    kind : {"weights", "mirrored", "feedback"}
    sender : int
        Layer whose spikes, or errors, they are read for.
    axons : int
        Neurons of that layer; each takes one axon on every core.
    counts : int64 (n,)
        Synapses of each neuron.
    tag_bits : int
        A synapse's.
    axon_trace_bits : int
        Traces of an axon, on every core.
    neuron_trace_bits : int
        Traces of a neuron.
    """

    connection: str
    kind: str
    sender: int
    axons: int
    counts: Ints
    tag_bits: int = 0
    axon_trace_bits: int = 0
    neuron_trace_bits: int = 0

    @property
    def synapse_bits(self) -> int:
        """Memory of one synapse."""
        return WEIGHT_BITS + self.tag_bits

    @property
    def core_bits(self) -> int:
        """Memory that every core of the layer needs for it: the traces of the axons."""
        return self.axons * self.axon_trace_bits

    @property
    def neuron_bits(self) -> Ints:
        """Memory of each neuron's own synapses and traces."""
        return self.counts * self.synapse_bits + self.neuron_trace_bits


Inlets = tuple[tuple[Inlet, ...], ...]


def layer_names(layers: int) -> tuple[str, ...]:
    """input, hidden1 …, output."""
    return ("input", *(f"hidden{layer}" for layer in range(1, layers - 1)), "output")


def inlets_of(spec: NetworkSpec, weights: Sequence[npt.NDArray[np.integer[Any]]] | None) -> Inlets:
    """The synapses that end on each layer, input first.

    Raises
    ------
    ShapeError
        If there are weights that do not fit the net.
    """
    masks = _masks(spec, weights)
    last = len(spec.sizes) - 1
    result: list[tuple[Inlet, ...]] = []
    for layer, n in enumerate(spec.sizes):
        inlets = []
        if layer:
            inlets.append(_plastic(spec, layer, masks, mirrored=False))
        if 0 < layer < last:
            if spec.feedback == "symmetric":
                inlets.append(_plastic(spec, layer + 1, masks, mirrored=True))
            else:
                outputs = spec.sizes[last]
                inlets.append(Inlet(f"feedback{layer}", "feedback", last, outputs, np.full(n, outputs, np.int64)))
        result.append(tuple(inlets))
    return tuple(result)


def _masks(
    spec: NetworkSpec, weights: Sequence[npt.NDArray[np.integer[Any]]] | None
) -> list[npt.NDArray[np.bool_]] | None:
    """Where each connection has a synapse, or None where all have."""
    if weights is None:
        return None
    expected = list(zip(spec.sizes[:-1], spec.sizes[1:], strict=True))
    matrices = [np.asarray(matrix) for matrix in weights]
    if [matrix.shape for matrix in matrices] != expected:
        raise ShapeError(
            f"weights have the shapes {[matrix.shape for matrix in matrices]}, the net needs {expected}: "
            "one matrix (n_pre, n_post) a connection"
        )
    return [matrix != 0 for matrix in matrices]


def _plastic(spec: NetworkSpec, layer: int, masks: list[npt.NDArray[np.bool_]] | None, mirrored: bool) -> Inlet:
    """Connection `layer`, or its copy that is read backwards, whose traces have changed sides."""
    pre, post = spec.sizes[layer - 1], spec.sizes[layer]
    if masks is None:
        counts = np.full(pre if mirrored else post, post if mirrored else pre, np.int64)
    else:
        counts = np.count_nonzero(masks[layer - 1], axis=1 if mirrored else 0).astype(np.int64)
    with_x1 = spec.rule.with_x1 or (spec.graded_input and layer == 1)
    x_bits, y_bits = SPIKED_BITS + TRACE_BITS * with_x1, 2 * TRACE_BITS
    return Inlet(
        connection=f"dense{layer}",
        kind="mirrored" if mirrored else "weights",
        sender=layer if mirrored else layer - 1,
        axons=post if mirrored else pre,
        counts=counts,
        tag_bits=TAG_BITS if spec.gathers(layer) else 0,
        axon_trace_bits=y_bits if mirrored else x_bits,
        neuron_trace_bits=x_bits if mirrored else y_bits,
    )


def outlets_of(inlets: Inlets, layer: int) -> Iterator[tuple[int, str]]:
    """(target layer, connection) of everything that spikes or errors of a layer are sent over."""
    for target, ending in enumerate(inlets):
        for inlet in ending:
            if inlet.sender == layer:
                yield target, inlet.connection


def neuron_bits(inlets: Sequence[Inlet], n: int) -> Ints:
    """Memory of each of a layer's n neurons."""
    return sum((inlet.neuron_bits for inlet in inlets), np.zeros(n, np.int64))


def core_bits(inlets: Sequence[Inlet]) -> int:
    """Memory that every core of a layer needs besides its neurons'."""
    return sum(inlet.core_bits for inlet in inlets)


def split(sizes: Sequence[int], inlets: Inlets, chip: ChipLimits) -> list[Ints]:
    """The core, numbered from 0 within its layer, of each neuron.

    A neuron's axons out depend on the cores of the layers that it sends to, which depend on theirs;
    so the split is repeated with the numbers of cores found until these no longer grow.

    Raises
    ------
    ChipLimitError
        If one neuron alone passes a limit of a core.
    """
    names = layer_names(len(sizes))
    bits = [neuron_bits(ending, n) for ending, n in zip(inlets, sizes, strict=True)]
    for layer, name in enumerate(names):
        _check_memory(name, layer, bits[layer], inlets[layer], sizes[-1], chip)
        _check_axons_in(name, inlets[layer], chip)
    counts = [1] * len(sizes)
    while True:
        cores = []
        for layer, name in enumerate(names):
            most = min(chip.neurons, _axon_room(name, layer, inlets, counts, chip))
            cores.append(_pack(bits[layer], chip.synaptic_bits - core_bits(inlets[layer]), most))
        grown = [max(count, int(core.max()) + 1) for count, core in zip(counts, cores, strict=True)]
        if grown == counts:
            return cores
        counts = grown


def _pack(bits: Ints, capacity: int, most: int) -> Ints:
    """First-fit-decreasing: each neuron into the first core with room, those with more bits first.

    How many neurons of which size a core gets does not depend on their order.
    """
    order = np.argsort(-bits, kind="stable")
    sizes, run_lengths = np.unique(-bits, return_counts=True)  # ascending −bits: the order of `order`
    core = np.empty(bits.size, np.int64)
    free_bits: list[int] = []
    free_neurons: list[int] = []
    start = 0
    for size, left in zip((-sizes).tolist(), run_lengths.tolist(), strict=True):
        k = 0
        while left:
            if k == len(free_bits):
                free_bits.append(capacity)
                free_neurons.append(most)
            take = min(left, free_neurons[k], free_bits[k] // size if size else left)
            core[order[start : start + take]] = k
            free_bits[k] -= take * size
            free_neurons[k] -= take
            start, left, k = start + take, left - take, k + 1
    return core


def _check_memory(name: str, layer: int, bits: Ints, inlets: Sequence[Inlet], outputs: int, chip: ChipLimits) -> None:
    """Whether a core holds the neuron with the most synapses."""
    neuron = int(np.argmax(bits))
    over = int(bits[neuron]) + core_bits(inlets) - chip.synaptic_bits
    if over <= 0:
        return
    parts = ", ".join(f"{int(inlet.counts[neuron]):,} {_WHAT[inlet.kind]} of {inlet.connection}" for inlet in inlets)
    ways = _ways_out(neuron, over, inlets, outputs) or ["make the layers that send to it smaller"]
    raise ChipLimitError(
        f"neuron {neuron} of {name} (layer {layer}) alone needs {over + chip.synaptic_bits:,} bits of synaptic memory "
        f"({parts}, and traces), a core of {chip.title} has {chip.synaptic_bits:,}: {over:,} too many; "
        f"{', or '.join(ways)}"
    )


def _ways_out(neuron: int, over: int, inlets: Sequence[Inlet], outputs: int) -> list[str]:
    """What would each free `over` bits for a neuron."""
    ways = []
    largest = max(inlets, key=lambda inlet: int(inlet.counts[neuron]))
    synapses = int(largest.counts[neuron])
    fewer = -(-over // (largest.synapse_bits + largest.axon_trace_bits))
    if synapses == largest.axons > fewer:
        ways.append(f"take at least {fewer:,} neurons from layer {largest.sender}")
    prune = -(-over // largest.synapse_bits)
    if prune <= synapses:
        ways.append(f"prune at least {prune:,} of its {synapses:,} {_WHAT[largest.kind]}")
    freed = -outputs * WEIGHT_BITS
    for inlet in inlets:
        if inlet.kind == "mirrored":
            freed += int(inlet.neuron_bits[neuron]) + inlet.core_bits
        else:  # without a copy that is read meanwhile, no update waits in a tag
            freed += int(inlet.counts[neuron]) * inlet.tag_bits
    if freed >= over and any(inlet.kind == "mirrored" for inlet in inlets):
        ways.append('use feedback="random", which needs no mirrored copy')
    return ways


_WHAT: Final = {"weights": "synapses", "mirrored": "mirrored synapses", "feedback": "feedback synapses"}


def _check_axons_in(name: str, inlets: Sequence[Inlet], chip: ChipLimits) -> None:
    """Whether a core has an axon for every neuron that sends to it; a split does not lower that."""
    used = sum(inlet.axons for inlet in inlets)
    if chip.axons_in is not None and used > chip.axons_in:
        parts = ", ".join(f"{inlet.axons:,} of layer {inlet.sender}" for inlet in inlets)
        raise ChipLimitError(
            f"every core of {name} needs {used:,} axons in ({parts}), a core of {chip.title} has {chip.axons_in:,}: "
            f"{used - chip.axons_in:,} too many; give the layers that send to it so many neurons fewer together, "
            "or take a chip without that limit"
        )


def _axon_room(name: str, layer: int, inlets: Inlets, counts: Sequence[int], chip: ChipLimits) -> int:
    """Neurons of a layer that a core has axons out for: a neuron takes one for each core that it sends to."""
    targets = list(outlets_of(inlets, layer))
    axons = sum(counts[target] for target, _ in targets)
    if chip.axons_out is None or axons == 0:
        return chip.neurons
    if axons > chip.axons_out:
        parts = ", ".join(f"{counts[target]:,} of layer {target}" for target, _ in targets)
        raise ChipLimitError(
            f"one neuron of {name} needs {axons:,} axons out, one for each core that it sends to ({parts}), "
            f"a core of {chip.title} has {chip.axons_out:,}: {axons - chip.axons_out:,} too many; "
            "make those layers smaller, or take a chip without that limit"
        )
    return chip.axons_out // axons


def check_chips(sizes: Sequence[int], counts: Sequence[int], chip: ChipLimits, max_chips: int | None) -> None:
    """Whether the cores are there.

    Raises
    ------
    ChipLimitError
        If the net needs more than `max_chips` chips.
    """
    cores = sum(counts)
    if max_chips is None or cores <= max_chips * chip.cores:
        return
    parts = ", ".join(
        f"{name} {count:,} for {n:,} neurons"
        for name, count, n in zip(layer_names(len(sizes)), counts, sizes, strict=True)
    )
    raise ChipLimitError(
        f"the net needs {cores:,} cores of {chip.title} ({parts}), max_chips={max_chips} gives "
        f"{max_chips * chip.cores:,}: {cores - max_chips * chip.cores:,} too many; allow "
        f"max_chips={-(-cores // chip.cores)}, or make the layer with the most cores smaller"
    )

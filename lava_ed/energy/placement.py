"""The split of each layer's neurons over as few cores as hold them, and the order of the layers along the mesh."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations, permutations
from typing import Final

import numpy as np

from lava_ed.energy.chip_net import WHAT, ChipNet, Flow, Inlet, Ints
from lava_ed.energy.chips import ChipLimits
from lava_ed.errors import ChipLimitError
from lava_ed.kernels.fixed_point import WEIGHT_BITS

EXACT_LAYERS: Final = 6
"""Up to so many layers, every order is tried: 720 at most."""

Order = tuple[int, ...]


def split(net: ChipNet, chip: ChipLimits) -> list[Ints]:
    """The core, numbered from 0 within its layer, of each neuron.

    A neuron's axons out depend on the cores of the layers that it sends to, which depend on theirs; so the split is
    repeated with the numbers of cores found until these no longer grow.  One neuron that passes a limit of a core is a
    ChipLimitError.
    """
    shared = chip.shared_kernels
    bits = [net.neuron_bits(layer, shared) for layer in range(len(net.sizes))]
    for layer in range(len(net.names)):
        _check_memory(net, layer, bits[layer], chip)
        _check_axons_in(net.names[layer], net.inlets[layer], chip)
    counts = [1] * len(net.sizes)
    while True:
        cores = []
        for layer, needed in enumerate(bits):
            most = min(chip.neurons, _axon_room(net, layer, counts, chip))
            room = chip.synaptic_bits - net.core_bits(layer, shared)
            if layer in net.squares:
                each = net.neurons_of_an_axon(layer)
                of = _whole_squares(net.squares[layer], each)
                _check_square(net.names[layer], each, int(np.bincount(of, needed).max()), most, room, chip)
                cores.append(_pack(np.bincount(of, needed).astype(np.int64), room, most // each)[of])
            else:
                cores.append(_pack(needed, room, most))
        grown = [max(count, int(core.max()) + 1) for count, core in zip(counts, cores, strict=True)]
        if grown == counts:
            return cores
        counts = grown


def _check_square(name: str, each: int, bits: int, most: int, room: int, chip: ChipLimits) -> None:
    """Refuse pooled neurons that no core holds together."""
    for needed, limit, what in ((each, most, "neurons"), (bits, room, "bits of synaptic memory")):
        if needed > limit:
            raise ChipLimitError(
                f"the {each:,} neurons of a square of {name}, which are pooled and so lie on one core, need "
                f"{needed:,} {what}, a core of {chip.title} has room for {limit:,}: {needed - limit:,} too many; "
                "pool smaller squares, or take smaller kernels or fewer channels before them"
            )


def _whole_squares(squares: Ints, each: int) -> Ints:
    """What a core holds as a whole: the square of each neuron; those that are in none come by as many as a square."""
    of, alone = squares.copy(), squares < 0
    of[alone] = squares.max() + 1 + np.arange(np.count_nonzero(alone)) // each
    return of


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


def _check_memory(net: ChipNet, layer: int, bits: Ints, chip: ChipLimits) -> None:
    """Refuse a layer where no core holds the neuron with the most synapses."""
    inlets, neuron = net.inlets[layer], int(np.argmax(bits))
    over = int(bits[neuron]) + net.core_bits(layer, chip.shared_kernels) - chip.synaptic_bits
    if over <= 0:
        return
    parts = ", ".join(_part(inlet, neuron, chip) for inlet in inlets)
    ways = _ways_out(neuron, over, inlets, net.sizes[-1], chip) or ["make the layers that send to it smaller"]
    raise ChipLimitError(
        f"neuron {neuron} of {net.names[layer]} (layer {layer}) "
        f"alone needs {over + chip.synaptic_bits:,} bits of synaptic memory "
        f"({parts}, and traces), a core of {chip.title} has {chip.synaptic_bits:,}: {over:,} too many; "
        f"{', or '.join(ways)}"
    )


def _part(inlet: Inlet, neuron: int, chip: ChipLimits) -> str:
    """What takes memory for a neuron: its synapses, or the kernel that they share."""
    if inlet.kernel_bits and chip.shared_kernels:
        return f"the {inlet.kernel_bits // inlet.weight_bits:,} weights of {inlet.connection}'s kernels"
    return f"{int(inlet.counts[neuron]):,} {WHAT[inlet.kind]} of {inlet.connection}"


def _ways_out(neuron: int, over: int, inlets: Sequence[Inlet], outputs: int, chip: ChipLimits) -> list[str]:
    """Changes of a net, each of which would free `over` bits for a neuron."""
    ways = []
    for inlet in inlets if chip.shared_kernels else ():
        if inlet.kernel_bits > over:
            room = (inlet.kernel_bits - over) // inlet.weight_bits
            ways.append(f"give {inlet.connection} fewer channels or smaller kernels, of {room:,} weights in all")
    if ways:
        return ways
    largest = max(inlets, key=lambda inlet: int(inlet.counts[neuron]))
    synapses, each = int(largest.counts[neuron]), largest.synapse_bits
    fewer, prune = -(-over // (each + largest.axon_trace_bits)), -(-over // each)
    if synapses == largest.axons > fewer:
        ways.append(f"take at least {fewer:,} neurons from layer {largest.sender}")
    if prune <= synapses:
        ways.append(f"prune at least {prune:,} of its {synapses:,} {WHAT[largest.kind]}")
    freed = -outputs * WEIGHT_BITS
    for inlet in inlets:
        if inlet.kind == "mirrored":
            freed += int(inlet.neuron_bits(False)[neuron]) + inlet.core_bits(False)
        elif inlet.tag_waits:  # without a copy that is read meanwhile, no update waits in a tag
            freed += int(inlet.counts[neuron]) * inlet.tag_bits
    if freed >= over and any(inlet.kind == "mirrored" for inlet in inlets):
        ways.append('use feedback="random", which needs no mirrored copy')
    return ways


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


def _axon_room(net: ChipNet, layer: int, counts: Sequence[int], chip: ChipLimits) -> int:
    """Neurons of a layer that a core has axons out for: a neuron takes one for each core that it sends to."""
    each = net.neurons_of_an_axon(layer)
    axons = net.axons_out(layer, each, counts)
    if chip.axons_out is None or axons == 0:
        return chip.neurons
    if axons > chip.axons_out:
        parts = ", ".join(f"{counts[target]:,} of layer {target}" for target, _ in net.outlets(layer))
        raise ChipLimitError(
            f"one neuron of {net.names[layer]} "
            f"needs {axons:,} axons out, one for each core that it sends to ({parts}), "
            f"a core of {chip.title} has {chip.axons_out:,}: {axons - chip.axons_out:,} too many; "
            "make those layers smaller, or take a chip without that limit"
        )
    return chip.axons_out // axons * each


def check_chips(net: ChipNet, counts: Sequence[int], chip: ChipLimits, max_chips: int | None) -> None:
    """Refuse a net that needs more than `max_chips` chips."""
    cores = sum(counts)
    if max_chips is None or cores <= max_chips * chip.cores:
        return
    parts = ", ".join(
        f"{name} {count:,} for {n:,} neurons" for name, count, n in zip(net.names, counts, net.sizes, strict=True)
    )
    raise ChipLimitError(
        f"the net needs {cores:,} cores of {chip.title} ({parts}), max_chips={max_chips} gives "
        f"{max_chips * chip.cores:,}: {cores - max_chips * chip.cores:,} too many; allow "
        f"max_chips={-(-cores // chip.cores)}, or make the layer with the most cores smaller"
    )


def arrange(counts: Sequence[int], chip: ChipLimits, flows: Iterable[Flow]) -> list[int]:
    """First core of each layer of so many cores: in order, or in that with the fewest hops where flows are given.

    Beyond `EXACT_LAYERS`, two layers are exchanged as long as that saves hops; each round takes the best exchange.
    """
    talks: Counter[tuple[int, int]] = Counter()
    for flow in flows:
        if flow.spikes and flow.source_layer != flow.target_layer:
            talks[flow.source_layer, flow.target_layer] += flow.spikes
    places = np.array([chip.position(core) for core in range(sum(counts))], np.int64).reshape(-1, 2)

    def first_cores(order: Order) -> list[int]:
        result, start = [0] * len(order), 0
        for layer in order:
            result[layer] = start
            start += counts[layer]
        return result

    def cost(order: Order) -> float:
        """Σ spikes × hops over all pairs of cores of layers that talk."""
        at = [places[start : start + n] for start, n in zip(first_cores(order), counts, strict=True)]
        hops = {(s, t): int(np.abs(at[s][:, np.newaxis] - at[t][np.newaxis]).sum()) for s, t in talks}
        return sum(spikes * hops[s, t] / counts[s] for (s, t), spikes in talks.items())

    order: Order = tuple(range(len(counts)))
    if talks and len(counts) <= EXACT_LAYERS:
        order = min(permutations(order), key=cost)
    elif talks:
        while cost(found := min((_exchanged(order, a, b) for a, b in combinations(order, 2)), key=cost)) < cost(order):
            order = found
    return first_cores(order)


def _exchanged(order: Order, a: int, b: int) -> Order:
    """The order with two layers in each other's place."""
    return tuple({a: b, b: a}.get(layer, layer) for layer in order)

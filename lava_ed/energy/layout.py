"""In which order the layers of a net lie along the mesh: those that talk much lie near."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import permutations
from typing import Final

import numpy as np
import numpy.typing as npt

from lava_ed.energy.chip_net import Stream
from lava_ed.energy.chips import ChipLimits

EXACT_LAYERS: Final = 6
"""Up to so many layers, every order is tried: 720 at most."""

Order = tuple[int, ...]


def arrange(counts: Sequence[int], chip: ChipLimits, streams: Iterable[Stream]) -> list[int]:
    """First core of each layer: in order, or in the order with the fewest hops where streams are given.

    Parameters
    ----------
    counts : sequence of int
        Cores of each layer, which lie side by side along the mesh.
    """
    order: Order = tuple(range(len(counts)))
    cost = _Cost(counts, chip, streams)
    if cost.talks:
        order = _best_of_all(order, cost) if len(counts) <= EXACT_LAYERS else _by_exchange(order, cost)
    return cost.first(order)


class _Cost:
    """Σ spikes × hops over all pairs of cores of layers that talk, of an order of the layers."""

    def __init__(self, counts: Sequence[int], chip: ChipLimits, streams: Iterable[Stream]) -> None:
        self.counts = counts
        self.talks: dict[tuple[int, int], int] = {}
        for stream in streams:
            pair = stream.source_layer, stream.target_layer
            if stream.spikes and pair[0] != pair[1]:
                self.talks[pair] = self.talks.get(pair, 0) + stream.spikes
        self.places = np.array([chip.position(core) for core in range(sum(counts))], np.int64).reshape(-1, 2)

    def first(self, order: Order) -> list[int]:
        """First core of each layer."""
        result, start = [0] * len(order), 0
        for layer in order:
            result[layer] = start
            start += self.counts[layer]
        return result

    def __call__(self, order: Order) -> float:
        first = self.first(order)
        at = [self.places[start : start + n] for start, n in zip(first, self.counts, strict=True)]
        return sum(spikes * _hops(at[s], at[t]) / self.counts[s] for (s, t), spikes in self.talks.items())


def _hops(source: npt.NDArray[np.int64], target: npt.NDArray[np.int64]) -> int:
    """Σ hops over all pairs of cores."""
    return int(np.abs(source[:, np.newaxis] - target[np.newaxis]).sum())


def _best_of_all(order: Order, cost: _Cost) -> Order:
    """The first of the cheapest orders."""
    return min(permutations(order), key=cost)


def _by_exchange(order: Order, cost: _Cost) -> Order:
    """Exchange two layers as long as some exchange saves hops; each round takes the best one."""
    best = cost(order)
    while True:
        found = min(
            (_exchanged(order, a, b) for a in range(len(order)) for b in range(a + 1, len(order))),
            key=cost,
        )
        if cost(found) >= best:
            return order
        order, best = found, cost(found)


def _exchanged(order: Order, a: int, b: int) -> Order:
    result = list(order)
    result[a], result[b] = result[b], result[a]
    return tuple(result)

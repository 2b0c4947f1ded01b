"""The order of a net's layers along the mesh: layers that exchange many messages lie near each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations, permutations
from typing import Final

import numpy as np

from lava_ed.energy.chip_net import Flow
from lava_ed.energy.chips import ChipLimits

EXACT_LAYERS: Final = 6
"""Up to so many layers, every order is tried: 720 at most."""

Order = tuple[int, ...]


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

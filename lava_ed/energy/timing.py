"""An estimate of how long a chip would take, from counts, times per count and a mapping, apart from every energy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from lava_ed.energy.counting import Counters
from lava_ed.energy.prices import PriceList
from lava_ed.errors import PriceListError
from lava_ed.kernels.counting import PHASES

if TYPE_CHECKING:
    from lava_ed.energy.mapping import Mapping

_BARRIER: Final = "barrier_steps"
_NANO: Final = 1e-9


def busy_seconds(counters: Counters, prices: PriceList, mapping: Mapping, phases: Iterable[str] = PHASES) -> float:
    """Seconds that the counted work takes: max over the layers of Σ count·time / cores, and the barriers.

    Layers work at the same time, the cores of a layer share its work evenly, and what a core does comes one
    after the other.  Hops overlap with the work.

    Parameters
    ----------
    counters
        node → counter → phase → count.
    prices : PriceList
        With times: without, a PriceListError.
    mapping : Mapping
        Mapping of the net that was counted.
    phases : iterable of str
        Which phases to add up.
    """
    if not prices.times:
        raise PriceListError(
            f"price list {prices.name} says nothing of time: add tables [times.<category>], or use loihi1-davies2018"
        )
    layers, phases = mapping.layer_of_nodes(), tuple(phases)
    work, barriers = [0.0] * len(mapping.cores), 0.0
    for node, counts in counters.items():
        seconds = {
            barrier: sum(
                time.nanoseconds * _NANO * counts.get(name, {}).get(phase, 0)
                for time in prices.times
                for name in time.counters
                if (name == _BARRIER) == barrier
                for phase in phases
            )
            for barrier in (False, True)
        }
        barriers += seconds[True]
        if node in layers:
            work[layers[node]] += seconds[False]
    return max(seconds / len(cores) for seconds, cores in zip(work, mapping.cores, strict=True)) + barriers

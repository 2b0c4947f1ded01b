"""Which dependency lets learning visit the fewest synapses, and the counts that say so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Visits = Mapping[str, Mapping[str, int]]
"""Connection → dependency → synapses visited."""
_CHOICES: Final = ("x0", "y0")


def fewest(visits: Visits) -> str:
    """The dependency under which the fewest synapses are visited: of the hidden connections together, and of the last.

    Examples
    --------
    >>> fewest({"dense1": {"x0": 9, "y0": 4}, "dense2": {"x0": 1, "y0": 2}})
    'y0-x0'
    """
    *hidden, output = visits.values()
    sums = ({by: sum(each[by] for each in part) for by in _CHOICES} for part in (hidden or [output], [output]))
    chosen = [min(each, key=each.__getitem__) for each in sums]
    return "-".join(dict.fromkeys(chosen))


def counts_of(visits: Visits, samples: int) -> str:
    """The counts that a dependency is chosen by."""
    return "; ".join(
        f"{node} visits {each['x0'] / samples:,.0f} synapses a sample under x0, {each['y0'] / samples:,.0f} under y0"
        for node, each in visits.items()
    )

"""Sums and differences of operation counts, as `Program.counters` gives them."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any, Final

from lava_ed.errors import ConfigError
from lava_ed.kernels.counting import COUNTERS, PHASES

__all__ = ["Counters", "Totals", "check_samples", "per_sample", "subtract", "total"]

Counters = Mapping[str, Mapping[str, Mapping[str, int]]]
"""node → counter → phase → count"""

Totals = dict[str, dict[str, int]]
"""counter → phase → count, over all nodes, every counter and phase present"""

_LARGEST_COUNT: Final = 2**63 - 1
"""Counters are int64."""


def total(counters: Counters) -> Totals:
    """Sum the counts over all nodes; a counter or phase that a node does not list counts 0.

    Parameters
    ----------
    counters
        node → counter → phase → count.

    Returns
    -------
    dict
        counter → phase → count, in the order of `lava_ed.kernels.counting`.

    Raises
    ------
    ConfigError
        If a name is unknown, or a count is no integer in [0, 2^63 − 1].

    Examples
    --------
    >>> hidden = {"spikes": {"forward": 7}}
    >>> total({"hidden1": hidden, "hidden2": hidden})["spikes"]
    {'forward': 14, 'backward': 0, 'update': 0}
    """
    result: Totals = {name: dict.fromkeys(PHASES, 0) for name in COUNTERS}
    for (_, counter, phase), count in _flat(counters).items():
        result[counter][phase] += count
    return result


def per_sample(counters: Counters, samples: int) -> dict[str, dict[str, float]]:
    """Counts over all nodes, divided by the number of samples: counter → phase → mean.

    Raises
    ------
    ConfigError
        As `total`, or if `samples` is not a positive integer.
    """
    samples = check_samples(samples)
    return {
        name: {phase: count / samples for phase, count in phases.items()} for name, phases in total(counters).items()
    }


def subtract(after: Counters, before: Counters) -> dict[str, Totals]:
    """What was counted between two readings of the same nodes: ``after − before``.

    Returns
    -------
    dict
        node → counter → phase → count, with every counter and phase.

    Raises
    ------
    ConfigError
        As `total`, or if the nodes differ, or if a count went down.

    Examples
    --------
    >>> before, after = ({"fc": {"synops": {"forward": count}}} for count in (2, 9))
    >>> subtract(after, before)["fc"]["synops"]
    {'forward': 7, 'backward': 0, 'update': 0}
    """
    if set(after) != set(before):
        alone = ", ".join(sorted(map(str, set(after) ^ set(before))))
        raise ConfigError(
            f"the two readings are of different nets, only one has {alone}: subtract readings of one program"
        )
    first, second = _flat(before), _flat(after)
    result = {node: {name: dict.fromkeys(PHASES, 0) for name in COUNTERS} for node in after}
    for key in first | second:
        node, counter, phase = key
        difference = second.get(key, 0) - first.get(key, 0)
        if difference < 0:
            raise ConfigError(
                f"{node}.{counter} in phase {phase} went down from {first[key]} to {second.get(key, 0)}: "
                "counters only grow; do not reset or write them between the two readings"
            )
        result[node][counter][phase] = difference
    return result


def check_samples(samples: Any) -> int:
    """The number of samples as an int, or a ConfigError if it is not a positive integer."""
    number = _integer(samples)
    if number is None or not 1 <= number <= _LARGEST_COUNT:
        raise ConfigError(f"samples is {samples!r}: give the number of samples counted, an integer in [1, 2^63 − 1]")
    return number


def _integer(value: Any) -> int | None:
    """`value` as an int, or None if it is none: bool and float are none, numpy integers are."""
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def _flat(counters: Counters) -> dict[tuple[str, str, str], int]:
    """Checked counts by (node, counter, phase)."""
    result = {}
    for node, by_counter in _items(counters, "counters"):
        for counter, by_phase in _items(by_counter, str(node)):
            _check_name(counter, COUNTERS, f"{node}: counter")
            for phase, value in _items(by_phase, f"{node}.{counter}"):
                _check_name(phase, PHASES, f"{node}.{counter}: phase")
                count = _integer(value)
                if count is None or not 0 <= count <= _LARGEST_COUNT:
                    raise ConfigError(
                        f"{node}.{counter} in phase {phase} is {value!r}: a count is an integer in [0, 2^63 − 1]"
                    )
                result[node, counter, phase] = count
    return result


def _items(value: Any, where: str) -> list[tuple[Any, Any]]:
    if not isinstance(value, Mapping):
        raise ConfigError(
            f"{where} is a {type(value).__name__}: counts are nested mappings, "
            "node → counter → phase → count, as Program.counters() gives them"
        )
    return list(value.items())


def _check_name(name: Any, allowed: tuple[str, ...], what: str) -> None:
    if name not in allowed:
        raise ConfigError(f"{what} {name!r} is unknown: use one of {', '.join(allowed)}")

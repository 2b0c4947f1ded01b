"""Sums, differences and means of operation counts, of a program's reading or of an epoch."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from lava_ed.errors import ConfigError
from lava_ed.kernels.counting import COUNTERS, PHASES

if TYPE_CHECKING:
    from lava_ed.network.spec import NetworkSpec

Counters = Mapping[str, Mapping[str, Mapping[str, int]]]
"""node → counter → phase → count"""

Totals = dict[str, dict[str, int]]
"""counter → phase → count, over all nodes, every counter and phase present"""

_LARGEST_COUNT: Final = 2**63 - 1
"""Counters are int64."""


def total(counters: Counters) -> Totals:
    """Counts over all nodes, by counter and phase; what a node does not list counts 0.

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
    return sums(completed(counters))


def per_sample(counters: Counters, samples: int) -> dict[str, dict[str, float]]:
    """Counts over all nodes, divided by the number of samples, a positive integer: counter → phase → mean."""
    return means(total(counters), check_samples(samples))


def subtract(after: Counters, before: Counters) -> dict[str, Totals]:
    """What was counted between two readings of the same nodes: ``after − before``, with every counter and phase.

    Raises
    ------
    ConfigError
        If a reading is malformed, the nodes differ, or a count went down.

    Examples
    --------
    >>> before, after = ({"fc": {"synops": {"forward": count}}} for count in (2, 9))
    >>> subtract(after, before)["fc"]["synops"]
    {'forward': 7, 'backward': 0, 'update': 0}
    """
    if alone := sorted(map(str, set(after) ^ set(before))):
        raise ConfigError(
            f"the two readings are of different nets, only one has {', '.join(alone)}: subtract readings of one program"
        )
    first, second = completed(before), completed(after)
    result = counts_between(second, first)
    for node, counter, phase in product(result, COUNTERS, PHASES):
        if result[node][counter][phase] < 0:
            low, high = second[node][counter][phase], first[node][counter][phase]
            raise ConfigError(
                f"{node}.{counter} in phase {phase} went down from {high} to {low}: "
                "counters only grow; do not reset or write them between the two readings"
            )
    return result


def counts_between(after: Counters, before: Counters) -> dict[str, Totals]:
    """``after − before`` of two readings that list the same counts, unchecked."""
    return {
        node: {
            counter: {phase: count - before[node][counter][phase] for phase, count in phases.items()}
            for counter, phases in by_counter.items()
        }
        for node, by_counter in after.items()
    }


def sums(counters: Counters) -> Totals:
    """Counts over all nodes, unchecked."""
    result = _zeros()
    for by_counter in counters.values():
        for counter, phases in by_counter.items():
            for phase, count in phases.items():
                result[counter][phase] += count
    return result


def _zeros() -> Totals:
    return {name: dict.fromkeys(PHASES, 0) for name in COUNTERS}


def means(totals: Totals, samples: int) -> dict[str, dict[str, float]]:
    """counter → phase → count of one sample."""
    return {name: {phase: count / samples for phase, count in phases.items()} for name, phases in totals.items()}


def activity(spec: NetworkSpec, counters: Counters, samples: int) -> dict[str, Any]:
    """Means of an epoch: forward spikes of each hidden neuron, backward messages, weight writes, visited synapses."""
    totals = sums(counters)
    return {
        "spikes_per_neuron": {
            f"hidden{layer}": counters[f"hidden{layer}"]["spikes"]["forward"] / (samples * spec.sizes[layer])
            for layer in spec.hidden
        },
        "backward_messages": totals["spike_messages"]["backward"] / samples,
        **{name: sum(totals[name].values()) / samples for name in ("weight_writes", "synaptic_updates")},
    }


def check_samples(samples: Any) -> int:
    """The number of samples as an int, or a ConfigError if it is not a positive integer."""
    number = _integer(samples)
    if number is None or not 1 <= number <= _LARGEST_COUNT:
        raise ConfigError(f"samples is {samples!r}: give the number of samples counted, an integer in [1, 2^63 − 1]")
    return number


def _integer(value: Any) -> int | None:
    """`value` as an int, or None if it is none: bool and float are none, numpy integers are."""
    try:
        return None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return None


def completed(counters: Counters) -> dict[str, Totals]:
    """A copy of counts, with every counter and phase; a ConfigError where they are malformed."""
    result = {}
    for node, by_counter in _items(counters, "counters"):
        result[node] = _zeros()
        for counter, by_phase in _items(by_counter, str(node)):
            _check_name(counter, COUNTERS, f"{node}: counter")
            for phase, value in _items(by_phase, f"{node}.{counter}"):
                _check_name(phase, PHASES, f"{node}.{counter}: phase")
                count = _integer(value)
                if count is None or not 0 <= count <= _LARGEST_COUNT:
                    raise ConfigError(
                        f"{node}.{counter} in phase {phase} is {value!r}: a count is an integer in [0, 2^63 − 1]"
                    )
                result[node][counter][phase] = count
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

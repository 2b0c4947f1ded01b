"""Energy of a net that was never run: counts of one training sample, from sizes and spikes alone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from lava_ed.energy.prices import PriceList, load_price_list
from lava_ed.energy.report import energy_report
from lava_ed.errors import ConfigError

DEPENDENCIES: Final = ("x0", "y0", "u0", "effective")
"""Dependencies of the learning engine's visits; `effective` visits only synapses whose product is not zero."""
LARGEST: Final = 2**31 - 1

Counts = dict[str, dict[str, dict[str, int]]]


def sample_counts(
    sizes: Sequence[int],
    spikes: Sequence[int],
    steps: int,
    visits: str = "x0",
    active: bool = True,
    rule: str | None = None,
) -> Counts:
    """Counts of one training sample of a dense net in which every spiking neuron learns once.

    Per connection l, with s spikes before it and n neurons behind it: synops s·n; visits s·n (x0), s′·n_pre (y0,
    s′ spikes behind it, all n at the output), n_pre·n (u0); effective: s·s′, and s·n at the output.

    Parameters
    ----------
    sizes, spikes : sequence of int
        Neurons of each layer, inputs first; spikes of each but the output, which is read by its membrane.
    steps : int
        Time steps.
    visits : str
        One of `DEPENDENCIES`.
    active : bool
        Whether all neuron updates count as active or all as idle: the two ends.
    rule : str, optional
        The net's rule, under some of which a neuron spikes once a sample at most; default: once a time step.

    Raises
    ------
    ConfigError
        If the numbers do not fit each other.

    Examples
    --------
    >>> sample_counts((784, 400, 10), (150, 120), 32)["dense1"]["synops"]
    {'forward': 60000}
    """
    _check(sizes, spikes, steps, visits, rule)
    fired, connections = [*spikes, sizes[-1]], {}
    for layer, (n_pre, n) in enumerate(pairwise(sizes), 1):
        before, behind = fired[layer - 1], fired[layer]
        visited = {"x0": before * n, "y0": behind * n_pre, "u0": n_pre * n, "effective": before * behind}[visits]
        connections[f"dense{layer}"] = {
            "synops": {"forward": before * n},
            "synaptic_updates": {"update": visited},
            "effective_updates": {"update": before * behind},
        }
    return with_neurons(connections, sizes, spikes, steps, active)


def with_neurons(
    connections: Counts,
    sizes: Sequence[int],
    spikes: Sequence[int],
    steps: int,
    active: bool,
    phases: Sequence[str] = ("forward",),
) -> Counts:
    """Counts of connections in order, each followed by those of the neurons behind it, which spike in these phases."""
    update = "neuron_updates_active" if active else "neuron_updates_idle"
    counts: Counts = {"encoder": {"spikes": {"forward": spikes[0]}, "spike_messages": {"forward": spikes[0]}}}
    for layer, (name, connection) in enumerate(connections.items(), 1):
        neurons = {update: {"forward": sizes[layer] * steps}}
        if layer < len(connections):
            neurons |= {sent: dict.fromkeys(phases, spikes[layer]) for sent in ("spikes", "spike_messages")}
        counts |= {name: connection, "readout" if layer == len(connections) else f"hidden{layer}": neurons}
    return counts


def _check(sizes: Sequence[int], spikes: Sequence[int], steps: int, visits: str, rule: str | None) -> None:
    """Refuse numbers that do not fit each other, and layers that spike more often than their neurons can."""
    from lava_ed.learning_rules import RULES  # which loads numba

    if len(sizes) < 2 or not all(1 <= n <= LARGEST for n in sizes):
        raise ConfigError(f"sizes are {tuple(sizes)}: give at least two layers of 1 … {LARGEST} neurons")
    if len(spikes) != len(sizes) - 1 or not all(0 <= n <= LARGEST for n in spikes):
        raise ConfigError(
            f"spikes are {tuple(spikes)}: {len(sizes)} layers need {len(sizes) - 1} numbers from 0, inputs first, "
            "none for the output"
        )
    if not 1 <= steps <= LARGEST:
        raise ConfigError(f"steps is {steps}: 1 … {LARGEST} are possible")
    if visits not in DEPENDENCIES:
        raise ConfigError(f"visits is {visits!r}: use one of {', '.join(DEPENDENCIES)}")
    if rule is not None and rule not in RULES:
        raise ConfigError(f"rule {rule!r} is unknown: use one of {', '.join(RULES)}")
    once = rule is not None and RULES[rule].timing.spikes_once
    for layer, (neurons, count) in enumerate(zip(sizes, spikes, strict=False)):
        limit = neurons * (1 if once else steps)
        if count > limit:
            each = f"one each under {rule}" if once else f"one each in each of {steps} steps"
            raise ConfigError(
                f"layer {layer} has {count:,} spikes, but {neurons:,} neurons spike at most {limit:,} times ({each}): "
                f"give fewer spikes{'' if once else ' or more steps'}"
            )


def estimate_sample(
    sizes: Sequence[int],
    spikes: Sequence[int],
    steps: int,
    price_list: PriceList | str | os.PathLike[str] = "loihi1-davies2018",
    rule: str | None = None,
) -> dict[str, Any]:
    """Microjoules of one training sample, from all neurons idle to all active, under each dependency.

    Parameters
    ----------
    sizes, spikes, steps, rule
        What `sample_counts` takes.
    price_list : PriceList, str or path-like

    Returns
    -------
    dict
        Ready for JSON: ``price_list``, ``caveat``, and ``microjoules``: for each of `DEPENDENCIES` ``low`` and
        ``high`` of the dynamic sum, and ``updates``, the part of the synaptic updates; ``visits``: for each connection
        the synapses visited under x0, y0 and u0.
    """
    prices = load_price_list(price_list)
    found = {}
    for visits in DEPENDENCIES:
        counts = (sample_counts(sizes, spikes, steps, visits, active, rule) for active in (False, True))
        low, high = (energy_report(each, 1, prices)["microjoules_per_sample"] for each in counts)
        found[visits] = {"low": low["dynamic"], "high": high["dynamic"], "updates": high["update"]}
    by_dependency = {each: sample_counts(sizes, spikes, steps, each, rule=rule) for each in DEPENDENCIES[:3]}
    return {
        "sizes": list(sizes),
        "spikes": list(spikes),
        "steps": steps,
        "price_list": prices.name,
        "caveat": prices.caveat,
        "microjoules": found,
        "visits": {
            node: {each: counts[node]["synaptic_updates"]["update"] for each, counts in by_dependency.items()}
            for node in (f"dense{layer}" for layer in range(1, len(sizes)))
        },
    }

"""Energy report: counts, and the same counts priced by one list."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from lava_ed.energy.counting import Counters, Totals, check_samples, means, total
from lava_ed.energy.prices import HOST, Price, PriceList, built_in_price_lists, load_price_list
from lava_ed.errors import ConfigError
from lava_ed.kernels.counting import COUNTERS, PHASES

_PICO_PER_MICRO: Final = 1e6
_IDLE: Final = "neuron_updates_idle"


def energy_report(counters: Counters, samples: int, price_list: PriceList | str | os.PathLike[str]) -> dict[str, Any]:
    """Price counts: E[category, phase] = price · Σ count[counter, phase] over the category's counters.

    Parameters
    ----------
    counters
        node → counter → phase → count, as `Program.counters` gives it, over all samples.
    samples : int
        Number of samples counted, at least 1.
    price_list : PriceList, str or path

    Returns
    -------
    dict
        Ready for JSON:

        - ``price_list``: name, title, kind, source and caveat; ``samples``;
        - ``counts`` and ``counts_per_sample``: counter → phase → number;
        - ``prices``: entry → picojoules, counters, source, alternative_to; ``priced_by``: counter →
          entries of the sum that charge it, which add up;
        - ``picojoules``: category → phase, over all samples;
        - ``microjoules_per_sample``: each phase, learning = backward + update, and dynamic, their sum
          over all three phases;
        - ``alternatives``: for each entry that can stand in for another, the same two figures with it;
        - ``unpriced``: counters that the sum does not contain;
        - ``lacking``: memory and idle time, which the sum does not contain either: for each entry its price, source and
          the same figures, and the sum with all of them, the upper end;
        - ``host``: ``host_ops``, never in the sum; ``static``: power of one chip, never in the sum, or None;
        - ``notes``: what has to be said with the figures.

    Raises
    ------
    ConfigError, PriceListError
        If the counts or the price list are malformed, or `samples` is not a positive integer.

    Examples
    --------
    >>> counters = {"fc": {"synops": {"forward": 1_000_000, "backward": 0}}}
    >>> energy_report(counters, 10, "anp-i")["microjoules_per_sample"]["dynamic"]
    0.15
    """
    samples = check_samples(samples)
    prices, counts = load_price_list(price_list), total(counters)
    priced = _Priced(counts, samples, prices)
    return {
        "price_list": {key: getattr(prices, key) for key in ("name", "title", "kind", "source", "caveat")},
        "samples": samples,
        "counts": counts,
        "counts_per_sample": means(counts, samples),
        "prices": {entry.name: {**_priced(entry), "alternative_to": entry.alternative_to} for entry in prices.entries},
        "priced_by": {
            counter: [entry.name for entry in prices.dynamic if counter in entry.counters]
            for counter in COUNTERS
            if counter not in (*prices.unpriced, HOST)
        },
        "picojoules": {
            "price_list": prices.name,
            "categories": {entry.name: priced.cost(entry) for entry in prices.dynamic},
        },
        "microjoules_per_sample": priced.sums(prices.dynamic),
        "alternatives": {entry.name: priced.with_alternative(entry) for entry in prices.alternatives},
        "unpriced": list(prices.unpriced),
        "lacking": priced.lacking(),
        "host": priced.host(),
        "static": prices.static
        and {
            "price_list": prices.name,
            "milliwatts_per_chip": prices.static.milliwatts,
            "source": prices.static.source,
            "note": "power of one chip, not in the dynamic sum: its energy is this times the time on chip, "
            "which counts do not give",
        },
        "notes": _notes(prices, counts),
    }


def energy_range(
    counters: Counters, samples: int, price_lists: Iterable[PriceList | str | os.PathLike[str]] | None = None
) -> dict[str, Any]:
    """Price counts under several lists: how far the sources are apart is how uncertain a figure is.

    Parameters
    ----------
    counters, samples
        What `energy_report` takes.
    price_lists : iterable, optional
        Default: the built-in ones.

    Returns
    -------
    dict
        Ready for JSON: ``microjoules_per_sample``: list → dynamic, learning, both ``with_lacking``, and ``unpriced``,
        the counters that occurred and that it does not charge; ``low``, ``high``: (list, dynamic) of the smallest and
        the largest; ``highest``: the same with what the lists lack.

    Raises
    ------
    ConfigError, PriceListError
        If no list is given, or `energy_report` refuses one.
    """
    lists = built_in_price_lists() if price_lists is None else tuple(price_lists)
    if not lists:
        raise ConfigError("no price list was given: name at least one")
    found = {}
    for price_list in lists:
        report = energy_report(counters, samples, price_list)
        sums, counts = report["microjoules_per_sample"], report["counts"]
        found[report["price_list"]["name"]] = {
            "dynamic": sums["dynamic"],
            "learning": sums["learning"],
            "with_lacking": {key: report["lacking"]["microjoules_per_sample"][key] for key in ("dynamic", "learning")},
            "unpriced": [name for name in report["unpriced"] if any(counts[name].values())],
        }
    by_sum = sorted(found, key=lambda name: found[name]["dynamic"])
    low, high = ([name, found[name]["dynamic"]] for name in (by_sum[0], by_sum[-1]))
    most = max(found, key=lambda name: found[name]["with_lacking"]["dynamic"])
    highest = [most, found[most]["with_lacking"]["dynamic"]]
    return {"microjoules_per_sample": found, "low": low, "high": high, "highest": highest}


def _priced(entry: Price) -> dict[str, Any]:
    """An entry of a price list, ready for JSON."""
    return {"picojoules": entry.picojoules, "counters": list(entry.counters), "source": entry.source}


@dataclass(frozen=True)
class _Priced:
    """Counts over all samples at the prices of a list."""

    counts: Totals
    samples: int
    prices: PriceList

    def cost(self, entry: Price) -> dict[str, float]:
        """Picojoules of one entry by phase."""
        return {phase: entry.picojoules * sum(self.counts[n][phase] for n in entry.counters) for phase in PHASES}

    def sums(self, entries: Iterable[Price]) -> dict[str, Any]:
        """Microjoules per sample by phase, learning and dynamic."""
        costs = [self.cost(entry) for entry in entries]
        sets = {**{phase: (phase,) for phase in PHASES}, "learning": ("backward", "update"), "dynamic": PHASES}
        scale = _PICO_PER_MICRO * self.samples
        sums = {name: math.fsum(cost[p] for cost in costs for p in phases) / scale for name, phases in sets.items()}
        return {"price_list": self.prices.name, **sums}

    def with_alternative(self, entry: Price) -> dict[str, Any]:
        """The figures with `entry` in place of the one that it can stand in for."""
        others = [other for other in self.prices.dynamic if other.name != entry.alternative_to]
        return {
            "price_list": self.prices.name,
            "in_place_of": entry.alternative_to,
            "picojoules": self.cost(entry),
            "microjoules_per_sample": self.sums([*others, entry]),
        }

    def lacking(self) -> dict[str, Any]:
        """What the sum lacks, entry by entry, and the sum with all of it."""
        entries = {
            entry.name: {**_priced(entry), "microjoules_per_sample": self.sums([entry])}
            for entry in self.prices.upper_end
        }
        whole = self.sums([*self.prices.dynamic, *self.prices.upper_end])
        return {"price_list": self.prices.name, "entries": entries, "microjoules_per_sample": whole}

    def host(self) -> dict[str, Any]:
        """Operations off the neurocores; without a price the energy is None, not 0."""
        entries = self.prices.host
        return {
            "price_list": self.prices.name,
            "counter": HOST,
            "count": sum(self.counts[HOST].values()),
            "entries": [entry.name for entry in entries],
            "microjoules_per_sample": self.sums(entries)["dynamic"] if entries else None,
        }


def _notes(prices: PriceList, counts: Totals) -> list[str]:
    """What has to be said with the figures."""
    notes = [f"counts of lava-ed at the prices of {prices.name} ({prices.kind}): {prices.caveat}"]
    notes += [
        f"{entry.alternative_to} is in the sum; {entry.name}, at {entry.picojoules:g} pJ for each of "
        f"{', '.join(entry.counters)}, is its alternative and is not"
        for entry in prices.alternatives
    ]
    sums = {name: sum(phases.values()) for name, phases in counts.items()}
    if "hops" not in prices.unpriced and not sums["hops"]:
        notes.append("hops are 0: without a mapping of the layers to cores no hop is counted")
    if left_out := [f"{name} ({sums[name]:,})" for name in prices.unpriced if sums[name]]:
        notes.append(f"no entry of the sum under {prices.name} charges {', '.join(left_out)}")
    idle, backward = counts[_IDLE]["backward"], {name for name, phases in counts.items() if phases["backward"]}
    if idle and _IDLE not in prices.unpriced and backward <= {_IDLE, "barrier_steps"}:  # as in inference
        notes.append(
            f"no error was sent: what backward has is {idle:,} idle neuron updates, in the steps that a sample's "
            "schedule keeps for errors whether it learns or not; without them forward is the whole"
        )
    if sums[HOST]:
        notes.append(f"{HOST} ({sums[HOST]:,}) were done off the neurocores and are not in the sum")
    return notes

"""Ratios to the reference as published, and to the reference with the same freedoms."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, Final

from lava_ed.comparison.groups import Group
from lava_ed.energy import Price, PriceList

RATIOS: Final = {"": "as published", "_free": "with the same freedoms"}
"""Suffix of the key of a ratio, and what of the reference it refers to."""
QUANTITIES: Final = ("learning_microjoules_per_sample", "training_millijoules")
CLAIMED: Final = 30
"""The saving that the paper claims: a ratio below it is explained by a count."""
_SAID: Final = {"synaptic_updates": "synapses visited"}

Bases = Mapping[str, dict[str, Any] | None]
"""Suffix → the entry of the reference that ratios with it refer to."""


def bases_of(
    groups: Sequence[Group], entries: Sequence[dict[str, Any]], prices: PriceList, reference: str
) -> dict[str, dict[str, Any] | None]:
    """The entries of the reference that the ratios refer to: its first as published, its cheapest of the others."""
    reached = [pair for pair in zip(groups, entries, strict=True) if pair[1]["rule"] == reference and pair[1]["energy"]]
    published = [entry for group, entry in reached if group.published]
    free = [entry for group, entry in reached if not group.published]
    free.sort(key=lambda entry: entry["energy"][prices.name][QUANTITIES[0]]["mean"])
    return {"": next(iter(published), None), "_free": next(iter(free), None)}


def add_ratios(entries: Sequence[dict[str, Any]], prices: Sequence[PriceList], bases: Bases) -> None:
    """reference / this, of the means, under every price list; None without the reference, or where it is 0."""

    def views(entry: Mapping[str, Any] | None, name: str) -> list[Any]:
        energy = entry and entry["energy"][name]
        return [energy, energy["with_lacking"]] if energy else [None, None]

    for entry in entries:
        for price_list in prices if entry["energy"] else ():
            for suffix, base in bases.items():
                pairs = zip(views(entry, price_list.name), views(base, price_list.name), strict=True)
                for (mine, theirs), key in product(pairs, QUANTITIES):
                    value, there = mine[key]["mean"], theirs and theirs[key]["mean"]
                    ratio = there / value if there is not None and value else None
                    mine[f"{key.partition('_')[0]}_ratio{suffix}"] = ratio


def explanations(entries: Sequence[dict[str, Any]], prices: Sequence[PriceList], bases: Bases) -> list[str]:
    """Of each ratio below what is claimed, under the first list, the count that costs this rule most."""
    notes = []
    for entry, (suffix, base) in product(entries, bases.items()):
        if base is None or not entry["energy"] or entry["rule"] == base["rule"]:
            continue
        ratio = entry["energy"][prices[0].name][f"learning_ratio{suffix}"]
        if ratio is None or ratio >= CLAIMED:
            continue

        def of(each: Mapping[str, Any], price: Price) -> float:
            return math.fsum(each["learning_counts"][name] for name in price.counters)

        costs = {price: price.picojoules * of(entry, price) for price in prices[0].dynamic}
        most = max(costs, key=costs.__getitem__)
        what = " and ".join(_SAID.get(name, name.replace("_", " ")) for name in most.counters)
        share = 100 * costs[most] / sum(costs.values())
        notes.append(
            f"{entry['label']}: {base['label']} {RATIOS[suffix]} needs {ratio:.3g} times its learning energy, less "
            f"than {CLAIMED}: {share:.0f} % of it are {of(entry, most):,.0f} {what} a "
            f"sample ({prices[0].name}), and {base['label']} has {of(base, most):,.0f}"
        )
    return notes

"""Runs of several rules and seeds beside each other, at equal accuracy.

The test set is seen once, at a run's end, so the point of equal accuracy is found on the validation
split: the first epoch at whose end a run has the target accuracy there.  By default the target is the
highest accuracy that every run reaches.  Up to that epoch,

- learning energy = (backward + update) / training samples,
- training energy = forward + backward + update, in all.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lava_ed.comparison.groups import FREEDOMS, ComparedRun, Group, group_runs
from lava_ed.comparison.ratios import QUANTITIES, RATIOS, add_ratios, bases_of, explanations
from lava_ed.energy import PriceList, energy_report
from lava_ed.errors import ConfigError
from lava_ed.kernels.counting import COUNTERS, PHASES
from lava_ed.learning_rules import RULES

REFERENCE: Final = "sg-bptt"
"""The rule that the others are measured against."""
TOLERANCE: Final = 0.005
"""Accuracies that differ by no more than half a point count as equal."""


def compare(
    runs: Sequence[ComparedRun], prices: Sequence[PriceList], target: float | None = None, reference: str = REFERENCE
) -> dict[str, Any]:
    """Set runs beside each other at equal accuracy.

    Parameters
    ----------
    runs : sequence of ComparedRun
    prices : sequence of PriceList
    target : float, optional
        Validation accuracy, 0 … 1, up to which is counted; default: the highest that every run reaches.
    reference : str
        Rule that the ratios refer to: its mean over this rule's, above 1 where this one needs less.  Each is given
        for its first group as published and, of those with other `FREEDOMS`, for the one that learns at the least cost.

    Returns
    -------
    dict
        Ready for JSON: ``dataset``, ``target``, ``reference``, ``references`` (the labels of its two groups, or None),
        ``price_lists`` (name → source), ``rules`` (one entry a group) and ``notes``, which belong to the figures.

    Raises
    ------
    ConfigError
        If the runs cannot be compared, or the target is out of range.
    """
    if target is not None and not 0 < target <= 1:
        raise ConfigError(f"target is {target}: a validation accuracy is above 0 and at most 1")
    if reference not in RULES:
        raise ConfigError(f"reference {reference!r} is no rule: use one of {', '.join(RULES)}")
    groups = group_runs(runs)
    bests = [run.best for run in runs]
    if None in bests and target is not None:
        without = next(run.path for run in runs if run.best is None)
        raise ConfigError(f"{without} held no samples out, so no epoch can be found for the target: leave it out")
    if target is None and None not in bests:
        target = min(best for best in bests if best is not None)
    _check_learned(runs, target)
    entries = [_entry(group, prices, target) for group in groups]
    bases = bases_of(groups, entries, prices[0], reference) if prices else {}
    add_ratios(entries, prices, bases)
    return {
        "dataset": runs[0].config.dataset,
        "target": target,
        "tolerance": TOLERANCE,
        "reference": reference,
        "references": {RATIOS[suffix]: base and base["label"] for suffix, base in bases.items()},
        "price_lists": {price_list.name: price_list.source for price_list in prices},
        "rules": entries,
        "notes": [*_notes(groups, entries, target, reference), *explanations(entries, prices, bases)],
    }


def _check_learned(runs: Sequence[ComparedRun], target: float | None) -> None:
    """Refuse a target that a net reaches without learning: energies of learning cannot be compared there."""
    if target is None:
        return
    chance = max(run.by_chance for run in runs)
    for run in runs:
        best = run.best or 0.0
        if target <= best <= run.by_chance:
            raise ConfigError(
                f"{run.path} learned nothing: its best validation accuracy, {100 * best:.2f} %, is no better than "
                f"chance ({100 * run.by_chance:.2f} %), so there is no equal accuracy to compare at; leave it out, or "
                "name a higher --target"
            )
    if target <= chance:
        raise ConfigError(
            f"target is {target}, no better than chance ({chance:.4f}): name a validation accuracy above it"
        )


def _entry(group: Group, prices: Sequence[PriceList], target: float | None) -> dict[str, Any]:
    """The figures of one group."""
    reached = [(run, epochs) for run in group.runs if (epochs := run.epochs_to(target)) is not None]
    entry: dict[str, Any] = {
        "label": group.label,
        "rule": group.rule,
        "runs": [run.path for run in group.runs],
        "seeds": [run.config.seed for run in group.runs],
        "sizes": list(group.runs[0].result["sizes"]),
        "test_accuracy": _spread([run.result["test_accuracy"] for run in group.runs]),
        "reached": len(reached),
    }
    if not reached:
        missing = ("epochs", "samples", "accuracy_there", "per_sample", "energy", "learning_counts")
        return entry | dict.fromkeys(missing)
    counted = [run.counted(epochs) for run, epochs in reached]
    there = [run.rows[epochs - 1]["validation_accuracy"] for run, epochs in reached]
    return {
        **entry,
        "epochs": _spread([epochs for _, epochs in reached]),
        "samples": _spread([samples for _, samples in counted]),
        "accuracy_there": None if None in there else _spread(there),
        "per_sample": {
            name: _spread([sum(counts[counter][p] for p in phases) / samples for counts, samples in counted])
            for name, (counter, phases) in _PER_SAMPLE.items()
        },
        "learning_counts": {
            name: statistics.fmean((c[name]["backward"] + c[name]["update"]) / samples for c, samples in counted)
            for name in COUNTERS
        },
        "energy": {price_list.name: _energy(counted, price_list) for price_list in prices},
    }


_PER_SAMPLE: Final = {
    "spikes": ("spikes", PHASES),
    "messages": ("spike_messages", PHASES),
    "backward_messages": ("spike_messages", ("backward",)),
    "synaptic_updates": ("synaptic_updates", PHASES),
    "weight_writes": ("weight_writes", PHASES),
}
"""What is compared per training sample: name → counter and phases."""


def _energy(counted: Sequence[tuple[dict[str, dict[str, int]], int]], prices: PriceList) -> dict[str, Any]:
    """Learning energy in µJ per training sample, training energy in mJ, without and with memory and idle time."""
    reports = [energy_report({"all": counts}, samples, prices) for counts, samples in counted]

    def spreads(sums: Sequence[Mapping[str, float]]) -> dict[str, Any]:
        whole = [each["dynamic"] * samples / 1e3 for each, (_, samples) in zip(sums, counted, strict=True)]
        return dict(zip(QUANTITIES, (_spread([each["learning"] for each in sums]), _spread(whole)), strict=True))

    return {
        "price_list": prices.name,
        **spreads([report["microjoules_per_sample"] for report in reports]),
        "with_lacking": spreads([report["lacking"]["microjoules_per_sample"] for report in reports]),
    }


def _spread(values: Sequence[float]) -> dict[str, Any]:
    """Mean, standard deviation (None for one value), least and largest."""
    return {
        "mean": statistics.fmean(values),
        "std": statistics.stdev(values) if len(values) > 1 else None,
        "min": min(values),
        "max": max(values),
    }


def _notes(
    groups: Sequence[Group], entries: Sequence[dict[str, Any]], target: float | None, reference: str
) -> list[str]:
    """What has to be said with the figures."""
    notes = []
    if target is None:
        notes.append("a run held no samples out, so that all epochs are counted, not those up to an equal accuracy")
    if reference not in {group.rule for group in groups}:
        notes.append(
            f"no run of {reference} is among them, so that no ratio to it can be given; --reference names another rule"
        )
    elif not any(entry["rule"] == reference and entry["energy"] for entry in entries):
        notes.append(f"no run of {reference} reaches the target, so that no ratio to it can be given")
    elif sum(group.rule == reference for group in groups) > 1:
        notes.append(
            f"there are several groups of {reference}: ratios refer to the first as published, and to the cheapest "
            f"with other {', '.join(FREEDOMS[:-1])} or {FREEDOMS[-1]}"
        )
    elif not next(group for group in groups if group.rule == reference).published:
        notes.append(f"no run of {reference} is as published: its {', '.join(FREEDOMS)} are not all the preset's")
    finals = [entry["test_accuracy"]["mean"] for entry in entries]
    if max(finals) - min(finals) > TOLERANCE:
        notes.append(
            f"mean test accuracies at the runs' ends differ by {100 * (max(finals) - min(finals)):.2f} points, more "
            f"than {100 * TOLERANCE:g}: only the figures up to the target are at equal accuracy"
        )
    notes += [f"{run.path}: {note}" for group in groups for run in group.runs for note in run.result.get("notes", ())]
    for group, entry in zip(groups, entries, strict=True):
        if entry["reached"] < len(group.runs):
            notes.append(
                f"{group.label}: {entry['reached']} of {len(group.runs)} runs reach the target; the others are not "
                "counted"
            )
        there = entry["accuracy_there"]
        if target is not None and there is not None and there["mean"] - target > TOLERANCE:
            notes.append(
                f"{group.label} is at {100 * there['mean']:.2f} % where it first passes the target, more than "
                f"{100 * TOLERANCE:g} points above it: its figures are upper bounds"
            )
    sizes = {tuple(entry["sizes"]) for entry in entries}
    if len(sizes) > 1:
        nets = ", ".join("-".join(map(str, size)) for size in sorted(sizes))
        notes.append(f"the nets differ ({nets}): a fair comparison has one net")
    if len({tuple(sorted(entry["seeds"])) for entry in entries}) > 1:
        notes.append("the seeds differ from rule to rule: a fair comparison has one set of seeds")
    return notes

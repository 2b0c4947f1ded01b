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
from dataclasses import dataclass
from os import PathLike
from typing import Any, Final

from lava_ed.config.training import WITHOUT_EFFECT, TrainConfig
from lava_ed.energy import PriceList, energy_report
from lava_ed.errors import ConfigError
from lava_ed.kernels.counting import COUNTERS, PHASES
from lava_ed.learning_rules import RULES
from lava_ed.runs.folder import CONFIG, RESULT, RunFolder

REFERENCE: Final = "sg-bptt"
"""The rule that the others are measured against."""
TOLERANCE: Final = 0.005
"""Accuracies that differ by no more than half a point count as equal."""
_BESIDE: Final = ("seed", "backend", *WITHOUT_EFFECT)
"""Settings in which runs of one group may differ."""


@dataclass(frozen=True, eq=False)
class ComparedRun:
    """A run that has ended, as far as a comparison needs it."""

    path: str
    config: TrainConfig
    rows: Sequence[Mapping[str, Any]]
    result: Mapping[str, Any]
    data_digest: str
    chance: float | None = None
    """Accuracy of always naming the most frequent class of the samples held out; None: every class as often."""

    @property
    def by_chance(self) -> float:
        """Accuracy of a net that learned nothing."""
        return 1 / int(self.result["sizes"][-1]) if self.chance is None else self.chance

    @property
    def best(self) -> float | None:
        """Highest validation accuracy at the end of an epoch; None where no samples were held out."""
        found = [row["validation_accuracy"] for row in self.rows if row["validation_accuracy"] is not None]
        return max(found, default=None)

    def epochs_to(self, target: float | None) -> int | None:
        """Epochs up to the first one that ends with the target accuracy; all without a target; None: never."""
        if target is None:
            return len(self.rows)
        return next((k for k, row in enumerate(self.rows, 1) if (row["validation_accuracy"] or 0) >= target), None)

    def counted(self, epochs: int) -> tuple[dict[str, dict[str, int]], int]:
        """Counter → phase → count over the first epochs, and their training samples."""
        rows = self.rows[:epochs]
        counts = {
            name: {phase: sum(row["counters"][name][phase] for row in rows) for phase in PHASES} for name in COUNTERS
        }
        return counts, sum(row["samples"] for row in rows)


@dataclass(frozen=True, eq=False)
class Group:
    """Runs of one configuration that differ in their seed alone."""

    label: str
    runs: Sequence[ComparedRun]

    @property
    def rule(self) -> str:
        """Name of the rule."""
        return self.runs[0].config.rule


def read_run(path: str | PathLike[str]) -> ComparedRun:
    """Read a run that has ended.

    Raises
    ------
    RunFolderError
        If there is no run, it has not ended, or its epochs have no counts.
    """
    folder = RunFolder(path)
    config = folder.read_config()
    result, rows = folder.read_json(RESULT), folder.read_metrics()
    data = folder.entry(folder.read_json(CONFIG), CONFIG, "facts", "data")
    sha256 = folder.entry(data, CONFIG, "sha256")
    return ComparedRun(str(folder.path), config, rows, result, sha256, data.get("chance"))


def group_runs(runs: Sequence[ComparedRun]) -> list[Group]:
    """Runs by configuration, seed aside, in order of their first run.

    Raises
    ------
    ConfigError
        If there are none, they are of different data, or a seed occurs twice in a group.
    """
    if not runs:
        raise ConfigError("no runs were given: name their folders, or train some with --train")
    for run in runs[1:]:
        first = runs[0]
        if (run.config.dataset, run.data_digest) != (first.config.dataset, first.data_digest):
            raise ConfigError(
                f"{run.path} was trained on other data ({run.config.dataset}) than {first.path} "
                f"({first.config.dataset}): compare runs of one data set"
            )
    by_settings: dict[str, list[ComparedRun]] = {}
    for run in runs:
        group = by_settings.setdefault(repr(_settings(run.config)), [])
        if twice := [other.path for other in group if other.config.seed == run.config.seed]:
            paths = ", ".join([*twice, run.path])
            raise ConfigError(f"{paths} are the same run, of seed {run.config.seed}: name each run once")
        group.append(run)
    members = list(by_settings.values())
    return [Group(_label(group[0].config, members), group) for group in members]


def _settings(config: TrainConfig) -> dict[str, Any]:
    return {name: value for name, value in sorted(config.settings().items()) if name not in _BESIDE}


def _label(config: TrainConfig, groups: Sequence[Sequence[ComparedRun]]) -> str:
    """The rule, and the settings that tell its groups apart."""
    mine = _settings(config)
    others = [_settings(g[0].config) for g in groups if g[0].config.rule == config.rule]
    differing = [name for name in mine if any(other[name] != mine[name] for other in others)]
    return " ".join([config.rule, *(f"{name}={_short(mine[name])}" for name in differing)])


def _short(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


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
        Rule that the ratios refer to: its mean over this rule's, above 1 where this one needs less.

    Returns
    -------
    dict
        Ready for JSON: ``dataset``, ``target``, ``reference``, ``price_lists`` (name → source), ``rules`` (one
        entry a group) and ``notes``, which belong to the figures.

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
    _add_ratios(entries, prices, reference)
    return {
        "dataset": runs[0].config.dataset,
        "target": target,
        "tolerance": TOLERANCE,
        "reference": reference,
        "price_lists": {price_list.name: price_list.source for price_list in prices},
        "rules": entries,
        "notes": _notes(groups, entries, target, reference),
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
        return {**entry, "epochs": None, "samples": None, "accuracy_there": None, "per_sample": None, "energy": None}
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
    """Learning energy in µJ per training sample, training energy in mJ."""
    reports = [energy_report({"all": counts}, samples, prices)["microjoules_per_sample"] for counts, samples in counted]
    whole = [report["dynamic"] * samples / 1e3 for report, (_, samples) in zip(reports, counted, strict=True)]
    return {
        "price_list": prices.name,
        "learning_microjoules_per_sample": _spread([report["learning"] for report in reports]),
        "training_millijoules": _spread(whole),
    }


def _add_ratios(entries: Sequence[dict[str, Any]], prices: Sequence[PriceList], reference: str) -> None:
    """reference / this, of the means, under every price list; None without the reference, or where it is 0."""
    base = next((entry for entry in entries if entry["rule"] == reference and entry["energy"]), None)
    for entry in entries:
        for price_list in prices if entry["energy"] else ():
            mine = entry["energy"][price_list.name]
            for key in ("learning_microjoules_per_sample", "training_millijoules"):
                value = mine[key]["mean"]
                there = None if base is None else base["energy"][price_list.name][key]["mean"]
                mine[f"{key.partition('_')[0]}_ratio"] = there / value if there is not None and value else None


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
        notes.append(f"there are several groups of {reference}: ratios refer to the first")
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

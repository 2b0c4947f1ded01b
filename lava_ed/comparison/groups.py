"""Runs that have ended, as far as a comparison needs them, and what groups they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, Final

from lava_ed.config.training import WITHOUT_EFFECT, TrainConfig
from lava_ed.errors import ConfigError
from lava_ed.kernels.counting import COUNTERS, PHASES
from lava_ed.runs.folder import CONFIG, RESULT, RunFolder

FREEDOMS: Final = ("dead_zone", "hidden_dead_zones", "error_grains", "dependency", "learning", "steps", "encoder")
"""Settings that save learning: a group in which all of them are the preset's is the rule as published."""
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
    dependency: str | None = None
    """What learning visited by, where the configuration left the choice to the run (auto)."""

    @property
    def published(self) -> bool:
        """Whether what saves learning is set as the preset has it."""
        preset, found = TrainConfig.create(self.config.rule, self.config.dataset).settings(), self.config.settings()
        found["dependency"] = self.dependency or found["dependency"]
        return all(found.get(name) == preset.get(name) for name in FREEDOMS)

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

    @property
    def published(self) -> bool:
        """Whether each of its runs is the rule as published."""
        return all(run.published for run in self.runs)


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
    written = folder.read_json(CONFIG)
    data = folder.entry(written, CONFIG, "facts", "data")
    sha256 = folder.entry(data, CONFIG, "sha256")
    auto = config.net.dependency == "auto"
    chosen = folder.entry(written, CONFIG, "facts", "network", "dependency") if auto else None
    return ComparedRun(str(folder.path), config, rows, result, sha256, data.get("chance"), chosen)


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

"""A sweep: so many trials in a folder, resumable, its result as JSON."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, Final

from lava_ed.cluster import Alone, Crew
from lava_ed.config.settings_file import as_json, checked_settings, complete
from lava_ed.config.training import TrainConfig
from lava_ed.data import Dataset, data_folder
from lava_ed.errors import ConfigError, RunFolderError
from lava_ed.files.reading import brief
from lava_ed.installed import required
from lava_ed.integers import check_integer, settle_integers
from lava_ed.learning_rules import RULES, LearningRate
from lava_ed.runs.data import TrainedFor, checked, with_data
from lava_ed.runs.folder import RunFolder
from lava_ed.sweep.score import guarded_accuracy
from lava_ed.sweep.space import SPACES, training_settings
from lava_ed.sweep.storage import StudyFile, Told
from lava_ed.version import __version__

RESULT: Final = "sweep.json"
BEST: Final = "best.json"
STORAGE: Final = "study.db"
_PARALLEL: Final = 8
"""Trials that may run at once on workers, however many these are."""
_MOST: Final = 2**31
"""More than any number of trials."""
_DATA: Final = "data_sha256"
"""Attribute of the study that holds the digest of its data."""


@dataclass(frozen=True, kw_only=True)
class SweepConfig:
    """What a sweep does; two sweeps of one configuration give the same trials.

    Parameters
    ----------
    rule, dataset : str
    data_dir : str or None
    trials : int
        Trials in all; the first is the preset.
    hidden : tuple of int
    epochs : int
    limit : int or None
        Training samples of a trial.
    seed : int
        Seed of the sampler and of every trial.
    parallel : int or None
        So many trials may run at once, because each is drawn without the outcomes of the `parallel` − 1 before it.
        Which settings are tried depends on it, and not on who tries them.  Default: that of the folder, and in a
        new one 1, or 8 where the trials run on workers.
    """

    rule: str
    dataset: str
    data_dir: str | None = None
    trials: int = 20
    hidden: tuple[int, ...] = (400,)
    epochs: int = 3
    limit: int | None = 10_000
    seed: int = 0
    parallel: int | None = None

    def __post_init__(self) -> None:
        if self.rule not in SPACES:
            raise ConfigError(f"rule {self.rule!r} has no search space: use one of {', '.join(SPACES)}")
        check_integer("trials", self.trials, 1)
        check_integer("parallel", 1 if self.parallel is None else self.parallel, 1)
        self.training({})
        settle_integers(self)

    def training(self, settings: dict[str, Any]) -> TrainConfig:
        """The training run of a trial."""
        fixed = {name: getattr(self, name) for name in ("data_dir", "hidden", "epochs", "limit", "seed")}
        return TrainConfig.create(self.rule, self.dataset, **fixed, **settings)

    def to_dict(self) -> dict[str, Any]:
        """Plain description; where the data lie does not belong to it."""
        return {name: value for name, value in as_json(asdict(self)).items() if name != "data_dir"}


def sweep(
    config: SweepConfig,
    out: str | PathLike[str],
    *,
    dataset: Dataset | None = None,
    message: Callable[[str], None] = lambda text: None,
    crew: Crew | None = None,
) -> dict[str, Any]:
    """Run the trials that a folder lacks, and write sweep.json and best.json.

    Each trial's sampler (optuna's TPE) is seeded by the trial's number and knows the trials up to a number that
    follows from it, so that a sweep that was killed and run again, or run by other workers, ends in the same trials.

    Parameters
    ----------
    config : SweepConfig
    out : path-like
        Folder of the sweep; one of the same configuration is continued, with more trials if asked for.
    dataset : Dataset, optional
    message : callable
        Told about each trial.
    crew : Crew, optional
        Who runs the trials; default: this process.

    Returns
    -------
    dict
        What `lava-ed sweep --json` prints.

    Raises
    ------
    ConfigError
        If the folder holds another sweep.
    RunFolderError
        If another sweep runs in the folder, or its files are damaged or cannot be written.
    DataError
        If its trials were judged on other data.
    LavaEDError
        If optuna is not installed.
    """
    _require_optuna()
    crew = crew or Alone()
    if crew.distributed and dataset is not None:
        raise ConfigError("data of one's own are in this process only: let workers read a data set by its name")
    data = dataset or config.training({}).load()
    folder = RunFolder(out)
    folder.claim()
    try:
        study = StudyFile(folder.file(STORAGE))
        config = _check_same(study, config, _PARALLEL if crew.distributed else 1)
        _check_data(study, data, folder, message)
        _run_trials(study, config, data, folder, crew, message)
        value = _result(study, config, folder)
        folder.write_json(RESULT, value)
        best = complete(config.training(checked_settings(config.rule, config.dataset, value["settings"])))
        kept = {key: value[key] for key in ("rule", "dataset", "validation_accuracy")}
        folder.write_json(BEST, {**kept, "settings": best})
    finally:
        folder.release()
    return value


def _require_optuna() -> None:
    optuna = required("optuna", "sweep", "lava-ed sweep needs optuna")
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def _check_same(study: StudyFile, config: SweepConfig, parallel: int) -> SweepConfig:
    """Refuse a folder of another sweep; only the number of trials may grow.

    Returns the configuration with the number of parallel trials that the folder has, or of a new one with this.
    """
    there = study.note("config")
    if isinstance(there, dict):
        there = {"parallel": 1, **there}
        parallel = there["parallel"] if isinstance(there["parallel"], int) else parallel
    config = replace(config, parallel=config.parallel or parallel)
    mine = {name: value for name, value in config.to_dict().items() if name != "trials"}
    if there is None:
        study.set_note("config", mine)
    elif there != mine:
        entries = there if isinstance(there, dict) else {}
        different = ", ".join(
            f"{k} (there {brief(entries.get(k))}, here {mine[k]!r})" for k in mine if entries.get(k) != mine[k]
        )
        raise ConfigError(f"the folder holds another sweep: {different or 'other settings'}; choose another folder")
    return config


def _check_data(study: StudyFile, data: Dataset, folder: RunFolder, message: Callable[[str], None]) -> None:
    """Refuse other data than those that the trials so far were judged on."""
    there = study.note(_DATA)
    if there is not None:
        checked(data, TrainedFor(str(folder.path), data.name, str(there)), flag=False)
        return
    if study.told(_MOST):
        message(f"{folder.path} does not note the data of its earlier trials: they are taken to be those found now")
    study.set_note(_DATA, data.digest)


def _run_trials(
    study: StudyFile, config: SweepConfig, data: Dataset, folder: RunFolder, crew: Crew, message: Callable[[str], None]
) -> None:
    """Let the crew run what is missing, each trial as soon as those are known that it is drawn from."""
    parallel = config.parallel or 1
    told = {trial.number for trial in study.told(parallel)}
    missing = [number for number in range(max({config.trials, *(number + 1 for number in told)})) if number not in told]
    running: dict[str, tuple[int, Any, dict[str, Any]]] = {}
    while missing or running:
        while missing and told.issuperset(range(missing[0] - parallel + 1)):
            number = missing.pop(0)
            trial, settings = _drawn(study, config, number)
            name = f"trial {number + 1}/{config.trials}"
            running[name] = number, trial, settings
            _submit(crew, name, config.training(settings), data, folder.file(f"trial-{number:04d}"))
        name, (accuracy, error, seconds) = crew.next()
        number, trial, settings = running.pop(name)
        study.tell(
            trial, Told(number=number, accuracy=accuracy, settings=as_json(settings), seconds=seconds, error=error)
        )
        told = {trial.number for trial in study.told(parallel)}
        if number not in told:
            raise RunFolderError(
                f"trial {number + 1} could not be recorded in {folder.file(STORAGE)}: restore the file, or start "
                "the sweep anew in another folder"
            )
        shutil.rmtree(folder.file(f"trial-{number:04d}"), ignore_errors=True)
        message(f"{name}: validation {100 * accuracy:.2f} %, {seconds:.0f} s")


def _drawn(study: StudyFile, config: SweepConfig, number: int) -> tuple[Any, dict[str, Any]]:
    """A trial and its settings: the preset as the first one, a sampled one as every other."""
    space, preset = SPACES[config.rule], config.training({})
    lowest, _ = LearningRate.limits(RULES[config.rule]().excess)
    # The sampler takes 32 bits.
    trial = study.ask((config.seed * 100_003 + number) % 2**32, number - (config.parallel or 1) + 1)
    drawn = study.drawn(trial, space) if number else {}
    return trial, training_settings(drawn, space, preset.net.adaptation, lowest) if number else {}


def _submit(crew: Crew, name: str, config: TrainConfig, data: Dataset, place: Path) -> None:
    """Let the crew run one trial, in a folder of its own within that of the sweep."""
    if crew.distributed:
        arguments = (config, os.path.abspath(data_folder(config.data_dir)), data.digest, os.path.abspath(place))
        crew.submit(name, with_data, guarded_accuracy, *arguments, folder=place.parent)
    else:
        crew.submit(name, guarded_accuracy, config, data, place, folder=place.parent)


def _result(study: StudyFile, config: SweepConfig, folder: RunFolder) -> dict[str, Any]:
    told = study.told(config.parallel or 1)
    best = max(told, key=lambda trial: (trial.accuracy, -trial.number))
    trials = [dict(trial) for trial in told]
    for trial in trials:
        trial["validation_accuracy"] = trial.pop("accuracy")
    return {
        "lava_ed_version": __version__,
        "run": str(folder.path),
        "rule": config.rule,
        "dataset": config.dataset,
        "config": config.to_dict(),
        _DATA: study.note(_DATA),
        "space": as_json(SPACES[config.rule]),
        "validation_accuracy": best.accuracy,
        "best_trial": best.number,
        "settings": best.settings,
        "trials": trials,
    }

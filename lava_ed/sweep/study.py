"""A sweep: so many trials in a folder, resumable, its result as JSON."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from numbers import Integral
from os import PathLike
from typing import Any, Final

from lava_ed.config.settings_file import as_json, checked_settings, complete
from lava_ed.config.training import TrainConfig
from lava_ed.data import Dataset, load_dataset
from lava_ed.errors import ConfigError, LavaEDError, RunFolderError
from lava_ed.files.reading import brief
from lava_ed.learning_rules import RULES, LearningRate
from lava_ed.runs.data import TrainedFor, checked
from lava_ed.runs.folder import RunFolder
from lava_ed.sweep.score import guarded_accuracy
from lava_ed.sweep.space import SPACES, draw, training_settings
from lava_ed.sweep.storage import StudyFile, Told
from lava_ed.version import __version__

RESULT: Final = "sweep.json"
BEST: Final = "best.json"
STORAGE: Final = "study.db"
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
    """

    rule: str
    dataset: str
    data_dir: str | None = None
    trials: int = 20
    hidden: tuple[int, ...] = (400,)
    epochs: int = 3
    limit: int | None = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.rule not in SPACES:
            raise ConfigError(f"rule {self.rule!r} has no search space: use one of {', '.join(SPACES)}")
        if not isinstance(self.trials, Integral) or isinstance(self.trials, bool):
            raise ConfigError(f"trials is {self.trials!r}: an integer is needed")
        if self.trials < 1:
            raise ConfigError(f"trials is {self.trials}, it must be at least 1")
        self.training({})

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
) -> dict[str, Any]:
    """Run the trials that a folder lacks, and write sweep.json and best.json.

    Each trial's sampler (optuna's TPE) is seeded by the trial's number, so that a sweep that was killed
    and run again ends in the same trials.

    Parameters
    ----------
    config : SweepConfig
    out : path-like
        Folder of the sweep; one of the same configuration is continued, with more trials if asked for.
    dataset : Dataset, optional
    message : callable
        Told about each trial.

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
    folder = RunFolder(out)
    folder.claim()
    try:
        study = StudyFile(folder.file(STORAGE))
        _check_same(study, config)
        data = dataset or load_dataset(config.dataset, config.data_dir)
        _check_data(study, data, folder, message)
        while (number := len(study.told())) < config.trials:
            _one_trial(study, config, data, number, message)
            if len(study.told()) != number + 1:
                raise RunFolderError(
                    f"trial {number + 1} could not be recorded in {folder.file(STORAGE)}: restore the file, or start "
                    "the sweep anew in another folder"
                )
        value = _result(study, config, folder)
        folder.write_json(RESULT, value)
        best = complete(config.training(checked_settings(config.rule, config.dataset, value["settings"])))
        kept = {key: value[key] for key in ("rule", "dataset", "validation_accuracy")}
        folder.write_json(BEST, {**kept, "settings": best})
    finally:
        folder.release()
    return value


def _require_optuna() -> None:
    try:
        import optuna
    except ImportError as error:
        raise LavaEDError("lava-ed sweep needs optuna: pip install 'lava-ed[sweep]'") from error
    import warnings

    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def _check_same(study: StudyFile, config: SweepConfig) -> None:
    """Refuse a folder of another sweep; only the number of trials may grow."""
    mine = {name: value for name, value in config.to_dict().items() if name != "trials"}
    there = study.note("config")
    if there is None:
        study.set_note("config", mine)
    elif there != mine:
        entries = there if isinstance(there, dict) else {}
        different = ", ".join(
            f"{k} (there {brief(entries.get(k))}, here {mine[k]!r})" for k in mine if entries.get(k) != mine[k]
        )
        raise ConfigError(f"the folder holds another sweep: {different or 'other settings'}; choose another folder")


def _check_data(study: StudyFile, data: Dataset, folder: RunFolder, message: Callable[[str], None]) -> None:
    """Refuse other data than those that the trials so far were judged on."""
    there = study.note(_DATA)
    if there is not None:
        checked(data, TrainedFor(str(folder.path), data.name, str(there)), flag=False)
        return
    if study.told():
        message(f"{folder.path} does not note the data of its earlier trials: they are taken to be those found now")
    study.set_note(_DATA, data.digest)


def _one_trial(
    study: StudyFile, config: SweepConfig, data: Dataset, number: int, message: Callable[[str], None]
) -> None:
    """The preset as the first trial, a sampled one as every other."""
    space, preset = SPACES[config.rule], config.training({})
    lowest, _ = LearningRate.limits(RULES[config.rule]().excess)
    # The sampler takes 32 bits.
    trial = study.ask((config.seed * 100_003 + number) % 2**32)
    drawn = study.drawn(draw, trial, space) if number else {}
    settings = training_settings(drawn, space, preset.net.adaptation, lowest) if number else {}
    started = time.perf_counter()
    accuracy, error = guarded_accuracy(config.training(settings), data)
    seconds = time.perf_counter() - started
    told = Told(number=number, accuracy=accuracy, settings=as_json(settings), seconds=seconds, error=error)
    study.tell(trial, told)
    message(f"trial {number + 1}/{config.trials}: validation {100 * accuracy:.2f} %, {seconds:.0f} s")


def _result(study: StudyFile, config: SweepConfig, folder: RunFolder) -> dict[str, Any]:
    told = study.told()
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

"""A sweep: so many trials in a folder, resumable, its result as JSON."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Final

from lava_ed import __version__
from lava_ed.data import Dataset, load_dataset
from lava_ed.errors import ConfigError, LavaEDError, RunFolderError
from lava_ed.learning_rules import RULES, LearningRate
from lava_ed.sweep.score import guarded_accuracy
from lava_ed.sweep.settings import complete, plain, typed
from lava_ed.sweep.space import SPACES, draw, training_settings
from lava_ed.train.config import TrainConfig
from lava_ed.train.run_data import TrainedFor, checked
from lava_ed.train.run_folder import RunFolder

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
        Of the sampler and of every trial.
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
        if self.trials < 1:
            raise ConfigError(f"trials is {self.trials}, it must be at least 1")
        self.training({})

    def training(self, settings: dict[str, Any]) -> TrainConfig:
        """The training run of a trial."""
        fixed = {name: getattr(self, name) for name in ("data_dir", "hidden", "epochs", "limit", "seed")}
        return TrainConfig.create(self.rule, self.dataset, **fixed, **settings)

    def to_dict(self) -> dict[str, Any]:
        """Plain description; where the data lie does not belong to it."""
        return {name: value for name, value in plain(asdict(self)).items() if name != "data_dir"}


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
    DataError
        If its trials were judged on other data.
    LavaEDError
        If optuna is not installed.
    """
    optuna = _optuna()
    folder = RunFolder(out)
    _prepare(Path(out))
    study = optuna.create_study(
        study_name="sweep", storage=f"sqlite:///{folder.file(STORAGE)}", direction="maximize", load_if_exists=True
    )
    _check_same(study, config)
    data = dataset or load_dataset(config.dataset, config.data_dir)
    _check_data(study, data, folder, message)
    while (number := len(_complete(study))) < config.trials:
        study.sampler = optuna.samplers.TPESampler(seed=config.seed * 100_003 + number, multivariate=True)
        _one_trial(study, config, data, number, message)
    value = _result(study, config, folder)
    folder.write_json(RESULT, value)
    best = complete(config.training(typed(value["settings"])))
    kept = {key: value[key] for key in ("rule", "dataset", "validation_accuracy")}
    folder.write_json(BEST, {**kept, "settings": best})
    return value


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise LavaEDError("lava-ed sweep needs optuna: pip install 'lava-ed[sweep]'") from error
    import warnings

    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _prepare(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFolderError(f"{path} cannot be created ({error.strerror or error}): choose another folder") from error


def _check_same(study: Any, config: SweepConfig) -> None:
    """A folder holds one sweep; only its number of trials may grow."""
    mine = {name: value for name, value in config.to_dict().items() if name != "trials"}
    there = study.user_attrs.get("config")
    if there is None:
        study.set_user_attr("config", mine)
    elif there != mine:
        different = ", ".join(
            f"{k} (there {there.get(k)!r}, here {mine[k]!r})" for k in mine if there.get(k) != mine[k]
        )
        raise ConfigError(f"the folder holds another sweep: {different}; choose another folder")


def _check_data(study: Any, data: Dataset, folder: RunFolder, message: Callable[[str], None]) -> None:
    """All trials of a sweep are judged on the same data."""
    there = study.user_attrs.get(_DATA)
    if there is not None:
        checked(data, TrainedFor(str(folder.path), data.name, there), flag=False)
        return
    if _complete(study):
        message(f"{folder.path} does not note the data of its earlier trials: they are taken to be those found now")
    study.set_user_attr(_DATA, data.digest)


def _complete(study: Any) -> list[Any]:
    return [trial for trial in study.get_trials(deepcopy=False) if trial.state.name == "COMPLETE"]


def _one_trial(study: Any, config: SweepConfig, data: Dataset, number: int, message: Callable[[str], None]) -> None:
    """The preset as the first trial, a sampled one as every other."""
    space, preset = SPACES[config.rule], config.training({})
    lowest, _ = LearningRate.limits(RULES[config.rule]().excess)
    trial = study.ask()
    settings = training_settings(draw(trial, space), space, preset.adaptation, lowest) if number else {}
    started = time.perf_counter()
    accuracy, error = guarded_accuracy(config.training(settings), data)
    for name, value in (("settings", plain(settings)), ("number", number), ("error", error)):
        trial.set_user_attr(name, value)
    seconds = time.perf_counter() - started
    trial.set_user_attr("seconds", seconds)
    study.tell(trial, accuracy)
    message(f"trial {number + 1}/{config.trials}: validation {100 * accuracy:.2f} %, {seconds:.0f} s")


def _result(study: Any, config: SweepConfig, folder: RunFolder) -> dict[str, Any]:
    trials = [
        {
            "number": trial.user_attrs["number"],
            "validation_accuracy": trial.value,
            "settings": trial.user_attrs["settings"],
            "seconds": trial.user_attrs["seconds"],
            "error": trial.user_attrs["error"],
        }
        for trial in _complete(study)
    ]
    best = max(trials, key=lambda trial: (trial["validation_accuracy"], -trial["number"]))
    return {
        "lava_ed_version": __version__,
        "run": str(folder.path),
        "rule": config.rule,
        "dataset": config.dataset,
        "config": config.to_dict(),
        _DATA: study.user_attrs[_DATA],
        "space": plain(SPACES[config.rule]),
        "validation_accuracy": best["validation_accuracy"],
        "best_trial": best["number"],
        "settings": best["settings"],
        "trials": trials,
    }

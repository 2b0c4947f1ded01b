"""One trial: train, judge on the samples held out; the test set is never touched."""

from __future__ import annotations

import time
from os import PathLike
from tempfile import TemporaryDirectory
from typing import Any

from lava_ed.config.training import TrainConfig
from lava_ed.data import Dataset
from lava_ed.errors import ConfigError, FixedPointOverflowError
from lava_ed.runs.folder import RunFolder
from lava_ed.runs.tensor_files import Model
from lava_ed.train.interrupt import TrainingInterrupted
from lava_ed.train.trainer import Trainer, run_in_folder


class Trial(Trainer):
    """A training run that ends with its accuracy on the samples held out."""

    def validate(self, model: Model) -> float | None:
        """The accuracy after the last epoch, the only one that counts."""
        return super().validate(model) if self.position.epoch + 1 == self.config.epochs else None

    def _finish(self) -> dict[str, Any]:
        return {"validation_accuracy": self.position.rows[-1]["validation_accuracy"]}

    def _stop(self, number: int) -> None:
        self._save()
        raise TrainingInterrupted("stopped within a trial: the same command goes on there", number)


def validation_accuracy(config: TrainConfig, data: Dataset, folder: str | PathLike[str] | None = None) -> float:
    """Accuracy on the validation samples after training as `config` says.

    The folder holds the trial's checkpoint, from which a trial that was killed goes on; default: one that is thrown
    away. Raises a ConfigError where no samples are held out, a FixedPointOverflowError where a state left its register.
    """
    if not config.validation:
        raise ConfigError(f"validation is {config.validation}: a sweep is judged on samples held out, use 0.1")
    if folder is None:
        with TemporaryDirectory() as scratch:
            return validation_accuracy(config, data, scratch)
    there = not RunFolder(folder).is_blank()
    ended = run_in_folder(Trial, config, folder, resume=there, dataset=data)
    return float(ended["validation_accuracy"])


def guarded_accuracy(
    config: TrainConfig, data: Dataset, folder: str | PathLike[str]
) -> tuple[float, str | None, float]:
    """Validation accuracy, error and seconds of a trial; one in which a state overflows counts, with accuracy 0."""
    started = time.perf_counter()
    try:
        accuracy, message = validation_accuracy(config, data, folder), None
    except FixedPointOverflowError as error:
        accuracy, message = 0.0, str(error)
    return accuracy, message, time.perf_counter() - started

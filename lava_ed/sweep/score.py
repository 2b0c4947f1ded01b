"""One trial: train in memory, judge on the samples held out; the test set is never touched."""

from __future__ import annotations

from lava_ed.config.training import TrainConfig
from lava_ed.data import Dataset
from lava_ed.errors import ConfigError, FixedPointOverflowError
from lava_ed.train.lesson import Lesson


def validation_accuracy(config: TrainConfig, data: Dataset) -> float:
    """Accuracy on the validation samples after training as `config` says.

    Raises
    ------
    ConfigError
        If the configuration holds no samples out.
    FixedPointOverflowError
        If a state left its register.

    See Also
    --------
    lava_ed.train.train : the same training with a run folder.
    """
    lesson = Lesson(config, data)
    try:
        if not len(lesson.validation_indices):
            raise ConfigError(f"validation is {config.validation}: a sweep is judged on samples held out, use 0.1")
        for epoch in range(config.epochs):
            lesson.bind(epoch)
            order, done = lesson.order(epoch), epoch * lesson.samples
            while done < (epoch + 1) * lesson.samples:
                done += lesson.present(done, order)[0]
        model = lesson.model()
    finally:
        lesson.backend.close()
    return float(lesson.validate(model) or 0)


def guarded_accuracy(config: TrainConfig, data: Dataset) -> tuple[float, str | None]:
    """The validation accuracy, or 0 and the message where a state overflows: such a trial counts as one."""
    try:
        return validation_accuracy(config, data), None
    except FixedPointOverflowError as error:
        return 0.0, str(error)

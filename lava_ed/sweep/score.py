"""One trial: train in memory, judge on the samples held out; the test set is never touched."""

from __future__ import annotations

import numpy as np

from lava_ed.backends.backend import make_backend
from lava_ed.config.training import TrainConfig
from lava_ed.data import Dataset, split_validation
from lava_ed.errors import ConfigError, FixedPointOverflowError
from lava_ed.evaluation.evaluate import evaluate
from lava_ed.runs.tensor_files import Model
from lava_ed.train.order import next_stop, rate_changes, sample_order


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
    spec = config.spec(data.train_images.shape[1], data.n_classes)
    train_rows, held_out = split_validation(data, config.validation, config.seed)
    if not len(held_out):
        raise ConfigError(f"validation is {config.validation}: a sweep is judged on samples held out, use 0.1")
    rows = train_rows[: config.limit]
    images = np.ascontiguousarray(data.train_images)
    backend = make_backend(config.backend, spec)
    try:
        backend.bind(images)
        n, total = len(rows), config.epochs * len(rows)
        changes = rate_changes([p for p, _ in spec.rule.decay], total)
        for epoch in range(config.epochs):
            order, done = rows[sample_order(config.seed, epoch, n)], 0
            while done < n:
                at = epoch * n + done
                backend.set_rate(spec.rule.rate_at(at / total))
                stop = min(next_stop(at, (n,), changes) - epoch * n, n)
                backend.present(order[done:stop], data.train_labels[order[done:stop]])
                done = stop
        model = Model.of_state(spec, backend.state())
    finally:
        backend.close()
    return evaluate(config.backend, model, images, data.train_labels, held_out).accuracy


def guarded_accuracy(config: TrainConfig, data: Dataset) -> tuple[float, str | None]:
    """As `validation_accuracy`, but 0 and the message where a state overflows: such a trial counts as one."""
    try:
        return validation_accuracy(config, data), None
    except FixedPointOverflowError as error:
        return 0.0, str(error)

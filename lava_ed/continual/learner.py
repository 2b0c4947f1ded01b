"""A net that learns one task after the other, and is tested on all it has seen after each."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.backends.backend import make_backend
from lava_ed.config.training import WITHOUT_EFFECT, TrainConfig
from lava_ed.continual.consolidation import OBSERVED_MAX, STRENGTH_MAX, Consolidation
from lava_ed.continual.metrics import average_accuracy, backward_transfer, forgetting, learning_accuracy
from lava_ed.continual.scenario import KINDS, Task, make_scenario, parse_scenario
from lava_ed.data import Dataset, split_validation
from lava_ed.energy.counting import Totals, counts_between, sums
from lava_ed.energy.report import energy_report
from lava_ed.errors import ConfigError, DataError
from lava_ed.integers import settle_integers
from lava_ed.kernels.fixed_point import BIAS_MAX
from lava_ed.kernels.loihi.consolidation import balance
from lava_ed.network.state import State
from lava_ed.runs.sealed import read_sealed, save_sealed
from lava_ed.runs.tensor_files import Model
from lava_ed.train.interrupt import InterruptWatch, TrainingInterrupted
from lava_ed.train.lesson import check_bytes
from lava_ed.train.order import next_stop, rate_changes, rounding_words, sample_order
from lava_ed.train.trainer import CHUNK
from lava_ed.version import __version__

PRICES: Final = "loihi1-davies2018"
BALANCE: Final = 1 << 31
"""Number of the random bits of `balance`, behind those of all pulls."""
TAKES_NO_PART: Final = -BIAS_MAX
"""Bias of an output that has no share in the softmax."""


@dataclass(frozen=True)
class ContinualConfig:
    """What decides the outcome of a sequence of tasks.

    Parameters
    ----------
    training : TrainConfig
        Rule, net, data set and seed; its epochs are passes over each task, over which its rate falls.
    scenario : str
        As `make_scenario` takes it.
    tasks : int
    incremental : {"task", "domain", "class"}, optional
    strength : tuple of int
        16·λ of the consolidation of each connection, one value for all, or none: plain learning.
    interval : int
        Samples between two pulls.
    observed : int
        Last samples of a task in which its counters count.
    own_outputs : bool
        Class-incremental learning: the outputs of other tasks take no part in the error while a task is learned.
    balance : int
        First samples of the first task that the net sees once before it learns, to `balance` the first connection; 0:
        none.
    rest : int, optional
        With `own_outputs`: value of an output that stands for all other classes in the softmax.
    """

    training: TrainConfig
    scenario: str
    tasks: int
    incremental: str | None = None
    strength: tuple[int, ...] = ()
    interval: int = 1000
    observed: int = 1000
    own_outputs: bool = False
    balance: int = 0
    rest: int | None = None

    def __post_init__(self) -> None:
        settle_integers(self)
        layers = len(self.training.hidden) + 1
        if self.training.rule not in ("std-ed", "mpd-ed") or self.training.net.arch:
            raise ConfigError("tasks are learned by dense nets under std-ed or mpd-ed")
        if self.training.net.dependency == "auto":
            raise ConfigError("dependency auto is chosen by lava-ed train: name x0, y0, y0-x0 or x0-y0")
        if len(self.strength) not in (0, 1, layers) or not all(0 <= one <= STRENGTH_MAX for one in self.strength):
            raise ConfigError(
                f"strength {self.strength}: give one value from 0 on, at most {STRENGTH_MAX:,}, or {layers}, one a "
                "connection"
            )
        if self.strength and self.training.rule == "mpd-ed" and self.training.net.learning != "aggregated":
            raise ConfigError(
                "consolidation reads the errors of a whole sample, which replayed mpd-ed never holds: add --learning "
                "aggregated --encoder current, or --strength 0 for plain learning"
            )
        if self.interval < 1 or not 1 <= self.observed <= OBSERVED_MAX:
            raise ConfigError(
                f"interval {self.interval} and observed {self.observed}: both are at least 1, observed at most "
                f"{OBSERVED_MAX:,}"
            )
        if not 0 <= self.balance <= OBSERVED_MAX:
            raise ConfigError(f"balance {self.balance}: it is a number of samples, at most {OBSERVED_MAX:,}")
        if self.balance and self.training.rule == "mpd-ed" and self.training.net.learning != "aggregated":
            raise ConfigError(
                f"balance {self.balance}: it reads what each input sent in a whole sample, which replayed mpd-ed never "
                "holds: add --learning aggregated --encoder current, or leave it out"
            )
        if self.own_outputs and (self.incremental or KINDS[parse_scenario(self.scenario)[0]]) != "class":
            raise ConfigError("own outputs are of class-incremental learning: leave them out")
        if self.rest is not None and not (self.own_outputs and abs(self.rest) < BIAS_MAX):
            raise ConfigError(f"rest {self.rest}: it goes with own outputs, and is smaller than {BIAS_MAX:,}")

    def to_dict(self) -> dict[str, Any]:
        """Plain description."""
        return {**asdict(self), "training": self.training.to_dict()}


class Learner:
    """A net between two tasks, which stops when the watch heard a signal.

    Where a checkpoint is named, `save` writes it and `load` reads it.
    """

    def __init__(
        self,
        config: ContinualConfig,
        data: Dataset,
        watch: InterruptWatch | None = None,
        checkpoint: Path | None = None,
    ) -> None:
        if data.windows > 1:
            raise ConfigError("tasks are judged by samples, not by recordings: leave events windows=N out")
        self.config, self.data, self.watch = config, data, watch or InterruptWatch()
        self.checkpoint = checkpoint
        training = config.training
        self.scenario = make_scenario(config.scenario, data, config.tasks, config.incremental, training.seed)
        self.spec = training.spec(data.inputs, self.scenario.n_outputs, data.image_shape)
        rows, held_out = split_validation(data, training.validation, training.seed)
        self.train_rows = rows
        if len(held_out):
            self.judged = data.train_images[held_out], data.train_labels[held_out]
        else:
            self.judged = data.test_images, data.test_labels
        self._check_samples()
        self.backend = make_backend(training.backend, self.spec)
        layers = len(self.spec.layers)
        strength = config.strength * (layers if len(config.strength) == 1 else 1)
        try:
            self.consolidation = Consolidation(self.spec, self.backend, strength) if any(strength) else None
        except BaseException:
            self.backend.close()
            raise
        self.learned: list[Task] = []
        self.samples, self.seconds = 0, 0.0
        self.counts: dict[str, Totals] = {}
        self.r = np.full((config.tasks, config.tasks), np.nan)

    def _check_samples(self) -> None:
        """Refuse a task that nothing could be learned of, or that could not be judged, and samples that do not fit."""
        check_bytes(self.spec, self.data)
        parts = {"to learn from": self.data.train_labels[self.train_rows], "to be judged on": self.judged[1]}
        for number, task in enumerate(self.scenario.tasks, start=1):
            for use, labels in parts.items():
                if not len(task.rows(labels)):
                    classes = ", ".join(map(str, task.classes))
                    raise DataError(f"task {number}, classes {classes}, has no samples {use}: choose other data")
        first = len(self.scenario.tasks[0].rows(parts["to learn from"]))
        if self.config.balance > min(first, self.config.training.limit or first):
            raise ConfigError(f"balance {self.config.balance}: the first task has fewer samples: ask for fewer")

    def learn(self, task: Task) -> None:
        """Present every training sample of a task, in each pass once, and consolidate on the way."""
        config, training = self.config, self.config.training
        of_task = self.train_rows[task.rows(self.data.train_labels[self.train_rows])]
        number = len(self.learned)
        passes = [
            sample_order(training.seed, number * training.epochs + k, len(of_task)) for k in range(training.epochs)
        ]
        order = of_task[np.concatenate([one[: training.limit] for one in passes])]
        targets = task.targets(self.data.train_labels)
        self.backend.bind(task.seen(self.data.train_images))
        before = self.backend.counters()
        if not number:
            self._balance(order[: config.balance])
        self.backend.set_learning(True)
        self._let_compete(task if config.own_outputs or self.scenario.incremental == "task" else None, config.rest)
        changes = rate_changes([p for p, _ in self.spec.rule.decay], len(order))
        watched = max(len(order) - config.observed, 0) if self.consolidation else len(order)
        started, done = time.perf_counter(), 0
        while done < len(order):
            self.backend.set_rate(self.spec.rule.rate_at(done / len(order)))
            stop = min(next_stop(done, (config.interval,), [*changes, watched]), len(order))
            if done >= watched:
                stop = done + 1
            self._present(order[done:stop], targets[order[done:stop]])
            done = stop
            if self.consolidation:
                if done > watched:
                    self.consolidation.observe()
                if number and (done % config.interval == 0 or done == len(order)):
                    self.consolidation.pull()
        if self.consolidation:
            self.consolidation.end_task()
        self.seconds += time.perf_counter() - started
        self.samples += len(order)
        self.counts[f"task {number + 1}"] = sums(counts_between(self.backend.counters(), before))
        self.learned.append(task)

    def _balance(self, rows: npt.NDArray[np.int64]) -> None:
        """Shift the weights of each neuron of the first hidden layer until these samples drive it by 0 on average."""
        if not len(rows):
            return
        name, inputs = self.spec.synapses(1), np.zeros(self.spec.sizes[0], np.int64)
        self.backend.set_learning(False)
        for row in rows:
            self._present(np.array([row]), np.zeros(1, np.int64))
            inputs += self.backend.read(name, "x1")
        weights = np.asarray(self.backend.read(name, "weights") // 2, np.int32)
        balance(weights, inputs, rounding_words(self.spec.seed, BALANCE, 0, weights.size).reshape(weights.shape))
        self.backend.write(name, "weights", 2 * weights)

    def accuracy(self, task: Task) -> float:
        """Share of a task's judged samples that are decided rightly, learning off."""
        images, labels = self.judged
        rows = task.rows(labels)
        self.backend.set_learning(False)
        self._let_compete(task if self.scenario.incremental == "task" else None)
        self.backend.bind(task.seen(images[rows]))
        targets = task.targets(labels)[rows]
        return float((self._present(np.arange(len(rows)), targets) == targets).mean())

    def _present(self, rows: npt.NDArray[np.int64], targets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """What the net decides on samples, which end early at a stop signal."""
        decided, size = [], CHUNK[self.config.training.backend]
        for first in range(0, len(rows), size):
            decided.append(self.backend.present(rows[first : first + size], targets[first : first + size]))
            if self.watch.signal is not None:
                done = int(np.isfinite(np.diag(self.r)).sum())
                way_on = "go on with --resume" if self.checkpoint and done else "no net is kept"
                raise TrainingInterrupted(f"stopped after {done} of {len(self.r)} tasks: {way_on}", self.watch.signal)
        return np.concatenate(decided)

    def learn_next(self) -> None:
        """Learn the first task that has not been, test on all up to it, and write the checkpoint."""
        k = len(self.learned)
        self.learn(self.scenario.tasks[k])
        self.r[k, : k + 1] = [self.accuracy(seen) for seen in self.learned]
        if self.checkpoint:
            self.save(self.checkpoint)

    def save(self, path: Path) -> None:
        """Write all that the next task begins with."""
        tensors: State = {f"net.{name}": value for name, value in self.backend.state().items()}
        if self.consolidation:
            tensors |= {f"kept.{name}": value for name, value in self.consolidation.state().items()}
        notes = {"samples": self.samples, "seconds": self.seconds, "counts": self.counts, "config": self._identity()}
        save_sealed(path, {**tensors, "accuracies": self.r}, notes)

    def load(self, path: Path) -> None:
        """Go on from what `save` wrote.

        Raises a CheckpointError where it is damaged, or of another configuration, other data or another version.
        """
        notes, tensors = read_sealed(path, self._identity(), "tasks")
        parts: dict[str, State] = {"net": {}, "kept": {}, "accuracies": {}}
        for name, value in tensors.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = value
        self.backend.load_state(parts["net"])
        if self.consolidation:
            self.consolidation.load_state(parts["kept"])
        self.samples, self.seconds, self.counts = notes["samples"], notes["seconds"], notes["counts"]
        self.r = parts["accuracies"][""].copy()
        self.learned = list(self.scenario.tasks[: int(np.isfinite(np.diag(self.r)).sum())])

    def _identity(self) -> dict[str, Any]:
        """What decides the outcome."""
        described = self.config.to_dict()
        training = {name: value for name, value in described["training"].items() if name not in WITHOUT_EFFECT}
        return {**described, "training": training, "data": self.data.digest, "version": __version__}

    def _let_compete(self, task: Task | None, rest: int | None = None) -> None:
        """Let the outputs of one task compete, or all of them, and what stands for the rest of the classes."""
        bias = np.zeros(self.scenario.n_outputs, np.int64)
        if task is not None:
            bias[[o for o in range(len(bias)) if o not in task.outputs]] = TAKES_NO_PART
        self.backend.write("error", "bias", bias)
        self.backend.write("error", "rest", np.array([TAKES_NO_PART if rest is None else rest]))


def learn_tasks(
    config: ContinualConfig,
    data: Dataset,
    message: Callable[[str], None] = lambda text: None,
    checkpoint: Path | None = None,
) -> tuple[dict[str, Any], Model]:
    """Learn all tasks of a scenario, testing on every task seen so far after each.

    Parameters
    ----------
    config : ContinualConfig
    data : Dataset
    message : callable
        Told the accuracies after each task.
    checkpoint : Path, optional
        File that is written after each task; if it is there, learning goes on from it, bit for bit.

    Returns
    -------
    dict
        What `lava-ed continual --json` prints.
    Model
        The net after the last task.

    Raises
    ------
    ConfigError, ChipLimitError
    CheckpointError
        The checkpoint is damaged, or of other tasks.
    DataError
        A task has no samples to learn from, or to be judged on.
    TrainingInterrupted
        After Ctrl-C; the task that runs is not kept.
    """
    # Watched from here on, so that the processes of Lava's runtime outlive Ctrl-C and are ended in order.
    with InterruptWatch() as watch:
        learner = Learner(config, data, watch, checkpoint)
        try:
            if checkpoint and checkpoint.exists():
                learner.load(checkpoint)
            for i in range(len(learner.learned), config.tasks):
                learner.learn_next()
                message(
                    f"task {i + 1} of {config.tasks}: {' '.join(f'{100 * x:.1f}' for x in learner.r[i, : i + 1])} %"
                )
            model = Model.of_state(learner.spec, learner.backend.state())
        finally:
            learner.backend.close()
    return _outcome(config, learner), model


def _cost_of_visits(visits: int, samples: int) -> float:
    """Energy of visits of synapses outside of learning, µJ a sample, priced as those of the learning engine."""
    counts: dict[str, Totals] = {"visits": {"synaptic_updates": {"update": visits}}}
    return float(energy_report(counts, samples, PRICES)["microjoules_per_sample"]["dynamic"])


def _outcome(config: ContinualConfig, learner: Learner) -> dict[str, Any]:
    training, r = config.training, learner.r
    consolidation = learner.consolidation
    learning = energy_report(learner.counts, learner.samples, PRICES)["microjoules_per_sample"]
    balanced = learner.spec.sizes[0] * learner.spec.sizes[1] if config.balance else 0
    visits = {"consolidation": consolidation.visits if consolidation else 0, "balancing": balanced}
    microjoules = {step: _cost_of_visits(n, learner.samples) for step, n in visits.items()}
    return {
        "scenario": learner.scenario.name,
        "incremental": learner.scenario.incremental,
        "data": learner.data.source,
        "judged_on": "validation" if training.validation else "test",
        "rule": training.rule,
        "sizes": list(learner.spec.sizes),
        "seed": training.seed,
        "backend": training.backend,
        "passes": training.epochs,
        "samples_per_task": learner.samples // len(r),
        "accuracies": [[None if np.isnan(x) else float(x) for x in row] for row in r],
        "average_accuracy": average_accuracy(r),
        "forgetting": forgetting(r),
        "backward_transfer": backward_transfer(r),
        "learning_accuracy": learning_accuracy(r),
        "synaptic_updates": sums(learner.counts)["synaptic_updates"]["update"],
        "microjoules_per_sample": {"learning": learning["learning"], **microjoules},
        "consolidation": consolidation.cost() if consolidation else None,
        "balancing": {"visits": balanced, "host_ops": 2 * balanced} if balanced else None,
        "samples_per_second": learner.samples / learner.seconds,
        "config": config.to_dict(),
    }

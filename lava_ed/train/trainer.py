"""The training loop: samples in, metrics and checkpoints out; a run that is killed resumes bit for bit."""

from __future__ import annotations

import time
from dataclasses import replace
from os import PathLike
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.backends.backend import TAG, warm_up
from lava_ed.config.training import TrainConfig
from lava_ed.data import Dataset, check_flip, check_shift
from lava_ed.data.digest import digest
from lava_ed.energy.counting import activity, counts_between, sums
from lava_ed.errors import CheckpointError, ConfigError
from lava_ed.evaluation.evaluate import evaluate, part_of_energy
from lava_ed.network.state import State
from lava_ed.runs.data import TrainedFor, difference
from lava_ed.runs.folder import CHECKPOINT, CONFIG, ENERGY, MODEL, RESULT, RunFolder
from lava_ed.runs.tensor_files import Checkpoint, Position
from lava_ed.train.chance import chance_of, learned_nothing
from lava_ed.train.dependency import visits_of
from lava_ed.train.extension import as_from_the_start, check_resumable, extension_note
from lava_ed.train.interrupt import InterruptWatch, TrainingInterrupted
from lava_ed.train.lesson import Lesson
from lava_ed.train.progress import Reporter, telling_if_slow
from lava_ed.version import __version__

COMPILING: Final = "compiling the engine's loop, which takes about half a minute of one core, once for this version"
DECIDED: Final = "epoch.decided"
"""Decisions on windows in the epoch that runs, in a checkpoint."""
CHUNK: Final = {"engine": 512, "lava": 8}
"""Samples presented at a time, on each back end: how often the bar moves and Ctrl-C is heard."""


def train(
    config: TrainConfig,
    out: str | PathLike[str],
    *,
    resume: bool = False,
    dataset: Dataset | None = None,
    reporter: Reporter | None = None,
    extend: bool = True,
) -> dict[str, Any]:
    """Train a net and write its run folder.

    Parameters
    ----------
    config : TrainConfig
    out : path-like
        The run folder; must not hold a run yet, or, with `resume`, one of the same configuration.
    resume : bool
        Continue from the folder's checkpoint, which has to be there; from the start only where the folder is empty,
        as after a kill before the first checkpoint.  A run that has ended goes on where `config` has more epochs.
    dataset : Dataset, optional
        Default: loaded by the configuration's name.
    reporter : Reporter, optional
        Told about progress; default: nobody.
    extend : bool
        Whether more epochs may make a finished run longer.

    Returns
    -------
    dict
        What `lava-ed train --json` prints.

    Raises
    ------
    ConfigError
        If `config` is no TrainConfig.
    RunFolderError
        If the folder is unwritable, in use, or already holds a run.
    CheckpointError
        If there is nothing to resume, or it is of another version, configuration or data set, or of more epochs.
    TrainingInterrupted
        After Ctrl-C, once a checkpoint is written.
    """
    return run_in_folder(Trainer, config, out, resume=resume, dataset=dataset, reporter=reporter, extend=extend)


def run_in_folder(
    kind: type[Trainer],
    config: TrainConfig,
    out: str | PathLike[str],
    *,
    resume: bool,
    dataset: Dataset | None = None,
    reporter: Reporter | None = None,
    extend: bool = False,
) -> dict[str, Any]:
    """Let a trainer of some kind do what `train` says of a run and its folder."""
    if not isinstance(config, TrainConfig):
        raise ConfigError(
            f"config is {type(config).__name__}: make a configuration with TrainConfig.create(rule, dataset, …)"
        )
    folder = RunFolder(out)
    blank = folder.path.is_dir() and folder.is_blank()
    try:
        earlier = _earlier(folder, config, extend) if resume and not blank else None
        if earlier is None:
            config.check_read()
        data = dataset or config.load()
        check_shift(config.shift, data.image_shape)
        check_flip(config.flip, data.image_shape)
        if earlier is None:
            folder.claim_new()
        # Watched from here on, so that the processes of Lava's runtime outlive Ctrl-C as well.
        with InterruptWatch() as watch:
            return kind(config, data, folder, reporter or Reporter(), earlier).run(watch)
    finally:
        folder.release()


def stored_config(out: str | PathLike[str]) -> TrainConfig:
    """The configuration of a run that is to be resumed, as its checkpoint holds it."""
    folder = RunFolder(out)
    try:
        folder.claim_existing()
        return Checkpoint.read(folder.file(CHECKPOINT)).config
    finally:
        folder.release()


def _earlier(folder: RunFolder, config: TrainConfig, extend: bool) -> Checkpoint:
    """The checkpoint of a run, if this configuration continues it."""
    folder.claim_existing()
    checkpoint = Checkpoint.read(folder.file(CHECKPOINT))
    written = folder.read_config() if folder.file(CONFIG).exists() else None
    check_resumable(config, checkpoint, written, str(folder.path))
    if config.epochs != checkpoint.config.epochs and not extend:
        raise CheckpointError(
            f"{folder.path} holds a run of {checkpoint.config.epochs} epochs, not {config.epochs}: leave --epochs out, "
            "choose another folder, or extend the run first (lava-ed train --resume --epochs)"
        )
    return checkpoint


class Trainer(Lesson):
    """One run: a lesson, its folder, and the position in training."""

    def __init__(
        self,
        config: TrainConfig,
        data: Dataset,
        folder: RunFolder,
        reporter: Reporter,
        earlier: Checkpoint | None = None,
    ) -> None:
        super().__init__(config, data)
        self.folder, self.reporter = folder, reporter
        judged = self.validation_indices if len(self.validation_indices) else self.train_indices
        self.judged, self.chance = len(judged), chance_of(data.train_labels[judged])
        self.data_digest = data.digest
        self._started = time.perf_counter()
        self.position = self._restore(earlier) if earlier else Position(start=self._reading())
        self.notes = list(self.reasons)
        if ended := self.position.ended:
            same = as_from_the_start(self.spec.rule, self.samples, ended, config.epochs)
            self.notes.append(extension_note(ended, config.epochs, same))
        self._wall_before = self.position.wall

    def run(self, watch: InterruptWatch) -> dict[str, Any]:
        """Train to the end, or to Ctrl-C; returns the summary."""
        try:
            self._write_start()
            if self.position.epoch == self.config.epochs and self.folder.file(RESULT).exists():
                return self.folder.read_json(RESULT)
            for note in self.notes:
                self.reporter.message(note)
            if self.config.backend == "engine":
                with telling_if_slow(COMPILING, self.reporter.message):
                    warm_up(self.spec)
            while self.position.epoch < self.config.epochs:
                self._epoch(watch)
            return self._finish()
        finally:
            self.reporter.close()
            self.close()

    def _write_start(self) -> None:
        """Everything that a run needs to be resumed from here on, the checkpoint first."""
        self._save()
        if self.position.epoch < self.config.epochs:
            # Of a run that is made longer: what it ended in then is no longer its outcome.
            for name in (RESULT, ENERGY, MODEL):
                self.folder.file(name).unlink(missing_ok=True)
        self.folder.write_config(self.config, self.facts())
        self.folder.write_metrics(self.position.rows)

    def facts(self) -> dict[str, Any]:
        """What follows from the configuration and the data, for the record."""
        rate = self.spec.rule.rate
        return {
            "tag": TAG,
            "network": self.spec.to_dict(),
            "learning_rate": rate.value,
            "rule": self.spec.dw(self.spec.dependency_of(1)),
            "data": {
                "source": self.data.source,
                "train_samples": self.samples,
                "validation_samples": len(self.validation_indices),
                "test_samples": len(self.data.test_labels),
                "chance": self.chance,
                "sha256": self.data_digest,
            },
        }

    def _restore(self, checkpoint: Checkpoint) -> Position:
        """Put the back end where the checkpoint was written."""
        position = checkpoint.position
        if checkpoint.data_digest != self.data_digest:
            there = TrainedFor(str(self.folder.path), self.config.dataset, checkpoint.data_digest)
            raise CheckpointError(
                f"{difference(there, self.data, self.data_digest)}: restore the data files, or name their folder with "
                "--data-dir"
            )
        if checkpoint.order_digest != digest(self.order(position.epoch)):
            raise CheckpointError(f"{self.folder.path}: the order of samples differs from the checkpoint's: train anew")
        state = dict(checkpoint.state)
        if self.data.windows > 1:
            self.decided = self._decided_before(state.pop(DECIDED, None), position)
        self._check_position(position, state)
        self.backend.load_state(state)
        planned = checkpoint.config.epochs
        return position if planned == self.config.epochs else replace(position, ended=[*position.ended, planned])

    def _decided_before(self, decided: npt.NDArray[Any] | None, position: Position) -> npt.NDArray[np.int32]:
        """Decisions of the epoch that goes on, which a checkpoint of an earlier version does not have."""
        if decided is None and position.index == 0:
            return self.decided
        if decided is None or decided.shape != self.decided.shape or decided.dtype != self.decided.dtype:
            raise CheckpointError(
                f"{self.folder.file(CHECKPOINT)} does not hold the decisions on the {position.index} windows of its "
                "epoch, as those of earlier versions: train anew"
            )
        return decided

    def _check_position(self, position: Position, state: State) -> None:
        """Refuse a position that this training, or the state beside it, cannot have come to."""
        wrong = None
        if position.index > self.samples:
            wrong = f"sample {position.index} of an epoch of {self.samples}"
        else:
            found = state.get("encoder.presentation")
            presented = position.epoch * self.samples + position.index
            if found is None or found.shape != (1,) or int(found[0]) + 1 != presented:
                wrong = f"{presented} samples by position, others by the state"
            elif position.start.get("counters", {}).keys() != self.backend.counters().keys():
                wrong = "counters of other processes than the net has"
        if wrong:
            raise CheckpointError(f"{self.folder.file(CHECKPOINT)}: {wrong}: restore the file, or train anew")

    def _reading(self) -> dict[str, Any]:
        """Counters and backward passes up to now."""
        return {"counters": self.backend.counters(), "triggered": int(self.backend.state()["error.triggered"][0])}

    def _save(self) -> None:
        """Write the checkpoint of the current position."""
        wall = self._wall_before + time.perf_counter() - self._started
        self.position = replace(self.position, wall=wall)
        order = digest(self.order(self.position.epoch))
        decided = {DECIDED: self.decided} if self.data.windows > 1 else {}
        state = {**self.backend.state(), **decided}
        checkpoint = Checkpoint(self.config, self.data_digest, order, self.position, state)
        self.folder.write_bytes(CHECKPOINT, checkpoint.to_bytes())

    def _epoch(self, watch: InterruptWatch) -> None:
        """Present the rest of an epoch, judge the net, write metrics and checkpoint."""
        order = self.order(self.position.epoch)
        self.bind(self.position.epoch)
        while self.position.index < self.samples:
            self._chunk(order)
            if watch.signal is not None:
                self._stop(watch.signal)
        self._end_epoch()
        self._save()
        self.folder.write_metrics(self.position.rows)
        self.reporter.epoch(self.position.rows[-1], self.config.epochs)
        if watch.signal is not None:
            self._stop(watch.signal)

    def _stop(self, number: int) -> None:
        """Save and leave after Ctrl-C, SIGTERM or SIGHUP."""
        self._save()
        raise TrainingInterrupted(
            f"stopped after epoch {self.position.epoch}, sample {self.position.index}; "
            f"continue with: lava-ed train --out {self.folder.path} --resume",
            number,
        )

    def _chunk(self, order: npt.NDArray[np.int64]) -> None:
        """Present samples up to the next stop, which depends on the position only."""
        p, n, interval = self.position, self.samples, self.config.checkpoint_interval
        presented, correct, seconds = self.present(p.epoch * n + p.index, order, (CHUNK[self.config.backend], interval))
        self.position = replace(p, index=p.index + presented, correct=p.correct + correct, seconds=p.seconds + seconds)
        self.reporter.chunk(p.epoch, self.config.epochs, self.position.index, n)
        if (p.epoch * n + self.position.index) % interval == 0 and self.position.index < n:
            self._save()

    def _end_epoch(self) -> None:
        """Add the epoch's metrics and move to the next one."""
        p, n = self.position, self.samples
        model, now = self.model(), self._reading()
        if self.config.snapshots and (p.epoch + 1) % self.config.snapshot_interval == 0:
            self.folder.write_bytes(f"snapshot-{p.epoch + 1:04d}.safetensors", model.to_bytes())
        counts = counts_between(now["counters"], p.start["counters"])
        row = {
            "epoch": p.epoch + 1,
            "train_accuracy": self.train_accuracy(p.correct),
            "validation_accuracy": self.validate(model),
            "learning_rate": self.rate(p.epoch * n + n - 1).value,
            "thresholds": model.thresholds,
            **activity(self.spec, counts, n),
            "triggered_share": (now["triggered"] - p.start["triggered"]) / n,
            "samples_per_second": n / p.seconds,
            "seconds": p.seconds,
            "samples": n,
            "counters": sums(counts),
        }
        self.position = replace(p, epoch=p.epoch + 1, index=0, correct=0, seconds=0.0, start=now, rows=[*p.rows, row])

    def _finish(self) -> dict[str, Any]:
        """Write model, energy counts and result; the test set is seen here, once."""
        model, counters = self.model(), self.backend.counters()
        self.folder.write_bytes(MODEL, model.to_bytes())
        data = self.data
        test = evaluate(self.config.backend, model, data.test_images, data.test_labels, windows=data.windows)
        presented = self.config.epochs * self.samples
        stamp = {
            "lava_ed_version": __version__,
            "backend": self.config.backend,
            "tag": TAG,
            "seed": self.config.seed,
        }
        training = {**part_of_energy(presented, counters), "visits": visits_of(self.spec, self.backend.state())}
        parts = {"training": training, "test": test.to_dict()}
        self.folder.write_json(ENERGY, {**stamp, **parts})
        totals = {name: sum(phases.values()) for name, phases in sums(counters).items()}
        if note := learned_nothing(self.position.rows[-1], totals["weight_writes"], self.chance, self.judged):
            self.notes.append(note)
        rows = self.position.rows
        summary = {
            **stamp,
            "rule": self.config.rule,
            "dataset": self.config.dataset,
            "sizes": list(self.spec.sizes),
            "steps": self.spec.steps,
            "epochs": self.config.epochs,
            "learning_rate": self.spec.rule.rate.value,
            "final_learning_rate": rows[-1]["learning_rate"],
            "thresholds": model.thresholds,
            "decay": self.spec.dv,
            "test_accuracy": test.accuracy,
            "validation_accuracy": rows[-1]["validation_accuracy"],
            "train_accuracy": rows[-1]["train_accuracy"],
            "samples_per_second": presented / sum(row["seconds"] for row in rows),
            "seconds": self._wall_before + time.perf_counter() - self._started,
            "counters": totals,
            "run": str(self.folder.path),
            "extended_from": self.position.ended,
            "notes": self.notes,
        }
        self.folder.write_json(RESULT, summary)
        return summary

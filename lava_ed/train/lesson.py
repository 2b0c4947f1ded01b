"""What a net is trained on: its samples, their order, and the rate of each; nothing of it is on the disk."""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

from lava_ed.backends.backend import Backend, make_backend
from lava_ed.config.training import TrainConfig
from lava_ed.data import Dataset, flipped, shifted, split_validation
from lava_ed.errors import ConfigError
from lava_ed.evaluation.evaluate import judged_by, voted
from lava_ed.learning_rules import LearningRate
from lava_ed.network.spec import NetworkSpec
from lava_ed.runs.tensor_files import Model
from lava_ed.train.calibration import calibrated
from lava_ed.train.dependency import chosen
from lava_ed.train.order import flips, next_stop, rate_changes, sample_order, shift_offsets


def check_bytes(spec: NetworkSpec, data: Dataset) -> None:
    """Raise a ConfigError where samples hold more or fewer time steps than a net takes."""
    there, needed = data.train_images.shape[1], spec.sample_bytes
    if there != needed:
        raise ConfigError(
            f"samples of {data.name} have {there} bytes, {data.planes} an input, and encoder {spec.encoder} with "
            f"{spec.steps} steps takes {needed}, {needed // spec.sizes[0]} an input: take other --steps, of which "
            "bins has 8 in a byte, or another --encoder"
        )


class Lesson:
    """A configuration and its data, with a back end that learns."""

    def __init__(self, config: TrainConfig, data: Dataset) -> None:
        self.config, self.data = config, data
        self.spec = config.spec(data.inputs, data.n_classes, data.image_shape)
        train_indices, self.validation_indices = split_validation(data, config.validation, config.seed)
        self.train_indices = train_indices[: config.limit and config.limit * data.windows]
        self.images = np.ascontiguousarray(data.train_images)
        check_bytes(self.spec, data)
        if data.windows > 1:  # a window without an event says nothing of its recording
            self.train_indices = self.train_indices[self.images[self.train_indices].any(axis=1)]
        self.samples = len(self.train_indices)
        self.decided = np.zeros(len(data.train_labels), np.int32)
        if config.calibrate:
            self.spec = calibrated(self.spec, self.images, data.train_labels, self.train_indices)
        self.reasons: list[str] = []
        if config.net.dependency == "auto":
            first = self.order(0)
            self.spec, reason = chosen(self.spec, self.images, data.train_labels, first)
            self.reasons.append(reason)
        self.backend: Backend = make_backend(config.backend, self.spec)
        self._judge: Backend | None = None
        self._changes = rate_changes([p for p, _ in self.spec.rule.decay], config.epochs * self.samples)

    def order(self, epoch: int) -> npt.NDArray[np.int64]:
        """The samples of an epoch, in turn."""
        return self.train_indices[sample_order(self.config.seed, epoch, self.samples)]

    def rate(self, sample: int) -> LearningRate:
        """Rate of a sample, counted over all epochs."""
        return self.spec.rule.rate_at(sample / (self.config.epochs * self.samples))

    def bind(self, epoch: int) -> None:
        """Hand the images over as an epoch sees them."""
        images = self.images
        if self.config.shift:
            offsets = shift_offsets(self.config.shift, self.config.seed, epoch, len(images))
            images = shifted(images, self.data.frames, offsets)
        if self.config.flip:
            images = flipped(images, self.data.frames, flips(self.config.seed, epoch, len(images)))
        self.backend.bind(images)

    def present(self, done: int, order: npt.NDArray[np.int64], steps: tuple[int, ...] = ()) -> tuple[int, int, float]:
        """Present samples of an epoch in this order, after `done` samples of all epochs.

        It stops at a multiple of any of `steps`, where the rate changes, and at the epoch's end.  Returns how many
        samples were presented, how many of them decided rightly, and the seconds that took.
        """
        self.backend.set_rate(self.rate(done))
        stop = next_stop(done, (*steps, self.samples), self._changes)
        chunk = order[done % self.samples :][: stop - done]
        labels = self.data.train_labels[chunk]
        started = time.perf_counter()
        self.decided[chunk] = decided = self.backend.present(chunk, labels)
        return len(chunk), int(np.count_nonzero(decided == labels)), time.perf_counter() - started

    def train_accuracy(self, correct: int) -> float:
        """Share of an epoch's samples that were decided rightly while learning or, of windows, of its recordings."""
        windows, labels = self.data.windows, self.data.train_labels
        if windows == 1:
            return correct / self.samples
        heard = np.zeros(len(labels), np.bool_)
        heard[self.train_indices] = True
        right = voted(self.decided, heard, windows, self.spec.sizes[-1]) == labels[::windows]
        return float(right[np.unique(self.train_indices // windows)].mean())

    def model(self) -> Model:
        """The net as it has learned up to now."""
        return Model.of_state(self.spec, self.backend.state())

    def validate(self, model: Model) -> float | None:
        """Accuracy on the samples held out, on a back end of its own; None where there are none."""
        rows = self.validation_indices
        if not len(rows):
            return None
        labels, windows = self.data.train_labels, self.data.windows
        self._judge = self._judge or make_backend(self.config.backend, self.spec)
        return judged_by(self._judge, model, self.images, labels, rows, windows).accuracy

    def close(self) -> None:
        """Free the back ends."""
        for backend in filter(None, (self.backend, self._judge)):
            backend.close()

"""A net on Lava's own runtime, behind the interface that the training loop uses (needs lava-nc)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg

from lava_ed.errors import ShapeError
from lava_ed.kernels.counting import named_counts
from lava_ed.lava_graphs.lava_runtime import child_processes, ended_at_once
from lava_ed.learning_rules import LearningRate
from lava_ed.network.spec import NetworkSpec
from lava_ed.network.state import check_state, learning_vars, rate_vars
from lava_ed.network.values import check_presented
from lava_ed.network.weights import unpack_weights
from lava_ed.proc import EDClassifier

_NOT_STATE = {"samples", "labels"}


class LavaBackend:
    """Presents samples one by one to an `EDClassifier` on Lava's runtime, one OS process a Lava process.

    Parameters
    ----------
    spec : NetworkSpec
    weights : sequence of int8 (n_pre, n_post), optional
        Stored weights; default: drawn from the spec's seed.
    """

    name = "lava"

    def __init__(self, spec: NetworkSpec, weights: Sequence[npt.NDArray[np.int8]] | None = None) -> None:
        self.spec = spec
        given = None if weights is None else [unpack_weights(matrix) for matrix in weights]
        blank = np.zeros((1, spec.sample_bytes), np.uint8)
        self.net = EDClassifier(spec, blank, np.zeros(1, np.int64), given)
        self._images: npt.NDArray[np.uint8] | None = None
        self._others = child_processes()
        with ended_at_once(self.net):
            self.net.create_runtime(run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
            # Vars can be written only once the runtime has started.
            self.net.runtime.start(RunSteps(num_steps=0))

    def __enter__(self) -> LavaBackend:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the OS processes; a second time does nothing."""
        with ended_at_once(self.net, self._others):
            self.net.stop()

    def bind(self, images: npt.NDArray[np.uint8]) -> None:
        """Take the images (N, n) that `present` refers to."""
        if images.ndim != 2 or images.shape[1] != self.spec.sample_bytes:
            raise ShapeError(f"images have shape {images.shape}, the net takes (N, {self.spec.sample_bytes})")
        self._images = images

    def present(
        self, indices: npt.NDArray[np.integer[Any]], labels: npt.NDArray[np.integer[Any]]
    ) -> npt.NDArray[np.int32]:
        """Run one sample after the other and return the decisions."""
        if self._images is None:
            raise ShapeError("no images bound: call bind(images) first")
        indices, labels = np.asarray(indices), np.asarray(labels)
        check_presented(indices, labels, len(self._images), self.spec.sizes[-1])
        predictions = np.zeros(len(indices), np.int32)
        with ended_at_once(self.net, self._others):
            for k, (index, label) in enumerate(zip(indices, labels, strict=True)):
                self.write("encoder", "samples", self._images[index][np.newaxis])
                self.write("labels", "labels", np.array([label]))
                self.net.run(RunSteps(num_steps=self.spec.schedule.period))
                predictions[k] = int(self.read("error", "prediction")[0])
        return predictions

    def set_learning(self, learning: bool) -> None:
        """Switch errors, threshold adaptation and dropped inputs on or off."""
        values = learning_vars(self.spec, learning)
        for name, var in self._variables():
            if var in values:
                self.write(name, var, np.array([values[var]]))

    def set_rate(self, rate: LearningRate) -> None:
        """Use another learning rate from the next sample on."""
        for (name, var), value in rate_vars(self.spec, rate).items():
            self.write(name, var, np.array([value]))

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """All Vars but the samples and labels, by "process.var"."""
        return {f"{name}.{var}": self.read(name, var) for name, var in self._variables()}

    def load_state(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Write back what `state` gave; nothing is written if it does not fit."""
        state = check_state(state, self.state())
        for name, var in self._variables():
            self.write(name, var, state[f"{name}.{var}"])

    def counters(self) -> dict[str, dict[str, dict[str, int]]]:
        """All counters: process → counter → phase → count."""
        return {name: named_counts(self.read(name, "counters")) for name in self.net.processes}

    def _variables(self) -> list[tuple[str, str]]:
        return [
            (name, var.name)
            for name, process in self.net.processes.items()
            for var in process.vars
            if var.name not in _NOT_STATE
        ]

    def read(self, name: str, var: str) -> npt.NDArray[np.int64]:
        """A copy of a Var."""
        return np.asarray(getattr(self.net.processes[name], var).get()).astype(np.int64)

    def write(self, name: str, var: str, value: npt.NDArray[Any]) -> None:
        """Set a Var between two samples."""
        getattr(self.net.processes[name], var).set(value)

"""What a training loop needs of a back end, and the engine as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from lava_ed.config.checks import check_backend
from lava_ed.engine.build import build_program
from lava_ed.errors import CheckpointError, LavaEDError, LavaNotInstalledError
from lava_ed.learning_rules import LearningRate
from lava_ed.network.loops import loop_of
from lava_ed.network.spec import NetworkSpec
from lava_ed.network.state import State, check_state, learning_vars, rate_vars

TAG: Final = "fixed_pt"
"""The ProcessModels that every run uses, on both back ends."""

Counts = dict[str, dict[str, dict[str, int]]]
"""Counters: node → counter → phase → count."""

_INPUTS = ("samples", "labels")


class Backend(Protocol):
    """A net that learns one sample after the other, and whose state can be saved between samples."""

    def bind(self, images: npt.NDArray[np.uint8]) -> None:
        """Take samples from the rows of `images` (N, n) from now on."""

    def present(self, indices: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
        """Run samples (rows of the images bound) with their labels; returns the decisions."""

    def set_learning(self, learning: bool) -> None:
        """Switch learning and the adaptation of thresholds on or off."""

    def set_rate(self, rate: LearningRate) -> None:
        """Learn at this rate from the next sample on."""

    def state(self) -> State:
        """Copies of all Vars, samples and labels excepted."""

    def load_state(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Inverse of `state`: all Vars or, with a CheckpointError, none."""

    def read(self, node: str, var: str) -> npt.NDArray[Any]:
        """A copy of a Var."""

    def write(self, node: str, var: str, value: npt.NDArray[Any]) -> None:
        """Set a Var between two samples."""

    def counters(self) -> Counts:
        """Counters of every process."""

    def close(self) -> None:
        """Free what the back end holds (on Lava: its runtime)."""


class EngineBackend:
    """The engine as a back end: a thin shell around a `Program`.

    Parameters
    ----------
    spec : NetworkSpec
    weights : sequence of int8 (n_pre, n_post), optional
        Stored weights to start with; default: drawn from the spec's seed.
    """

    def __init__(self, spec: NetworkSpec, weights: Sequence[npt.NDArray[np.int8]] | None = None) -> None:
        self.spec = spec
        self.program = build_program(spec, weights)
        self._names = tuple(name for name in self.program.variables if name[1] not in _INPUTS)

    def bind(self, images: npt.NDArray[np.uint8]) -> None:
        """Take samples from the rows of `images`, a C-contiguous uint8 matrix, without a copy."""
        self.program.bind(images)

    def present(self, indices: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
        """Run samples one after the other; returns the decisions."""
        return self.program.present(indices, labels)

    def set_learning(self, learning: bool) -> None:
        """Switch errors, threshold adaptation and dropped inputs on or off."""
        self._set(learning_vars(self.spec, learning))

    def set_rate(self, rate: LearningRate) -> None:
        """Use another rate in every plastic connection and every learning port."""
        for (node, var), value in rate_vars(self.spec, rate).items():
            self.program.set(node, var, value)

    def _set(self, values: Mapping[str, int]) -> None:
        """Set every Var of a name, whatever its node."""
        for node, var in self._names:
            if var in values:
                self.program.set(node, var, values[var])

    def state(self) -> State:
        """Copies of all Vars but samples and labels, by ``"node.var"``.

        The clock is not among them: between samples it is the period times the samples presented,
        which `encoder.presentation` counts.
        """
        return {f"{node}.{var}": self.program.get(node, var) for node, var in self._names}

    def load_state(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Write all Vars and the clock.

        Raises
        ------
        CheckpointError
            If a Var is missing, unknown, or of another shape; nothing has changed then.
        """
        state = check_state(state, self.state())
        samples = int(state["encoder.presentation"][0]) + 1
        values = {(node, var): state[f"{node}.{var}"] for node, var in self._names}
        try:
            self.program.load(values, samples * self.spec.schedule.period)
        except LavaEDError as error:
            raise CheckpointError(f"the saved state does not fit this net: {error}") from error

    def read(self, node: str, var: str) -> npt.NDArray[Any]:
        """A copy of a Var."""
        return self.program.get(node, var)

    def write(self, node: str, var: str, value: npt.NDArray[Any]) -> None:
        """Set a Var between two samples."""
        self.program.set(node, var, value)

    def counters(self) -> Counts:
        """Counters of every process."""
        return self.program.counters()

    def close(self) -> None:
        """Nothing to free."""


def make_backend(name: str, spec: NetworkSpec, weights: Sequence[npt.NDArray[np.int8]] | None = None) -> Backend:
    """A back end by name.

    Parameters
    ----------
    name : {"engine", "lava"}
    spec : NetworkSpec
    weights : sequence of int8 (n_pre, n_post), optional

    Raises
    ------
    ConfigError
        If the name is unknown, or "lava" and the rule a baseline.
    LavaNotInstalledError
        If it is "lava" and lava-nc is absent.
    """
    check_backend(name, spec.rule)
    if name == "engine" and spec.rule.baseline:
        loop: Backend = loop_backend(spec, weights)
        return loop
    if name == "engine":
        return EngineBackend(spec, weights)
    try:
        import lava  # noqa: F401
    except ImportError as error:
        raise LavaNotInstalledError(
            "the back end lava needs lava-nc, which runs on Python 3.10 only: "
            "pip install lava-nc==0.10.0 there, or use the back end engine, which gives the same numbers"
        ) from error
    from lava_ed.lava_graphs.backend import LavaBackend

    backend: Backend = LavaBackend(spec, weights)
    return backend


def loop_backend(spec: NetworkSpec, weights: Sequence[npt.NDArray[np.int8]] | None = None) -> Any:
    """A back end with the compiled loop of the spec's rule.  Raises a ConfigError where the rule has none."""
    import lava_ed.baselines  # noqa: F401 (they register their loops)

    return loop_of(spec, weights)


def warm_up(spec: NetworkSpec) -> None:
    """Compile the engine's loop, or load it from the cache, on a net that is thrown away."""
    backend = make_backend("engine", spec)
    backend.bind(np.zeros((1, spec.sample_bytes), np.uint8))
    backend.present(np.zeros(1, np.int64), np.zeros(1, np.int64))

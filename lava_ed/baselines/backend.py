"""Baselines as back ends of the training loop: the same calls, files and counters as the engine's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.baselines.layout import work_of
from lava_ed.errors import BackendError, CheckpointError, ConfigError, FixedPointOverflowError, ShapeError
from lava_ed.kernels.baselines.surrogate_samples import (
    ADAPTING,
    CORRECT,
    EXPONENT,
    LEARNING,
    MANTISSA,
    OVERFLOWED,
    PORT_SHIFT,
    PRESENTATION,
    SEEN,
    TRIGGERED,
)
from lava_ed.kernels.counting import check_counting, named_counts
from lava_ed.learning_rules import LearningRate
from lava_ed.network.graph import graph_of
from lava_ed.network.spec import NetworkSpec
from lava_ed.network.state import check_state
from lava_ed.network.values import check_presented
from lava_ed.network.weights import pack_weights, unpack_weights

_STATE: Final = {
    "encoder.presentation": PRESENTATION,
    "error.learning": LEARNING,
    "error.adapting": ADAPTING,
    "error.seen": SEEN,
    "error.correct": CORRECT,
    "error.triggered": TRIGGERED,
    "error.rate_mantissa": MANTISSA,
    "error.rate_exponent": EXPONENT,
    "error.port_shift": PORT_SHIFT,
    "error.overflows": OVERFLOWED,
}


class SampleLoop(ABC):
    """What runs one of the baselines sample by sample: a compiled loop over a dense net, or kernels over maps.

    See Also
    --------
    lava_ed.backends.backend.Backend : what the methods do.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        self.spec, self._graph, self.work = spec, graph_of(spec), work_of(spec)
        self._images: npt.NDArray[np.uint8] | None = None

    @abstractmethod
    def weights(self, layer: int) -> npt.NDArray[np.int8]:
        """The stored weights of a connection, rows by columns, as a view."""

    @abstractmethod
    def _take(self, layer: int, matrix: npt.NDArray[np.int8]) -> None:
        """Put weights into a connection, with what is counted of them."""

    @abstractmethod
    def _counted(self) -> dict[str, npt.NDArray[np.int64]]:
        """Views of the counters of every node."""

    @abstractmethod
    def _own_views(self) -> dict[str, npt.NDArray[Any]]:
        """Views of the Vars of thresholds and synapses, but the weights, by ``"node.var"``."""

    @abstractmethod
    def _run(self, images: npt.NDArray[np.uint8], rows: Any, labels: Any, decisions: npt.NDArray[np.int32]) -> int:
        """Present samples one after the other until a state leaves 24 bits; returns how many were begun."""

    def bind(self, images: npt.NDArray[np.uint8]) -> None:
        """Take samples from the rows of `images`, a C-contiguous uint8 matrix, without a copy."""
        if images.dtype != np.uint8 or images.ndim != 2 or images.shape[1] != self.spec.sizes[0]:
            raise ShapeError(
                f"images are {images.dtype} of shape {images.shape}, the net takes uint8 (N, {self.spec.sizes[0]})"
            )
        self._images = np.ascontiguousarray(images)

    def present(
        self, indices: npt.NDArray[np.integer[Any]], labels: npt.NDArray[np.integer[Any]]
    ) -> npt.NDArray[np.int32]:
        """Run samples one after the other; returns the decisions.

        Raises
        ------
        BackendError
            If no images are bound.
        ShapeError, DataError
            If there is not one label for each row, or a row or label does not exist.
        FixedPointOverflowError
            Under "raise", after the first sample in which a state left 24 bits.
        """
        rows, labels = np.asarray(indices, np.int64), np.asarray(labels, np.int64)
        if self._images is None:
            raise BackendError("no images bound: call bind(images) first")
        check_presented(rows, labels, len(self._images), self.spec.sizes[-1])
        decisions, done, before = np.zeros(len(rows), np.int32), 0, int(self.work.state[OVERFLOWED])
        while done < len(rows):
            done += self._run(self._images, rows[done:], labels[done:], decisions[done:])
            overflows = int(self.work.state[OVERFLOWED]) - before
            if overflows and self.spec.overflow == "raise":
                raise FixedPointOverflowError(
                    f"{overflows} state(s) left their 24-bit register in sample {done} of {len(rows)}: lower the "
                    'weights, the fan-in or the window, raise the error shift, or choose overflow="wrap"'
                )
        return decisions

    def set_learning(self, learning: bool) -> None:
        """Switch learning and the adaptation of thresholds on or off."""
        self.work.state[[LEARNING, ADAPTING]] = int(learning)

    def set_rate(self, rate: LearningRate) -> None:
        """Learn at this rate from the next sample on."""
        self.work.state[[MANTISSA, EXPONENT, PORT_SHIFT]] = rate.mantissa, rate.exponent, rate.port_shift

    def _views(self) -> dict[str, npt.NDArray[Any]]:
        """Views of every Var but the weights, by ``"node.var"``."""
        shared = {name: self.work.state[index : index + 1] for name, index in _STATE.items()}
        counted = {f"{node}.counters": values for node, values in self._counted().items()}
        return {**shared, **self._own_views(), **counted}

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Copies of all Vars, by ``"node.var"``."""
        names = {layer: f"{self.spec.synapses(layer)}.weights" for layer in self.spec.layers}
        weights = {name: unpack_weights(self.weights(layer)) for layer, name in names.items()}
        return {name: view.copy() for name, view in self._views().items()} | weights

    def load_state(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Inverse of `state`: all Vars or, with a CheckpointError, none."""
        state = check_state(state, self.state())
        try:
            packed = {layer: pack_weights(state[f"{self.spec.synapses(layer)}.weights"]) for layer in self.spec.layers}
        except ConfigError as error:
            raise CheckpointError(f"the saved state does not fit this net: {error}") from error
        for name, view in self._views().items():
            view[...] = state[name]
        for layer, matrix in packed.items():
            self._take(layer, matrix)

    def counters(self) -> dict[str, dict[str, dict[str, int]]]:
        """Counters of every node: node → counter → phase → count."""
        check_counting()
        return {node: named_counts(values) for node, values in self._counted().items()}

    def close(self) -> None:
        """Let go of the images; others may be bound."""
        self._images = None

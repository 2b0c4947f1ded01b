"""A baseline as a back end of the training loop: the same calls, files and counters as the engine's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.baselines.layout import flat_net, settings_of, window_of, work_of
from lava_ed.errors import BackendError, CheckpointError, ConfigError, FixedPointOverflowError, ShapeError
from lava_ed.kernels.baselines.flat_net import ERROR
from lava_ed.kernels.baselines.renner import present_renner
from lava_ed.kernels.baselines.single_spikes import present_single_spikes
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
    present_surrogate,
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
_TALLIES: Final = ("fired", "saturated", "samples_counted")


class BaselineBackend:
    """A compiled loop over flat arrays for one of the baselines.

    Parameters
    ----------
    spec : NetworkSpec
        Its rule is a baseline, or MPD-ED with a rate encoder, whose net the surrogate baselines share.
    weights : sequence of int8 (n_pre, n_post), optional
        Stored weights to start with; default: drawn from the spec's seed.

    Raises
    ------
    ConfigError
        If the rule is another one.

    See Also
    --------
    lava_ed.backends.backend.Backend : what the methods do.
    """

    def __init__(self, spec: NetworkSpec, weights: Sequence[npt.NDArray[np.int8]] | None = None) -> None:
        if not (spec.rule.baseline or spec.rule.timing.replays_spikes):
            raise ConfigError(f"{spec.rule.name} is no baseline: the engine runs it")
        self.spec = spec
        self._graph = graph_of(spec)
        self.net, self.work, self.settings = flat_net(self._graph, weights), work_of(spec), settings_of(self._graph)
        self.window = window_of(spec)
        self._run: Callable[..., int] = {
            "mpd-ed": partial(present_surrogate, self.net, self.window, self.work, self.settings),
            "relpsp": partial(present_single_spikes, self.net, self.work, self.settings),
            "renner": partial(present_renner, self.net, self.work, self.settings),
        }[spec.rule.kind]
        self._images: npt.NDArray[np.uint8] | None = None

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

    def weights(self, layer: int) -> npt.NDArray[np.int8]:
        """The stored weights (n_pre, n_post) of a connection, as a view."""
        shape = (self.spec.sizes[layer - 1], self.spec.sizes[layer])
        start = int(self.net.offset[layer])
        return self.net.w8[start : start + shape[0] * shape[1]].reshape(shape)

    def _views(self) -> dict[str, npt.NDArray[Any]]:
        """Views of every Var but the weights, by ``"node.var"``."""
        counted = {f"{node}.counters": self.net.counters[row] for node, row in self._rows().items()}
        visits = {
            f"dense{layer}.visits_{by}0": self.net.visits[layer, k : k + 1]
            for layer in self.spec.layers
            for k, by in enumerate("xy")
        }
        return {**self._shared_views(), **dict(self._thresholds()), **visits, **counted}

    def _shared_views(self) -> dict[str, npt.NDArray[Any]]:
        """Views of those of the encoder and the error."""
        return {name: self.work.state[index : index + 1] for name, index in _STATE.items()}

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

    def _take(self, layer: int, matrix: npt.NDArray[np.int8]) -> None:
        """Put weights into a connection, with what is counted of them."""
        self.weights(layer)[...] = matrix
        first = self.net.first[layer - 1]
        self.net.nonzeros[first : first + len(matrix)] = np.count_nonzero(matrix, axis=1)

    def _thresholds(self) -> Iterator[tuple[str, npt.NDArray[np.int32]]]:
        """Each Var of an adaptive threshold, and where it lies."""
        for node in self._graph.nodes:
            if node.name in self.spec.threshold_nodes:
                layer = node.parameters["layer"]
                yield f"{node.name}.threshold_step", self.net.threshold_step[layer : layer + 1]
                for k, name in enumerate(_TALLIES):
                    yield f"{node.name}.{name}", self.net.tallies[layer, k : k + 1]

    def _rows(self) -> dict[str, int]:
        """Row of `FlatNet.counters` of every node: the error is before the connections there."""
        *before, error = (node.name for node in self._graph.nodes)
        return {name: row for row, name in enumerate((*before[:ERROR], error, *before[ERROR:]))}

    def counters(self) -> dict[str, dict[str, dict[str, int]]]:
        """Counters of every node: node → counter → phase → count."""
        check_counting()
        return {node: named_counts(self.net.counters[row]) for node, row in self._rows().items()}

    def close(self) -> None:
        """Nothing to free."""

"""Baselines in dense nets: one compiled loop carries flat arrays through whole samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.baselines.backend import SampleLoop
from lava_ed.baselines.layout import flat_net, settings_of, window_of
from lava_ed.errors import ConfigError
from lava_ed.kernels.baselines.flat_net import ERROR
from lava_ed.kernels.baselines.renner import present_renner
from lava_ed.kernels.baselines.single_spikes import present_single_spikes
from lava_ed.kernels.baselines.surrogate_samples import present_surrogate
from lava_ed.network.spec import NetworkSpec

_TALLIES: Final = ("fired", "saturated", "samples_counted")


class BaselineBackend(SampleLoop):
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
    """

    def __init__(self, spec: NetworkSpec, weights: Sequence[npt.NDArray[np.int8]] | None = None) -> None:
        if not (spec.rule.baseline or spec.rule.timing.replays_spikes):
            raise ConfigError(f"{spec.rule.name} is no baseline: the engine runs it")
        super().__init__(spec)
        self.net, self.settings = flat_net(self._graph, weights), settings_of(self._graph)
        self.window = window_of(spec)
        self._loop: Callable[..., int] = {
            "mpd-ed": partial(present_surrogate, self.net, self.window, self.work, self.settings),
            "relpsp": partial(present_single_spikes, self.net, self.work, self.settings),
            "renner": partial(present_renner, self.net, self.work, self.settings),
        }[spec.rule.kind]

    def _run(self, images: npt.NDArray[np.uint8], rows: Any, labels: Any, decisions: npt.NDArray[np.int32]) -> int:
        return self._loop(images, rows, labels, decisions)

    def weights(self, layer: int) -> npt.NDArray[np.int8]:
        """The stored weights (n_pre, n_post) of a connection, as a view."""
        shape = (self.spec.sizes[layer - 1], self.spec.sizes[layer])
        start = int(self.net.offset[layer])
        return self.net.w8[start : start + shape[0] * shape[1]].reshape(shape)

    def _take(self, layer: int, matrix: npt.NDArray[np.int8]) -> None:
        self.weights(layer)[...] = matrix
        first = self.net.first[layer - 1]
        self.net.nonzeros[first : first + len(matrix)] = np.count_nonzero(matrix, axis=1)

    def _counted(self) -> dict[str, npt.NDArray[np.int64]]:
        """The error's are before those of the connections."""
        *before, error = (node.name for node in self._graph.nodes)
        return dict(zip((*before[:ERROR], error, *before[ERROR:]), self.net.counters, strict=True))

    def _own_views(self) -> dict[str, npt.NDArray[Any]]:
        visits = {
            f"dense{layer}.visits_{by}0": self.net.visits[layer, k : k + 1]
            for layer in self.spec.layers
            for k, by in enumerate("xy")
        }
        return {**dict(self._thresholds()), **visits}

    def _thresholds(self) -> Iterator[tuple[str, npt.NDArray[np.int32]]]:
        """Each Var of an adaptive threshold, and where it lies."""
        for node in self._graph.nodes:
            if node.name in self.spec.threshold_nodes:
                layer = node.parameters["layer"]
                yield f"{node.name}.threshold_step", self.net.threshold_step[layer : layer + 1]
                for k, name in enumerate(_TALLIES):
                    yield f"{node.name}.{name}", self.net.tallies[layer, k : k + 1]

"""The learning-cost metric for simulators that count nothing themselves: their arrays are counted as they pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.energy.counting import check_samples
from lava_ed.energy.learning_cost import METRICS
from lava_ed.errors import ConfigError, ShapeError
from lava_ed.network.values import DEPENDENCIES


class LearningCostMeter:
    """Accumulates the counts of learning, in the form of NeuroBench's accumulated metrics: call, `compute`, `reset`.

    Parameters
    ----------
    dependency : {"x0", "y0", "u0"}
        Which synapses an engine that learns visits: those of inputs that spiked, of neurons with an error, or all.

    Raises
    ------
    ConfigError
        If the dependency is none of these.

    Examples
    --------
    >>> meter, before = LearningCostMeter("y0"), np.zeros((3, 2), int)
    >>> change = np.array([[0, 4], [0, 0], [0, 1]])
    >>> meter.learns(pre=[1, 0, 1], post=[0, 5], change=change, before=before, after=before + change // 4)
    >>> meter.sends(errors=[0, 5], weights=np.array([[1, 2], [3, 0], [0, 6]]))
    >>> cost = meter.compute(samples=1)
    >>> cost["synapses_visited"], cost["plasticity_operations"], cost["weight_writes"], cost["backward_synapses"]
    (3.0, 2.0, 1.0, 2.0)
    """

    def __init__(self, dependency: str = "x0") -> None:
        if dependency not in DEPENDENCIES:
            raise ConfigError(f"dependency {dependency!r} is unknown: use one of {', '.join(DEPENDENCIES)}")
        self.dependency = dependency
        self.reset()

    def reset(self) -> None:
        """Forget what was counted."""
        self.counts = dict.fromkeys(METRICS, 0)

    def learns(
        self, pre: npt.ArrayLike, post: npt.ArrayLike, change: Any, before: Any, after: Any, traces: int = 0
    ) -> None:
        """Count one step in which one connection learns.

        Parameters
        ----------
        pre, post : (n_pre,), (n_post,)
            Not 0 where an input spiked, or has a trace, and where a neuron has an error.
        change : (n_pre, n_post)
            The update before it is rounded to stored weights.
        before, after : (n_pre, n_post)
            The stored weights.
        traces : int
            Traces that were written for it.

        Raises
        ------
        ShapeError
            If the arrays do not fit each other.
        ConfigError
            If the traces are fewer than 0.
        """
        if traces < 0:
            raise ConfigError(f"traces is {traces}: give how many were written, 0 or more")
        spiked, wrong = np.asarray(pre) != 0, np.asarray(post) != 0
        shape = (spiked.size, wrong.size)
        if found := [x.shape for x in map(np.asarray, (change, before, after)) if x.shape != shape]:
            raise ShapeError(
                f"an array of shape {found[0]} beside {shape[0]} inputs and {shape[1]} neurons: give {shape}"
            )
        visits = {"x0": np.count_nonzero(spiked) * shape[1], "y0": np.count_nonzero(wrong) * shape[0]}
        self.counts["synapses_visited"] += visits.get(self.dependency, shape[0] * shape[1])
        self.counts["plasticity_operations"] += np.count_nonzero(change)
        self.counts["weight_writes"] += np.count_nonzero(np.asarray(after) != before)
        self.counts["trace_writes"] += traces

    def sends(self, errors: npt.ArrayLike, weights: Any) -> None:
        """Count errors (n_post,) that one connection (n_pre, n_post) carries back: a message each, and its reads.

        Raises
        ------
        ShapeError
            If the arrays do not fit each other.
        """
        sent, matrix = np.asarray(errors) != 0, np.asarray(weights)
        if sent.ndim != 1 or matrix.ndim != 2 or matrix.shape[1] != sent.size:
            raise ShapeError(
                f"weights of shape {matrix.shape} beside errors of shape {sent.shape}: give (n_pre, n_post), (n_post,)"
            )
        self.counts["backward_messages"] += np.count_nonzero(sent)
        self.counts["backward_synapses"] += np.count_nonzero(matrix[:, sent])

    def compute(self, samples: int) -> dict[str, float]:
        """The mean of each metric per training sample, those that changed nothing included."""
        n = check_samples(samples)
        return {name: int(count) / n for name, count in self.counts.items()}

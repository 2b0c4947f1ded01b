"""The yardstick: the row additions of a run, in a bare compiled loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

REPETITIONS: Final = 20


def bare_loop(
    layers: Sequence[tuple[npt.NDArray[np.int32], int]], repetitions: int = REPETITIONS
) -> Callable[[], float]:
    """A way to measure the seconds a step that the row additions of these spikes take, nothing else.

    Parameters
    ----------
    layers : sequence of (spikes int32 (n_pre, steps), n_post)
        What each layer of synapses received.
    repetitions : int
        The best of them is what each call returns.
    """
    from lava_ed.bench.bare_rows import add_rows

    prepared: list[tuple[int, tuple[npt.NDArray[Any], ...]]] = []
    for spikes, n_post in layers:
        n_pre, steps = spikes.shape
        weights = np.random.default_rng(0).integers(-128, 128, (n_pre, n_post), np.int8)
        pointers = np.concatenate([[0], np.cumsum(np.count_nonzero(spikes, axis=0))]).astype(np.int64)
        events = np.nonzero(spikes.T)[1].astype(np.int32)
        prepared.append((steps, (weights, pointers, events, np.zeros(n_post, np.int32))))
        add_rows(*prepared[-1][1])  # compiles

    def measure() -> float:
        """Seconds a step, over all layers."""
        total = 0.0
        for steps, arguments in prepared:
            best = np.inf
            for _ in range(repetitions):
                started = time.perf_counter()
                add_rows(*arguments)
                best = min(best, time.perf_counter() - started)
            total += float(best) / steps
        return total

    return measure


def bare_seconds(layers: Sequence[tuple[npt.NDArray[np.int32], int]], repetitions: int = REPETITIONS) -> float:
    """Seconds a step of `bare_loop`, measured once."""
    return bare_loop(layers, repetitions)()

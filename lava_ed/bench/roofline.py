"""The yardstick: the row additions of a run, in a bare compiled loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from lava_ed.bench.harness import fastest

REPETITIONS: Final = 20


def bare_loop(layers: Sequence[tuple[npt.NDArray[np.int32], int]]) -> Callable[[], float]:
    """A way to measure the seconds a step that the row additions of these spikes take, nothing else.

    Each layer of synapses is told by the spikes (n_pre, steps) that it received, and its n_post.
    """
    from lava_ed.bench.bare_rows import add_rows

    prepared = []
    for spikes, n_post in layers:
        n_pre, steps = spikes.shape
        weights = np.random.default_rng(0).integers(-128, 128, (n_pre, n_post), np.int8)
        pointers = np.concatenate([[0], np.cumsum(np.count_nonzero(spikes, axis=0))]).astype(np.int64)
        events = np.nonzero(spikes.T)[1].astype(np.int32)
        add = partial(add_rows, weights, pointers, events, np.zeros(n_post, np.int32))
        add()  # compiles
        prepared.append((steps, add))
    return lambda: sum(fastest(add, REPETITIONS) / steps for steps, add in prepared)

"""A net is trained on two back ends, and their states are compared bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.backends.backend import EngineBackend, make_backend
from lava_ed.data import Dataset
from lava_ed.network.spec import NetworkSpec

COMPARED = ("weights", "counters", "threshold_step", "presentation")
"""Vars that are compared, wherever both back ends have them; weights and counters have to be there."""


@dataclass(frozen=True)
class Parity:
    """Outcome of a comparison."""

    samples: int
    compared: list[str]
    """Vars that were compared."""
    differing: list[str]
    """Compared Vars that are not equal bit for bit, or that one back end lacks."""
    moved: int = 0
    """Weights that differ from their initial value, so that agreement means something."""

    @property
    def equal(self) -> bool:
        """Whether everything agrees."""
        return bool(self.compared) and not self.differing


def compare_states(samples: int, one: Mapping[str, npt.NDArray[Any]], other: Mapping[str, npt.NDArray[Any]]) -> Parity:
    """Compare weights, counters and thresholds of two states."""
    names = sorted(n for n in one.keys() | other.keys() if n.partition(".")[2] in COMPARED)
    differing = [
        name for name in names if name not in one or name not in other or not np.array_equal(one[name], other[name])
    ]
    return Parity(samples, names, differing)


def train_beside(spec: NetworkSpec, data: Dataset, samples: int, names: tuple[str, str] = ("engine", "lava")) -> Parity:
    """Train the first samples on two back ends from the same start, and compare what has become of them.

    Raises
    ------
    LavaNotInstalledError
        If one of them is Lava, and lava-nc is absent.
    """
    indices = np.arange(min(samples, len(data.train_labels)))
    initial, states = EngineBackend(spec).state(), []
    for name in names:
        backend = make_backend(name, spec)
        try:
            backend.bind(np.ascontiguousarray(data.train_images))
            backend.present(indices, data.train_labels[indices])
            states.append(backend.state())
        finally:
            backend.close()
    weights = [name for name in initial if name.endswith(".weights")]
    moved = sum(int(np.count_nonzero(states[0][name] != initial[name])) for name in weights)
    return replace(compare_states(len(indices), *states), moved=moved)

"""The accuracy that a net reaches without learning anything."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

SPREAD: Final = 3
"""Standard errors above chance within which an accuracy may be luck."""


def chance_of(labels: npt.NDArray[np.int64]) -> float:
    """Share of the most frequent class: the accuracy of always naming it.

    Examples
    --------
    >>> chance_of(np.array([0, 0, 1, 2]))
    0.5
    """
    return float(np.bincount(labels).max()) / len(labels)


def is_chance(accuracy: float, chance: float, samples: int) -> bool:
    """Whether an accuracy on so many samples is no better than chance, luck allowed for.

    a ≤ c + 3·√(c·(1 − c)/N).

    Examples
    --------
    >>> is_chance(0.12, 0.1, 144), is_chance(0.2, 0.1, 144)
    (True, False)
    """
    return accuracy <= chance + SPREAD * math.sqrt(chance * (1 - chance) / samples)


def learned_nothing(row: Mapping[str, Any], writes: int, chance: float, samples: int) -> str | None:
    """What has to be said of a run that learned nothing; None where it learned.

    `row` is its last epoch, `writes` the weights written in all of training, `chance` is the accuracy of guessing on
    the `samples` that the net is judged on.
    """
    silent = [layer for layer, spikes in row["spikes_per_neuron"].items() if not spikes]
    why = f", and {', '.join(silent)} never spiked" if silent else ""
    way = "choose other settings (lava-ed sweep searches them, lava-ed diagnose shows silent and saturated layers)"
    if not writes:
        return f"nothing was learned: no weight was ever written{why}; {way}"
    what = "train_accuracy" if row["validation_accuracy"] is None else "validation_accuracy"
    if is_chance(row[what], chance, samples):
        return (
            f"nothing was learned: the {what.replace('_', ' ')}, {100 * row[what]:.2f} % of {samples:,} samples, is no "
            f"better than chance, luck allowed for ({100 * chance:.2f} %, the share of the most frequent class){why}; "
            f"{way}"
        )
    return None

"""The order of samples, how they are moved, and where a run pauses between them: all depend on positions only."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_ORDER_STREAM, _SHIFT_STREAM, _FLIP_STREAM, _PIXEL_STREAM, _ROUNDING_STREAM = 2, 3, 4, 5, 6
"""Third word of the generator's key; weights and feedback use 0 and 1."""


def _raw(seed: int, epoch: int, stream: int, n: int) -> npt.NDArray[np.uint64]:
    """Raw 64-bit output, which NumPy keeps the same from version to version."""
    generator = np.random.PCG64(np.random.SeedSequence((seed, epoch, stream)))
    return np.asarray(generator.random_raw(n), np.uint64)


def sample_order(seed: int, epoch: int, n: int) -> npt.NDArray[np.int64]:
    """A permutation of 0 … n − 1 from an integer generator keyed by (seed, epoch).

    (epoch, index) is the whole state of this generator.

    Examples
    --------
    >>> sorted(sample_order(0, 3, 5).tolist())
    [0, 1, 2, 3, 4]
    """
    return np.argsort(_raw(seed, epoch, _ORDER_STREAM, n), kind="stable")


def shift_offsets(shift: int, seed: int, epoch: int, n: int) -> npt.NDArray[np.int64]:
    """Rows down and columns to the right that each of n images moves in an epoch, both in −shift … shift.

    64 bits modulo 2·shift + 1, which favours no value by more than 2⁻⁵⁰; the state is as in `sample_order`.

    Returns
    -------
    int64 (n, 2)

    Examples
    --------
    >>> sorted(set(shift_offsets(1, seed=0, epoch=0, n=100).ravel().tolist()))
    [-1, 0, 1]
    """
    drawn = _raw(seed, epoch, _SHIFT_STREAM, 2 * n) % np.uint64(2 * shift + 1)
    return drawn.astype(np.int64).reshape(n, 2) - shift


def flips(seed: int, epoch: int, n: int) -> npt.NDArray[np.bool_]:
    """Which of n images are mirrored in an epoch, each with probability 1/2; the state is as in `sample_order`.

    Examples
    --------
    >>> 40 < flips(seed=0, epoch=0, n=100).sum() < 60
    True
    """
    return (_raw(seed, epoch, _FLIP_STREAM, n) >> np.uint64(63)).astype(np.bool_)


def pixel_order(seed: int, task: int, n: int) -> npt.NDArray[np.int64]:
    """A permutation of the n pixels of a task's images; the state is as in `sample_order`."""
    return np.argsort(_raw(seed, task, _PIXEL_STREAM, n), kind="stable")


def rounding_words(seed: int, number: int, layer: int, n: int) -> npt.NDArray[np.uint16]:
    """n words of 16 random bits, for the rounding of a connection in the pull of this number."""
    return _raw(seed, number, _ROUNDING_STREAM + layer, -(-n // 4)).astype("<u8").view("<u2")[:n]


def rate_changes(progress: Sequence[float], total: int) -> list[int]:
    """Numbers of the first samples g with g/total ≥ p, for each p of a rate's schedule.

    Examples
    --------
    >>> rate_changes((0.5, 0.75), 10)
    [5, 8]
    """
    changes = []
    for p in progress:
        g = math.floor(p * total)
        while g / total < p:
            g += 1
        changes.append(g)
    return changes


def next_stop(position: int, steps: Sequence[int], changes: Sequence[int]) -> int:
    """First stop after `position`: a multiple of any of `steps`, or one of `changes`.

    Examples
    --------
    >>> next_stop(10, steps=(8, 100), changes=(5, 13))
    13
    """
    stops = [(position // step + 1) * step for step in steps]
    return min([*stops, *(g for g in changes if g > position)])

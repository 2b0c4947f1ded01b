"""What a matrix of tasks says: R[i, j] is the accuracy on task j after task i, NaN where it was not tried."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]


def average_accuracy(r: Matrix) -> float:
    """1/T·Σ_j R[T − 1, j], over all T tasks, after the last one (Lopez-Paz & Ranzato 2017, arXiv 1706.08840).

    Examples
    --------
    >>> average_accuracy(np.array([[1.0, 0.5], [0.5, 1.0]]))
    0.75
    """
    return float(r[-1].mean())


def forgetting(r: Matrix) -> float:
    """1/(T − 1)·Σ_{j<T−1} (max_{i<T−1} R[i, j] − R[T − 1, j]), from i = j on (Chaudhry et al. 2018, arXiv 1801.10112).

    Examples
    --------
    >>> forgetting(np.array([[1.0, 0.0], [0.75, 1.0]]))
    0.25
    """
    last = len(r) - 1
    return float(np.mean([r[j:last, j].max() - r[last, j] for j in range(last)]))


def backward_transfer(r: Matrix) -> float:
    """1/(T − 1)·Σ_{j<T−1} (R[T − 1, j] − R[j, j]) (Lopez-Paz & Ranzato 2017).

    Examples
    --------
    >>> backward_transfer(np.array([[0.5, 0.0], [0.75, 1.0]]))
    0.25
    """
    last = len(r) - 1
    return float(np.mean(r[last, :last] - np.diag(r)[:last]))


def learning_accuracy(r: Matrix) -> float:
    """1/T·Σ_j R[j, j]: accuracy on each task right after it was learned."""
    return float(np.diag(r).mean())

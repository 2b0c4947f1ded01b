"""The smooth nets whose finite differences the rules' gradients are held against; floats, one sample.

Each freezes what its rule does not differentiate, at the sample's own spikes: for STD-ED the masks and the
rounding, for the surrogate rules spikes, resets and h, for renner the rounding to 0 and 1.  RelPSPFixed
needs no freezing: its crossing times are smooth by themselves.  The loss is L = −Σ e_o·V_o with the output
error e held, or for renner ½·Σ (t_o − o_o)².
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Weights = Sequence[Floats]
Loss = Callable[[Weights], float]


def spike_time_loss(at: Weights, x: Sequence[npt.NDArray[Any]], kappa: Sequence[float], window: int, e: Floats) -> Loss:
    """STD-ED: x = V/κ + r where the spike lies inside the window, with r and that mask frozen."""
    kept = [((v > 0) & (v < window)) for v in x]
    rest = [x[layer + 1] - at[layer] @ x[layer] / kappa[layer] for layer in range(len(at) - 1)]

    def loss(w: Weights) -> float:
        value = np.asarray(x[0], float)
        for layer, matrix in enumerate(w[:-1]):
            smooth = matrix @ value / kappa[layer] + rest[layer]
            value = np.where(kept[layer + 1], smooth, x[layer + 1])
        return -float(e @ (w[-1] @ value))

    return loss


def first_crossings(w: Floats, times: Floats, theta: float, window: float) -> Floats:
    """First times at which Σ_{t_i < t} w_ij·(t − t_i) reaches θ from below; infinite where not in the window."""
    order = np.argsort(times, kind="stable")
    order = order[np.isfinite(times[order])]
    result = np.full(len(w), np.inf)
    if not len(order):
        return result
    t = times[order]
    slope = np.cumsum(w[:, order], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = (theta + np.cumsum(w[:, order] * t, axis=1)) / slope
    until = np.append(t[1:], window)
    hit = (slope > 0) & (root > t) & (root <= until) & (root < window)
    found = hit.any(axis=1)
    result[found] = root[found, hit[found].argmax(axis=1)]
    return result


def crossing_loss(times: Floats, theta: Sequence[float], window: int, e: Floats) -> Loss:
    """RelPSPFixed: every neuron fires at its first crossing in continuous time."""

    def loss(w: Weights) -> float:
        at = times
        for layer, matrix in enumerate(w[:-1]):
            at = first_crossings(matrix, at, theta[layer], window)
        return -float(e @ (w[-1] @ np.where(np.isfinite(at), window - at, 0.0)))

    return loss


def masked_loss(at: Weights, spikes: Sequence[Floats], mask: Sequence[Floats], decay: float, e: Floats) -> Loss:
    """Surrogate rules: s = s₀ + h₀·(v − v₀) over the window, resets at s₀.

    `spikes` and `mask` have shape (T, n), input first; the mask of the input is not read.
    """

    def membranes(matrix: Floats, source: Floats, reset: Floats) -> Floats:
        current = source @ matrix.T
        v, result = np.zeros(matrix.shape[0]), np.empty_like(current)
        for t in range(len(current)):
            v = decay * v + current[t]
            result[t] = v
            v = v * (1.0 - reset[t])
        return result

    before = [membranes(m, spikes[k], spikes[k + 1]) for k, m in enumerate(at[:-1])]

    def loss(w: Weights) -> float:
        source = spikes[0]
        for layer, matrix in enumerate(w[:-1]):
            moved = membranes(matrix, source, spikes[layer + 1])
            source = spikes[layer + 1] + mask[layer + 1] * (moved - before[layer])
        return -float(e @ (w[-1] @ source.sum(axis=0)))

    return loss


def ramp_loss(at: Weights, x: Sequence[npt.NDArray[Any]], theta: float, target: Floats) -> Loss:
    """renner: activations are ramps from 0 to 2θ, plus what rounding to 0 and 1 added at this sample."""

    def ramp(v: Floats) -> Floats:
        return np.clip(v / (2 * theta), 0.0, 1.0)

    rest = [x[k + 1] - ramp(matrix @ np.asarray(x[k], float)) for k, matrix in enumerate(at)]

    def loss(w: Weights) -> float:
        value = np.asarray(x[0], float)
        for layer, matrix in enumerate(w):
            value = ramp(matrix @ value) + rest[layer]
        return 0.5 * float(np.sum((target - value) ** 2))

    return loss


def slope_of(loss: Loss, weights: Weights, layer: int, index: tuple[int, int], step: float) -> float:
    """−∂L/∂w of one weight by central differences."""
    matrix = weights[layer]
    old = matrix[index]
    try:
        matrix[index] = old + step
        above = loss(weights)
        matrix[index] = old - step
        below = loss(weights)
    finally:
        matrix[index] = old
    return -(above - below) / (2 * step)

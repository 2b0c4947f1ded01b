"""The baselines in plain numpy, from their equations only: nothing of ``lava_ed`` is imported.

Weight matrices are ``(n_post, n_pre)``, values ``x = T − t``, 0 silent.  Slow on purpose.
"""

from __future__ import annotations

import numpy as np

# ------------------------------------------------------------------------- single spikes at a fixed threshold


def potential(w: np.ndarray, times: np.ndarray, t: float) -> np.ndarray:
    """``V_j(t) = Σ_{t_i < t} w_ij·(t − t_i)``; silent inputs have an infinite time."""
    lag = np.where(times < t, t - np.where(np.isfinite(times), times, 0.0), 0.0)
    return w @ lag


def first_crossing(w: np.ndarray, times: np.ndarray, theta: float, window: float) -> np.ndarray:
    """Times at which ``V_j`` first reaches θ from below, in continuous time; infinite where not before `window`.

    V is linear between input spikes, so each crossing is the root of a line.
    """
    corners = np.unique(times[np.isfinite(times)])
    result = np.full(w.shape[0], np.inf)
    for start, stop in zip(corners, [*corners[1:], window], strict=True):
        v, slope = potential(w, times, start), w @ (times <= start).astype(float)
        for j in np.flatnonzero(~np.isfinite(result) & (slope > 0)):
            root = start + (theta - v[j]) / slope[j]
            if start < root <= stop and root < window:
                result[j] = root
    return result


def relpsp_forward(w: list[np.ndarray], x: np.ndarray, theta: list[int], window: int) -> list[np.ndarray]:
    """Values of every firing layer in whole steps, found by evaluating V at each step from its closed form."""
    values = [np.asarray(x)]
    for matrix, threshold in zip(w[:-1], theta, strict=True):
        times = np.where(values[-1] > 0, window - values[-1], np.inf).astype(float)
        fired = np.zeros(matrix.shape[0], int)
        for t in range(window):
            v = potential(matrix, times, t)
            fired = np.where((fired == 0) & (v >= threshold), window - t, fired)
        values.append(fired)
    return values


def relpsp_gradient(
    w: list[np.ndarray], values: list[np.ndarray], error: np.ndarray
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """(δ, −∂L/∂w) of every layer: ``∂x_j/∂w_ij = (x_i − x_j)/Σ_C w``, ``∂x_j/∂x_i = w_ij/Σ_C w``."""
    delta, weight = [np.asarray(error, float)], [np.outer(error, values[-1]).astype(float)]
    for layer in range(len(w) - 2, -1, -1):
        x_pre, x = values[layer], values[layer + 1]
        causal_next = np.ones(w[layer + 1].shape) if layer == len(w) - 2 else x[None, :] > values[layer + 2][:, None]
        b = (w[layer + 1] * causal_next * delta[0][:, None]).sum(axis=0)
        causal = (x_pre[None, :] > x[:, None]) & (x[:, None] > 0)
        slope = (w[layer] * causal).sum(axis=1)
        d = np.where(x > 0, b / np.where(x > 0, slope, 1), 0.0)
        delta.insert(0, d)
        weight.insert(0, d[:, None] * np.maximum(x_pre[None, :] - x[:, None], 0) * causal)
    return delta, weight


def relpsp_loss(w: list[np.ndarray], times: np.ndarray, theta: list[int], window: int, error: np.ndarray) -> float:
    """``−Σ e_o·V_o`` with every spike at its crossing in continuous time."""
    for matrix, threshold in zip(w[:-1], theta, strict=True):
        times = first_crossing(matrix, times, threshold, window)
    return -float(error @ (w[-1] @ np.where(np.isfinite(times), window - times, 0.0)))


# --------------------------------------------------------------------------------- binary activations, renner


def renner_step(
    w1: np.ndarray, w2: np.ndarray, pixels: np.ndarray, label: int, theta: int, rate: int = 2
) -> tuple[np.ndarray, np.ndarray, int]:
    """One sample: both matrices after it, and the output neuron of the largest membrane."""
    x = (pixels >= 128).astype(int)
    v1 = w1 @ x
    h = (v1 > theta).astype(int)
    box = ((v1 > 0) & (v1 < 2 * theta)).astype(int)
    v2 = w2 @ h
    o = (v2 > theta).astype(int)
    target = np.eye(len(v2), dtype=int)[label]
    plus = ((target - o > 0) & (v2 > 0)).astype(int)
    minus = ((o - target > 0) & (v2 < 2 * theta)).astype(int)
    w2_new = np.clip(w2 + rate * np.outer(plus - minus, h), -256, 254)
    d1 = np.sign(w2_new.T @ (plus - minus)) * box
    return np.clip(w1 + rate * np.outer(d1, x), -256, 254), w2_new, int(np.argmax(v2))

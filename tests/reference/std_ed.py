"""STD-ED in plain numpy: spike times, closed forms, the event-driven gradient, and what that must equal.

Written from the equations only, independently of the package: nothing of ``lava_ed`` is imported.
Slow on purpose.

Notation: a network is a list of weight matrices ``w[l]`` of shape ``(n_post, n_pre)``.  Layer 0 is
the input and the last layer is a readout that never fires, so ``len(w)`` matrices have
``len(w) - 1`` firing layers, each with one threshold slope ``kappa``.  A neuron that fires in step
``t`` of its window has the value ``x = T − t``; silent is 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def threshold(step: int) -> int:
    """Value of a threshold on its scale of steps: ``(4 + q mod 4)·2^⌊q/4⌋``."""
    return (4 + step % 4) * 2 ** (step // 4)


def encode_times(pixels: np.ndarray, window: int) -> np.ndarray:
    """Value ``x = round(p·(T−1))`` of each pixel ``p`` in [0, 1]."""
    return np.rint(np.asarray(pixels, dtype=np.float64) * (window - 1)).astype(np.int64)


def base2_softmax_error(v: np.ndarray, label: int, *, shift: int, dead_zone: int) -> np.ndarray:
    """Error ``e_o = 127·[o = label] − ⌊127·q_o/Σq⌋``; all 0 if no ``|e_o|`` passes the dead zone.

    ``q_o = 2^(15−n_o)`` with ``n_o = (V_max − V_o) » shift``, and 0 from n_o = 16 on.
    """
    n = (v.max() - v) >> shift
    q = np.array([2 ** (15 - int(k)) if k < 16 else 0 for k in n], dtype=np.int64)
    error = -((127 * q) // q.sum())
    error[label] += 127
    return error if np.abs(error).max() > dead_zone else np.zeros_like(error)


# --------------------------------------------------------------------------------------- one layer, forward


def integrate_by_steps(w: np.ndarray, x: np.ndarray, window: int) -> np.ndarray:
    """V after T + 1 updates ``u += a_in; v += u``, where a spike of step t arrives in step t + 1."""
    u = np.zeros(w.shape[0], dtype=w.dtype)
    v = np.zeros(w.shape[0], dtype=w.dtype)
    for step in range(window + 1):
        arrived = (x > 0) & (window - x == step - 1)
        u = u + w @ arrived.astype(w.dtype)
        v = v + u
    return v


def fire_by_steps(v: np.ndarray, kappa: int, window: int) -> np.ndarray:
    """Values x of neurons that hold v while the threshold ``κ·(T − s)`` falls, s = 0 … T − 1."""
    x = np.zeros(v.shape[0], dtype=np.int64)
    for s in range(window):
        fires_now = (x == 0) & (v >= kappa * (window - s))
        x[fires_now] = window - s
    return x


def fire_closed_form(v: np.ndarray, kappa: int, window: int) -> np.ndarray:
    """Values ``x = min(T, ⌊V/κ⌋)`` where V ≥ κ, else 0."""
    return np.where(v >= kappa, np.minimum(window, np.floor_divide(v, kappa)), 0).astype(np.int64)


# -------------------------------------------------------------------------------------- all layers, forward


@dataclass(frozen=True)
class Forward:
    """What one sample leaves: ``x[l]``, l = 0 … L − 1 (0: the input), ``v[l]``, l = 1 … L (v[0]: None)."""

    x: list[np.ndarray]
    v: list[np.ndarray | None]
    kappa: list[int]
    window: int

    @property
    def readout(self) -> np.ndarray:
        assert self.v[-1] is not None
        return self.v[-1]


def forward(w: list[np.ndarray], x_in: np.ndarray, kappa: list[int], window: int, *, by_steps: bool = False) -> Forward:
    """Run one sample; ``kappa[l - 1]`` belongs to firing layer l."""
    assert len(kappa) == len(w) - 1
    x: list[np.ndarray] = [np.asarray(x_in, dtype=np.int64)]
    v: list[np.ndarray | None] = [None]
    for layer, weights in enumerate(w):
        total = integrate_by_steps(weights, x[-1], window) if by_steps else weights @ x[-1]
        v.append(total)
        if layer < len(kappa):
            fire = fire_by_steps if by_steps else fire_closed_form
            x.append(fire(total, kappa[layer], window))
    return Forward(x=x, v=v, kappa=list(kappa), window=window)


def fired_inside(x: np.ndarray, window: int) -> np.ndarray:
    """Mask ``0 < x < T``: the neurons that have a gradient."""
    return (x > 0) & (x < window)


# ------------------------------------------------------------------------------------------------- backward


@dataclass(frozen=True)
class Gradient:
    """Event-driven gradient of one sample, all as −∂L: lists are indexed like the weight matrices.

    ``voltage[l]`` is −∂L/∂V of the layer that ``w[l]`` feeds; ``weight[l]`` is −∂L/∂w[l].
    """

    voltage: list[np.ndarray]
    weight: list[np.ndarray]


def gradient(w: list[np.ndarray], run: Forward, error: np.ndarray) -> Gradient:
    """Gradient by ∂x_j/∂w_ij = x_i/κ and ∂x_j/∂x_i = w_ij/κ where 0 < x_j < T, with −∂L/∂V_o = e_o."""
    voltage = [np.asarray(error, dtype=np.float64)]
    for layer in range(len(w) - 1, 0, -1):
        by_value = w[layer].T.astype(np.float64) @ voltage[0]
        inside = fired_inside(run.x[layer], run.window)
        voltage.insert(0, np.where(inside, by_value / run.kappa[layer - 1], 0.0))
    return Gradient(voltage, [np.outer(g, run.x[k]) for k, g in enumerate(voltage)])


def integer_messages(w: list[np.ndarray], run: Forward, error: np.ndarray) -> list[np.ndarray]:
    """δ of every layer with each division by κ left out (all shifts 0): exact integers."""
    delta = [np.asarray(error, dtype=np.int64)]
    for layer in range(len(w) - 1, 0, -1):
        total = w[layer].T.astype(np.int64) @ delta[0]
        delta.insert(0, np.where(fired_inside(run.x[layer], run.window), total, 0))
    return delta


# ----------------------------------------------------------------------------- what the gradient must equal


def frozen_loss(w: list[np.ndarray], at: Forward, error: np.ndarray) -> float:
    """L = −Σ e_o·V_o of the smooth net ``x = V/κ + r``, with residuals r and masks frozen at the run ``at``.

    A neuron outside the mask keeps its value. L is affine in every single weight.
    """
    x = at.x[0].astype(np.float64)
    for layer in range(1, len(w)):
        frozen_v = at.v[layer]
        assert frozen_v is not None
        kappa = float(at.kappa[layer - 1])
        residual = at.x[layer] - frozen_v / kappa
        smooth = (w[layer - 1] @ x) / kappa + residual
        x = np.where(fired_inside(at.x[layer], at.window), smooth, at.x[layer])
    return -float(error @ (w[-1] @ x))


def finite_differences(w: list[np.ndarray], at: Forward, error: np.ndarray, *, step: float) -> list[np.ndarray]:
    """−∂L/∂w of `frozen_loss` by central differences, one weight at a time."""
    result = []
    for layer in range(len(w)):
        grad = np.zeros(w[layer].shape)
        for index in np.ndindex(*grad.shape):
            moved = [m.astype(np.float64) for m in w]
            moved[layer][index] += step
            above = frozen_loss(moved, at, error)
            moved[layer][index] -= 2 * step
            below = frozen_loss(moved, at, error)
            grad[index] = -(above - below) / (2 * step)
        result.append(grad)
    return result

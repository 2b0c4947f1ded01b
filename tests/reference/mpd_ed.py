"""MPD-ED in plain numpy: LIF forward, exact adjoint in time order, and the replay in reversed time.

Written from the equations only, independently of the package: nothing of ``lava_ed`` is imported.
Slow on purpose.

Notation: a network is a list of weight matrices ``w[l]`` of shape ``(n_post, n_pre)``; the last
feeds a readout that never spikes and does not leak.  Spikes, supports and gradients over time have
shape ``(T, n)``.  ``leak[l - 1]`` is λ of firing layer l.  The adjoint and the replay need no
voltages: they take the spikes s and the surrogate's support h, so the same functions serve any run
that recorded them.  Every gradient is −∂L.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


def encode_rate(pixels: np.ndarray, window: int) -> np.ndarray:
    """Spikes ``(T, n)``: at t where ``⌊(t+1)·x/T⌋ > ⌊t·x/T⌋``, ``x = round(p·T)``."""
    x = np.rint(np.asarray(pixels, dtype=np.float64) * window).astype(np.int64)
    return np.array([((t + 1) * x) // window > (t * x) // window for t in range(window)])


# -------------------------------------------------------------------------------------------------- forward


@dataclass(frozen=True)
class Forward:
    """One sample: spikes ``s[l]``, l = 0 … L − 1; from 1 on ``v[l]`` before the reset, support ``h[l]``."""

    s: list[np.ndarray]
    v: list[np.ndarray | None]
    h: list[np.ndarray | None]
    readout: np.ndarray


def forward(
    w: list[np.ndarray],
    s_in: np.ndarray,
    theta: list[int],
    half_width: list[int],
    decay: list[Callable[[np.ndarray], np.ndarray]],
) -> Forward:
    """LIF with hard reset: ``v[t] = decay(v[t−1]·(1 − s[t−1])) + Σ w·s_in[t]``, spike where ``v ≥ θ``.

    The support of the box is ``h = s·[v − θ < α]``, α = half_width.  ``decay`` multiplies by λ; a
    caller may pass one that rounds.
    """
    s, v, h = [np.asarray(s_in, dtype=bool)], [None], [None]
    window = s[0].shape[0]
    for layer in range(len(w) - 1):
        n_post = w[layer].shape[0]
        volts = np.zeros((window, n_post), dtype=w[layer].dtype)
        spikes = np.zeros((window, n_post), dtype=bool)
        kept = np.zeros(n_post, dtype=w[layer].dtype)
        for t in range(window):
            volts[t] = decay[layer](kept) + w[layer] @ s[layer][t].astype(w[layer].dtype)
            spikes[t] = volts[t] >= theta[layer]
            kept = np.where(spikes[t], 0, volts[t])
        v.append(volts)
        s.append(spikes)
        h.append(spikes & (volts - theta[layer] < half_width[layer]))
    readout = w[-1] @ s[-1].sum(axis=0).astype(w[-1].dtype)
    return Forward(s=s, v=v, h=h, readout=readout)


# ------------------------------------------------------------------------------------ adjoint in time order


@dataclass(frozen=True)
class Gradient:
    """−∂L, lists indexed like the weight matrices.

    ``voltage[l]`` ``(T, n_post)`` is by the voltages that ``w[l]`` feeds, ``weight[l]`` by ``w[l]``,
    and ``spike[l]`` ``(T, n_pre)`` by the spikes that ``w[l]`` reads, taken or not.
    """

    voltage: list[np.ndarray]
    spike: list[np.ndarray]
    weight: list[np.ndarray]


def adjoint(
    w: list[np.ndarray],
    s: list[np.ndarray],
    h: list[np.ndarray | None],
    error: np.ndarray,
    leak: list[float],
) -> Gradient:
    """Reverse-mode differentiation of the unrolled masked network; the reset is detached.

    The adjoint of ``v[t] = λ·v[t−1]·(1 − s[t−1]) + w·s_in[t]`` and ``∂s/∂v = h`` is
    ``g_v[t] = h[t]·g_s[t] + λ·(1 − s[t])·g_v[t+1]`` and ``g_s_in[t] = wᵀ·g_v[t]``.
    """
    window = s[0].shape[0]
    readout = np.tile(np.asarray(error, dtype=np.float64), (window, 1))
    voltage, spike = [readout], [readout @ w[-1]]
    for layer in range(len(w) - 2, -1, -1):
        support = h[layer + 1]
        assert support is not None
        g_v = np.zeros(support.shape)
        following = np.zeros(support.shape[1])
        for t in reversed(range(window)):
            through_spike = support[t] * spike[0][t]
            through_leak = leak[layer] * (1.0 - s[layer + 1][t]) * following
            g_v[t] = through_spike + through_leak
            following = g_v[t]
        voltage.insert(0, g_v)
        spike.insert(0, g_v @ w[layer])
    weight = [sum(np.outer(g[t], s[k][t]) for t in range(window)) for k, g in enumerate(voltage)]
    return Gradient(voltage, spike, weight)


# ------------------------------------------------------------------------------------ replay, reversed time


@dataclass(frozen=True)
class Replay:
    """Records: ``d[l]``, ``message[l]`` of the layer that ``w[l]`` feeds, ``b[l]`` of the one it reads."""

    d: list[np.ndarray]
    b: list[np.ndarray]
    message: list[np.ndarray]
    weight: list[np.ndarray]


def replay(
    w: list[np.ndarray],
    s: list[np.ndarray],
    h: list[np.ndarray | None],
    error: np.ndarray,
    leak: list[float],
) -> Replay:
    """Send one message per spike, t = T − 1 … 0; within a step, from the readout down.

    A spike sends ``Δ = ε − D`` with ``ε = h·B``, then ``D ← ε``; B gathers ``wᵀΔ`` and decays with λ
    of the layer the messages come from (1 for the readout); the readout sends e once, at t = T − 1.
    """
    window, layers = s[0].shape[0], len(w)
    leak_of_post = [*leak, 1.0]
    d = [np.zeros(m.shape[0]) for m in w]
    b = [np.zeros(m.shape[1]) for m in w]
    record = Replay(
        d=[np.zeros((window, m.shape[0])) for m in w],
        b=[np.zeros((window, m.shape[1])) for m in w],
        message=[np.zeros((window, m.shape[0])) for m in w],
        weight=[np.zeros(m.shape) for m in w],
    )
    for t in reversed(range(window)):
        for layer in reversed(range(layers)):
            d[layer] = leak_of_post[layer] * d[layer]
            if layer == layers - 1:
                target = np.asarray(error, dtype=np.float64)
                fires = np.full(target.shape, t == window - 1)
            else:
                support = h[layer + 1]
                assert support is not None
                target = support[t] * b[layer + 1]
                fires = s[layer + 1][t]
            message = np.where(fires, target - d[layer], 0.0)
            d[layer] = np.where(fires, target, d[layer])
            b[layer] = leak_of_post[layer] * b[layer] + w[layer].T @ message
            record.weight[layer] += np.outer(d[layer], s[layer][t])
            record.d[layer][t], record.b[layer][t], record.message[layer][t] = d[layer], b[layer], message
    return record


def aggregate(record: Replay, s: list[np.ndarray], mean: int) -> list[np.ndarray]:
    """Gradients of one visit a synapse: ``Σ_t s[t]`` times ``Σ_t D[t] / mean``, in place of ``Σ_t D[t]·s[t]``.

    ``s`` may hold values other than 0 and 1, as those of a constant input do, of which one step is taken.
    """
    last = len(s) - 1
    result = []
    for layer, d in enumerate(record.d):
        constant = bool((s[layer] == s[layer][0]).all())
        pre = s[layer][0] if constant and s[layer].max() > 1 else s[layer].sum(axis=0)
        result.append(np.outer(d[0] if layer == last else d.sum(axis=0) / mean, pre))
    return result


# ----------------------------------------------------------------------------- what the gradient must equal


def masked_loss(
    w: list[np.ndarray], at: Forward, at_w: list[np.ndarray], error: np.ndarray, leak: list[float]
) -> float:
    """L = −Σ e_o·V_o of the masked network ``s = s₀ + h₀·(v − v₀)``, with s₀, h₀ frozen at the run ``at``.

    The reset uses s₀ (it is detached), and ``v₀`` comes from ``at_w`` in exact arithmetic.  L is affine
    in every single weight, and no event-driven shortcut appears in it.
    """
    window = at.s[0].shape[0]
    moving = at.s[0].astype(np.float64)
    for layer in range(len(w) - 1):
        support, spikes = at.h[layer + 1], at.s[layer + 1]
        assert support is not None
        output = np.zeros(spikes.shape)
        v, v0 = np.zeros(spikes.shape[1]), np.zeros(spikes.shape[1])
        kept = np.ones(spikes.shape[1])
        for t in range(window):
            v = leak[layer] * v * kept + w[layer] @ moving[t]
            v0 = leak[layer] * v0 * kept + at_w[layer] @ at.s[layer][t].astype(np.float64)
            output[t] = spikes[t] + support[t] * (v - v0)
            kept = 1.0 - spikes[t]
        moving = output
    return -float(error @ (w[-1] @ moving.sum(axis=0)))


def finite_differences(
    w: list[np.ndarray], at: Forward, error: np.ndarray, leak: list[float], *, step: float
) -> list[np.ndarray]:
    """−∂L/∂w of `masked_loss` by central differences, one weight at a time."""
    result = []
    for layer in range(len(w)):
        grad = np.zeros(w[layer].shape)
        for index in np.ndindex(*grad.shape):
            moved = [m.astype(np.float64) for m in w]
            moved[layer][index] += step
            above = masked_loss(moved, at, w, error, leak)
            moved[layer][index] -= 2 * step
            below = masked_loss(moved, at, w, error, leak)
            grad[index] = -(above - below) / (2 * step)
        result.append(grad)
    return result

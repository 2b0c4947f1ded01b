"""Lava's Sigma, Delta and SigmaDelta: in fixed point, in 32 bits that wrap around as numpy's do, and in floating point.

Source: lava-nc 0.10.0, `lava/proc/{sdn,s4d}/models.py`.
"""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import kernel
from lava_ed.kernels.stock.words import shifted_left, shifted_right, size_of, wrapped


@kernel
def add_to_sigma(sigma, a_in):
    """``σ ← σ + a_in``."""
    for i in range(sigma.size):
        sigma[i] = wrapped(np.int64(sigma[i]) + a_in[i])


@kernel
def activations(sigma, bias, relu, values):
    """``σ + bias``, and not less than 0 where `relu`."""
    for i in range(sigma.size):
        value = wrapped(np.int64(sigma[i]) + bias[i])
        values[i] = 0 if relu and value < 0 else value


@kernel
def scale_up(a_in, by, values):
    """``a_in·2^by``."""
    for i in range(values.size):
        values[i] = shifted_left(np.int64(a_in[i]), by)


@kernel
def delta_step(new, act, residue, error, vth, cumulative, state_exp, sent):
    """Send changes of an activation that reach the threshold, and keep what was not sent.

    ``δ = new − act + residue``; it is sent if ``|δ| ≥ vth``, or where `cumulative` if the sum of all δ since the last
    one that was sent reaches it; ``residue ← δ − sent``, ``act ← new``.  Messages are 2^state_exp times smaller.

    Parameters
    ----------
    new, act, residue, error, sent : int32 (n,)
    vth, state_exp : int
    cumulative : bool
    """
    for i in range(new.size):
        delta = wrapped(np.int64(new[i]) - act[i] + residue[i])
        summed = delta
        if cumulative:
            summed = wrapped(np.int64(error[i]) + delta)
        out = delta if size_of(summed) >= vth else np.int64(0)
        if cumulative:
            error[i] = 0 if size_of(out) > 0 else summed
        residue[i] = wrapped(delta - out)
        sent[i] = shifted_right(out, state_exp)
        act[i] = new[i]


@kernel
def real_delta_step(a_in, sigma, bias, relu, s4_state, s4, changes, vth, cumulative, sent):
    """`add_to_sigma`, `activations` and `delta_step` in floating point; what a process has not is empty.

    SigmaS4dDelta's activation is ``2·c·s``, with ``s ← s·a + σ·b``.

    Parameters
    ----------
    a_in, sent : float64 (n,)
    sigma, bias, s4_state : float64 (n,) or (0,)
    s4, changes : three float64 (n,) or (0,)
        a, b and c; the activation that was sent last, the residue and the summed error.
    """
    act, residue, error = changes
    for i in range(sent.size):
        new = a_in[i]
        if sigma.size:
            new += sigma[i]
            sigma[i] = new
        if s4_state.size:
            s4_state[i] = s4_state[i] * s4[0][i] + new * s4[1][i]
            new = s4[2][i] * s4_state[i] * 2
        elif bias.size:
            new += bias[i]
            if relu and new < 0:
                new = 0.0
        if not act.size:
            sent[i] = new
            continue
        delta = new - act[i] + residue[i]
        summed = delta
        if cumulative:
            error[i] += delta
            summed = error[i]
        out = delta if abs(summed) >= vth else 0.0
        if cumulative and abs(out) > 0:
            error[i] *= 0.0
        sent[i], residue[i], act[i] = out, delta - out, new

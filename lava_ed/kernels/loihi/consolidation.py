"""What draws the weights of synapses that mattered back to where an earlier task left them."""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import kernel

IMPORTANCE_MAX = 255
"""Importance is a byte."""
FRACTION_BITS = 8
"""Of the counters of a neuron, divided by their mean over its layer."""
STRENGTH_BITS = 4
"""Fractional bits of the strength."""


@kernel
def draw_back(weights, anchor, importance, words):
    """w ← a + sign(w − a)·⌊(|w − a| + r)/(1 + I)⌋, r = ⌊word·(1 + I)/2^16⌋, uniform in 0 … I.

    Parameters
    ----------
    weights, anchor : int32 (n_post, n_pre)
        Stored weights w, written, and a; −128 … 127.
    importance : uint8 (n_post, n_pre)
        I.
    words : uint16 (n_post, n_pre)
        Random bits.

    Returns
    -------
    int
        Synapses of importance 1 and more, which are visited; the others stay as they are.
    """
    visited = 0
    for j in range(weights.shape[0]):
        for i in range(weights.shape[1]):
            if importance[j, i] == 0:
                continue
            visited += 1
            divisor = np.int64(importance[j, i]) + 1
            moved = np.int64(weights[j, i]) - anchor[j, i]
            size = (abs(moved) + (np.int64(words[j, i]) * divisor >> 16)) // divisor
            weights[j, i] = anchor[j, i] + (size if moved > 0 else -size)
    return visited


@kernel
def count_squares(values, counters):
    """c_i ← c_i + v_i²: 64 bits here, of which 32 are used."""
    for i in range(values.size):
        counters[i] += np.int64(values[i]) * np.int64(values[i])


@kernel
def add_importance(importance, pre, post, strength):
    """I ← min(255, I + ⌊λ·r_j·r_i / 2^20⌋), r = ⌊2^8·n·c/Σc⌋: counters over the mean of the n of their layer.

    Parameters
    ----------
    importance : uint8 (n_post, n_pre)
        Written.
    pre, post : int64 (n_pre,), (n_post,)
        Counters c; all 0 where nothing was counted.
    strength : int
        λ, with 4 bits behind the point, 0 … 2^16.
    """
    before, behind = max(pre.sum(), 1), max(post.sum(), 1)
    for j in range(post.size):
        of_post = strength * ((post[j] << FRACTION_BITS) * post.size // behind)
        for i in range(pre.size):
            product = of_post * ((pre[i] << FRACTION_BITS) * pre.size // before)
            added = np.int64(importance[j, i]) + (product >> (2 * FRACTION_BITS + STRENGTH_BITS))
            importance[j, i] = min(added, IMPORTANCE_MAX)


@kernel
def balance(weights, inputs, words):
    """w_ji ← w_ji − ⌊c_j + r⌋, c_j = Σ_i w_ji·m_i/Σ_i m_i: mean inputs m drive no neuron; r uniform in [0, 1).

    Parameters
    ----------
    weights : int32 (n_post, n_pre)
        Stored weights w, written; they stay in −128 … 127.
    inputs : int64 (n_pre,)
        m, times any number.
    words : uint16 (n_post, n_pre)
        Random bits, 16 behind the point of r.
    """
    total = max(inputs.sum(), 1)
    for j in range(weights.shape[0]):
        drive = np.int64(0)
        for i in range(weights.shape[1]):
            drive += weights[j, i] * inputs[i]
        share = (drive << 16) // total
        for i in range(weights.shape[1]):
            weights[j, i] = min(127, max(-128, weights[j, i] - ((share + words[j, i]) >> 16)))

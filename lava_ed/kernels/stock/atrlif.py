"""Lava's ATRLIF, whose threshold and refractory state grow with each spike, bit for bit.

Source: lava-nc 0.10.0, `lava/proc/atrlif/models.py`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.fixed_point import DECAY_BITS, STATE_MAX, saturate, shift_signed
from lava_ed.kernels.stock.lif import CURRENT_LIMIT, CURRENT_SPAN, INPUT_SHIFT, effective_bias
from lava_ed.kernels.stock.words import wrapped

_NARROW: Final = 2**31


@kernel_part
def _decayed_current(current, keep, whole):
    """Current times `keep` of 4096 parts, multiplied in 32 bits where Lava has an integer of them in its hands."""
    if not whole:
        return shift_signed(np.int64(current * keep), DECAY_BITS)
    product = np.int64(current) * np.int64(keep)
    return shift_signed(wrapped(product) if -_NARROW <= keep < _NARROW else product, DECAY_BITS)


@kernel
def adaptive_step(states, a_in, bias_mant, bias_exp, keep_i, whole, keep, theta_0, theta_step):
    """Advance the neurons by one step; a spike, where ``v − r ≥ θ``, adds 2θ to r and then θ_step to θ.

    ``i ← i·keep_i + a_in·2^6``, ``v ← v·keep_v + i + bias``, ``θ ← (θ − θ_0)·keep_θ + θ_0``, ``r ← r·keep_r``, with
    what is kept in parts of 4096; i wraps around in 24 bits as LIF's u does, v saturates, the others have 32 bits.

    Parameters
    ----------
    states : five int32 (n,)
        i, v, θ, r and s, the spikes.
    a_in : int32 (n,)
    bias_mant, bias_exp : int16 (n,)
    keep_i : float64
    whole : bool
        Whether delta_i is an integer.
    keep : int64 (3,)
        Of v, θ and r.
    theta_0, theta_step : int64
    """
    i, v, theta, r, s = states
    for k in range(v.size):
        current = wrapped(_decayed_current(i[k], keep_i, whole) + (np.int64(a_in[k]) << INPUT_SHIFT))
        if current > CURRENT_LIMIT:
            current -= CURRENT_SPAN
        elif current <= -CURRENT_LIMIT:
            current += CURRENT_SPAN
        voltage = shift_signed(np.int64(v[k]) * keep[0], DECAY_BITS)
        voltage = wrapped(voltage + current + effective_bias(bias_mant[k], bias_exp[k]))
        voltage = saturate(voltage, -STATE_MAX, STATE_MAX)
        above = wrapped(theta[k] - theta_0)
        threshold = wrapped(wrapped(shift_signed(above * keep[1], DECAY_BITS)) + theta_0)
        refractory = wrapped(shift_signed(np.int64(r[k]) * keep[2], DECAY_BITS))
        s[k] = wrapped(voltage - refractory) >= threshold
        if s[k]:
            refractory = wrapped(refractory + 2 * threshold)
            threshold = wrapped(threshold + theta_step)
        i[k], v[k], theta[k], r[k] = current, voltage, threshold, refractory


@kernel
def adaptive_step_real(states, a_in, bias, deltas, theta_0, theta_step):
    """`adaptive_step` in floating point; `deltas` are the parts of i, v, θ and r that are lost."""
    i, v, theta, r, s = states
    delta_i, delta_v, delta_theta, delta_r = deltas
    for k in range(v.size):
        i[k] = (1 - delta_i) * i[k] + a_in[k]
        v[k] = (1 - delta_v) * v[k] + i[k] + bias[k]
        theta[k] = (1 - delta_theta) * (theta[k] - theta_0) + theta_0
        r[k] = (1 - delta_r) * r[k]
        s[k] = v[k] - r[k] >= theta[k]
        if s[k]:
            r[k] += 2 * theta[k]
            theta[k] += theta_step

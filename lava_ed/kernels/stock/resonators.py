"""Lava's RF, RF_IZ and RFZero, bit for bit.

Source: lava-nc 0.10.0, `lava/proc/{rf,rf_iz,resfire}/models.py`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.fixed_point import STATE_MAX, saturate
from lava_ed.kernels.stock.words import shifted_left, wrapped

FRACTION: Final = 15
"""Fraction bits of RFZero's factors."""
_WORD: Final = 64


@kernel_part
def _scaled(product, bits):
    """sign·(|product|·2^−bits) rounded towards 0; 0 where numpy shifts all bits out."""
    size = abs(product) >> bits if 0 <= bits < _WORD else np.int64(0)
    return -size if product < 0 else size


@kernel
def resonate(state, inputs, turn, state_exp, decay_bits, vth, izhikevich, spikes):
    """Turn ``real + i·imag`` by an angle, shrink it, and add the input times 2^state_exp, within ±(2^23 − 1).

    RF spikes where the real part reaches `vth` as the imaginary one crosses 0 upwards; RF_IZ where the imaginary part
    reaches `vth`, after which the real part is 0 and the imaginary one ``vth − 1``.

    Parameters
    ----------
    state, inputs : two int32 (n,)
        Real and imaginary parts.
    turn : (int64, int64)
        Cosine and sine of the angle, times what the state keeps.
    state_exp, decay_bits, vth : int64
    izhikevich : bool
    spikes : int32 (n,)
    """
    (real, imag), (real_in, imag_in), (cos, sin) = state, inputs, turn
    for i in range(real.size):
        x, y = np.int64(real[i]), np.int64(imag[i])
        new_x = _scaled(cos * x, decay_bits) - _scaled(sin * y, decay_bits)
        new_y = _scaled(sin * x, decay_bits) + _scaled(cos * y, decay_bits)
        new_x = saturate(new_x + shifted_left(np.int64(real_in[i]), state_exp), -STATE_MAX, STATE_MAX)
        new_y = saturate(new_y + shifted_left(np.int64(imag_in[i]), state_exp), -STATE_MAX, STATE_MAX)
        if izhikevich:
            spikes[i] = new_y >= vth
            if spikes[i]:
                new_x, new_y = np.int64(0), wrapped(vth - 1)
        else:
            spikes[i] = new_x >= vth and new_y >= 0 and y < 0
        real[i], imag[i] = new_x, new_y


@kernel
def resonate_real(state, inputs, turn, vth, izhikevich, spikes):
    """`resonate` in floating point; RF_IZ falls back to ``vth − 10^−5``."""
    (real, imag), (real_in, imag_in), (cos, sin) = state, inputs, turn
    for i in range(real.size):
        x, y = real[i], imag[i]
        new_x = cos * x - sin * y + real_in[i]
        new_y = sin * x + cos * y + imag_in[i]
        if izhikevich:
            spikes[i] = new_y >= vth
            # Products as in Lava, so that what is not finite becomes nan.
            new_x *= 1.0 - spikes[i]
            new_y = spikes[i] * (vth - 1e-5) + (1.0 - spikes[i]) * new_y
        else:
            spikes[i] = new_x >= vth and new_y >= 0 and y < 0
        real[i], imag[i] = new_x, new_y


@kernel
def resonate_to_zero(u, v, u_in, v_in, cos, sin, uth, sent):
    """Turn ``u + i·v`` by an angle and add the input, modulo 2^32; send u above `uth` as v crosses 0 upwards."""
    for i in range(u.size):
        x, y, c, s = np.int64(u[i]), np.int64(v[i]), np.int64(cos[i]), np.int64(sin[i])
        new_u = wrapped((wrapped(x * c) >> FRACTION) - (wrapped(y * s) >> FRACTION) + u_in[i])
        new_v = wrapped((wrapped(y * c) >> FRACTION) + (wrapped(x * s) >> FRACTION) + v_in[i])
        sent[i] = new_u if new_u > uth and new_v >= 0 and y < 0 else 0
        u[i], v[i] = new_u, new_v

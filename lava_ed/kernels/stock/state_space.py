"""Lava's S4d: a diagonal linear system whose states are complex numbers, multiplied as numpy multiplies them.

Source: lava-nc 0.10.0, `lava/proc/s4d/models.py`.
"""

from __future__ import annotations

from typing import Any

from numba.core import types
from numba.extending import intrinsic

from lava_ed.kernels._jit import kernel, kernel_part


@intrinsic
def fused(typing_context, x, y, z):
    """``x·y + z``, rounded once."""
    if not x == y == z == types.float64:
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fma(*args)

    return types.float64(types.float64, types.float64, types.float64), codegen


@kernel_part
def product(x, x_imag, y, y_imag, is_fused):
    """Real and imaginary part of a product; where `is_fused`, its sums are fused with their first products."""
    if is_fused:
        return fused(x, y, -(x_imag * y_imag)), fused(x, y_imag, x_imag * y)
    return x * y - x_imag * y_imag, x * y_imag + x_imag * y


@kernel
def multiply_complex(x, y, is_fused, values):
    """``values ← x·y``, which shows how this processor's numpy multiplies.

    Parameters
    ----------
    x, y, values : float64 (n, 2)
        Real and imaginary parts.
    is_fused : bool
    """
    for i in range(len(values)):
        values[i, 0], values[i, 1] = product(x[i, 0], x[i, 1], y[i, 0], y[i, 1], is_fused)


@kernel
def state_space_step(a_in, state, a, b, c, real_b, is_fused, sent):
    """``s ← s·a + a_in·b``, and send the real part of ``c·s·2``.

    Parameters
    ----------
    a_in, sent : float64 (n,)
    state, a, b, c : two float64 (n,)
        Real and imaginary parts.
    real_b : bool
        Whether b is real, so that numpy makes no complex numbers of ``a_in·b``.
    is_fused : bool
        As in `product`.
    """
    for i in range(sent.size):
        real, imag = product(state[0][i], state[1][i], a[0][i], a[1][i], is_fused)
        if real_b:
            added, added_imag = a_in[i] * b[0][i], 0.0
        else:
            added, added_imag = product(a_in[i], 0.0, b[0][i], b[1][i], is_fused)
        state[0][i], state[1][i] = real + added, imag + added_imag
        real, imag = product(c[0][i], c[1][i], state[0][i], state[1][i], is_fused)
        sent[i], _ = product(real, imag, 2.0, 0.0, is_fused)

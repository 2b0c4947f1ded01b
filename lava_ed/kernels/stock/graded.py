"""Lava's fixed-point GradedVec, GradedReluVec, NormVecDelay, InvSqrt and ProdNeuron, in integers that wrap around.

Source: lava-nc 0.10.0, `lava/proc/{graded,prodneuron}/models.py`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.stock.words import shifted_right, size_of, wrapped

FRACTION: Final = 12
"""Fraction bits with which InvSqrt computes, whatever its fp_base says."""
_ADJUSTED: Final = 1.238982962
_BITS: Final = 24
_FIRST: Final = np.array(
    [2 * int(2**FRACTION / (2 ** ((_BITS - 1 - k - FRACTION) / 2) * _ADJUSTED)) for k in range(_BITS)], np.int64
)
"""Twice the first guess of 1/√x for each number of leading zeros of x in 24 bits."""


@kernel
def graded_vector(v, a_in, vth, relu, sent):
    """Send ``v + a_in`` where its size, or where `relu` itself, is above `vth`; ``v ← 0``."""
    for i in range(v.size):
        total = wrapped(np.int64(v[i]) + a_in[i])
        sent[i] = total if (total if relu else size_of(total)) > vth else 0
        v[i] = 0


@kernel
def norm_vector(v, v2, a_in1, a_in2, vth, sent, squares):
    """Send the squares of `a_in1`, and the `a_in1` of the last step times `a_in2` where the size is above `vth`."""
    for i in range(v.size):
        value = np.int64(a_in1[i])
        squares[i] = wrapped(value * value)
        v2[i], v[i] = v[i], a_in1[i]
        product = wrapped(np.int64(v2[i]) * a_in2[i])
        sent[i] = product if size_of(product) > vth else 0


@kernel
def products(a_in1, a_in2, vth, exp, sent):
    """Send ``a_in1·a_in2·2^−exp``, rounded down, where its size is above `vth`."""
    for i in range(sent.size):
        product = shifted_right(wrapped(np.int64(a_in1[i]) * a_in2[i]), exp)
        sent[i] = product if size_of(product) > vth else 0


@kernel
def inverse_roots(a_in, sent):
    """Send 1/√a_in, in floating point."""
    for i in range(sent.size):
        sent[i] = 1.0 / np.sqrt(a_in[i])


@kernel_part
def inverse_root(value):
    """2^18/√value by five of Newton's steps with 12 fraction bits; 0 for 0 and, where Lava's model fails, below it."""
    if value <= 0:
        return np.int64(0)
    bits = 0
    while value >> bits:
        bits += 1
    b, root = np.int64(value), _FIRST[_BITS - bits]  # beyond 24 bits from the table's end, as in Python
    y = root // 2
    for _ in range(5):
        b = ((b * root >> (FRACTION + 1)) * root) >> (FRACTION + 1)
        root = (3 << FRACTION) - b
        y = y * root >> (FRACTION + 1)
    return y

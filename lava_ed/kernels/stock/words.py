"""Integers of 32 bits as numpy has them, which wrap around; held in 64 bits, so that what is computed next has room."""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import kernel_part

_BITS = 32


@kernel_part
def wrapped(value):
    """The value modulo 2^32, between −2^31 and 2^31 − 1."""
    return np.int64(np.int32(value))


@kernel_part
def size_of(value):
    """|value|, which numpy leaves negative for the smallest integer."""
    return wrapped(abs(value))


@kernel_part
def shifted_left(value, by):
    """value·2^by, 0 where numpy shifts all bits out."""
    return wrapped(value << by) if 0 <= by < _BITS else np.int64(0)


@kernel_part
def shifted_right(value, by):
    """value·2^−by rounded down, 0 or −1 where numpy shifts all bits out."""
    return value >> by if 0 <= by < _BITS else np.int64(-1 if value < 0 else 0)

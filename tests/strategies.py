"""Hypothesis strategies for integer edges."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

# The first example of a test compiles its kernels, which takes longer than any deadline.
settings.register_profile("kernels", deadline=None)
settings.load_profile("kernels")

STATE_EDGE = 2**23
INT16 = (-(2**15), 2**15 - 1)
INT32 = (-(2**31), 2**31 - 1)


def edged(low: int, high: int, *extra: int) -> st.SearchStrategy[int]:
    """Integers in [low, high]; its ends, zero, ±1 and `extra` (even outside) half of the time."""
    near = {value for value in (low, low + 1, -1, 0, 1, high - 1, high) if low <= value <= high}
    return st.one_of(st.sampled_from(sorted(near.union(extra))), st.integers(low, high))


def around(*centres: int) -> tuple[int, ...]:
    """Each centre, its negative, and the neighbours of both."""
    return tuple(sign * centre + step for centre in centres for sign in (1, -1) for step in (-1, 0, 1))


def states() -> st.SearchStrategy[int]:
    """24-bit states, ±2^23 and one beyond, where wrapping and saturation differ."""
    return edged(-STATE_EDGE - 1, STATE_EDGE + 1, *around(STATE_EDGE))


def far_states() -> st.SearchStrategy[int]:
    """States, and what an int32 Var holds after an overflow that was wrapped only once."""
    return st.one_of(states(), edged(*INT32, *around(STATE_EDGE, 2 * STATE_EDGE)))


def inputs(dtype: type) -> st.SearchStrategy[int]:
    """Synaptic inputs: the edges where a·2^6 meets ±2^23, 2^24, and the type's own overflow."""
    info = np.iinfo(dtype)
    low, high = max(info.min, -(2**40)), min(info.max, 2**40)
    edges = around(2**9, 2**17, 2**18, 2**25, 2**26)
    return edged(low, high, *(value for value in edges if low <= value <= high))


def decays() -> st.SearchStrategy[int]:
    """Unsigned 12-bit decay constants."""
    return edged(0, 4095, 2048, 4094)


def vectors(dtype: type, size: int, elements: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Arrays of one dimension."""
    return arrays(dtype, size, elements=elements)


def matrices(dtype: type, shape: tuple[int, int], elements: st.SearchStrategy[Any]) -> Any:
    """Arrays of two dimensions."""
    return arrays(dtype, shape, elements=elements)

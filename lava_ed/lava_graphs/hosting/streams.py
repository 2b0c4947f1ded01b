"""Random numbers of hosted models: on Lava each has a copy of numpy's global stream, as its OS process is a fork."""

from __future__ import annotations

import copy
import ctypes
from typing import Any

import numpy as np
from numpy.random import MT19937

_PLACE = 624
"""The state is a key of so many words, and the place in it."""
_become = np.random.set_bit_generator


class RandomStream:
    """A copy of numpy's global stream, which takes its place while a model runs."""

    def __init__(self) -> None:
        self._bits: Any = copy.deepcopy(np.random.get_bit_generator())
        self._saved = _state_with_half_pair()
        self._words: Any = None
        if isinstance(self._bits, MT19937):
            address = self._bits.ctypes.state_address
            # Without a copy: a word is read faster than by ctypes.
            self._words = memoryview((ctypes.c_uint32 * (_PLACE + 1)).from_address(address)).cast("B").cast("I")
        self._first = self._place = 0

    def enter(self) -> None:
        """Become numpy's global stream."""
        _become(self._bits)
        if self._saved is not None:
            np.random.set_state(self._saved)
        words = self._words
        if words is not None:
            self._first, self._place = words[0], words[_PLACE]

    def leave(self) -> None:
        """Keep what numpy keeps outside the stream, if anything was drawn."""
        words = self._words
        if words is None or self._place != words[_PLACE] or self._first != words[0]:
            self._saved = _state_with_half_pair()


class OwnStream:
    """Puts the stream of the user's program back after those of models, as if none had been drawn from."""

    def __enter__(self) -> None:
        self._bits, self._saved = np.random.get_bit_generator(), _state_with_half_pair()

    def __exit__(self, *_: object) -> None:
        np.random.set_bit_generator(self._bits)
        if self._saved is not None:
            np.random.set_state(self._saved)


def _state_with_half_pair() -> dict[str, Any] | None:
    """Numpy's state if it keeps the second one of a pair of normal numbers, which belongs to no bit generator."""
    state: Any = np.random.get_state(legacy=False)
    return state if state["has_gauss"] else None

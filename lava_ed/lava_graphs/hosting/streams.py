"""Random numbers of hosted models: on Lava each has a copy of numpy's global stream, as its OS process is a fork."""

from __future__ import annotations

import copy
import ctypes
import pickle
from typing import Any

import numpy as np
from numpy.random import MT19937

_PLACE = 624
"""The state is a key of so many words, and the place in it."""
_become, _current = np.random.set_bit_generator, np.random.get_bit_generator


class RandomStream:
    """A copy of numpy's global stream, which takes its place while a model runs."""

    def __init__(self) -> None:
        self._begin = _place_of_program()
        self._take(copy.deepcopy(np.random.get_bit_generator()))
        self._first = self._place = 0

    def is_elsewhere(self) -> bool:
        """Whether the program has drawn a number, or seeded, since this copy was made."""
        return _place_of_program() != self._begin

    def _take(self, bits: Any) -> None:
        """Go on with a bit generator, and with what numpy keeps outside of it."""
        self._bits, self._words, self._saved = bits, None, _state_with_half_pair()
        if isinstance(bits, MT19937):
            address = bits.ctypes.state_address
            # Without a copy: a word is read faster than by ctypes.
            self._words = memoryview((ctypes.c_uint32 * (_PLACE + 1)).from_address(address)).cast("B").cast("I")

    def enter(self) -> None:
        """Become numpy's global stream."""
        _become(self._bits)
        if self._saved is not None:
            np.random.set_state(self._saved)
        words = self._words
        if words is not None:
            self._first, self._place = words[0], words[_PLACE]

    def leave(self) -> None:
        """Keep the generator that the model has chosen, and what numpy keeps outside of it if anything was drawn.

        The second one of a pair of normal numbers is drawn without a word of the generator.
        """
        words, bits = self._words, _current()
        if bits is not self._bits:
            self._take(bits)
        elif self._saved is not None or words is None or self._place != words[_PLACE] or self._first != words[0]:
            self._saved = _state_with_half_pair()


class OwnStream:
    """Puts the stream of the user's program back after those of models, as if none had been drawn from."""

    def __enter__(self) -> None:
        self._bits, self._saved = np.random.get_bit_generator(), _state_with_half_pair()

    def __exit__(self, *_: object) -> None:
        np.random.set_bit_generator(self._bits)
        if self._saved is not None:
            np.random.set_state(self._saved)


def _place_of_program() -> bytes:
    """What numpy's global stream will give next."""
    return pickle.dumps(np.random.get_state(legacy=False))


def _state_with_half_pair() -> dict[str, Any] | None:
    """Numpy's state if it keeps the second one of a pair of normal numbers, which belongs to no bit generator."""
    state: Any = np.random.get_state(legacy=False)
    return state if state["has_gauss"] else None

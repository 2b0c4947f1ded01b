"""Random numbers of hosted models: on Lava each has a copy of numpy's global stream, as its OS process is a fork.

Numpy has one such stream for all threads.  So models of graphs that run in several threads take turns, call by call.
"""

from __future__ import annotations

import copy
import ctypes
import pickle
import threading
from typing import Any, Final

import numpy as np
from numpy.random import MT19937

_PLACE = 624
"""The state is a key of so many words, and the place in it."""
_become, _current = np.random.set_bit_generator, np.random.get_bit_generator
Kept = tuple[Any, dict[str, Any] | None]
"""A bit generator, and what numpy keeps outside of it."""


class RandomStream:
    """A copy of numpy's global stream, which takes its place while a model runs."""

    def __init__(self) -> None:
        with OwnStream():
            self._begin = _place_of_program()
            self._take(copy.deepcopy(np.random.get_bit_generator()))
        self._first = self._place = 0

    def is_elsewhere(self) -> bool:
        """Whether the program has drawn a number, or seeded, since this copy was made."""
        with OwnStream():
            return _place_of_program() != self._begin

    def _take(self, bits: Any) -> None:
        """Go on with a bit generator, and with what numpy keeps outside of it."""
        self._bits, self._words, self._saved = bits, None, _state_with_half_pair()
        if isinstance(bits, MT19937):
            address = bits.ctypes.state_address
            # Without a copy: a word is read faster than by ctypes.
            self._words = memoryview((ctypes.c_uint32 * (_PLACE + 1)).from_address(address)).cast("B").cast("I")

    def enter(self) -> None:
        """Become numpy's global stream, once no model of another thread runs; `leave` must follow."""
        _SHARED.lock.acquire()
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
        if _SHARED.by_several and _SHARED.program is not None:
            _put(_SHARED.program)
        _SHARED.lock.release()


class OwnStream:
    """Puts the stream of the user's program back after those of models, as if none had been drawn from.

    Where models of another thread run meanwhile it is that of the program from the beginning.
    """

    def __enter__(self) -> None:
        thread, shared = threading.get_ident(), _SHARED
        with shared.lock:
            if shared.program is None:
                shared.program = _kept()
            elif thread not in shared.threads:
                shared.by_several = True
                _put(shared.program)
            self._before = _kept()
            shared.threads.append(thread)

    def __exit__(self, *_: object) -> None:
        shared = _SHARED
        with shared.lock:
            _put(self._before)
            shared.threads.remove(threading.get_ident())
            if not shared.threads:
                shared.program, shared.by_several = None, False


class _Shared:
    """What is known of numpy's one global stream, in all threads."""

    def __init__(self) -> None:
        # An RLock: a model may be made in the call of another one.
        self.lock = threading.RLock()
        """Held while the stream of a model is the global one."""
        self.program: Kept | None = None
        """The program's own stream, while models of any thread run."""
        self.threads: list[int] = []
        """Threads in which models run, each as often as it is in an `OwnStream`."""
        self.by_several = False
        """Whether these were several threads; then the program's stream is put back after each call of a model."""


_SHARED: Final = _Shared()


def _kept() -> Kept:
    """Numpy's global stream as it is."""
    return np.random.get_bit_generator(), _state_with_half_pair()


def _put(kept: Kept) -> None:
    """Make a stream numpy's global one."""
    bits, saved = kept
    np.random.set_bit_generator(bits)
    if saved is not None:
        np.random.set_state(saved)


def _place_of_program() -> bytes:
    """What numpy's global stream will give next."""
    return pickle.dumps(np.random.get_state(legacy=False))


def _state_with_half_pair() -> dict[str, Any] | None:
    """Numpy's state if it keeps the second one of a pair of normal numbers, which belongs to no bit generator."""
    state: Any = np.random.get_state(legacy=False)
    return state if state["has_gauss"] else None

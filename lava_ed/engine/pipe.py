"""The buffer between a program that runs and the Python code around it, as an Injector or Extractor has."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.errors import BackendError, LavaEDError, ShapeError

_PATIENCE = 0.02
"""Seconds between two looks at whether a wait was cancelled."""


class Pipe:
    """A bounded first-in-first-out buffer of arrays, for one thread at each end.

    It has what Lava's channel policies (`lava.proc.io.utils`) use of a port: `send`, `recv`, `probe` and
    ``_queue.qsize()``, which the user's end calls; the program's end calls `put` and `take`.

    Parameters
    ----------
    capacity : int
        Arrays that wait at most.
    shape : tuple
        Shape of an array.
    sends : bool
        Which end `probe` answers for: whether there is room, or whether there is an array.
    """

    def __init__(self, capacity: int, shape: tuple[int, ...], sends: bool) -> None:
        self.capacity = capacity
        self.shape = shape
        self._sends = sends
        self._items: deque[npt.NDArray[np.float64]] = deque()
        self._changed = threading.Condition()
        self._queue = self
        self._ended: BaseException | None = None

    def qsize(self) -> int:
        """Arrays that wait."""
        return len(self._items)

    def probe(self) -> bool:
        """Whether the user's call would not block."""
        return self.has_room() if self._sends else bool(self._items)

    def has_room(self) -> bool:
        """Whether another array fits."""
        return len(self._items) < self.capacity

    def send(self, data: npt.ArrayLike) -> None:
        """Append a copy as float64, as Lava's channel of that type does; blocks while the buffer is full.

        Raises
        ------
        ShapeError
            If `data` has another shape.
        LavaEDError
            If the buffer is full, and the run that would have emptied it has failed, or no run can come.
        """
        self.put(data, None)

    def recv(self) -> npt.NDArray[np.float64]:
        """Take the oldest array; blocks while there is none.

        Raises
        ------
        LavaEDError
            If there is none, and the run that would have sent one has failed, or no run can come.
        """
        item = self.take(None)
        assert item is not None
        return item

    def put(self, data: npt.ArrayLike, cancelled: threading.Event | None) -> bool:
        """Append a copy; False if the wait for room was cancelled."""
        given, message = np.asarray(data), np.zeros(self.shape, np.float64)
        try:
            if given.dtype.kind not in "biuf":
                raise TypeError(f"{given.dtype} is no number")
            message[...] = given
        except (TypeError, ValueError) as error:
            raise ShapeError(f"a message must be numbers of shape {self.shape}: {error}") from error
        with self._changed:
            while not self.has_room():
                if not self._may_wait(cancelled):
                    return False
                self._changed.wait(_PATIENCE)
            self._items.append(message)
            self._changed.notify_all()
        return True

    def take(self, cancelled: threading.Event | None) -> npt.NDArray[Any] | None:
        """Take the oldest array; None if the wait for one was cancelled."""
        with self._changed:
            while not self._items:
                if not self._may_wait(cancelled):
                    return None
                self._changed.wait(_PATIENCE)
            item = self._items.popleft()
            self._changed.notify_all()
        return item

    def _may_wait(self, cancelled: threading.Event | None) -> bool:
        """Whether the other end may still move; the program waits until it is cancelled, the user until `end`."""
        if cancelled is not None:
            return not cancelled.is_set()
        if self._ended is not None:
            raise _for_waiters(self._ended, self._sends) from self._ended
        return True

    def begin(self) -> None:
        """Let the user wait again: a run begins."""
        self._ended = None

    def end(self, reason: BaseException) -> None:
        """Wake a user who waits, with the error that has ended the run; arrays in the buffer can still be taken."""
        with self._changed:
            self._ended = reason
            self._changed.notify_all()


def _for_waiters(reason: BaseException, sends: bool) -> LavaEDError:
    """An error of the kind that ended the run, for a thread that waits: each thread needs one of its own."""
    waits = "send() would wait for ever for room" if sends else "receive() would wait for ever for a message"
    if isinstance(reason, LavaEDError):
        return type(reason)(f"{waits}, as the run has ended: {reason}")
    return BackendError(f"{waits}, as the run has ended by {type(reason).__name__}: {reason}")

"""The buffer between a program that runs and the Python code around it, as an Injector or Extractor has."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

_PATIENCE = 0.02
"""Seconds between two looks at whether a wait was cancelled."""


class Pipe:
    """A bounded first-in-first-out buffer of arrays, for one thread at each end.

    It has what Lava's channel policies (`lava.proc.io.utils`) use of a port: `send`, `recv`, `probe` and
    ``_queue.qsize()``.

    Parameters
    ----------
    capacity : int
        Arrays that wait at most.
    shape : tuple
        Of an array.
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
        """Append a copy as float64, as Lava's channel of that type does; blocks while the buffer is full."""
        self.put(data, threading.Event())

    def recv(self) -> npt.NDArray[np.float64]:
        """Take the oldest array; blocks while there is none."""
        item = self.take(threading.Event())
        assert item is not None
        return item

    def put(self, data: npt.ArrayLike, cancelled: threading.Event) -> bool:
        """Append a copy; False if the wait for room was cancelled."""
        message = np.zeros(self.shape, np.float64)
        message[...] = np.asarray(data)
        with self._changed:
            while not self.has_room():
                if cancelled.is_set():
                    return False
                self._changed.wait(_PATIENCE)
            self._items.append(message)
            self._changed.notify_all()
        return True

    def take(self, cancelled: threading.Event) -> npt.NDArray[Any] | None:
        """Take the oldest array; None if the wait for one was cancelled."""
        with self._changed:
            while not self._items:
                if cancelled.is_set():
                    return None
                self._changed.wait(_PATIENCE)
            item = self._items.popleft()
            self._changed.notify_all()
        return item

    def take_back(self, item: npt.NDArray[np.float64]) -> None:
        """Put an array back to where it was taken."""
        with self._changed:
            self._items.appendleft(item)
            self._changed.notify_all()

"""Whose turn it is to work on a program: one run at a time, and nobody reads or writes while it goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lava_ed.errors import BackendError

GOING_ON = "a run is going on: call wait() or pause() "


class Turn:
    """A lock that refuses a second run, and reads during a run, but lets short reads and writes wait for each other.

    Each run has a token of its own, an object made before `take`.  So ``finally: leave(token)`` does no harm where
    `take` has refused, and an interrupt at any moment leaves the turn free.
    """

    def __init__(self) -> None:
        # An RLock: a garbage collector that calls a process's stop() may do so in the middle of a read.
        self._changed = threading.Condition(threading.RLock())
        self._token: object | None = None
        self._owner: int | None = None

    @property
    def busy(self) -> bool:
        """Whether a run is going on."""
        return self._token is not None

    def take(self, token: object) -> None:
        """Begin a run, unless one is going on; it belongs to this thread unless another one calls `inherit`."""
        with self.quiet("first"):
            self._token, self._owner = token, threading.get_ident()

    def inherit(self) -> None:
        """Let the run belong to this thread."""
        self._owner = threading.get_ident()

    def leave(self, token: object) -> None:
        """End the run that this token began, if it did."""
        with self._changed:
            if self._token is token:
                self._token = self._owner = None
                self._changed.notify_all()

    @contextmanager
    def quiet(self, before: str) -> Iterator[None]:
        """Keep runs, reads and writes of other threads away for a moment.

        While a run is going on that is a `BackendError`; `before` says what has to wait for its end.
        """
        with self._changed:
            if self._token is not None:
                raise BackendError(GOING_ON + before)
            yield

    def wait(self) -> None:
        """Block until no run is going on; from inside the run itself, such as a signal handler, return at once."""
        with self._changed:
            while self._token is not None and self._owner != threading.get_ident():
                self._changed.wait()

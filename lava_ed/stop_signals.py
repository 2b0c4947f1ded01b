"""Signals that ask a program to end: Ctrl-C, a polite kill, a terminal that was closed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

STOP_SIGNALS: Final = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Windows knows no SIGHUP."""


class Stopped(KeyboardInterrupt):
    """A stop signal of this number ended the program; it takes the way out that Ctrl-C takes."""

    def __init__(self, message: str = "", number: int = signal.SIGINT) -> None:
        super().__init__(message or f"stopped by {signal.Signals(number).name}")
        self.number = int(number)


def exit_code(error: BaseException) -> int:
    """What a shell expects of a program that a signal ended: 128 + its number; 130 for Ctrl-C.

    Examples
    --------
    >>> exit_code(KeyboardInterrupt()), exit_code(Stopped(number=signal.SIGTERM))
    (130, 143)
    """
    return 128 + int(getattr(error, "number", signal.SIGINT))


def raise_stopped(number: int) -> None:
    """Raise `Stopped` for a signal, and note it in case that nobody hears it."""
    _unheard.append(number)
    raise Stopped(number=number)


_unheard: list[int] = []
"""Signals for which `Stopped` was raised where it may have got lost: Python drops what a finalizer raises."""


def raise_if_unheard() -> None:
    """Raise `Stopped` once more, before something long begins, for a signal that came earlier in this block."""
    if _unheard:
        raise Stopped(number=_unheard[0])


class StopSignals:
    """Let a stop signal within the block call a function with its number in place of ending the process.

    Processes that are forked in the block inherit the handler and ignore these signals: whoever closes a terminal
    signals all of them, and their parent is the one who ends them in order.  A signal that was ignored before, as
    SIGHUP is under nohup, stays ignored.  Outside the main thread, where Python delivers no signals, nothing changes.

    Examples
    --------
    >>> heard = []
    >>> with StopSignals(heard.append):
    ...     signal.raise_signal(signal.SIGTERM)
    >>> heard == [signal.SIGTERM]
    True
    """

    def __init__(self, heard: Callable[[int], None]) -> None:
        self._heard = heard
        self._owner = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopSignals:
        self._owner = os.getpid()
        if threading.current_thread() is threading.main_thread():
            for number in STOP_SIGNALS:
                before = signal.getsignal(number)
                if before not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *outcome: object) -> None:
        while self._before:
            signal.signal(*self._before.popitem())
        _unheard.clear()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() == self._owner:
            self._heard(number)

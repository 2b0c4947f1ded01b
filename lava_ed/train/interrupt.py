"""Ctrl-C while a net trains: the sample that runs ends, a checkpoint is written, then it stops."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class TrainingInterrupted(KeyboardInterrupt):
    """Ctrl-C stopped training after a checkpoint; the message says how to resume."""


class InterruptWatch:
    """Turns the first Ctrl-C into a flag; a second one interrupts at once.

    Outside the main thread, where Python delivers no signals, nothing is changed.

    Examples
    --------
    >>> with InterruptWatch() as watch:
    ...     watch.pressed
    False
    """

    def __init__(self) -> None:
        self.pressed = False
        self._before: Any = None

    def __enter__(self) -> InterruptWatch:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True

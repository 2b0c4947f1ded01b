"""Ctrl-C, SIGTERM or SIGHUP while a net trains: the samples that run end, a checkpoint is written, then it stops."""

from __future__ import annotations

from lava_ed.stop_signals import Stopped, StopSignals, raise_if_unheard


class TrainingInterrupted(Stopped):
    """A stop signal ended training after a checkpoint; the message says how to resume."""


class InterruptWatch(StopSignals):
    """Turns the first stop signal into a flag; a second one interrupts at once.

    Outside the main thread, where Python delivers no signals, nothing is changed.

    Attributes
    ----------
    signal : int or None
        The first one that was heard.

    Raises
    ------
    Stopped
        On entering, if a signal came before and was not heard.

    Examples
    --------
    >>> with InterruptWatch() as watch:
    ...     print(watch.signal)
    None
    """

    def __init__(self) -> None:
        super().__init__(self._note)
        self.signal: int | None = None

    def __enter__(self) -> InterruptWatch:
        raise_if_unheard()
        super().__enter__()
        return self

    def _note(self, number: int) -> None:
        if self.signal is not None:
            raise Stopped(number=number)
        self.signal = number

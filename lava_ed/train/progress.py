"""What a person sees while a net trains: a bar on a terminal, plain lines elsewhere; always stderr."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from lava_ed.plain_text import percent, visible


class Reporter:
    """Hears what training does; this one keeps silent."""

    def message(self, text: str) -> None:
        """Hear something that is said once."""

    def chunk(self, epoch: int, epochs: int, done: int, samples: int) -> None:
        """Hear that `done` of an epoch's `samples` have been presented."""

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        """Hear that an epoch has ended, with these metrics."""

    def close(self) -> None:
        """Hear that training has ended, or stopped."""


@contextmanager
def telling_if_slow(text: str, tell: Callable[[str], None], seconds: float = 2.0) -> Iterator[None]:
    """Tell why one has to wait, once and from another thread, if something takes longer than so many seconds."""
    timer = threading.Timer(seconds, tell, (text,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def epoch_line(row: dict[str, Any], epochs: int) -> str:
    """Metrics of an epoch on one line."""
    train, validation = (percent(row[f"{part}_accuracy"]) for part in ("train", "validation"))
    return (
        f"epoch {row['epoch']}/{epochs}: train {train}, validation {validation}, "
        f"rate {row['learning_rate']:g}, {row['samples_per_second']:,.0f} samples/s"
    )


ONE_IN: Final = 10
"""Epochs above which a line is printed for one in so many, and for the last."""


class Lines(Reporter):
    """A line per message on stderr, and one for an epoch, or of many epochs for one in ten."""

    def message(self, text: str) -> None:
        """Print the text."""
        print(visible(text), file=sys.stderr, flush=True)

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        """Print the metrics."""
        if epochs <= ONE_IN or row["epoch"] % ONE_IN == 0 or row["epoch"] == epochs:
            self.message(epoch_line(row, epochs))


class Bar(Reporter):
    """A bar for the epoch that runs, and a line for each that has ended."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            console=Console(stderr=True), transient=True,
        )  # fmt: skip
        self._task = self._progress.add_task("", total=None)
        self._progress.start()

    def message(self, text: str) -> None:
        """Print the text above the bar."""
        self._progress.console.print(visible(text), highlight=False, markup=False, emoji=False)

    def chunk(self, epoch: int, epochs: int, done: int, samples: int) -> None:
        """Move the bar."""
        self._progress.update(self._task, description=f"epoch {epoch + 1}/{epochs}", completed=done, total=samples)

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        """Print the metrics above the bar."""
        self.message(epoch_line(row, epochs))

    def close(self) -> None:
        """Take the bar away."""
        self._progress.stop()


def reporter() -> Reporter:
    """A bar where stderr is a terminal, plain lines elsewhere."""
    return Bar() if sys.stderr.isatty() else Lines()

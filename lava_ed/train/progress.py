"""What a person sees while a net trains: a bar on a terminal, plain lines elsewhere; always stderr."""

from __future__ import annotations

import sys
from typing import Any

from lava_ed.plain_text import plain


class Reporter:
    """Hears what training does; this one keeps silent."""

    def message(self, text: str) -> None:
        """Something to say, once."""

    def chunk(self, epoch: int, epochs: int, done: int, samples: int) -> None:
        """`done` of an epoch's `samples` have been presented."""

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        """An epoch has ended, with these metrics."""

    def close(self) -> None:
        """Training has ended, or stopped."""


def epoch_line(row: dict[str, Any], epochs: int) -> str:
    """Metrics of an epoch on one line."""
    validation = row["validation_accuracy"]
    shown = "–" if validation is None else f"{100 * validation:.2f} %"
    return (
        f"epoch {row['epoch']}/{epochs}: train {100 * row['train_accuracy']:.2f} %, validation {shown}, "
        f"rate {row['learning_rate']:g}, {row['samples_per_second']:,.0f} samples/s"
    )


class Lines(Reporter):
    """A line per message and epoch on stderr."""

    def message(self, text: str) -> None:
        """Print the text."""
        print(plain(text), file=sys.stderr, flush=True)

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        """Print the metrics."""
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
        self._progress.console.print(plain(text), highlight=False, markup=False, emoji=False)

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

"""What a command hands back: one object for machines, and a way to show it to people."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lava_ed.cli.streams import encodable

if TYPE_CHECKING:
    from rich.console import Console

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, nothing else.")]
OtherData = Annotated[
    bool, typer.Option("--other-data", help="Take data that the net was not trained for; the outcome is named so.")
]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Folder of a run.")]


class Interrupted(Exception):
    """A stop signal, in a form that the command parser hands on together with its message and exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Report:
    """Result of a command.

    Attributes
    ----------
    value : dict
        Printed by --json.
    show : callable
        Shows the same on a console.
    exit_code : int
    """

    value: dict[str, Any]
    show: Callable[[Console], None]
    exit_code: int = 0


def dump(value: dict[str, Any]) -> str:
    """A JSON object on one line, escaped where standard output lacks a sign; a NaN in it is a bug and raises."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    return text if encodable(text, sys.stdout) else json.dumps(value, allow_nan=False)


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> Callable[[Console], None]:
    """A way to show a table so that it can be read at any width of the console."""

    def show(console: Console) -> None:
        from lava_ed.cli.tables import print_table

        print_table(console, title, header, [[cell(value) for value in row] for row in rows])

    return show


def cell(value: object) -> str:
    """A value as a table shows it."""
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "–" if value is None else str(value)


def percent(share: float | None) -> str:
    """A share in per cent."""
    return "–" if share is None else f"{100 * share:.2f} %"

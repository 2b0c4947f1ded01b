"""What a command hands back: one object for machines, and tables and lines for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from lava_ed.cli.streams import encodable
from lava_ed.errors import ConfigError
from lava_ed.plain_text import number

if TYPE_CHECKING:
    from rich.console import Console

OtherData = Annotated[
    bool, typer.Option("--other-data", help="Take data that the net was not trained for; the outcome is named so.")
]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Folder of a run.")]
RunDataDir = Annotated[str | None, typer.Option(help="Folder of the data files, if it is no longer the run's.")]
PriceLists = Annotated[
    list[str] | None, typer.Option(help="Name or file of a price list; may be repeated.  [default: all built-in ones]")
]
PriceListName = Annotated[str, typer.Option(help="Name of a price list, or path of a file of one's own.")]


class Interrupted(Exception):
    """A stop signal, in a form that the command parser hands on together with its message and exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class Table(NamedTuple):
    """A table, shown so that it can be read at any width of the console."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True)
class Report:
    """Result of a command."""

    value: dict[str, Any]
    """Printed by --json."""
    shown: Iterable[Table | str]
    """The same for people; a generator makes it when it is printed."""
    exit_code: int = 0

    def show(self, console: Console) -> None:
        """Print the tables and lines."""
        from lava_ed.cli import tables

        for part in self.shown:
            if isinstance(part, Table):
                tables.print_table(console, part.title, part.header, [[*map(number, row)] for row in part.rows])
            else:
                console.print(part, soft_wrap=True)


def dump(value: dict[str, Any]) -> str:
    """A JSON object on one line, escaped where standard output lacks a sign; a NaN in it is a bug and raises."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    return text if encodable(text, sys.stdout) else json.dumps(value, allow_nan=False)


def integers(text: str, complaint: str, separator: str = ",") -> tuple[int, ...]:
    """The integers of a list, or the complaint as an error.

    Examples
    --------
    >>> integers("784-400-10", "no sizes", "-")
    (784, 400, 10)
    """
    try:
        return tuple(int(part) for part in text.split(separator))
    except ValueError as error:
        raise ConfigError(complaint) from error


def least_visits(visits: dict[str, dict[str, int]], samples: int) -> dict[str, Any]:
    """What learning visited under each dependency, the setting that has the fewest, and why; of convolutions none."""
    from lava_ed.energy.dependency import counts_of, fewest

    return {"visits": visits, **({"fewest": fewest(visits), "reason": counts_of(visits, samples)} if visits else {})}


def visits_table(visits: dict[str, dict[str, int]], samples: int) -> Table:
    """Synapses of each connection that learning visits under each dependency, and the one with the fewest."""
    names = list(next(iter(visits.values()), {}))
    rows = [
        (node, *(counts[name] / samples for name in names), min(names, key=counts.__getitem__))
        for node, counts in visits.items()
    ]
    return Table("synapses visited to learn, per sample", ("connection", *names, "fewest"), rows)

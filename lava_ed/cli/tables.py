"""Tables that can be read at any width of the console: no word of a header or cell is cut.

Lines are broken at spaces.  Where the columns, each as wide as its longest word, do not fit beside each other, the
table is divided into several, each with the first column again.  A single word wider than the console is folded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lava_ed.plain_text import visible

BORDER: Final = 3
"""Cells of a line that a column takes beside its text: a border and a space on either side."""

Column = tuple[str, ...]
"""A header and its cells."""


def print_table(console: Console, title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, first column to the left, the others to the right where they hold figures."""
    columns = [tuple(column) for column in zip(header, *rows, strict=True)]
    for k, group in enumerate(column_groups(columns, console.width)):
        result = Table(title=Text(visible(f"{title} (continued)" if k else title)), title_justify="left")
        for place, (column, width) in enumerate(zip(group, column_widths(group, console.width), strict=True)):
            prose = any(text.count(" ") > 2 for text in column[1:])
            justify = "right" if place and not prose else "left"
            result.add_column(Text(visible(column[0])), justify=justify, width=width, overflow="fold")  # type: ignore[arg-type]
        for row in zip(*(column[1:] for column in group), strict=True):
            result.add_row(*(Text(visible(text)) for text in row))  # Text: a bracket in a cell is no markup
        console.print(result)


def column_groups(columns: Sequence[Column], width: int) -> list[list[Column]]:
    """Columns in groups that fit a width, the first column in each.

    Examples
    --------
    >>> column_groups([("rule", "a"), ("one", "1"), ("two", "2")], width=17)
    [[('rule', 'a'), ('one', '1')], [('rule', 'a'), ('two', '2')]]
    """
    first, *others = columns
    groups: list[list[Column]] = [[first]]
    for column in others:
        least = 1 + sum(BORDER + _longest_word(c) for c in (*groups[-1], column))
        if len(groups[-1]) > 1 and least > width:
            groups.append([first])
        groups[-1].append(column)
    return groups


def _longest_word(column: Column) -> int:
    """Width of the longest word; a no-break space does not end one."""
    return max((cell_len(word) for text in column for word in text.replace("\n", " ").split(" ")), default=0)


def column_widths(columns: Sequence[Column], width: int) -> list[int]:
    """Width of each column: that of its longest word, and more for the longer lines as far as there is room.

    Examples
    --------
    >>> column_widths([("a b c", "x"), ("word", "1")], width=16)
    [5, 4]
    >>> column_widths([("a b c", "x"), ("word", "1")], width=14)
    [3, 4]
    """
    room = width - 1 - BORDER * len(columns)
    wanted = [max(cell_len(line) for text in column for line in text.split("\n")) for column in columns]
    given = [_longest_word(column) for column in columns]
    while sum(given) > room and max(given) > 1:  # only a word wider than the console
        given[given.index(max(given))] -= 1
    missing = [want - have for have, want in zip(given, wanted, strict=True)]
    # Those that lack least first: as few columns as can be are left with broken lines.
    for k in sorted(range(len(columns)), key=missing.__getitem__):
        given[k] += max(0, min(missing[k], room - sum(given)))
    return given

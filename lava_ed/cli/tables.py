"""Tables that can be read at any width of the console: no word of a header or cell is cut.

Lines are broken at spaces.  Where the columns, each as wide as its longest word, do not fit beside each other, the
table is divided into several, each with the first column again.  A single word wider than the console is folded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console

BORDER: Final = 3
"""Cells of a line that a column takes beside its text: a border and a space on either side."""

Column = tuple[str, ...]
"""A header and its cells."""


def print_table(console: Console, title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, first column to the left, the others to the right where they hold figures.

    Parameters
    ----------
    console : Console
    title : str
    header : sequence of str
    rows : sequence of sequence of str
    """
    columns = [tuple(column) for column in zip(header, *rows, strict=True)]
    for k, part in enumerate(parts(columns, console.width)):
        _print_part(console, f"{title} (continued)" if k else title, part)


def parts(columns: Sequence[Column], width: int) -> list[list[Column]]:
    """Columns in groups that fit a width, the first column in each.

    Examples
    --------
    >>> parts([("rule", "a"), ("one", "1"), ("two", "2")], width=17)
    [[('rule', 'a'), ('one', '1')], [('rule', 'a'), ('two', '2')]]
    """
    first, *others = columns
    groups: list[list[Column]] = [[first]]
    for column in others:
        if len(groups[-1]) > 1 and _taken([*groups[-1], column]) > width:
            groups.append([first])
        groups[-1].append(column)
    return groups


def _taken(columns: Sequence[Column]) -> int:
    """Least width of a table of these columns."""
    return 1 + sum(BORDER + longest_word(column) for column in columns)


def longest_word(column: Column) -> int:
    """Width of the longest word; a no-break space does not end one."""
    from rich.cells import cell_len

    return max((cell_len(word) for text in column for word in text.replace("\n", " ").split(" ")), default=0)


def widths(columns: Sequence[Column], width: int) -> list[int]:
    """Width of each column: that of its longest word, and more for the longer lines as far as there is room.

    Examples
    --------
    >>> widths([("a b c", "x"), ("word", "1")], width=16)
    [5, 4]
    >>> widths([("a b c", "x"), ("word", "1")], width=14)
    [3, 4]
    """
    from rich.cells import cell_len

    room = width - 1 - BORDER * len(columns)
    wanted = [max(cell_len(line) for text in column for line in text.split("\n")) for column in columns]
    given = [longest_word(column) for column in columns]
    while sum(given) > room and max(given) > 1:  # only a word wider than the console
        given[given.index(max(given))] -= 1
    missing = [want - have for have, want in zip(given, wanted, strict=True)]
    # Those that lack least first: as few columns as can be are left with broken lines.
    for k in sorted(range(len(columns)), key=missing.__getitem__):
        given[k] += max(0, min(missing[k], room - sum(given)))
    return given


def _print_part(console: Console, title: str, columns: Sequence[Column]) -> None:
    from rich.table import Table
    from rich.text import Text

    from lava_ed.plain_text import plain

    result = Table(title=Text(plain(title)), title_justify="left")
    for k, (column, width) in enumerate(zip(columns, widths(columns, console.width), strict=True)):
        justify = "right" if k and not _is_prose(column) else "left"
        result.add_column(Text(plain(column[0])), justify=justify, width=width, overflow="fold")  # type: ignore[arg-type]
    for row in zip(*(column[1:] for column in columns), strict=True):
        result.add_row(*(Text(plain(text)) for text in row))  # Text: a bracket in a cell is no markup
    console.print(result)


def _is_prose(column: Column) -> bool:
    """Whether a column holds text of several words, which is read from the left."""
    return any(cell.count(" ") > 2 for cell in column[1:])

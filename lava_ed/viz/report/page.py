"""A page as data, and its rendering into one HTML file that needs nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

from lava_ed.plain_text import plain
from lava_ed.version import __version__
from lava_ed.viz.plot import Plot

TEMPLATES: Final = "templates"
SENTENCE: Final = 40
"""Characters from which on the text of a cell is a sentence."""
SHORT: Final = 16
"""Characters of a text that is kept on one line."""
_FIGURE: Final = re.compile(r"[×±]?\s?\d(?:[\d.,\s±×%–−+→…-]|e[+-]|of)*")
_UNIT: Final = re.compile(r"(?<=\d) (?=(?:%|[nµm]?J|pJ|mW|W|V|nm|µs|MB|KiB|points?)(?!\w)|[±×…])|(?<=[±×]) (?=\d)")
MOST_TILES: Final = 6
"""Tiles that fit a row."""
PICTURES: Final = "report"
"""Folder of the pictures, beside the page."""


@dataclass(frozen=True)
class Text:
    """A paragraph.

    Kinds: plain, note (something to keep in mind), missing (a part that could not be made), source, and below (a
    table, which it explains).
    """

    text: str
    style: Literal["plain", "note", "missing", "source", "below"] = "plain"
    kind: ClassVar[str] = "text"


@dataclass(frozen=True)
class Code:
    """Commands to copy, one a line."""

    lines: Sequence[str]
    kind: ClassVar[str] = "code"


@dataclass(frozen=True)
class Table:
    """A table: first column names the row; numbers are shown with separators.

    A folded table opens when its caption is chosen.
    """

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[object]]
    folded: bool = False
    kind: ClassVar[str] = "table"

    def is_number(self, column: int) -> bool:
        """Whether a column is one of numbers, shares, ranges or deviations, to be set to the right on one line."""
        cells = [row[column] for row in self.rows if row[column] not in (None, "", "–")]
        return column > 0 and bool(cells) and all(_is_number(cell) or _is_figure(cell) for cell in cells)

    def is_short(self, column: int) -> bool:
        """Whether no cell of a column is worth a second line."""
        return all(len(str(row[column])) <= SHORT for row in self.rows)

    def is_long(self, column: int) -> bool:
        """Whether a column holds sentences, which a narrow screen must not squeeze into a word a line."""
        return any(len(str(row[column])) > SENTENCE for row in self.rows)


@dataclass(frozen=True)
class Picture:
    """A small picture inside the page, as the pixels of a sample."""

    png_base64: str
    alt: str
    caption: str
    words: str = ""


@dataclass(frozen=True)
class Figures:
    """Plots side by side where there is room, with a picture before them or a table after them."""

    plots: Sequence[Plot]
    picture: Picture | None = None
    table: Table | None = None
    kind: ClassVar[str] = "figures"


@dataclass(frozen=True)
class Variants:
    """Blocks of which the reader sees one choice at a time; in print, and without scripts, all of them.

    All variants of one group follow one set of radio buttons, which the first of the group that
    is not `following` shows.
    """

    group: str
    label: str
    options: Mapping[str, Sequence[Block]]
    following: bool = False
    kind: ClassVar[str] = "variants"


Block = Text | Code | Table | Figures | Variants


@dataclass(frozen=True)
class Section:
    """A part of a page with a heading."""

    key: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Tile:
    """A figure at the top of a page: a value, or one for each option of a group of variants."""

    label: str
    value: str | Mapping[str, str]
    note: str = ""

    @property
    def values(self) -> Mapping[str, str]:
        """Value by option; '' is no option."""
        return {"": self.value} if isinstance(self.value, str) else self.value


@dataclass(frozen=True)
class Page:
    """A page: heading, tiles, sections.

    `group` is the group of variants that tiles with several values follow.
    """

    title: str
    subtitle: str
    tiles: Sequence[Tile]
    sections: Sequence[Section]
    group: str = "price-list"

    @property
    def across(self) -> int:
        """Tiles in a row of a wide window: all, or two rows of as many."""
        return len(self.tiles) if len(self.tiles) <= MOST_TILES else (len(self.tiles) + 1) // 2

    @property
    def fewer(self) -> int:
        """Tiles in a row of a narrow window."""
        return len(self.tiles) if len(self.tiles) <= 4 else 3

    def plots(self) -> Iterator[Plot]:
        """Every plot of the page, in order.

        Raises
        ------
        ValueError
            If two plots have one key: their pictures would overwrite each other.
        """
        seen: set[str] = set()
        for section in self.sections:
            for plot in _plots_of(section.blocks):
                if plot.key in seen or not re.fullmatch(r"[a-z0-9-]+", plot.key):
                    raise ValueError(f"plot key {plot.key!r} occurs twice, or is no name of a file")
                seen.add(plot.key)
                yield plot

    def missing(self) -> list[str]:
        """What could not be made, in the words of the page."""
        texts = (text for section in self.sections for text in _texts_of(section.blocks))
        return [text.text for text in texts if text.style == "missing"]

    def render(self) -> str:
        """The page as HTML: styles, scripts and plots inside; the same page gives the same text."""
        template = _environment().get_template("page.html.j2")
        return str(template.render(page=self, pictures=PICTURES, version=__version__)) + "\n"

    def write(self, path: Path) -> dict[str, Any]:
        """Write the page to `path` and its pictures to the folder beside it, the page last, each file atomically.

        Returns
        -------
        dict
            ``report`` and ``pictures``, paths; ``bytes``, size of the page.

        Raises
        ------
        RunFolderError
            If a file cannot be written.
        """
        from lava_ed.errors import RunFolderError
        from lava_ed.files.writing import write_atomically

        html = self.render().encode()
        pictures = {path.parent / PICTURES / f"{plot.key}.png": plot.png() for plot in self.plots()}
        try:
            (path.parent / PICTURES).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunFolderError(
                f"{path.parent / PICTURES} cannot be made ({error.strerror or error}): choose a folder you may write to"
            ) from error
        for name, content in pictures.items():
            write_atomically(name, content)
        write_atomically(path, html)
        return {
            "report": str(path),
            "bytes": len(html),
            "pictures": [name.name for name in pictures],
            "picture_folder": str(path.parent / PICTURES),
        }


def _plots_of(blocks: Sequence[Block]) -> Iterator[Plot]:
    for block in blocks:
        if isinstance(block, Figures):
            yield from block.plots
        elif isinstance(block, Variants):
            for inner in block.options.values():
                yield from _plots_of(inner)


def _texts_of(blocks: Sequence[Block]) -> Iterator[Text]:
    for block in blocks:
        if isinstance(block, Text):
            yield block
        elif isinstance(block, Variants):
            for inner in block.options.values():
                yield from _texts_of(inner)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_figure(value: object) -> bool:
    """Whether a text is made of numbers and signs: a share, a range, a mean and its deviation, used and limit."""
    return isinstance(value, str) and len(value) <= SENTENCE and _FIGURE.fullmatch(value) is not None


def prose(text: str) -> Any:
    """A text for the page in which no line ends between a number and its unit or sign."""
    from markupsafe import escape

    return escape(plain(_UNIT.sub("\N{NO-BREAK SPACE}", text)))


def number(value: object) -> str:
    """A value as a table of the page shows it: integers whole, other numbers to 4 digits.

    Examples
    --------
    >>> number(1234567), number(0.00012345), number(12345.6), number(None)
    ('1,234,567', '0.0001234', '12,346', '–')
    """
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:,.4g}"


def percent(share: float | None) -> str:
    """A share in per cent."""
    return "–" if share is None else f"{100 * share:.2f} %"


@cache
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    from lava_ed.viz.svg import inline_svg

    environment = Environment(
        loader=PackageLoader("lava_ed.viz.report", TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
        finalize=lambda value: plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )  # fmt: skip
    environment.globals["newline"] = Markup("\n")
    environment.filters["prose"] = prose
    environment.filters["number"] = number
    environment.filters["svg"] = lambda plot: Markup(inline_svg(plot))
    return environment

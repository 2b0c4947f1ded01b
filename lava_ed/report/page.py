"""A page as data, and its rendering into one HTML file that needs nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

from lava_ed.files.writing import folder_to_fill, write_atomically
from lava_ed.plain_text import number, visible
from lava_ed.version import __version__
from lava_ed.viz.plot import Plot

PICTURES: Final = "report"
"""Folder of the pictures, beside the page."""
SENTENCE: Final = 40
"""Characters from which on the text of a cell is a sentence."""
SHORT: Final = 16
"""Characters of a text that is kept on one line."""
_FIGURE: Final = re.compile(r"[×±]?\s?\d(?:[\d.,\s±×%–−+→…-]|e[+-]|of)*")
_UNIT: Final = re.compile(r"(?<=\d) (?=(?:%|[nµm]?J|pJ|mW|W|V|nm|µs|MB|KiB|points?)(?!\w)|[±×…])|(?<=[±×]) (?=\d)")


@dataclass(frozen=True)
class Text:
    """A paragraph.

    Styles: plain, note (something to keep in mind), missing (a part that could not be made), source, and below (a
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

    @property
    def classes(self) -> list[str]:
        """How each column is set: "number" to the right, "long" wide, "short" on one line, "" as it comes."""
        result = []
        for column in range(len(self.header)):
            cells = [row[column] for row in self.rows]
            filled = [cell for cell in cells if cell not in (None, "", "–")]
            longest = max((len(str(cell)) for cell in cells), default=0)
            if column > 0 and filled and all(map(_is_figure, filled)):
                result.append("number")
            else:  # a narrow screen must not squeeze a sentence into a word a line
                result.append("long" if longest > SENTENCE else "short" if longest <= SHORT else "")
        return result


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
    """Blocks of which the reader sees one choice at a time; in print, and without scripts, all of them."""

    group: str
    label: str
    options: Mapping[str, Sequence[Block]]
    kind: ClassVar[str] = "variants"


Block = Text | Code | Table | Figures | Variants


@dataclass(frozen=True)
class Section:
    """A part of a page with a heading."""

    key: str
    title: str
    blocks: Sequence[Block]


def missing_section(key: str, title: str, text: str) -> Section:
    """A section that says why it could not be made."""
    return Section(key, title, [Text(text, "missing")])


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

    def blocks(self) -> Iterator[Block]:
        """Every block of the page in order, those of variants in place of them."""
        waiting = [block for section in self.sections for block in section.blocks][::-1]
        while waiting:
            block = waiting.pop()
            if isinstance(block, Variants):
                waiting += [inner for option in block.options.values() for inner in option][::-1]
            else:
                yield block

    def plots(self) -> dict[str, Plot]:
        """Every plot of the page, by its key.

        Raises
        ------
        ValueError
            If two plots have one key: their pictures would overwrite each other.
        """
        found: dict[str, Plot] = {}
        for plot in (plot for block in self.blocks() if isinstance(block, Figures) for plot in block.plots):
            if plot.key in found or not re.fullmatch(r"[a-z0-9-]+", plot.key):
                raise ValueError(f"plot key {plot.key!r} occurs twice, or is no name of a file")
            found[plot.key] = plot
        return found

    def missing(self) -> list[str]:
        """What could not be made, in the words of the page."""
        return [block.text for block in self.blocks() if isinstance(block, Text) and block.style == "missing"]

    def render(self) -> str:
        """The page as HTML: styles, scripts and plots inside; the same page gives the same text."""
        template = _environment().get_template("page.html.j2")
        return str(template.render(page=self, pictures=PICTURES, version=__version__)) + "\n"

    def write(self, path: Path, way_out: str = "choose a folder you may write to") -> dict[str, Any]:
        """Write the page to `path` and its pictures to the folder beside it, the page last, each file atomically.

        `way_out` ends the message where a folder cannot be made.

        Returns
        -------
        dict
            ``report`` and ``picture_folder``, paths; ``pictures``, names; ``bytes``, size of the page.

        Raises
        ------
        RunFolderError
            If a file cannot be written.
        """
        html = self.render().encode()
        beside = path.parent / PICTURES
        pictures = {f"{key}.png": plot.png() for key, plot in self.plots().items()}
        with folder_to_fill(beside, way_out):
            for name, content in pictures.items():
                write_atomically(beside / name, content)
            write_atomically(path, html)
        return {
            "report": str(path),
            "bytes": len(html),
            "pictures": list(pictures),
            "picture_folder": str(beside),
        }


def _is_figure(cell: object) -> bool:
    """Whether a cell is a number, or a text of numbers and signs: a share, a range, a deviation, used and limit."""
    if isinstance(cell, str):
        return len(cell) <= SENTENCE and _FIGURE.fullmatch(cell) is not None
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def prose(text: str) -> Any:
    """A text for the page in which no line ends between a number and its unit or sign."""
    from markupsafe import escape

    return escape(visible(_UNIT.sub("\N{NO-BREAK SPACE}", text)))


def sentence(note: str, names: tuple[str, ...] = ()) -> str:
    """A note as a sentence, with a capital at its beginning, unless that is one of the names."""
    return f"{note}." if note.startswith(names) else f"{note[0].upper()}{note[1:]}."


@cache
def _environment() -> Any:
    """Jinja2 with our filters; every text is escaped, and made plain."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    from lava_ed.viz.svg import inline_svg

    environment = Environment(
        loader=PackageLoader("lava_ed.report", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
        finalize=lambda value: visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )  # fmt: skip
    environment.globals["newline"] = Markup("\n")
    environment.filters |= {"prose": prose, "number": number, "svg": lambda plot: Markup(inline_svg(plot))}
    return environment

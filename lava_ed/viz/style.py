"""How all figures look: colours for the colour-blind, marks that survive black-and-white print."""

from __future__ import annotations

import math
from functools import cache
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lava_ed.errors import ConfigError
from lava_ed.files.writing import write_atomically
from lava_ed.plain_text import shortened, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.text import Text

PALETTE: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's colours: blue, vermilion, green, purple, orange, sky."""
MARKERS: Final = ("o", "s", "^", "D", "v", "P")
DPI: Final = 200
COLUMN: Final = 4.0
"""Width of a page's figure in inches: that of a narrow phone's screen, where a point is a pixel."""
TEXT: Final = 11.2
"""Size of the least text of a page's figure in points, so that a phone shows it in 11 pixels or more."""
INK: Final = "#000000"
LINE: Final = "#bbbbbb"
PAPER: Final = "#ffffff"
ON_COLOUR: Final = "#111111"
"""Colour of text on any colour of the palette but blue: dark in every theme."""
LONGEST: Final = 32
"""Characters of a name in a figure; of a longer one the middle is left out, so that it leaves room for the axes."""
SHORT: Final = 16
"""Characters of a name that leave room for a second column in a legend."""
_SUPERSCRIPTS: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def figure(width: float, height: float, columns: int = 1) -> tuple[Figure, list[Any]]:
    """A figure of so many inches, drawn without a display, and its axes side by side; none for 0 columns."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    result = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(result)
    axes = [result.add_subplot(1, columns, k + 1) for k in range(columns)]
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
    return result, axes


def above(ax: Axes, most: int = 4) -> None:
    """Put a legend above the axes, where it covers nothing, from the figure's left edge and in as few rows as fit."""
    from matplotlib.transforms import blended_transform_factory

    whole: Any = ax.get_figure()
    for columns in range(most, 0, -1):
        legend = ax.legend(
            frameon=False, fontsize=TEXT, ncols=columns, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.6,
            columnspacing=1.0, handlelength=1.4, handletextpad=0.5, borderpad=0.1,
            bbox_transform=blended_transform_factory(whole.transFigure, ax.transAxes),
        )  # fmt: skip
        plain_texts(whole)  # before they are measured
        if legend.get_window_extent().width <= 0.97 * whole.bbox.width:
            break


def below(ax: Axes, fontsize: float) -> None:
    """Put a legend of many lines below the axes, where it hides no curve; the figure grows by its height."""
    whole: Any = ax.get_figure()
    # Column by column: the runs' validation, and beside it their training.
    handles = sorted(ax.lines, key=lambda line: line.get_linestyle() == "--")
    for columns in (2, 1):
        legend = whole.legend(
            handles=handles, frameon=False, fontsize=fontsize, loc="outside lower center", ncols=columns,
            columnspacing=1.0, handlelength=1.8, borderaxespad=0.3,
        )  # fmt: skip
        plain_texts(whole)  # before they are measured
        size = legend.get_window_extent()
        if size.width <= whole.bbox.width or columns == 1:
            break
        legend.remove()
    whole.set_figheight(whole.get_figheight() + size.height / whole.dpi)


def grid(ax: Axes, axis: Any = "y") -> None:
    """Draw thin lines at the ticks, behind everything else."""
    ax.grid(axis=axis, color="#dddddd", linewidth=0.6)
    ax.set_axisbelow(True)


def whole_numbers(axis: Axis, most: int = 10) -> None:
    """Put ticks at whole numbers only, one at least."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=most, integer=True, min_n_ticks=1))


def colour_of(k: int) -> str:
    """The k-th line's colour."""
    return PALETTE[k % len(PALETTE)]


def marker_of(k: int) -> str:
    """The k-th line's mark; the first 36 lines differ from each other in colour or mark."""
    return MARKERS[(k + k // len(PALETTE)) % len(MARKERS)]


def name_in_figure(name: str, longest: int = LONGEST) -> str:
    """A name that a user chose, as a figure shows it: short, on one line, of characters that its font has."""
    shown = visible(name)
    if not shown.isascii():
        shown = "".join(c if ord(c) in _glyphs() else c.encode("unicode_escape").decode("ascii") for c in shown)
    # A legend leaves out what begins with an underscore.
    return shortened(f"\N{NO-BREAK SPACE}{shown}" if shown.startswith("_") else shown, longest)


@cache
def _glyphs() -> frozenset[int]:
    """Code points of the fonts that figures are drawn with."""
    from matplotlib import font_manager, rcParams

    fonts = [font_manager.findfont(font_manager.FontProperties(family=[name])) for name in rcParams["font.family"]]
    return frozenset(code for font in fonts for code in font_manager.get_font(font).get_charmap())


def _texts(result: Figure) -> list[Text]:
    """Every text of a figure."""
    from matplotlib.text import Text

    return [text for text in result.findobj(Text) if isinstance(text, Text)]


def plain_texts(result: Figure) -> None:
    """Take every text of a figure as it is written: a dollar sign begins no formula."""
    for text in _texts(result):
        text.set_parse_math(False)
        text.set_usetex(False)


def readable(result: Figure) -> None:
    """Give every text of a page's figure the size that can still be read on a phone."""
    for ax in result.axes:
        ax.tick_params(labelsize=TEXT)
    for text in _texts(result):
        text.set_fontsize(max(float(text.get_fontsize()), TEXT))


def powers(axis: Axis) -> None:
    """Write powers of ten at the ticks of a logarithmic axis without formulas, from 0.01 to 1000 as plain numbers."""
    from matplotlib.ticker import LogFormatter

    def power(value: float, _: object) -> str:
        if 1e-2 <= value <= 1e3:
            return f"{value:g}"
        return f"10{str(round(math.log10(value))).translate(_SUPERSCRIPTS)}"

    axis.set_major_formatter(power)
    axis.set_minor_formatter(LogFormatter(minor_thresholds=(1, 0.5)))


def save(result: Figure, path: str | PathLike[str]) -> None:
    """Write a figure as a picture, of the kind that its name ends in; another ending is a `ConfigError`."""
    target = Path(path)
    kinds = sorted(result.canvas.get_supported_filetypes())
    kind = target.suffix.removeprefix(".").lower()
    if kind not in kinds:
        raise ConfigError(f"{path} names no kind of picture: end it in .png, or in one of {', '.join(kinds)}")
    plain_texts(result)
    content = BytesIO()
    result.savefig(content, dpi=DPI, format=kind)
    write_atomically(target, content.getvalue())

"""How all figures look: colours for the colour-blind, marks that survive black-and-white print."""

from __future__ import annotations

from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lava_ed.errors import ConfigError
from lava_ed.files.writing import write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALETTE: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's colours: blue, vermilion, green, purple, orange, sky."""
MARKERS: Final = ("o", "s", "^", "D", "v", "P")
DPI: Final = 200
COLUMN: Final = 4.6
"""Width of a figure in inches, such that its text can be read on a phone, where it takes the whole screen."""
INK: Final = "#000000"
LINE: Final = "#bbbbbb"
PAPER: Final = "#ffffff"
ON_COLOUR: Final = "#111111"
"""Of text on any colour of the palette but blue: dark in every theme."""


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


def above(ax: Axes, columns: int) -> None:
    """A legend above the axes, where it covers nothing."""
    ax.legend(
        frameon=False, fontsize=7.5, ncols=columns, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2,
        columnspacing=1.0, handlelength=1.6,
    )  # fmt: skip


def save(result: Figure, path: str | PathLike[str]) -> None:
    """Write a figure as a picture, of the kind that its name ends in.

    Raises
    ------
    RunFolderError
        If the file cannot be written.
    ConfigError
        If the name ends in no kind of picture.
    """
    target = Path(path)
    kinds = sorted(result.canvas.get_supported_filetypes())
    kind = target.suffix.removeprefix(".").lower()
    if kind not in kinds:
        raise ConfigError(f"{path} names no kind of picture: end it in .png, or in one of {', '.join(kinds)}")
    content = BytesIO()
    result.savefig(content, dpi=DPI, format=kind)
    write_atomically(target, content.getvalue())

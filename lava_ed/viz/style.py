"""How all figures look: colours for the colour-blind, marks that survive black-and-white print."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any, Final

from lava_ed.errors import RunFolderError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PALETTE: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's colours: blue, vermilion, green, purple, orange, sky."""
MARKERS: Final = ("o", "s", "^", "D", "v", "P")
DPI: Final = 200


def figure(width: float, height: float, columns: int = 1) -> tuple[Figure, list[Any]]:
    """A figure of so many inches, drawn without a display, and its axes side by side."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    result = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(result)
    axes = [result.add_subplot(1, columns, k + 1) for k in range(columns)]
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
    return result, axes


def save(result: Figure, path: str | PathLike[str]) -> None:
    """Write a figure as a picture.

    Raises
    ------
    RunFolderError
        If the file cannot be written.
    """
    try:
        result.savefig(path, dpi=DPI)
    except OSError as error:
        raise RunFolderError(
            f"{path} cannot be written ({error.strerror or error}): choose a folder you may write to"
        ) from error

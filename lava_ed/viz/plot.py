"""A plot with all that a page needs of it: key, title, alternative text, and hints for the pointer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

from lava_ed.viz.style import DPI, plain_texts, readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def band(ax: Axes, low: float, high: float, gid: str, *, across: bool = False) -> None:
    """An invisible part of the axes from `low` to `high`, over the whole height (or width, if `across`), for a hint."""
    span = (ax.axhspan if across else ax.axvspan)(low, high, alpha=0, gid=gid)
    span.set_in_layout(False)
    span.set_clip_on(False)


def bands(ax: Axes, what: str, lines: Mapping[int, Sequence[str]]) -> dict[str, str]:
    """Invisible bands around whole numbers of the x axis; returns their hints, which consist of these lines."""
    for at in lines:
        band(ax, at - 0.5, at + 0.5, f"{what}-{at}")
    return {f"{what}-{at}": "\n".join(text) for at, text in lines.items()}


@dataclass(frozen=True, eq=False)
class Plot:
    """A figure and its words."""

    key: str
    """Name of its picture file, and prefix of its ids in a page: lower case, digits, hyphens."""
    title: str
    figure: Figure
    alt: str
    """Words that say what the plot shows to those who cannot see it."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """Texts, by gid, that are shown where the pointer rests on the artist of that gid."""

    def __post_init__(self) -> None:
        plain_texts(self.figure)
        readable(self.figure)
        # Laid out once: the picture and the page then agree, and are drawn without doing it again.
        engine = self.figure.get_layout_engine()
        if engine is not None:
            engine.execute(self.figure)
            self.figure.set_layout_engine("none")

    def png(self) -> bytes:
        """The figure as a picture; the same figure gives the same bytes."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        buffer = BytesIO()
        self.figure.set_dpi(DPI)
        # Straight to the canvas: savefig draws everything twice.
        canvas: Any = FigureCanvasAgg(self.figure)
        canvas.print_png(buffer, metadata={"Software": None})
        return buffer.getvalue()

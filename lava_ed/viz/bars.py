"""Stacked bars: energies by part and phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from lava_ed.viz.plot import Plot
from lava_ed.viz.style import COLUMN, PALETTE, PAPER, above, figure, name_in_figure

_COLOURS: Final = (PALETTE[0], PALETTE[4], PALETTE[1])
"""Dark, light, in between: told apart without colour, too."""


def stacked_bars(
    key: str, title: str, rows: Mapping[str, Mapping[str, float]], unit: str, parts: Sequence[str]
) -> Plot:
    """Horizontal bars, one a row, of a piece for each part, of which there are three at most.

    `rows` maps name to part to value; `unit` is what the axis shows, with the quantity.
    """
    from matplotlib.ticker import MaxNLocator

    result, (ax,) = figure(COLUMN, 0.9 + 0.32 * len(rows) + (0.25 if len(parts) > 1 else 0))
    hints = {}
    for y, (name, values) in enumerate(rows.items()):
        left = 0.0
        for k, part in enumerate(parts):
            (bar,) = ax.barh(
                y, values[part], 0.62, left=left, color=_COLOURS[k], edgecolor=PAPER, linewidth=0.5,
                label=part if y == 0 else None,
            )  # fmt: skip
            bar.set_gid(f"bar-{y}-{k}")
            hints[f"bar-{y}-{k}"] = f"{name}, {part}: {values[part]:,.4g} {unit}"
            left += values[part]
    ax.set_yticks(range(len(rows)), [name_in_figure(name, 22) for name in rows])
    ax.invert_yaxis()
    ax.set_xlim(0, ax.get_xlim()[1] if any(any(values.values()) for values in rows.values()) else 1)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=3, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter("{x:,g}")
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(name_in_figure(unit, 40), x=1, ha="right")
    if len(parts) > 1:
        above(ax)
    sums = "; ".join(f"{name} {sum(values[part] for part in parts):,.3g}" for name, values in rows.items())
    return Plot(key, title, result, f"{title}, in {unit}: {sums}.", hints)

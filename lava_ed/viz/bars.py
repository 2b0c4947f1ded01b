"""Stacked bars: energies by part and phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lava_ed.viz.plot import Plot
from lava_ed.viz.style import COLUMN, PALETTE, above, figure, name_in_figure

_COLOURS = (PALETTE[0], PALETTE[4], PALETTE[1])
"""Dark, light, in between: told apart without colour, too."""


def stacked_bars(
    key: str, title: str, rows: Mapping[str, Mapping[str, float]], unit: str, parts: Sequence[str]
) -> Plot:
    """Horizontal bars, one a row, in as many pieces as there are parts.

    Parameters
    ----------
    key, title : str
    rows : mapping of name to part to value
    unit : str
        With the quantity, as the axis shows it.
    parts : sequence of str
        Which parts, in order; at most three.
    """
    result, (ax,) = figure(COLUMN, 1.1 + 0.34 * len(rows) + (0.2 if len(parts) > 1 else 0))
    hints = {}
    for y, (name, values) in enumerate(rows.items()):
        left = 0.0
        for k, part in enumerate(parts):
            (bar,) = ax.barh(
                y, values[part], 0.62, left=left, color=_COLOURS[k], edgecolor="#ffffff",
                linewidth=0.5, label=part if y == 0 else None,
            )  # fmt: skip
            gid = f"bar-{y}-{k}"
            bar.set_gid(gid)
            hints[gid] = f"{name}, {part}: {values[part]:,.4g} {unit}"
            left += values[part]
    ax.set_yticks(range(len(rows)), [name_in_figure(name) for name in rows], fontsize=9)
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(name_in_figure(unit, 60))
    if len(parts) > 1:
        above(ax, len(parts))
    sums = "; ".join(f"{name} {sum(values[part] for part in parts):,.3g}" for name, values in rows.items())
    return Plot(key, title, result, f"{title}, in {unit}: {sums}.", hints)

"""The engine's time a step against what makes it grow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

from lava_ed.viz.style import colour_of, figure, grid, marker_of, save


def scale_plot(
    points: Sequence[Mapping[str, Any]], titles: Mapping[str, str], path: str | PathLike[str], linear: str = "spikes"
) -> None:
    """Draw one panel for each quantity that was varied, logarithmic but for the `linear` one, which begins at 0.

    Each point has a sweep, a value and seconds (a step); `titles` maps a sweep to the label of its axis, with the unit.
    """
    from matplotlib.ticker import LogLocator, NullLocator

    result, axes = figure(3.2 * len(titles), 3.0, columns=len(titles))
    for k, (ax, (sweep, title)) in enumerate(zip(axes, titles.items(), strict=True)):
        chosen = [point for point in points if point["sweep"] == sweep]
        x, y = [point["value"] for point in chosen], [1e6 * point["seconds"] for point in chosen]
        ax.plot(x, y, color=colour_of(k), marker=marker_of(k), markersize=5)
        if sweep == linear:
            ax.set_ylim(bottom=0)
        else:
            ax.set(xscale="log", yscale="log")
            ax.set_xticks(x, [f"{value:g}" for value in x])
            ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
            for axis in (ax.xaxis, ax.yaxis):
                axis.set_minor_locator(NullLocator())
        ax.set(xlabel=title, ylabel="time per step (µs)")
        grid(ax, "both")
    save(result, path)

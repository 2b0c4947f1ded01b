"""Learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Final

from lava_ed.plain_text import visible
from lava_ed.viz.plot import Plot, bands
from lava_ed.viz.style import (
    COLUMN,
    LONGEST,
    TEXT,
    above,
    below,
    colour_of,
    figure,
    grid,
    marker_of,
    name_in_figure,
    save,
    whole_numbers,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Rows = Sequence[Mapping[str, Any]]

MOST_WITHIN: Final = 2
"""Runs whose legend finds room beside the curves."""
_ACTIVITY: Final = {
    "backward_messages": "backward messages",
    "weight_writes": "weight writes",
    "synaptic_updates": "synapses visited",
}


def learning_curves(runs: Mapping[str, Rows], path: str | PathLike[str], title: str = "") -> None:
    """Draw accuracy against epoch into a picture file: validation solid with marks, training (while learning) dashed.

    `runs` maps names to rows as in metrics.jsonl: epoch, train_accuracy, validation_accuracy (or None).
    """
    result, (ax,) = figure(6.4, 4.0)
    _draw_accuracy(ax, runs, 9)
    ax.set_title(name_in_figure(title, 2 * LONGEST), loc="left", fontsize=10)
    save(result, path)


def accuracy_plot(runs: Mapping[str, Rows]) -> Plot:
    """The learning curves of some runs, with the figures of every epoch as hints."""
    runs = {visible(name): rows for name, rows in runs.items()}
    result, (ax,) = figure(COLUMN, 3.0)
    _draw_accuracy(ax, runs, TEXT, named=len(runs) > 1)
    if len(runs) <= MOST_WITHIN:
        above(ax, 2)
    lines: dict[int, list[str]] = {}
    for name, rows in runs.items():
        for row in rows:
            held_out, learning = _percent(row["validation_accuracy"]), _percent(row["train_accuracy"])
            lines.setdefault(row["epoch"], []).append(f"{name}: validation {held_out}, training {learning}")
    hints = bands(ax, "epoch", {k: [f"epoch {k}", *lines[k]] for k in sorted(lines)})
    last = [
        f"{name} ends at {_percent(rows[-1]['validation_accuracy'])} validation and "
        f"{_percent(rows[-1]['train_accuracy'])} training accuracy"
        for name, rows in runs.items()
    ]
    return Plot("accuracy", "Accuracy by epoch", result, f"Accuracy against epoch; {'; '.join(last)}.", hints)


def activity_plot(rows: Rows) -> Plot:
    """What a training sample cost, epoch by epoch: messages and weight writes, on a logarithmic scale."""
    result, (ax,) = figure(COLUMN, 3.0)
    epochs = [row["epoch"] for row in rows]
    for k, (key, label) in enumerate(_ACTIVITY.items()):
        ax.plot(epochs, [row[key] for row in rows], color=colour_of(k), marker=marker_of(k), markersize=3, label=label)
    ax.set_yscale("symlog", linthresh=1)
    ax.yaxis.set_major_formatter("{x:,g}")
    ax.set_ylim(0, max(1.0, ax.get_ylim()[1]))
    ax.set(xlabel="epoch", ylabel="per training sample")
    whole_numbers(ax.xaxis)
    above(ax)
    lines = {
        row["epoch"]: [f"epoch {row['epoch']}", *(f"{row[key]:,.1f} {label}" for key, label in _ACTIVITY.items())]
        for row in rows
    }
    changes = (f"{label} go from {rows[0][key]:,.1f} to {rows[-1][key]:,.1f}" for key, label in _ACTIVITY.items())
    alt = f"Learning activity per training sample against epoch: {'; '.join(changes)}."
    return Plot("activity", "Learning activity by epoch", result, alt, bands(ax, "epoch", lines))


def _percent(share: float | None) -> str:
    return "not measured" if share is None else f"{100 * share:.2f} %"


def _draw_accuracy(ax: Axes, runs: Mapping[str, Rows], fontsize: float, *, named: bool = True) -> None:
    """Draw validation solid with marks and training dashed, every epoch within the axes."""
    for k, (name, rows) in enumerate(runs.items()):
        before = f"{name_in_figure(name)}, " if named else ""
        learning: dict[str, Any] = {"linestyle": "--", "linewidth": 1, "marker": "" if len(rows) > 1 else "."}
        for key, label, style in (
            ("validation_accuracy", "validation", {"marker": marker_of(k), "markersize": 4}),
            ("train_accuracy", "training (online)", learning),
        ):
            points = [(row["epoch"], 100 * row[key]) for row in rows if row[key] is not None]
            if points:
                ax.plot(*zip(*points, strict=True), color=colour_of(k), label=f"{before}{label}", **style)
    ax.set_ylim(max(0.0, ax.dataLim.y0 - 5), 100.5)
    ax.set_xlim(0.5, ax.dataLim.x1 + 0.5)
    ax.set(xlabel="epoch", ylabel="accuracy (%)")
    whole_numbers(ax.xaxis)
    grid(ax)
    if len(runs) > MOST_WITHIN:
        below(ax, fontsize)
    else:
        ax.legend(frameon=False, fontsize=fontsize, loc="lower right")

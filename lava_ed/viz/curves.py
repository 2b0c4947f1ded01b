"""Learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Final

from lava_ed.plain_text import plain
from lava_ed.viz.plot import Plot, band
from lava_ed.viz.style import (
    COLUMN,
    LONGEST,
    TEXT,
    above,
    colour_of,
    figure,
    marker_of,
    name_in_figure,
    plain_texts,
    save,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

Rows = Sequence[Mapping[str, Any]]

MOST_WITHIN: Final = 2
"""Runs whose legend finds room beside the curves."""


def learning_curves(runs: Mapping[str, Rows], path: str | PathLike[str], title: str = "") -> None:
    """Draw accuracy against epoch: validation solid with marks, training (while learning) dashed.

    Parameters
    ----------
    runs : mapping of name to rows
        Rows as in metrics.jsonl: epoch, train_accuracy, validation_accuracy (or None).
    path : path-like
        Of the picture; its ending decides the format.
    title : str
    """
    result, (ax,) = figure(6.4, 4.0)
    _draw_accuracy(ax, runs, 9)
    ax.set_title(name_in_figure(title, 2 * LONGEST), loc="left", fontsize=10)
    save(result, path)


def accuracy_plot(runs: Mapping[str, Rows]) -> Plot:
    """The learning curves of some runs, with the figures of every epoch as hints."""
    runs = {plain(name): rows for name, rows in runs.items()}
    result, (ax,) = figure(COLUMN, 3.0)
    _draw_accuracy(ax, runs, TEXT, named=len(runs) > 1)
    if len(runs) <= MOST_WITHIN:
        above(ax, 2)
    hints = {}
    for epoch in sorted({row["epoch"] for rows in runs.values() for row in rows}):
        gid = f"epoch-{epoch}"
        band(ax, epoch - 0.5, epoch + 0.5, gid)
        parts = [
            f"{name}: validation {_percent(row['validation_accuracy'])}, training {_percent(row['train_accuracy'])}"
            for name, rows in runs.items()
            for row in rows
            if row["epoch"] == epoch
        ]
        hints[gid] = f"epoch {epoch}\n" + "\n".join(parts)
    last = [
        f"{name} ends at {_percent(rows[-1]['validation_accuracy'])} validation and "
        f"{_percent(rows[-1]['train_accuracy'])} training accuracy"
        for name, rows in runs.items()
    ]
    return Plot("accuracy", "Accuracy by epoch", result, f"Accuracy against epoch; {'; '.join(last)}.", hints)


def activity_plot(rows: Rows) -> Plot:
    """What a training sample cost, epoch by epoch: messages and weight writes, on a logarithmic scale."""
    from matplotlib.ticker import MaxNLocator

    result, (ax,) = figure(COLUMN, 3.0)
    epochs = [row["epoch"] for row in rows]
    names = {
        "backward_messages": "backward messages",
        "weight_writes": "weight writes",
        "synaptic_updates": "synapses visited",
    }
    for k, (key, label) in enumerate(names.items()):
        ax.plot(epochs, [row[key] for row in rows], color=colour_of(k), marker=marker_of(k), markersize=3, label=label)
    ax.set_yscale("symlog", linthresh=1)
    ax.yaxis.set_major_formatter("{x:,g}")
    ax.set_ylim(0, max(1.0, ax.get_ylim()[1]))
    ax.set_xlabel("epoch")
    ax.set_ylabel("per training sample")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    above(ax)
    hints = {}
    for row in rows:
        gid = f"epoch-{row['epoch']}"
        band(ax, row["epoch"] - 0.5, row["epoch"] + 0.5, gid)
        hints[gid] = f"epoch {row['epoch']}\n" + "\n".join(f"{row[key]:,.1f} {label}" for key, label in names.items())
    first, last = rows[0], rows[-1]
    alt = "Learning activity per training sample against epoch: " + "; ".join(
        f"{label} go from {first[key]:,.1f} to {last[key]:,.1f}" for key, label in names.items()
    )
    return Plot("activity", "Learning activity by epoch", result, f"{alt}.", hints)


def _percent(share: float | None) -> str:
    return "not measured" if share is None else f"{100 * share:.2f} %"


def _legend_below(ax: Axes, handles: Sequence[Line2D], fontsize: float) -> None:
    """A legend of many lines below the axes, where it leaves the curves free; the figure grows by its height."""
    from matplotlib.figure import Figure

    whole = ax.get_figure()
    assert isinstance(whole, Figure)
    for columns in (2, 1):
        # Column by column: the runs' validation, and beside it their training.
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


def _draw_accuracy(ax: Axes, runs: Mapping[str, Rows], fontsize: float, *, named: bool = True) -> None:
    """Validation solid with marks, training dashed; every epoch lies within the axes."""
    from matplotlib.ticker import MaxNLocator

    lowest, last = 100.0, 1
    validation: list[Line2D] = []
    training: list[Line2D] = []
    for k, (name, rows) in enumerate(runs.items()):
        before = f"{name_in_figure(name)}, " if named else ""
        held_out = [(row["epoch"], 100 * row["validation_accuracy"]) for row in rows
                    if row["validation_accuracy"] is not None]  # fmt: skip
        learning = [(row["epoch"], 100 * row["train_accuracy"]) for row in rows]
        if held_out:
            validation += ax.plot(
                *zip(*held_out, strict=True), color=colour_of(k), marker=marker_of(k), markersize=4,
                label=f"{before}validation",
            )  # fmt: skip
        training += ax.plot(
            *zip(*learning, strict=True), color=colour_of(k), linestyle="--", linewidth=1,
            marker="" if len(learning) > 1 else ".", label=f"{before}training (online)",
        )  # fmt: skip
        points = held_out + learning
        last = max([last, *(epoch for epoch, _ in points)])
        lowest = min([lowest, *(accuracy for _, accuracy in points)])
    ax.set_ylim(max(0.0, lowest - 5), 100.5)
    ax.set_xlim(0.5, last + 0.5)
    ax.set_xlabel("epoch")
    ax.set_ylabel("accuracy (%)")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.grid(axis="y", color="#dddddd", linewidth=0.6)
    ax.set_axisbelow(True)
    if len(runs) > MOST_WITHIN:
        _legend_below(ax, [*validation, *training], fontsize)
    else:
        ax.legend(frameon=False, fontsize=fontsize, loc="lower right")

"""Learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

from lava_ed.viz.style import MARKERS, PALETTE, figure, save


def learning_curves(
    runs: Mapping[str, Sequence[Mapping[str, Any]]], path: str | PathLike[str], title: str = ""
) -> None:
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
    lowest = 100.0
    for k, (name, rows) in enumerate(runs.items()):
        colour, marker = PALETTE[k % len(PALETTE)], MARKERS[k % len(MARKERS)]
        epochs = [row["epoch"] for row in rows]
        held_out = [(row["epoch"], 100 * row["validation_accuracy"]) for row in rows
                    if row["validation_accuracy"] is not None]  # fmt: skip
        training = [100 * row["train_accuracy"] for row in rows]
        if held_out:
            ax.plot(
                *zip(*held_out, strict=True),
                color=colour,
                marker=marker,
                markersize=4,
                label=f"{name}, validation",
            )
        ax.plot(epochs, training, color=colour, linestyle="--", linewidth=1, label=f"{name}, training (online)")
        lowest = min([lowest, *training[1:], *(y for _, y in held_out[1:])])
    # The first epoch begins at chance and would flatten everything after it.
    ax.set_ylim(max(0.0, lowest - 5), 100.5)
    ax.set_xlim(left=0.5)
    ax.set_xlabel("epoch")
    ax.set_ylabel("accuracy (%)")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(axis="y", color="#dddddd", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.set_title(title, loc="left", fontsize=10)
    ax.legend(frameon=False, fontsize=9, loc="lower right")
    save(result, path)

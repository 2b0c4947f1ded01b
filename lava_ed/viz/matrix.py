"""Confusion matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.viz.plot import Plot
from lava_ed.viz.style import COLUMN, LINE, PALETTE, TEXT, figure, name_in_figure

MOST_LABELS: Final = 20
"""Classes that are all labelled."""


def confusion_plot(matrix: npt.NDArray[np.integer[Any]], names: Sequence[str] = ()) -> Plot:
    """A confusion matrix (K, K): rows are labels, columns decisions, shade the share of the row.

    Classes without `names` are called by their numbers.
    """
    from matplotlib.patches import Rectangle

    classes = len(matrix)
    names = names or [str(k) for k in range(classes)]
    shown = [name_in_figure(name, 14) for name in names]
    short = max(len(name) for name in shown) < 4
    result, (ax,) = figure(COLUMN, COLUMN * (0.94 if short else 1.0))
    rows = np.maximum(matrix.sum(axis=1), 1)
    digits = len(str(matrix.max()))
    counted = classes * digits * TEXT * 0.64 < 60 * COLUMN  # what fits in cells is written there, the rest in hints
    hints = {}
    for (label, decided), count in np.ndenumerate(matrix):
        if not count and classes > MOST_LABELS:  # ten thousand empty cells would make a page slow
            continue
        right = label == decided
        # Errors are few: the root of their share shows them beside the diagonal.
        shade = float(count / rows[label]) ** 0.5 * (0.45 if right else 1.0)
        gid, corner = f"cell-{label}-{decided}", (decided - 0.5, label - 0.5)
        colour = PALETTE[0] if right else PALETTE[1]
        ax.add_patch(Rectangle(corner, 1, 1, facecolor=colour, alpha=shade * 0.8, linewidth=0, gid=gid))
        if count and counted:
            ax.text(decided, label, f"{count}", ha="center", va="center", fontsize=TEXT)
        outcome = "decided rightly" if right else f"decided as {names[decided]}"
        hints[gid] = f"{count} of {matrix[label].sum()} samples of class {names[label]} {outcome}"
    lines = np.arange(classes + 1) - 0.5
    ax.hlines(lines, -0.5, classes - 0.5, color=LINE, linewidth=0.4)
    ax.vlines(lines, -0.5, classes - 0.5, color=LINE, linewidth=0.4)
    ax.set(xlim=(-0.5, classes - 0.5), ylim=(classes - 0.5, -0.5), aspect="equal")
    # As many labels as can be read: all of up to MOST_LABELS classes.
    ticks = range(0, classes, -(-classes // MOST_LABELS))
    ax.set_xticks(ticks, [shown[k] for k in ticks], rotation=0 if short and len(ticks) <= 12 else 90)
    ax.set_yticks(ticks, [shown[k] for k in ticks])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    if short:
        ax.set(xlabel="decided class", ylabel="true class")
    else:  # names take the room of a label
        ax.set_xlabel("decided class; rows: the true class", x=1, ha="right")
    return Plot("confusion", "Confusion matrix", result, _in_words(matrix, names), hints)


def _in_words(matrix: npt.NDArray[np.integer[Any]], names: Sequence[str]) -> str:
    """How many decisions are right, and the most frequent error."""
    total, right = int(matrix.sum()), int(np.trace(matrix))
    text = f"Confusion matrix of {len(matrix)} classes: {right} of {total} samples on the diagonal"
    if right == total:
        return f"{text}."
    wrong = matrix - np.diag(np.diag(matrix))
    label, decided = divmod(int(np.argmax(wrong)), len(matrix))
    error = f"class {names[label]} decided as {names[decided]}, {wrong[label, decided]} times"
    return f"{text}; the most frequent error is {error}."

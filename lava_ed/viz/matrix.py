"""Confusion matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.viz.plot import Plot
from lava_ed.viz.style import COLUMN, LINE, PALETTE, figure


def confusion_plot(matrix: npt.NDArray[np.integer[Any]]) -> Plot:
    """A confusion matrix: rows are labels, columns decisions, shade the share of the row.

    Parameters
    ----------
    matrix : int (K, K)
        Samples by label and decision.
    """
    from matplotlib.patches import Rectangle

    classes = len(matrix)
    result, (ax,) = figure(COLUMN, COLUMN * 0.92)
    rows = np.maximum(matrix.sum(axis=1), 1)
    size = min(9.0, 90 / classes)
    hints = {}
    for label in range(classes):
        for decided in range(classes):
            count = int(matrix[label, decided])
            right = label == decided
            # Errors are few: the root of their share shows them beside the diagonal.
            shade = float(count / rows[label]) ** 0.5 * (0.45 if right else 1.0)
            gid = f"cell-{label}-{decided}"
            face = PALETTE[0] if right else PALETTE[1]
            corner = (decided - 0.5, label - 0.5)
            ax.add_patch(Rectangle(corner, 1, 1, facecolor=face, alpha=shade * 0.8, linewidth=0, gid=gid))
            if count:
                ax.text(decided, label, f"{count}", ha="center", va="center", fontsize=size)
            outcome = "decided rightly" if right else f"decided as {decided}"
            hints[gid] = f"{count} of {matrix[label].sum()} samples of class {label} {outcome}"
    lines = np.arange(classes + 1) - 0.5
    ax.hlines(lines, -0.5, classes - 0.5, color=LINE, linewidth=0.4)
    ax.vlines(lines, -0.5, classes - 0.5, color=LINE, linewidth=0.4)
    ax.set_xlim(-0.5, classes - 0.5)
    ax.set_ylim(classes - 0.5, -0.5)
    ax.set_aspect("equal")
    ax.set_xticks(range(classes))
    ax.set_yticks(range(classes))
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("decided class")
    ax.set_ylabel("true class")
    return Plot("confusion", "Confusion matrix", result, _in_words(matrix), hints)


def _in_words(matrix: npt.NDArray[np.integer[Any]]) -> str:
    total, right = int(matrix.sum()), int(np.trace(matrix))
    wrong = matrix - np.diag(np.diag(matrix))
    text = f"Confusion matrix of {len(matrix)} classes: {right} of {total} samples on the diagonal"
    if right == total:
        return f"{text}."
    label, decided = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    return f"{text}; the most frequent error is class {label} decided as {decided}, {wrong[label, decided]} times."

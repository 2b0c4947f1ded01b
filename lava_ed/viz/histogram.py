"""Histograms of stored weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.viz.plot import Plot
from lava_ed.viz.style import COLUMN, INK, PALETTE, above, figure

_BINS = 64
_LOW, _HIGH = -256, 256


def weight_plot(
    name: str, weights: npt.NDArray[np.integer[Any]], before: npt.NDArray[np.integer[Any]] | None = None
) -> Plot:
    """How often each weight occurs, and how often it did before training.

    Parameters
    ----------
    name : str
        Of the connection.
    weights, before : int arrays of one shape
        Weights as the chip uses them, −256 … 254.
    """
    edges = np.linspace(_LOW, _HIGH, _BINS + 1)
    counts, _ = np.histogram(weights, edges)
    result, (ax,) = figure(COLUMN, 2.8)
    hints = {}
    for k, count in enumerate(counts):
        gid = f"bin-{k}"
        ax.bar(edges[k], count, width=edges[1] - edges[0], align="edge", color=PALETTE[0], gid=gid)
        hints[gid] = f"{count:,} weights from {edges[k]:.0f} to {edges[k + 1] - 2:.0f}"
    # A bar container hands its gid to no bar: the patches carry them.
    for k, patch in enumerate(ax.patches):
        patch.set_gid(f"bin-{k}")
    if before is not None:
        ax.stairs(np.histogram(before, edges)[0], edges, color=INK, linestyle="--", label="before training")
        ax.plot([], [], color=PALETTE[0], linewidth=6, label="after training")
        above(ax)
    ax.set_yscale("symlog", linthresh=10)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylim(bottom=0)
    ax.set_xlabel("weight (chip units)")
    ax.set_ylabel("synapses")
    ends = int(np.count_nonzero(weights == -256) + np.count_nonzero(weights >= 254))
    alt = (
        f"Histogram of the {weights.size:,} weights of {name}: from {weights.min()} to {weights.max()}, mean "
        f"{weights.mean():.1f}, standard deviation {weights.std():.1f}; {ends:,} at the ends of the range."
    )
    return Plot(f"weights-{name}", f"Weights of {name}", result, alt, hints)

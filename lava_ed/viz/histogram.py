"""Histograms of stored weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.viz.plot import Plot
from lava_ed.viz.style import COLUMN, INK, PALETTE, above, figure

Weights = npt.NDArray[np.integer[Any]]


def at_the_ends(weights: Weights) -> int:
    """How many weights are the least or the largest that the chip holds."""
    return int(np.count_nonzero(weights == -256) + np.count_nonzero(weights >= 254))


def weight_plot(name: str, weights: Weights, before: Weights | None = None) -> Plot:
    """How often each weight of a connection occurs, −256 … 254 as the chip uses them, and how often before training."""
    edges = np.linspace(-256, 256, 65)
    counts, _ = np.histogram(weights, edges)
    result, (ax,) = figure(COLUMN, 2.8)
    bars = ax.bar(edges[:-1], counts, width=edges[1] - edges[0], align="edge", color=PALETTE[0])
    hints = {}
    for k, bar in enumerate(bars):
        bar.set_gid(f"bin-{k}")
        hints[f"bin-{k}"] = f"{counts[k]:,} weights from {edges[k]:.0f} to {edges[k + 1] - 2:.0f}"
    if before is not None:
        ax.stairs(np.histogram(before, edges)[0], edges, color=INK, linestyle="--", label="before training")
        ax.plot([], [], color=PALETTE[0], linewidth=6, label="after training")
        above(ax)
    ax.set_yscale("symlog", linthresh=10)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylim(bottom=0)
    ax.set(xlabel="weight (chip units)", ylabel="synapses")
    alt = (
        f"Histogram of the {weights.size:,} weights of {name}: from {weights.min()} to {weights.max()}, mean "
        f"{weights.mean():.1f}, standard deviation {weights.std():.1f}; {at_the_ends(weights):,} at the ends of the "
        "range."
    )
    return Plot(f"weights-{name}", f"Weights of {name}", result, alt, hints)

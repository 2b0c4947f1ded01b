"""Recordings of event cameras as pictures over time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.viz.plot import Plot
from lava_ed.viz.style import COLUMN, figure


def recording_plot(
    counts: npt.NDArray[np.integer[Any]], seconds: float | None, name: str = "", key: str = "recording"
) -> Plot:
    """Events in equal parts of a recording, (parts, 2, height, width): ON towards red, OFF towards blue.

    Without `seconds`, the parts are numbered.
    """
    parts, _, height, width = counts.shape
    result, axes = figure(COLUMN * parts / 3, COLUMN / 3 * max(height / width, 0.5) + 0.4, parts)
    difference = counts[:, 1].astype(np.int64) - counts[:, 0]
    # The busiest pixels would leave nothing to see of the others.
    most = max(1.0, float(np.quantile(np.abs(difference[difference != 0]), 0.95)) if difference.any() else 1.0)
    for k, ax in enumerate(axes):
        ax.imshow(difference[k], cmap="RdBu_r", vmin=-most, vmax=most, interpolation="nearest")
        title = f"{k + 1} of {parts}" if seconds is None else f"{1e3 * seconds * k / parts:.0f} ms"
        ax.set(xticks=[], yticks=[], title=title)
    span = "" if seconds is None else f" of {seconds:.3f} s"
    alt = f"Recording {name}: {counts.sum()} events on {width} by {height} pixels in {parts} parts{span}."
    return Plot(key, "Events over time: more light red, less light blue", result, alt)

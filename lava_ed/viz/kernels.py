"""Pictures of kernels, before and after learning."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.viz.plot import Plot
from lava_ed.viz.style import COLUMN, TEXT, figure

MOST: Final = 64
"""Kernels that are drawn."""
_ACROSS: Final = 8


def kernel_plot(
    name: str, before: npt.NDArray[Any], after: npt.NDArray[Any], moved: npt.NDArray[np.float64], on_off: bool = False
) -> Plot:
    """The kernels (channels, sources, rows, columns) of a connection: above as they began, below as they ended.

    Three sources are red, green and blue; of six, with `on_off`, the last three are subtracted from the first; of
    other numbers the mean is drawn.  `moved` has one value a kernel, for the words.
    """
    count = min(len(after), MOST)
    scale = max(float(np.abs(after).max()), float(np.abs(before).max()), 1.0)
    rows = math.ceil(count / _ACROSS)
    result, axes = figure(COLUMN, 2 * (0.5 * rows + 0.35), 0)
    axes = [result.add_subplot(2, 1, k + 1) for k in range(2)]
    for ax, kernels, title in zip(axes, (before, after), ("before learning", "after learning"), strict=True):
        ax.imshow(_sheet(kernels[:count], scale, on_off), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        ax.set_title(title, fontsize=TEXT, loc="left")
        ax.set_axis_off()
    alt = (
        f"{count} of the {len(after)} kernels of {name}, before and after learning; on average a kernel moved by "
        f"{moved.mean():.2f} of its length, the least by {moved.min():.2f}, the farthest by {moved.max():.2f}."
    )
    return Plot(f"kernels-{name}", f"Kernels of {name}", result, alt)


def _sheet(kernels: npt.NDArray[Any], scale: float, on_off: bool) -> npt.NDArray[np.float64]:
    """Kernels side by side with white lines between them; 0 is grey, `scale` white."""
    sources = kernels.shape[1]
    if on_off and sources % 2 == 0:
        kernels, sources = kernels[:, : sources // 2] - kernels[:, sources // 2 :], sources // 2
    if sources != 3:
        kernels = kernels.mean(axis=1, keepdims=True)
    side = kernels.shape[-1]
    rows = math.ceil(len(kernels) / _ACROSS)
    sheet = np.ones((rows * (side + 1) + 1, _ACROSS * (side + 1) + 1, kernels.shape[1]))
    for k, kernel in enumerate(kernels):
        y, x = (1 + n * (side + 1) for n in divmod(k, _ACROSS))
        sheet[y : y + side, x : x + side] = np.clip(0.5 + kernel.transpose(1, 2, 0) / (2 * scale), 0, 1)
    return sheet if sheet.shape[2] == 3 else sheet[..., 0]

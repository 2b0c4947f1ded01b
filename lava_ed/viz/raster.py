"""Spike rasters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.viz.plot import Plot, band
from lava_ed.viz.style import COLUMN, INK, LINE, SHORT, TEXT, colour_of, figure, name_in_figure, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKS: Final = ("|", ".", "x")
_FEW: Final = 0.12
"""Smallest share of the height that a layer gets, however few neurons it has."""


@dataclass(frozen=True)
class Raster:
    """Spikes of one sample of so many time steps."""

    title: str
    layers: Mapping[str, tuple[int, npt.NDArray[np.int64], npt.NDArray[np.int64]]]
    """Layers by name, as (neurons, times, indices): number of neurons, and time step and neuron of each spike."""
    marks: Mapping[str, int]
    """Time steps, by name, of events worth a vertical line, for example the arrival of the error."""
    steps: int

    def draw_marks(self, ax: Axes) -> None:
        """Draw a vertical line for each mark."""
        for k, (name, time) in enumerate(self.marks.items()):
            ax.axvline(time, color=INK, linestyle=("--", ":")[k % 2], linewidth=0.8, label=name_in_figure(name))

    def label_time(self, ax: Any, **ticks: Any) -> None:
        """Give the axes the time steps of the sample."""
        ax.set_xlim(-0.8, self.steps - 0.2)
        ax.xaxis.get_major_locator().set_params(integer=True, **ticks)
        ax.set_xlabel("time step of the sample")


def spike_raster(rasters: Sequence[Raster], path: str | PathLike[str]) -> None:
    """Draw samples' spikes into a picture file, one panel each, layers stacked from the input upwards."""
    result, axes = figure(4.4 * len(rasters), 4.4, len(rasters))
    for ax, raster in zip(axes, rasters, strict=True):
        base = 0
        for k, (name, (neurons, times, indices)) in enumerate(raster.layers.items()):
            ax.scatter(
                times, indices + base, s=14, marker=_MARKS[k % len(_MARKS)], linewidths=1, color=colour_of(k),
                label=f"{name_in_figure(name)}: {len(times)} spikes",
            )  # fmt: skip
            base += neurons
            ax.axhline(base - 0.5, color=LINE, linewidth=0.6)
        raster.draw_marks(ax)
        raster.label_time(ax)
        ax.set(ylim=(-1, base), ylabel="neuron (layers stacked)")
        ax.set_title(name_in_figure(raster.title, 44), loc="left", fontsize=10)
        long = any(len(name_in_figure(name)) > SHORT for name in (*raster.layers, *raster.marks))
        ax.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=1 if long else 2)
    save(result, path)


def raster_plot(key: str, raster: Raster) -> Plot:
    """The spikes of a sample, a panel for each layer, the input below; as one light path a layer."""
    layers = list(raster.layers.items())[::-1]
    total = sum(neurons for _, (neurons, _, _) in layers)
    heights = [max(neurons / total, _FEW) for _, (neurons, _, _) in layers]
    result, _ = figure(COLUMN, 2.6 + 0.5 * len(layers), 0)
    axes = result.subplots(len(layers), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    hints = {}
    for k, (ax, (name, (neurons, times, indices))) in enumerate(zip(axes, layers, strict=True)):
        _draw_layer(ax, neurons, times, indices, colour_of(len(layers) - 1 - k))
        raster.draw_marks(ax)
        band(ax, -0.5, neurons - 0.5, f"layer-{name}", across=True)
        fired = np.unique(indices).size
        hints[f"layer-{name}"] = f"{name}: {len(times):,} spikes, {fired:,} of {neurons:,} neurons fired"
        ax.set_title(f"{name_in_figure(name)} · {len(times):,} spikes", loc="left", fontsize=TEXT, pad=4)
    axes[0].legend(
        frameon=False, fontsize=TEXT, loc="lower right", bbox_to_anchor=(1, 1.0), ncols=2, borderaxespad=0,
        borderpad=0.1, handlelength=1.4, handletextpad=0.5,
    )  # fmt: skip
    raster.label_time(axes[-1], min_n_ticks=1)
    result.supylabel("neuron", fontsize=TEXT)
    alt = f"Spike raster, {raster.title}, {raster.steps} time steps. {'; '.join([*hints.values()][::-1])}."
    return Plot(key, f"Spikes: {raster.title}", result, alt, hints)


def _draw_layer(
    ax: Axes, neurons: int, times: npt.NDArray[np.int64], indices: npt.NDArray[np.int64], colour: str
) -> None:
    """Draw a short vertical stroke for every spike, all of them one path, which keeps a page small."""
    half = max(0.5, neurons / 110)
    y = indices[:, None] + np.array([-half, half, np.nan])
    (line,) = ax.plot(np.repeat(times, 3), y.ravel(), color=colour, linewidth=1.1, solid_capstyle="butt")
    line.get_path().should_simplify = False
    ax.set_ylim(-0.5 - half, neurons - 0.5 + half)
    ax.set_yticks(sorted({0, neurons - 1}))
    ax.spines[["top", "right"]].set_visible(False)

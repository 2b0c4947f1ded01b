"""Spike rasters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike

import numpy as np
import numpy.typing as npt

from lava_ed.viz.style import PALETTE, figure, save

_MARKS = ("|", ".", "x")


@dataclass(frozen=True)
class Raster:
    """Spikes of one sample.

    Attributes
    ----------
    title : str
    layers : mapping of name to (neurons, times, indices)
        How many neurons a layer has, and of each spike its time step and neuron.
    marks : mapping of name to time step
        Events worth a vertical line, for example the arrival of the error.
    steps : int
        Time steps of the sample.
    """

    title: str
    layers: Mapping[str, tuple[int, npt.NDArray[np.int64], npt.NDArray[np.int64]]]
    marks: Mapping[str, int]
    steps: int


def spike_raster(rasters: Sequence[Raster], path: str | PathLike[str]) -> None:
    """Draw the spikes of a sample, one panel each, layers stacked from the input upwards.

    Parameters
    ----------
    rasters : sequence of Raster
    path : path-like
        Of the picture.
    """
    result, axes = figure(4.4 * len(rasters), 4.4, len(rasters))
    for ax, raster in zip(axes, rasters, strict=True):
        base = 0
        for k, (name, (neurons, times, indices)) in enumerate(raster.layers.items()):
            ax.scatter(
                times, indices + base, s=14, marker=_MARKS[k % len(_MARKS)], linewidths=1,
                color=PALETTE[k % len(PALETTE)], label=f"{name}: {len(times)} spikes",
            )  # fmt: skip
            base += neurons
            ax.axhline(base - 0.5, color="#bbbbbb", linewidth=0.6)
        for k, (name, time) in enumerate(raster.marks.items()):
            ax.axvline(time, color="black", linestyle=("--", ":")[k % 2], linewidth=0.8, label=name)
        ax.set_xlim(-0.8, raster.steps - 0.2)
        ax.set_ylim(-1, base)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.set_xlabel("time step of the sample")
        ax.set_ylabel("neuron (layers stacked)")
        ax.set_title(raster.title, loc="left", fontsize=10)
        ax.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
    save(result, path)

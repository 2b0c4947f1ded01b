"""Plots of a diagnosis."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from lava_ed.viz.style import MARKERS, PALETTE, figure, name_in_figure, powers, save


def diagnosis_plots(value: Mapping[str, Any], path: str | PathLike[str]) -> None:
    """Draw shares of neurons, norms of gradients, and reversed components against the epoch.

    Parameters
    ----------
    value : mapping
        As `lava_ed.diagnose.diagnose_run` returns it.
    path : path-like
        Of the picture.
    """
    result, (shares, norms, signs) = figure(12.6, 3.8, 3)
    epochs = value["epochs"]
    at = [row["epoch"] for row in epochs]
    lines = [(what, layer) for layer in epochs[0]["silent"] for what in ("silent", "saturated", "dead")]
    for k, (what, layer) in enumerate(lines):
        shares.plot(at, [100 * row[what][layer] for row in epochs], color=PALETTE[k % len(PALETTE)],
                    marker=MARKERS[k % len(MARKERS)], markersize=4, label=f"{layer}: {what}")  # fmt: skip
    shares.set_ylabel("share of neurons (%)")
    shares.set_ylim(-2, 102)
    for k, dense in enumerate(epochs[0]["gradient_norms"]):
        for name, style in (("p50", "-"), ("p99", "--")):
            values = [row["gradient_norms"][dense].get(name) or None for row in epochs]
            points = [(x, y) for x, y in zip(at, values, strict=True) if y is not None]
            if points:
                norms.plot(*zip(*points, strict=True), color=PALETTE[k % len(PALETTE)], linestyle=style,
                           marker=MARKERS[k % len(MARKERS)], markersize=4, label=f"{dense}: {name}")  # fmt: skip
    if norms.lines:
        norms.set_yscale("log")
        powers(norms.yaxis)
    else:
        norms.text(0.5, 0.5, "no sample had a gradient", ha="center", transform=norms.transAxes)
    norms.set_ylabel("norm of a sample's gradient (rule's units)")
    shown = [(row["epoch"], 100 * row["reversal"]["share"]) for row in epochs if row["reversal"]["share"] is not None]
    if shown:
        signs.plot(*zip(*shown, strict=True), color=PALETTE[1], marker=MARKERS[1], markersize=4)
    signs.set_ylabel("components of reversed sign (%)")
    signs.set_ylim(bottom=-0.1)
    for ax in (shares, norms, signs):
        ax.set_xlabel("epoch")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.grid(axis="y", color="#dddddd", linewidth=0.6)
        ax.set_axisbelow(True)
    for ax in (shares, norms):
        if ax.lines:
            ax.legend(frameon=False, fontsize=8)
    net = "-".join(map(str, value["sizes"]))
    title = f"{value['rule']}, {value['dataset']}, {net}"
    shares.set_title(name_in_figure(title, 60), loc="left", fontsize=10)
    save(result, path)

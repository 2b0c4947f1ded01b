"""Plots of a diagnosis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from lava_ed.viz.style import colour_of, figure, grid, marker_of, name_in_figure, powers, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def diagnosis_plots(value: Mapping[str, Any], path: str | PathLike[str]) -> None:
    """Draw shares of neurons, norms of gradients, reversed components, and how far kernels moved, against the epoch.

    `value` is what `lava_ed.diagnose.diagnose_run` returns.
    """
    measured = value.get("not_measured") is None
    result, (*others, moves) = figure(16.8 if measured else 5.2, 3.8, 4 if measured else 1)
    epochs = value["epochs"]

    def line(ax: Axes, k: int, values: Sequence[float | None], **style: Any) -> None:
        """Draw the epochs that have a value."""
        points = [(row["epoch"], y) for row, y in zip(epochs, values, strict=True) if y is not None]
        if points:
            ax.plot(*zip(*points, strict=True), color=colour_of(k), marker=marker_of(k), markersize=4, **style)

    for k, name in enumerate(epochs[0].get("movement", {})):
        line(moves, k, [row["movement"][name]["moved"] for row in epochs], label=name)
    moves.set_ylabel("‖w − w₀‖ / ‖w₀‖, mean over kernels")
    moves.set_ylim(bottom=0)
    if measured:
        _measured(epochs, line, *others)
    for ax in (*others, moves):
        ax.set_xlabel("epoch")
        ax.xaxis.get_major_locator().set_params(integer=True)
        grid(ax)
        if len(ax.lines) > 1:
            ax.legend(frameon=False, fontsize=8)
    net = "-".join(map(str, value["sizes"]))
    first = others[0] if measured else moves
    first.set_title(name_in_figure(f"{value['rule']}, {value['dataset']}, {net}", 60), loc="left", fontsize=10)
    save(result, path)


def _measured(epochs: Sequence[Any], line: Any, shares: Axes, norms: Axes, signs: Axes) -> None:
    """What only nets have whose gradients are measured."""
    lines = [(what, layer) for layer in epochs[0]["silent"] for what in ("silent", "saturated", "dead")]
    for k, (what, layer) in enumerate(lines):
        line(shares, k, [100 * row[what][layer] for row in epochs], label=f"{layer}: {what}")
    shares.set(ylabel="share of neurons (%)", ylim=(-2, 102))
    for k, dense in enumerate(epochs[0]["gradient_norms"]):
        for name, style in (("p50", "-"), ("p99", "--")):
            values = [row["gradient_norms"][dense].get(name) or None for row in epochs]
            line(norms, k, values, linestyle=style, label=f"{dense}: {name}")
    if norms.lines:
        norms.set_yscale("log")
        powers(norms.yaxis)
    else:
        norms.text(0.5, 0.5, "no sample had a gradient", ha="center", transform=norms.transAxes)
    norms.set_ylabel("norm of a sample's gradient (rule's units)")
    reversed_shares = [row["reversal"]["share"] for row in epochs]
    line(signs, 1, [None if share is None else 100 * share for share in reversed_shares])
    signs.set_ylabel("components of reversed sign (%)")
    signs.set_ylim(bottom=-0.1)

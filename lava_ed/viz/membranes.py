"""Membranes and thresholds during one sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lava_ed.viz.plot import Plot, band
from lava_ed.viz.style import COLUMN, INK, LINE, PALETTE, above, figure, name_in_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lava_ed.train.probe import Trace

_STYLES = ("-", "--", ":", "-.")


def membrane_plot(key: str, trace: Trace) -> Plot:
    """Membranes of a few hidden neurons under their threshold, after each time step of a sample."""
    from matplotlib.ticker import MaxNLocator

    result, (ax,) = figure(COLUMN, 3.0)
    steps = np.arange(trace.membranes.shape[1])
    for k, (neuron, membrane) in enumerate(zip(trace.neurons, trace.membranes, strict=True)):
        style = _STYLES[k % len(_STYLES)]
        ax.plot(
            steps,
            membrane,
            color=PALETTE[k % len(PALETTE)],
            linestyle=style,
            linewidth=1.4,
            label=f"neuron {neuron}",
            drawstyle="steps-post",
        )
    ax.plot(steps, trace.threshold, color=INK, linewidth=1.6, label="threshold", drawstyle="steps-post")
    hints = _step_hints(ax, trace, [f"neuron {n}" for n in trace.neurons])
    ax.axhline(0, color=LINE, linewidth=0.6)
    ax.set_xlabel("time step of the sample")
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    ax.set_ylabel(f"v ({trace.unit})")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    above(ax)
    live = trace.threshold[~np.isnan(trace.threshold)]
    if not live.size:
        shape = "which is never set"
    elif live[0] == live[-1]:
        shape = f"constant at {live[-1]:,.0f}"
    else:
        shape = f"falling from {live[0]:,.0f} to {live[-1]:,.0f}"
    names = ", ".join(map(str, trace.neurons))
    alt = f"Membranes of neurons {names} of {trace.layer} by time step, and the threshold, {shape}."
    return Plot(key, f"Membranes and threshold, {trace.layer}", result, alt, hints)


def output_plot(key: str, trace: Trace, label: int, decided: int, names: Sequence[str] = ()) -> Plot:
    """Membranes of all output neurons; the label's and the decided one's stand out.

    Parameters
    ----------
    key : str
    trace : Trace
        Of the output layer, all of its neurons.
    label, decided : int
        Classes.
    names : sequence of str
        Of the classes; default: "class" and their number.
    """
    names = names or [f"class {k}" for k in range(len(trace.membranes))]
    shown = {k: name_in_figure(names[k], 16) for k in (label, decided)}
    from matplotlib.ticker import MaxNLocator

    result, (ax,) = figure(COLUMN, 3.0)
    steps = np.arange(trace.membranes.shape[1])
    for neuron, membrane in zip(trace.neurons, trace.membranes, strict=True):
        if neuron not in (label, decided):
            ax.plot(steps, membrane, color=LINE, linewidth=0.9, drawstyle="steps-post")
    if label != decided:
        ax.plot(
            steps, trace.membranes[label], color=PALETTE[1], linestyle="--", label=f"{shown[label]} (label)",
            drawstyle="steps-post",
        )  # fmt: skip
    name = f"{shown[decided]} (label, decided)" if label == decided else f"{shown[decided]} (decided)"
    ax.plot(steps, trace.membranes[decided], color=PALETTE[0], label=name, drawstyle="steps-post")
    ax.plot([], [], color=LINE, label="other classes")
    hints = _step_hints(ax, trace, [names[n] for n in trace.neurons])
    ax.set_xlabel("time step of the sample")
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    ax.set_ylabel(f"v ({trace.unit})")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    above(ax)
    final = trace.membranes[:, -1]
    alt = (
        f"Output membranes by time step; at the end {names[decided]} (decided) is at {final[decided]:,}, "
        f"{names[label]} (the label) at {final[label]:,}."
    )
    return Plot(key, "Output membranes", result, alt, hints)


def _step_hints(ax: Axes, trace: Trace, names: list[str]) -> dict[str, str]:
    """An invisible band over every time step, with the values there."""
    hints = {}
    for step in range(trace.membranes.shape[1]):
        gid = f"step-{step}"
        band(ax, step - 0.5, step + 0.5, gid)
        lines = [f"{name}: {v:,}" for name, v in zip(names, trace.membranes[:, step], strict=True)]
        if not np.isnan(trace.threshold[step]):
            lines.append(f"threshold: {trace.threshold[step]:,.0f}")
        hints[gid] = "\n".join([f"time step {step}", *lines])
    return hints

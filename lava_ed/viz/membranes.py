"""Membranes and thresholds during one sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from lava_ed.viz.plot import Plot, bands
from lava_ed.viz.style import COLUMN, INK, LINE, PALETTE, above, colour_of, figure, name_in_figure, whole_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lava_ed.evaluation.probe import Trace

_STYLES: Final = ("-", "--", ":", "-.")


def membrane_plot(key: str, trace: Trace) -> Plot:
    """Membranes of a few hidden neurons under their threshold, after each time step of a sample."""
    result, (ax,) = figure(COLUMN, 3.0)
    steps = np.arange(trace.membranes.shape[1])
    names = [f"neuron {n}" for n in trace.neurons]
    for k, (name, membrane) in enumerate(zip(names, trace.membranes, strict=True)):
        style = _STYLES[k % len(_STYLES)]
        ax.step(steps, membrane, where="post", color=colour_of(k), linestyle=style, linewidth=1.4, label=name)
    ax.step(steps, trace.threshold, where="post", color=INK, linewidth=1.6, label="threshold")
    ax.axhline(0, color=LINE, linewidth=0.6)
    live = trace.threshold[~np.isnan(trace.threshold)]
    if not live.size:
        shape = "which is never set"
    elif live[0] == live[-1]:
        shape = f"constant at {live[-1]:,.0f}"
    else:
        shape = f"falling from {live[0]:,.0f} to {live[-1]:,.0f}"
    neurons = ", ".join(map(str, trace.neurons))
    alt = f"Membranes of neurons {neurons} of {trace.layer} by time step, and the threshold, {shape}."
    return Plot(key, f"Membranes and threshold, {trace.layer}", result, alt, _label_steps(ax, trace, names))


def output_plot(key: str, trace: Trace, label: int, decided: int, names: Sequence[str] = ()) -> Plot:
    """Membranes of all output neurons; the label's and the decided one's stand out.

    Classes without `names` are called "class" and their number.
    """
    names = names or [f"class {k}" for k in range(len(trace.membranes))]
    result, (ax,) = figure(COLUMN, 3.0)
    steps = np.arange(trace.membranes.shape[1])
    for neuron, membrane in zip(trace.neurons, trace.membranes, strict=True):
        if neuron not in (label, decided):
            ax.step(steps, membrane, where="post", color=LINE, linewidth=0.9)
    if label != decided:
        name = f"{name_in_figure(names[label], 16)} (label)"
        ax.step(steps, trace.membranes[label], where="post", color=PALETTE[1], linestyle="--", label=name)
    name = f"{name_in_figure(names[decided], 16)} ({'label, ' if label == decided else ''}decided)"
    ax.step(steps, trace.membranes[decided], where="post", color=PALETTE[0], label=name)
    ax.plot([], [], color=LINE, label="other classes")
    final = trace.membranes[:, -1]
    alt = (
        f"Output membranes by time step; at the end {names[decided]} (decided) is at {final[decided]:,}, "
        f"{names[label]} (the label) at {final[label]:,}."
    )
    return Plot(key, "Output membranes", result, alt, _label_steps(ax, trace, [names[n] for n in trace.neurons]))


def _label_steps(ax: Axes, trace: Trace, names: Sequence[str]) -> dict[str, str]:
    """Label the axes of a trace; returns hints on every time step, with the values there."""
    ax.set(xlabel="time step of the sample", ylabel=f"v ({trace.unit})")
    whole_numbers(ax.xaxis, 6)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    lines = {}
    for step in range(trace.membranes.shape[1]):
        values = zip(names, trace.membranes[:, step], strict=True)
        lines[step] = [f"time step {step}", *(f"{name}: {v:,}" for name, v in values)]
        if not np.isnan(trace.threshold[step]):
            lines[step].append(f"threshold: {trace.threshold[step]:,.0f}")
    hints = bands(ax, "step", lines)
    above(ax)
    return hints

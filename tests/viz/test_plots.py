"""Plots: what is drawn, and that no display is touched."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from lava_ed.errors import RunFolderError
from lava_ed.evaluation.probe import Trace
from lava_ed.viz import Raster, learning_curves, spike_raster
from lava_ed.viz import curves as curves_module
from lava_ed.viz.bars import stacked_bars
from lava_ed.viz.histogram import weight_plot
from lava_ed.viz.matrix import confusion_plot
from lava_ed.viz.membranes import membrane_plot, output_plot
from lava_ed.viz.raster import raster_plot
from lava_ed.viz.style import TEXT
from lava_ed.viz.svg import inline_svg

PNG = b"\x89PNG"


def rows(*values):
    return [{"epoch": k, "train_accuracy": v, "validation_accuracy": v} for k, v in enumerate(values, start=1)]


def test_learning_curves(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(curves_module, "save", lambda figure, path: drawn.append(figure))
    learning_curves({"A": rows(0.1, 0.8, 0.9), "B": rows(0.2, 0.7)}, tmp_path / "a.png", "title")
    (ax,) = drawn[0].axes
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "accuracy (%)")
    assert [line.get_label() for line in ax.lines] == [
        "A, validation", "A, training (online)", "B, validation", "B, training (online)",
    ]  # fmt: skip
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [10, 80, 90])
    styles = {(line.get_color(), line.get_linestyle(), line.get_marker()) for line in ax.lines}
    assert len(styles) == 4


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_the_legend_of_many_runs_covers_no_curve(count):
    """Of up to two it stands within or above the axes; the others' lies below them."""
    figure = curves_module.accuracy_plot({f"run {k}": rows(0.1, 0.8) for k in range(count)}).figure
    figure.canvas.draw()
    (ax,) = figure.axes
    assert len(figure.legends) == (count > 2)
    for legend in figure.legends:
        assert len(legend.get_texts()) == 2 * count
        assert not legend.get_window_extent().overlaps(ax.get_window_extent())


def test_one_epoch_without_validation(tmp_path):
    only = [{"epoch": 1, "train_accuracy": 0.5, "validation_accuracy": None}]
    learning_curves({"A": only}, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(PNG)


def test_no_epoch_lies_outside_the_axes():
    """One run of one epoch, far below the other's."""

    def rows(*accuracies):
        return [{"epoch": k, "train_accuracy": a, "validation_accuracy": a} for k, a in enumerate(accuracies, start=1)]

    for runs in ({"one": rows(0.97), "two": rows(0.61)}, {"one": rows(0.97)}, {"one": rows(0.2, 0.9, 0.95)}):
        (ax,) = curves_module.accuracy_plot(runs).figure.axes
        low, high = ax.get_ylim()
        shown = runs["one"][1:] or [row for run in runs.values() for row in run]
        assert all(low < 100 * row["validation_accuracy"] < high for row in shown)
        assert all(tick == int(tick) for tick in ax.get_xticks())
        assert ax.get_xlim()[1] > max(row["epoch"] for row in runs["one"])


def test_spike_raster(tmp_path):
    layers = {
        "input": (3, np.array([0, 1]), np.array([2, 0])),
        "hidden1": (2, np.array([], int), np.array([], int)),
    }
    spike_raster([Raster("A", layers, {"error": 5}, 7)] * 2, tmp_path / "r.png")
    assert (tmp_path / "r.png").read_bytes().startswith(PNG)


def test_a_file_that_cannot_be_written(tmp_path):
    with pytest.raises(RunFolderError):
        learning_curves({"A": rows(0.1)}, tmp_path / "nowhere" / "a.png")


def test_importing_viz_loads_no_matplotlib():
    code = "import sys, lava_ed.viz; print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


HOSTILE = ("$\\frac$", "_a \\$ $x$\n\x1b\u202e实验 🙂", 50 * "long ")


def texts_of(figure):
    """Every text that a figure shows, as it is drawn."""
    from matplotlib.text import Text

    figure.canvas.draw()
    found = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
    assert not any(text.get_parse_math() for text in found)
    return " ".join(text.get_text() for text in found)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_drawn_as_they_are(tmp_path, monkeypatch, name):
    """As markup they would end in an error, or a warning, which is one here, or not be shown."""
    from lava_ed.lava_graphs import profiler as lava_profiler
    from lava_ed.viz import bars, diagnosis, raster, style
    from lava_ed.viz.style import name_in_figure

    drawn = []
    saved = style.save

    def keep(figure, path):
        saved(figure, path)
        drawn.append(figure)

    monkeypatch.setattr(style, "DPI", 20)
    monkeypatch.setattr("lava_ed.viz.plot.DPI", 20)
    for module in (style, curves_module, raster, diagnosis):
        monkeypatch.setattr(module, "save", keep)
    shown = name_in_figure(name)
    path = tmp_path / "a.png"
    runs = {name: rows(0.1, 0.8), f"{name}2": rows(0.1, 0.9), f"{name}3": rows(0.2)}
    learning_curves(runs, path, name)
    spike_raster([Raster(name, {name: (2, np.array([0]), np.array([1]))}, {name: 1}, 3)], path)
    lava_profiler._bars({name: {"spikes": 1.0}}, ("spikes",), "share", str(path))
    diagnosis.diagnosis_plots(
        {
            "epochs": [
                {"epoch": k, **{what: {"hidden1": 0.5} for what in ("silent", "saturated", "dead")},
                 "gradient_norms": {"dense1": {"p50": 10.0**k, "p99": 100.0}}, "reversal": {"share": 0.5}}
                for k in (1, 4)
            ],
            "rule": name, "dataset": "digits", "sizes": [2, 2],
        },
        path,
    )  # fmt: skip
    for figure in drawn:
        assert shown[:12] in texts_of(figure)
    for plot in (
        curves_module.accuracy_plot(runs), curves_module.accuracy_plot({name: rows(0.5)}),
        bars.stacked_bars("bars", name, {name: {"forward": 1.0}}, f"µJ at {name}", ["forward"]),
    ):  # fmt: skip
        assert "\u202e" not in texts_of(plot.figure)
        assert "<svg" in inline_svg(plot)
        assert plot.png().startswith(PNG)
    (axes,) = drawn[0].axes
    assert axes.get_window_extent().width > 0.5 * drawn[0].bbox.width


def test_powers_of_ten_need_no_formula():
    from lava_ed.viz.style import figure, plain_texts, powers

    result, (ax,) = figure(4, 3)
    ax.plot([1, 2], [1e-5, 1e7])
    ax.set_yscale("log")
    powers(ax.yaxis)
    plain_texts(result)
    assert "$" not in texts_of(result)
    assert {"10⁻⁵", "0.1", "1000", "10⁷"} <= {label.get_text() for label in ax.get_yticklabels()} | {
        ax.yaxis.get_major_formatter()(value, 0) for value in (1e-5, 0.1, 1e3, 1e7)
    }


def test_curves_lie_within_their_axes():
    """From the first epoch on, however low it is."""
    for runs in ({"a": rows(0.1, 0.97, 0.98)}, {"a": rows(0.0)}, {k: rows(0.3 + 0.2 * k, 0.9) for k in range(3)}):
        (ax,) = curves_module.accuracy_plot({str(name): run for name, run in runs.items()}).figure.axes
        (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
        for line in ax.lines:
            x, y = np.transpose(line.get_xydata())
            assert left <= x.min() <= x.max() <= right
            assert low <= y.min() <= y.max() <= high


def test_lines_are_told_apart():
    from lava_ed.viz.style import colour_of, marker_of

    assert len({(colour_of(k), marker_of(k)) for k in range(36)}) == 36


NONE = np.array([], int)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: curves_module.accuracy_plot({"a": rows(0.0, 0.0)}),
        lambda: curves_module.activity_plot(
            [{"epoch": 1, "backward_messages": 0.0, "weight_writes": 0.0, "synaptic_updates": 0.0}]
        ),
        lambda: raster_plot("r", Raster("s", {"input": (1, NONE, NONE), "hidden1": (9999, NONE, NONE)}, {"m": 0}, 1)),
        lambda: membrane_plot("m", Trace("hidden1", np.arange(3), np.zeros((3, 9), int), np.full(9, np.nan))),
        lambda: output_plot("o", Trace("readout", np.arange(1), np.zeros((1, 5), int), np.full(5, np.nan)), 0, 0),
        lambda: confusion_plot(np.array([[5]])),
        lambda: confusion_plot(np.zeros((2, 2), int), ["a name that is rather long", "b"]),
        lambda: confusion_plot(np.diag([10_000] * 10)),
        lambda: confusion_plot(np.eye(100, dtype=int)),
        lambda: weight_plot("d", np.full((9, 9), -256), np.full((9, 9), 254)),
        lambda: stacked_bars("b", "t", {"a": {"f": 0.0}}, "µJ", ["f"]),
        lambda: stacked_bars("b", "t", {"a": {"f": 1e-12}, "b": {"f": 3e18}}, "µJ per sample at my-prices", ["f"]),
    ],
)
def test_extreme_data(draw):
    """Every figure is drawn without a warning, its texts are in it, large enough, and its ticks do not touch."""
    plot = draw()
    plot.figure.canvas.draw()
    assert len(inline_svg(plot)) < 300_000
    for ax in plot.figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            boxes = [label.get_window_extent() for label in axis.get_ticklabels() if label.get_text()]
            shown = [box for box in boxes if ax.get_window_extent().expanded(1.3, 1.3).overlaps(box)]
            assert not any(a.overlaps(b) for a, b in pairwise(shown))
            assert all(label.get_fontsize() >= TEXT for label in axis.get_ticklabels())


def test_classes_are_called_by_their_names():
    plot = confusion_plot(np.array([[3, 1], [0, 2]]), ["Bag", "Ankle boot"])
    assert {label.get_text() for label in plot.figure.axes[0].get_xticklabels()} == {"Bag", "Ankle boot"}
    assert plot.hints["cell-0-1"] == "1 of 4 samples of class Bag decided as Ankle boot"
    assert plot.alt.endswith("the most frequent error is class Bag decided as Ankle boot, 1 times.")

"""Plots: what is drawn, and that no display is touched."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from lava_ed.errors import RunFolderError
from lava_ed.viz import Raster, learning_curves, spike_raster
from lava_ed.viz import curves as curves_module
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
    from lava_ed.energy import lava_profiler
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

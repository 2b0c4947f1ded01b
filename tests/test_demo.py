"""The demonstration: its folder, its figures, and what it says about the two back ends."""

from __future__ import annotations

import pytest

from lava_ed import demo
from lava_ed.backends.parity import Parity
from lava_ed.errors import LavaNotInstalledError, RunFolderError

SETTINGS = {"hidden": (16,), "epochs": 2, "limit": 200}


@pytest.fixture
def outcome(monkeypatch):
    """What comparing with Lava's runtime gives, without running it."""

    def be(result):
        def compare(spec, data, samples):
            if isinstance(result, Exception):
                raise result
            return result

        monkeypatch.setattr(demo, "train_beside", compare)

    be(Parity(20, ["dense1.weights"], []))
    return be


def test_figures_and_pictures(outcome, tmp_path):
    value = demo.run_demo(tmp_path / "demo", **SETTINGS)
    assert value["equal"] is True
    assert {*value["rules"]} == {"std-ed", "mpd-ed"}
    for run in value["rules"].values():
        assert run["microjoules_training"] > run["microjoules_inference"] > 0
    for name in ("learning_curves.png", "spike_raster.png"):
        assert (tmp_path / "demo" / name).stat().st_size > 10_000


def test_an_earlier_demo_is_overwritten_but_nothing_else(outcome, tmp_path):
    folder = tmp_path / "demo"
    demo.run_demo(folder, **SETTINGS)
    (folder / "notes.txt").write_text("mine")
    demo.run_demo(folder, **SETTINGS)
    assert (folder / "notes.txt").read_text() == "mine"


def test_somebody_elses_folder_is_left_alone(outcome, tmp_path):
    (tmp_path / "std-ed").mkdir()
    (tmp_path / "std-ed" / "thesis.txt").write_text("years of work")
    with pytest.raises(RunFolderError, match="not made by lava-ed demo"):
        demo.run_demo(tmp_path, **SETTINGS)
    assert (tmp_path / "std-ed" / "thesis.txt").exists()


def test_a_mismatch_is_told(outcome, tmp_path):
    outcome(Parity(20, ["dense1.weights"], ["dense1.weights"]))
    value = demo.run_demo(tmp_path / "demo", **SETTINGS)
    assert value["equal"] is False
    assert value["parity"]["std-ed"]["differing"] == ["dense1.weights"]


def test_without_lava_the_comparison_is_skipped(outcome, tmp_path):
    outcome(LavaNotInstalledError("needs lava-nc"))
    value = demo.run_demo(tmp_path / "demo", **SETTINGS)
    assert value["parity"] == {"std-ed": None, "mpd-ed": None}
    assert value["equal"] is None

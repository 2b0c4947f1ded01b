"""`lava-ed demo`: its table, and its exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from lava_ed import demo
from lava_ed.cli.demo import ROWS


@pytest.fixture
def result(monkeypatch):
    """A result of the demonstration, without running it."""
    run = {
        "test_accuracy": 0.95, "spikes_per_neuron": {"hidden1": 0.5}, "backward_messages": 10.0,
        "synaptic_updates": 100.0, "weight_writes": 5.0, "microjoules_training": 2.5,
        "microjoules_inference": 1.5, "samples_per_second": 30_000.0,
    }  # fmt: skip
    parity = {"samples": 20, "equal": True, "compared": 9, "differing": [], "moved": 1234}
    value = {
        "rules": {"std-ed": run, "mpd-ed": run},
        "parity": {"std-ed": parity, "mpd-ed": parity},
        "equal": True,
        "price_list": "loihi1-davies2018",
        "pictures": ["demo/learning_curves.png"],
    }
    monkeypatch.setattr(demo, "run_demo", lambda out, reporter: value)
    return value


def test_table(lava_ed, result):
    outcome = lava_ed("demo")
    assert outcome.code == 0
    for text in (
        "95.00 %",
        "loihi1-davies2018",
        "equal bit for bit",
        "1,234 of them learned",
        "learning_curves.png",
    ):
        assert text in outcome.out
    assert lava_ed("demo", "--json").value["rules"] == result["rules"]


def test_a_mismatch_is_a_failure(lava_ed, result):
    result["equal"] = False
    result["parity"]["mpd-ed"] = {
        "samples": 20,
        "equal": False,
        "compared": 9,
        "differing": ["dense1.weights"],
    }
    outcome = lava_ed("demo")
    assert outcome.code == 1
    assert "MISMATCH in dense1.weights" in outcome.out


def test_no_lava(lava_ed, result):
    result["equal"], result["parity"] = None, {"std-ed": None, "mpd-ed": None}
    outcome = lava_ed("demo")
    assert outcome.code == 0
    assert "lava-nc is not installed" in outcome.out


def test_the_readme_shows_the_rows_that_are_printed():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    table = readme.partition("| per sample | STD-ED | MPD-ED |")[2].partition("\n\n")[0]
    assert [line.split("|")[1].strip() for line in table.splitlines()[2:]] == list(ROWS)

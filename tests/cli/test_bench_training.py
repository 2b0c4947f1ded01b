"""`lava-ed bench training`: what it measures and prints; never how fast it is."""

from __future__ import annotations

import importlib.util

import numpy as np

from lava_ed.bench.training import CONV_NETS, CONV_QUICK, NETS, TrainingRate, ratios, synthetic
from lava_ed.learning_rules import RULES

HAS_LAVA_DL = importlib.util.find_spec("torch") is not None


def rate(rule, hidden, steps, epoch_rate):
    return TrainingRate(rule, hidden, steps, 100, epoch_rate, 1.0, 1.0, 0.5, 1e-6, 3.0)


def test_json(lava_ed):
    outcome = lava_ed("bench", "training", "--quick", "--json")
    assert outcome.code == 0, outcome
    nets = [(rule, steps) for rule, _, steps in (*NETS, *CONV_NETS)]
    assert [(net["rule"], net["steps"]) for net in outcome.value["nets"]] == nets
    assert {rule.partition(" ")[0] for rule, _, _ in NETS} == {*RULES}
    for net in outcome.value["nets"]:
        assert net["samples"] == 200
        assert 0 < net["triggered"] <= 1
        assert net["bare_seconds"] > 0
        assert net["epoch_rate"] <= net["best_rate"]
    assert bool(outcome.value["slayer"]["nets"]) == HAS_LAVA_DL
    assert (outcome.value["slayer"]["why"] is None) == HAS_LAVA_DL


def test_without_lava_dl_it_says_so(lava_ed, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    outcome = lava_ed("bench", "training", "--quick", "--net", CONV_QUICK)
    assert outcome.code == 0
    assert "lava-dl is not installed" in outcome.out
    assert "lava-ed[dl]" in outcome.out
    assert "784-H-10" in outcome.out
    assert "ssgd" not in outcome.out


def test_a_net_that_is_not_timed_is_refused(lava_ed):
    outcome = lava_ed("bench", "training", "--quick", "--net", "12")
    assert outcome.code != 0
    assert "no net that is timed has 12: there are 2c3s3p1-p5-10, 8" in outcome.err


def test_ratios_pair_equal_nets():
    """The same hidden layer and T; a net without a partner has no ratio."""
    slayer = [{"hidden": 256, "steps": 30, "best_rate": 200.0}, {"hidden": 400, "steps": 8, "best_rate": 50.0}]
    rates = [rate("std-ed", 256, 30, 5000.0), rate("mpd-ed", 400, 8, 100.0), rate("mpd-ed", 256, 8, 7.0)]
    assert [(r["rule"], r["ratio"]) for r in ratios(rates, slayer)] == [("std-ed", 25.0), ("mpd-ed", 2.0)]


def test_synthetic_images_are_as_sparse_as_mnist():
    data = synthetic(500)
    assert data.images.shape == (500, 784)
    assert 0.15 < np.mean(data.images > 0) < 0.23
    assert set(data.labels) == set(range(10))

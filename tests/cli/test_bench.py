"""`lava-ed bench`: what it compares and prints; never how fast it is."""

from __future__ import annotations

import pytest

pytest.importorskip("lava", reason="stock Lava is what is measured, and needs Python 3.10")

from lava_ed.bench import engine as bench

pytestmark = pytest.mark.lava


def test_group_lists_its_commands(lava_ed):
    outcome = lava_ed("bench", "--help")
    assert outcome.code == 0
    assert "engine" in outcome.out


def test_a_group_without_a_command_is_bad_usage(lava_ed):
    assert lava_ed("bench").code == 2


def test_json(lava_ed):
    outcome = lava_ed("bench", "engine", "--quick", "--json", "--net", "stdp", "--net", "forward")
    assert outcome.code == 0, outcome
    assert [net["name"] for net in outcome.value["nets"]] == ["stdp", "forward"]
    for net in outcome.value["nets"]:
        assert net["equal"]
        assert net["differing"] == []
        assert net["compared"] > 10
        assert 0 < net["spikes"] < sum(net["sizes"])
        assert net["additions"] >= net["spikes"]


def test_table_and_exit_code_tell_of_a_difference(lava_ed, monkeypatch):
    monkeypatch.setattr(bench, "differing_vars", lambda one, other: ["LIF.v"])
    outcome = lava_ed("bench", "engine", "--quick", "--net", "forward")
    assert outcome.code == 1
    assert "LIF.v" in outcome.out


def test_unknown_net(lava_ed):
    outcome = lava_ed("bench", "engine", "--net", "nothing", "--json")
    assert outcome.code == 2
    assert outcome.value["error"]["type"] == "ConfigError"


def test_cost_of_counting(lava_ed):
    outcome = lava_ed("bench", "energy", "--quick", "--json", "--net", "stdp")
    assert outcome.code == 0, outcome
    (net,) = outcome.value["nets"]
    assert net["low"] <= net["ratio"] <= net["high"]
    assert 0 < net["counts"]["synops"] < 40 * 20
    assert net["counts"]["synaptic_updates"] > 0
    assert net["counts"]["barrier_steps"] == 1
    shown = lava_ed("bench", "energy", "--quick", "--net", "stdp").out
    assert "stdp" in shown
    assert lava_ed("bench", "energy", "--net", "nothing").code == 2

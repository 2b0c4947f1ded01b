"""`lava-ed energy RUN --chip`: the net of a run on the cores of a chip."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("chip", ["loihi1", "loihi2"])
def test_json(lava_ed, run, chip):
    mapping = lava_ed("energy", run, "--chip", chip, "--json").value["mapping"]
    assert mapping["chip"]["name"] == chip
    assert (mapping["chips"], mapping["cores"]) == (1, 3)
    assert [row["layer"] for row in mapping["layers"]] == ["input", "hidden1", "output"]
    assert mapping["layers"][1]["neurons"] == [16, {"loihi1": 1024, "loihi2": 8192}[chip]]
    # 64-16-10, each layer on one core of one router: no hop, and the messages of the run's own counts.
    plain = lava_ed("energy", run, "--json").value
    for part in ("training", "test"):
        counts = mapping["per_sample"][part]
        assert counts["spike_messages"] == plain[part]["counts_per_sample"]["spike_messages"]
        assert counts["hops"] == {"forward": 0, "backward": 0, "update": 0}


def test_table(lava_ed, run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    outcome = lava_ed("energy", run, "--chip", "loihi1")
    assert outcome.code == 0
    for text in ("3 cores of 1 Loihi 1", "16 / 1,024", "/ 1,048,576", "binding", "messages and 0.0 hops", "Davies"):
        assert text in outcome.out


def test_without_a_chip_there_is_no_mapping(lava_ed, run):
    assert "mapping" not in lava_ed("energy", run, "--json").value


def test_unknown_chip(lava_ed, run):
    outcome = lava_ed("energy", run, "--chip", "loihi3", "--json")
    assert outcome.code == 2
    assert outcome.value["error"]["type"] == "ConfigError"
    assert "loihi1, loihi2" in outcome.value["error"]["message"]

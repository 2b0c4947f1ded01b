"""`lava-ed energy RUN --chip`: the net of a run on the cores of a chip."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lava_ed.energy import CHIPS, LOIHI1


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
    for text in ("3 cores of 1 Loihi 1", "16 / 1,024", "/ 128.0", "binding", "messages and 0.0 hops", "Davies"):
        assert text in outcome.out


def test_nothing_is_cut_off_at_80_columns(lava_ed, run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = lava_ed("energy", run, "--chip", "loihi1").out
    shown = out[out.rindex("┏") :]
    assert "…" not in shown
    assert "128.0" in shown
    assert "4,096" in shown


def test_without_a_chip_there_is_no_mapping(lava_ed, run):
    assert "mapping" not in lava_ed("energy", run, "--json").value


def test_unknown_chip(lava_ed, run):
    outcome = lava_ed("energy", run, "--chip", "loihi3", "--json")
    assert outcome.code == 2
    assert outcome.value["error"]["type"] == "ConfigError"
    assert "loihi1, loihi2" in outcome.value["error"]["message"]


def test_a_net_that_does_not_fit(lava_ed, run, monkeypatch):
    """A neuron takes 64 · (8 + 8) bits for synapses and their axons, and 242 for the mirrored ones and its traces."""
    monkeypatch.setitem(CHIPS, "loihi1", replace(LOIHI1, synaptic_bits=1000))
    before = sorted(str(path) for path in run.rglob("*"))
    outcome = lava_ed("energy", run, "--chip", "loihi1", "--json")
    assert outcome.code == 2
    assert outcome.value["error"]["type"] == "ChipLimitError"
    message = outcome.value["error"]["message"]
    assert "neuron 0 of hidden1 (layer 1) alone needs 1,266 bits" in message
    assert "bits of synaptic memory (64 synapses of dense1" in message
    assert "a core of Loihi 1 has 1,000: 266 too many" in message
    assert "take at least 17 neurons from layer 0, or prune at least 34 of its 64 synapses" in message
    assert sorted(str(path) for path in run.rglob("*")) == before


def test_a_report_says_what_does_not_fit_and_by_how_much(lava_ed, run, monkeypatch):
    """The other chip is placed all the same."""
    monkeypatch.setitem(CHIPS, "loihi1", replace(LOIHI1, axons_in=60))
    value = lava_ed("report", run, "--samples", 0, "--price-list", "anp-i", "--json").value
    (words,) = (words for words in value["missing"] if words.startswith("a mapping"))
    assert (
        "the net does not fit Loihi 1. every core of hidden1 needs 74 axons in (64 of layer 0, 10 of layer 2)" in words
    )
    assert "a core of Loihi 1 has 60: 14 too many; give the layers that send to it so many neurons fewer" in words
    assert "3 of 128 cores of 1 chip(s) Loihi 2." in Path(value["report"]).read_text(encoding="utf-8")


def test_counts_that_lack_a_process(lava_ed, run):
    saved = json.loads((run / "energy.json").read_text())
    del saved["training"]["counters"]["error"]
    (run / "energy.json").write_text(json.dumps(saved))
    outcome = lava_ed("energy", run, "--chip", "loihi2", "--json")
    assert outcome.code == 2
    assert "the counters lack error" in outcome.value["error"]["message"]

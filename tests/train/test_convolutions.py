"""Runs whose nets have convolutions, from their data to every command that reads them."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from lava_ed.config.training import TrainConfig
from lava_ed.energy import map_network
from lava_ed.energy.chips import LOIHI2
from lava_ed.evaluation import evaluate_run
from lava_ed.report import report_run
from lava_ed.report.facts import read_facts
from lava_ed.report.reproduce import reproduce_section
from lava_ed.runs.describe import describe_run
from lava_ed.runs.folder import MODEL
from lava_ed.runs.tensor_files import Model
from lava_ed.train import TrainingInterrupted, train
from lava_ed.train.progress import Reporter


class Stopping(Reporter):
    """Asks for an end, as Ctrl-C does, after the first piece of the second epoch."""

    def chunk(self, epoch, epochs, done, samples):
        if epoch == 1:
            raise KeyboardInterrupt


@pytest.fixture(scope="module", params=["std-ed", "mpd-ed"])
def config(request):
    settings = {"epochs": 2, "limit": 300, "checkpoint_interval": 128}
    if request.param == "mpd-ed":
        settings |= {"count_shift": 3}
    return TrainConfig.create(request.param, "digits", arch="4c3p1-p2-5c2-10", **settings)


@pytest.fixture(scope="module")
def run(config, tmp_path_factory):
    """A run that reads its data itself, as a command does; its folder and what it says."""
    folder = tmp_path_factory.mktemp("run")
    return folder, train(config, folder)


def test_it_learns_and_its_model_is_what_was_judged(run):
    folder, summary = run
    assert summary["validation_accuracy"] > 0.4  # chance is a tenth
    assert evaluate_run(folder)["test_accuracy"] == summary["test_accuracy"]


def test_a_stopped_run_ends_in_the_same_net(config, run, tmp_path):
    with pytest.raises((TrainingInterrupted, KeyboardInterrupt)):
        train(config, tmp_path / "run", reporter=Stopping())
    assert not (tmp_path / "run" / MODEL).exists()
    train(config, tmp_path / "run", resume=True)
    assert (tmp_path / "run" / MODEL).read_bytes() == (run[0] / MODEL).read_bytes()


def test_a_trained_net_is_placed_and_its_messages_are_counted(run):
    model = Model.read(run[0] / MODEL)
    weights = [model.weights[name] for name in map(model.spec.synapses, model.spec.layers)]
    counters = json.loads((run[0] / "energy.json").read_text())["training"]["counters"]
    mapping = map_network(model.spec, LOIHI2, weights, counters=counters)
    assert mapping.synaptic_bits(1)["weights"] == np.count_nonzero(weights[0]) * 8
    counts = mapping.message_counts(counters)  # each layer is on one core
    assert counts["hidden1"]["spike_messages"] == counters["hidden1"]["spike_messages"]


def test_a_run_shows_the_rule_of_its_dense_layer(run):
    """MPD-ED's, of which a spike counts as 8."""
    spec = Model.read(run[0] / MODEL).spec
    visits = spec.dependency_of(1)
    shown = spec.rule_of(3).dw(visits) + (", where a spike adds 8 to x1" if spec.count_shift else "")
    assert (shown != spec.rule.dw(visits)) == (spec.rule.name == "mpd-ed")
    assert describe_run(run[0])["rule_string"] == f"dw = {shown}"
    assert json.loads((run[0] / "config.json").read_text())["facts"]["rule"] == shown
    blocks = reproduce_section(read_facts(run[0])).blocks
    assert any(["rule, as it runs", f"dw = {shown}"] in getattr(block, "rows", ()) for block in blocks)


@pytest.mark.parametrize("config", ["std-ed"], indirect=True)
def test_a_raster_has_a_row_for_each_axon(run, tmp_path):
    """4 maps of 8×8 neurons, pooled by 2: 64 squares."""
    shutil.copytree(run[0], tmp_path / "run")
    report_run(tmp_path / "run", samples=1, price_lists=["anp-i"])
    assert "of 64 neurons fired" in (tmp_path / "run" / "report.html").read_text()

"""The report of a netx file: what is known is that of the file, what is not is said."""

from __future__ import annotations

import numpy as np
import pytest

from lava_ed.data import load_dataset
from lava_ed.energy import energy_report
from lava_ed.errors import ConfigError, ExchangeError
from lava_ed.evaluation.probe import trace_samples
from lava_ed.exchange import evaluate_netx, export_run, read_netx
from lava_ed.exchange.netx.decisions import netx_counted
from lava_ed.exchange.netx.evaluate import spike_trains
from lava_ed.exchange.netx.file import write_netx
from lava_ed.exchange.netx.network import NetxConvolution, NetxLayer, NetxNetwork, NetxNeuron
from lava_ed.exchange.netx.probe import trace_netx
from lava_ed.report import report_netx
from lava_ed.report.costs import by_layer
from lava_ed.report.page import number
from lava_ed.train import Model, TrainConfig, train


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A small MPD-ED run and its netx file."""
    folder = tmp_path_factory.mktemp("runs") / "mpd"
    train(TrainConfig.create("mpd-ed", "digits", hidden=(16,), epochs=1, limit=300), folder)
    export_run(folder, "netx")
    return folder


def test_page(run):
    file = run / "model.net"
    value = report_netx(file, samples=1, limit=60)
    page = (run / "model.net-report" / "report.html").read_text(encoding="utf-8")
    judged = evaluate_netx(file, limit=60)
    assert value["test_accuracy"] == judged["test_accuracy"]
    assert f"{judged['correct']} of 60 test samples decided rightly" in page
    assert "Not in this page:</strong> learning curves; the net was imported" in page
    assert [words.split(";")[0] for words in value["missing"]] == [
        "learning curves", "energy of training, which was not counted.", "how to train the net"
    ]  # fmt: skip
    for name in value["pictures"]:
        assert (run / "model.net-report" / "report" / name).read_bytes().startswith(b"\x89PNG")


def test_energy_counts_and_cores(run):
    """What the engine counted on the test samples, priced and placed layer by layer."""
    report_netx(run / "model.net", samples=0, limit=60, price_lists=["loihi1-davies2018"])
    page = (run / "model.net-report" / "report.html").read_text(encoding="utf-8")
    net = read_netx(run / "model.net")
    trains = spike_trains(load_dataset("digits").test_images[:60], net.notes["encoder"], net.notes["steps"])
    counters = netx_counted(net, trains, net.notes["readout"])[1]
    assert list(by_layer(counters, 2)) == ["input", "hidden1", "output"]
    parts = [energy_report(nodes, 60, "loihi1-davies2018") for nodes in by_layer(counters, 2).values()]
    assert len(parts) == 3
    for part in parts:
        assert cells(number(part["microjoules_per_sample"]["forward"])) in page
    # By hand: a spike of the input reads its row of the first matrix, one of the hidden layer its row of the second.
    spikes = counters["input"]["spikes"]["forward"]
    assert spikes == np.count_nonzero(trains)
    rows = [np.count_nonzero(layer.weight, axis=0) for layer in net.synaptic_layers]
    synops = int(np.count_nonzero(trains, axis=(0, 2)) @ rows[0])
    assert counters["synapse1"]["synops"]["forward"] == synops
    assert f"{synops:,}" in page
    for chip in ("Loihi 1", "Loihi 2"):
        assert f"3 of 128 cores of 1 chip(s) {chip}." in page
    for grid in ("input on 1", "hidden1 on 1", "output on 1"):
        assert grid in page


def test_a_net_that_does_not_fit_a_chip(tmp_path):
    """5,000 inputs take more axons than a core of Loihi 1 has; Loihi 2 has no such limit."""
    dense = NetxLayer("dense", (3,), NetxNeuron(), np.full((3, 5000), 2))
    write_netx(NetxNetwork((NetxLayer("input", (5000,)), dense), {}), tmp_path / "wide.net")
    value = report_netx(tmp_path / "wide.net")
    (words,) = [words for words in value["missing"] if "mapping" in words]
    assert words.startswith("a mapping: the net does not fit Loihi 1. every core of output needs 5,000 axons in")
    assert "a core of Loihi 1 has 4,096: 904 too many; give the layers that send to it so many neurons fewer" in words
    page = (tmp_path / "wide.net-report" / "report.html").read_text(encoding="utf-8")
    assert "2 of 128 cores of 1 chip(s) Loihi 2." in page


def cells(text: str) -> str:
    """A number in a cell of a table."""
    return f">{text}</td>"


def test_spikes_are_those_of_the_net_that_was_exported(run):
    data, model, net = load_dataset("digits"), Model.read(run / "model.safetensors"), read_netx(run / "model.net")
    trains = spike_trains(data.test_images, "rate", model.spec.steps)
    ours = trace_samples(model, data.test_images, data.test_labels, [0, 5])
    theirs = trace_netx(net, trains, data.test_labels, data.test_labels, [0, 5])
    for mine, its in zip(ours, theirs, strict=True):
        for layer in ("input", "hidden1"):
            pairs = [sorted(zip(*(part.tolist() for part in s.spikes[layer]), strict=True)) for s in (mine, its)]
            assert pairs[0] == pairs[1]
        assert np.argmax(its.traces[-1].membranes[:, -1]) == mine.decided


def test_a_file_without_notes(run, tmp_path):
    net = read_netx(run / "model.net")
    write_netx(NetxNetwork(net.layers, {}), tmp_path / "plain.net")
    value = report_netx(tmp_path / "plain.net")
    assert value["test_accuracy"] is None
    assert [words.split(";")[0] for words in value["missing"]] == [
        "learning curves", "accuracy and confusion matrix", "spike rasters and membranes", "energy", "counts",
        "how to train the net",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "error"),
    [({"samples": 21}, ConfigError), ({"encoder": "current"}, ExchangeError), ({"dataset": "letters"}, ConfigError)],
)
def test_bad_input_writes_nothing(run, tmp_path, options, error):
    file = tmp_path / "a.net"
    file.write_bytes((run / "model.net").read_bytes())
    with pytest.raises(error):
        report_netx(file, **options)
    assert [path.name for path in tmp_path.iterdir()] == ["a.net"]


def convolution(first):
    """Four kernels over a digit, and ten classes."""
    rng = np.random.default_rng(0)
    kernel = rng.integers(-20, 30, (4, 1, 3, 3))
    return NetxNetwork(
        (
            first,
            NetxLayer("conv", (4, 6, 6), NetxNeuron(4096, 512, 60), kernel, convolution=NetxConvolution()),
            NetxLayer("flatten", (144, 1, 1)),
            NetxLayer("dense", (10,), NetxNeuron(4096, 512, 60), rng.integers(-20, 30, (10, 144))),
        )
    )


HOW = {"dataset": "digits", "encoder": "rate", "steps": 8, "readout": "spikes", "limit": 40}


def test_a_convolutional_net_is_judged_as_eval_judges_it(tmp_path):
    write_netx(convolution(NetxLayer("input", (1, 8, 8))), tmp_path / "conv.net")
    judged = evaluate_netx(tmp_path / "conv.net", **HOW)
    assert len(set(judged["predictions"])) > 2
    value = report_netx(tmp_path / "conv.net", samples=1, price_lists=["anp-i"], **HOW)
    assert value["test_accuracy"] == judged["test_accuracy"]


def test_samples_of_input_neurons_are_not_drawn(tmp_path):
    first = NetxLayer("input", (1, 8, 8), NetxNeuron(4096, 512, 60), transform=(40, 5))
    write_netx(convolution(first), tmp_path / "bias.net")
    with pytest.raises(ExchangeError, match="not drawn: measure it with lava-ed eval"):
        report_netx(tmp_path / "bias.net", **{**HOW, "encoder": "bias"})
    assert report_netx(tmp_path / "bias.net")["test_accuracy"] is None

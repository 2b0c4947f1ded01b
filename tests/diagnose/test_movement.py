"""How far kernels moved, by hand and on a small net whose kernels learn or are frozen."""

from __future__ import annotations

import json

import numpy as np
import pytest
from reference.convolution import matrix_of

from lava_ed.diagnose import diagnose_run
from lava_ed.diagnose.movement import kernel_movement, kernels_of, movement
from lava_ed.errors import ConfigError
from lava_ed.network.weights import unpack_weights
from lava_ed.network.wiring import initial_weights
from lava_ed.report import report_run
from lava_ed.runs.folder import MODEL
from lava_ed.train import Model, TrainConfig, train

ARCH = {"arch": "4c3-p2-6c2-10", "epochs": 2, "limit": 200}


def test_by_hand():
    before, after = np.array([[3, 4], [0, 5], [0, 0]]), np.array([[3, 4], [0, -5], [1, 0]])
    moved, cosine = kernel_movement(before, after)
    assert moved.tolist() == [0, 2, 0]
    assert cosine.tolist() == [1, -1, 0]


def test_kernels_lie_as_they_meet_the_image():
    """Tap (row, column) of a kernel is the weight from input (2y + row, 2x + column) of the map to output (y, x)."""
    spec = TrainConfig.create("std-ed", "digits", arch="4c2-6c3s2g2-10").spec(64, 10, (8, 8))
    stored, layer = initial_weights(spec, 2), spec.connections[1]
    kernels, matrix = kernels_of(spec, 2, stored), matrix_of(stored, layer)
    assert kernels.shape == (6, 2, 3, 3)
    by_place = matrix.reshape(3, 3, 6, 7, 7, 4)
    for channel, source in np.ndindex(6, 2):
        met = by_place[1, 0, channel, 2:5, 0:3, channel // 3 * 2 + source]
        np.testing.assert_array_equal(kernels[channel, source], met)
    np.testing.assert_array_equal(
        kernels_of(spec, 3, initial_weights(spec, 3)), unpack_weights(initial_weights(spec, 3))
    )


@pytest.fixture(scope="module")
def runs(digits, tmp_path_factory):
    """Folders of a run that learns everything, and of one whose kernels are frozen."""
    out = tmp_path_factory.mktemp("runs")
    for name, freeze in (("learned", ()), ("frozen", (1, 2))):
        config = TrainConfig.create("std-ed", "digits", snapshots=True, freeze=freeze, **ARCH)
        train(config, out / name, dataset=digits)
    return out


def test_frozen_kernels_stay_and_others_move(runs):
    for name in ("learned", "frozen"):
        model = Model.read(runs / name / MODEL)
        found = movement(model.spec, model.weights)
        assert found.keys() == {"conv1", "conv2", "dense3"}
        for layer, figures in found.items():
            stays = name == "frozen" and layer != "dense3"
            begun = initial_weights(model.spec, int(layer[-1]))
            assert np.array_equal(model.weights[layer], begun) == stays
            assert (figures["moved"] == 0, figures["unmoved"] == 1) == (stays, stays)
        value = diagnose_run(runs / name)
        assert [row["epoch"] for row in value["epochs"]] == [0, 1, 2]
        assert value["epochs"][0]["movement"]["dense3"]["moved"] == 0
        assert value["epochs"][-1]["movement"] == found
        assert "convolution" in value["not_measured"]


def test_frozen_kernels_cost_no_learning(runs):
    updates = [
        json.loads((runs / name / "metrics.jsonl").read_text().splitlines()[-1])["synaptic_updates"]
        for name in ("learned", "frozen")
    ]
    assert 0 < updates[1] < updates[0]
    counters = json.loads((runs / "frozen" / "energy.json").read_text())["training"]["counters"]
    # Nothing below the readout learns: no error is sent there, and none is read.
    assert all(counters[node]["spike_messages"]["backward"] == 0 for node in ("hidden1", "hidden2"))
    assert all(counters[node]["graded_synops"]["backward"] == 0 for node in ("conv2", "dense3"))


def test_the_report_shows_kernels_and_says_that_they_are_frozen(runs):
    value = report_run(runs / "frozen", samples=0, price_lists=["anp-i"])
    page = (runs / "frozen" / "report.html").read_text()
    assert "Frozen, as a control: the kernels of conv1, conv2." in page
    assert "How far kernels moved" in page
    assert any("kernels-conv1" in str(picture) for picture in value["pictures"])


def test_what_cannot_be_frozen():
    for settings, text in (
        ({"freeze": (1,)}, "the net has none"),
        ({"freeze": (3,), "arch": "4c3-p2-6c2-10"}, "those of connections 1, 2"),
        ({"freeze": (0,), "arch": "4c3-10"}, "those of connections 1"),
    ):
        with pytest.raises(ConfigError, match=text):
            TrainConfig.create("std-ed", "digits", **settings).spec(64, 10, (8, 8))

"""EDClassifier: what it refuses, and how its parts are reached."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava")

from nets import INPUTS, OUTPUTS, samples, small_spec

from lava_ed.errors import ConfigError, DataError, ShapeError, WeightError
from lava_ed.network.weights import unpack_weights
from lava_ed.network.wiring import connections_of, initial_weights
from lava_ed.proc import AFTIF, AFTLIF, EDClassifier, FirstSpikeReadout, MembraneReadout

IMAGES, LABELS = samples()


@pytest.mark.parametrize(
    ("images", "labels", "error"),
    [
        (IMAGES[:, :-1], LABELS, ShapeError),
        (IMAGES[0], LABELS[:1], ShapeError),
        (IMAGES[:, :, None], LABELS, ShapeError),
        (IMAGES[:0], LABELS[:0], ShapeError),
        (IMAGES, LABELS[:-1], ShapeError),
        (IMAGES, LABELS[:, None], ShapeError),
        (IMAGES, LABELS[0], ShapeError),
        (np.uint8(3), LABELS, ShapeError),
        (IMAGES, np.where(LABELS == 0, OUTPUTS, LABELS), DataError),
        (IMAGES, -LABELS - 1, ConfigError),
        (IMAGES, LABELS + 0.5, ConfigError),
        (IMAGES * np.nan, LABELS, DataError),
        (IMAGES * 2.0, LABELS, DataError),
        (IMAGES.astype(int) - 1, LABELS, DataError),
    ],
)
def test_samples_and_labels(images: Any, labels: Any, error: type) -> None:
    with pytest.raises(error):
        EDClassifier(small_spec(), images, labels)


@pytest.mark.parametrize(
    ("spoil", "error", "text"),
    [
        (lambda w: w[:1], ShapeError, "1 weight matrices were given, the net has 2"),
        (lambda w: [*w, w[0]], ShapeError, "3 weight matrices"),
        (lambda w: [w[0], w[1].T], ShapeError, "connection 2"),
        (lambda w: [w[0] + 1, w[1]], WeightError, "odd"),
        (lambda w: [w[0] * 100, w[1]], WeightError, "254"),
    ],
)
def test_weights(spoil: Any, error: type, text: str) -> None:
    spec = small_spec()
    good = [unpack_weights(initial_weights(spec, layer)) for layer in spec.layers]
    with pytest.raises(error, match=text):
        EDClassifier(spec, IMAGES, LABELS, spoil(good))
    net = EDClassifier(spec, IMAGES, LABELS, [matrix * 0 + 2 for matrix in good])
    assert np.all(net.dense2.weights.init == 2)


def test_weights_come_from_the_seed() -> None:
    one, same, other = (EDClassifier(small_spec(seed=seed), IMAGES, LABELS).dense1.weights.init for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.any(one != other)


@pytest.mark.parametrize(
    ("kind", "feedback", "readout", "parts", "classes"),
    [
        ("std-ed", "symmetric", "membrane", set(), (AFTIF, MembraneReadout)),
        ("mpd-ed", "random", "first-spike", {"feedback1", "feedback2"}, (AFTLIF, FirstSpikeReadout)),
    ],
)
def test_parts_are_attributes(
    kind: str, feedback: str, readout: str, parts: set[str], classes: tuple[Any, ...]
) -> None:
    net = EDClassifier(small_spec(kind, (8, 7), feedback=feedback, readout=readout), IMAGES, LABELS, name="mine")
    common = {"encoder", "labels", "dense1", "dense2", "dense3", "hidden1", "hidden2", "readout", "error"}
    assert set(net.processes) == common | parts
    for name, process in net.processes.items():
        assert getattr(net, name) is process
        assert process.name == name
        assert process.parent_proc is net
    assert net.name == "mine"
    assert isinstance(net.hidden2, classes[0])
    assert isinstance(net.readout, classes[1])
    assert net.dense1.weights.shape == (8, INPUTS)
    assert net.dense3.weights.shape == (OUTPUTS, 7)


def test_an_unknown_attribute_lists_the_parts() -> None:
    net = EDClassifier(small_spec(), IMAGES, LABELS)
    with pytest.raises(AttributeError, match=r"EDClassifier has no attribute 'dense3'; sub-processes: .*dense2"):
        _ = net.dense3
    assert not hasattr(net, "hidden2")


@pytest.mark.parametrize("kind", ["std-ed", "mpd-ed"])
@pytest.mark.parametrize("feedback", ["symmetric", "random"])
def test_the_parts_are_connected_as_the_wiring_says(kind: str, feedback: str) -> None:
    spec = small_spec(kind, (8, 7), feedback=feedback)
    net = EDClassifier(spec, IMAGES, LABELS)
    found = {
        (name, port.name, target.process.name, target.name)
        for name, process in net.processes.items()
        for port in process.out_ports
        for target in port.get_dst_ports()
    }
    assert found == set(connections_of(spec))


def test_settings_reach_the_parts() -> None:
    spec = small_spec("std-ed", overflow="wrap", seed=5, dead_zone=9, weight_exponents=(1, 0), error_limit=60)
    net = EDClassifier(spec, IMAGES, LABELS)
    for process in net.processes.values():
        assert process.proc_params["overflow"] == "wrap"
        assert process.proc_params["seed"] == 5
        assert process.proc_params["schedule"] == spec.schedule
    assert net.error.proc_params["dead_zone"] == 9
    assert net.dense1.proc_params["weight_exp"] == 1
    assert net.hidden1.proc_params["error_limit"] == 60
    assert net.hidden1.threshold_step.init == spec.adaptation.initial_step

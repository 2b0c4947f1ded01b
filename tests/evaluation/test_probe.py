"""Samples looked at step by step: decisions as `evaluate` has them, membranes and spikes by the neurons' equations."""

from __future__ import annotations

import numpy as np
import pytest

from lava_ed.data import load_dataset
from lava_ed.errors import ConfigError
from lava_ed.evaluation.probe import decide, trace_samples
from lava_ed.network.encoding import encoder_table
from lava_ed.train import Model, TrainConfig, evaluate, train


@pytest.fixture(scope="module")
def data():
    return load_dataset("digits")


@pytest.fixture(scope="module", params=["std-ed", "mpd-ed"])
def model(request, tmp_path_factory, data):
    """A small net with two hidden layers, trained a little."""
    out = tmp_path_factory.mktemp("runs") / request.param
    train(TrainConfig.create(request.param, "digits", hidden=(16, 12), epochs=1, limit=300), out, dataset=data)
    return Model.read(out / "model.safetensors")


def test_decisions_are_those_of_evaluate(model, data):
    decisions = decide(model, data.test_images, data.test_labels)
    expected = evaluate("engine", model, data.test_images, data.test_labels)
    assert (decisions.correct, decisions.counters) == (expected.correct, expected.counters)
    matrix = decisions.confusion()
    assert matrix.sum(axis=1).tolist() == np.bincount(data.test_labels).tolist()
    assert np.trace(matrix) == expected.correct


def test_membranes_and_spikes_follow_the_equations(model, data):
    decisions = decide(model, data.test_images, data.test_labels)
    spec, weights = model.spec, model.weights["dense1"].astype(np.int64) * 2
    kappa = model.thresholds["hidden1"]
    for sample in trace_samples(model, data.test_images, data.test_labels, [3, 7], neurons=16):
        assert (sample.label, sample.decided) == (data.test_labels[sample.index], decisions.decided[sample.index])
        first, _, readout = sample.traces
        assert sample.decided == np.argmax(readout.membranes[:, spec.schedule.membrane_phase])
        times, neurons = sample.spikes["hidden1"]
        order = np.argsort(first.neurons)
        start = spec.schedule.fire_start(1)
        x = encoder_table(spec.encoder, spec.steps)[data.test_images[sample.index]].astype(np.int64)
        if spec.rule.kind == "std-ed":
            # V = Σ w·x, and x_j = min(T, ⌊V/κ⌋): the first step in which V reaches κ·(T − s).
            v = x @ weights
            assert first.membranes[order, start].tolist() == v.tolist()
            expected = {j: start + spec.steps - min(spec.steps, int(u) // kappa) for j, u in enumerate(v) if u >= kappa}
            assert dict(zip(neurons.tolist(), times.tolist(), strict=True)) == expected
            assert first.threshold[start : start + spec.steps].tolist() == [
                kappa * (spec.steps - s) for s in range(spec.steps)
            ]
        else:
            # v ← v + a; a spike, and v ← 0, where v ≥ θ.
            v, spikes = np.zeros(16, np.int64), set()
            for t in range(spec.steps):
                fires = (t + 1) * x // spec.steps > t * x // spec.steps
                v = v + fires @ weights
                spikes |= {(start + t, int(j)) for j in np.flatnonzero(v >= kappa)}
                v[v >= kappa] = 0
                assert first.membranes[order, start + t].tolist() == v.tolist()
            assert set(zip(times.tolist(), neurons.tolist(), strict=True)) == spikes
            assert first.threshold[start] == kappa
        assert np.isnan(first.threshold[:start]).all()
        assert np.isnan(readout.threshold).all()


def test_samples_of_another_size(model):
    with pytest.raises(ConfigError, match="64 inputs, the samples have 9"):
        decide(model, np.zeros((2, 9), np.uint8), np.zeros(2, np.int64))

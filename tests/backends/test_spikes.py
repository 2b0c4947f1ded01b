"""Spike times out of Vars, against the counters that the engine kept."""

from __future__ import annotations

import numpy as np
import pytest

from lava_ed.backends.spikes import forward_spikes
from lava_ed.train import EngineBackend


def test_as_many_spikes_as_were_counted(small, digits):
    spec = small().spec(64, 10)
    backend = EngineBackend(spec)
    backend.bind(digits.train_images)
    backend.set_learning(False)
    backend.present(np.arange(1), digits.train_labels[:1])
    counted = backend.counters()
    spikes = forward_spikes(spec, backend.state())
    for layer, node in enumerate(("encoder", "hidden1", "hidden2")):
        times, neurons = spikes["input" if layer == 0 else node]
        assert len(times) == len(neurons) == counted[node]["spikes"]["forward"] > 0
        start = spec.schedule.fire_start(layer)
        assert times.min() >= start
        assert times.max() < start + spec.steps
        assert neurons.max() < spec.sizes[layer]


def test_by_hand(small, rule):
    spec = small(hidden=(2,), encoder=None).spec(3, 2)
    x = np.array([0, 1, spec.steps - 1])
    if rule == "std-ed":
        state = {"encoder.x": x, "hidden1.x": np.array([spec.steps, 0])}
        times, neurons = forward_spikes(spec, state)["hidden1"]
        assert (times.tolist(), neurons.tolist()) == ([spec.steps], [0])
        assert forward_spikes(spec, state)["input"][0].tolist() == [spec.steps - 1, 1]
    else:
        state = {"encoder.x": x, "hidden1.spike_word": np.array([0b101, 0b10], np.int32)}
        times, neurons = forward_spikes(spec, state)["hidden1"]
        assert (times.tolist(), neurons.tolist()) == ([1, 2, 3], [0, 1, 0])
        times, neurons = forward_spikes(spec, state)["input"]
        # One spike comes in the last step; T − 1 spikes leave out the first.
        assert times[neurons == 1].tolist() == [spec.steps - 1]
        assert times[neurons == 2].tolist() == list(range(1, spec.steps))


def test_graded_input_spikes_in_every_step(small, rule):
    if rule == "std-ed":
        pytest.skip("STD-ED reads spike times, never graded spikes")
    spec = small(hidden=(2,), encoder="current").spec(2, 2)
    times, neurons = forward_spikes(spec, {"encoder.x": np.array([0, 9]), "hidden1.spike_word": np.zeros(2, np.int32)})[
        "input"
    ]
    assert (times.tolist(), set(neurons.tolist())) == (list(range(spec.steps)), {1})

"""renner against the published equations in numpy, and its counts against the circuit's."""

from __future__ import annotations

import numpy as np
import pytest
from baselines.conftest import baseline_spec
from reference import baselines as slow

from lava_ed.baselines import BaselineBackend
from lava_ed.energy import LOIHI2, map_network
from lava_ed.errors import ChipLimitError
from lava_ed.kernels.loihi.neuron import threshold_from_step


def test_weights_and_decisions_equal_the_reference(some_samples):
    images, labels = some_samples
    spec = baseline_spec("renner", (20,))
    backend = BaselineBackend(spec)
    backend.bind(images)
    theta = threshold_from_step(spec.adaptation.initial_step)
    state = backend.state()
    w1, w2 = (state[f"dense{layer}.weights"].astype(int) for layer in (1, 2))
    start = w1.copy(), w2.copy()
    for turn in range(3):
        decisions = backend.present(np.arange(30), labels)
        for k in range(30):
            w1, w2, decision = slow.renner_step(w1, w2, images[k], int(labels[k]), theta)
            assert decisions[k] == decision, (turn, k)
    state = backend.state()
    np.testing.assert_array_equal(state["dense1.weights"], w1)
    np.testing.assert_array_equal(state["dense2.weights"], w2)
    assert np.count_nonzero(w1 != start[0]) > w1.size // 4
    assert np.count_nonzero(w2 != start[1]) > w2.size // 4


def test_a_small_rate_rounds_to_its_mean(some_samples):
    """η = 2/8: about one step of 2 in eight times; the reference moves by 2 every time."""
    images, labels = some_samples
    moves = []
    for rate in (2.0, 0.25):
        backend = BaselineBackend(baseline_spec("renner", (40,), rate=rate))
        backend.bind(images)
        total = 0
        for k in range(30):
            fresh = BaselineBackend(backend.spec)
            fresh.bind(images)
            fresh.work.state[0] = k  # another stream of random numbers for each sample
            before = fresh.weights(1).astype(int)
            fresh.present(np.array([k]), labels[k : k + 1])
            total += int(np.abs(fresh.weights(1).astype(int) - before).sum())
        moves.append(total)
    assert moves[0] > 500
    assert 0.08 < moves[1] / moves[0] < 0.18


def test_counts_of_one_sample(some_samples):
    """Synapses visited and read, from the circuit's connections; learning and inference."""
    images, labels = some_samples
    spec = baseline_spec("renner", (20,))
    for k in range(30):
        backend = BaselineBackend(spec)
        backend.bind(images)
        w2 = backend.weights(2).copy()
        nonzeros = [np.count_nonzero(backend.weights(layer), axis=1) for layer in (1, 2)]
        backend.present(np.array([k]), labels[k : k + 1])
        x, h, _ = np.split(backend.work.x, backend.net.first[1:-1])
        _, d1, d2 = np.split(backend.work.d, backend.net.first[1:-1])
        live = np.count_nonzero(d2)
        if live and h.sum() and np.array_equal(w2 != 0, backend.weights(2) != 0):
            break
    else:
        pytest.fail("no sample with an error")
    c = backend.counters()
    # Three copies of each forward connection, read in the forward and in two learning steps.
    assert c["dense1"]["synops"] == {"forward": 3 * (nonzeros[0] @ x), "backward": 6 * (nonzeros[0] @ x), "update": 0}
    assert c["dense1"]["synaptic_updates"]["update"] == 6 * x.sum() * 20
    assert c["dense2"]["synops"]["forward"] == 3 * (nonzeros[1] @ h)
    # w2 learns with h in both steps, and in its two mirrors with every d; d1 reads it once more.
    assert c["dense2"]["synaptic_updates"]["update"] == 6 * h.sum() * 3 + 2 * live * 20
    mirrored = np.count_nonzero(w2[:, d2 != 0])
    read = 6 * (nonzeros[1] @ h) + 2 * mirrored + 3 * (nonzeros[1] @ (d1 != 0))
    assert c["dense2"]["synops"]["backward"] == read
    neurons = 2 * 12 + 6 * 20 + 7 * 3 + 12
    updates = [c[n][k][p] for n in c for k in ("neuron_updates_active", "neuron_updates_idle") for p in c[n][k]]
    assert sum(updates) == 12 * neurons
    assert min(updates) >= 0
    backend.set_learning(False)
    before = backend.counters()
    backend.present(np.array([k]), labels[k : k + 1])
    after = backend.counters()
    assert after["dense1"]["synops"]["forward"] - before["dense1"]["synops"]["forward"] == nonzeros_after(backend) @ x
    assert after["dense1"]["synaptic_updates"] == before["dense1"]["synaptic_updates"]


def nonzeros_after(backend):
    return np.count_nonzero(backend.weights(1), axis=1)


def test_the_circuit_is_not_placed_as_one_net():
    with pytest.raises(ChipLimitError, match="several times"):
        map_network(baseline_spec("renner", (20,)), LOIHI2)

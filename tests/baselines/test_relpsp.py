"""relpsp-fixed against closed forms and finite differences in continuous time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from baselines.conftest import baseline_spec
from reference import baselines as slow

from lava_ed.baselines import BaselineBackend
from lava_ed.kernels.baselines.single_spikes import divide_errors
from lava_ed.kernels.loihi.neuron import threshold_from_step

SEEDS = range(4)


def net(seed, sizes=(14, 12, 9, 4), window=40):
    """Weights and inputs whose layers all fire, θ well above one input's slope."""
    generator = np.random.default_rng(seed)
    w = [generator.integers(-40, 90, (n, m)).astype(float) * 2 for m, n in pairwise(sizes)]
    x = generator.integers(0, window, sizes[0])
    x[generator.random(sizes[0]) < 0.2] = 0
    return w, x, [2500, 3000], window, generator.integers(-60, 60, sizes[-1]).astype(float)


def test_first_crossing_by_hand():
    # w = 3 from t = 1, then −1 more from t = 4: V(4) = 9, slope 2 after it: θ = 12 at 5.5, θ = 6 at 3.
    w, times = np.array([[3.0, -1.0]]), np.array([1.0, 4.0])
    assert slow.first_crossing(w, times, 12, 20.0).tolist() == [5.5]
    assert slow.first_crossing(w, times, 6, 20.0).tolist() == [3.0]
    assert slow.first_crossing(w, times, 12, 5.0).tolist() == [np.inf]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_gradient_is_that_of_the_continuous_crossing_time(seed):
    """With causal sets and times of the continuous net, the published formula equals finite differences."""
    w, x, theta, window, error = net(seed)
    times = np.where(x > 0, window - x, np.inf).astype(float)
    values, at = [np.where(np.isfinite(times), window - times, 0.0)], times
    for matrix, threshold in zip(w[:-1], theta, strict=True):
        at = slow.first_crossing(matrix, at, threshold, window)
        values.append(np.where(np.isfinite(at), window - at, 0.0))
    assert all(np.count_nonzero(v) > 3 for v in values)
    _, exact = slow.relpsp_gradient(w, values, error)
    step = 1e-5
    for layer, matrix in enumerate(w):
        for index in np.ndindex(matrix.shape):
            moved = [m.copy() for m in w]
            moved[layer][index] += step
            above = slow.relpsp_loss(moved, times, theta, window, error)
            moved[layer][index] -= 2 * step
            below = slow.relpsp_loss(moved, times, theta, window, error)
            numeric = -(above - below) / (2 * step)
            assert exact[layer][index] == pytest.approx(numeric, rel=1e-5, abs=1e-4 * np.abs(exact[layer]).max())


def prepared(hidden, some_samples, **changes):
    """A back end, and the reference's values for a sample."""
    images, labels = some_samples
    spec = baseline_spec("relpsp-fixed", hidden, **changes)
    backend = BaselineBackend(spec)
    backend.bind(images)
    w = [backend.state()[f"dense{layer}.weights"].astype(np.int64) for layer in spec.layers]
    theta = [threshold_from_step(spec.adaptation.initial_step)] * len(spec.hidden)
    return backend, spec, w, theta, images, labels


@pytest.mark.parametrize("hidden", [(8,), (9, 7)])
def test_spike_times_and_membranes_equal_the_closed_form(hidden, some_samples):
    backend, spec, w, theta, images, labels = prepared(hidden, some_samples)
    backend.set_learning(False)
    fired = 0
    for k in range(len(labels)):
        backend.present(np.array([k]), labels[k : k + 1])
        x = (2 * images[k].astype(int) * (spec.steps - 1) + 255) // 510
        values = slow.relpsp_forward(w, x, theta, spec.steps)
        found = np.split(backend.work.x, backend.net.first[1:-1])
        for layer in range(len(values)):
            np.testing.assert_array_equal(found[layer], values[layer])
        np.testing.assert_array_equal(np.split(backend.work.v, backend.net.first[1:-1])[-1], w[-1] @ values[-1])
        fired += np.count_nonzero(values[-1])
    assert 0 < fired < len(labels) * spec.sizes[-2]


def test_errors_equal_the_formula(some_samples):
    """δ with 8 fractional bits, no saturation: within the truncation of one division a layer."""
    _, spec, w, theta, images, labels = prepared((9, 7), some_samples, error_shift=0, error_limit=2**23 - 1)
    compared = 0
    for k in range(len(labels)):
        fresh = BaselineBackend(spec)
        fresh.bind(images)
        fresh.present(np.array([k]), labels[k : k + 1])
        x = (2 * images[k].astype(int) * (spec.steps - 1) + 255) // 510
        values = slow.relpsp_forward(w, x, theta, spec.steps)
        delta, _ = slow.relpsp_gradient(w, values, fresh.work.e.astype(float))
        found = np.split(fresh.work.d, fresh.net.first[1:-1])
        # The second hidden layer divides once; the first gets sums of those, with their own 8 bits.
        np.testing.assert_allclose(found[2] / 2**8, delta[1], atol=2**-8)
        slack = np.abs(w[1]).sum(axis=0) / 2**8 + 1
        cut = np.clip(delta[0], -(2**23) / 2**16, 2**23 / 2**16)
        assert np.all(np.abs(found[1] / 2**16 - cut) <= slack + np.abs(cut) * 0.02)
        compared += np.count_nonzero(delta[0])
    assert compared > 20


def test_division_rounds_towards_zero_and_saturates():
    e, x = np.array([100, -100, 7, 100_000, 5], np.int32), np.array([3, 3, 3, 3, 0], np.int32)
    slope, delta = np.array([30, 30, 100, 1, 9], np.int32), np.zeros(5, np.int32)
    assert divide_errors(e, x, slope, 2, 127, delta) == (4, 4, 3)
    # 100·256/30 = 853.3, » 2 = 213: cut; 7·256/100 = 17.9, » 2 = 4; the silent one has no gradient.
    assert delta.tolist() == [127, -127, 4, 127, 0]


def test_host_divisions_are_counted(some_samples):
    backend, spec, _, _, _, labels = prepared((8,), some_samples)
    fired = 0
    for k in range(len(labels)):
        before = int(backend.work.state[5])
        backend.present(np.array([k]), labels[k : k + 1])
        if int(backend.work.state[5]) > before:
            fired += np.count_nonzero(np.split(backend.work.x, backend.net.first[1:-1])[1])
    counters = backend.counters()
    assert counters["hidden1"]["host_ops"]["backward"] == fired > 0
    assert counters["error"]["host_ops"]["backward"] == len(labels) * spec.sizes[-1]

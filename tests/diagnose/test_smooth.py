"""Smooth nets by hand, and against the slow references."""

from __future__ import annotations

import numpy as np
import pytest
from reference import baselines as slow
from reference import mpd_ed

from lava_ed.diagnose import smooth


def test_spike_time_loss_by_hand():
    # V = 6·5 = 30, κ = 4: x = 7, r = −0.5; ∂x/∂w = 5/4, and L = −2·3·x with e = 2, w2 = 3.
    w = [np.array([[6.0]]), np.array([[3.0]])]
    loss = smooth.spike_time_loss(w, [np.array([5]), np.array([7])], [4.0], 16, np.array([2.0]))
    assert loss(w) == -42.0
    assert smooth.slope_of(loss, w, 0, (0, 0), 1.0) == pytest.approx(2 * 3 * 5 / 4)
    saturated = smooth.spike_time_loss(w, [np.array([5]), np.array([16])], [4.0], 16, np.array([2.0]))
    assert smooth.slope_of(saturated, w, 0, (0, 0), 1.0) == 0
    assert w[0][0, 0] == 6.0


@pytest.mark.parametrize("seed", range(6))
def test_first_crossings_equal_the_slow_ones(seed):
    generator = np.random.default_rng(seed)
    w = generator.integers(-60, 60, (30, 14)).astype(float)
    times = generator.integers(0, 12, 14).astype(float)
    times[generator.random(14) < 0.3] = np.inf
    found = smooth.first_crossings(w, times, 500.0, 20.0)
    np.testing.assert_allclose(found, slow.first_crossing(w, times, 500.0, 20.0))
    assert 0 < np.isfinite(found).sum() < 30


def test_no_input_crosses_nothing():
    assert smooth.first_crossings(np.ones((2, 3)), np.full(3, np.inf), 1.0, 9.0).tolist() == [np.inf, np.inf]


@pytest.mark.parametrize("leak", [1.0, 0.75])
def test_masked_loss_equals_the_slow_one(leak):
    generator = np.random.default_rng(3)
    w = [generator.normal(size=shape) * 20 for shape in ((7, 6), (5, 7), (3, 5))]
    s_in = generator.random((8, 6)) < 0.5
    run = mpd_ed.forward(w, s_in, [25, 25], [20, 20], [lambda v: leak * v] * 2)
    error = np.array([5.0, -3.0, 2.0])
    spikes = [s.astype(float) for s in run.s]
    mask = [np.zeros_like(spikes[0]), *(h.astype(float) for h in run.h[1:])]
    loss = smooth.masked_loss(w, spikes, mask, leak, error)
    moved = [m + generator.normal(size=m.shape) for m in w]
    assert loss(moved) == pytest.approx(mpd_ed.masked_loss(moved, run, w, error, [leak, leak]))
    assert min(np.count_nonzero(h) for h in run.h[1:]) > 0


def test_ramp_loss_by_hand():
    # One neuron, V = 8·1, θ = 10: ramp 0.4, rounded to 0; target 1: L = ½, ∂o/∂w = x/2θ.
    w = [np.array([[8.0]])]
    loss = smooth.ramp_loss(w, [np.array([1]), np.array([0])], 10.0, np.array([1.0]))
    assert loss(w) == 0.5
    assert smooth.slope_of(loss, w, 0, (0, 0), 1e-3) == pytest.approx(1 / 20)

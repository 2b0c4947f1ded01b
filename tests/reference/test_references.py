"""The references against themselves, and against numbers worked out by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import mpd_ed, std_ed

SEEDS = range(6)
DRAWN = st.integers(0, 2**32 - 1)


def random_weights(rng: np.random.Generator, sizes: tuple[int, ...], low: int, high: int) -> list[np.ndarray]:
    return [rng.integers(low, high + 1, (post, pre)) for pre, post in pairwise(sizes)]


def std_net(seed: int, sizes: tuple[int, ...], window: int):
    rng = np.random.default_rng(seed)
    w, start = random_weights(rng, sizes, -40, 60), rng.integers(0, window + 1, sizes[0])
    kappa, x = [], start
    for weights in w[:-1]:
        # A fifth of the neurons is at the ceiling, others fire inside the window or are silent.
        v = weights @ x
        kappa.append(max(1, int(np.quantile(v, 0.8)) // window))
        x = std_ed.fire_closed_form(v, kappa[-1], window)
    return w, start, kappa, rng.integers(-127, 128, sizes[-1])


def mpd_net(seed: int, sizes: tuple[int, ...], window: int, leak: float):
    rng = np.random.default_rng(seed)
    w = [m.astype(float) for m in random_weights(rng, sizes, -20, 30)]
    s_in = rng.random((window, sizes[0])) < 0.4
    theta, width, decay = [], [], [lambda v: leak * v] * (len(w) - 1)
    for layer, weights in enumerate(w[:-1], start=1):
        # A threshold that this layer reaches with what the layer below and the leak leave of its input.
        unread = np.zeros((1, weights.shape[0]))
        run = mpd_ed.forward([*w[:layer], unread], s_in, [*theta, 10**9], [*width, 0], decay)
        theta.append(max(5, min(40, int(np.quantile(run.v[-1][1:], 0.8)))))
        width.append(3 * theta[-1] // 4)
    run = mpd_ed.forward(w, s_in, theta, width, decay)
    return w, run, rng.integers(-127, 128, sizes[-1]).astype(float), [leak] * len(theta)


# --------------------------------------------------------------------------------------------------- STD-ED


def test_integration_by_hand():
    # T = 4: a spike in step 1 (x = 3), one in step 3 (x = 1). u: 0, 0, 2, 2, 2 + 5; v: 0, 0, 2, 4, 11.
    assert std_ed.integrate_by_steps(np.array([[2, 5]]), np.array([3, 1]), 4).tolist() == [11]


def test_firing_by_hand():
    # κ = 10, T = 4: thresholds 40, 30, 20, 10.
    v = np.array([-5, 9, 10, 29, 30, 39, 40, 400])
    assert std_ed.fire_by_steps(v, 10, 4).tolist() == [0, 0, 1, 2, 3, 3, 4, 4]


def test_threshold_scale_by_hand():
    assert [std_ed.threshold(q) for q in range(10)] == [4, 5, 6, 7, 8, 10, 12, 14, 16, 20]


def test_softmax_error_by_hand():
    # n = 0, 1, 17: q = 2^15, 2^14, 0; p = ⌊127·2/3⌋ = 84, ⌊127/3⌋ = 42, 0.
    v = np.array([170, 160, 0])
    assert std_ed.base2_softmax_error(v, 1, shift=3, dead_zone=0).tolist() == [-84, 85, 0]
    assert std_ed.base2_softmax_error(v, 2, shift=3, dead_zone=126).tolist() == [-84, -42, 127]
    assert std_ed.base2_softmax_error(v, 2, shift=3, dead_zone=127).tolist() == [0, 0, 0]


@settings(max_examples=60, deadline=None)
@given(seed=DRAWN, window=st.integers(1, 40))
def test_integration_steps_equal_closed_form(seed, window):
    rng = np.random.default_rng(seed)
    w, x = rng.integers(-256, 255, (5, 9)), rng.integers(0, window + 1, 9)
    assert (std_ed.integrate_by_steps(w, x, window) == w @ x).all()


@settings(max_examples=60, deadline=None)
@given(seed=DRAWN, window=st.integers(1, 40), kappa=st.integers(1, 200))
def test_firing_steps_equal_closed_form(seed, window, kappa):
    v = np.random.default_rng(seed).integers(-kappa * window, 2 * kappa * window, 50)
    assert (std_ed.fire_by_steps(v, kappa, window) == std_ed.fire_closed_form(v, kappa, window)).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_std_forward_steps_equal_closed_form(seed):
    w, x, kappa, _ = std_net(seed, (7, 9, 8, 4), 8)
    steps, closed = (std_ed.forward(w, x, kappa, 8, by_steps=b) for b in (True, False))
    for a, b in zip(steps.x + steps.v[1:], closed.x + closed.v[1:], strict=True):
        assert (a == b).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_std_gradient_equals_finite_differences(seed):
    window = 16
    w, x, kappa, error = std_net(seed, (7, 12, 11, 4), window)
    run = std_ed.forward(w, x, kappa, window)
    exact = std_ed.gradient(w, run, error)
    # Affine in each weight: the step only has to be large against the rounding of L.
    numeric = std_ed.finite_differences(w, run, error, step=2.0**10)
    for a, b in zip(exact.weight, numeric, strict=True):
        assert np.count_nonzero(a) > a.size // 8
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8 * np.abs(a).max())


@pytest.mark.parametrize("seed", SEEDS)
def test_integer_messages_are_the_gradient_times_kappa(seed):
    window = 16
    w, x, kappa, error = std_net(seed, (7, 12, 11, 4), window)
    run = std_ed.forward(w, x, kappa, window)
    exact, delta = std_ed.gradient(w, run, error), std_ed.integer_messages(w, run, error)
    for layer in range(3):
        np.testing.assert_allclose(delta[layer] / np.prod(kappa[layer:]), exact.voltage[layer], rtol=1e-12)


# --------------------------------------------------------------------------------------------------- MPD-ED


def test_rate_code_by_hand():
    # T = 4, x = 3: ⌊3(t+1)/4⌋ = 0, 1, 2, 3 against ⌊3t/4⌋ = 0, 0, 1, 2.
    assert mpd_ed.encode_rate(np.array([0.75, 0.0, 1.0, 0.25]), 4).T.tolist() == [
        [False, True, True, True],
        [False, False, False, False],
        [True, True, True, True],
        [False, False, False, True],
    ]


def test_lif_by_hand():
    # One neuron, w = 6, θ = 10, α = 3, λ = 1/2: v = 6, 9, 4.5 (+0), 8.25, 10.125 fires, then from 0.
    s_in = np.array([[1], [1], [0], [1], [1], [1]])
    run = mpd_ed.forward([np.array([[6.0]]), np.array([[2.0]])], s_in, [10], [3], [lambda v: 0.5 * v])
    assert run.v[1].ravel().tolist() == [6.0, 9.0, 4.5, 8.25, 10.125, 6.0]
    assert run.s[1].ravel().tolist() == [False, False, False, False, True, False]
    assert run.h[1].ravel().tolist() == [False, False, False, False, True, False]
    assert run.readout.tolist() == [2.0]


def test_adjoint_by_hand():
    # The net above with e = 3: ε = 3·2 at t = 4, and g_v[t] = λ^(4−t)·6 before it, 0 after it.
    s_in = np.array([[1], [1], [0], [1], [1], [1]], dtype=bool)
    s, h = np.zeros((6, 1), dtype=bool), np.zeros((6, 1), dtype=bool)
    s[4] = h[4] = True
    w = [np.array([[6.0]]), np.array([[2.0]])]
    grad = mpd_ed.adjoint(w, [s_in, s], [None, h], np.array([3.0]), [0.5])
    assert grad.voltage[0].ravel().tolist() == [6 / 16, 6 / 8, 6 / 4, 6 / 2, 6.0, 0.0]
    assert grad.weight[0].item() == 6 / 16 + 6 / 8 + 6 / 2 + 6
    assert grad.weight[1].item() == 3.0


@pytest.mark.parametrize("leak", [1.0, 0.875, 0.3])
@pytest.mark.parametrize("sizes", [(6, 7, 4), (6, 7, 6, 4), (6, 7, 8, 6, 4)])
@pytest.mark.parametrize("seed", SEEDS)
def test_mpd_adjoint_equals_finite_differences(seed, sizes, leak):
    w, run, error, leaks = mpd_net(seed, sizes, 12, leak)
    exact = mpd_ed.adjoint(w, run.s, run.h, error, leaks)
    numeric = mpd_ed.finite_differences(w, run, error, leaks, step=1.0)
    for a, b in zip(exact.weight, numeric, strict=True):
        assert np.count_nonzero(a) > a.size // 8
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8 * np.abs(a).max())


@pytest.mark.parametrize("leak", [1.0, 0.875, 0.3])
@pytest.mark.parametrize("sizes", [(6, 7, 4), (6, 7, 6, 4), (6, 7, 8, 6, 4)])
@pytest.mark.parametrize("seed", SEEDS)
def test_mpd_replay_equals_adjoint(seed, sizes, leak):
    w, run, error, leaks = mpd_net(seed, sizes, 12, leak)
    exact = mpd_ed.adjoint(w, run.s, run.h, error, leaks)
    replayed = mpd_ed.replay(w, run.s, run.h, error, leaks)
    for layer in range(len(w)):
        pairs = [
            (replayed.weight[layer], exact.weight[layer]),
            (replayed.d[layer], exact.voltage[layer]),
            (replayed.b[layer], exact.spike[layer]),
        ]
        for a, b in pairs:
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12 * np.abs(b).max())


def test_mpd_nets_cover_spikes_outside_the_support():
    runs = [mpd_net(seed, (6, 7, 6, 4), 12, 0.875)[1] for seed in SEEDS]
    spikes = sum(run.s[1].sum() + run.s[2].sum() for run in runs)
    inside = sum(run.h[1].sum() + run.h[2].sum() for run in runs)
    assert 0.1 * spikes < inside < 0.9 * spikes

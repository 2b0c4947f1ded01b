"""A window at once against the same window step by step."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import edged, matrices, vectors

from lava_ed.kernels.loihi import encoding, neuron, synapse, window
from lava_ed.kernels.vectors.lanes import FEW
from lava_ed.kernels.vectors.row_sums import NARROW, WIDE

PRE, POST, STEPS = 9, 3, 7
WIDTHS = (FEW, NARROW + FEW + 2, WIDE, WIDE + 2 * NARROW + 5)
stored = matrices(np.int8, (PRE, POST), edged(-128, 127))
values = vectors(np.int32, PRE, edged(0, STEPS))


def by_value(x):
    order, starts = np.full(PRE, 77, np.int32), np.full(STEPS + 2, 77, np.int32)
    encoding.sort_values(x, order, starts)
    return order, starts


def by_steps(w8, x, exponent, updates):
    """u, v, the sum under way, active updates and synaptic operations from the kernels of single steps."""
    rows = np.count_nonzero(w8, axis=1).astype(np.int32)
    a, u, v = (np.zeros(w8.shape[1], np.int32) for _ in range(3))
    active = synops = 0
    for s in range(STEPS):
        events = np.flatnonzero(x == STEPS - s).astype(np.int32)
        synops += synapse.forward_spikes(w8, rows, events, events.size, exponent, a)
        if s < updates:
            active += neuron.integrate(a, u, v)[0]
    return a, u, v, active, synops, rows


def check_window(w8, x, exponent, updates):
    a, u, v, active, synops, rows = by_steps(w8, x, exponent, updates)
    if updates == STEPS:
        a[:] = 0  # the last sum was taken: nothing is under way
    n = w8.shape[1]
    mine = [np.full(n, 55, np.int32), np.zeros(n, np.int32), np.zeros(n, np.int32)]
    counts = window.integrate_window(w8, rows, *by_value(x), STEPS, updates, exponent, *mine)
    for found, expected in zip(mine, (a, u, v), strict=True):
        assert found.tolist() == expected.tolist()
    assert counts == (active, synops, np.count_nonzero(x == 1))


@settings(max_examples=300)
@given(w8=stored, x=values, exponent=edged(-8, 4), updates=st.sampled_from([STEPS - 1, STEPS]))
def test_integrate_window(w8, x, exponent, updates):
    check_window(w8, x, exponent, updates)


@given(
    n_post=edged(1, 150, *WIDTHS), x=values, exponent=edged(-8, 4), updates=st.sampled_from([STEPS - 1, STEPS]),
    seed=st.integers(0, 999),
)  # fmt: skip
def test_integrate_window_of_any_width(n_post, x, exponent, updates, seed):
    """Weights of which many are 0, opposite or at the limits, so that currents come and go."""
    w8 = np.random.default_rng(seed).choice([-128, -1, 0, 0, 1, 127], (PRE, n_post)).astype(np.int8)
    check_window(w8, x, exponent, updates)


@settings(max_examples=300)
@given(
    w8=matrices(np.int8, (PRE, POST), edged(-2, 2)),
    pre=values,
    exponent=edged(-8, 4),
    u=vectors(np.int32, POST, edged(-3, 3)),
    v=vectors(np.int32, POST, edged(-(2**23), 2**23 - 1, 9999)),
    kappa=edged(1, 2**25, 2000),
)
def test_fire_window(w8, pre, exponent, u, v, kappa):
    """The first step of the window is the one in which the last sum of the inputs arrives."""
    expected, current, a_in = np.zeros(POST, np.int32), u.copy(), np.zeros(POST, np.int32)
    last = np.flatnonzero(pre == 1).astype(np.int32)
    synapse.forward_spikes(w8, np.zeros(PRE, np.int32), last, last.size, exponent, a_in)
    spikes = active = 0
    for s in range(STEPS):
        n, new = neuron.fire_falling_threshold(a_in, current, v, kappa, STEPS - s, expected, np.zeros(POST, np.int32))
        spikes, active = spikes + n, active + new
        a_in[:] = current[:] = 0
    x = np.full(POST, 99, np.int32)
    assert window.fire_window(w8, *by_value(pre), exponent, u, v, kappa, STEPS, x) == (spikes, active)
    assert x.tolist() == expected.tolist()
    assert not u.any()


@given(x=values)
def test_note_window(x):
    """Early spikes, which stand for large values, come first; those of one step in the order of their index."""
    listed, x0, x1 = np.full(PRE, 55, np.int32), np.zeros(PRE, np.int32), np.zeros(PRE, np.int32)
    n = window.note_window(*by_value(x), STEPS, listed, x0, x1)
    assert listed[:n].tolist() == sorted(np.flatnonzero(x).tolist(), key=lambda i: (-x[i], i))
    assert x0.tolist() == (x > 0).tolist()
    assert x1.tolist() == x.tolist()

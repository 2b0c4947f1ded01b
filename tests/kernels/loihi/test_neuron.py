"""Neuron kernels against slow plain-integer references, and cases by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import INT32, STATE_EDGE, edged, states, vectors

from lava_ed.kernels.fixed_point import random_word, row_key, stream_key
from lava_ed.kernels.loihi import neuron

SIZE = 19
KEY = stream_key(1, 2, 3, 4)

in_range = edged(-STATE_EDGE, STATE_EDGE - 1)
word = edged(*INT32, 1, 2, 3)


def ints(elements, size=SIZE):
    return vectors(np.int32, size, elements)


two_words = ints(word, 2 * SIZE)


def wrap(x: int) -> int:
    return (x + 2**23) % 2**24 - 2**23


def leak(x: int, constant: int) -> int:
    return (1 if x >= 0 else -1) * (abs(x) * (4096 - constant) // 4096)


def bit(value: int, t: int) -> int:
    return (value % 2**32) >> t & 1


@given(a=ints(states()), u=ints(in_range), v=ints(in_range))
def test_integrate(a, u, v):
    new_u = [wrap(x + y) for x, y in zip(u.tolist(), a.tolist(), strict=True)]
    new_v = [wrap(x + y) for x, y in zip(v.tolist(), new_u, strict=True)]
    overflows = sum(x + y != z for x, y, z in zip(u.tolist(), a.tolist(), new_u, strict=True))
    overflows += sum(x + y != z for x, y, z in zip(v.tolist(), new_u, new_v, strict=True))
    active = sum(x != 0 or y != 0 for x, y in zip(a.tolist(), new_u, strict=True))
    assert neuron.integrate(a, u, v) == (active, overflows)
    assert (u.tolist(), v.tolist()) == (new_u, new_v)


@given(data=st.data(), window=st.integers(2, 20))
def test_integration_has_its_closed_form(data, window):
    """T + 1 updates, one step after the spikes: V = Σ w·(T − t)."""
    times = data.draw(st.lists(st.integers(0, window - 1), min_size=1, max_size=6))
    weights = data.draw(st.lists(edged(-256, 254), min_size=len(times), max_size=len(times)))
    u, v = np.zeros(1, np.int32), np.zeros(1, np.int32)
    for step in range(window + 1):
        arriving = sum(w for w, t in zip(weights, times, strict=True) if t == step - 1)
        neuron.integrate(np.array([arriving], np.int32), u, v)
    assert v[0] == sum(w * (window - t) for w, t in zip(weights, times, strict=True))


@given(a=ints(states()), v=ints(in_range))
def test_accumulate(a, v):
    raw = [x + y for x, y in zip(v.tolist(), a.tolist(), strict=True)]
    expected = [wrap(x) for x in raw]
    overflows = sum(x != y for x, y in zip(raw, expected, strict=True))
    assert neuron.accumulate(a, v) == (np.count_nonzero(a), overflows)
    assert v.tolist() == expected


@given(
    v=ints(in_range),
    kappa=edged(1, 2**16 - 1),
    remaining=st.integers(1, 127),
    x=ints(st.integers(0, 3)),
    u=ints(st.integers(0, 1)),
    a_in=ints(st.integers(-1, 1)),
)
def test_falling_threshold(v, kappa, remaining, x, u, a_in):
    fires = [j for j in range(SIZE) if v[j] >= kappa * remaining and x[j] == 0]
    expected = [remaining if j in fires else int(x[j]) for j in range(SIZE)]
    events = np.full(SIZE, -1, np.int32)
    counts = neuron.fire_falling_threshold(a_in, u, v, kappa, remaining, x, events)
    assert counts == (len(fires), sum(u[j] == 0 and a_in[j] == 0 for j in fires))
    assert events[: len(fires)].tolist() == fires
    assert x.tolist() == expected


@given(v=ints(in_range), step=st.integers(0, 55), window=st.integers(2, 127))
def test_a_window_of_falling_thresholds_divides(v, step, window):
    """x = min(T, ⌊V/κ⌋) where V ≥ κ, silent below: what the schedule of thresholds computes."""
    kappa = neuron.threshold_of_step(step)
    x, u, events = np.zeros(SIZE, np.int32), np.zeros(SIZE, np.int32), np.zeros(SIZE, np.int32)
    for s in range(window):
        neuron.fire_falling_threshold(u, u, v, kappa, window - s, x, events)
    assert x.tolist() == [max(0, min(window, value // kappa)) for value in v.tolist()]


def test_threshold_steps_by_hand():
    """Four an octave: 4, 5, 6, 7, 8, 10, 12, 14, 16 …; step 32 is 4·2^8."""
    assert [neuron.threshold_of_step(q) for q in range(10)] == [4, 5, 6, 7, 8, 10, 12, 14, 16, 20]
    assert (neuron.threshold_from_step(32), neuron.threshold_from_step(55)) == (1024, 7 * 2**13)


@given(e=ints(states()), x=ints(st.integers(0, 8)), limit=edged(1, 127, 2**23 - 1), dead_zone=edged(0, 127))
def test_gate_error(e, x, limit, dead_zone):
    """Only 0 < x < T = 8 lets an error through, and only one that passes the dead zone."""
    inside = [0 < value < 8 and abs(error) > dead_zone for value, error in zip(x.tolist(), e.tolist(), strict=True)]
    cut = [max(-limit, min(limit, value)) for value in e.tolist()]
    expected = [c if ok else 0 for c, ok in zip(cut, inside, strict=True)]
    saturated = sum(ok and c != value for c, ok, value in zip(cut, inside, e.tolist(), strict=True))
    delta = np.full(SIZE, 99, np.int32)
    assert neuron.gate_error(e, x, 8, limit, dead_zone, delta) == (
        np.count_nonzero(expected),
        np.count_nonzero(e),
        saturated,
    )
    assert delta.tolist() == expected


@given(delta=ints(edged(-(2**23), 2**23, 127, 128, -127, -128)), shift=st.integers(0, 16), grain=edged(0, 6))
def test_split_error(delta, shift, grain):
    base = row_key(KEY, 0)
    y1, y2 = np.full(SIZE, 77, np.int32), np.full(SIZE, 77, np.int32)
    expected = []
    for j, d in enumerate(delta.tolist()):
        random = int(random_word(base, j, shift + grain)) if shift + grain else 0
        expected.append(min((abs(d) + random) // 2 ** (shift + grain) * 2**grain, 127))
    assert neuron.split_error(delta, shift, grain, KEY, y1, y2) == np.count_nonzero(expected)
    assert y1.tolist() == [m if d > 0 else 0 for m, d in zip(expected, delta.tolist(), strict=True)]
    assert y2.tolist() == [m if d < 0 else 0 for m, d in zip(expected, delta.tolist(), strict=True)]


@pytest.mark.parametrize(("delta", "shift"), [(37, 4), (-37, 4), (1, 7), (1000, 8), (5, 16)])
def test_split_error_keeps_the_mean(delta, shift):
    """Over n neurons the mean of y1 − y2 lies within five standard errors of δ/2^shift."""
    n = 20000
    y1, y2 = np.zeros(n, np.int32), np.zeros(n, np.int32)
    for grain in (0, 3):
        neuron.split_error(np.full(n, delta, np.int32), shift, grain, KEY, y1, y2)
        unit = 2**grain
        fraction = abs(delta) / 2**shift / unit % 1
        error = 5 * unit * np.sqrt(fraction * (1 - fraction) / n)
        assert abs((y1 - y2).mean() - delta / 2**shift) <= error
        least = (abs(delta) >> shift) // unit * unit
        assert set(np.unique(y1 + y2)) <= {least, least + unit}


@settings(max_examples=200)
@given(
    a=ints(states()), v=ints(in_range), threshold=edged(1, 2**20), dv=edged(0, 4095), half=edged(1, 2**20),
    t=edged(0, 31), spikes=ints(word), support=ints(word),
)  # fmt: skip
def test_leak_and_fire(a, v, threshold, dv, half, t, spikes, support):
    raw = [leak(x, dv) + y for x, y in zip(v.tolist(), a.tolist(), strict=True)]
    new = [wrap(x) for x in raw]
    fires = [j for j in range(SIZE) if new[j] >= threshold]
    inside = [j for j in fires if new[j] - threshold < half]
    active = sum(a[j] != 0 or (v[j] != 0 and dv != 0) or j in fires for j in range(SIZE))
    words = [x % 2**32 | (1 << t if j in fires else 0) for j, x in enumerate(spikes.tolist())]
    supports = [x % 2**32 | (1 << t if j in inside else 0) for j, x in enumerate(support.tolist())]
    overflows = sum(x != y for x, y in zip(raw, new, strict=True))
    events = np.full(SIZE, -1, np.int32)
    counts = neuron.leak_and_fire(a, v, threshold, dv, half, t, spikes, support, events)
    assert counts == (len(fires), active, overflows)
    assert events[: len(fires)].tolist() == fires
    assert v.tolist() == [0 if j in fires else x for j, x in enumerate(new)]
    assert [x % 2**32 for x in spikes.tolist()] == words
    assert [x % 2**32 for x in support.tolist()] == supports


def test_leak_and_fire_by_hand():
    """θ = 100, α = 10: 100 and 109 fire inside the support, 110 outside, 99 stays; λ = 1/2 halves."""
    a, v = np.array([0, 9, 10, -1, 0], np.int32), np.array([100, 100, 100, 100, -7], np.int32)
    spikes, support, events = (np.zeros(5, np.int32) for _ in range(3))
    assert neuron.leak_and_fire(a, v, 100, 0, 10, 31, spikes, support, events) == (3, 4, 0)
    assert v.tolist() == [0, 0, 0, 99, -7]
    assert spikes.tolist() == [-(2**31)] * 3 + [0, 0]
    assert support.tolist() == [-(2**31)] * 2 + [0] * 3
    neuron.leak_and_fire(np.zeros(5, np.int32), v, 100, 2048, 10, 0, spikes, support, events)
    assert v.tolist() == [0, 0, 0, 49, -3]


def test_the_second_word_follows_the_first_ones_of_all_neurons():
    """Step 33 is bit 1 of the second word; step 1 leaves bit 1 of the first."""
    a, v, events = np.array([0, 120], np.int32), np.zeros(2, np.int32), np.zeros(2, np.int32)
    spikes, support = np.zeros(4, np.int32), np.zeros(4, np.int32)
    for t in (1, 33):
        assert neuron.leak_and_fire(a, v, 100, 0, 21, t, spikes, support, events) == (1, 1, 0)
    assert spikes.tolist() == support.tolist() == [0, 2, 0, 2]


@settings(max_examples=200)
@given(
    e=ints(states()), b=ints(in_range), d=ints(in_range), spikes=two_words, support=two_words,
    t=edged(0, 63), dv=edged(0, 4095), dv_post=edged(0, 4095), dead_zone=edged(0, 127 << 8),
)  # fmt: skip
def test_replay_error(e, b, d, spikes, support, t, dv, dv_post, dead_zone):
    expected, active, overflows = [], 0, 0
    for j in range(SIZE):
        ej, bj, dj = int(e[j]), int(b[j]), int(d[j])
        spiked, inside = (bit(int(words[t // 32 * SIZE + j]), t % 32) for words in (spikes, support))
        active += bool(ej or spiked or (dj and dv) or (bj and dv_post))
        dj = leak(dj, dv)
        raw = leak(bj, dv_post) + ej
        bj = wrap(raw)
        overflows += raw != bj
        message = 0
        if spiked:
            epsilon = bj if inside else 0
            message = wrap(epsilon - dj)
            overflows += message != epsilon - dj
            if abs(message) > dead_zone:
                dj = epsilon
            else:
                message = 0
        expected.append((bj, dj, message))
    delta = np.full(SIZE, 99, np.int32)
    counts = neuron.replay_error(e, b, d, spikes, support, t, dv, dv_post, dead_zone, delta)
    assert list(zip(b.tolist(), d.tolist(), delta.tolist(), strict=True)) == expected
    assert counts == (np.count_nonzero(delta), active, overflows)


def test_replay_by_hand():
    """λ = 1: B = 10 + 5; a spike inside sends 15 − 4, D = 15; outside −4, D = 0; none sends nothing."""
    e, b, d = (np.full(3, value, np.int32) for value in (5, 10, 4))
    spikes, support = np.array([2, 2, 1], np.int32), np.array([2, 1, 3], np.int32)
    delta = np.zeros(3, np.int32)
    assert neuron.replay_error(e, b, d, spikes, support, 1, 0, 0, 0, delta) == (2, 3, 0)
    assert (b.tolist(), d.tolist(), delta.tolist()) == ([15] * 3, [15, 0, 4], [11, -4, 0])


def test_what_a_dead_zone_holds_back_is_sent_later():
    """D = 4, then ε = 6, 9, 5 under z = 3: 2 is held back, 5 is the whole way from 4 to 9, and −4 that to 5."""
    b, d, delta = np.array([4], np.int32), np.array([4], np.int32), np.zeros(1, np.int32)
    always = np.array([-1], np.int32)
    sent = []
    for t, e in ((2, 2), (1, 3), (0, -4)):
        neuron.replay_error(np.array([e], np.int32), b, d, always, always, t, 0, 0, 3, delta)
        sent.append((int(delta[0]), int(d[0])))
    assert sent == [(0, 4), (5, 9), (-4, 5)]


@given(x=ints(st.integers(0, 16)))
def test_count_fired(x):
    values = x.tolist()
    assert neuron.count_fired(x, 16) == (sum(v > 0 for v in values), sum(v == 16 for v in values))


BAND = (38, 77, 13)
MOVES = [
    # fired, saturated, of 1280 → 10 in 128 is a hundredth of the scale
    (379, 0, -1),  # 37.9/128 is below 38
    (380, 0, 0),  # 38.0 is not
    (770, 0, 0),  # 77.0 is not above
    (771, 0, 1),
    (500, 130, 0),  # 13.0 at the ceiling is allowed
    (500, 131, 1),
    (379, 379, -1),  # too few is looked at first
]


@pytest.mark.parametrize(("fired", "saturated", "move"), MOVES)
def test_adaptation_moves_by_one_step(fired, saturated, move):
    assert neuron.adapt_threshold(32, 55, fired, saturated, 1280, *BAND) == 32 + move


def test_adaptation_stays_in_its_range():
    assert neuron.adapt_threshold(0, 55, 0, 0, 1280, *BAND) == 0
    assert neuron.adapt_threshold(55, 55, 1280, 0, 1280, *BAND) == 55


@given(step=st.integers(0, 55), fired=edged(0, 6400000), data=st.data())
def test_adaptation_against_fractions(step, fired, data):
    """Counts as large as 100 samples of 64000 neurons."""
    total = 6400000
    saturated = data.draw(edged(0, fired))
    low, high, ceiling = (value / 128 for value in BAND)
    up = fired / total > high or saturated / total > ceiling
    expected = step - 1 if fired / total < low else step + 1 if up else step
    assert neuron.adapt_step(step, 55, fired, saturated, total, *BAND) == min(max(expected, 0), 55)

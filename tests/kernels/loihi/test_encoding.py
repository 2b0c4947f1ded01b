"""Lists of neurons by value, and who spikes when."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from strategies import edged, vectors

from lava_ed.kernels import fixed_point
from lava_ed.kernels.loihi import encoding

SIZE = 41
pixels_of = vectors(np.uint8, SIZE, edged(0, 255))
tables = st.integers(1, 127).flatmap(
    lambda highest: vectors(np.int32, 256, edged(0, highest)).map(lambda table: (highest, table))
)


def load(pixels, table, highest):
    x, order, starts = (
        np.full(SIZE, 99, np.int32),
        np.full(SIZE, 99, np.int32),
        np.full(highest + 2, 99, np.int32),
    )
    encoding.load_values(pixels, table, 0, np.uint64(0), x, order, starts)
    return x, order, starts


@given(pixels=pixels_of, table=tables)
def test_values_are_sorted_stably(pixels, table):
    highest, values = table
    x, order, starts = load(pixels, values, highest)
    expected = [int(values[p]) for p in pixels]
    assert x.tolist() == expected
    silent = expected.count(0)
    assert starts[0] == 0
    assert starts[1] == silent
    assert starts[highest + 1] == SIZE
    assert order[silent:].tolist() == [i for i in sorted(range(SIZE), key=lambda i: expected[i]) if expected[i]]
    for k in range(1, highest + 1):
        assert order[starts[k] : starts[k + 1]].tolist() == [i for i in range(SIZE) if expected[i] == k]


@given(pixels=pixels_of, table=tables, drop=st.integers(0, 255), key=edged(0, 2**64 - 1))
def test_inputs_whose_byte_is_small_are_dropped(pixels, table, drop, key):
    highest, values = table
    x, order, starts = (np.full(n, 99, np.int32) for n in (SIZE, SIZE, highest + 2))
    encoding.load_values(pixels, values, drop, np.uint64(key), x, order, starts)
    key32 = fixed_point.column_key(np.uint64(key))
    kept = [fixed_point.column_byte(key32, i) >= drop for i in range(SIZE)]
    assert x.tolist() == [int(values[p]) * k for p, k in zip(pixels, kept, strict=True)]
    assert sorted(order[starts[1] :].tolist()) == np.flatnonzero(x).tolist()


@given(pixels=vectors(np.uint8, 3 * SIZE, edged(0, 0, 1, 255)), drop=st.integers(0, 255), t=st.integers(0, 23))
def test_inputs_of_several_bytes(pixels, drop, t):
    """Bit t mod 8 of byte t div 8, of the inputs that are not dropped, in ascending order."""
    x, order, starts = (np.full(n, 99, np.int32) for n in (3 * SIZE, SIZE, 3))
    encoding.load_planes(pixels, np.arange(256, dtype=np.int32), drop, np.uint64(7), x, order, starts)
    key32 = fixed_point.column_key(np.uint64(7))
    kept = np.array([fixed_point.column_byte(key32, i) >= drop for i in range(SIZE)])
    expected = pixels.reshape(3, SIZE) * kept
    assert x.reshape(3, SIZE).tolist() == expected.tolist()
    events = np.full(SIZE, 99, np.int32)
    n = encoding.events_of_bit(order, starts, x, t, events)
    assert events[:n].tolist() == np.flatnonzero(expected[t // 8] >> t % 8 & 1).tolist()


def test_the_share_that_is_dropped():
    """64/256 of 4000 inputs in 50 samples: within five standard errors of a quarter."""
    n, samples = 4000, 50
    table = np.ones(256, np.int32)
    kept = 0
    for k in range(samples):
        x, order, starts = np.zeros(n, np.int32), np.zeros(n, np.int32), np.zeros(3, np.int32)
        key = np.uint64(fixed_point.stream_key(1, k, 2, 0))
        encoding.load_values(np.zeros(n, np.uint8), table, 64, key, x, order, starts)
        kept += int(x.sum())
    assert abs(kept / (n * samples) - 0.75) < 5 * np.sqrt(0.75 * 0.25 / (n * samples))


@given(pixels=pixels_of, table=tables, data=st.data())
def test_events_of_value(pixels, table, data):
    highest, values = table
    x, order, starts = load(pixels, values, highest)
    value = data.draw(st.integers(1, highest))
    events = np.full(SIZE, 99, np.int32)
    n = encoding.events_of_value(order, starts, value, events)
    assert events[:n].tolist() == np.flatnonzero(x == value).tolist()


@given(pixels=pixels_of, table=tables)
def test_each_neuron_spikes_once_by_value(pixels, table):
    """Time to first spike: over the window every neuron that is not black appears exactly once."""
    highest, values = table
    x, order, starts = load(pixels, values, highest)
    seen, events = [], np.zeros(SIZE, np.int32)
    for value in range(highest, 0, -1):
        seen += events[: encoding.events_of_value(order, starts, value, events)].tolist()
    assert sorted(seen) == np.flatnonzero(x).tolist()


@given(pixels=pixels_of, steps=st.integers(2, 32), data=st.data())
def test_rates_are_spread_evenly(pixels, steps, data):
    """x spikes in `steps`, and in any stretch of n steps ⌊n·x/steps⌋ or one more."""
    values = data.draw(vectors(np.int32, 256, edged(0, steps)))
    x, order, starts = load(pixels, values, steps)
    raster = np.zeros((steps, SIZE), int)
    for t in range(steps):
        events = np.full(SIZE, 99, np.int32)
        n = encoding.events_of_rate(order, starts, x, steps, t, events)
        raster[t, events[:n]] = 1
        assert len(set(events[:n].tolist())) == n
    assert raster.sum(axis=0).tolist() == x.tolist()
    for length in range(1, steps + 1):
        for start in range(steps - length + 1):
            count = raster[start : start + length].sum(axis=0)
            assert np.all((count == length * x // steps) | (count == -(-length * x // steps)))


def test_rate_by_hand():
    """3 spikes in 8 steps: ⌊3(t+1)/8⌋ grows at t = 2, 5 and 7."""
    table = np.zeros(256, np.int32)
    table[1] = 3
    x, order, starts = load(np.array([1] + [0] * (SIZE - 1), np.uint8), table, 8)
    events = np.zeros(SIZE, np.int32)
    assert [encoding.events_of_rate(order, starts, x, 8, t, events) for t in range(8)] == [
        0,
        0,
        1,
        0,
        0,
        1,
        0,
        1,
    ]


@given(pixels=pixels_of, table=tables)
def test_events_of_nonzero(pixels, table):
    highest, values = table
    x, order, starts = load(pixels, values, highest)
    events = np.full(SIZE, 99, np.int32)
    n = encoding.events_of_nonzero(order, starts, events)
    assert sorted(events[:n].tolist()) == np.flatnonzero(x).tolist()

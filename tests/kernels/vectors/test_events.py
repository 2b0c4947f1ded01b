"""Vectors of messages and lists of events, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import INT32, edged, vectors

from lava_ed.kernels.vectors.events import add_events, add_vector, list_events, take_message

NONE = np.zeros(0, np.int32)
values = st.integers(1, 6).flatmap(lambda n: vectors(np.int32, n, st.one_of(st.just(0), edged(*INT32))))


@given(vector=values)
def test_listed_is_what_is_not_zero(vector):
    events = np.full(vector.size, 77, np.int32)
    count = list_events(vector, events)
    np.testing.assert_array_equal(events[:count], np.flatnonzero(vector))


@pytest.mark.parametrize(("sent", "taken"), [("?", "i4"), ("i1", "i4"), ("i4", "i4"), ("f4", "f8"), ("f8", "f8")])
def test_a_message_is_taken_with_its_events(sent, taken):
    """What is no number, and the smallest numbers, differ from 0; a negative zero does not."""
    drawn = np.random.default_rng(0).choice([0, 1, -0.0, 3.5, -2, np.nan, 1e-310], 37)
    with np.errstate(invalid="ignore"):
        message = drawn.astype(sent)
    values, events = np.full(37, 9, taken), np.full(37, 77, np.int32)
    count = take_message(message, values, events)
    np.testing.assert_array_equal(values, message.astype(taken))
    np.testing.assert_array_equal(events[:count], np.flatnonzero(message))


@given(vector=values, seed=st.integers(0, 99))
def test_vector_and_events_add_the_same(vector, seed):
    """Through a permutation and without one, modulo 2^32."""
    rng = np.random.default_rng(seed)
    start = rng.integers(*INT32, vector.size, dtype=np.int32)
    events = np.zeros(vector.size, np.int32)
    count = list_events(vector, events)
    for index in (NONE, rng.permutation(vector.size).astype(np.int32)):
        moved = vector[index] if index.size else vector
        places = np.argsort(index).astype(np.int32)
        by_vector, by_events = start.copy(), start.copy()
        add_vector(vector, index, by_vector)
        add_events(events, count, vector, places, by_events)
        np.testing.assert_array_equal(by_vector, start + moved)
        np.testing.assert_array_equal(by_events, start + moved)


def test_events_without_payload_count_one():
    total = np.array([5, 5, 5], np.int32)
    add_events(np.array([2, 0, 9], np.int32), 2, NONE, NONE, total)
    assert total.tolist() == [6, 5, 6]

"""Histories of two words against Python's integers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from strategies import INT32, edged, vectors

from lava_ed.kernels.loihi import history

SIZE = 19
two_words = vectors(np.int32, 2 * SIZE, edged(*INT32, 1, 2, 3))


def steps_of(words: np.ndarray) -> list[int]:
    """The history of each neuron as one integer."""
    return [x % 2**32 | y % 2**32 << 32 for x, y in words.reshape(2, SIZE).T.tolist()]


@given(words=two_words, t=edged(0, 63))
def test_spikes_at(words, t):
    events = np.zeros(SIZE, np.int32)
    n = history.spikes_at(words, t, events)
    assert events[:n].tolist() == [j for j, x in enumerate(steps_of(words)) if x >> t & 1]


@given(words=two_words, window=st.integers(2, 64))
def test_count_history(words, window):
    ones = [x.bit_count() for x in steps_of(words)]
    assert history.count_history(words, SIZE, window) == (
        sum(n > 0 for n in ones),
        sum(2 * n > window for n in ones),
    )

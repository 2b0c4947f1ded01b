"""Weights as users know them and as the chip stores them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import edged, matrices

from lava_ed.errors import ConfigError, ShapeError, WeightError
from lava_ed.network.weights import pack_weights, random_weights, unpack_weights

TYPES = [np.int16, np.int32, np.int64, np.float32, np.float64, list]
shapes = st.tuples(st.integers(1, 5), st.integers(1, 5))


@given(shape=shapes, kind=st.sampled_from(TYPES), data=st.data())
def test_round_trip(shape, kind, data):
    """Halved, transposed, int8 and contiguous by pre neuron, from any type that holds integers."""
    weights = 2 * data.draw(matrices(np.int64, shape, edged(-128, 127)))
    given_as = weights.tolist() if kind is list else weights.astype(kind)
    stored = pack_weights(given_as, shape)
    assert stored.dtype == np.int8
    assert stored.flags.c_contiguous
    assert stored.T.tolist() == [[w // 2 for w in row] for row in weights.tolist()]
    back = unpack_weights(stored)
    assert back.dtype == np.int16
    assert back.flags.c_contiguous
    assert back.tolist() == weights.tolist()


@given(data=st.data(), shape=shapes)
def test_every_stored_matrix_is_reachable(data, shape):
    stored = data.draw(matrices(np.int8, shape, edged(-128, 127)))
    np.testing.assert_array_equal(pack_weights(unpack_weights(stored)), stored)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (255, "span 0 … 255, mixed-sign 8-bit weights span -256 … 254"),
        (256, "span 0 … 256"),
        (-258, "span -258 … 0"),
        (2**40, "clip them or use a weight exponent"),
        (1e300, "clip them"),
        (1, "weight 1 is odd"),
        (-3, "weight -3 is odd.*round to even"),
        (253.0, "weight 253 is odd"),
        (0.5, "weight 0.5 is not an integer"),
        (2.0000000001, "is not an integer"),
        (np.nan, "not integers"),
        (np.inf, "not integers"),
        (-np.inf, "not integers"),
        (2 + 0j, "complex128 are not integers"),
        ("2", "are not integers"),
    ],
)
def test_bad_weights_are_refused(bad, message):
    with pytest.raises(WeightError, match=message):
        pack_weights([[0, bad], [0, 0]])


def test_booleans_are_no_weights():
    with pytest.raises(WeightError, match="bool are not integers"):
        pack_weights(np.ones((2, 2), bool))


@pytest.mark.parametrize("shape", [(), (3,), (1, 2, 3)])
def test_only_matrices(shape):
    with pytest.raises(ShapeError, match=r"expected \(n_post, n_pre\): post-synaptic neurons first"):
        pack_weights(np.zeros(shape, int))


def test_transposed_weights_are_noticed():
    with pytest.raises(ShapeError, match=r"shape \(3, 2\), expected \(2, 3\)") as caught:
        pack_weights(np.zeros((3, 2), int), (2, 3))
    assert isinstance(caught.value, ConfigError)


@given(limit=edged(1, 127), seed=st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 9)))
def test_random_weights_stay_in_their_limit(limit, seed):
    weights = random_weights(20, 10, limit, seed)
    assert (weights.shape, weights.dtype) == ((20, 10), np.int8)
    assert np.abs(weights.astype(int)).max() <= limit
    np.testing.assert_array_equal(weights, random_weights(20, 10, limit, seed))


def test_random_weights_are_uniform():
    """χ² of 255 values, both ends included: 254 ± 22.5, five deviations either side."""
    counts = np.bincount(random_weights(300, 300, 127, (1, 2)).astype(int).ravel() + 127, minlength=255)
    assert counts.size == 255
    expected = counts.sum() / 255
    assert 142 < ((counts - expected) ** 2).sum() / expected < 367


def test_random_weights_depend_on_the_whole_seed():
    drawn = [random_weights(30, 30, 127, seed) for seed in [(0, 1, 0), (0, 2, 0), (1, 1, 0), (0, 1, 1)]]
    for k, first in enumerate(drawn):
        for second in drawn[k + 1 :]:
            assert np.mean(first == second) < 0.05


@pytest.mark.parametrize("limit", [0, -1, 128])
def test_bad_limits_are_refused(limit):
    with pytest.raises(WeightError, match=r"outside 1 … 127 stored units"):
        random_weights(2, 2, limit, (0,))

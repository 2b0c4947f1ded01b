"""The order of samples and the stops between them depend on positions only."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lava_ed.data.digest import digest
from lava_ed.train.order import flips, next_stop, rate_changes, sample_order, shift_offsets

# The order of seed 1, epoch 2, as the generator gave it on 2026-11-23: it must never change.
GOLDEN = [3, 4, 1, 7, 6, 0, 5, 2]


def test_the_order_never_changes():
    assert sample_order(1, 2, 8).tolist() == GOLDEN


@given(st.integers(0, 2**32 - 1), st.integers(0, 1000), st.integers(1, 300))
def test_an_order_is_a_permutation(seed, epoch, n):
    assert sorted(sample_order(seed, epoch, n).tolist()) == list(range(n))


def test_seeds_and_epochs_give_different_orders():
    orders = {tuple(sample_order(seed, epoch, 50)) for seed in range(4) for epoch in range(4)}
    assert len(orders) == 16


def test_the_digest_sees_values_shapes_and_types():
    arrays = [np.arange(6), np.arange(6).reshape(2, 3), np.arange(6, dtype=np.int32), np.arange(6)[::-1]]
    assert len({digest(array) for array in arrays}) == 4
    assert digest(np.arange(6)) == digest(np.arange(6))


@given(st.floats(0.01, 0.99), st.integers(1, 10**7))
def test_a_rate_changes_at_the_first_sample_past_its_share(p, total):
    (g,) = rate_changes([p], total)
    assert g / total >= p
    assert (g - 1) / total < p


@given(
    st.integers(0, 10**6),
    st.integers(1, 500),
    st.integers(1, 500),
    st.lists(st.integers(0, 10**6), max_size=3),
)
def test_a_stop_is_the_next_of_all(position, one, other, changes):
    stop = next_stop(position, (one, other), changes)
    assert stop > position
    assert stop % one == 0 or stop % other == 0 or stop in changes
    between = range(position + 1, stop)
    assert not any(g in changes for g in between) if len(between) < 600 else False
    assert stop - position <= min(one, other)


def test_offsets_never_change():
    """As the generator gave them on 2026-11-26, for seed 1, epoch 2."""
    assert shift_offsets(2, 1, 2, 4).tolist() == [[-1, 1], [-1, -1], [1, -2], [2, -1]]


def test_offsets_depend_on_seed_and_epoch_and_reach_every_value():
    first = shift_offsets(2, seed=3, epoch=1, n=5000)
    np.testing.assert_array_equal(first, shift_offsets(2, seed=3, epoch=1, n=5000))
    np.testing.assert_array_equal(first[:10], shift_offsets(2, seed=3, epoch=1, n=10))
    for other in (shift_offsets(2, seed=3, epoch=2, n=5000), shift_offsets(2, seed=4, epoch=1, n=5000)):
        assert np.mean(first != other) > 0.7
    pairs, counts = np.unique(first, axis=0, return_counts=True)
    assert len(pairs) == 25
    assert pairs.min() == -2
    assert pairs.max() == 2
    # 200 expected of each, standard deviation 14.
    assert 130 < counts.min() <= counts.max() < 270


def test_mirrored_images_depend_on_seed_and_epoch_only():
    first = flips(seed=3, epoch=1, n=5000)
    np.testing.assert_array_equal(first, flips(seed=3, epoch=1, n=5000))
    np.testing.assert_array_equal(first[:10], flips(seed=3, epoch=1, n=10))
    assert 2400 < first.sum() < 2600
    for other in (flips(seed=3, epoch=2, n=5000), flips(seed=4, epoch=1, n=5000)):
        assert 2300 < (first ^ other).sum() < 2700


def test_no_shift_moves_nothing():
    assert not shift_offsets(0, seed=0, epoch=0, n=9).any()

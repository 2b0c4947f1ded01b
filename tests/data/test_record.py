"""The record of a data set, and the split of its training part."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_ed.data import Dataset, split_validation
from lava_ed.errors import ConfigError, DataError, ShapeError


def toy(labels, **changes) -> Dataset:
    """A data set whose training labels are `labels`."""
    count = len(labels)
    fields = {
        "name": "toy",
        "train_images": np.zeros((count, 4), np.uint8),
        "train_labels": np.asarray(labels),
        "test_images": np.zeros((1, 4), np.uint8),
        "test_labels": np.array([0]),
        "n_classes": 10,
        "image_shape": (2, 2),
        "source": "a test",
    }
    return Dataset(**{**fields, **changes})


class TestDataset:
    def test_is_frozen(self):
        with pytest.raises(dataclasses.FrozenInstanceError):
            toy([0, 1]).name = "other"  # type: ignore[misc]

    @pytest.mark.parametrize(
        ("changes", "error", "message"),
        [
            ({"test_images": np.zeros((1, 4))}, DataError, "test part: pixels are float64, expected uint8"),
            ({"test_images": np.zeros((2, 4), np.uint8)}, ShapeError, r"shape \(2, 4\), expected \(1, 4\)"),
            ({"image_shape": (3, 3)}, ShapeError, r"train part: .* expected \(2, 9\)"),
            ({"n_classes": 1}, DataError, "label 1 at index 1, expected 0 to 0"),
        ],
    )
    def test_parts_that_do_not_agree(self, changes, error, message):
        with pytest.raises(error, match=message):
            toy([0, 1], **changes)


class TestSplitValidation:
    @given(
        counts=st.lists(st.integers(4, 40), min_size=1, max_size=10),
        fraction=st.sampled_from([0.15, 0.25, 0.5, 0.8]),
        seed=st.integers(0, 2**64),
    )
    def test_partition_with_class_shares(self, counts, fraction, seed):
        labels = np.repeat(np.arange(len(counts)), counts)
        train, val = split_validation(toy(labels), fraction, seed)
        assert sorted([*train, *val]) == list(range(len(labels)))
        assert np.all(np.diff(train) > 0)
        held = np.bincount(labels[val], minlength=len(counts))
        assert np.all(np.abs(held - np.array(counts) * fraction) <= 0.5)

    def test_same_seed_same_split_other_seed_other_split(self):
        data = toy(np.arange(200) % 10)
        once, again, other = (split_validation(data, 0.2, seed)[1].tolist() for seed in (1, 1, 2))
        assert once == again
        assert once != other

    def test_nothing_held_out(self):
        train, val = split_validation(toy([0, 1, 1]), 0, 0)
        assert (train.tolist(), val.tolist()) == ([0, 1, 2], [])

    @pytest.mark.parametrize("fraction", [-0.1, 1, 1.5, float("nan")])
    def test_fraction_out_of_range(self, fraction):
        with pytest.raises(ConfigError, match=f"fraction is {fraction}, expected 0 ≤ fraction < 1"):
            split_validation(toy([0, 1]), fraction, 0)

    @pytest.mark.parametrize("fraction", [0.1, 0.9])
    def test_class_too_small(self, fraction):
        with pytest.raises(ConfigError, match="of the 2 images of class 1, expected at least 1"):
            split_validation(toy([0] * 20 + [1, 1]), fraction, 0)

    def test_negative_seed(self):
        with pytest.raises(ConfigError, match="split seed is -1"):
            split_validation(toy([0, 1]), 0.5, -1)

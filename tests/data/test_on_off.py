"""On- and off-channels, beside what the definition says."""

from __future__ import annotations

import numpy as np
import pytest

from lava_ed.data import load_dataset
from lava_ed.errors import ConfigError


def written(tmp_path, shape):
    random = np.random.default_rng(1)
    values = {
        "train_images": random.integers(0, 256, (7, *shape), dtype=np.uint8), "train_labels": np.arange(7) % 2,
        "test_images": random.integers(0, 256, (4, *shape), dtype=np.uint8), "test_labels": np.arange(4) % 2,
    }  # fmt: skip
    np.savez(tmp_path / "own.npz", **values)
    return str(tmp_path / "own.npz"), values


@pytest.mark.parametrize(("shape", "split"), [((3, 4), (2, 3, 4)), ((3, 2, 5), (6, 2, 5))])
def test_is_the_definition(tmp_path, shape, split):
    name, values = written(tmp_path, shape)
    found = load_dataset(f"{name}+on-off")
    assert (found.name, found.image_shape, found.n_classes) == (f"{name}+on-off", split, 2)
    mean = np.floor(values["train_images"].astype(float).mean(axis=0) + 0.5)
    for images, given in ((found.train_images, values["train_images"]), (found.test_images, values["test_images"])):
        differences = (given - mean).reshape(len(given), -1)
        half = differences.shape[1]
        np.testing.assert_array_equal(images[:, :half], differences.clip(0))
        np.testing.assert_array_equal(images[:, half:], (-differences).clip(0))
    assert found.digest != load_dataset(name).digest


def test_samples_without_rows(tmp_path):
    name, _ = written(tmp_path, (5,))
    with pytest.raises(ConfigError, match=r"shape \(5,\) have no rows and columns"):
        load_dataset(f"{name}+on-off")

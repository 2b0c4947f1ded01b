"""Images as on- and off-channels: what is brighter and what is darker than the mean image, as a retina sends it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lava_ed.data.record import Dataset
from lava_ed.errors import ConfigError


def on_off(dataset: Dataset, name: str) -> Dataset:
    """The data set `name`, whose every channel is split in two, all on-channels first.

    on = max(x − m, 0) and off = max(m − x, 0), with m the mean image of the training part, rounded to integers. Images
    (height, width) become (2, height, width), those with c channels (2c, height, width).  Raises a ConfigError where
    the images have no rows and columns.
    """
    shape = dataset.image_shape
    if len(shape) not in (2, 3):
        raise ConfigError(f"data set {name!r}: samples of shape {shape} have no rows and columns, as on-off needs")
    count = len(dataset.train_images)
    mean = (dataset.train_images.sum(axis=0, dtype=np.int64) + count // 2) // count
    split = [_split(images, mean.astype(np.uint8)) for images in (dataset.train_images, dataset.test_images)]
    channels = shape[0] if len(shape) == 3 else 1
    return replace(
        dataset,
        name=name,
        train_images=split[0],
        test_images=split[1],
        image_shape=(2 * channels, *shape[-2:]),
        source=f"{dataset.source}, on- and off-channels around the mean training image",
    )


def _split(images: NDArray[np.uint8], mean: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Images (N, n) as (N, 2n), in unsigned bytes throughout."""
    n = images.shape[1]
    result = np.empty((len(images), 2 * n), np.uint8)
    np.subtract(np.maximum(images, mean), mean, out=result[:, :n])
    np.subtract(mean, np.minimum(images, mean), out=result[:, n:])
    return result

"""Augmentation: images moved by a few pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_ed.errors import ConfigError


def check_shift(shift: int, image_shape: tuple[int, ...]) -> None:
    """Raise a ConfigError if images have no rows and columns, or a shift could move one out of its frame."""
    if shift and len(image_shape) != 2:
        raise ConfigError(f"shift {shift}: samples of shape {image_shape} have no rows and columns: use shift=0")
    if shift and shift >= min(image_shape):
        raise ConfigError(
            f"shift {shift} can move an image of {image_shape[0]}×{image_shape[1]} pixels out of its frame: use at "
            f"most {min(image_shape) - 1}"
        )


def shifted(images: NDArray[np.uint8], image_shape: tuple[int, ...], offsets: NDArray[Any]) -> NDArray[np.uint8]:
    """Images (N, height·width) moved inside their frames: y[r, c] = x[r − down, c − right], black outside.

    `offsets`, of shape (N, 2), holds down and right of each image, less than the height and the width.

    Examples
    --------
    >>> shifted(np.array([[1, 2, 3, 4]], np.uint8), (2, 2), np.array([[0, 1]])).tolist()
    [[0, 1, 0, 3]]
    """
    frames = images.reshape(-1, *image_shape)
    result = np.zeros_like(frames)
    for offset in np.unique(offsets, axis=0):
        which = np.flatnonzero((offsets == offset).all(axis=1))
        to: list[Any] = [which]
        origin: list[Any] = [which]
        for moved, length in zip(offset.tolist(), image_shape, strict=True):
            to.append(slice(max(moved, 0), length + min(moved, 0)))
            origin.append(slice(max(-moved, 0), length + min(-moved, 0)))
        result[tuple(to)] = frames[tuple(origin)]
    return result.reshape(images.shape)

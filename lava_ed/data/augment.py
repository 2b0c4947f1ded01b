"""Augmentation: images moved by a few pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_ed.errors import ConfigError


def check_shift(shift: int, image_shape: tuple[int, ...]) -> None:
    """Refuse a shift that images of a shape do not allow.

    Raises
    ------
    ConfigError
        If the images have no rows and columns, or a whole image could leave the frame.
    """
    if shift and len(image_shape) != 2:
        raise ConfigError(f"shift {shift}: samples of shape {image_shape} have no rows and columns: use shift=0")
    if shift and shift >= min(image_shape):
        raise ConfigError(
            f"shift {shift} can move an image of {image_shape[0]}×{image_shape[1]} pixels out of its frame: use at "
            f"most {min(image_shape) - 1}"
        )


def shifted(images: NDArray[np.uint8], image_shape: tuple[int, ...], offsets: NDArray[Any]) -> NDArray[np.uint8]:
    """Images moved inside their frames: y[r, c] = x[r − down, c − right], black where that lies outside.

    Parameters
    ----------
    images : uint8 (N, height·width)
    image_shape : (height, width)
    offsets : int (N, 2)
        Down and right of each image; less than the height and the width.

    Returns
    -------
    uint8 (N, height·width)
        A new array.

    Examples
    --------
    >>> shifted(np.array([[1, 2, 3, 4]], np.uint8), (2, 2), np.array([[0, 1]])).tolist()
    [[0, 1, 0, 3]]
    """
    height, width = image_shape
    frames = images.reshape(-1, height, width)
    result = np.zeros_like(frames)
    for down, right in np.unique(offsets, axis=0):
        which = np.flatnonzero((offsets[:, 0] == down) & (offsets[:, 1] == right))
        (to_row, from_row), (to_column, from_column) = _overlap(int(down), height), _overlap(int(right), width)
        result[which, to_row, to_column] = frames[which, from_row, from_column]
    return result.reshape(images.shape)


def _overlap(offset: int, length: int) -> tuple[slice, slice]:
    """Where a line of pixels that moves by an offset lands inside its frame, and where that part came from."""
    kept = length - abs(offset)
    return slice(max(offset, 0), max(offset, 0) + kept), slice(max(-offset, 0), max(-offset, 0) + kept)

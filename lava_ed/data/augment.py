"""Augmentation: images moved by a few pixels, or mirrored."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_ed.errors import ConfigError


def check_shift(shift: int, image_shape: tuple[int, ...]) -> None:
    """Raise a ConfigError if images have no rows and columns, or a shift could move one out of its frame."""
    if shift and len(image_shape) not in (2, 3):
        raise ConfigError(f"shift {shift}: samples of shape {image_shape} have no rows and columns: use shift=0")
    frame = image_shape[-2:]
    if shift and shift >= min(frame):
        raise ConfigError(
            f"shift {shift} can move an image of {frame[0]}×{frame[1]} pixels out of its frame: use at most "
            f"{min(frame) - 1}"
        )


def check_flip(flip: bool, image_shape: tuple[int, ...]) -> None:
    """Raise a ConfigError if images that are to be mirrored have no rows and columns."""
    if flip and len(image_shape) not in (2, 3):
        raise ConfigError(f"flip: samples of shape {image_shape} have no rows and columns: use flip=False")


def flipped(images: NDArray[np.uint8], image_shape: tuple[int, ...], which: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Images (N, channels·height·width), those of `which` mirrored: y[…, c] = x[…, width − 1 − c].

    Examples
    --------
    >>> flipped(np.array([[1, 2, 3, 4]], np.uint8), (2, 2), np.array([True])).tolist()
    [[2, 1, 4, 3]]
    """
    result = images.copy()
    frames = result.reshape(-1, *image_shape)
    frames[which] = frames[which][..., ::-1]
    return result


def shifted(images: NDArray[np.uint8], image_shape: tuple[int, ...], offsets: NDArray[Any]) -> NDArray[np.uint8]:
    """Images (N, channels·height·width) moved inside their frames: y[r, c] = x[r − down, c − right], 0 outside.

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
        to: list[Any] = [which, ...]
        origin: list[Any] = [which, ...]
        for moved, length in zip(offset.tolist(), image_shape[-2:], strict=True):
            to.append(slice(max(moved, 0), length + min(moved, 0)))
            origin.append(slice(max(-moved, 0), length + min(-moved, 0)))
        result[tuple(to)] = frames[tuple(origin)]
    return result.reshape(images.shape)

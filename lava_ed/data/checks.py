"""The checks that guard every entrance of images and labels."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lava_ed.errors import DataError, ShapeError

PIXEL_MAX: Final = 255
_CHUNK: Final = 1024
"""Images converted from float at a time, so that no second float copy of a data set exists."""


def check_images(images: ArrayLike, image_shape: tuple[int, ...] | None = None) -> NDArray[np.uint8]:
    """Turn images into unsigned bytes, one flattened image a row, or say what is wrong with them.

    Integers are pixels 0 … 255 as they are; floats p in [0, 1] become round(p·255).

    Parameters
    ----------
    images : array_like of int or float, shape (N, n) or (N, *image_shape)
    image_shape : tuple of int, optional

    Returns
    -------
    ndarray of uint8, shape (N, n)
        The input itself, reshaped, where it already holds unsigned bytes.

    Raises
    ------
    DataError
        A pixel is NaN, infinite, negative or too large, or the type is neither integer nor float.
    ShapeError
        There are no images, or they do not have the shape that is expected.

    Examples
    --------
    >>> check_images([[0.0, 0.5, 1.0]])
    array([[  0, 128, 255]], dtype=uint8)
    """
    array = _as_array(images, "images")
    if array.ndim < 2 or array.size == 0:
        raise ShapeError(
            f"images have shape {array.shape}, expected (N, n) or (N, height, width) with N ≥ 1: "
            "give a single image as images[None]"
        )
    if image_shape is not None and array.shape[1:] not in (image_shape, (math.prod(image_shape),)):
        raise ShapeError(
            f"images have shape {array.shape}, expected (N, {', '.join(map(str, image_shape))}) "
            f"or (N, {math.prod(image_shape)}): resize them"
        )
    flat = array.reshape(len(array), -1)
    if flat.dtype == np.uint8:
        return flat
    if flat.dtype.kind in "iu":
        _check_pixels(flat, PIXEL_MAX, "integer pixels are 0 to 255")
        return flat.astype(np.uint8)
    if flat.dtype.kind != "f":
        raise DataError(f"images have dtype {flat.dtype}, expected integers 0 to 255 or floats 0 to 1: cast them")
    _check_pixels(flat, 1, "float pixels are 0 to 1: divide by the largest value, or cast 0 to 255 to uint8")
    out = np.empty(flat.shape, dtype=np.uint8)
    for start in range(0, len(flat), _CHUNK):
        rows = slice(start, start + _CHUNK)
        out[rows] = np.rint(np.multiply(flat[rows], PIXEL_MAX, dtype=np.float64))
    return out


def check_labels(
    labels: ArrayLike, n_classes: int, way_out: str = "fix the label, or set n_classes (now {})"
) -> NDArray[np.int64]:
    """Labels as int64, or an error that names the first one outside 0 … n_classes − 1.

    Parameters
    ----------
    labels : array_like of int, shape (N,)
    n_classes : int
    way_out : str
        How the message about a label out of range ends; ``{}`` stands for `n_classes`.

    Raises
    ------
    DataError
        A label is out of range, or the labels are not integers.
    ShapeError
        The labels are not a list of one or more.

    Examples
    --------
    >>> check_labels([0, 2, 1], n_classes=3)
    array([0, 2, 1])
    """
    array = _as_array(labels, "labels")
    if array.ndim != 1 or array.size == 0:
        raise ShapeError(f"labels have shape {array.shape}, expected (N,) with N ≥ 1: one class index per image")
    if array.dtype.kind not in "iu":
        raise DataError(f"labels have dtype {array.dtype}, expected integers: cast class indices to int64")
    bad = (array < 0) | (array >= n_classes)
    if bad.any():
        first = int(np.argmax(bad))
        raise DataError(
            f"label {array[first]} at index {first}, expected 0 to {n_classes - 1}: {way_out.format(n_classes)}"
        )
    return array.astype(np.int64, copy=False)


def count_classes(labels: NDArray[Any]) -> int:
    """Number of classes 0 … n − 1 of training labels of one's own, each of which has to occur.

    Raises a DataError where the labels are no integers, one is negative, or a class between them has no sample; a
    ShapeError where the labels are not a list of one or more.

    Examples
    --------
    >>> count_classes(np.array([0, 2, 1, 1]))
    3
    """
    # A class needs a sample, so that no label can state more classes than there are labels.
    most = max(labels.size, 1)
    found = np.unique(check_labels(labels, most, "number the classes from 0 on without gaps"))
    if len(found) <= found[-1]:
        gap = int(np.flatnonzero(found != np.arange(len(found)))[0])
        raise DataError(
            f"no training label is {gap}, but one is {found[-1]}: number the classes from 0 on without gaps"
        )
    if len(found) < 2:
        raise DataError("all training labels are 0, expected two classes or more: there is nothing to learn")
    return len(found)


def _as_array(values: ArrayLike, what: str) -> NDArray[Any]:
    """The values as an array; ragged lists are a ShapeError."""
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ShapeError(f"{what} do not form an array ({error}): give every row the same length") from error


def _check_pixels(flat: NDArray[Any], high: int, hint: str) -> None:
    """Raise a DataError for the first pixel outside 0 … high; NaN and ±∞ are outside."""
    # min and max carry NaN along and allocate nothing, so good data passes without a copy.
    if not (flat.min() >= 0 and flat.max() <= high):
        row, column = np.argwhere(~((flat >= 0) & (flat <= high)))[0]
        raise DataError(f"pixel {column} of image {row} is {flat[row, column]}: {hint}")

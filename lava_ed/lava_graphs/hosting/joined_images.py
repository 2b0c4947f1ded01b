"""Lava's MnistDataset joins 70,000 images at each access; while models run, an access costs the pages that are touched.

A model that takes ``dataset.images[k]`` for each of its images, as Lava's MNIST tutorial does, copies 55 MB for each.
Here the join is laid in a file in memory once, and every access maps that file as private pages: an array of its own,
which the model may write to, as the system copies a page when it is first written to.
"""

from __future__ import annotations

import mmap
import os
import sys
from typing import Any, Final
from weakref import WeakKeyDictionary, finalize

import numpy as np
import numpy.typing as npt

_MODULE: Final = "lava.utils.dataloader.mnist"
_TRAIN, _TEST, _PIXELS = 60_000, 10_000, 784
"""What Lava's property takes the two arrays of images for."""
_UNSHARED: Final = 2
"""References to an array of a data set that nobody else holds: the data set's, and that of who counts them."""


class JoinedImages:
    """Has ``MnistDataset.images`` give private pages of one join meanwhile, where it is Lava's own property.

    The arrays that were joined become read-only, so that they stay what the join is made of.  Where somebody else holds
    one of them, and might write to it, every access joins them anew, as on Lava.
    """

    def __enter__(self) -> None:
        module: Any = sys.modules.get(_MODULE)
        self._class: Any = getattr(module, "MnistDataset", object)
        self._own: Any = vars(self._class).get("images")
        is_lavas = getattr(getattr(self._own, "fget", None), "__module__", "") == _MODULE
        self._active = is_lavas and hasattr(os, "memfd_create")
        if self._active:
            self._class.images = property(self._images)

    def __exit__(self, *_: object) -> None:
        if self._active:
            self._class.images = self._own

    def _images(self, dataset: Any) -> npt.NDArray[Any]:
        """The images of a data set, as Lava's own property gives them."""
        # A class of the user's own may hold its data in another way.
        images = _private_copy(dataset) if type(dataset) is self._class else None
        return self._own.fget(dataset) if images is None else images


class _Join:
    """The two arrays of a data set, one after the other in a file in memory.

    Parameters
    ----------
    train, test : array of uint8

    Raises
    ------
    OSError
        If the memory or the files of the system are used up.
    """

    def __init__(self, train: npt.NDArray[np.uint8], test: npt.NDArray[np.uint8]) -> None:
        self._train, self._test = train, test
        self._file = os.memfd_create("joined images")
        finalize(self, os.close, self._file)
        with open(self._file, "wb", closefd=False) as pages:
            pages.write(train.data)
            pages.write(test.data)
        train.flags.writeable = test.flags.writeable = False

    def is_of(self, train: Any, test: Any) -> bool:
        """Whether it is of these arrays, and they are still read-only."""
        same = train is self._train and test is self._test
        return same and not (train.flags.writeable or test.flags.writeable)

    def private_copy(self) -> npt.NDArray[np.uint8]:
        """An array of its own."""
        pages = mmap.mmap(self._file, 0, access=mmap.ACCESS_COPY)
        return np.frombuffer(pages, np.uint8).reshape(_TRAIN + _TEST, _PIXELS)


_JOINS: WeakKeyDictionary[Any, _Join] = WeakKeyDictionary()


def _private_copy(dataset: Any) -> npt.NDArray[np.uint8] | None:
    """An array of its own of a data set's images; None where only a new join would be one."""
    try:
        join = _JOINS.get(dataset)
        if join is None or not join.is_of(dataset.data[0][0], dataset.data[1][0]):
            join = _joined(dataset)
        return None if join is None else join.private_copy()
    except OSError:  # no memory is left, or so many arrays are held that there is no file for one more
        return None


def _joined(dataset: Any) -> _Join | None:
    """The join of a data set, made anew; None if its arrays are not as Lava reads them, or someone else holds one."""
    _JOINS.pop(dataset, None)
    for k, length in enumerate((_TRAIN, _TEST)):
        if sys.getrefcount(dataset.data[k][0]) > _UNSHARED or not _is_as_read(dataset.data[k][0], length):
            return None
    join = _JOINS[dataset] = _Join(dataset.data[0][0], dataset.data[1][0])
    return join


def _is_as_read(images: Any, length: int) -> bool:
    """Whether so many images lie as one array of bytes."""
    plain = type(images) is np.ndarray and images.dtype == np.uint8 and images.flags.c_contiguous
    return plain and images.size == length * _PIXELS

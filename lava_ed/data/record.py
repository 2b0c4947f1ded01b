"""A data set as a checked record, and the split of its training part.

Nothing here is random beyond the raw 64-bit output of a bit generator, which NumPy keeps the same
from version to version, so a split is the same split everywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lava_ed.data.checks import check_labels
from lava_ed.data.digest import digest
from lava_ed.errors import ConfigError, DataError, ShapeError


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test images with their labels.

    Attributes
    ----------
    name : str
        One of `DATASETS`, or any name for data of one's own.
    train_images, test_images : ndarray of uint8, shape (N, n)
        Pixels 0 … 255, one flattened image a row.
    train_labels, test_labels : ndarray of int64, shape (N,)
        Classes 0 … n_classes − 1.
    n_classes : int
    image_shape : tuple of int
        Shape of one image before flattening; its product, times `planes`, is n.
    source : str
        Where the data came from, for the record of a run.
    class_names : tuple of str
        What the classes are called, in order; without names they are called by their number.
    planes : int
        Bytes of a pixel: a row has the first bytes of all pixels, then their second ones, and so on.
    windows : int
        Samples that follow each other and are windows of one recording, which is decided by all of them.

    Raises
    ------
    DataError
        A label is out of range, the pixels are not unsigned bytes, or there is not one name for each class.
    ShapeError
        Images, labels and `image_shape` do not agree.
    """

    name: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]
    n_classes: int
    image_shape: tuple[int, ...]
    source: str
    class_names: tuple[str, ...] = ()
    windows: int = 1
    planes: int = 1

    def __post_init__(self) -> None:
        if len(self.class_names) not in (0, self.n_classes):
            raise DataError(
                f"data set {self.name!r} has {len(self.class_names)} names for {self.n_classes} classes: give one for "
                "each, or none"
            )
        for part in ("train", "test"):
            images, labels = getattr(self, f"{part}_images"), getattr(self, f"{part}_labels")
            where = f"data set {self.name!r}, {part} part"
            if images.dtype != np.uint8:
                raise DataError(f"{where}: pixels are {images.dtype}, expected uint8: use check_images()")
            expected = (len(labels), math.prod(self.frames))
            if images.shape != expected:
                raise ShapeError(
                    f"{where}: images have shape {images.shape}, expected {expected} "
                    f"for {len(labels)} labels and image_shape {self.image_shape}"
                )
            check_labels(labels, self.n_classes)

    @property
    def inputs(self) -> int:
        """Pixels of an image, each an input of a net."""
        return math.prod(self.image_shape)

    @property
    def frames(self) -> tuple[int, ...]:
        """Shape of a row: that of an image, or of its planes as so many channels more."""
        if self.planes == 1:
            return self.image_shape
        channels = self.image_shape[0] if len(self.image_shape) == 3 else 1
        return (self.planes * channels, *self.image_shape[-2:])

    @property
    def digest(self) -> str:
        """SHA-256 of all images and labels, with their types and shapes; names and folders do not count."""
        return digest(self.train_images, self.train_labels, self.test_images, self.test_labels)


def split_validation(dataset: Dataset, fraction: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split the training part, class by class, into ascending training and validation indices.

    Of a class with c images, ⌊c·fraction + ½⌋ are for validation; 0 ≤ fraction < 1, seed ≥ 0.  The windows of a
    recording stay together.

    Raises
    ------
    ConfigError
        The fraction is out of range, leaves a class without images on one side, or the seed is negative.
    """
    if not 0 <= fraction < 1:
        raise ConfigError(f"validation fraction is {fraction}, expected 0 ≤ fraction < 1")
    kept, held = stratified_split(dataset.train_labels[:: dataset.windows], fraction, seed)
    first, second = ((of[:, None] * dataset.windows + np.arange(dataset.windows)).reshape(-1) for of in (kept, held))
    return first, second


def stratified_split(
    labels: NDArray[np.int64], fraction: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ascending indices of the kept and of the held-out items, drawn class by class."""
    if seed < 0:
        raise ConfigError(f"split seed is {seed}, expected 0 or more")
    keys = np.random.PCG64(seed).random_raw(len(labels))
    held = np.zeros(len(labels), dtype=np.bool_)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        count = math.floor(len(members) * fraction + 0.5)
        if fraction > 0 and not 0 < count < len(members):
            raise ConfigError(
                f"a fraction of {fraction} holds out {count} of the {len(members)} images of class {label}, "
                f"expected at least 1 held out and 1 kept: change the fraction or use more images"
            )
        held[members[np.argsort(keys[members], kind="stable")[:count]]] = True
    return np.flatnonzero(~held), np.flatnonzero(held)

"""Image data sets as unsigned bytes: loading, splitting, and the checks that guard every entrance.

Nothing here is random beyond the raw 64-bit output of a bit generator, which NumPy keeps the same
from version to version, so a split is the same split everywhere.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lava_ed.data.digest import digest
from lava_ed.data.idx import FILE_NAMES, not_found, read_idx
from lava_ed.errors import ConfigError, DataError, ShapeError

__all__ = [
    "DATASETS",
    "Dataset",
    "check_images",
    "check_labels",
    "load_dataset",
    "split_validation",
]

DATASETS: Final = ("digits", "mnist", "fashion-mnist", "mnist-binary-20")
"""Names that `load_dataset` knows."""

PIXEL_MAX: Final = 255
DIGITS_PIXEL_MAX: Final = 16
DIGITS_TEST_FRACTION: Final = 0.2
DIGITS_SPLIT_SEED: Final = 1797
"""Fixed, so that every training seed is judged on the same test set."""

_N_CLASSES: Final = 10
_IDX_SHAPE: Final = (28, 28)
_BINARY: Final = "mnist-binary-20"
_CROP: Final = 20
_CHUNK: Final = 1024
"""Images converted from float at a time, so that no second float copy of a data set exists."""
_MOST_VALUES: Final = 2**28
"""Of an IDX file: five times what the larger one of MNIST has, so that training and test images fit 1 GiB together."""
_CLASS_NAMES: Final = {
    "fashion-mnist": (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ),
}  # fmt: skip
"""What the classes are called that are no digits, as the makers of the data set call them."""
_FIRST_LABELS: Final = {
    "mnist": (5, 0, 4, 1, 9, 2, 1, 3, 1, 4),
    "fashion-mnist": (9, 0, 0, 3, 0, 2, 7, 2, 5, 5),
}
"""First training labels. Both sets use the same file names; these tell them apart."""


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
        Shape of one image before flattening; its product is n.
    source : str
        Where the data came from, for the record of a run.
    class_names : tuple of str
        What the classes are called, in order; without names they are called by their number.

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

    def __post_init__(self) -> None:
        if len(self.class_names) not in (0, self.n_classes):
            raise DataError(
                f"data set {self.name!r} has {len(self.class_names)} names for {self.n_classes} classes: give one for "
                "each, or none"
            )
        parts = {
            "train": (self.train_images, self.train_labels),
            "test": (self.test_images, self.test_labels),
        }
        for part, (images, labels) in parts.items():
            where = f"data set {self.name!r}, {part} part"
            if images.dtype != np.uint8:
                raise DataError(f"{where}: pixels are {images.dtype}, expected uint8: use check_images()")
            expected = (len(labels), math.prod(self.image_shape))
            if images.shape != expected:
                raise ShapeError(
                    f"{where}: images have shape {images.shape}, expected {expected} "
                    f"for {len(labels)} labels and image_shape {self.image_shape}"
                )
            check_labels(labels, self.n_classes)

    @property
    def digest(self) -> str:
        """SHA-256 of all images and labels, with their types and shapes; names and folders do not count."""
        return digest(self.train_images, self.train_labels, self.test_images, self.test_labels)


def load_dataset(name: str, data_dir: str | os.PathLike[str] | None = None, seed: int = 0) -> Dataset:
    """Load a data set by name, as unsigned bytes and with a test set that never changes.

    ``digits`` (1797 images of 8×8) comes with scikit-learn; pixels p of 0 … 16 become round(p·255/16).
    A fifth of each class is held out for testing, drawn with the fixed seed `DIGITS_SPLIT_SEED`.
    ``mnist`` and ``fashion-mnist`` (28×28) are read from their IDX files and keep their standard split;
    ``mnist-binary-20`` is MNIST cropped to its central 20×20 pixels, each black or white (from 128 on).

    Parameters
    ----------
    name
        One of `DATASETS`.
    data_dir
        Folder of the IDX files, or the folder above ``mnist/`` and ``fashion-mnist/``.
        Without it, the environment variable ``LAVA_ED_DATA``, and without that, ``data``.
    seed
        Seed of the run.  None of these data sets depends on it: all seeds share one test set.

    Returns
    -------
    Dataset

    Raises
    ------
    ConfigError
        The name is not known.
    DataNotFoundError
        An IDX file is missing.
    DataError
        An IDX file is damaged, or the files do not belong together.

    See Also
    --------
    split_validation : a validation part out of the training part.
    """
    if name == "digits":
        return _load_digits()
    if name in DATASETS:
        folder = Path(data_dir if data_dir is not None else os.environ.get("LAVA_ED_DATA", "data"))
        return _binary_crops(_load_idx_set("mnist", folder)) if name == _BINARY else _load_idx_set(name, folder)
    raise ConfigError(f"no data set is called {name!r}: choose one of {', '.join(DATASETS)}")


def split_validation(dataset: Dataset, fraction: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split the training part, class by class, into training and validation indices.

    Of a class with c images, ⌊c·fraction + ½⌋ are for validation.

    Parameters
    ----------
    dataset
        Only its training labels are read.
    fraction
        Share held out, 0 ≤ fraction < 1; 0 holds out nothing.
    seed
        Which images are held out; 0 or more.

    Returns
    -------
    train_idx, val_idx : ndarray of int64
        Ascending, disjoint, together every index of the training part.

    Raises
    ------
    ConfigError
        The fraction is out of range, leaves a class without images on one side, or the seed is negative.
    """
    if not 0 <= fraction < 1:
        raise ConfigError(f"validation fraction is {fraction}, expected 0 ≤ fraction < 1")
    return _stratified_split(dataset.train_labels, fraction, seed)


def check_images(images: ArrayLike, image_shape: tuple[int, ...] | None = None) -> NDArray[np.uint8]:
    """Turn images into unsigned bytes, one flattened image a row, or say what is wrong with them.

    Integers are pixels 0 … 255 as they are; floats p in [0, 1] become round(p·255).

    Parameters
    ----------
    images : array_like, shape (N, n) or (N, *image_shape)
        Integers or floats.
    image_shape
        Shape of one image, if it is known.

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
    flat = array.reshape(_flat_shape(array, image_shape))
    if flat.dtype == np.uint8:
        return flat
    if flat.dtype.kind in "iu":
        _check_pixels(flat, PIXEL_MAX, "integer pixels are 0 to 255")
        return flat.astype(np.uint8)
    if flat.dtype.kind == "f":
        _check_pixels(flat, 1, "float pixels are 0 to 1: divide by the largest value, or cast 0 to 255 to uint8")
        return _float_to_bytes(flat)
    raise DataError(f"images have dtype {flat.dtype}, expected integers 0 to 255 or floats 0 to 1: cast them")


def check_labels(labels: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """Labels as int64, or an error that names the first one outside 0 … n_classes − 1.

    Parameters
    ----------
    labels : array_like of int, shape (N,)
    n_classes
        Number of classes.

    Returns
    -------
    ndarray of int64, shape (N,)

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
    if wrong := _first_bad_label(array, n_classes):
        raise DataError(f"{wrong}: fix the label, or set n_classes (now {n_classes})")
    return array.astype(np.int64, copy=False)


def _first_bad_label(labels: NDArray[Any], n_classes: int) -> str | None:
    """The first label outside 0 … n_classes − 1, in words."""
    bad = (labels < 0) | (labels >= n_classes)
    if not bad.any():
        return None
    first = int(np.argmax(bad))
    return f"label {labels[first]} at index {first}, expected 0 to {n_classes - 1}"


def _labels_of_file(raw: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Labels out of a file, whose number of classes nobody can set."""
    if raw.ndim == 1 and (wrong := _first_bad_label(raw, _N_CLASSES)):
        raise DataError(f"{wrong}: replace the file by a fresh copy of the distributed one")
    return check_labels(raw, _N_CLASSES)


def _as_array(values: ArrayLike, what: str) -> NDArray[Any]:
    """`values` as an array; ragged lists are a ShapeError."""
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ShapeError(f"{what} do not form an array ({error}): give every row the same length") from error


def _flat_shape(array: NDArray[Any], image_shape: tuple[int, ...] | None) -> tuple[int, int]:
    """(N, n) of an array of images, after a check of its shape."""
    if array.ndim < 2 or array.size == 0:
        raise ShapeError(
            f"images have shape {array.shape}, expected (N, n) or (N, height, width) with N ≥ 1: "
            "give a single image as images[None]"
        )
    n_pixels = math.prod(array.shape[1:])
    if image_shape is not None and array.shape[1:] not in (image_shape, (math.prod(image_shape),)):
        raise ShapeError(
            f"images have shape {array.shape}, expected (N, {', '.join(map(str, image_shape))}) "
            f"or (N, {math.prod(image_shape)}): resize them"
        )
    return len(array), n_pixels


def _check_pixels(flat: NDArray[Any], high: int, hint: str) -> None:
    """Raise a DataError for the first pixel outside 0 … high; NaN and ±∞ are outside."""
    # min and max carry NaN along and allocate nothing, so good data passes without a copy.
    if flat.min() >= 0 and flat.max() <= high:
        return
    row, column = np.argwhere(~((flat >= 0) & (flat <= high)))[0]
    raise DataError(f"pixel {column} of image {row} is {flat[row, column]}: {hint}")


def _float_to_bytes(flat: NDArray[Any]) -> NDArray[np.uint8]:
    """round(p·255), a chunk of images at a time."""
    out = np.empty(flat.shape, dtype=np.uint8)
    for start in range(0, len(flat), _CHUNK):
        chunk = flat[start : start + _CHUNK]
        out[start : start + _CHUNK] = np.rint(np.multiply(chunk, PIXEL_MAX, dtype=np.float64))
    return out


def _stratified_split(
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


def _load_digits() -> Dataset:
    """scikit-learn's digits in unsigned bytes, with the fixed test set."""
    import sklearn
    from sklearn.datasets import load_digits

    bunch = load_digits()
    sixteenths = bunch.data.astype(np.int64)
    # round(p·255/16) in integers
    images = ((sixteenths * PIXEL_MAX + DIGITS_PIXEL_MAX // 2) // DIGITS_PIXEL_MAX).astype(np.uint8)
    labels = check_labels(bunch.target, _N_CLASSES)
    train, test = _stratified_split(labels, DIGITS_TEST_FRACTION, DIGITS_SPLIT_SEED)
    return Dataset(
        name="digits",
        train_images=images[train],
        train_labels=labels[train],
        test_images=images[test],
        test_labels=labels[test],
        n_classes=_N_CLASSES,
        image_shape=(8, 8),
        source=f"scikit-learn {sklearn.__version__} load_digits, split seed {DIGITS_SPLIT_SEED}",
    )


def _load_idx_set(name: str, data_dir: Path) -> Dataset:
    """MNIST or Fashion-MNIST from the four IDX files in, or below, `data_dir`."""
    folder = _idx_folder(name, data_dir)
    train_images, train_labels = _load_idx_pair(folder, *FILE_NAMES[:2])
    test_images, test_labels = _load_idx_pair(folder, *FILE_NAMES[2:])
    first = tuple(int(label) for label in train_labels[:10])
    for other, labels in _FIRST_LABELS.items():
        if other != name and first == labels:
            raise DataError(
                f"{folder}: holds {other}, expected {name} (the file names are the same): "
                f"put the files of {name} into <data-dir>/{name}/"
            )
    return Dataset(
        name=name,
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
        n_classes=_N_CLASSES,
        image_shape=_IDX_SHAPE,
        source=f"IDX files in {folder}",
        class_names=_CLASS_NAMES.get(name, ()),
    )


def _binary_crops(whole: Dataset) -> Dataset:
    """The central 20×20 pixels of every image, 0 below half of white and white from there on."""
    margin = (_IDX_SHAPE[0] - _CROP) // 2
    inside = slice(margin, margin + _CROP)

    def crop(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        squares = images.reshape(-1, *_IDX_SHAPE)[:, inside, inside]
        return ((squares > PIXEL_MAX // 2).view(np.uint8) * np.uint8(PIXEL_MAX)).reshape(len(images), -1)

    return replace(
        whole,
        name=_BINARY,
        train_images=crop(whole.train_images),
        test_images=crop(whole.test_images),
        image_shape=(_CROP, _CROP),
        source=f"{whole.source}, central {_CROP}×{_CROP} pixels, black or white",
    )


def _idx_folder(name: str, data_dir: Path) -> Path:
    """The first of ``data_dir/name`` and ``data_dir`` that holds an IDX file."""
    folders = (data_dir / name, data_dir)
    for folder in folders:
        if any(_idx_file(folder, file) for file in FILE_NAMES):
            return folder
    raise not_found(FILE_NAMES[0], *folders)


def _idx_file(folder: Path, name: str) -> Path | None:
    """The plain or the compressed file of that name, if there is one."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _load_idx_pair(folder: Path, images_name: str, labels_name: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Flattened images and their labels, each file checked, and checked against the other."""
    images = _read_checked(folder, images_name, lambda raw: check_images(_of_rank(raw, 3), _IDX_SHAPE))

    def as_many(raw: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The labels, which take eight times their bytes once they are integers, if they belong to the images."""
        if raw.ndim == 1 and len(images) != len(raw):
            raise DataError(
                f"{len(images)} images in {images_name}, but {len(raw)} labels in {labels_name}, expected as many: "
                "take both files from one distribution"
            )
        return _labels_of_file(raw)

    return images, _read_checked(folder, labels_name, as_many)


def _of_rank(raw: NDArray[np.uint8], rank: int) -> NDArray[np.uint8]:
    """`raw`, if it has `rank` dimensions."""
    if raw.ndim != rank:
        raise ShapeError(f"{raw.ndim} dimensions {raw.shape}, expected {rank}")
    return raw


def _read_checked(folder: Path, name: str, check: Callable[[NDArray[np.uint8]], NDArray[Any]]) -> NDArray[Any]:
    """Read an IDX file and let `check` convert it; whatever is wrong is told with the file's name."""
    path = _idx_file(folder, name)
    if path is None:
        raise not_found(name, folder)
    raw = read_idx(path, most=_MOST_VALUES)
    try:
        return check(raw)
    except (DataError, ShapeError) as error:
        raise DataError(f"{path}: {error}") from error

"""A data set in four IDX files: each is checked, and checked against its partner."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lava_ed.data.checks import check_images, check_labels, count_classes
from lava_ed.data.idx import FILE_NAMES, FRESH_COPY, not_found, read_idx
from lava_ed.errors import DataError, ShapeError

Pair = tuple[NDArray[np.uint8], NDArray[np.int64]]
"""Images and their labels."""
_MOST_VALUES: Final = 2**28
"""Most values of an IDX file: five times those of MNIST's larger one, so that all images of a set fit 1 GiB."""


def idx_folder(name: str, data_dir: Path, names: tuple[str, ...] = FILE_NAMES) -> Path:
    """The first of ``data_dir/name`` and ``data_dir`` that holds an IDX file of these names."""
    folders = (data_dir / name, data_dir)
    for folder in folders:
        if any(_file(folder, file) for file in names):
            return folder
    raise not_found(names[0], *folders)


def read_idx_set(
    folder: Path,
    image_shape: tuple[int, ...],
    n_classes: int,
    names: tuple[str, ...] = FILE_NAMES,
    most: int = _MOST_VALUES,
    first_label: int = 0,
) -> tuple[Pair, Pair]:
    """Training and test part out of the files of a folder, whose classes count from `first_label` on."""

    def labels_of(raw: NDArray[np.uint8]) -> NDArray[np.int64]:
        return check_labels(raw.astype(np.int64) - first_label if first_label else raw, n_classes, FRESH_COPY)

    def part(images: str, labels: str) -> Pair:
        return _read_pair(folder, images, labels, lambda raw: _flat(raw, image_shape), labels_of, most)

    return part(*names[:2]), part(*names[2:])


def read_any_idx_set(folder: Path) -> tuple[Pair, Pair, tuple[int, ...], int]:
    """Training part, test part, shape of an image and number of classes of four IDX files of one's own."""
    shape: tuple[int, ...] = ()
    n_classes = 0

    def images_of(raw: NDArray[np.uint8]) -> NDArray[np.uint8]:
        nonlocal shape
        shape = shape or raw.shape[1:]
        return _flat(raw, shape)

    def labels_of(raw: NDArray[np.uint8]) -> NDArray[np.int64]:
        nonlocal n_classes
        n_classes = n_classes or count_classes(raw)
        return check_labels(raw, n_classes, "training and test part need the same classes")

    train, test = (
        _read_pair(folder, images, labels, images_of, labels_of, _MOST_VALUES)
        for images, labels in (FILE_NAMES[:2], FILE_NAMES[2:])
    )
    return train, test, shape, n_classes


def _flat(raw: NDArray[np.uint8], image_shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Images of the shape that is expected, flattened; those of one's own may have channels."""
    if raw.ndim != 1 + len(image_shape) or raw.ndim not in (3, 4):
        expected = 1 + len(image_shape) if len(image_shape) in (2, 3) else "3, or 4 with channels"
        raise ShapeError(f"{raw.ndim} dimensions {raw.shape}, expected {expected}")
    return check_images(raw, image_shape)


def _file(folder: Path, name: str) -> Path | None:
    """The plain or the compressed file of that name, if there is one."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _read_pair(
    folder: Path,
    images_name: str,
    labels_name: str,
    as_images: Callable[[NDArray[np.uint8]], NDArray[np.uint8]],
    labels_of: Callable[[NDArray[np.uint8]], NDArray[np.int64]],
    most: int,
) -> Pair:
    """Flattened images and their labels."""

    def as_labels(raw: NDArray[np.uint8]) -> NDArray[np.int64]:
        # Counted first: labels take eight times their bytes once they are integers.
        if raw.ndim == 1 and len(images) != len(raw):
            raise DataError(
                f"{len(images)} images in {images_name}, but {len(raw)} labels in {labels_name}, expected as many: "
                "take both files from one distribution"
            )
        return labels_of(raw)

    images = _read_checked(folder, images_name, as_images, most)
    return images, _read_checked(folder, labels_name, as_labels, most)


def _read_checked(
    folder: Path, name: str, check: Callable[[NDArray[np.uint8]], NDArray[Any]], most: int
) -> NDArray[Any]:
    """Read an IDX file and let `check` convert it; whatever is wrong is told with the file's name."""
    path = _file(folder, name)
    if path is None:
        raise not_found(name, folder)
    raw = read_idx(path, most=most)
    try:
        return check(raw)
    except (DataError, ShapeError) as error:
        raise DataError(f"{path}: {error}") from error

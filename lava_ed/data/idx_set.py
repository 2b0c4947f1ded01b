"""A data set in four IDX files: each is checked, and checked against its partner."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lava_ed.data.checks import check_images, check_labels
from lava_ed.data.idx import FILE_NAMES, FRESH_COPY, not_found, read_idx
from lava_ed.errors import DataError, ShapeError

Pair = tuple[NDArray[np.uint8], NDArray[np.int64]]
"""Images and their labels."""
_MOST_VALUES: Final = 2**28
"""Most values of an IDX file: five times those of MNIST's larger one, so that all images of a set fit 1 GiB."""


def idx_folder(name: str, data_dir: Path) -> Path:
    """The first of ``data_dir/name`` and ``data_dir`` that holds an IDX file."""
    folders = (data_dir / name, data_dir)
    for folder in folders:
        if any(_file(folder, file) for file in FILE_NAMES):
            return folder
    raise not_found(FILE_NAMES[0], *folders)


def read_idx_set(folder: Path, image_shape: tuple[int, ...], n_classes: int) -> tuple[Pair, Pair]:
    """Training and test part out of the files of a folder."""
    train_images, train_labels, test_images, test_labels = FILE_NAMES
    return (
        _read_pair(folder, train_images, train_labels, image_shape, n_classes),
        _read_pair(folder, test_images, test_labels, image_shape, n_classes),
    )


def _file(folder: Path, name: str) -> Path | None:
    """The plain or the compressed file of that name, if there is one."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _read_pair(folder: Path, images_name: str, labels_name: str, image_shape: tuple[int, ...], n_classes: int) -> Pair:
    """Flattened images and their labels."""

    def as_images(raw: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if raw.ndim != 3:
            raise ShapeError(f"{raw.ndim} dimensions {raw.shape}, expected 3")
        return check_images(raw, image_shape)

    def as_labels(raw: NDArray[np.uint8]) -> NDArray[np.int64]:
        # Counted first: labels take eight times their bytes once they are integers.
        if raw.ndim == 1 and len(images) != len(raw):
            raise DataError(
                f"{len(images)} images in {images_name}, but {len(raw)} labels in {labels_name}, expected as many: "
                "take both files from one distribution"
            )
        return check_labels(raw, n_classes, FRESH_COPY)

    images = _read_checked(folder, images_name, as_images)
    return images, _read_checked(folder, labels_name, as_labels)


def _read_checked(folder: Path, name: str, check: Callable[[NDArray[np.uint8]], NDArray[Any]]) -> NDArray[Any]:
    """Read an IDX file and let `check` convert it; whatever is wrong is told with the file's name."""
    path = _file(folder, name)
    if path is None:
        raise not_found(name, folder)
    raw = read_idx(path, most=_MOST_VALUES)
    try:
        return check(raw)
    except (DataError, ShapeError) as error:
        raise DataError(f"{path}: {error}") from error

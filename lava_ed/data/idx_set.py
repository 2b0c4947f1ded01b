"""A data set in four IDX files: each is checked, and checked against its partner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

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
    image_shape: tuple[int, ...] = (),
    n_classes: int = 0,
    names: tuple[str, ...] = FILE_NAMES,
    most: int = _MOST_VALUES,
    first_label: int = 0,
) -> tuple[Pair, Pair, tuple[int, ...], int]:
    """Training part, test part, shape of an image and number of classes out of the files of a folder.

    Classes count from `first_label` on.  Of files of one's own the training part says which shape and how many classes
    both parts have.
    """
    way_out = FRESH_COPY if n_classes else "training and test part need the same classes"
    parts: list[Pair] = []
    for images_name, labels_name in (names[:2], names[2:]):
        with _read(folder, images_name, most) as raw:
            image_shape = image_shape or raw.shape[1:]
            images = _flat(raw, image_shape)
        with _read(folder, labels_name, most) as raw:
            # Counted first: labels take eight times their bytes once they are integers.
            if raw.ndim == 1 and len(images) != len(raw):
                raise DataError(
                    f"{len(images)} images in {images_name}, but {len(raw)} labels in {labels_name}, expected as many: "
                    "take both files from one distribution"
                )
            n_classes = n_classes or count_classes(raw)
            labels = check_labels(raw.astype(np.int64) - first_label if first_label else raw, n_classes, way_out)
        parts.append((images, labels))
    return parts[0], parts[1], image_shape, n_classes


def _flat(raw: NDArray[np.uint8], image_shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Images of the shape that is expected, flattened; those of one's own may have channels."""
    if raw.ndim != 1 + len(image_shape) or raw.ndim not in (3, 4):
        expected = 1 + len(image_shape) if len(image_shape) in (2, 3) else "3, or 4 with channels"
        raise ShapeError(f"{raw.ndim} dimensions {raw.shape}, expected {expected}")
    return check_images(raw, image_shape)


def _file(folder: Path, name: str) -> Path | None:
    """The plain or the compressed file of that name, if there is one."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


@contextmanager
def _read(folder: Path, name: str, most: int) -> Iterator[NDArray[np.uint8]]:
    """The values of an IDX file; whatever the block finds wrong with them is told with the file's name."""
    path = _file(folder, name)
    if path is None:
        raise not_found(name, folder)
    raw = read_idx(path, most=most)
    try:
        yield raw
    except (DataError, ShapeError) as error:
        raise DataError(f"{path}: {error}") from error

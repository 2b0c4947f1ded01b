"""The data sets that are known by name: each is declared once, here."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lava_ed.data.checks import PIXEL_MAX, check_labels
from lava_ed.data.idx_set import Pair, idx_folder, read_idx_set
from lava_ed.data.record import Dataset, stratified_split
from lava_ed.errors import ConfigError, DataError

_DIGITS_WHITE: Final = 16
_DIGITS_TEST_FRACTION: Final = 0.2
_DIGITS_SPLIT_SEED: Final = 1797
"""Fixed, so that every training seed is judged on the same test set."""


def _read_digits(name: str, data_dir: Path) -> tuple[Pair, Pair, str]:
    """scikit-learn's digits; pixels p of 0 … 16 become round(p·255/16), in integers."""
    import sklearn
    from sklearn.datasets import load_digits

    bunch = load_digits()
    scaled = (bunch.data.astype(np.int64) * PIXEL_MAX + _DIGITS_WHITE // 2) // _DIGITS_WHITE
    images, labels = scaled.astype(np.uint8), check_labels(bunch.target, DECLARED[name].n_classes)
    train, test = (
        (images[rows], labels[rows]) for rows in stratified_split(labels, _DIGITS_TEST_FRACTION, _DIGITS_SPLIT_SEED)
    )
    return train, test, f"scikit-learn {sklearn.__version__} load_digits, split seed {_DIGITS_SPLIT_SEED}"


def _read_idx_files(name: str, data_dir: Path) -> tuple[Pair, Pair, str]:
    """A data set from the four IDX files in, or below, the folder of the data."""
    declared, folder = DECLARED[name], idx_folder(name, data_dir)
    train, test = read_idx_set(folder, declared.image_shape, declared.n_classes)
    first = tuple(train[1][:10].tolist())
    for other, row in DECLARED.items():
        if other != name and row.first_labels == first:
            raise DataError(
                f"{folder}: holds {other}, expected {name} (the file names are the same): "
                f"put the files of {name} into <data-dir>/{name}/"
            )
    return train, test, f"IDX files in {folder}"


def _read_binary_mnist(name: str, data_dir: Path) -> tuple[Pair, Pair, str]:
    """MNIST's central pixels, 0 below half of white and white from there on."""
    (rows, columns), whole = DECLARED[name].image_shape, load_dataset("mnist", data_dir)
    top, left = (whole.image_shape[0] - rows) // 2, (whole.image_shape[1] - columns) // 2

    def crop(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        inside = images.reshape(-1, *whole.image_shape)[:, top : top + rows, left : left + columns]
        return ((inside > PIXEL_MAX // 2).view(np.uint8) * np.uint8(PIXEL_MAX)).reshape(len(images), -1)

    source = f"{whole.source}, central {rows}×{columns} pixels, black or white"
    return (crop(whole.train_images), whole.train_labels), (crop(whole.test_images), whole.test_labels), source


@dataclass(frozen=True)
class Declaration:
    """What is known of a data set before it is read."""

    image_shape: tuple[int, int]
    read: Callable[[str, Path], tuple[Pair, Pair, str]]
    """(name, folder of the data) → training images and labels, test images and labels, source."""
    class_names: tuple[str, ...] = ()
    """What classes that are no digits are called by the makers of the data set."""
    first_labels: tuple[int, ...] = ()
    """First training labels, which tell apart the sets whose files have the same names."""
    n_classes: int = 10


DECLARED: Final = {
    "digits": Declaration((8, 8), _read_digits),
    "mnist": Declaration((28, 28), _read_idx_files, first_labels=(5, 0, 4, 1, 9, 2, 1, 3, 1, 4)),
    "fashion-mnist": Declaration(
        (28, 28), _read_idx_files, first_labels=(9, 0, 0, 3, 0, 2, 7, 2, 5, 5),
        class_names=(
            "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
        ),
    ),
    "mnist-binary-20": Declaration((20, 20), _read_binary_mnist),
}  # fmt: skip
"""Every data set; the documentation of `load_dataset` describes them."""
DATASETS: Final = tuple(DECLARED)
"""Names that `load_dataset` knows."""


def load_dataset(name: str, data_dir: str | os.PathLike[str] | None = None, seed: int = 0) -> Dataset:
    """Load a data set by name, as unsigned bytes and with a test set that never changes.

    ``digits`` (1797 images of 8×8) comes with scikit-learn; pixels p of 0 … 16 become round(p·255/16).
    A fifth of each class is held out for testing, drawn with a fixed seed.
    ``mnist`` and ``fashion-mnist`` (28×28) are read from their IDX files and keep their standard split;
    ``mnist-binary-20`` is MNIST cropped to its central 20×20 pixels, each black or white (from 128 on).

    The IDX files lie in `data_dir`, or in ``mnist/`` and ``fashion-mnist/`` below it; without it, in the folder that
    the environment variable ``LAVA_ED_DATA`` names, and without that in ``data``.  None of these data sets depends on
    the seed of a run: all seeds share one test set.

    Raises
    ------
    ConfigError
        The name is not known.
    DataNotFoundError
        An IDX file is missing.
    DataError
        An IDX file is damaged, or the files do not belong together.
    """
    if name not in DECLARED:
        raise ConfigError(f"no data set is called {name!r}: choose one of {', '.join(DATASETS)}")
    declared = DECLARED[name]
    folder = data_folder(data_dir)
    train, test, source = declared.read(name, folder)
    return Dataset(name, *train, *test, declared.n_classes, declared.image_shape, source, declared.class_names)


def data_folder(data_dir: str | os.PathLike[str] | None) -> Path:
    """Where data files are looked for: in `data_dir`, else in ``LAVA_ED_DATA``, else in ``data``."""
    return Path(data_dir if data_dir is not None else os.environ.get("LAVA_ED_DATA", "data"))

"""The data sets that are known by name: each is declared once, here."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lava_ed.data import cifar
from lava_ed.data.checks import PIXEL_MAX, check_labels
from lava_ed.data.events.code import Encoding
from lava_ed.data.events.named import NMNIST, OTHERS, is_event_set, read_named
from lava_ed.data.idx import FILE_NAMES
from lava_ed.data.idx_set import Pair, idx_folder, read_idx_set
from lava_ed.data.npz import read_npz_set
from lava_ed.data.on_off import on_off
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
    train, test, *_ = read_idx_set(folder, declared.image_shape, declared.n_classes)
    first = tuple(train[1][:10].tolist())
    for other, row in DECLARED.items():
        if other != name and row.first_labels == first:
            raise DataError(
                f"{folder}: holds {other}, expected {name} (the file names are the same): "
                f"put the files of {name} into <data-dir>/{name}/"
            )
    return train, test, f"IDX files in {folder}"


def _read_emnist(name: str, data_dir: Path) -> tuple[Pair, Pair, str]:
    """A split of EMNIST, whose images lie there with rows and columns swapped, and whose letters count from 1 on."""
    declared, split = DECLARED[name], name.removeprefix("emnist").removeprefix("-") or "balanced"
    names = tuple(f"emnist-{split}-{file.replace('t10k', 'test')}" for file in FILE_NAMES)
    places = [place for place in (data_dir / name, data_dir / "emnist") if place.is_dir()]
    folder = idx_folder(places[0].name, data_dir, names) if places else idx_folder("emnist", data_dir, names)
    *parts, _, _ = read_idx_set(
        folder, declared.image_shape, declared.n_classes, names, most=_MOST_EMNIST, first_label=int(split == "letters")
    )
    train, test = (
        (images.reshape(-1, *declared.image_shape).swapaxes(1, 2).reshape(len(images), -1), labels)
        for images, labels in parts
    )
    return train, test, f"IDX files of the split {split} in {folder}"


def _read_cifar(name: str, data_dir: Path) -> tuple[Pair, Pair, str]:
    """CIFAR-10, or CIFAR-100 by the first label byte of a record, the coarse one, or by the second."""
    if name == "cifar10":
        return cifar.read_cifar(cifar.CIFAR10, name, data_dir, label=0)
    return cifar.read_cifar(cifar.CIFAR100, "cifar100", data_dir, label=int(name == "cifar100"))


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

    image_shape: tuple[int, ...]
    read: Callable[[str, Path], tuple[Pair, Pair, str]]
    """(name, folder of the data) → training images and labels, test images and labels, source."""
    class_names: tuple[str, ...] = ()
    """What classes that are no digits are called by the makers of the data set."""
    first_labels: tuple[int, ...] = ()
    """First training labels, which tell apart the sets whose files have the same names."""
    n_classes: int = 10
    like: str = ""
    """Whose presets it takes, if not its own."""


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
    "kmnist": Declaration((28, 28), _read_idx_files, like="fashion-mnist"),
    "emnist": Declaration((28, 28), _read_emnist, n_classes=47, like="fashion-mnist"),
    "emnist-letters": Declaration((28, 28), _read_emnist, n_classes=26, like="fashion-mnist"),
    "emnist-digits": Declaration((28, 28), _read_emnist, like="fashion-mnist"),
    "emnist-bymerge": Declaration((28, 28), _read_emnist, n_classes=47, like="fashion-mnist"),
    "emnist-byclass": Declaration((28, 28), _read_emnist, n_classes=62, like="fashion-mnist"),
    "cifar10": Declaration(cifar.IMAGE_SHAPE, _read_cifar, class_names=cifar.TEN, like="images"),
    "cifar100": Declaration(cifar.IMAGE_SHAPE, _read_cifar, class_names=cifar.FINE, like="images", n_classes=100),
    "cifar100-coarse": Declaration(
        cifar.IMAGE_SHAPE, _read_cifar, class_names=cifar.COARSE, like="images", n_classes=20
    ),
}  # fmt: skip
"""Every data set; the documentation of `load_dataset` describes them."""
DATASETS: Final = tuple(DECLARED)
"""Names that `load_dataset` knows."""
ON_OFF: Final = "+on-off"
"""What a name ends in where every channel is wanted as an on- and an off-channel."""
_IDX: Final = "idx:"
_NPZ: Final = ".npz"
OWN: Final = f"the path of a {_NPZ} file, or {_IDX}FOLDER for IDX files of one's own; each may end in {ON_OFF}"
"""What else `load_dataset` takes, for messages."""
_MOST_EMNIST: Final = 640 * 2**20


def preset_name(name: str) -> str:
    """The name by which presets know a data set: its own, that of a like one, "images" or "recordings".

    Raises a ConfigError where the name is not known.

    Examples
    --------
    >>> preset_name("cifar10+on-off"), preset_name("faces.npz")
    ('images', 'images')
    """
    plain = name.removesuffix(ON_OFF)
    if plain in DECLARED:
        return DECLARED[plain].like or plain
    if plain.endswith(_NPZ) or (plain.startswith(_IDX) and plain != _IDX):
        return "images"
    if is_event_set(name):
        return name if name == NMNIST else "recordings"
    raise ConfigError(f"data set {name!r} is unknown: use one of {', '.join(DATASETS)}, {OTHERS}; {OWN}")


def _read_own(name: str, data_dir: Path) -> Dataset:
    """Data of one's own, by their path from here or from the folder of the data."""
    given = Path(name.removeprefix(_IDX))
    path = given if given.exists() else data_dir / given
    if name.startswith(_IDX):
        train, test, shape, n_classes = read_idx_set(idx_folder("", path))
        source = f"IDX files in {path}"
    else:
        train, test, shape, n_classes = read_npz_set(path)
        source = f"arrays of {path}"
    return Dataset(name, *train, *test, n_classes, shape, source)


def load_dataset(
    name: str,
    data_dir: str | os.PathLike[str] | None = None,
    seed: int = 0,
    *,
    encoding: Encoding | None = None,
) -> Dataset:
    """Load a data set by name, as unsigned bytes and with a test set that never changes.

    ``digits`` (1797 images of 8×8) comes with scikit-learn; pixels p of 0 … 16 become round(p·255/16).
    A fifth of each class is held out for testing, drawn with a fixed seed.
    ``mnist``, ``fashion-mnist`` and ``kmnist`` (28×28) are read from their IDX files and keep their standard split;
    ``mnist-binary-20`` is MNIST cropped to its central 20×20 pixels, each black or white (from 128 on).
    ``emnist`` is EMNIST's balanced split, ``emnist-letters``, ``-digits``, ``-bymerge`` and ``-byclass`` are others,
    upright as MNIST's images are.  ``cifar10``, ``cifar100`` and ``cifar100-coarse`` (3×32×32) come from the binary
    files.

    ``idx:FOLDER`` takes four IDX files named as MNIST's, of any image size, and ``FILE.npz`` arrays of one's own
    (``train_images``, ``train_labels``, ``test_images``, ``test_labels``).  A name that ends in ``+on-off`` splits
    every channel into what is brighter and what is darker than the mean training image.

    The files lie in `data_dir`, or in a folder of the data set's name below it; without it, in the folder that
    the environment variable ``LAVA_ED_DATA`` names, and without that in ``data``.  None of these data sets depends on
    the seed of a run: all seeds share one test set.

    Recordings of event cameras become samples by an `encoding`: those of a folder or archive whose path is the name,
    ``nmnist``, and the data sets of the package tonic.

    Raises
    ------
    ConfigError
        The name is not known, or it is that of recordings and no encoding is given.
    DataNotFoundError
        A file is missing.
    DataError
        A file is damaged, or the files do not belong together.
    """
    folder = data_folder(data_dir)
    preset_name(name)
    if name.endswith(ON_OFF):
        return on_off(load_dataset(name.removesuffix(ON_OFF), folder), name)
    if is_event_set(name):
        return read_named(name, folder, encoding)
    if name not in DECLARED:
        return _read_own(name, folder)
    declared = DECLARED[name]
    train, test, source = declared.read(name, folder)
    return Dataset(name, *train, *test, declared.n_classes, declared.image_shape, source, declared.class_names)


def data_folder(data_dir: str | os.PathLike[str] | None) -> Path:
    """Where data files are looked for: in `data_dir`, else in ``LAVA_ED_DATA``, else in ``data``."""
    return Path(data_dir if data_dir is not None else os.environ.get("LAVA_ED_DATA", "data"))

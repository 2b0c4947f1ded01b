"""CIFAR-10 and CIFAR-100 (Krizhevsky, 2009) from their official binary files.

A record is one label byte (CIFAR-100: coarse label, fine label) and 3,072 pixels: red, green and blue, rows from the
top.  The python version of the data sets is a pickle, which runs code when it is read, and is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from lava_ed.data.checks import check_labels
from lava_ed.data.idx_set import Pair
from lava_ed.errors import DataError, DataNotFoundError
from lava_ed.files.reading import read_plain

IMAGE_SHAPE: Final = (3, 32, 32)
_PIXELS: Final = 3 * 32 * 32
_MOST_RECORDS: Final = 50_000
_SHARE: Final = 5
"""Training records a test record."""
_FRESH_COPY: Final = "replace the file by a fresh copy of the distributed one"
_TEN = "airplane automobile bird cat deer dog frog horse ship truck"
_COARSE = """
aquatic_mammals fish flowers food_containers fruit_and_vegetables household_electrical_devices household_furniture
insects large_carnivores large_man-made_outdoor_things large_natural_outdoor_scenes large_omnivores_and_herbivores
medium_mammals non-insect_invertebrates people reptiles small_mammals trees vehicles_1 vehicles_2
"""
_FINE = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish
forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle
mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine
possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle wardrobe whale
willow_tree wolf woman worm
"""
TEN, COARSE, FINE = (tuple(names.split()) for names in (_TEN, _COARSE, _FINE))
"""Names of the classes, by their labels."""


@dataclass(frozen=True)
class Layout:
    """The files of one of the two sets, and the classes of each label byte of a record."""

    folder: str
    train: tuple[str, ...]
    test: str
    pickled: tuple[str, ...]
    """Files and folders of the python version."""
    labels: tuple[int, ...]


CIFAR10: Final = Layout(
    "cifar-10-batches-bin", tuple(f"data_batch_{k}.bin" for k in range(1, 6)), "test_batch.bin",
    ("cifar-10-batches-py", "cifar-10-python.tar.gz", "data_batch_1"), (10,),
)  # fmt: skip
CIFAR100: Final = Layout(
    "cifar-100-binary", ("train.bin",), "test.bin", ("cifar-100-python", "cifar-100-python.tar.gz", "train"),
    (20, 100),
)  # fmt: skip


def read_cifar(layout: Layout, name: str, data_dir: Path, label: int) -> tuple[Pair, Pair, str]:
    """Training and test part, and where they lie; `label` says which label byte of a record is taken.

    Raises a DataNotFoundError where a file is missing; a DataError where a file is no list of records, is longer or
    shorter than the others let expect, or only the pickles are there.
    """
    folder = _folder(layout, name, data_dir)
    parts = [_read(folder / file, layout, label) for file in layout.train]
    test = _read(folder / layout.test, layout, label)
    wanted = len(test[1]) * _SHARE // len(parts)
    for file, (_, labels) in zip(layout.train, parts, strict=True):
        if len(labels) != wanted:
            raise DataError(
                f"{folder / file}: {len(labels)} images, expected {wanted} beside the {len(test[1])} of {layout.test}: "
                f"{_FRESH_COPY}"
            )
    images, labels = (np.concatenate(items) for items in zip(*parts, strict=True))
    return (images, labels), test, f"binary files in {folder}"


def _folder(layout: Layout, name: str, data_dir: Path) -> Path:
    """The first folder that holds one of the binary files; where it holds the pickles only, that is said."""
    folders = [data_dir / layout.folder, data_dir / name / layout.folder, data_dir / name, data_dir]
    for folder in folders:
        if any((folder / file).is_file() for file in (*layout.train, layout.test)):
            return folder
    wanted = f"{', '.join((*layout.train, layout.test))} in {data_dir / layout.folder}"
    for folder in folders:
        for pickle in layout.pickled:
            if (folder / pickle).exists():
                raise DataError(
                    f"{folder / pickle}: the python version of CIFAR is a pickle, which would run code of its own when "
                    f"it is read, and is not read here: take the binary version (for C programs) of the same page: "
                    f"{wanted}"
                )
    raise DataNotFoundError(
        f"no file {layout.train[0]} in {' or '.join(map(str, folders))}: wanted is the binary version (for C programs) "
        f"of CIFAR, by Krizhevsky, unpacked: {wanted}"
    )


def _read(path: Path, layout: Layout, label: int) -> Pair:
    """Images and labels of a file of records."""
    record = len(layout.labels) + _PIXELS
    if not path.is_file():
        raise DataNotFoundError(f"no file {path.name} in {path.parent}: the binary version of CIFAR has it")
    content = read_plain(path, most=record * _MOST_RECORDS, error=DataError, hint=_FRESH_COPY)
    if not content or len(content) % record:
        raise DataError(f"{path}: {len(content)} bytes, expected records of {record} bytes each: {_FRESH_COPY}")
    records = np.frombuffer(content, np.uint8).reshape(-1, record)
    for column, n_classes in enumerate(layout.labels):
        try:
            labels = check_labels(records[:, column], n_classes, _FRESH_COPY)
        except DataError as error:
            raise DataError(f"{path}: {error}") from error
        if column == label:
            chosen = labels
    return np.ascontiguousarray(records[:, len(layout.labels) :]), chosen

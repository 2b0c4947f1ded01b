"""CIFAR's binary files, written here byte by byte."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lava_ed.data import load_dataset
from lava_ed.errors import DataError, DataNotFoundError

RANDOM = np.random.default_rng(3)
TEN_FOLDER, HUNDRED_FOLDER = "cifar-10-batches-bin", "cifar-100-binary"


def write_ten(folder: Path, records: int = 4) -> np.ndarray:
    """Five batches and a test batch of so many records; returns all pixels in that order, (6·records, 3072)."""
    folder.mkdir(parents=True)
    pixels = RANDOM.integers(0, 256, (6 * records, 3072), dtype=np.uint8)
    for k in range(6):
        name = f"data_batch_{k + 1}.bin" if k < 5 else "test_batch.bin"
        rows = range(k * records, (k + 1) * records)
        (folder / name).write_bytes(b"".join(bytes([row % 10]) + pixels[row].tobytes() for row in rows))
    return pixels


def write_hundred(folder: Path) -> None:
    """Records (coarse, fine, pixels) with fine = 3·row and coarse = row."""
    folder.mkdir(parents=True)
    for name, count in (("train.bin", 20), ("test.bin", 4)):
        (folder / name).write_bytes(b"".join(bytes([row, 3 * row]) + bytes([row]) * 3072 for row in range(count)))


@pytest.mark.parametrize("folder", [TEN_FOLDER, f"cifar10/{TEN_FOLDER}", "cifar10", "."])
def test_ten_classes(tmp_path, folder):
    pixels = write_ten(tmp_path / "there" / folder if folder == "." else tmp_path / folder)
    found = load_dataset("cifar10", tmp_path / "there" if folder == "." else tmp_path)
    assert (found.image_shape, found.n_classes) == ((3, 32, 32), 10)
    np.testing.assert_array_equal(np.concatenate([found.train_images, found.test_images]), pixels)
    assert found.train_labels.tolist() == [row % 10 for row in range(20)]
    assert found.test_labels.tolist() == [0, 1, 2, 3]
    assert (found.class_names[0], found.class_names[9]) == ("airplane", "truck")


def test_fine_and_coarse_labels(tmp_path):
    write_hundred(tmp_path / HUNDRED_FOLDER)
    fine, coarse = load_dataset("cifar100", tmp_path), load_dataset("cifar100-coarse", tmp_path)
    assert fine.train_labels.tolist() == [3 * row for row in range(20)]
    assert coarse.train_labels.tolist() == list(range(20))
    assert (fine.n_classes, coarse.n_classes) == (100, 20)
    assert (fine.class_names[99], coarse.class_names[19]) == ("worm", "vehicles_2")
    assert fine.test_images.tolist() == [[row] * 3072 for row in range(4)]
    assert fine.digest != coarse.digest


@pytest.mark.parametrize("pickle", ["cifar-10-batches-py", "cifar-10-python.tar.gz"])
def test_pickles_are_refused_by_name(tmp_path, pickle):
    (tmp_path / pickle).mkdir()
    with pytest.raises(DataError, match=f"{pickle}: the python version of CIFAR is a pickle.*take the binary version"):
        load_dataset("cifar10", tmp_path)
    write_ten(tmp_path / TEN_FOLDER)
    assert len(load_dataset("cifar10", tmp_path).test_labels) == 4


def test_pickles_of_a_hundred_classes(tmp_path):
    (tmp_path / "cifar100").mkdir()
    (tmp_path / "cifar100" / "train").write_bytes(b"\x80\x02}")
    with pytest.raises(DataError, match=r"a pickle.*train.bin, test.bin in"):
        load_dataset("cifar100-coarse", tmp_path)


def test_nothing_there(tmp_path):
    with pytest.raises(DataNotFoundError, match=r"no file data_batch_1.bin in .*binary version .*Krizhevsky"):
        load_dataset("cifar10", tmp_path)


class TestDamage:
    def refused(self, folder: Path, name: str, content: bytes, words: str) -> None:
        (folder / TEN_FOLDER / name).write_bytes(content)
        with pytest.raises(DataError, match=words):
            load_dataset("cifar10", folder)

    def test_files(self, tmp_path):
        write_ten(tmp_path / TEN_FOLDER)
        path = tmp_path / TEN_FOLDER / "data_batch_2.bin"
        content = path.read_bytes()
        self.refused(tmp_path, path.name, content[:-1], "data_batch_2.bin: 12291 bytes, expected records of 3073 bytes")
        self.refused(tmp_path, path.name, b"", "data_batch_2.bin: 0 bytes")
        # A download that broke off between two records would otherwise be a smaller data set.
        self.refused(
            tmp_path, path.name, content[:-3073], "data_batch_2.bin: 3 images, expected 4 beside the 4 of test"
        )
        self.refused(
            tmp_path, path.name, b"\x0a" + content[1:], "data_batch_2.bin: label 10 at index 0, expected 0 to 9"
        )
        with path.open("wb") as file:
            file.truncate(3073 * 50_001)
        with pytest.raises(DataError, match=r"data_batch_2.bin has 153,653,073 bytes, of at most"):
            load_dataset("cifar10", tmp_path)
        path.unlink()
        with pytest.raises(DataNotFoundError, match=r"no file data_batch_2.bin"):
            load_dataset("cifar10", tmp_path)

    def test_a_coarse_label_counts_where_the_fine_ones_are_wanted(self, tmp_path):
        write_hundred(tmp_path / HUNDRED_FOLDER)
        path = tmp_path / HUNDRED_FOLDER / "test.bin"
        path.write_bytes(b"\x14" + path.read_bytes()[1:])
        with pytest.raises(DataError, match=r"test.bin: label 20 at index 0, expected 0 to 19"):
            load_dataset("cifar100", tmp_path)

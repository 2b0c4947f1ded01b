"""Data of one's own in .npz files."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lava_ed.data import load_dataset
from lava_ed.errors import ConfigError, DataError, DataNotFoundError

RANDOM = np.random.default_rng(5)


def arrays(shape: tuple[int, ...] = (4, 6), **changed: object) -> dict[str, object]:
    """Six training and three test images of three classes."""
    return {
        "train_images": RANDOM.integers(0, 256, (6, *shape), dtype=np.uint8),
        "train_labels": np.arange(6) % 3,
        "test_images": RANDOM.integers(0, 256, (3, *shape), dtype=np.uint8),
        "test_labels": np.arange(3),
        **changed,
    }


def write(path: Path, **values: object) -> Path:
    np.savez_compressed(path, **values)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("shape", [(4, 6), (3, 4, 5), (1, 4, 4), (7,)])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_shapes(tmp_path, shape, save):
    given = arrays(shape)
    save(tmp_path / "own.npz", **given)
    found = load_dataset(str(tmp_path / "own.npz"))
    assert (found.image_shape, found.n_classes) == (shape, 3)
    np.testing.assert_array_equal(found.train_images, given["train_images"].reshape(6, -1))
    np.testing.assert_array_equal(found.test_images, given["test_images"].reshape(3, -1))
    assert found.train_labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert "own.npz" in found.source


def test_below_the_folder_of_the_data(tmp_path):
    write(tmp_path / "own.npz", **arrays())
    assert load_dataset("own.npz", tmp_path).name == "own.npz"


def test_floats_other_orders_and_other_ends_of_a_number(tmp_path):
    given = arrays()
    same = {
        "train_images": np.asfortranarray(given["train_images"]).astype(">u2", order="K"),
        "test_images": np.asarray(given["test_images"], np.float32) / np.float32(255),
        "train_labels": np.asarray(given["train_labels"], ">i8"),
    }
    plain = load_dataset(str(write(tmp_path / "a.npz", **given)))
    assert load_dataset(str(write(tmp_path / "b.npz", **{**given, **same}))).digest == plain.digest


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"train_labels": np.arange(5) % 3}, r"train_images holds 6 images, train_labels has the shape \(5,\)"),
        ({"train_labels": np.array([0, 1, 3, 0, 1, 3])}, "train_labels: no training label is 2, but one is 3"),
        ({"train_labels": np.array([0, 1, -1, 0, 1, 2])}, "train_labels: label -1 at index 2"),
        ({"train_labels": np.array([0, 1, 2**40, 0, 1, 2])}, "train_labels: label 1099511627776 at index 2"),
        ({"train_labels": np.zeros(6, int)}, "two classes or more"),
        ({"train_labels": np.zeros(6)}, "train_labels: labels have dtype float64"),
        ({"train_labels": np.zeros((6, 1), int)}, "train_labels: labels have shape"),
        ({"test_labels": np.array([0, 1, 3])}, "test_labels: label 3 at index 2, expected 0 to 2"),
        ({"test_images": np.zeros((3, 6, 4), np.uint8)}, r"test_images: images have shape \(3, 6, 4\)"),
        ({"train_images": np.full((6, 4, 6), 256)}, "train_images: pixel 0 of image 0 is 256"),
        ({"train_images": np.full((6, 4, 6), np.nan)}, "train_images: pixel 0 of image 0 is nan"),
        ({"train_images": np.zeros((6, 4, 6), complex)}, "train_images has the type <c16, expected integers or floats"),
        ({"train_images": np.zeros((6, 5, 6, 3), np.uint8)}, r"channels, height, width\): save images.transpose"),
        ({"train_images": np.zeros((0, 4, 6), np.uint8)}, "train_images holds 0 images"),
        ({"train_images": np.uint8(3)}, "train_images holds 0 images"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path, changed, words):
    path = write(tmp_path / "own.npz", **arrays(**changed))
    with pytest.raises(DataError, match=f"own.npz: .*{words}"):
        load_dataset(str(path))


def test_objects_are_never_unpickled(tmp_path):
    class Bomb:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    images = np.empty(6, object)
    images[:] = [Bomb()] * 6
    path = write(tmp_path / "own.npz", **arrays(train_images=images))
    with pytest.raises(DataError, match=r"train_images has the type \|O"):
        load_dataset(str(path))
    assert not (tmp_path / "ran").exists()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("train_images.npy", pickle.dumps(Bomb()))
    with pytest.raises(DataError, match=r"does not begin as an array"):
        load_dataset(str(path))
    assert not (tmp_path / "ran").exists()


def entry_with(header: str, values: bytes = b"") -> bytes:
    text = header.encode("latin1") + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + values


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (entry_with("{'descr': '|u1', 'fortran_order': False, 'shape': (1048576, 1048576)}"), "of more than"),
        (entry_with("{'descr': '|u1', 'fortran_order': False, 'shape': (0, 1099511627775)}"), "of more than"),
        (entry_with("{'descr': '|u1', 'fortran_order': False, 'shape': (999, 999, 999)}"), "can unpack to"),
        (entry_with("{'descr': '|u1', 'fortran_order': False, 'shape': (2, -1)}"), "up to four sizes"),
        (entry_with("{'descr': '|u1', 'fortran_order': False, 'shape': (9, 2)}", b"abc"), "truncated: 3 bytes"),
        (entry_with("{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2)}", b"abc"), "more values"),
        (entry_with("{'descr': '|u1', 'fortran_order': 1, 'shape': (1, 2)}", b"ab"), "not one of numpy's"),
        (entry_with("{'descr': [('a', '|u1')], 'fortran_order': False, 'shape': (1,)}"), "has the type"),
        (entry_with("(" * 3000), "own.npz: "),
        (entry_with("__import__('os')"), "own.npz: "),
        (entry_with("[1]"), "not one of numpy's"),
        (entry_with(" " * 5000), "has 5,001 bytes, of at most"),
    ],
)
def test_headers_that_lie(tmp_path, content, words):
    with zipfile.ZipFile(tmp_path / "own.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train_images.npy", content)
    with pytest.raises(DataError, match=words):
        load_dataset(str(tmp_path / "own.npz"))


def test_damaged_archives(tmp_path):
    path = write(tmp_path / "own.npz", **arrays())
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"own.npz: .*savez_compressed"):
        load_dataset(str(path))
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        start = archive.getinfo("train_images.npy").header_offset + 80
    path.write_bytes(whole[:start] + bytes([whole[start] ^ 255]) + whole[start + 1 :])
    with pytest.raises(DataError, match=r"own.npz: "):
        load_dataset(str(path))
    given = arrays()
    del given["test_labels"]
    with pytest.raises(DataError, match=r"holds no array test_labels: write it with"):
        load_dataset(str(write(path, **given)))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("train_images.npy", b"")
    with pytest.raises(DataError, match=r"by a method that numpy does not write"):
        load_dataset(str(path))


def test_names(tmp_path):
    with pytest.raises(DataNotFoundError, match=r"no file .*none.npz"):
        load_dataset(str(tmp_path / "none.npz"))
    with pytest.raises(ConfigError, match=r"'faces' is unknown: .*path of a .npz file, or idx:FOLDER"):
        load_dataset("faces")

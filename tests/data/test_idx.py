"""IDX files: what is written is read back, and each kind of damage has its own message."""

from __future__ import annotations

import errno
import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lava_ed.data import read_idx
from lava_ed.errors import DataError, DataNotFoundError


def encode(array: np.ndarray) -> bytes:
    """The bytes of an IDX file, written down from the description of the format."""
    return bytes([0, 0, 0x08, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write(folder: Path, content: bytes, name: str = "images-idx3-ubyte") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


SMALL = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


@given(
    array=hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=7)),
    compress=st.booleans(),
)
def test_round_trip(tmp_path_factory, array, compress):
    content = encode(array)
    path = write(tmp_path_factory.mktemp("idx"), gzip.compress(content) if compress else content)
    back = read_idx(path)
    assert back.dtype == np.uint8
    assert back.flags.writeable
    np.testing.assert_array_equal(back, array)


def test_known_bytes(tmp_path):
    path = write(tmp_path, b"\x00\x00\x08\x02\x00\x00\x00\x02\x00\x00\x00\x03\x00\x01\x02\xfd\xfe\xff")
    assert read_idx(str(path)).tolist() == [[0, 1, 2], [253, 254, 255]]


def test_compression_is_told_by_content_not_by_name(tmp_path):
    plain = write(tmp_path, encode(SMALL), "images-idx3-ubyte.gz")
    np.testing.assert_array_equal(read_idx(plain), SMALL)


def test_missing_file_says_what_is_wanted_and_where(tmp_path):
    with pytest.raises(DataNotFoundError) as caught:
        read_idx(tmp_path / "train-images-idx3-ubyte.gz")
    message = str(caught.value)
    for part in (
        "no file train-images-idx3-ubyte (or train-images-idx3-ubyte.gz)",
        str(tmp_path),
        "IDX files distributed with MNIST (by LeCun, Cortes and Burges)",
        "repository zalandoresearch/fashion-mnist",
        "t10k-labels-idx1-ubyte",
        "<data-dir>/mnist/",
        "<data-dir>/fashion-mnist/",
    ):
        assert part in message
    assert isinstance(caught.value, FileNotFoundError)


GZIPPED = gzip.compress(encode(SMALL))
DAMAGED = {
    "empty": (b"", "begins with the bytes '', expected '00 00 08 <ndim>'"),
    "first byte": (b"\x01" + encode(SMALL)[1:], "begins with the bytes '01 00 08 03'"),
    "second byte": (b"\x00\x07" + encode(SMALL)[2:], "begins with the bytes '00 07 08 03'"),
    "type": (b"\x00\x00\x0d\x03" + encode(SMALL)[4:], "begins with the bytes '00 00 0d 03'"),
    "no dimensions": (b"\x00\x00\x08\x00", "0 dimensions, expected 1 to 8"),
    "many dimensions": (b"\x00\x00\x08\xc8" + bytes(800), "200 dimensions, expected 1 to 8"),
    "short header": (encode(SMALL)[:10], "truncated: 10 bytes of header, expected 16"),
    "short values": (encode(SMALL)[:-1], "truncated: 23 bytes of values, expected 24 for sizes (2, 3, 4)"),
    "no values": (encode(SMALL)[:16], "truncated: the file can hold at most 16 bytes, expected 24"),
    "trailing": (encode(SMALL) + b"\0", "trailing bytes: more values than the 24 expected"),
    "short values in gzip": (
        gzip.compress(encode(SMALL)[:-1]),
        "truncated: 23 bytes of values, expected 24 for sizes (2, 3, 4)",
    ),
    "trailing in gzip": (gzip.compress(encode(SMALL) + b"\0"), "trailing bytes"),
    "cut gzip": (GZIPPED[:-12], "damaged gzip file"),
    "garbled gzip": (GZIPPED[:12] + b"\xff\xff\xff" + GZIPPED[15:], "damaged gzip file"),
    "gzip checksum": (GZIPPED[:-8] + bytes(4) + GZIPPED[-4:], "damaged gzip file (CRC check failed"),
    "gzip header only": (GZIPPED[:2], "damaged gzip file"),
    "absurd size": (b"\x00\x00\x08\x02" + b"\xff" * 8, "are more than the 671088640 bytes expected at most"),
    "absurd beside zero": (b"\x00\x00\x08\x02" + bytes(4) + b"\xff" * 4, "expected at most"),
    "more than gzip can hold": (
        gzip.compress(b"\x00\x00\x08\x01\x1f\xff\xff\xff"),
        "truncated: the file can hold at most",
    ),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damage_is_told_with_the_file_and_the_way_out(tmp_path, damage):
    content, expected = DAMAGED[damage]
    path = write(tmp_path, content)
    with pytest.raises(DataError) as caught:
        read_idx(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert expected in str(caught.value)
    assert "replace the file by a fresh copy" in str(caught.value)
    assert not isinstance(caught.value, DataNotFoundError)


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path)


def test_unreadable_file(tmp_path, monkeypatch):
    path = write(tmp_path, encode(SMALL))

    # A real file without permissions would still open for the superuser, whom containers run as.
    def refuse(*_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(DataError, match=r"cannot be read \(Permission denied\)"):
        read_idx(path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "labels")
    with pytest.raises(DataError, match="no plain file"):
        read_idx(tmp_path / "labels")


def test_a_size_above_the_callers_limit_is_refused_before_the_values(tmp_path):
    path = write(tmp_path, b"\x00\x00\x08\x01\x00\x00\x00\x64")  # 100 values, none of which is there
    with pytest.raises(DataError, match=r"sizes \(100,\) are more than the 99 bytes expected at most"):
        read_idx(path, most=99)

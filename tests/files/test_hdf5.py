"""HDF5 files: what is plain is read; what leads elsewhere, or states more than it stores, is refused."""

from __future__ import annotations

import os
import struct
import tracemalloc
import zlib

import h5py
import numpy as np
import pytest

from lava_ed.errors import ExchangeError
from lava_ed.files.hdf5 import Hdf5Group, read_hdf5

HINT = "export it anew"


def read(path, most_bytes=1 << 20, most_values=1 << 16):
    return read_hdf5(
        path, what="a golden file", most_bytes=most_bytes, most_values=most_values, error=ExchangeError, hint=HINT
    )


def test_what_is_plain_is_read(tmp_path):
    values = np.arange(600, dtype=np.int16).reshape(20, 30)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["a/b/plain"] = values
        file["a/real"] = np.float32(2.5)
        file["a/flag"] = True
        file["a/none"] = np.zeros(0, np.int32)
        file["text"] = "CUBA"
        file["texts"] = np.array([b"one", b"two"], "S8")
        file.create_dataset("packed", data=values, chunks=(7, 11), compression="gzip", shuffle=True, fletcher32=True)
        file.create_dataset("chunked", data=values, chunks=(7, 11))
        file.attrs.update({"format": "x", "version": 3, "share": 0.5, "many": [1, 2]})
        file["a"].attrs["name"] = np.bytes_("fixed")
    root = read(tmp_path / "a.h5")
    assert root.attributes == {"format": "x", "version": 3, "share": 0.5, "many": None}
    inner = root.members["a"]
    assert isinstance(inner, Hdf5Group)
    assert inner.attributes == {"name": "fixed"}
    assert np.array_equal(inner.members["b"].members["plain"], values)
    assert (inner.members["real"], inner.members["flag"], inner.members["none"].size) == (2.5, True, 0)
    assert (root.members["text"].item(), root.members["texts"].tolist()) == (b"CUBA", [b"one", b"two"])
    assert all(np.array_equal(root.members[name], values) for name in ("packed", "chunked"))


def link(to):
    def change(file, folder):
        file["x"] = to(folder)

    return change


def external_storage(file, folder):
    (folder / "other.bin").write_bytes(b"\1" * 64)
    file.create_dataset("x", (8,), np.int64, external=[(str(folder / "other.bin"), 0, 64)])


def virtual(file, folder):
    with h5py.File(folder / "other.h5", "w") as other:
        other["y"] = np.arange(8)
    layout = h5py.VirtualLayout((8,), np.int64)
    layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "y", (8,))
    file.create_virtual_dataset("x", layout)


def ring(file, folder):
    file.create_group("a")
    file["a/b"] = file["a"]


def committed_type(file, folder):
    file["x"] = np.dtype(np.int32)


REFUSED = {
    "external link": (link(lambda folder: h5py.ExternalLink("other.h5", "/y")), "a link to elsewhere at x"),
    "soft link": (link(lambda folder: h5py.SoftLink("/y")), "a link to elsewhere at x"),
    "external storage": (external_storage, "keeps the values of x in another file"),
    "virtual dataset": (virtual, "keeps the values of x in another file"),
    "groups in a ring": (ring, "nests its groups deeper than 8 levels"),
    "committed type": (committed_type, "a type without values at x"),
    "nothing": (lambda file, _: file.create_dataset("x", data=h5py.Empty("i4")), "holds nothing at x"),
    "contiguous, never written": (
        lambda file, _: file.create_dataset("x", (50_000,), np.int64),
        "states 400,000 bytes at x, and stores 0",
    ),
    "chunked, never written": (
        lambda file, _: file.create_dataset("x", (50_000,), np.int64, chunks=(1000,), compression="gzip"),
        "states 400,000 bytes at x in chunks of 8,000, and stores 0",
    ),
    "10^8 values": (
        lambda file, _: file.create_dataset("x", (10**8,), np.int8, chunks=(1000,)),
        "states more than 65,536 values, 100,000,000 of them at x",
    ),
    "2^40 values": (
        lambda file, _: file.create_dataset("x", (2**40,), np.int8, chunks=(1000,)),
        "states more than 65,536 values, 1,099,511,627,776 of them at x",
    ),
    "values together": (
        lambda file, _: [file.create_dataset(f"x{k}", data=np.zeros(30_000, np.int8)) for k in range(3)],
        "states more than 65,536 values, 30,000 of them at x2",
    ),
    "compound": (
        lambda file, _: file.create_dataset("x", data=np.zeros(2, [("a", "i4")])),
        "which are no numbers",
    ),
    "references": (lambda file, _: file.create_dataset("x", data=file.ref), "which are no numbers"),
    "complex": (lambda file, _: file.create_dataset("x", data=np.zeros(2, complex)), "which are no numbers"),
    "long double": (lambda file, _: file.create_dataset("x", data=np.zeros(2, np.longdouble)), "no numbers"),
    "many texts": (
        lambda file, _: file.create_dataset("x", data=["a"] * 4097, dtype=h5py.string_dtype()),
        "4097 texts without a length at x",
    ),
    "other filter": (
        lambda file, _: file.create_dataset("x", data=np.zeros(9), compression="lzf"),
        "packs the values of x with filters",
    ),
    "name": (lambda file, _: file.create_group("a\nb"), r"the name 'a\\nb'"),
    "long name": (lambda file, _: file.create_group("a" * 65), "too long"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_plain_is_refused(tmp_path, case):
    change, message = REFUSED[case]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        change(file, tmp_path)
    with pytest.raises(ExchangeError, match=message) as caught:
        read(tmp_path / "a.h5")
    text = str(caught.value)
    assert text.startswith(str(tmp_path / "a.h5"))
    assert text.endswith(HINT)
    assert "\n" not in text


def test_a_chunk_that_unpacks_to_more_than_it_should_is_not_unpacked(tmp_path):
    """2^24 bytes in a chunk of 64: libhdf5 would unpack them all."""
    bomb = zlib.compress(bytes(1 << 24))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        data = file.create_dataset("x", (64,), np.int8, chunks=(64,), compression="gzip")
        data.id.write_direct_chunk((0,), bomb)
    tracemalloc.start()
    try:
        with pytest.raises(ExchangeError, match="a chunk at x that is not of 64 bytes"):
            read(tmp_path / "a.h5")
        assert tracemalloc.get_traced_memory()[1] < 1 << 22
    finally:
        tracemalloc.stop()


def test_a_size_written_into_the_file_is_not_believed(tmp_path):
    """The length of a dataset, found in its header and set to 2^40."""
    length = 12_345
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.zeros(length, np.int8)
    content = (tmp_path / "a.h5").read_bytes()
    assert content.count(struct.pack("<Q", length)) >= 1
    (tmp_path / "a.h5").write_bytes(content.replace(struct.pack("<Q", length), struct.pack("<Q", 1 << 40)))
    with pytest.raises(ExchangeError, match="a\\.h5 "):
        read(tmp_path / "a.h5")


@pytest.mark.parametrize("content", [b"", b"no HDF5 at all", b"\x89HDF\r\n\x1a\n" + bytes(90)])
def test_what_is_no_hdf5_is_named(tmp_path, content):
    (tmp_path / "a.h5").write_bytes(content)
    with pytest.raises(ExchangeError, match=r"a\.h5 is not a golden file, or is damaged"):
        read(tmp_path / "a.h5")


@pytest.mark.parametrize(
    ("skipped", "number", "length"),
    [(0, 0, 0), (0, 0, 8), (0, 1, 2**64 - 16), (0, 1, 5000), (40, 0, 0)],
    ids=["no step", "half a step", "a step back", "past the end", "no step after a text"],
)
def test_texts_that_lead_nowhere_are_not_walked_through(tmp_path, skipped, number, length):
    """libhdf5 goes round for ever in a collection of texts in which a step has no length."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["format"] = "a text without a length"
    content = bytearray((tmp_path / "a.h5").read_bytes())
    first = content.find(b"GCOL") + 16
    assert struct.unpack_from("<H6xQ", content, first) == (1, 23)
    assert read(tmp_path / "a.h5").attributes == {"format": "a text without a length"}
    struct.pack_into("<H6xQ", content, first + skipped, number, length)
    (tmp_path / "a.h5").write_bytes(content)
    with pytest.raises(ExchangeError, match=r"is not a golden file, or is damaged \(a text of"):
        read(tmp_path / "a.h5")


def test_no_room_is_made_for_what_a_text_states(tmp_path):
    """libhdf5 takes as much memory as the reference to a text states, before it looks at the text."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        text = file.create_dataset("x", data="CUBA", dtype=h5py.string_dtype())
        place = text.id.get_offset()
    content = bytearray((tmp_path / "a.h5").read_bytes())
    assert struct.unpack_from("<I", content, place) == (4,)
    assert read(tmp_path / "a.h5").members["x"].item() == b"CUBA"
    struct.pack_into("<I", content, place, 2**31 - 1)
    (tmp_path / "a.h5").write_bytes(content)
    with pytest.raises(ExchangeError, match=r"states texts of 2,147,483,647 bytes at x, of at most 65,536"):
        read(tmp_path / "a.h5")


def test_a_large_file_is_refused_by_its_size(tmp_path):
    with (tmp_path / "a.h5").open("wb") as file:
        file.truncate(1 << 21)
    with pytest.raises(ExchangeError, match="has 2,097,152 bytes, of at most 1,048,576"):
        read(tmp_path / "a.h5")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ExchangeError, match="no plain file"):
        read(tmp_path / "pipe")

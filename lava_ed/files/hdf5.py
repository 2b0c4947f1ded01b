"""HDF5 files read within bounds: no link out of the file, and nothing allocated that its bytes cannot fill.

An HDF5 file can name other files (external links, external storage, virtual datasets), state sizes that it has no
bytes for, and nest its groups in a ring.  What is read here is a tree of groups over plain arrays of numbers and
texts, whose sizes are added up first.
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any, Final

import h5py
import numpy as np
import numpy.typing as npt
from h5py import h5a, h5d, h5l, h5z

from lava_ed.errors import LavaEDError
from lava_ed.files.compressed import DEFLATE_RATIO
from lava_ed.files.reading import open_plain, shown

MOST_DEPTH: Final = 8
"""Levels of groups; the deepest file that is known here has four."""
MOST_OBJECTS: Final = 1 << 14
"""Groups and datasets of a file."""
MOST_DIMENSIONS: Final = 8
MOST_NAME: Final = 64
MOST_TEXT: Final = 1 << 16
"""Bytes of a text, in a dataset or an attribute."""
MOST_TEXTS: Final = 1 << 12
"""Texts without a length in one dataset, such as the edges of a graph."""
REFERENCE: Final = 16
"""Bytes of what a dataset holds of a text: its length, and where its collection lies."""
MOST_ATTRIBUTES: Final = 64
"""Attributes of a group; those of datasets are not read."""
WIDEST: Final = 8
"""Bytes of a number."""
KINDS: Final = "biuf"
"""Types of numbers: truth values, integers, and floats."""
FILTERS: Final = (h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32)
HEAP: Final = b"GCOL\x01\0\0\0"
"""What a collection of texts begins with: its signature, its version, and what is reserved."""
HEADER: Final = 16
"""Bytes before the first text of a collection, and before each text."""
CHECKSUM_BYTES: Final = 4
"""Bytes of a fletcher32 checksum, which may have been added to a chunk before it was packed."""

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Hdf5Group:
    """A group that has been read."""

    members: dict[str, Hdf5Group | Array] = field(default_factory=dict)
    """Name → group or array.  Texts are arrays of bytes ("S")."""
    attributes: dict[str, int | float | str | None] = field(default_factory=dict)
    """Name → int, float or str; None for what is neither a single number nor a text."""


class _Refused(Exception):
    """What is wrong with a file, without its name and the way out."""


def read_hdf5(
    path: str | os.PathLike[str], *, what: str, most_bytes: int, most_values: int, error: type[LavaEDError], hint: str
) -> Hdf5Group:
    """Read a whole HDF5 file, which should be a `what`, "a netx file", into its root group.

    Nothing is allocated for a file of more bytes, or of more values in all its datasets together.  An `error`, whose
    message ends with the `hint`, is raised where there is no such file, or it is damaged, too large, or holds what is
    not read here: links other than hard ones, datasets that lie in other files, filters other than deflate, shuffle and
    a checksum, types that are neither numbers nor texts.
    """
    with open_plain(path, most=most_bytes, error=error, hint=hint) as opened:
        content = opened.read()
    try:
        _check_heaps(content)
        with h5py.File(path, "r") as file:
            return _Reader(content, most_values).group(file, "", 0)
    except _Refused as refused:
        raise error(f"{shown(path)} {refused}: {hint}") from None
    # libhdf5 and its wrapper raise what they happened to meet in a damaged file: a dozen types are known.
    except Exception as failure:
        reason = " ".join(str(failure).split())[:200] or type(failure).__name__
        raise error(f"{shown(path)} is not {what}, or is damaged ({reason}): {hint}") from failure


class _Reader:
    """Reads one file, and keeps account of what it has stated so far."""

    def __init__(self, content: bytes, most_values: int) -> None:
        self._content, self._size = content, len(content)
        self._most_values, self._most_bytes = most_values, most_values * WIDEST
        self._values = self._objects = 0

    def group(self, group: Any, where: str, depth: int) -> Hdf5Group:
        """A group and all that is in it."""
        if depth > MOST_DEPTH:
            raise _Refused(f"nests its groups deeper than {MOST_DEPTH} levels")
        found = Hdf5Group(attributes=_attributes(group, where))
        self._objects += len(group)
        if self._objects > MOST_OBJECTS:
            raise _Refused(f"holds more than {MOST_OBJECTS:,} groups and datasets")
        for name in group:
            inner = f"{where}/{name}" if where else name
            if not (name.isascii() and name.isprintable() and len(name) <= MOST_NAME):
                raise _Refused(f"holds the name {name[:MOST_NAME]!a}, which is too long or cannot be printed")
            if group.id.links.get_info(name.encode()).type != h5l.TYPE_HARD:
                raise _Refused(f"holds a link to elsewhere at {inner}, which is not followed")
            item = group[name]
            if isinstance(item, h5py.Datatype):
                raise _Refused(f"holds a type without values at {inner}")
            is_group = not hasattr(item, "dtype")
            found.members[name] = self.group(item, inner, depth + 1) if is_group else self._dataset(item, inner)
        return found

    def _dataset(self, dataset: Any, where: str) -> Array:
        """Values of a dataset, after its type, its sizes and the place of its bytes."""
        shape, dtype = dataset.shape, dataset.dtype
        if shape is None:
            raise _Refused(f"holds nothing at {where}")
        if len(shape) > MOST_DIMENSIONS:
            raise _Refused(f"holds {len(shape)} dimensions at {where}, of at most {MOST_DIMENSIONS}")
        values = math.prod(shape)
        self._values += values
        if self._values > self._most_values:
            raise _Refused(f"states more than {self._most_values:,} values, {values:,} of them at {where}")
        text, needed = _is_text(dtype), values * dtype.itemsize
        if not text and (dtype.kind not in KINDS or dtype.itemsize > WIDEST):
            raise _Refused(f"holds values of type {str(dtype)[:40]!a} at {where}, which are no numbers")
        if text and values > MOST_TEXTS and dtype.kind == "O":
            raise _Refused(f"holds {values} texts without a length at {where}, of at most {MOST_TEXTS}")
        if needed > self._most_bytes:
            raise _Refused(f"states {needed:,} bytes of text at {where}")
        properties, stored = dataset.id.get_create_plist(), dataset.id.get_storage_size()
        if properties.get_layout() == h5d.VIRTUAL or properties.get_external_count():
            raise _Refused(f"keeps the values of {where} in another file, which is not opened")
        if properties.get_layout() == h5d.CHUNKED:
            self._check_chunks(dataset, where, needed, stored)
        # What is not stored would be filled in: a file of a kilobyte could stand for any size.
        elif stored < needed or stored > self._size:
            raise _Refused(f"states {needed:,} bytes at {where}, and stores {stored:,}")
        if dtype.kind == "O":
            self._check_texts(dataset, where, values)
            return _text_array(dataset[()], where)
        return np.asarray(dataset[()])

    def _check_texts(self, dataset: Any, where: str, count: int) -> None:
        """Texts have the lengths that a dataset may hold: libhdf5 makes room for what each states before it looks."""
        start = dataset.id.get_offset()
        if start is None or start + count * REFERENCE > self._size:
            raise _Refused(f"holds texts in pieces at {where}")
        lengths = np.frombuffer(self._content, np.dtype("<u4, V12"), count, start)["f0"]
        if int(lengths.sum(dtype=np.int64)) > MOST_TEXT:
            raise _Refused(f"states texts of {int(lengths.max()):,} bytes at {where}, of at most {MOST_TEXT:,}")

    def _check_chunks(self, dataset: Any, where: str, needed: int, stored: int) -> None:
        """Every chunk unpacks to its own size: libhdf5 would go on for as long as there is something to unpack."""
        properties, chunks = dataset.id.get_create_plist(), dataset.id.get_num_chunks()
        filters = [properties.get_filter(k)[0] for k in range(properties.get_nfilters())]
        if not set(filters).issubset(FILTERS) or len(set(filters)) < len(filters):
            raise _Refused(f"packs the values of {where} with filters {filters}, of which {FILTERS} are read")
        chunk = math.prod(properties.get_chunk()) * dataset.dtype.itemsize
        ratio = DEFLATE_RATIO if h5z.FILTER_DEFLATE in filters else 1
        if stored > self._size or needed > stored * ratio or chunk > max(needed, 1) * DEFLATE_RATIO:
            raise _Refused(f"states {needed:,} bytes at {where} in chunks of {chunk:,}, and stores {stored:,}")
        if chunk > self._most_bytes:
            raise _Refused(f"states chunks of {chunk:,} bytes at {where}")
        if chunks * chunk < needed:
            raise _Refused(f"states {needed:,} bytes at {where}, and lacks some of them")
        for number in range(chunks if ratio > 1 else 0):
            self._check_deflated(dataset, where, number, chunk)

    def _check_deflated(self, dataset: Any, where: str, number: int, size: int) -> None:
        """A deflated chunk holds as many bytes as it should, to the last."""
        info = dataset.id.get_chunk_info(number)
        if info.size > self._size or info.filter_mask:
            raise _Refused(f"stores a chunk of {info.size:,} bytes at {where}, of at most {self._size:,}")
        raw = dataset.id.read_direct_chunk(info.chunk_offset)[1]
        stream = zlib.decompressobj()
        found = len(stream.decompress(raw, size + CHECKSUM_BYTES + 1))
        if not size <= found <= size + CHECKSUM_BYTES or not stream.eof:
            raise _Refused(f"stores a chunk at {where} that is not of {size:,} bytes")


def _attributes(group: Any, where: str) -> dict[str, int | float | str | None]:
    """Single numbers and texts beside a group."""
    found: dict[str, int | float | str | None] = {}
    if h5a.get_num_attrs(group.id) > MOST_ATTRIBUTES:
        raise _Refused(f"holds more than {MOST_ATTRIBUTES} attributes at /{where}")
    for name in group.attrs:
        attribute = h5a.open(group.id, name.encode())
        found[name] = None
        single = attribute.shape == () and attribute.get_storage_size() <= MOST_TEXT
        if single and (attribute.dtype.kind in KINDS or _is_text(attribute.dtype)):
            value = group.attrs[name]
            if isinstance(value, str) and len(value) > MOST_TEXT:
                raise _Refused(f"holds a text of {len(value):,} characters at /{where}@{name[:MOST_NAME]!a}")
            value = value.item() if isinstance(value, np.generic) else value
            found[name] = value.decode("utf-8") if isinstance(value, bytes) else value
    return found


def _check_heaps(content: bytes) -> None:
    """Every collection of texts leads to its own end: libhdf5 would walk in it for ever where a step is none."""
    start = content.find(HEAP)
    while start >= 0:
        place, (size,) = start + HEADER, struct.unpack_from("<Q", content.ljust(start + HEADER, b"\0"), start + 8)
        end = min(start + size, len(content))
        while place + HEADER <= end:
            number, _, _, length = struct.unpack_from("<HHIQ", content, place)
            # Number 0 is what is free, its header included.
            step = HEADER + -(-length // 8) * 8 if number else length
            if not HEADER <= step <= end - place:
                raise ValueError(f"a text of {length:,} bytes at byte {place:,}")
            place += step
        start = content.find(HEAP, start + len(HEAP))


def _is_text(dtype: Any) -> bool:
    """Whether values are texts: of a fixed length, or one of any length."""
    return dtype.kind == "S" or (dtype.kind == "O" and h5py.check_string_dtype(dtype) is not None)


def _text_array(value: Any, where: str) -> Array:
    """Texts that h5py hands out as objects, as an array of bytes."""
    objects = np.asarray(value, dtype=object)
    texts = objects.reshape(-1).tolist()
    if not all(isinstance(text, bytes) for text in texts) or sum(map(len, texts)) > MOST_TEXT:
        raise _Refused(f"holds no text, or one of more than {MOST_TEXT:,} bytes, at {where}")
    widest = max([1, *map(len, texts)])
    if widest * len(texts) > MOST_TEXTS * MOST_NAME:
        raise _Refused(f"holds texts of up to {widest:,} bytes at {where}, {len(texts):,} of them")
    return np.array([text.rstrip(b"\0") for text in texts], "S").reshape(objects.shape)

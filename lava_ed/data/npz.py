"""A data set of one's own in a ``.npz`` file: four arrays, whose sizes are checked before anything is unpacked."""

from __future__ import annotations

import ast
import math
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from lava_ed.data.checks import check_images, check_labels, count_classes
from lava_ed.data.idx_set import Pair
from lava_ed.errors import DataError, DataNotFoundError, ShapeError
from lava_ed.files.compressed import DEFLATE_RATIO
from lava_ed.files.reading import cut, open_plain

ARRAYS: Final = ("train_images", "train_labels", "test_images", "test_labels")
_MOST_BYTES: Final = 2**30
"""Most bytes of an array, and of the file."""
_MOST_HEADER: Final = 4096
"""Bytes of the text in which an array states type and shape; numpy writes 118."""
_LAST_CHANNELS: Final = (1, 3, 4)
_WAY: Final = f"write it with numpy.savez_compressed, with the arrays {', '.join(ARRAYS)}"
_DAMAGED: Final = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError, RuntimeError),
    *(ValueError, SyntaxError, MemoryError, OverflowError, TypeError),
)  # fmt: skip
"""What zipfile and the parser of a header raise on damaged files."""


def read_npz_set(path: Path) -> tuple[Pair, Pair, tuple[int, ...], int]:
    """Training part, test part, shape of an image and number of classes.

    Images are (N, height, width), (N, channels, height, width) or (N, n), as `check_images` takes them; the classes are
    those of the training labels, 0 … n − 1. Nothing is unpickled.  Raises a DataNotFoundError where there is no such
    file; a DataError where it is damaged, lacks an array, or an array has another type, size or shape than is expected.
    """
    if not path.is_file():
        raise DataNotFoundError(f"no file {path}: name an .npz file by its path; {_WAY}")
    with open_plain(path, most=_MOST_BYTES, error=DataError, hint=_WAY) as raw:
        try:
            with zipfile.ZipFile(raw) as archive:
                arrays = {name: _array(archive, name) for name in ARRAYS}
        except _DAMAGED as error:
            raise DataError(f"{path}: {cut(str(error)) or type(error).__name__}: {_WAY}") from error
    try:
        return _checked(arrays)
    except (DataError, ShapeError) as error:
        raise DataError(f"{path}: {error}") from error


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """An array of the archive, after a check of what it says to be; a ValueError says what is wrong with it."""
    try:
        entry = archive.getinfo(f"{name}.npy")
    except KeyError:
        raise ValueError(f"holds no array {name}") from None
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is compressed by a method that numpy does not write")
    with archive.open(entry) as stream:
        dtype, shape, fortran = _header(stream, name)
        size = math.prod(shape) * dtype.itemsize
        # A size of 0 must not hide absurd other sizes.
        if math.prod(max(n, 1) for n in shape) * dtype.itemsize > _MOST_BYTES:
            raise ValueError(f"{name} has the shape {shape}, of more than {_MOST_BYTES:,} bytes")
        if size > DEFLATE_RATIO * entry.compress_size:
            raise ValueError(f"{name} has the shape {shape}, of more bytes than {entry.compress_size:,} can unpack to")
        values = np.empty(shape, dtype, order="F" if fortran else "C")
        buffer, found = values.reshape(-1, order="A").view(np.uint8), 0
        while found < size:
            piece = stream.read(min(size - found, 1 << 20))
            if not piece:
                raise ValueError(f"{name} is truncated: {found} bytes of values, expected {size}")
            buffer[found : found + len(piece)] = np.frombuffer(piece, np.uint8)
            found += len(piece)
        if stream.read(1):  # at the end the checksum is compared
            raise ValueError(f"{name} has more values than its shape {shape} says")
    return values.astype(dtype.newbyteorder("="), copy=False)


def _header(stream: IO[bytes], name: str) -> tuple[np.dtype[Any], tuple[int, ...], bool]:
    """Type, shape and order of an array, by the format of numpy.lib.format."""
    start = stream.read(8)
    if start[:6] != b"\x93NUMPY" or start[6:7] not in (b"\1", b"\2"):
        raise ValueError(f"{name} does not begin as an array of numpy")
    width = 2 if start[6] == 1 else 4
    length = int.from_bytes(stream.read(width), "little")
    if length > _MOST_HEADER:
        raise ValueError(f"the header of {name} has {length:,} bytes, of at most {_MOST_HEADER:,}")
    stated = ast.literal_eval(stream.read(length).decode("latin1").strip())
    if not isinstance(stated, dict) or stated.keys() != {"descr", "fortran_order", "shape"}:
        raise ValueError(f"the header of {name} is not one of numpy's")
    descr, shape, fortran = stated["descr"], stated["shape"], stated["fortran_order"]
    if not isinstance(descr, str) or descr[1:2] not in tuple("iuf") or descr[2:] not in ("1", "2", "4", "8"):
        raise ValueError(f"{name} has the type {cut(str(descr), 40)}, expected integers or floats")
    if not isinstance(shape, tuple) or any(type(n) is not int or not 0 <= n < 2**40 for n in shape) or len(shape) > 4:
        raise ValueError(f"{name} has the shape {cut(str(shape), 40)}, expected up to four sizes")
    if not isinstance(fortran, bool):
        raise ValueError(f"the header of {name} is not one of numpy's")
    return np.dtype(descr), shape, fortran


def _checked(arrays: dict[str, NDArray[Any]]) -> tuple[Pair, Pair, tuple[int, ...], int]:
    """The arrays as the two parts of a data set."""
    shape = arrays["train_images"].shape[1:]
    if len(shape) == 3 and shape[2] in _LAST_CHANNELS and shape[0] not in _LAST_CHANNELS:
        raise ShapeError(
            f"train_images has the shape {arrays['train_images'].shape}, expected (N, channels, height, width): save "
            "images.transpose(0, 3, 1, 2)"
        )
    n_classes = _named("train_labels", lambda: count_classes(arrays["train_labels"]))

    def part(name: str) -> Pair:
        pixels, labels = arrays[f"{name}_images"], arrays[f"{name}_labels"]
        if pixels.shape[:1] != labels.shape[:1]:
            raise DataError(
                f"{name}_images holds {len(pixels) if pixels.ndim else 0} images, {name}_labels has the shape "
                f"{labels.shape}, expected one label each"
            )
        return (
            _named(f"{name}_images", lambda: check_images(pixels, shape)),
            _named(f"{name}_labels", lambda: check_labels(labels, n_classes, "both parts need the same classes")),
        )

    return part("train"), part("test"), shape, n_classes


def _named(name: str, check: Any) -> Any:
    """What a check returns; what it finds wrong is told with the array's name."""
    try:
        return check()
    except (DataError, ShapeError) as error:
        raise type(error)(f"{name}: {error}") from error

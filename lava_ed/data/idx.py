"""Checked reading of IDX files, the format in which MNIST and Fashion-MNIST are distributed.

An IDX file is ``0 0 type ndim``, then `ndim` big-endian 32-bit sizes, then the values in C order.
Only unsigned bytes (type 0x08) are read here, the only type that image data sets use.
"""

from __future__ import annotations

import io
import math
import os
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lava_ed.errors import DataError, DataNotFoundError
from lava_ed.files.compressed import DAMAGED, open_maybe_compressed

__all__ = ["FILE_NAMES", "not_found", "read_idx"]

FILE_NAMES: Final = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
"""The four files of MNIST and of Fashion-MNIST: training images and labels, test images and labels."""

UNSIGNED_BYTE: Final = 0x08
"""IDX type code of values 0 … 255."""
MAX_DIMENSIONS: Final = 8
"""More dimensions than this in a header mean that the file is not an IDX file."""
MAX_BYTES: Final = 640 * 2**20
"""Largest payload that is read: EMNIST's largest part has 609 MiB; nothing is allocated for a header that claims more.
"""
PIECE: Final = 2**20
"""Bytes that are unpacked at a time."""
HEADER_BYTES: Final = 4 + 4 * MAX_DIMENSIONS

_REPLACE = "replace the file by a fresh copy of the distributed one"


def not_found(name: str, *folders: str | os.PathLike[str]) -> DataNotFoundError:
    """Error for a file that is in none of `folders`, saying which files are wanted and where they go.

    Parameters
    ----------
    name
        File name without ``.gz``.
    *folders
        Where it was looked for.
    """
    looked = " or ".join(str(folder) for folder in folders)
    names = ", ".join(FILE_NAMES)
    return DataNotFoundError(
        f"no file {name} (or {name}.gz) in {looked}: wanted are the IDX files distributed with "
        f"MNIST (by LeCun, Cortes and Burges) / Fashion-MNIST (repository zalandoresearch/fashion-mnist): {names}, "
        "plain or .gz, placed in <data-dir>/ or in "
        "<data-dir>/mnist/ / <data-dir>/fashion-mnist/"
    )


def read_idx(path: str | os.PathLike[str], *, most: int = MAX_BYTES) -> NDArray[np.uint8]:
    """Read one IDX file of unsigned bytes, plain or gzip-compressed.

    Compression is recognised by content, not by name.

    Parameters
    ----------
    path
        The file.
    most
        Largest number of values; it is compared with the header, before anything is allocated.

    Returns
    -------
    ndarray of uint8
        In the shape that the header states, C order, writable.

    Raises
    ------
    DataNotFoundError
        There is no such file.
    DataError
        The file is no IDX file of unsigned bytes, is damaged, or its size disagrees with its header.

    See Also
    --------
    lava_ed.data.load_dataset : reads the four files of a data set and checks them against each other.
    """
    path = Path(path)
    try:
        with open_maybe_compressed(path, most=MAX_BYTES + HEADER_BYTES, error=DataError, hint=_REPLACE) as opened:
            return _read(*opened, path, most)
    except DataError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise not_found(path.name.removesuffix(".gz"), path.parent) from None
        raise
    except DAMAGED as error:
        raise DataError(f"{path}: damaged gzip file ({error}); expected intact gzip data: {_REPLACE}") from error
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{path}: cannot be read ({reason}); expected a readable IDX file") from error


def _read(stream: io.BufferedIOBase, bound: int, path: Path, most: int) -> NDArray[np.uint8]:
    """Header and payload of `stream`, which holds at most `bound` bytes."""
    shape = _read_shape(stream, path, most)
    expected = math.prod(shape)
    if expected > bound:
        raise DataError(
            f"{path}: truncated: the file can hold at most {bound} bytes, "
            f"expected {expected} for sizes {shape}: {_REPLACE}"
        )
    values = np.empty(expected, dtype=np.uint8)
    found = 0
    while found < expected:
        # By pieces: a compressed stream unpacks as much as is asked for into a buffer of its own.
        count = stream.readinto(values[found : found + PIECE].data)
        if not count:
            raise DataError(
                f"{path}: truncated: {found} bytes of values, expected {expected} for sizes {shape}: {_REPLACE}"
            )
        found += count
    if stream.read(1):
        raise DataError(
            f"{path}: trailing bytes: more values than the {expected} expected for sizes {shape}: {_REPLACE}"
        )
    return values.reshape(shape)


def _read_shape(stream: io.BufferedIOBase, path: Path, most: int) -> tuple[int, ...]:
    """Dimension sizes, after a check of the magic number and of the sizes themselves."""
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] != UNSIGNED_BYTE:
        raise DataError(
            f"{path}: begins with the bytes '{magic.hex(' ')}', expected '00 00 08 <ndim>' "
            f"(an IDX file of unsigned bytes): {_REPLACE}"
        )
    n_dims = magic[3]
    if not 1 <= n_dims <= MAX_DIMENSIONS:
        raise DataError(f"{path}: {n_dims} dimensions, expected 1 to {MAX_DIMENSIONS}: {_REPLACE}")
    sizes = stream.read(4 * n_dims)
    if len(sizes) < 4 * n_dims:
        raise DataError(f"{path}: truncated: {4 + len(sizes)} bytes of header, expected {4 + 4 * n_dims}: {_REPLACE}")
    shape = tuple(int(size) for size in np.frombuffer(sizes, dtype=">u4"))
    # A size of 0 must not hide absurd other sizes.
    if math.prod(max(size, 1) for size in shape) > most:
        raise DataError(f"{path}: sizes {shape} are more than the {most} bytes expected at most: {_REPLACE}")
    return shape

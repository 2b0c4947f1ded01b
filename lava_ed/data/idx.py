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

FILE_NAMES: Final = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
"""The four files of MNIST and of Fashion-MNIST: training images and labels, test images and labels."""
FRESH_COPY: Final = "replace the file by a fresh copy of the distributed one"
_MAX_DIMENSIONS: Final = 8
"""More dimensions than this in a header mean that the file is not an IDX file."""
_MAX_BYTES: Final = 640 * 2**20
"""Largest payload that is read: EMNIST's largest part has 609 MiB; nothing is allocated for a header that claims more.
"""
_PIECE: Final = 2**20
"""Bytes that are unpacked at a time."""


def not_found(name: str, *folders: str | os.PathLike[str]) -> DataNotFoundError:
    """Error for a file (named without ``.gz``) that is in none of `folders`, with the files that are wanted."""
    return DataNotFoundError(
        f"no file {name} (or {name}.gz) in {' or '.join(map(str, folders))}: wanted are the IDX files distributed with "
        "MNIST (by LeCun, Cortes and Burges) / Fashion-MNIST (repository zalandoresearch/fashion-mnist) / KMNIST "
        "(repository rois-codh/kmnist) / EMNIST (by Cohen et al., whose files begin with emnist-<split>-): "
        f"{', '.join(FILE_NAMES)}, plain or .gz, placed in <data-dir>/ or in "
        "<data-dir>/mnist/ / <data-dir>/fashion-mnist/ / …"
    )


def read_idx(path: str | os.PathLike[str], *, most: int = _MAX_BYTES) -> NDArray[np.uint8]:
    """Read one IDX file of unsigned bytes, plain or gzip-compressed, which its content tells and not its name.

    The array is writable, in C order and of the shape in the header.  A header that states more than `most` values is
    refused before anything is allocated.

    Raises
    ------
    DataNotFoundError
        There is no such file.
    DataError
        The file is no IDX file of unsigned bytes, is damaged, or its size disagrees with its header.
    """
    path, header_bytes = Path(path), 4 + 4 * _MAX_DIMENSIONS
    try:
        with open_maybe_compressed(path, most=_MAX_BYTES + header_bytes, error=DataError, hint=FRESH_COPY) as opened:
            return _read(*opened, most)
    except DataError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise not_found(path.name.removesuffix(".gz"), path.parent) from None
        raise
    except _DamagedError as error:
        raise DataError(f"{path}: {error}: {FRESH_COPY}") from None
    except DAMAGED as error:
        raise DataError(f"{path}: damaged gzip file ({error}); expected intact gzip data: {FRESH_COPY}") from error
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{path}: cannot be read ({reason}); expected a readable IDX file") from error


class _DamagedError(Exception):
    """What is wrong with the content of a file."""


def _read(stream: io.BufferedIOBase, bound: int, most: int) -> NDArray[np.uint8]:
    """Header and values of a stream that holds at most `bound` bytes."""
    shape = _read_shape(stream, most)
    expected, found = math.prod(shape), 0
    wanted = f"expected {expected} for sizes {shape}"
    if expected > bound:
        raise _DamagedError(f"truncated: the file can hold at most {bound} bytes, {wanted}")
    values = np.empty(expected, dtype=np.uint8)
    while found < expected:
        # By pieces: a compressed stream unpacks as much as is asked for into a buffer of its own.
        count = stream.readinto(values[found : found + _PIECE].data)
        if not count:
            raise _DamagedError(f"truncated: {found} bytes of values, {wanted}")
        found += count
    if stream.read(1):
        raise _DamagedError(f"trailing bytes: more values than the {expected} expected for sizes {shape}")
    return values.reshape(shape)


def _read_shape(stream: io.BufferedIOBase, most: int) -> tuple[int, ...]:
    """Dimension sizes, after a check of the magic number and of the sizes themselves."""
    magic = stream.read(4)
    if len(magic) < 4 or magic[:3] != b"\0\0\x08":
        raise _DamagedError(
            f"begins with the bytes '{magic.hex(' ')}', expected '00 00 08 <ndim>' (an IDX file of unsigned bytes)"
        )
    n_dims = magic[3]
    if not 1 <= n_dims <= _MAX_DIMENSIONS:
        raise _DamagedError(f"{n_dims} dimensions, expected 1 to {_MAX_DIMENSIONS}")
    sizes = stream.read(4 * n_dims)
    if len(sizes) < 4 * n_dims:
        raise _DamagedError(f"truncated: {4 + len(sizes)} bytes of header, expected {4 + 4 * n_dims}")
    shape = tuple(np.frombuffer(sizes, dtype=">u4").tolist())
    # A size of 0 must not hide absurd other sizes.
    if math.prod(max(size, 1) for size in shape) > most:
        raise _DamagedError(f"sizes {shape} are more than the {most} bytes expected at most")
    return shape

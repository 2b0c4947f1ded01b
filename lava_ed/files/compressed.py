"""Files that may be compressed with gzip, told by content; how much can come out is known before anything is read."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from lava_ed.errors import LavaEDError
from lava_ed.files.reading import open_plain

GZIP_MAGIC: Final = b"\x1f\x8b"
DEFLATE_RATIO: Final = 1032
"""Bytes that one byte of a deflated stream can stand for: a longer content cannot be in there."""
DAMAGED: Final = (EOFError, gzip.BadGzipFile, zlib.error)
"""What reading a damaged stream raises."""


@contextmanager
def open_maybe_compressed(
    path: str | os.PathLike[str], *, most: int, error: type[LavaEDError], hint: str
) -> Iterator[tuple[io.BufferedIOBase, int]]:
    """The content of a plain file as a stream, unpacked where the file is gzip.

    Parameters
    ----------
    path : path-like
    most : int
        Largest size of the file in bytes.
    error : type of LavaEDError
        What to raise where there is no such file, or it is too large.
    hint : str
        The way out, with which the message ends.

    Yields
    ------
    (stream, bound) : binary stream, int
        ``bound`` is the largest number of bytes that can come out of it: check a stated size against it before
        anything is allocated.
    """
    with os.fdopen(open_plain(path, most=most, error=error, hint=hint), "rb") as raw:
        stored = os.fstat(raw.fileno()).st_size
        if raw.peek(2)[:2] != GZIP_MAGIC:
            yield raw, stored
            return
        with gzip.GzipFile(fileobj=raw) as stream:
            yield stream, DEFLATE_RATIO * stored

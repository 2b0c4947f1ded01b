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

DEFLATE_RATIO: Final = 1032
"""Bytes that one byte of a deflated stream can stand for: a longer content cannot be in there."""
DAMAGED: Final = (EOFError, gzip.BadGzipFile, zlib.error)
"""What reading a damaged stream raises."""


@contextmanager
def open_maybe_compressed(
    path: str | os.PathLike[str], *, most: int, error: type[LavaEDError], hint: str
) -> Iterator[tuple[io.BufferedIOBase, int]]:
    """Yield the content of a plain file of at most ``most`` bytes, unpacked if it is gzip, and a bound of its length.

    A caller compares a size that the content states with that bound, before anything is allocated.
    """
    with open_plain(path, most=most, error=error, hint=hint) as raw:
        stored = os.fstat(raw.fileno()).st_size
        if raw.peek(2)[:2] != b"\x1f\x8b":
            yield raw, stored
            return
        with gzip.GzipFile(fileobj=raw) as stream:
            yield stream, DEFLATE_RATIO * stored

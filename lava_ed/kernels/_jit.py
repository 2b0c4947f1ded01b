"""The one way a kernel is compiled: ahead of first use, cached on disk, never stale.

Numba's disk cache notices a change in the file of the function it compiled, but not in the
files of the functions that one calls.  Every kernel's cache is therefore stamped with a digest
of all kernel and engine sources, so that an upgrade never runs yesterday's arithmetic.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])

_COMPILED_PACKAGES = ("kernels", "engine")


@lru_cache(maxsize=1)
def source_stamp() -> tuple[float, int]:
    """Digest of every source file that can end up inside a compiled kernel.

    Returns
    -------
    tuple of (float, int)
        In the shape numba compares: a "time" (here derived from the digest) and a size.
    """
    package = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    size = 0
    for folder in _COMPILED_PACKAGES:
        for path in sorted((package / folder).rglob("*.py")):
            text = path.read_bytes()
            digest.update(path.name.encode() + b"\0" + text)
            size += len(text)
    return float(int.from_bytes(digest.digest()[:6], "big")), size


def kernel(function: F) -> F:
    """Compile `function` with numba on first call and cache the machine code on disk.

    Integer arithmetic only needs the plain settings: no fast-math, no parallel loops.
    """
    compiled: Any = numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    # No public hook exists for the stamp; tests/kernels/test_jit.py fails if this one goes away.
    compiled._cache._cache_file._source_stamp = source_stamp()
    return compiled  # type: ignore[no-any-return]


def inline(function: F) -> F:
    """As `kernel`, for small scalar helpers that must vanish into the loop that calls them."""
    return numba.njit(nogil=True, inline="never", error_model="numpy")(function)  # type: ignore[no-any-return]

"""What hosted models free is kept for what they make next: pages of a large new array can cost more than its use.

The C library gives arrays of tens of megabytes back to the system at once, and asks it for zeroed pages for the next.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any, Final

_MALLOPT: Final[Any] = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
"""Only of glibc; elsewhere nothing is changed."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_KEPT: Final = 2**28
"""Bytes at the end of the heap that are not given back."""
_LARGEST: Final = 2**25
"""Bytes from which on arrays get pages of their own outside steps: where glibc's own adjustment ends."""
_USUAL: Final = 65536
"""Regions of their own that glibc allows."""


class KeptMemory:
    """Has memory that is asked for meanwhile taken from the heap, which keeps up to `_KEPT` bytes of what is freed."""

    def __enter__(self) -> None:
        if _MALLOPT is not None:
            _MALLOPT(_TRIM_THRESHOLD, _KEPT)
            _MALLOPT(_MMAP_THRESHOLD, _LARGEST)
            _MALLOPT(_MMAP_MAX, 0)

    def __exit__(self, *_: object) -> None:
        if _MALLOPT is not None:
            _MALLOPT(_MMAP_MAX, _USUAL)

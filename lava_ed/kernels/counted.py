"""Adding to a counter, unless this process was started to measure what that costs."""

from __future__ import annotations

from lava_ed.kernels._jit import kernel_part
from lava_ed.kernels.counting import COUNTING

__all__ = ["add_count"]


@kernel_part
def add_count(counters, index, amount):  # type: ignore[no-untyped-def]
    """counters_index ← counters_index + amount."""
    if COUNTING:
        counters[index] += amount

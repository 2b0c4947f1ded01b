"""What a bare loop over spikes takes: the yardstick of the engine's speed."""

from __future__ import annotations

from lava_ed.kernels._jit import kernel

__all__ = ["add_rows"]


@kernel
def add_rows(weights, pointers, events, sums):  # type: ignore[no-untyped-def]
    """Sum the int8 rows (n_post,) of the events of each step; the sums of the last step stay.

    The events of step t are ``events[pointers[t] : pointers[t + 1]]``.
    """
    for t in range(pointers.size - 1):
        sums[:] = 0
        for k in range(pointers[t], pointers[t + 1]):
            row = weights[events[k]]
            for j in range(sums.size):
                sums[j] += row[j]

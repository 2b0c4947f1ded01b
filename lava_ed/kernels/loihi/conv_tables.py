"""Where the taps of a kernel lie: numbers and tables that the kernels of a convolution read, in one array."""

from __future__ import annotations

from collections import namedtuple
from typing import Final

import numpy as np
import numpy.typing as npt

Places = namedtuple(
    "Places",
    "height_in width_in channels_in height_out width_out channels_out kernel stride padding groups shared "
    "step_channel step_row step_column columns lines places taps",
)
AT: Final = Places(*range(18))
"""Where the array has its numbers, and last the beginnings of its tables.

`shared` is 1 where the taps of a channel are shared by all positions, 0 where every input has its own; a step is the
distance between two inputs that differ by one channel, row or column.
"""
COLUMN: Final = 3
"""Entries of an input column: first output column, how many, first tap."""
LINE: Final = 2
"""Entries of an input row: first output row, how many."""
BITS: Final = 10
LOW: Final = 2**BITS - 1


def tap_order(kernel: int, stride: int) -> list[int]:
    """Columns of a kernel in the order in which its rows are stored: x mod stride, each from the right to the left.

    Examples
    --------
    >>> tap_order(3, 1), tap_order(5, 2)
    ([2, 1, 0], [4, 2, 0, 3, 1])
    """
    return [tap for residue in range(stride) for tap in reversed(range(residue, kernel, stride))]


def conv_tables(
    source: tuple[int, int, int],
    shape: tuple[int, int, int],
    kernel: int,
    stride: int = 1,
    padding: int = 0,
    groups: int = 1,
    shared: bool = True,
    planar: bool = False,
) -> npt.NDArray[np.int32]:
    """Tables of a convolution from (channels, height, width) to (channels, height, width).

    Taps of a kernel's row are stored in the order of the outputs that they lead to from one input (`tap_order`), so
    that a spike reads them side by side.

    Parameters
    ----------
    planar : bool
        Whether the inputs are numbered channel by channel, as images are, and not position by position.
    """
    (c_in, h_in, w_in), (c_out, h_out, w_out) = source, shape
    first = np.concatenate([[0], np.cumsum([len(range(r, kernel, stride)) for r in range(stride)])])
    columns = []
    for column in range(w_in):
        residue, last = (column + padding) % stride, (column + padding) // stride
        lowest = last - len(range(residue, kernel, stride)) + 1
        begin, end = max(lowest, 0), min(last + 1, w_out)
        columns.append((begin, max(end - begin, 0), int(first[residue]) + begin - lowest))
    lines = []
    for row in range(h_in):
        residue, last = (row + padding) % stride, (row + padding) // stride
        begin = max(last - len(range(residue, kernel, stride)) + 1, 0)
        lines.append((begin, max(min(last + 1, h_out) - begin, 0)))
    steps = (h_in * w_in, w_in, 1) if planar else (1, w_in * c_in, c_in)
    c, y, x = np.meshgrid(*(np.arange(side) for side in source), indexing="ij")
    places = np.zeros(c_in * h_in * w_in, np.int64)
    places[np.ravel(c * steps[0] + y * steps[1] + x * steps[2])] = np.ravel(c << 2 * BITS | y << BITS | x)
    at_lines = len(AT) + COLUMN * w_in
    at_places = at_lines + LINE * h_in
    at_taps = at_places + places.size
    numbers = (h_in, w_in, c_in, h_out, w_out, c_out, kernel, stride, padding, groups, int(shared), *steps)
    taps = tap_order(kernel, stride)
    parts = (*numbers, len(AT), at_lines, at_places, at_taps), np.ravel(columns), np.ravel(lines), places, taps
    return np.concatenate([np.asarray(part, np.int64) for part in parts]).astype(np.int32)

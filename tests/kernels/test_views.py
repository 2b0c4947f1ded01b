"""Parts of a flat array, beside numpy's slices and reshapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core.errors import TypingError

from lava_ed.kernels._jit import kernel
from lava_ed.kernels.views import cube, matrix, segment

DTYPES = (np.int8, np.uint8, np.int16, np.int32, np.int64, np.float64)


@kernel
def add_everywhere(arena: Any, first: int, shape: Any) -> Any:
    """1 to each value of a part, 2 of a matrix, 4 of a cube, each through its own indices."""
    layers, rows, columns = shape
    row, grid, block = (
        segment(arena, first, columns), matrix(arena, first, rows, columns), cube(arena, first, layers, rows, columns),
    )  # fmt: skip
    for j in range(row.size):
        row[j] += 1
    for i in range(grid.shape[0]):
        for j in range(grid.shape[1]):
            grid[i, j] += 2
    for k in range(block.shape[0]):
        for i in range(block.shape[1]):
            for j in range(block.shape[2]):
                block[k, i, j] += 4
    last = block[block.shape[0] - 1]
    for i in range(last.shape[0]):
        for j in range(last.shape[1]):
            last[i, j] += 8
    return row.size, grid.size, block.size


@settings(deadline=None)  # each type is compiled when it first comes
@given(
    dtype=st.sampled_from(DTYPES), first=st.integers(0, 9), behind=st.integers(0, 3),
    shape=st.tuples(*(st.integers(1, 4) for _ in range(3))),
)  # fmt: skip
def test_views_are_slices(dtype: Any, first: int, behind: int, shape: tuple[int, int, int]) -> None:
    layers, rows, columns = shape
    arena = np.zeros(first + layers * rows * columns + behind, dtype)
    expected = arena.copy()
    assert add_everywhere(arena, first, shape) == (columns, rows * columns, layers * rows * columns)
    expected[first : first + columns] += 1
    expected[first : first + rows * columns] += 2
    expected[first : first + layers * rows * columns].reshape(shape)[...] += 4
    expected[first : first + layers * rows * columns].reshape(shape)[-1] += 8
    np.testing.assert_array_equal(arena, expected)


@pytest.mark.parametrize("arena", [np.zeros((4, 4), np.int32), np.zeros(8, np.int32)[::2]])
def test_only_of_flat_arrays(arena: Any) -> None:
    with pytest.raises(TypingError):
        add_everywhere(arena, 0, (1, 1, 1))

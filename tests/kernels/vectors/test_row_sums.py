"""Sums of rows against numpy's, for every width of block and its remainder."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import edged

from lava_ed.kernels._jit import kernel
from lava_ed.kernels.vectors.lanes import FEW
from lava_ed.kernels.vectors.row_sums import BYTES_AT_ONCE, NARROW, WIDE, sum_rows


@kernel
def call(weights, events, first, last, left, right, total):
    sum_rows(weights, events, first, last, left, right, total)


@pytest.mark.parametrize("dtype", [np.int8, np.int16])
@given(
    n_post=edged(1, 150, FEW, NARROW, WIDE, FEW + 1, NARROW + 1, 2 * WIDE + NARROW + 3),
    count=edged(0, 600, BYTES_AT_ONCE, BYTES_AT_ONCE + 1), first=st.integers(0, 5),
    left=st.integers(0, 4), right=st.integers(0, 4), extreme=st.booleans(), seed=st.integers(0, 99),
)  # fmt: skip
@example(n_post=WIDE, count=2 * BYTES_AT_ONCE, first=0, left=1, right=0, extreme=True, seed=0)
def test_sums_equal_numpys(dtype, n_post, count, first, left, right, extreme, seed):
    """Also where each weight is the lowest of its type, whose sum is the largest that a block can have."""
    rng, limits = np.random.default_rng(seed), np.iinfo(dtype)
    weights = rng.integers(limits.min, limits.max + 1, (6, n_post), dtype)
    if extreme:
        weights[:] = limits.min
    events = rng.integers(0, 6, first + count + 3).astype(np.int32)
    total = np.full(n_post + 2, 77, np.int32)
    call(weights, events, first, first + count, left, right, total[1:-1])
    expected = weights[events[first : first + count]].sum(axis=0, dtype=np.int32)
    assert total[1:-1].tolist() == ((expected << left) >> right).tolist()
    assert total[0] == total[-1] == 77, "nothing beyond the sums is written"

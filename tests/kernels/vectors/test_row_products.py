"""Products of rows against plain integers, for every width of vector and its remainder."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import edged

from lava_ed.kernels._jit import kernel
from lava_ed.kernels.vectors.lanes import FEW, LANES
from lava_ed.kernels.vectors.row_products import row_product


@kernel
def call(w8, i, e):
    return row_product(w8, i, e)


@given(n_post=edged(1, 70, FEW, LANES, FEW + 1, LANES + FEW + 3), share=st.floats(0, 1), seed=st.integers(0, 999))
@example(n_post=2 * LANES, share=1.0, seed=0)
def test_products_of_a_row(n_post, share, seed):
    rng = np.random.default_rng(seed)
    w8 = rng.integers(-128, 128, (3, n_post), np.int8) * (rng.random((3, n_post)) < 0.7).astype(np.int8)
    largest = 2**31 // (128 * n_post) - 1
    e = (rng.integers(-largest, largest + 1, n_post) * (rng.random(n_post) < share)).astype(np.int32)
    products = w8[1].astype(int) * e.astype(int)
    assert call(w8, 1, e) == (products.sum(), np.count_nonzero(products))

"""Sums that stay in registers, against plain integers, for every number of vectors and what is left over."""

from __future__ import annotations

import numpy as np
import pytest
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from lava_ed.kernels._jit import kernel
from lava_ed.kernels.vectors.lanes import LANES, WORDS, place
from lava_ed.kernels.vectors.window_sums import BYTES, GROUP, add_products_in_pairs, add_products_of_bytes, sum_scaled


@intrinsic
def products_both_ways(typing_context, total, x, weights):
    """The sums of a word's bytes as this machine makes them into the first vector, in pairs into the second."""

    def codegen(context, builder, signature, args):
        first, second = (ir.Constant(ir.IntType(64), k * LANES) for k in range(2))
        zero = ir.Constant(ir.IntType(64), 0)
        word = builder.load(place(context, builder, signature, args, 1, zero, ir.IntType(32)), align=1)
        given = builder.load(place(context, builder, signature, args, 1, zero, BYTES), align=1)
        stored = builder.load(place(context, builder, signature, args, 2, zero, BYTES), align=1)
        there, other = (place(context, builder, signature, args, 0, at, WORDS) for at in (first, second))
        builder.store(
            add_products_of_bytes(context, builder, builder.load(there, align=4), word, stored), there, align=4
        )
        builder.store(add_products_in_pairs(builder, builder.load(other, align=4), given, stored), other, align=4)
        return context.get_dummy_value()

    return types.void(total, x, weights), codegen


@njit
def call_both(total, x, weights):
    products_both_ways(total, x, weights)


@pytest.mark.parametrize("extreme", [True, False])
def test_both_ways_to_multiply_bytes_are_exact(extreme):
    rng = np.random.default_rng(0)
    x = np.tile(np.full(GROUP, 127) if extreme else rng.integers(0, 128, GROUP), LANES).astype(np.int8)
    weights = np.full(GROUP * LANES, -128, np.int8) if extreme else rng.integers(-128, 128, GROUP * LANES, np.int8)
    total = rng.integers(-1000, 1000, 2 * LANES).astype(np.int32)
    expected = total.reshape(2, LANES) + (x.astype(int) * weights).reshape(LANES, GROUP).sum(1)
    call_both(total, x, weights)
    np.testing.assert_array_equal(total.reshape(2, LANES), expected)


@kernel
def call_scaled(source, bases, factors, first, last, offset, n, target, at):
    sum_scaled(source, bases, factors, first, last, offset, n, target, at)


@pytest.mark.parametrize("dtype", [np.int8, np.int32])
def test_rows_are_scaled_and_summed(dtype):
    rng = np.random.default_rng(1)
    source, bases = rng.integers(-128, 128, 900).astype(dtype), np.array([3, 500, 77, 210], np.int32)
    factors = rng.integers(-127, 128, 4).astype(np.int32)
    for n in (1, 5, LANES, 3 * LANES + 2, 5 * LANES, 8 * LANES, 13 * LANES + 7, 19 * LANES):
        target = rng.integers(-99, 99, 400).astype(np.int32)
        expected = target.copy()
        expected[6 : 6 + n] = sum(factors[e] * source[bases[e] + 2 :][:n].astype(int) for e in range(1, 4))
        call_scaled(source, bases, factors, 1, 4, 2, n, target, 6)
        np.testing.assert_array_equal(target, expected)

"""Helpers for vector code, through an intrinsic that uses them all."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from numba import njit, types
from numba.extending import intrinsic
from strategies import edged, vectors

from lava_ed.kernels import fixed_point
from lava_ed.kernels.vectors.lanes import LANES, WORDS, are_rows_of, constant, decayed, everywhere, mask_bits, place


@intrinsic
def decay_lanes(typing_context, values, start, kept, least):
    if not are_rows_of(types.int32, values):
        return None

    def codegen(context, builder, signature, args):
        at = place(context, builder, signature, args, 0, args[1], WORDS)
        x = builder.add(decayed(builder, builder.load(at, align=4), args[2]), constant(1))
        builder.store(x, at, align=4)
        return mask_bits(builder, builder.icmp_signed(">=", x, everywhere(builder, args[3])))

    return types.uint64(values, types.intp, types.uint32, types.int32), codegen


@njit
def call(values, start, kept, least):
    return decay_lanes(values, start, kept, least)


words = vectors(np.int32, LANES, edged(-(2**31) + 1, 2**31 - 2))


@given(values=words, constant_=edged(0, 4096), least=edged(-(2**31), 2**31 - 1), start=st.integers(0, 3))
@example(values=np.full(LANES, -(2**31) + 1, np.int32), constant_=0, least=0, start=1)
def test_lanes_decay_as_scalars_do(values, constant_, least, start):
    array = np.concatenate([np.full(start, 5, np.int32), values, np.full(2, 7, np.int32)])
    mask = call(array, start, np.uint32(4096 - constant_), np.int32(least))
    expected = [fixed_point.decay(int(v), constant_) + 1 for v in values]
    assert array[start : start + LANES].tolist() == expected
    assert array[:start].tolist() + array[-2:].tolist() == [5] * start + [7, 7]
    assert mask == sum(1 << k for k, x in enumerate(expected) if x >= least)


def test_arrays_of_another_kind_are_refused():
    array = types.Array(types.int32, 1, "C")
    assert are_rows_of(types.int32, array, array)
    for other in (types.Array(types.int32, 1, "A"), types.Array(types.int16, 1, "C"), types.int32):
        assert not are_rows_of(types.int32, array, other)

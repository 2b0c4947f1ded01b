"""Updates of rows against plain integers, for every width of vector and its remainder."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import edged

from lava_ed.kernels._jit import kernel
from lava_ed.kernels.vectors.lanes import FEW
from lava_ed.kernels.vectors.row_updates import (
    BYTE_INCREMENT_MAX,
    SHORT_LANES,
    WIDE,
    carry_into_row,
    round_into_row,
    split_increments,
)

widths = edged(1, 150, FEW, WIDE, FEW + 1, WIDE + FEW + 3, 2 * WIDE)


@kernel
def round_row(w8, i, steps, rest, column, byte):
    return round_into_row(w8, i, steps, rest, column, byte)


@kernel
def carry_row(w8, i, steps, rest, tag):
    return carry_into_row(w8, i, steps, rest, tag)


def case(n_post, most, seed):
    """Weights of three rows, and increments of one."""
    rng = np.random.default_rng(seed)
    w8 = rng.integers(-128, 128, (3, n_post), np.int8)
    w8[:, ::3] = rng.choice([-128, 0, 127], w8[:, ::3].shape)
    increments = rng.integers(-most, most + 1, n_post)
    increments[::5] = rng.choice([-most, most, 0], increments[::5].shape)
    return rng, w8, increments, (increments >> 8).astype(np.int8), (increments & 255).astype(np.uint8).view(np.int8)


@settings(max_examples=200)
@given(n_post=widths, most=edged(0, BYTE_INCREMENT_MAX, 255, 256), byte=st.integers(0, 255), seed=st.integers(0, 999))
@example(n_post=WIDE, most=BYTE_INCREMENT_MAX, byte=255, seed=0)
def test_a_row_is_rounded(n_post, most, byte, seed):
    rng, w8, increments, steps, rest = case(n_post, most, seed)
    column = rng.integers(0, 256, n_post).astype(np.uint8)
    before = w8.copy()
    both = round_row(w8, 1, steps, rest, column.view(np.int8), np.uint8(byte).view(np.int8))
    random = (column.astype(int) + byte) % 256
    expected = np.clip((256 * before[1].astype(int) + increments + random) // 256, -128, 127)
    assert w8[1].tolist() == expected.tolist()
    assert w8[[0, 2]].tolist() == before[[0, 2]].tolist()
    assert divmod(int(both), 2**32) == (np.count_nonzero(expected), np.count_nonzero(expected != before[1]))


@settings(max_examples=200)
@given(n_post=widths, most=edged(0, BYTE_INCREMENT_MAX, 255, 256), seed=st.integers(0, 999))
@example(n_post=WIDE, most=BYTE_INCREMENT_MAX, seed=0)
def test_a_row_takes_what_was_left_over(n_post, most, seed):
    rng, w8, increments, steps, rest = case(n_post, most, seed)
    tag = rng.integers(0, 256, w8.shape).astype(np.int16)
    before, tags = w8.copy(), tag.copy()
    both = carry_row(w8, 1, steps, rest, tag)
    moves, left = np.divmod(increments + tags[1], 256)
    expected = np.clip(before[1] + moves, -128, 127)
    assert w8[1].tolist() == expected.tolist()
    assert tag[1].tolist() == left.tolist()
    assert w8[[0, 2]].tolist() == before[[0, 2]].tolist()
    assert tag[[0, 2]].tolist() == tags[[0, 2]].tolist()
    assert divmod(int(both), 2**32) == (np.count_nonzero(expected), np.count_nonzero(expected != before[1]))


@kernel
def split(size, sign, factor, up, steps, rest):
    return split_increments(size, sign, factor, up, steps, rest)


@given(n=edged(1, 80, SHORT_LANES), factor=edged(0, 32767), up=st.integers(0, 15), seed=st.integers(0, 999))
def test_increments_are_split(n, factor, up, seed):
    rng = np.random.default_rng(seed)
    size = rng.integers(0, 32768, n)
    size[(size * factor // 65536) << up > BYTE_INCREMENT_MAX] = 0
    sign = -rng.integers(0, 2, n)
    steps, rest = np.full(n, 99, np.int8), np.full(n, 99, np.int8)
    live = split(size.astype(np.int16), sign.astype(np.int16), factor, up, steps, rest)
    increments = np.where(sign < 0, -1, 1) * ((size * factor // 65536) << up)
    assert steps.tolist() == (increments // 256).tolist()
    assert rest.view(np.uint8).tolist() == (increments % 256).tolist()
    assert live == np.count_nonzero(increments)

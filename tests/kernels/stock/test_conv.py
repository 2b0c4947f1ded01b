"""Conv kernels against Lava's own convolution, and by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lava_ed.kernels.stock.conv import arrange_reached, conv_events, largest_sum, reach_table, tap_steps, tap_table


def convolve(x: Any, weight: Any, stride: Any, padding: Any, dilation: Any, groups: int, graded: bool) -> Any:
    """The kernel, called as the engine calls it."""
    kernel = weight.shape[1:3]
    out = [(x.shape[a] + 2 * padding[a] - dilation[a] * (kernel[a] - 1) - 1) // stride[a] + 1 for a in (0, 1)]
    tables = [tap_table(x.shape[a], kernel[a], stride[a], padding[a], dilation[a], out[a]) for a in (0, 1)]
    steps = (*tap_steps(stride[0], dilation[0]), *tap_steps(stride[1], dilation[1]))
    reach, strides = reach_table(x.shape[2], len(weight), groups, kernel, steps, out[1], *tables)
    a_buf = np.zeros(out[0] * out[1] * len(weight), np.int32)
    events, payloads = np.flatnonzero(x).astype(np.int32), x.reshape(-1).astype(np.int32)
    conv_events(
        arrange_reached(weight, steps[2]).reshape(-1), events, len(events), payloads if graded else payloads[:0],
        graded, reach, np.array(strides), largest_sum(weight), np.zeros(a_buf.size, np.int64), a_buf,
    )  # fmt: skip
    return a_buf.reshape(*out, len(weight))


def one_channel(values: Any) -> Any:
    return np.array(values, np.int32)[:, :, np.newaxis]


def test_kernel_is_not_turned_around() -> None:
    """By hand: a spike at (1, 1) sets w_k at output (1 − 1 + k), the kernel as it is; a second one adds."""
    weight = np.array([[1, 2], [3, 4]], np.int32).reshape(1, 2, 2, 1)
    x = one_channel([[0, 0, 0], [0, 1, 0], [0, 0, 0]])
    found = convolve(x, weight, (1, 1), (0, 0), (1, 1), 1, False)
    assert found[:, :, 0].tolist() == [[1, 2], [3, 4]]
    x[0, 1] = 7
    assert convolve(x, weight, (1, 1), (0, 0), (1, 1), 1, False)[:, :, 0].tolist() == [[4, 6], [3, 4]]
    assert convolve(x, weight, (1, 1), (0, 0), (1, 1), 1, True)[:, :, 0].tolist() == [[22, 30], [3, 4]]


def test_sums_wrap_at_24_bits_and_are_cleared_beyond_32() -> None:
    """By hand: 2^23 → −2^23; 2^31 is what numpy casts to −2^31, which wraps to 0."""
    weight = np.full((1, 1, 1, 1), 2**22, np.int32)
    x = one_channel([[2, 3, 512, -512]])
    assert convolve(x, weight, (1, 1), (0, 0), (1, 1), 1, True)[0, :, 0].tolist() == [-(2**23), -(2**22), 0, 0]
    high = np.full((2, 1, 1, 2), 2**30, np.int32)
    assert convolve(np.ones((1, 1, 2), np.int32), high, (1, 1), (0, 0), (1, 1), 1, False).reshape(-1).tolist() == [0, 0]


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[Any, ...]:
    """(input, weight, stride, padding, dilation, groups, graded)."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    groups = draw(st.integers(1, 3))
    channels, outs = (groups * draw(st.integers(1, 3)) for _ in range(2))
    kernel, stride, dilation = (tuple(draw(st.integers(1, 4)) for _ in range(2)) for _ in range(3))
    padding = tuple(draw(st.integers(0, 4)) for _ in range(2))
    size = [draw(st.integers(1, 7)) + dilation[a] * (kernel[a] - 1) for a in (0, 1)]
    graded, high = draw(st.booleans()), draw(st.sampled_from([128, 2**20, 2**31 - 1]))
    weight = rng.integers(-high, high, (outs, *kernel, channels // groups)).astype(np.int32)
    x = rng.integers(-300, 300, (*size, channels)) * (rng.random((*size, channels)) < 0.4)
    return (x if graded else (x != 0).astype(int)), weight, stride, padding, dilation, groups, graded


@pytest.mark.lava
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")  # a sum beyond 32 bits
@settings(max_examples=200, deadline=None)
@given(convolutions())
def test_equals_lavas_convolution(case: tuple[Any, ...]) -> None:
    utils = pytest.importorskip("lava.proc.conv.utils")
    x, weight, stride, padding, dilation, groups, graded = case
    sums = utils.conv(x if graded else x.astype(bool), weight, weight.shape[1:3], stride, padding, dilation, groups)
    np.testing.assert_array_equal(convolve(*case), utils.signed_clamp(sums, 24))

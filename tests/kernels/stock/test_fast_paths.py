"""Vector code of LIF and Dense against the plain kernels, which are held against Lava's own models."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import INT16, INT32, decays, edged, far_states, inputs, states, vectors

from lava_ed.kernels._jit import kernel
from lava_ed.kernels.stock.dense import (
    accumulate_bytes,
    accumulate_events,
    pack_bytes,
)
from lava_ed.kernels.stock.lif import effective_biases, lif_step, lif_step_fast
from lava_ed.kernels.stock.operation_counts import NO_LIMIT, count_active_lif
from lava_ed.kernels.vectors.events import count_positive, list_events, list_rows_of_events
from lava_ed.kernels.vectors.row_sums import BYTES_AT_ONCE

N, BEHIND = 29, 16
"""More neurons than a vector has lanes, those of a shorter vector, and a remainder; what lies behind a list of them."""


@given(
    u=vectors(np.int32, N, far_states()), v=vectors(np.int32, N, st.one_of(states(), edged(*INT32))),
    a_in=vectors(np.int32, N, inputs(np.int32)),
    mantissa=vectors(np.int16, N, edged(*INT16)), exponent=vectors(np.int16, N, edged(-70, 70, 7, 31, 32, -31, -32)),
    du=st.one_of(decays(), st.just(-1)), dv=st.one_of(decays(), st.just(4096)),
    threshold=st.one_of(edged(0, 2**24), edged(-(2**40), 2**40)),
)  # fmt: skip
def test_lif_in_32_bits(u, v, a_in, mantissa, exponent, du, dv, threshold):
    plain, fast = [u.copy(), v.copy(), np.full(N, 9, np.int32)], [u.copy(), v.copy(), np.full(N, 9, np.int32)]
    bias = np.zeros(N, np.int32)
    effective_biases(mantissa, exponent, bias)
    expected = lif_step(*plain[:2], a_in, mantissa, exponent, du, dv, threshold, plain[2])
    events = np.full(N + BEHIND, -1, np.int32)
    found = lif_step_fast(*fast[:2], a_in, bias, du, dv, threshold, fast[2], events[:N])
    moving = (a_in != 0) | (u != 0) | ((v != 0) & (dv != 0)) | (v.astype(np.int64) > threshold)
    assert found == (expected, np.count_nonzero(moving | (bias != 0)))
    moving |= mantissa != 0
    assert count_active_lif(a_in, u, v, mantissa, dv != 0, NO_LIMIT, threshold) == np.count_nonzero(moving)
    for one, other in zip(plain, fast, strict=True):
        np.testing.assert_array_equal(one, other)
    assert events[:expected].tolist() == np.flatnonzero(plain[2]).tolist()
    assert np.all(events[N:] == -1)


@given(
    u=vectors(np.int32, N, st.sampled_from([0, 0, 1])), v=vectors(np.int32, N, st.integers(-9, 9)),
    a_in=vectors(np.int32, N, st.sampled_from([0, 0, 0, 2])), low=st.integers(-9, 0), high=st.integers(0, 9),
    moves=st.booleans(),
)  # fmt: skip
def test_active_between_two_thresholds(u, v, a_in, low, high, moves):
    active = (a_in != 0) | (u != 0) | ((v != 0) & moves) | (v > high) | (v < low)
    assert count_active_lif(a_in, u, v, np.zeros(N, np.int16), moves, low, high) == np.count_nonzero(active)


class TestBytes:
    @given(low=st.integers(-260, 260), span=st.integers(0, 600), even=st.booleans(), seed=st.integers(0, 99))
    @example(low=-256, span=510, even=True, seed=0)
    @example(low=0, span=255, even=False, seed=0)
    @example(low=-255, span=255, even=False, seed=0)
    def test_packed_weights_are_the_weights(self, low, span, even, seed):
        weights = np.random.default_rng(seed).integers(low, low + span + 1, (4, 5))
        weights[0, :2] = low, low + span
        weights = weights & -2 if even else weights
        result = pack_bytes(weights)
        if result is None:
            low, high = weights.min(), weights.max()
            assert not any(least <= low and high <= least + 255 for least in (-128, 0, -255))
            assert np.any(weights & 1) or weights.min() < -256 or weights.max() > 254
        else:
            packed, shift, offset = result
            assert packed.dtype == np.int8
            np.testing.assert_array_equal((packed.astype(int) << shift) + offset, weights)

    def test_every_sign_mode_of_lava_fits(self):
        for weights in (np.arange(-256, 256, 2), np.arange(256), -np.arange(256)):
            assert pack_bytes(weights) is not None

    @given(
        count=st.one_of(st.integers(0, 20), edged(0, 600, BYTES_AT_ONCE, BYTES_AT_ONCE + 1, 2 * BYTES_AT_ONCE)),
        n_post=st.integers(1, 40), form=st.sampled_from([(1, 0), (0, 0), (0, 128), (0, -127)]),
        extreme=st.booleans(), seed=st.integers(0, 99),
    )  # fmt: skip
    def test_sums_equal_those_of_the_weights(self, count, n_post, form, extreme, seed):
        """Also where each byte is −128, whose sum is the largest that a block can have."""
        rng, (shift, offset) = np.random.default_rng(seed), form
        packed = rng.integers(-128, 128, (7, n_post), np.int8)
        if extreme:
            packed[:] = -128
        weights = (packed.astype(np.int16) << shift) + np.int16(offset)
        events = rng.integers(0, 7, count).astype(np.int32)
        expected, sums = np.zeros(n_post, np.int32), np.full(n_post, 77, np.int32)
        accumulate_events(weights, events, count, expected)
        accumulate_bytes(packed, events, count, shift, offset, sums)
        np.testing.assert_array_equal(sums, expected)


@kernel
def positives(values):
    """`count_positive` in a kernel."""
    return count_positive(values)


@settings(deadline=None)
@given(values=st.integers(0, 40).flatmap(lambda n: vectors(np.int32, n, edged(-2, 2, *INT32))))
def test_positive_values_are_counted(values):
    assert positives(values) == np.count_nonzero(values > 0)


@given(density=st.sampled_from([0.0, 0.3, 1.0]), seed=st.integers(0, 99))
def test_rows_of_events(density, seed):
    rng = np.random.default_rng(seed)
    rows = ((rng.random((4, 6)) < density) * rng.integers(-3, 4, (4, 6))).astype(np.int32)
    pointers, events = np.zeros(5, np.int32), np.zeros(rows.size, np.int32)
    list_rows_of_events(rows, pointers, events)
    for r, row in enumerate(rows):
        one = np.zeros(6, np.int32)
        count = list_events(row, one)
        np.testing.assert_array_equal(events[pointers[r] : pointers[r + 1]], one[:count])

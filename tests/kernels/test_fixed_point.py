"""Shifts, decay, wrapping, and the counter-based generator: by hand, by plain integers, by statistics."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import INT32, around, edged, states

from lava_ed.kernels import fixed_point as fp

GOLDEN = 0x9E3779B97F4A7C15


def signed_shift(x: int, n: int) -> int:
    """sign(x)·⌊|x|·2^−n⌋ in plain integers."""
    sign = -1 if x < 0 else 1
    return sign * (abs(x) // 2**n if n >= 0 else abs(x) * 2**-n)


@given(x=edged(-(2**40), 2**40, *around(2**23, 2**31)), n=st.integers(-20, 40))
def test_shift_signed_rounds_towards_zero(x, n):
    assert fp.shift_signed(x, n) == signed_shift(x, n)


@pytest.mark.parametrize(
    ("x", "n", "expected"), [(7, 3, 0), (-7, 3, 0), (8, 3, 1), (-8, 3, -1), (-9, 3, -1), (-3, -2, -12)]
)
def test_shift_signed_by_hand(x, n, expected):
    assert fp.shift_signed(x, n) == expected


def test_shift_signed_of_narrow_types():
    """What kernels pass in: 24-bit states held in 32 bits, and 64-bit sums."""
    assert fp.shift_signed(np.int32(-(2**31) + 1), 0) == -(2**31) + 1
    assert fp.shift_signed(np.int64(-(2**31)), 4) == -(2**27)


@given(x=states(), constant=edged(0, 4096, 1, 4095))
def test_decay_is_sign_and_magnitude(x, constant):
    sign = -1 if x < 0 else 1
    assert fp.decay(np.int32(x), constant) == sign * (abs(x) * (4096 - constant) // 4096)


def test_decay_by_hand():
    """1000·(4096 − 300)/4096 = 926.76; the same with the other sign; 4096 clears, 0 keeps."""
    assert [fp.decay(np.int32(x), 300) for x in (1000, -1000, 1, -1)] == [926, -926, 0, 0]
    assert (fp.decay(np.int32(-12345), 4096), fp.decay(np.int32(-12345), 0)) == (0, -12345)


@given(x=edged(-(2**40), 2**40, *around(2**23, 2**24)))
def test_wrap_state_is_the_signed_remainder(x):
    expected = x % 2**24
    expected -= 2**24 if expected >= 2**23 else 0
    assert fp.wrap_state(x) == expected


def test_wrap_state_by_hand():
    edge = 2**23
    values = [edge - 1, edge, -edge, -edge - 1, 2 * edge, 0, -1]
    assert [fp.wrap_state(x) for x in values] == [edge - 1, -edge, -edge, edge - 1, 0, 0, -1]


@given(x=edged(*INT32), low=edged(-300, 0), high=edged(0, 300))
def test_saturate(x, low, high):
    assert fp.saturate(x, low, high) == sorted((low, x, high))[1]


def test_named_limits():
    """Figures of the chip, written out."""
    assert (fp.STATE_MIN, fp.STATE_MAX) == (-8388608, 8388607)
    assert (fp.WEIGHT_MIN, fp.WEIGHT_MAX) == (-256, 254)
    assert (fp.ACCUMULATOR_MIN, fp.ACCUMULATOR_MAX) == (-32769, 32767)
    assert (fp.TRACE_MAX, fp.ERROR_MAX, fp.TAG_MAX, fp.HISTORY_BITS) == (127, 127, 255, 32)
    # One stored step is half a weight's range of 256 even numbers in the accumulator's 2^16.
    assert 256 << fp.WEIGHT_LSB_SHIFT == 2**16


@pytest.mark.parametrize(
    ("state", "expected"),
    [(0, 0xE220A8397B1DCDAF), (1234567, 6457827717110365317), (1234567 + GOLDEN, 3203168211198807973)],
)
def test_mix64_is_splitmix64(state, expected):
    """Published first outputs of splitmix64 for the seeds 0 and 1234567."""
    assert int(fp.mix64(np.uint64(state % 2**64))) == expected


def python_hash32(key: int, column: int) -> int:
    """The hash of one synapse in plain integers."""
    h = (key + column * 0x9E3779B9) % 2**32
    h ^= h >> 16
    h = h * 0x7FEB352D % 2**32
    h ^= h >> 15
    return h * 0x846CA68B % 2**32


@given(key=edged(0, 2**32 - 1, 2**31), column=edged(0, 2**20), bits=st.integers(1, 16))
def test_hash_and_its_parts(key, column, bits):
    h = python_hash32(key, column)
    assert int(fp.hash32(np.uint32(key), column)) == h
    assert fp.column_byte(np.uint32(key), column) == h // 2**24
    assert fp.random_word(np.uint32(key), column, bits) == h // 2 ** (32 - bits)


def python_mix64(x: int) -> int:
    z = (x + GOLDEN) % 2**64
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    return z ^ z >> 31


@given(
    seed=edged(0, 2**32 - 1),
    presentation=edged(0, 2**31),
    layer=edged(0, 2**17 + 9, 2**16, 2**17),
    step=edged(0, 300),
    row=edged(0, 5000),
)
def test_keys_of_streams_and_rows(seed, presentation, layer, step, row):
    key = 0
    for part in (seed, presentation, layer, step):
        key = python_mix64(key ^ part)
    mine = fp.stream_key(seed, presentation, layer, step)
    assert int(mine) == key
    assert int(fp.row_key(np.uint64(key), row)) == python_mix64(key ^ row) >> 32


@given(key=edged(0, 2**64 - 1, 2**63), row=edged(0, 5000), column=edged(0, 5000))
def test_the_byte_of_a_synapse(key, row, column):
    """Row byte and column byte, added modulo 256; the columns' key is that of the inverted stream key."""
    by_row = python_mix64(key ^ row) >> 56
    by_column = python_hash32(python_mix64(2**64 - 1 - key) >> 32, column) >> 24
    assert fp.random_byte(np.uint64(key), row, column) == (by_row + by_column) % 256


def bytes_of(seed=7, presentation=0, layer=1, step=0, rows=256, columns=256):
    """Random bytes of one layer in one step."""
    key = np.uint64(fp.stream_key(seed, presentation, layer, step))
    by_row = np.array([fp.row_byte(key, i) for i in range(rows)])
    column_key = fp.column_key(key)
    by_column = np.array([fp.column_byte(column_key, j) for j in range(columns)])
    result = (by_row[:, None] + by_column) % 256
    assert result[-1, -1] == fp.random_byte(key, rows - 1, columns - 1)
    return result.astype(np.int64)


def chi_square(counts: np.ndarray) -> float:
    expected = counts.sum() / counts.size
    return float(((counts - expected) ** 2).sum() / expected)


STREAMS = {
    "columns of one row": {"rows": 1, "columns": 65536},
    "rows of one column": {"rows": 16384, "columns": 1},
    "one layer": {},
    "another layer": {"layer": 2},
    "another step": {"step": 1},
    "another sample": {"presentation": 1},
    "another seed": {"seed": 8},
    "a learning port": {"layer": 1 + 2**16},
}


@pytest.mark.parametrize("name", STREAMS)
def test_random_byte_is_uniform(name):
    """χ² with 255 degrees of freedom: 255 ± 22.6, so 142 … 368 is five standard deviations."""
    assert 142 < chi_square(np.bincount(bytes_of(**STREAMS[name]).ravel(), minlength=256)) < 368


@cache
def over_samples(samples=16384, **where):
    """Bytes of a corner of one layer in many samples, (samples, rows, columns).

    Within one sample bytes are tied to each other by their rows and columns; any two of them are independent.
    """
    return np.array([bytes_of(presentation=k, rows=3, columns=3, **where) for k in range(samples)])


NEIGHBOURS = {
    "columns": lambda a: (a[:, 0, 0], a[:, 0, 1]),
    "columns, 2 apart": lambda a: (a[:, 0, 0], a[:, 0, 2]),
    "rows": lambda a: (a[:, 0, 0], a[:, 1, 0]),
    "diagonal": lambda a: (a[:, 0, 0], a[:, 1, 1]),
    "samples": lambda a: (a[:-1, 0, 0], a[1:, 0, 0]),
    "steps": lambda a: (a[:, 0, 0], over_samples(step=1)[:, 0, 0]),
    "layers": lambda a: (a[:, 0, 0], over_samples(layer=2)[:, 0, 0]),
    "seeds": lambda a: (a[:, 0, 0], over_samples(seed=8)[:, 0, 0]),
}


@pytest.mark.parametrize("name", NEIGHBOURS)
def test_neighbours_are_independent(name):
    """Correlation within 5/√n of 0, and χ² of the 16×16 pairs of top nibbles within five deviations."""
    first, second = NEIGHBOURS[name](over_samples())
    assert abs(np.corrcoef(first, second)[0, 1]) < 5 / np.sqrt(first.size)
    assert 142 < chi_square(np.bincount((first // 16) * 16 + second // 16, minlength=256)) < 368
    low = (first % 16) * 16 + second % 16
    assert 142 < chi_square(np.bincount(low, minlength=256)) < 368


def test_the_measures_see_a_fault():
    """The same measures on a byte that counts up, and on a stream beside itself."""
    counting = np.arange(65536) % 256
    assert chi_square(np.bincount(counting, minlength=256)) < 142
    pairs = (counting[:-1] // 16) * 16 + counting[1:] // 16
    assert chi_square(np.bincount(pairs, minlength=256)) > 368
    a = bytes_of().ravel()
    assert abs(np.corrcoef(a, a)[0, 1]) > 5 / np.sqrt(a.size)


@pytest.mark.parametrize("bits", [1, 3, 8, 16])
def test_random_word_is_uniform(bits):
    """The mean of n draws lies within five standard errors of (2^bits − 1)/2."""
    draws = np.array([fp.random_word(np.uint32(99), j, bits) for j in range(8192)])
    spread = 2**bits / np.sqrt(12) if bits > 1 else 0.5
    assert draws.min() >= 0
    assert draws.max() < 2**bits
    assert abs(draws.mean() - (2**bits - 1) / 2) < 5 * spread / np.sqrt(draws.size)

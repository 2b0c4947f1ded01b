"""The integer softmax against its definition."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import STATE_EDGE, edged, vectors

from lava_ed.kernels.loihi.softmax import CARRY, FLOOR, NEAREST, softmax_error, winner
from lava_ed.network.settings import ROUNDINGS

NAMED = {"floor": FLOOR, "nearest": NEAREST, "carry": CARRY}
membranes = st.integers(1, 12).flatmap(
    lambda n: vectors(np.int32, n, st.one_of(edged(-STATE_EDGE, STATE_EDGE - 1), st.integers(-40, 40)))
)


def error_of(v, label, shift, dead_zone=0, rounding=FLOOR):
    e = np.full(len(v), 99, np.int32)
    live = softmax_error(np.array(v, np.int32), label, shift, dead_zone, rounding, e)
    return e.tolist(), live


def test_settings_name_the_kernel_s_roundings():
    assert {name: ROUNDINGS.index(name) for name in ROUNDINGS} == NAMED


@given(
    v=membranes,
    shift=edged(0, 23),
    dead_zone=edged(0, 127),
    rounding=st.sampled_from(tuple(NAMED.values())),
    data=st.data(),
)
def test_softmax_error(v, shift, dead_zone, rounding, data):
    label = data.draw(st.integers(0, len(v) - 1))
    values = v.tolist()
    steps = [(max(values) - x) // 2**shift for x in values]
    q = [2 ** (15 - n) if n < 16 else 0 for n in steps]
    half = Fraction(1, 2) if rounding != FLOOR else 0
    if rounding == CARRY:
        upto = [math.floor(Fraction(127 * sum(q[:o]), sum(q)) + half) for o in range(len(q) + 1)]
        shares = [after - before for before, after in pairwise(upto)]
        assert sum(shares) == 127
    else:
        shares = [math.floor(Fraction(127 * x, sum(q)) + half) for x in q]
    expected = [127 * (o == label) - share for o, share in enumerate(shares)]
    if max(abs(x) for x in expected) <= dead_zone:
        expected = [0] * len(q)
    assert error_of(values, label, shift, dead_zone, rounding) == (expected, np.count_nonzero(expected))


@given(v=membranes, shift=edged(0, 23), data=st.data())
def test_error_has_8_bits_and_pulls_to_the_label(v, shift, data):
    label = data.draw(st.integers(0, len(v) - 1))
    e, _ = error_of(v.tolist(), label, shift)
    assert 0 <= e[label] <= 127
    assert all(-127 <= x <= 0 for o, x in enumerate(e) if o != label)
    assert 0 <= sum(e) < len(e)  # what the floors drop


def test_by_hand():
    """Membranes 0, 1 and 2 steps under the top: q = 4 : 2 : 1, p = 72, 36, 18."""
    assert error_of([2048, 1024, 0], 1, 10) == ([-72, 127 - 36, -18], 3)
    assert error_of([0, 0], 0, 10) == ([127 - 63, -63], 2)
    assert error_of([2048, 1024, 0], 1, 10, rounding=NEAREST) == ([-73, 127 - 36, -18], 3)  # 72.57, 36.29, 18.14
    assert error_of([0, 0], 0, 10, rounding=NEAREST) == ([127 - 64, -64], 2)  # 63.5 goes up
    assert error_of([0] * 300, 0, 10, rounding=NEAREST) == ([127] + [0] * 299, 1)  # each share is 0.42
    assert error_of([0] * 3, 0, 10, rounding=CARRY) == ([127 - 42, -43, -42], 3)  # 42.33, 84.67, 127


def test_a_rest_takes_its_share_and_no_error():
    e = np.zeros(2, np.int32)
    assert softmax_error(np.array([4, 4, 8], np.int32), 0, 2, 0, 0, e) == 2
    assert e.tolist() == [127 - 127 // 4, -(127 // 4)]  # q: 1, 1 and 2


def test_it_is_a_softmax_of_base_two():
    """Within the floors it is 127·2^(V/2^k)/Σ for membranes that are whole steps apart."""
    v = [5, 3, 4, -2]
    total = sum(2.0**x for x in v)
    e, _ = error_of([x << 12 for x in v], 3, 12)
    assert e == [127 * (o == 3) - math.floor(127 * 2.0**x / total) for o, x in enumerate(v)]


def test_sixteen_steps_under_the_top_is_zero():
    """15 steps still count 1 in 32769, 16 do not count: q of the top is exactly everything."""
    assert error_of([16 << 4, 0], 0, 4) == ([0, 0], 0)
    assert error_of([15 << 4, 0], 0, 4) == ([127 - 126, 0], 1)


@pytest.mark.parametrize(("dead_zone", "expected"), [(63, [64, -63]), (64, [0, 0])])
def test_dead_zone_is_inclusive(dead_zone, expected):
    assert error_of([0, 0], 0, 10, dead_zone)[0] == expected


@given(v=membranes)
def test_winner_is_the_first_of_the_largest(v):
    assert winner(v) == v.tolist().index(max(v.tolist()))

"""Rates that the chip holds, against all of them written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_ed.errors import UnrepresentableRateError
from lava_ed.learning_rules import LearningRate

EXCESSES = (0, 3)
ALL = sorted({m * 2.0 ** (a - s) for m in range(1, 8) for a in range(-7, 9) for s in range(8)})
"""Every m·2^(a − s) of the chip's ranges, without the engine's own shift."""


def distance(value: float, excess: int) -> float:
    """How far `value` is from the nearest rate of the whole list."""
    return min(abs(rate * 2.0**-excess - value) for rate in ALL)


@given(exponent=st.floats(-13.99, math.log2(1792)), excess=st.sampled_from(EXCESSES))
def test_nearest_equals_brute_force(exponent, excess):
    value = 2.0 ** (exponent - excess)
    assert abs(LearningRate.nearest(value, excess).value - value) == distance(value, excess)


@pytest.mark.parametrize("value", [512, 1024, 1536])
def test_nearest_at_the_top(value):
    """2, 4 and 6 times 2^8, which no odd mantissa reaches."""
    assert LearningRate.nearest(value).value == value


@pytest.mark.parametrize("excess", EXCESSES)
def test_representable_rates_stay(excess):
    for rate in ALL:
        assert LearningRate.nearest(rate * 2.0**-excess, excess).value == rate * 2.0**-excess


@pytest.mark.parametrize("excess", EXCESSES)
def test_shift_at_the_port_only_where_the_exponent_ends(excess):
    """The scale's own exponent comes first: a shift at the port costs a random number."""
    for rate in ALL:
        found = LearningRate.nearest(rate * 2.0**-excess, excess)
        assert found.port_shift == 0 or found.exponent == -7


@pytest.mark.parametrize(
    ("value", "excess", "parts"),
    [
        (2.0**-10, 3, (1, -7, 0)),
        (2.0**-11, 3, (1, -7, 1)),
        (0.003, 3, (3, -7, 0)),  # 3·2^-10 = 0.00293
        (2.0**-14, 0, (1, -7, 7)),
        (0.01, 0, (5, -7, 2)),  # 5·2^-9 = 0.00977
        (1792, 0, (7, 8, 0)),
        (224, 3, (7, 8, 0)),
    ],
)
def test_by_hand(value, excess, parts):
    rate = LearningRate.nearest(value, excess)
    assert (rate.mantissa, rate.exponent, rate.port_shift) == parts
    assert rate.value == parts[0] * 2.0 ** (parts[1] - parts[2] - excess)


def test_limits_by_hand():
    assert LearningRate.limits() == (2.0**-14, 7 * 2.0**8)
    assert LearningRate.limits(3) == (2.0**-17, 7 * 2.0**5)


@pytest.mark.parametrize("excess", EXCESSES)
def test_limits_are_representable(excess):
    for value in LearningRate.limits(excess):
        assert LearningRate.nearest(value, excess).value == value


BAD = [0, -(2.0**-7), math.nan, math.inf, 2.0**-14 * 0.999, 1792.001, 1e300, 1e-300, "0.01", None, 1j]


@pytest.mark.parametrize("value", BAD)
def test_unrepresentable_rates_are_refused(value):
    with pytest.raises(UnrepresentableRateError, match=r"not representable.*choose a rate"):
        LearningRate.nearest(value)


@pytest.mark.parametrize("kind", [np.float32, np.int64])
def test_numpy_numbers_are_numbers(kind):
    assert LearningRate.nearest(kind(1)).value == 1


@pytest.mark.parametrize("parts", [(0, 0, 0), (8, 0, 0), (-1, 0, 0), (1, -8, 0), (1, 9, 0), (1, 0, -1), (1, 0, 8)])
def test_parts_outside_the_chip_are_refused(parts):
    with pytest.raises(UnrepresentableRateError, match="no learning rate of the chip"):
        LearningRate(*parts)


def test_scale_is_lavas_notation():
    assert [LearningRate(m, a).scale for m, a in ((1, -7), (3, 0), (7, 8))] == ["2^-7", "3*2^0", "7*2^8"]

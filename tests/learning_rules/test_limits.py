"""The chip's limits as a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_ed.errors import ChipLimitError, ConfigError
from lava_ed.learning_rules import Limit, check, columns_limit, membrane_limit, report

GOOD, EDGE = Limit("neurons", 3, 10, "take fewer"), Limit("steps", 127, 127, "take less")
BAD = Limit("membrane", 9000000, 8388607, "shorten the window")


def test_report_by_hand():
    assert report([GOOD, BAD]) == "neurons: 3 of 10\nmembrane: 9,000,000 of 8,388,607  ← too large: shorten the window"
    assert report([]) == ""


def test_check_lists_all_entries():
    check([])
    check([GOOD, EDGE])
    with pytest.raises(ChipLimitError, match="does not fit the chip") as caught:
        check(iter([GOOD, BAD, EDGE]))
    assert str(caught.value).splitlines()[1:] == report([GOOD, BAD, EDGE]).splitlines()
    assert isinstance(caught.value, ConfigError)


@given(fan_in=st.integers(1, 70000), window=st.integers(1, 127))
def test_membrane_limit(fan_in, window):
    """256·fan-in·T, the largest |weight| being 256, against 2^23 − 1."""
    limit = membrane_limit(2, fan_in, window)
    assert (limit.used, limit.limit) == (256 * fan_in * window, 2**23 - 1)
    assert limit.holds == (256 * fan_in * window < 2**23)
    assert f"layer 2: membrane, fan-in {fan_in} " in limit.what


@pytest.mark.parametrize(
    ("fan_in", "window", "holds"), [(784, 41, True), (784, 42, False), (256, 127, True), (256, 128, False)]
)
def test_membrane_limit_by_hand(fan_in, window, holds):
    """784·256·41 = 8,228,864; 256·256·128 = 2^23 is one too many."""
    assert membrane_limit(1, fan_in, window).holds is holds


@pytest.mark.parametrize(("fan_out", "holds"), [(32_767, True), (32_768, False)])
def test_columns_limit(fan_out, holds):
    """A row's tallies are 16-bit numbers."""
    assert columns_limit(1, fan_out).holds is holds

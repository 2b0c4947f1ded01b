"""Tables from grey level to spike value, against fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import edged

from lava_ed.errors import ConfigError
from lava_ed.learning_rules import MPDED
from lava_ed.network import NetworkSpec
from lava_ed.network.encoding import ENCODERS, encoder_table


def nearest(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))


@given(steps=edged(2, 127))
def test_ttfs(steps):
    assert encoder_table("ttfs", steps).tolist() == [nearest(Fraction(p, 255) * (steps - 1)) for p in range(256)]


@given(steps=edged(2, 32))
def test_rate(steps):
    assert encoder_table("rate", steps).tolist() == [nearest(Fraction(p, 255) * steps) for p in range(256)]


@given(steps=edged(2, 32))
def test_current(steps):
    assert encoder_table("current", steps).tolist() == [int(p / 17 + 0.5) for p in range(256)]


@pytest.mark.parametrize(("kind", "white"), [("ttfs", 15), ("rate", 16), ("current", 15)])
def test_by_hand(kind, white):
    table = encoder_table(kind, 16)
    assert (table.dtype, table.shape) == (np.int32, (256,))
    assert (table[0], table[255]) == (0, white)
    assert np.all(np.diff(table) >= 0)


def test_first_step_of_a_window_is_left_to_no_pixel():
    """x = T − t with x ≤ T − 1: white spikes at t = 1; half of black's neighbours stay silent."""
    table = encoder_table("ttfs", 16)
    assert 16 - table.max() == 1
    assert np.flatnonzero(table)[0] == 9  # 9·15/255 = 0.53


@given(kind=st.sampled_from([kind for kind in ENCODERS if kind != "bins"]), steps=edged(2, 127))
def test_values_fit_a_trace(kind, steps):
    assert 0 <= encoder_table(kind, steps).min() <= encoder_table(kind, steps).max() <= 127


def test_unknown_encoder_is_refused():
    with pytest.raises(ConfigError, match="encoder 'poisson' is unknown: use one of ttfs, rate, current"):
        encoder_table("poisson", 8)


def test_bins_are_the_bits_of_the_steps():
    assert encoder_table("bins", 8).tolist() == list(range(256))
    assert encoder_table("bins", 3)[[0, 1, 7, 8, 13]].tolist() == [0, 1, 7, 0, 5]


def test_bins_take_a_byte_for_eight_steps():
    nets = (NetworkSpec((4, 2), MPDED(), steps=steps, encoder="bins") for steps in (8, 9, 64))
    assert [net.sample_bytes for net in nets] == [4, 8, 32]
    with pytest.raises(ConfigError, match=r"T = 2 … 64 .*got 65: choose a shorter window"):
        NetworkSpec((4, 2), MPDED(), steps=65, encoder="bins")

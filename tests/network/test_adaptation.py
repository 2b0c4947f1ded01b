"""The settings of an adaptive threshold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_ed.errors import ConfigError
from lava_ed.kernels.loihi.neuron import threshold_of_step
from lava_ed.network import Adaptation


@given(
    step=st.integers(0, 55),
    interval=st.integers(0, 10**6),
    band=st.lists(st.integers(0, 128), min_size=2, max_size=2, unique=True).map(sorted),
    ceiling=st.integers(0, 128),
)
def test_description_round_trip(step, interval, band, ceiling):
    settings = Adaptation(step, interval, *band, ceiling)
    assert Adaptation(**settings.to_dict()) == settings


def test_highest_threshold_fits_the_longest_window():
    """Step 55 is 7·2^13 = 57344, and 127 times that is below 2^23; the next octave's first is not."""
    assert Adaptation().highest_step == 55
    assert threshold_of_step(55) * 127 < 2**23 <= threshold_of_step(57) * 127


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"low": 77}, "low < high"),
        ({"low": 78}, "low < high"),
        ({"low": -1}, "low < high"),
        ({"high": 129}, "high ≤ 128"),
        ({"ceiling": -1}, "ceiling ≤ 128"),
        ({"ceiling": 129}, "ceiling ≤ 128"),
        ({"interval": -1}, "interval -1 must not be negative"),
        ({"initial_step": -1}, "lies in 0 … 55"),
        ({"initial_step": 56}, "lies in 0 … 55"),
    ],
)
def test_bad_settings_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        Adaptation(**changes)


@pytest.mark.parametrize("changes", [{"low": 0}, {"high": 128}, {"low": 76}, {"interval": 0}, {"initial_step": 55}])
def test_edges_are_accepted(changes):
    name, value = next(iter(changes.items()))
    assert getattr(Adaptation(**changes), name) == value

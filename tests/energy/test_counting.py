"""Sums and differences of counts: nothing is lost, and malformed counts are told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_ed.energy import per_sample, subtract, total
from lava_ed.errors import ConfigError
from lava_ed.kernels.counting import COUNTERS, PHASES

counts = st.dictionaries(st.sampled_from(PHASES), st.integers(0, 2**40))
nodes = st.dictionaries(st.sampled_from(COUNTERS), counts)
nets = st.dictionaries(st.sampled_from(["encoder", "dense1", "hidden1", "error"]), nodes)

MEASURED = {
    "encoder": {"spikes": {"forward": 150}},
    "hidden1": {"spikes": {"forward": 120, "backward": 40}, "hops": {"backward": 3}},
}


def everything(counters) -> int:
    """Sum of all counts, without looking at any name."""
    return sum(n for node in counters.values() for phases in node.values() for n in phases.values())


def test_total_by_hand():
    summed = total(MEASURED)
    assert list(summed) == list(COUNTERS)
    assert summed["spikes"] == {"forward": 270, "backward": 40, "update": 0}
    assert summed["hops"] == {"forward": 0, "backward": 3, "update": 0}
    assert summed["synops"] == {"forward": 0, "backward": 0, "update": 0}


def test_per_sample_by_hand():
    assert per_sample(MEASURED, 4)["spikes"] == {"forward": 67.5, "backward": 10.0, "update": 0.0}


def test_subtract_by_hand():
    before = {"encoder": {"spikes": {"forward": 50}}, "hidden1": {"spikes": {"backward": 40}}}
    difference = subtract(MEASURED, before)
    assert list(difference) == ["encoder", "hidden1"]
    assert difference["encoder"]["spikes"] == {"forward": 100, "backward": 0, "update": 0}
    assert difference["hidden1"]["spikes"] == {"forward": 120, "backward": 0, "update": 0}
    assert list(difference["hidden1"]) == list(COUNTERS)


def test_numpy_integers_become_python_integers():
    summed = total({"a": {"spikes": {"forward": np.int64(3)}}})
    assert type(summed["spikes"]["forward"]) is int


def test_largest_counts_do_not_wrap():
    largest = {"spikes": {"forward": 2**63 - 1}}
    assert total({"a": largest, "b": largest})["spikes"]["forward"] == 2**64 - 2


@given(counters=nets)
def test_total_conserves(counters):
    assert everything({"all": total(counters)}) == everything(counters)


@given(counters=nets)
def test_difference_to_nothing_is_the_reading(counters):
    nothing = {node: {} for node in counters}
    assert everything(subtract(counters, nothing)) == everything(counters)
    assert everything(subtract(counters, counters)) == 0
    assert total(subtract(counters, nothing)) == total(counters)


@pytest.mark.parametrize(
    ("counters", "says"),
    [
        (3, "counters is a int"),
        ({"a": [1]}, "a is a list"),
        ({"a": {"spikes": 3}}, r"a\.spikes is a int"),
        ({"a": {"flops": {"forward": 1}}}, "counter 'flops' is unknown: use one of spikes, "),
        ({"a": {"spikes": {"sideways": 1}}}, "'sideways' is unknown: use one of forward, backward, update"),
        ({"a": {"spikes": {"forward": -1}}}, r"a\.spikes in phase forward is -1"),
        ({"a": {"spikes": {"forward": 2**63}}}, r"in \[0, 2\^63 − 1\]"),
        ({"a": {"spikes": {"forward": 1.0}}}, r"is 1\.0: a count is an integer"),
        ({"a": {"spikes": {"forward": True}}}, "is True: a count is an integer"),
        ({"a": {"spikes": {"forward": None}}}, "is None"),
    ],
)
def test_malformed_counts(counters, says):
    with pytest.raises(ConfigError, match=says):
        total(counters)


@pytest.mark.parametrize("samples", [0, -1, 1.0, True, None, "3", 2**63])
def test_samples_have_to_be_a_positive_integer(samples):
    with pytest.raises(ConfigError, match="samples is"):
        per_sample(MEASURED, samples)


def test_readings_of_different_nets():
    with pytest.raises(ConfigError, match="only one has hidden1"):
        subtract(MEASURED, {"encoder": {}})


def test_counters_that_were_reset_in_between():
    with pytest.raises(ConfigError, match=r"encoder\.spikes in phase forward went down from 9 to 0"):
        subtract({"encoder": {}}, {"encoder": {"spikes": {"forward": 9}}})

"""Maps of AFT-LIF neurons by hand: spikes that share an axon, and errors of squares in reversed time."""

from __future__ import annotations

import numpy as np
import pytest

from lava_ed.kernels.loihi.lif_map import mean_errors, pool_spikes, replay_spikes
from lava_ed.network.layers import Layer, MapShape

MAP = Layer("", MapShape(1, 2, 3), MapShape(1, 2, 3), 1, pool=2)
"""One channel of 2×3 neurons: 0, 1, 3 and 4 are a square, 2 and 5 fill none."""


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


@pytest.mark.parametrize(("merge", "value"), [(False, 3), (True, 1)])
def test_spikes_of_a_square_add_up_or_go_through_as_one(merge, value):
    values, words = ints(9), ints(4, 8, 4, 6, 12, 4)  # neuron 1 spikes in step 3 alone
    assert pool_spikes(words, 2, 2, 3, 1, 2, merge, ints(9, 9, 9), values) == value
    assert values.tolist() == [value]


def replay(merge: bool, t: int, e_in: int, state: dict[str, np.ndarray]) -> tuple[tuple[int, ...], list[int]]:
    """Step t of neurons 0, 2 and 3, the first and the last of which spiked inside the support; B has 2 bits more."""
    delta, errors, taken = np.zeros(6, np.int32), np.zeros(6, np.int32), ints(0)
    support = ints(1 << t, 0, 1 << t, 1 << t, 0, 0)
    told = replay_spikes(
        ints(e_in), state["b"], ints(0, 2, 3), 0, 3, support, MAP.squares, 4, merge, t, 2, 100, 3, state["d"],
        state["v"], delta, errors, taken,
    )  # fmt: skip
    assert taken.tolist() == [0]
    assert sorted(errors[: told[0]].tolist()) == np.flatnonzero(delta).tolist()
    return tuple(int(x) for x in told), delta.tolist()


def test_each_neuron_of_a_sum_has_the_error_of_its_square():
    """B = 50 is 12.5, rounded 13, then −26 is −6.5, rounded −7: Δ = 13 at t = 2, −20 at t = 0; v = 3·13 − 20."""
    state = {"b": ints(0), "d": np.zeros(6, np.int32), "v": np.zeros(6, np.int32)}
    assert replay(False, 2, 50, state) == ((2, 4, 0), [13, 0, 0, 13, 0, 0])
    assert replay(False, 1, 0, state) == ((0, 2, 0), [0] * 6)  # B is what it was: no change
    assert replay(False, 0, -76, state) == ((2, 4, 0), [-20, 0, 0, -20, 0, 0])
    assert state["d"].tolist() == [-7, 0, 0, -7, 0, 0]
    assert state["v"].tolist() == [19, 0, 0, 19, 0, 0]


def test_the_first_spike_of_an_or_has_its_error():
    state = {"b": ints(0), "d": ints(0, 0, 0, 5, 0, 0), "v": np.zeros(6, np.int32)}
    assert replay(True, 1, 400, state) == ((2, 4, 0), [100, 0, 0, -5, 0, 0])  # 100 is the largest error
    assert state["d"].tolist() == [100, 0, 0, 0, 0, 0]


def test_a_small_change_is_not_sent_and_stays():
    state = {"b": ints(0), "d": ints(10, 0, 0, 6, 0, 0), "v": np.zeros(6, np.int32)}
    assert replay(False, 0, 40, state) == ((1, 4, 0), [0, 0, 0, 4, 0, 0])
    assert state["d"].tolist() == [10, 0, 0, 10, 0, 0]


def test_a_sum_that_leaves_its_register_is_counted():
    state = {"b": ints(2**23 - 1), "d": np.zeros(6, np.int32), "v": np.zeros(6, np.int32)}
    told, _ = replay(False, 0, 1, state)
    assert told[2] == 1
    assert state["b"].tolist() == [-(2**23)]


def test_the_mean_is_over_a_power_of_two_and_rounded_to_seven_bits():
    """Three steps count as four: v / 64, a half away from 0."""
    y = np.zeros(5, np.int32)
    mean_errors(ints(31, 32, -32, 64 * 500, -64 * 500), 3, y)
    assert y.tolist() == [0, 1, -1, 127, -127]

"""Comparing two back ends."""

from __future__ import annotations

import numpy as np
import pytest

from lava_ed.backends.parity import compare_states, train_beside


def test_the_engine_agrees_with_itself(small, digits):
    result = train_beside(small().spec(64, 10), digits, 30, ("engine", "engine"))
    assert result.equal
    assert result.samples == 30
    assert result.moved > 0
    assert {"dense1.weights", "dense3.weights", "error.counters", "hidden1.threshold_step"} <= {*result.compared}


def test_one_bit_is_a_difference():
    state = {
        "dense1.weights": np.zeros((2, 3), np.int16),
        "error.counters": np.zeros(2),
        "error.e": np.zeros(2),
    }
    other = {**state, "dense1.weights": np.array([[0, 0, 0], [0, 2, 0]]), "error.e": np.ones(2)}
    result = compare_states(1, state, other)
    assert not result.equal
    assert result.differing == ["dense1.weights"]


def test_a_missing_var_and_nothing_to_compare_are_differences():
    assert compare_states(1, {"a.weights": np.zeros(1)}, {}).differing == ["a.weights"]
    assert not compare_states(1, {}, {}).equal


@pytest.mark.lava
def test_lava_agrees_with_the_engine(small, digits):
    pytest.importorskip("lava_ed.lava_graphs.backend")
    result = train_beside(small(hidden=(12,)).spec(64, 10), digits, 2)
    assert result.equal, result.differing

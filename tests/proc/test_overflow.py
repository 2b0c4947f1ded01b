"""The overflow policy and bad writes on Lava's own runtime: a named error, and no hang."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava")

from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg

from lava_ed import MPDED, EDClassifier, NetworkSpec
from lava_ed.errors import FixedPointOverflowError, WeightError

INPUTS = 600
"""600 · 254 · 2^7 passes 2^23 in one step."""


def overflowing_net(**changes: Any) -> EDClassifier:
    """A net whose hidden membranes leave 24 bits in their first step with all inputs on."""
    spec = NetworkSpec((INPUTS, 8, 3), MPDED(), steps=8, weight_exponents=(7, 0), **changes)
    weights = [np.full((8, INPUTS), 254), np.full((3, 8), 2)]
    return EDClassifier(spec, np.full((2, INPUTS), 255, np.uint8), [0, 1], weights)


def test_raise_reaches_the_caller_once() -> None:
    """The run ends in the error, Vars stay readable, and what was reported is not reported again."""
    net = overflowing_net()
    try:
        with pytest.raises(FixedPointOverflowError, match=r"in hidden1 \(\d+\)"):
            net.run(RunSteps(num_steps=net.spec.schedule.period), Loihi2SimCfg(select_tag="fixed_pt"))
        assert net.hidden1.overflows.get()[0] > 0
        net.encoder.samples.set(np.zeros((2, INPUTS), np.uint8))
        net.dense1.run(RunSteps(num_steps=1))
    finally:
        net.stop()


def test_wrap_says_nothing() -> None:
    """Under "wrap" the same net runs on."""
    net = overflowing_net(overflow="wrap")
    try:
        net.run(RunSteps(num_steps=net.spec.schedule.period), Loihi2SimCfg(select_tag="fixed_pt"))
        assert net.hidden1.overflows.get()[0] > 0
    finally:
        net.stop()


def test_weights_that_do_not_fit_are_refused_before_they_are_sent() -> None:
    """An odd weight changes nothing, and the net runs on."""
    net = overflowing_net(overflow="wrap")
    try:
        net.run(RunSteps(num_steps=1), Loihi2SimCfg(select_tag="fixed_pt"))
        with pytest.raises(WeightError, match="odd"):
            net.dense2.weights.set(np.full((3, 8), 3))
        net.run(RunSteps(num_steps=1))
        np.testing.assert_array_equal(net.dense2.weights.get(), 2)
    finally:
        net.stop()

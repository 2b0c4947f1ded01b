"""The trace kernels by hand, and their constants against Lava's; whole epochs are in test_learning.py."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import edged

from lava_ed.kernels.stock import traces

impulse_values = st.one_of(st.sampled_from([0, 0.25, 16, 63.5, 126.999, 127, 200]), st.floats(0, 127))


@pytest.mark.lava
@given(impulses=st.lists(impulse_values, min_size=1, max_size=3))
def test_impulses_split_as_in_stock(impulses):
    """Whole parts and 256ths; 126.999 has 256 of them."""
    from lava.proc.dense.models import PyLearningDenseModelBitApproximate

    expected = PyLearningDenseModelBitApproximate._decompose_impulses(np.array(impulses))
    for mine, stock in zip(traces.split_impulses(impulses), expected, strict=True):
        np.testing.assert_array_equal(mine, stock)


def test_decay_factors_by_hand():
    """τ = 0 clears a trace; 2^32 takes a part in four thousand million."""
    factors = traces.decay_factors([0, 1, 2**32]).tolist()
    assert factors == pytest.approx([0, math.exp(-1), 1 - 2.0**-32], rel=1e-15)
    assert factors[2] < 1


@given(payload=edged(0, 2**20, 254, 255, 256, 510, 511, 512))
def test_payloads_are_halved_to_even(payload):
    assert traces.half_payload(payload) == round(payload / 2) % 256


@pytest.mark.parametrize(
    ("trace", "random", "whole", "fraction", "expected"),
    [(100, 0, 20, 0, 120), (100, 63, 20, 64, 121), (100, 64, 20, 64, 120), (120, 0, 20, 0, 127), (127, 0, 0, 1, 127)],
)
def test_impulses_saturate_and_round(trace, random, whole, fraction, expected):
    assert traces.add_impulse(trace, random, whole, fraction) == expected


def test_decay_rounds_by_its_random_number():
    """100·0.755 = 75.5: up where the number is below one half."""
    assert [traces.decay_trace(100, 0.755, random) for random in (0.0, 0.49, 0.51)] == [76, 76, 75]


def test_history_by_hand():
    """Factor 1/2, impulse 16 at step 2 of 3: 8 → 4 → 2 + 16 → 9; a silent neuron only decays."""
    history = np.full((4, 1, 2), 99, np.int32)
    start, spikes = np.array([[8, 8]], np.int32), np.array([2, 0], np.int32)
    traces.trace_history(start, spikes, np.array([0.5]), 0.9, 0, *traces.split_impulses([16]), history)
    assert history[:, 0].tolist() == [[8, 8], [4, 4], [18, 2], [9, 1]]


def test_overwrite_by_hand():
    """Payload 2·x becomes x1 = x; a silent neuron keeps its trace; tx notes the step."""
    x, tx = np.array([[7, 7, 7], [0, 0, 0]], np.int32), np.zeros(3, np.int32)
    nothing = np.zeros(2, np.int64)
    traces.receive_pre_spikes(np.array([0, 10, 254]), traces.GRADED_OVERWRITE, 4, x, tx, nothing, nothing)
    assert x.tolist() == [[7, 5, 127], [0, 0, 0]]
    assert tx.tolist() == [0, 4, 4]


def test_a_second_post_spike_adds_at_once():
    y, ty = np.full((3, 2), 10, np.int32), np.array([0, 1], np.int32)
    traces.receive_post_spikes(np.array([True, True]), 3, y, ty, 0, *traces.split_impulses([1, 2, 3]))
    assert y.T.tolist() == [[10, 10, 10], [11, 12, 13]]
    assert ty.tolist() == [3, 3]


@pytest.mark.parametrize(
    ("trace", "impulse", "expected"), [(2**31 - 1, -(2**30), 127), (2**31 - 1, 2**40, 127), (100, -(2**20), 0)]
)
def test_far_impulses_end_at_the_limits(trace, impulse, expected):
    """Beyond 32 bits nothing wraps; factor 1 keeps the trace."""
    history = np.zeros((2, 1, 1), np.int32)
    start, spikes = np.array([[trace]], np.int32), np.ones(1, np.int32)
    settings = (np.ones(1), 0.5, 0, np.array([impulse]), np.array([0]))
    traces.trace_history(start, spikes, *settings, history)
    assert history[1, 0, 0] == expected


def test_factors_above_one_by_hand():
    """A negative τ lets a trace grow: 100·1.5 = 150."""
    history = np.zeros((2, 1, 1), np.int32)
    start, spikes = np.array([[100]], np.int32), np.zeros(1, np.int32)
    traces.trace_history(start, spikes, np.array([1.5]), 0.9, 0, *traces.split_impulses([16]), history)
    assert history[1, 0, 0] == 150


@settings(max_examples=300, deadline=None)
@given(
    factor=st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.25, 0.5, 1.0, 1.5, float(np.exp(-0.1))])),
    random=st.one_of(st.floats(0, 1, exclude_max=True), st.sampled_from([0.0, 0.25, 0.5, 0.75])),
    impulse=st.integers(-5, 130), lowest=st.sampled_from([0, -9]), highest=st.sampled_from([0, 3, 127, 255]),
    seed=st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_one_step_in_place(factor, random, impulse, lowest, highest, seed):
    """Equal to the history in floating point, also where 32 bits cannot tell how to round."""
    rng = np.random.default_rng(seed)
    before = rng.integers(lowest, highest + 1, (2, 300)).astype(np.int32)
    spikes = (rng.random(300) < rng.choice([0.0, 0.3])).astype(np.int32)
    rule = (spikes, np.array([factor, 0.0]), random, 60, np.array([impulse, 7]), np.array([128, 0]))
    history = np.zeros((2, 2, 300), np.int32)
    traces.trace_history(before, *rule, history)
    stepped = before.copy()
    changed = traces.step_traces(stepped, *rule)
    np.testing.assert_array_equal(stepped, history[1])
    assert changed == np.count_nonzero(stepped != before)

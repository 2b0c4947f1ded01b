"""Floating-point kernels: numpy's and scipy's own sums, bit for bit, and neurons by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from lava_ed.kernels.stock.floating import (
    float_delay_dense,
    float_dense,
    float_lif_step,
    float_sparse,
    list_real_events,
    pairwise_sum,
)


@pytest.mark.parametrize("n", [0, 1, 2, 7, 8, 9, 127, 128, 129, 250, 1001, 4096])
def test_pairwise_sum_is_numpys(n: int) -> None:
    """Numbers of which the order of addition shows."""
    values = np.random.default_rng(n).normal(size=(5, n))
    assert [pairwise_sum(row) for row in values] == values.sum(axis=1).tolist()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_dense_and_sparse_sums_are_numpys_and_scipys(n_post: int, n_pre: int, seed: int) -> None:
    """The very expressions of Lava's models."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(n_post, n_pre))
    spikes = rng.random(n_pre) < rng.random()
    events = np.zeros(n_pre, np.int32)
    count = list_real_events(spikes.astype(float), events)
    total, s_in = np.zeros(n_post), spikes * rng.normal(size=n_pre)
    float_dense(np.ascontiguousarray(weights.T), events, count, s_in, False, np.zeros(n_pre), total)
    np.testing.assert_array_equal(total, weights[:, spikes].sum(axis=1))
    float_dense(np.ascontiguousarray(weights.T), events, count, s_in, True, np.zeros(n_pre), total)
    np.testing.assert_allclose(total, weights.dot(s_in), rtol=1e-12, atol=1e-12)
    stored = csr_matrix(weights * (rng.random(weights.shape) < 0.5))
    by_pre = stored.tocsc()
    work = np.zeros(n_post + 1, np.int32), np.zeros(stored.nnz)
    synapses = by_pre.indptr, by_pre.indices, by_pre.data, events, count, s_in
    float_sparse(*synapses, False, *work, total)
    np.testing.assert_array_equal(total, stored[:, spikes].sum(axis=1).A1)
    float_sparse(*synapses, True, *work, total)
    np.testing.assert_array_equal(total, stored.dot(s_in))


def test_delays_by_hand() -> None:
    """Two synapses of delays 0 and 1 into one neuron; what waited moves on."""
    weights, delays = np.array([[0.5], [0.25]]), np.array([[0], [1]], np.int32)
    a_buff = np.array([[9.0, 2.0]])
    events = np.array([0, 1], np.int32)
    float_delay_dense(weights, delays, events, 2, np.array([1.0, 3.0]), True, np.zeros(2), np.zeros(2), a_buff)
    assert a_buff.tolist() == [[2.5, 0.75]]
    float_delay_dense(weights, delays, events, 0, np.zeros(2), True, np.zeros(2), np.zeros(2), a_buff)
    assert a_buff.tolist() == [[0.75, 0.0]]


def test_neurons_by_hand() -> None:
    """u ← u/2 + a, v ← v/4 + u + bias; a spike above the threshold only; two steps of rest after it."""
    u, v, spikes, none = np.array([4.0, 4.0]), np.array([8.0, 8.0]), np.zeros(2), np.zeros(0, np.int64)
    a_in, bias = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    assert float_lif_step(u, v, a_in, bias, 0.5, 0.75, 0.0, 4.5, False, 1, none, 0, spikes) == 1
    assert (u.tolist(), v.tolist(), spikes.tolist()) == ([3.0, 2.0], [0.0, 4.5], [1.0, 0.0])
    assert float_lif_step(u, v, -a_in * 9, bias, 0.5, 0.75, -5.0, 2.0, True, 2, none, 0, spikes) == 2
    assert (v.tolist(), spikes.tolist()) == ([0.0, 0.0], [-1.0, 1.0])
    end, u, v = np.array([0, 5]), np.zeros(2), np.zeros(2)
    float_lif_step(u, v, np.array([7.0, 7.0]), bias, 0.0, 0.0, 0.0, 5.0, False, 3, end, 2, spikes)
    assert (v.tolist(), end.tolist(), spikes.tolist()) == ([0.0, 0.0], [5, 5], [1.0, 0.0])
    float_lif_step(u, v, np.zeros(2), bias, 0.0, 0.0, 0.0, 99.0, False, 5, end, 2, spikes)
    assert v.tolist() == [0.0, 0.0]
    float_lif_step(u, v, np.zeros(2), bias, 0.0, 0.0, 0.0, 99.0, False, 6, end, 2, spikes)
    assert v.tolist() == [7.5, 7.5]

"""Synaptic sums against plain integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import edged, matrices, states, vectors

from lava_ed.kernels.loihi import synapse

PRE, POST = 4, 3
stored = matrices(np.int8, (PRE, POST), edged(-128, 127))
exponents = edged(-8, 7)
chosen = st.lists(st.integers(0, PRE - 1), unique=True)


def padded(events):
    """Events and their number, with rubbish behind them."""
    return np.array(events + [PRE - 1] * 3, np.int32), len(events)


def nonzeros(w8):
    return np.array([np.count_nonzero(row) for row in w8], np.int32)


def scaled(total: int, exponent: int) -> int:
    """2·total·2^exponent, floored."""
    return 2 * total * 2**exponent if exponent > 0 else 2 * total // 2**-exponent


@given(w8=stored, events=chosen, exponent=exponents)
def test_forward_spikes(w8, events, exponent):
    a = np.full(POST, 99, np.int32)
    synops = synapse.forward_spikes(w8, nonzeros(w8), *padded(events), exponent, a)
    rows = [w8[i].tolist() for i in events]
    assert a.tolist() == [scaled(sum(row[j] for row in rows), exponent) for j in range(POST)]
    assert synops == sum(w != 0 for row in rows for w in row)


@given(w8=stored, events=chosen, payloads=vectors(np.int32, PRE, edged(0, 127, 255, -128)), exponent=exponents)
def test_forward_graded(w8, events, payloads, exponent):
    a = np.full(POST, 99, np.int32)
    index, n = padded(events)
    synops = synapse.forward_graded(w8, nonzeros(w8), index, payloads, n, exponent, a)
    sums = [sum(int(w8[i, j]) * int(payloads[i]) for i in events) for j in range(POST)]
    assert a.tolist() == [scaled(total, exponent) for total in sums]
    assert synops == sum(int(w8[i, j]) != 0 for i in events for j in range(POST))


@given(w8=stored, events=chosen, exponent=exponents)
def test_payload_one_is_a_spike(w8, events, exponent):
    sums = [np.zeros(POST, np.int32), np.zeros(POST, np.int32)]
    index, n = padded(events)
    synapse.forward_spikes(w8, nonzeros(w8), index, n, exponent, sums[0])
    synapse.forward_graded(w8, nonzeros(w8), index, np.ones(PRE, np.int32), n, exponent, sums[1])
    np.testing.assert_array_equal(*sums)


@pytest.mark.parametrize(("total", "exponent", "expected"), [(-3, -2, -2), (3, -2, 1), (-3, 0, -6), (-3, 2, -24)])
def test_exponents_by_hand(total, exponent, expected):
    """−6/4 floors to −2, 6/4 to 1."""
    assert synapse.scale_sum(total, exponent) == expected


@given(w8=stored, events=chosen)
def test_synops_of(w8, events):
    expected = sum(np.count_nonzero(w8[i]) for i in events)
    assert synapse.synops_of(nonzeros(w8), *padded(events)) == expected


@given(w8=stored, e=vectors(np.int32, POST, states()), shift=edged(0, 31))
def test_backward_errors(w8, e, shift):
    expected, overflows = [], 0
    for row in w8.tolist():
        total = 2 * sum(w * x for w, x in zip(row, e.tolist(), strict=True))
        raw = (1 if total >= 0 else -1) * (abs(total) // 2**shift)
        expected.append((raw + 2**23) % 2**24 - 2**23)
        overflows += raw != expected[-1]
    synops = sum(w != 0 and x != 0 for row in w8.tolist() for w, x in zip(row, e.tolist(), strict=True))
    e_buff = np.full(PRE, 99, np.int32)
    assert synapse.backward_errors(w8, e, shift, e_buff) == (synops, overflows)
    assert e_buff.tolist() == expected


def test_backward_reads_the_same_weights():
    """⟨a, W x⟩ = ⟨Wᵀ a, x⟩: forward and backward are transposes of each other."""
    rng = np.random.default_rng(4)
    w8 = rng.integers(-128, 128, (6, 5), dtype=np.int8)
    x, e = rng.integers(0, 127, 6).astype(np.int32), rng.integers(-127, 128, 5).astype(np.int32)
    a, back = np.zeros(5, np.int32), np.zeros(6, np.int32)
    synapse.forward_graded(w8, nonzeros(w8), np.arange(6, dtype=np.int32), x, 6, 0, a)
    synapse.backward_errors(w8, e, 0, back)
    assert int(a @ e) == int(back @ x) != 0

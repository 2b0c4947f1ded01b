"""The learning engine: a plain-integer reference, exact means, and the order of events."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import edged, matrices, vectors

from lava_ed.kernels.fixed_point import random_byte, stream_key
from lava_ed.kernels.loihi import plasticity
from lava_ed.kernels.vectors.lanes import FEW
from lava_ed.kernels.vectors.row_updates import WIDE

PRE, POST = 4, 3
KEY = stream_key(5, 6, 7, 8)
stored = matrices(np.int8, (PRE, POST), edged(-128, 127, -127, 126))
chosen = st.permutations(range(PRE)).flatmap(lambda p: st.integers(0, PRE).map(lambda n: p[:n]))
traces = vectors(np.int32, PRE, edged(0, 127))
parts = vectors(np.int32, POST, edged(-127, 127))
mantissas = st.integers(1, 7)
exponents = edged(-7, 8)
scalars = st.one_of(st.just(plasticity.COUNTER_ROUNDING), edged(0, 255))


def clip(x: int, low: int, high: int) -> int:
    return max(low, min(high, x))


def python_product(value: int, mantissa: int, exponent: int, excess: int) -> int:
    """Sign and magnitude of a product, in accumulator units, cut to 15 bits and a sign."""
    sign = -1 if value < 0 else 1
    return clip(sign * (abs(value * mantissa) // 2**excess * 2 ** (exponent + 7)), -(2**15) - 1, 2**15 - 1)


def python_add(weight: int, increment: int, random: int) -> int:
    return clip((clip(256 * weight + increment, -(2**15) - 1, 2**15 - 1) + random) // 256, -128, 127)


def byte(key, i: int, j: int, scalar: int) -> int:
    return scalar if scalar >= 0 else int(random_byte(np.uint64(key), i, j))


def nonzeros(w8):
    return np.array([np.count_nonzero(row) for row in w8], np.int32)


def scratch(columns):
    """What a kernel finds in its scratch: rubbish."""
    return np.full((plasticity.WORK_ROWS, columns), 99, np.int16)


def split(delta):
    """y1 and y2 of a signed error."""
    return np.maximum(delta, 0).astype(np.int32), np.maximum(-delta, 0).astype(np.int32)


def learn(w8, events, x1, delta, mantissa=1, exponent=0, key=KEY, scalar=-1, with_x1=1, tag=None):
    """`learn_rows` with rubbish behind the events; returns (counts, non-zeros of each row)."""
    rows, work = nonzeros(w8), scratch(w8.shape[1])
    padded = np.array([*events, 0, 0], np.int32)
    counts = plasticity.learn_rows(
        w8,
        rows,
        padded,
        len(events),
        x1,
        with_x1,
        *split(delta),
        mantissa,
        exponent,
        np.uint64(key),
        scalar,
        work,
        np.zeros((0, w8.shape[1]), np.int16) if tag is None else tag,
    )
    return counts, rows


tags = matrices(np.int16, (PRE, POST), edged(0, 255))


def check_learned(w8, events, x1, delta, mantissa, exponent, with_x1, scalar=-1, tag=None):
    """`learn_rows` against plain integers.

    With a tag 256·w + t is one number to which the product is added; only a weight at its limit loses something.
    """
    expected, left = w8.tolist(), None if tag is None else tag.tolist()
    effective = writes = 0
    excess = 3 if with_x1 else 0  # 7 + 7 + 4 bits, or 7 + 4, against 15
    for i, j in itertools.product(events, range(w8.shape[1])):
        value = (int(x1[i]) if with_x1 else 1) * int(delta[j])
        increment = python_product(value, mantissa, exponent, excess)
        if left is None:
            new = python_add(expected[i][j], increment, byte(KEY, i, j, scalar))
        else:
            steps, left[i][j] = divmod(left[i][j] + increment, 256)
            new = clip(expected[i][j] + steps, -128, 127)
        effective += increment != 0
        writes += new != expected[i][j]
        expected[i][j] = new
    counts, rows = learn(w8, events, x1, delta, mantissa, exponent, scalar=scalar, with_x1=with_x1, tag=tag)
    assert w8.tolist() == expected
    assert left is None or tag.tolist() == left
    assert counts == (effective, writes)
    assert rows.tolist() == nonzeros(w8).tolist()


LEARNING = {
    "w8": stored, "events": chosen, "x1": traces, "delta": parts, "mantissa": mantissas, "exponent": exponents,
    "with_x1": st.integers(0, 1),
}  # fmt: skip


@settings(max_examples=300)
@given(**LEARNING, scalar=scalars)
def test_learn_rows(w8, events, x1, delta, mantissa, exponent, scalar, with_x1):
    check_learned(w8, events, x1, delta, mantissa, exponent, with_x1, scalar)


@settings(max_examples=300)
@given(**LEARNING, tag=tags)
def test_learn_rows_with_a_carry(w8, tag, events, x1, delta, mantissa, exponent, with_x1):
    check_learned(w8, events, x1, delta, mantissa, exponent, with_x1, tag=tag)


@given(
    n_post=edged(1, 150, FEW, WIDE, WIDE + FEW + 3), events=chosen, x1=traces, mantissa=mantissas, exponent=exponents,
    with_x1=st.integers(0, 1), carries=st.booleans(), seed=st.integers(0, 999),
)  # fmt: skip
def test_learn_rows_of_any_width(n_post, events, x1, mantissa, exponent, with_x1, carries, seed):
    """Rows that are worked on in vectors, with increments that fit bytes and others side by side."""
    rng = np.random.default_rng(seed)
    w8 = rng.integers(-128, 128, (PRE, n_post)).astype(np.int8)
    delta = rng.choice([-127, -3, 0, 1, 127], n_post).astype(np.int32)
    tag = rng.integers(0, 256, (PRE, n_post)).astype(np.int16) if carries else None
    check_learned(w8, events, x1, delta, mantissa, exponent, with_x1, tag=tag)


@given(st.lists(st.tuples(edged(0, 127), edged(-127, 127)), max_size=30), edged(-7, -3))
def test_a_carry_loses_nothing(updates, exponent):
    """However updates are cut into pieces, 256·w + t ends at the sum of all products."""
    w8, tag, total = np.zeros((1, 1), np.int8), np.zeros((1, 1), np.int16), 0
    for x, d in updates:
        increment = python_product(x * d, 1, exponent, 3)
        if abs(total + increment) >= 127 * 256:  # not where a weight would be cut
            continue
        total += increment
        learn(w8, [0], np.array([x], np.int32), np.array([d]), exponent=exponent, tag=tag)
    assert 256 * int(w8[0, 0]) + int(tag[0, 0]) == total


@pytest.mark.parametrize(("factor_bits", "expected"), [(7, 0), (9, 0), (11, 0), (12, 1), (14, 3), (21, 10)])
def test_excess_bits_by_hand(factor_bits, expected):
    """Widths of the factors, 4 of the mantissa, less the accumulator's 15."""
    assert plasticity.excess_bits(factor_bits) == expected


@pytest.mark.parametrize(
    ("x", "delta", "mantissa", "exponent", "expected"),
    [
        (8, 1, 1, -7, 1),  # 8 » 3 = 1 unit: the smallest product that counts
        (7, 1, 1, -7, 0),  # 7 » 3 = 0, and the negative one vanishes just so
        (7, -1, 1, -7, 0),
        (9, -1, 1, -7, -1),
        (16, 10, 3, -5, 240),  # 16·10·3 » 3 = 60, « 2
        (127, 127, 7, 8, 32767),  # cut at the accumulator's ends
        (127, -127, 7, 8, -32769),
    ],
)
def test_product_by_hand(x, delta, mantissa, exponent, expected):
    assert plasticity.product(x * delta, mantissa, exponent, 3) == expected


def test_one_weight_by_hand():
    """x1 = 16, y1 = 16, a = 0: 256 » 3 = 32, « 7 = 4096 units: sixteen stored steps, with any rounding."""
    for scalar in (0, 255):
        w8 = np.array([[3, 3]], np.int8)
        learn(w8, [0], np.array([16], np.int32), np.array([16, -16]), scalar=scalar)
        assert w8.tolist() == [[19, -13]]


@given(w=edged(-120, 120), x=edged(0, 127), d=edged(-127, 127), mantissa=mantissas, exponent=edged(-7, -2))
def test_rounding_is_exact_in_the_mean(w, x, d, mantissa, exponent):
    """Over all 256 rounding bytes the new weights add up to 256·w plus the product: nothing is lost."""
    increment = python_product(x * d, mantissa, exponent, 3)
    if abs(increment) > 7 * 256:  # not where a weight would be cut
        return
    x1, delta = np.array([x], np.int32), np.array([d])
    total = 0
    for scalar in range(256):
        w8 = np.array([[w]], np.int8)
        learn(w8, [0], x1, delta, mantissa, exponent, scalar=scalar)
        total += int(w8[0, 0])
    assert total == 256 * w + increment


@pytest.mark.parametrize("delta", [1, -1, 5, -37])
def test_counter_rounding_keeps_the_mean(delta):
    """Fifty steps over 64×64 synapses: the mean change lies within five standard errors of the product."""
    n, steps = 64, 50
    w8 = np.zeros((n, n), np.int8)
    increment = python_product(24 * delta, 1, -7, 3)
    fraction = abs(increment) / 256 % 1
    for step in range(steps):
        learn(w8, range(n), np.full(n, 24, np.int32), np.full(n, delta), 1, -7, stream_key(1, step, 2, 3))
    change = w8.mean() / steps
    assert increment != 0
    assert abs(change - increment / 256) < 5 * np.sqrt(fraction * (1 - fraction) / (n * n * steps))


def test_rounding_differs_between_synapses_samples_and_layers():
    """One increment of half a step: half of the synapses move, not the same ones elsewhere."""
    n = 32
    moved = []
    for key in (
        stream_key(1, 0, 1, 0),
        stream_key(1, 1, 1, 0),
        stream_key(1, 0, 2, 0),
        stream_key(1, 0, 1, 1),
    ):
        w8 = np.zeros((n, n), np.int8)
        learn(w8, range(n), np.full(n, 32, np.int32), np.full(n, 32), 1, -7, key)
        assert 0.4 < w8.mean() < 0.6
        moved.append(w8)
    for first, second in itertools.combinations(moved, 2):
        assert 0.4 < np.mean(first == second) < 0.6


@given(
    w8=stored,
    events=chosen,
    x1=traces,
    delta=parts,
    scalar=scalars,
    with_x1=st.integers(0, 1),
    data=st.data(),
)
def test_the_order_of_events_does_not_matter(w8, events, x1, delta, scalar, with_x1, data):
    other = w8.copy()
    shuffled = data.draw(st.permutations(events))
    counts = [
        learn(w, order, x1, delta, 3, -4, scalar=scalar, with_x1=with_x1)[0]
        for w, order in ((w8, events), (other, shuffled))
    ]
    np.testing.assert_array_equal(w8, other)
    assert counts[0] == counts[1]


@given(w8=stored, events=chosen, x1=traces, delta=parts)
def test_events_may_be_split_over_calls(w8, events, x1, delta):
    """Rows learn apart from each other: two calls with half of the events give the same weights."""
    other = w8.copy()
    learn(w8, events, x1, delta, 3, -4)
    for part in (events[:2], events[2:]):
        learn(other, part, x1, delta, 3, -4)
    np.testing.assert_array_equal(w8, other)


@given(w8=stored, events=chosen, x1=traces, scalar=scalars)
def test_without_an_error_nothing_moves(w8, events, x1, scalar):
    """−128 and 127 included, which sit at the accumulator's ends."""
    before = w8.copy()
    counts, _ = learn(w8, events, x1, np.zeros(POST, int), 7, 8, scalar=scalar)
    np.testing.assert_array_equal(w8, before)
    assert counts == (0, 0)


@settings(max_examples=200)
@given(
    tag=matrices(np.int16, (PRE, POST), edged(-255, 255, -254, 254)), events=chosen, x1=traces, delta=parts,
    exponent=edged(-7, 8, -2), with_x1=st.integers(0, 1),
)  # fmt: skip
def test_gather_rows(tag, events, x1, delta, exponent, with_x1):
    """Tags hold 8 bits and a sign, and round by 7 bits: one tag unit is 128 accumulator units."""
    expected, effective = tag.tolist(), 0
    for i, j in itertools.product(events, range(POST)):
        value = (int(x1[i]) if with_x1 else 1) * int(delta[j])
        increment = python_product(value, 1, exponent, 3 if with_x1 else 0)
        raw = (128 * expected[i][j] + increment + byte(KEY, i, j, -1) // 2) // 128
        expected[i][j] = clip(raw, -255, 255)
        effective += increment != 0
    padded = np.array([*events, 0], np.int32)
    counted = plasticity.gather_rows(tag, padded, len(events), x1, with_x1, *split(delta), exponent, np.uint64(KEY))
    assert tag.tolist() == expected
    assert counted == effective


@settings(max_examples=200)
@given(
    w8=stored, tag=matrices(np.int16, (PRE, POST), edged(-255, 255)), mantissa=mantissas,
    exponent=edged(-7, 8), scalar=scalars, idle=st.sets(st.integers(0, PRE - 1)),
)  # fmt: skip
def test_apply_tag(w8, tag, mantissa, exponent, scalar, idle):
    tag[sorted(idle)] = 0
    expected, effective, writes = w8.tolist(), 0, 0
    for i, j in itertools.product(range(PRE), range(POST)):
        increment = python_product(int(tag[i, j]), mantissa, exponent, 0)
        new = python_add(expected[i][j], increment, byte(KEY, i, j, scalar))
        effective += increment != 0
        writes += new != expected[i][j]
        expected[i][j] = new
    rows, work = nonzeros(w8), scratch(POST)
    counts = plasticity.apply_tag(w8, rows, tag, mantissa, exponent, np.uint64(KEY), scalar, work)
    assert w8.tolist() == expected
    assert counts == (effective, writes)
    assert rows.tolist() == nonzeros(w8).tolist()
    assert not tag.any()


@pytest.mark.parametrize(("exponent", "y"), [(-7, 96), (-6, 41), (-5, -127)])
def test_tag_and_direct_update_have_the_same_mean(exponent, y):
    """dt = 2^-2·y, then dw = 2^(a+2)·t: both paths move a weight by η·y = 2^a·y (in full units)."""
    n = 128
    x1, delta, every = np.ones(n, np.int32), np.full(n, y), np.arange(n, dtype=np.int32)
    direct, through = np.zeros((n, n), np.int8), np.zeros((n, n), np.int8)
    learn(direct, every, x1, delta, 1, exponent, with_x1=0)
    tag = np.zeros((n, n), np.int16)
    plasticity.gather_rows(tag, every, n, x1, 0, *split(delta), -2, np.uint64(KEY))
    plasticity.apply_tag(through, nonzeros(through), tag, 1, exponent + 2, stream_key(9, 9, 9, 9), -1, scratch(n))
    # Σ of the roundings' variances: at most 1/4 stored step², of tag rounding (2^(a+2))²/16 more.
    error = 5 * np.sqrt(1 / 4 + 4.0 ** (exponent + 2) / 16) / n
    for w8 in (direct, through):
        assert abs(2 * w8.mean() - y * 2.0**exponent) < 2 * error


def test_a_counted_trace_holds_seven_bits():
    """Spikes that count 8: 120 + 8 stops at 127, 5 + 2·8 = 21, and who sent none keeps its trace."""
    x1 = np.array([9, 120, 5], np.int32)
    plasticity.count_into_traces(x1, np.array([1, 2], np.int32), np.array([1, 2], np.int32), 3)
    assert x1.tolist() == [9, 127, 21]

"""Separable rules in vector code against the plain kernel, which is held against Lava's own model."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("lava", reason="rules are written as Lava's, which needs Python 3.10")

from hypothesis import given, settings
from hypothesis import strategies as st
from lava.magma.core.learning.learning_rule import Loihi2FLearningRule

from lava_ed.kernels.stock.learning import SCRATCH_ROWS, apply_rule
from lava_ed.kernels.stock.rule_table import compile_rule, synapse_limits
from lava_ed.kernels.stock.separable_rules import KEYS, SLOTS, apply_separable, is_separable, scratch_sizes

pytestmark = pytest.mark.lava

FACTORS = ("x0", "(y0+1)", "(x0-1)", "x1", "x2", "y1", "y2", "y3", "(x1+3)", "(y1-2)", "(y2+1)")


def rule_of(products: list[tuple[int, int, str, list[str]]], **settings_of: int):
    """A Lava rule from (sign, exponent, dependency, factors) of each product."""
    text = " ".join(
        f"{'-' if sign < 0 else '+'} 2^{exponent}*{'*'.join([dependency, *factors])}"
        for sign, exponent, dependency, factors in products
    ).lstrip("+ ")
    return Loihi2FLearningRule(dw=text, t_epoch=1, **settings_of)


products = st.lists(
    st.tuples(
        st.sampled_from([1, -1]), st.integers(-7, 3), st.sampled_from(["x0", "y0", "u0"]),
        st.lists(st.sampled_from(FACTORS), max_size=2),
    ),
    min_size=1, max_size=4,
)  # fmt: skip


class Both:
    """One layer, updated by either kernel."""

    def __init__(self, rule, sign_mode, rng, n_pre, n_post, highest_trace):
        self.table, self.limits = compile_rule(rule), synapse_limits(sign_mode)
        low, high = self.limits[0]
        self.weights = rng.integers(low, high + 1, (n_pre, n_post)).astype(np.int16)
        edge = rng.random((n_pre, n_post)) < 0.4
        self.weights[edge] = rng.choice([low, high, low + 1, high - 1], edge.sum())
        self.x = rng.integers(0, highest_trace + 1, (2, n_pre)).astype(np.int32)
        self.y = rng.integers(0, 128, (3, n_post)).astype(np.int32)
        post = rng.choice([0.0, 0.03, 0.06, 0.3])  # few columns of post spikes, or so many that whole rows are updated
        self.tx, self.ty = (rng.random(n_pre) < 0.3).astype(np.int32), (rng.random(n_post) < post).astype(np.int32)

    def plain(self, u_active, random):
        weights, t = self.weights.copy(), self.table
        x, y = (np.stack([np.full_like(side, 99), side]) for side in (self.x, self.y))
        none, scratch = np.zeros((0, 0), np.int16), np.zeros((SCRATCH_ROWS, weights.shape[1]), np.int32)
        none = np.zeros(weights.shape, np.int16)
        _, effective = apply_rule(
            t.products, t.factors, t.ranges, self.limits, u_active, random, x, y, self.tx, self.ty,
            weights, none, none.copy(), scratch, True,
        )  # fmt: skip
        return weights, effective

    def fast(self, u_active, random, slots=SLOTS, listed=True):
        weights, t = self.weights.copy(), self.table
        words, shorts = scratch_sizes(*weights.shape, len(t.products), slots)
        # What the scratch holds must not matter, but for the table of keys.
        words, shorts = np.full(words, 7, np.int32), np.full(shorts, 7, np.int16)
        shorts[:KEYS] = 0
        nonzeros = np.count_nonzero(weights, axis=1).astype(np.int32)
        events = np.flatnonzero(self.tx).astype(np.int32)
        done, effective, writes = apply_separable(
            t.products, t.factors, *self.limits[0], u_active, random, self.x, self.y, self.tx, self.ty,
            events if listed else events[:0], events.size if listed else -1, weights, nonzeros, slots, words, shorts,
        )  # fmt: skip
        assert not shorts[:KEYS].any()
        assert writes == np.count_nonzero(weights != self.weights)
        np.testing.assert_array_equal(nonzeros, np.count_nonzero(weights, axis=1))
        return done, weights, effective


@settings(max_examples=200, deadline=None)
@given(
    products=products, sign_mode=st.integers(1, 3), u_active=st.booleans(), slots=st.sampled_from([2, SLOTS]),
    listed=st.booleans(),
    offset=st.one_of(st.sampled_from([0, 127]), st.integers(0, 127)), seed=st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_equal_to_the_plain_kernel(products, sign_mode, u_active, slots, listed, offset, seed):
    """Weights at their limits, changes of either sign, more keys than slots."""
    rule = rule_of(products)
    rng = np.random.default_rng(seed)
    layer = Both(rule, sign_mode, rng, int(rng.integers(1, 40)), int(rng.integers(1, 70)), int(rng.choice([3, 127])))
    assert is_separable(layer.table, 1)
    random = (127 - offset + rng.random()) / 128
    done, weights, effective = layer.fast(u_active, random, slots, listed)
    assert done
    expected, acting = layer.plain(u_active, random)
    np.testing.assert_array_equal(weights, expected)
    assert effective == acting


def test_traces_of_eight_bits_are_left_to_the_plain_kernel():
    """Graded spikes can put up to 255 into x1, which has no key."""
    layer = Both(rule_of([(1, 0, "x0", ["x1"])]), 1, np.random.default_rng(0), 6, 5, 127)
    layer.x[0, 3] = 128
    done, weights, _ = layer.fast(True, 0.5)
    assert not done
    np.testing.assert_array_equal(weights, layer.weights)


@pytest.mark.parametrize(
    ("rule", "t_epoch"),
    [
        ({"dw": "x0*y1"}, 2),
        ({"dw": "x0*w"}, 1),
        ({"dw": "x0*y1*sgn(w)"}, 1),
        ({"dw": "x0*y1*t"}, 1),
        ({"dt": "x0*y1"}, 1),
        ({"dw": "x0*y1", "dd": "x0*y1"}, 1),
    ],
)
def test_what_is_not_separable(rule, t_epoch):
    assert not is_separable(compile_rule(Loihi2FLearningRule(**rule, t_epoch=t_epoch)), t_epoch)

"""Floating-point rules against values by hand; `tests/engine/test_stock_parity.py` has Lava's own model."""

from __future__ import annotations

import numpy as np
import pytest

from lava_ed.graph.rule_text import parse
from lava_ed.kernels.stock.float_learning import apply_real_rule, real_trace_history
from lava_ed.kernels.stock.rule_table import RuleTable, compile_rule


class Rule:
    """What `compile_rule` reads of a rule for weights."""

    def __init__(self, text: str) -> None:
        series = parse("dw", text)
        self.active_product_series, self.decimate_exponent = {"dw": series}, series.decimate_exponent


def learned(text: str, y1: list[float], ty: list[int], sign_mode: int = 0) -> list[list[float]]:
    """Weights of 2 × 2 synapses that were −1 and 3, after an epoch of one step in which the first pre neuron spiked."""
    table: RuleTable = compile_rule(Rule(text), real=True)
    x, y = np.zeros((2, 2, 2)), np.zeros((2, 3, 2))
    x[:, 0], y[:, 0] = [0.5, 4.0], y1
    weights = np.array([[-1.0, 3.0], [-1.0, 3.0]])
    apply_real_rule(
        table.products, table.factors, table.ranges, sign_mode, False, True, x, y, np.array([1, 0], np.int32),
        np.array(ty, np.int32), weights, np.zeros((2, 2)), np.zeros((2, 2)), np.zeros(9, np.int32), np.zeros((5, 2)),
    )  # fmt: skip
    return weights.tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x0*2^-1*y1", [[-0.95, 3.1], [-1, 3]]),
        ("y0*x1*3", [[-1, 4.5], [-1, 15]]),
        ("x0*sgn(w-1) + y0*(w+2^-1)", [[-2, 7.5], [-1, 6.5]]),
        ("u2*y1", [[-1, 3], [-1, 3]]),
    ],
)
def test_the_sum_of_products_by_hand(text: str, expected: list[list[float]]) -> None:
    np.testing.assert_allclose(learned(text, [0.1, 0.2], [0, 1]), expected, rtol=1e-15)


def test_what_is_not_finite_is_felt_without_its_condition() -> None:
    """0 times nan is nan, as in numpy."""
    assert np.isnan(learned("x0*y1", [0.1, np.nan], [0, 0])).tolist() == [[False, True], [False, True]]


def test_weights_keep_their_sign_where_they_change() -> None:
    assert learned("x0*y1", [-9.0, 1.0], [0, 0], 1) == [[0, 4], [-1, 3]]
    assert learned("x0*y1", [0.5, 1.0], [0, 0], -1) == [[-0.5, 0], [-1, 3]]


def test_a_spike_as_a_factor_is_refused() -> None:
    with pytest.raises(ValueError, match="y0 is a second condition"):
        compile_rule(Rule("x0*y0"), real=True)


def test_a_history_by_hand() -> None:
    history = np.zeros((3, 1, 2))
    real_trace_history(np.array([[8.0, 4.0]]), np.array([2, 0], np.int32), np.array([0.5]), np.array([3.0]), history)
    assert history.tolist() == [[[8, 4]], [[4, 2]], [[5, 1]]]

"""How lava-dl fits weights into synapses, by hand and as a property."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from lava_ed.errors import ExchangeError
from lava_ed.exchange.netx.synapse import check_exact, effective_weights, fit_weights

MIXED = hnp.arrays(np.int64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=5), elements=st.integers(-128, 127))


def test_mixed_weights_by_hand():
    # The scale is min(127/60, 128/50) = 2.1: one bit, and one more for the sign.
    fitted = fit_weights(np.array([[60, -50], [1, 0]]))
    assert fitted.weights.tolist() == [[240, -200], [4, 0]]
    assert (fitted.bits, fitted.exponent) == (7, -2)


def test_excitatory_weights_by_hand():
    # 255/3 = 85: six bits; no common factor of two.
    fitted = fit_weights(np.array([[3, 1]]))
    assert fitted.weights.tolist() == [[192, 64]]
    assert (fitted.bits, fitted.exponent) == (2, -6)


def test_common_factors_of_two_need_fewer_bits():
    assert fit_weights(np.array([[64, -32]])).bits == 3


@given(MIXED)
def test_mixed_weights_of_a_stored_layer_are_held_exactly(weights):
    if weights.min() < 0 < weights.max():
        assert np.array_equal(effective_weights(fit_weights(weights)), weights)
        check_exact(weights, "here")


def test_a_layer_of_zeros_is_refused():
    with pytest.raises(ExchangeError, match="weights of 0 only"):
        fit_weights(np.zeros((2, 2), np.int64))


@pytest.mark.parametrize("weight", [-257, 255])
def test_weights_out_of_range_are_refused(weight):
    with pytest.raises(ExchangeError, match=f"{weight}.*holds -256 … 254"):
        fit_weights(np.array([[weight, 0]]))


def test_weights_that_change_on_the_way_are_refused():
    # −1 alone is scaled to −256, clipped to −255, and cut to the one bit that lava-dl gives it.
    with pytest.raises(ExchangeError, match="connection 1: the inhibitory weight -1 would become 0 in"):
        check_exact(np.array([[-1]]), "connection 1")

"""Lava's inverse square root, which its one neuron takes from this table of Newton's steps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lava_ed.kernels.stock.graded import inverse_root


@pytest.mark.lava
@pytest.mark.filterwarnings("ignore:overflow encountered in scalar multiply:RuntimeWarning")
@settings(deadline=None)
@given(st.integers(0, 30).flatmap(lambda bits: st.integers(2**bits, 2 ** (bits + 1) - 1)))
@example(2**24 - 1)
@example(2**31 - 1)
def test_inverse_roots_are_lavas(value: int) -> None:
    models = pytest.importorskip("lava.proc.graded.models", reason="the oracle is lava-nc, which needs Python 3.10")
    assert inverse_root(np.int64(value)) == models.inv_sqrt(value, 5)


def test_there_is_no_root_of_0_or_below() -> None:
    assert [inverse_root(np.int64(value)) for value in (0, -1, -(2**31))] == [0, 0, 0]
    assert inverse_root(np.int64(1 << 12)) == pytest.approx(4096, abs=2)

"""Graphs of stock Lava processes on the engine: every Var equal to that of Lava's own models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava", reason="the oracle is lava-nc, which needs Python 3.10")

from hypothesis import given, settings
from hypothesis import strategies as st
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from stock_graphs import WRITABLE, Builder, Graph, components
from stock_lava import StockGraph

from lava_ed.engine import attach

pytestmark = pytest.mark.lava


def assert_same(stock: Graph, read: Any, fused: Graph, when: str) -> None:
    """Every Var of both graphs."""
    for theirs, mine in zip(stock.vars, fused.vars, strict=True):
        name = f"{type(theirs.process).__name__}.{theirs.name} {when}"
        np.testing.assert_array_equal(mine.get(), read(theirs), err_msg=name)


def write_some(rng: Any, stock: Graph, oracle: StockGraph, fused: Graph) -> None:
    """Write the same random values to a few Vars of both."""
    for theirs, mine in zip(stock.vars, fused.vars, strict=True):
        if theirs.name in WRITABLE and rng.random() < 0.15:
            value = rng.integers(*WRITABLE[theirs.name], theirs.shape)
            oracle.set(theirs, value)
            mine.set(value)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_random_graphs_equal_stock_models(seed: int) -> None:
    """Runs in pieces, with writes between them, and before the first step."""
    stock, fused = Builder(seed).build(), Builder(seed).build()
    oracle = StockGraph(stock.processes)
    parts = components(fused)
    for part in parts:
        attach(part)
    rng = np.random.default_rng(seed)
    time_step = 0
    for _ in range(rng.integers(2, 5)):
        if rng.random() < 0.5:
            write_some(rng, stock, oracle, fused)
        steps = int(rng.integers(1, 8))
        for _ in range(steps):
            oracle.step()
        for part in parts:
            part.run(RunSteps(num_steps=steps))
        time_step += steps
        assert_same(stock, oracle.get, fused, f"at step {time_step}")


@pytest.mark.parametrize("seed", [3, 8, 21])
def test_random_graphs_equal_lavas_runtime(seed: int) -> None:
    """The same through Lava's processes and channels: the driver above leaves nothing out."""
    stock, fused = Builder(seed).build(), Builder(seed).build()
    config = Loihi2SimCfg(select_tag="fixed_pt")
    parts, mine = components(stock), components(fused)
    for part in mine:
        attach(part)
    try:
        for steps in (1, 4, 6):
            for part in (*parts, *mine):
                part.run(RunSteps(num_steps=steps), config)
            assert_same(stock, lambda var: var.get(), fused, f"after {steps} steps")
    finally:
        for part in parts:
            part.stop()

"""Graphs of stock Lava processes on the engine: every Var equal to that of Lava's own models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava", reason="the oracle is lava-nc, which needs Python 3.10")

from float_parts import FloatBuilder
from hypothesis import HealthCheck, given, settings
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from neuron_parts import NeuronBuilder
from stock_graphs import Case, Graph, Write, cases, components
from stock_lava import StockGraph, value_of

from lava_ed.engine import attach

pytestmark = [
    pytest.mark.lava,
    # Lava's models add entries to a csr_matrix, and compare one with 0.
    pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning"),
    # A sum of Lava's Conv beyond 32 bits.
    pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning"),
    # What fixed point cuts, or clips at the limits of a weight, is a part of what is compared.
    pytest.mark.filterwarnings("ignore::lava_ed.errors.FixedPointCutWarning"),
]
SLOW = [HealthCheck.too_slow]
"""Lava takes milliseconds to make a process, more on a busy machine."""


def assert_same(stock: Graph, read: Any, fused: Graph, when: str) -> None:
    """Every Var of both graphs."""
    for theirs, mine in zip(stock.vars, fused.vars, strict=True):
        name = f"{type(theirs.process).__name__}.{theirs.name} {when}"
        np.testing.assert_array_equal(value_of(mine), read(theirs), err_msg=name)


@settings(max_examples=max(300, settings().max_examples), deadline=None, suppress_health_check=SLOW)
@given(case=cases())
def test_random_graphs_equal_stock_models(case: Case) -> None:
    """Runs in pieces, with writes between them, and before the first step."""
    run_both(case, "fixed_pt")


def run_both(case: Case, tag: str) -> None:
    """Do with the graph what the script says, on the engine and with Lava's models, and compare after every run."""
    (stock, script), (fused, _) = case.build(), case.build()
    oracle = StockGraph(stock.processes, tag)
    parts = components(fused)
    for part in parts:
        attach(part, Loihi2SimCfg(select_tag=tag))
    time_step = 0
    for action in script:
        if isinstance(action, Write):
            kind = "rules" if isinstance(action.value, str) else "vars"
            oracle.set(getattr(stock, kind)[action.place], action.value)
            getattr(fused, kind)[action.place].set(action.value)
            continue
        for _ in range(action):
            oracle.step()
        for part in parts:
            part.run(RunSteps(num_steps=action))
        time_step += action
        assert_same(stock, oracle.get, fused, f"at step {time_step}")


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
# Rules whose weights grow without end.
@pytest.mark.filterwarnings("ignore:(overflow|invalid value) encountered:RuntimeWarning")
@given(case=cases(FloatBuilder))
def test_random_float_graphs_equal_stock_models(case: Case) -> None:
    """The floating-point models, to the last bit."""
    run_both(case, "floating_pt")


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@pytest.mark.filterwarnings(
    "ignore:overflow encountered in scalar multiply:RuntimeWarning", "ignore:Conversion of an array:DeprecationWarning"
)
@given(case=cases(NeuronBuilder))
def test_random_graphs_of_other_neurons_equal_stock_models(case: Case) -> None:
    """Sigma-delta, graded, resonating and adaptive ones, which wrap around and shift by more than 32 bits."""
    run_both(case, "fixed_pt")


@pytest.mark.parametrize("seed", [1, 33, 43])
def test_random_graphs_equal_lavas_runtime(seed: int) -> None:
    """The same through Lava's processes and channels: the driver above leaves nothing out.

    Among the graphs are Conv and all three sparse synapses, of which no weight is cut to 0: Lava could not
    read the matrix then.
    """
    case = Case.from_seed(seed)
    (stock, _), (fused, _) = case.build(), case.build()
    config = Loihi2SimCfg(select_tag="fixed_pt")
    parts, mine = components(stock), components(fused)
    for part in mine:
        attach(part)
    try:
        for steps in (1, 4, 6):
            for part in (*parts, *mine):
                part.run(RunSteps(num_steps=steps), config)
            assert_same(stock, value_of, fused, f"after {steps} steps")
    finally:
        for part in parts:
            part.stop()

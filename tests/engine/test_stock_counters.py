"""Counters of Lava's own processes on the engine, against what the stock models' spikes and states imply."""

from __future__ import annotations

import pytest

pytest.importorskip("lava", reason="the oracle is lava-nc, which needs Python 3.10")

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from lava.magma.core.run_conditions import RunSteps
from lava.proc.lif.process import LIF
from stock_counters import CountingStockGraph, totals
from stock_graphs import Case, Write, components

from lava_ed.energy import total
from lava_ed.engine import attach
from lava_ed.kernels.counting import COUNTERS

pytestmark = [
    pytest.mark.lava,
    # Lava's models add entries to a csr_matrix, and compare one with 0.
    pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning"),
    # A sum of Lava's Conv beyond 32 bits.
    pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning"),
    # What fixed point cuts, or clips at the limits of a weight, is a part of what is compared.
    pytest.mark.filterwarnings("ignore::lava_ed.errors.FixedPointCutWarning"),
]


@settings(max_examples=max(60, settings().max_examples), deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_random_graphs_count_what_stock_models_do(seed: int) -> None:
    """Every counter of every process, through runs in pieces with writes between them."""
    case = Case.from_seed(seed)
    (stock, script), (fused, _) = case.build(), case.build()
    oracle = CountingStockGraph(stock.processes)
    parts = components(fused)
    runtimes = [attach(part) for part in parts]
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
    found = {name: counts for runtime in runtimes for name, counts in runtime.counters().items()}
    names = {theirs: mine.name for theirs, mine in zip(stock.processes, fused.processes, strict=True)}
    assert set(found) == {names[process] for process in oracle.counts}
    for process, counts in oracle.counts.items():
        for counter in COUNTERS:
            if counter != "barrier_steps":
                where = f"{type(process).__name__} {counter}"
                assert found[names[process]][counter] == totals(counts, counter), where
    for runtime in runtimes:
        if runtime.counters():  # a Monitor or sink alone has no neurocore
            assert total(runtime.counters())["barrier_steps"] == {"forward": time_step, "backward": 0, "update": 0}


def test_a_bias_that_its_exponent_shifts_away_keeps_neurons_active() -> None:
    """The mantissa is there in every step; a write that takes it away leaves nothing to do."""
    lif = LIF(shape=(3,), bias_mant=np.array([1, 0, 1]), bias_exp=np.array([-1, 0, 0]), vth=100, du=4095, dv=0)
    runtime = attach(lif)
    lif.run(RunSteps(num_steps=4))
    assert runtime.counters()[lif.name]["neuron_updates_active"]["forward"] == 4 * 2
    lif.bias_mant.set(np.array([0, 0, 1]))
    lif.run(RunSteps(num_steps=4))
    assert runtime.counters()[lif.name]["neuron_updates_active"]["forward"] == 4 * 2 + 4
    lif.stop()

"""Every scenario of Lava's own tests of the processes that the engine runs, on both sides."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava", reason="the scenarios are of lava-nc, which needs Python 3.10")

from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from stock_graphs import Graph
from stock_lava import StockGraph
from upstream_cases import UPSTREAM_TESTS, WITHOUT_A_RUN, Scenario, scenarios

from lava_ed.engine import attach
from lava_ed.errors import HostedModelWarning

pytestmark = [
    pytest.mark.lava,
    # What fixed point cuts, or clips at the limits of a weight, is a part of what is compared.
    pytest.mark.filterwarnings("ignore::lava_ed.errors.FixedPointCutWarning"),
]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "divergences.md"
ROWS = scenarios()
RUN = [row for row in ROWS if not row.hosted]
HOSTED = [row for row in ROWS if row.hosted]


def named(row: Scenario) -> str:
    return row.origin


def graph_of(net: Any) -> Graph:
    """As `StockGraph` and the comparison want it."""
    return Graph(neurons=list(vars(net).values()))


def var_of(net: Any, name: str) -> Any:
    process, _, var = name.partition(".")
    return getattr(getattr(net, process), var)


def attached(row: Scenario) -> Any:
    net = row.build()
    attach(next(iter(vars(net).values())), Loihi2SimCfg(select_tag=row.tag))
    return net


def assert_known(row: Scenario, net: Any) -> None:
    """What upstream states of the end."""
    for name, value in row.expect.items():
        np.testing.assert_array_equal(var_of(net, name).get(), value, err_msg=name)


@pytest.mark.parametrize("row", RUN, ids=named)
def test_a_scenario_gives_what_lavas_models_give(row: Scenario) -> None:
    stock, fused = row.build(), attached(row)
    theirs, mine = graph_of(stock), graph_of(fused)
    oracle = StockGraph(theirs.processes, row.tag)
    for action in row.actions:
        if isinstance(action, tuple):
            process, var, value = action
            oracle.set(getattr(getattr(stock, process), var), value)
            getattr(getattr(fused, process), var).set(value)
            continue
        for _ in range(action):
            oracle.step()
        mine.processes[0].run(RunSteps(num_steps=action))
        for one, other in zip(theirs.vars, mine.vars, strict=True):
            np.testing.assert_array_equal(
                other.get(), oracle.get(one), err_msg=f"{type(one.process).__name__}.{one.name}"
            )
    assert_known(row, fused)


@pytest.mark.parametrize("row", [row for row in RUN if row.on_lava], ids=named)
def test_a_scenario_gives_what_lavas_runtime_gives(row: Scenario) -> None:
    stock, fused = row.build(), attached(row)
    theirs, mine = graph_of(stock), graph_of(fused)
    try:
        for action in row.actions:
            for graph in (theirs, mine):
                graph.processes[0].run(RunSteps(num_steps=action), Loihi2SimCfg(select_tag=row.tag))
        for one, other in zip(theirs.vars, mine.vars, strict=True):
            if not (row.tag == "floating_pt" and one.name in ("du", "dv", "vth")):  # Lava waits for ever on these
                np.testing.assert_array_equal(other.get(), one.get(), err_msg=one.name)
    finally:
        theirs.processes[0].stop()


@pytest.mark.parametrize("row", HOSTED, ids=named)
def test_a_scenario_that_is_not_lowered_is_hosted(row: Scenario) -> None:
    with pytest.warns(HostedModelWarning, match=row.hosted):
        net = attached(row)
    for action in row.actions:
        if isinstance(action, tuple):
            process, var, value = action
            getattr(getattr(net, process), var).set(value)
        else:
            next(iter(vars(net).values())).run(RunSteps(num_steps=action))
    assert_known(row, net)


def test_no_test_of_upstream_is_missing() -> None:
    names = [row.origin for row in ROWS]
    assert len(set(names)) == len(names)
    assert len(names) + sum(WITHOUT_A_RUN.values()) == UPSTREAM_TESTS


def test_the_page_of_divergences_names_what_is_hosted() -> None:
    """And nothing else: each scenario stands in one row of its table, `*` for a family of names."""
    table = PAGE.read_text().partition("## Scenarios of Lava's own tests")[2]
    patterns = [re.findall(r"`([^`]+)`", row.split("|")[1]) for row in table.splitlines() if row.startswith("| `")]
    listed = [re.compile(name.replace("*", ".*").replace("/", "/")) for names in patterns for name in names]
    for row in ROWS:
        assert sum(bool(name.fullmatch(row.origin)) for name in listed) == bool(row.hosted), row.origin
    for name in listed:
        assert any(name.fullmatch(row.origin) for row in ROWS), name.pattern

"""Samples and time steps beyond 2^31: hours at the engine's speed, reached here by setting the counters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from nets import samples, small_spec

from lava_ed.backends.backend import EngineBackend
from lava_ed.engine.build import build_program
from lava_ed.engine.op import CLOCK
from lava_ed.engine.program import Program
from lava_ed.errors import ConfigError

WORD = 2**31


def at_presentation(kind: str, number: int) -> EngineBackend:
    """A back end whose next presentation has this number."""
    backend = EngineBackend(small_spec(kind, overflow="wrap"))
    backend.bind(samples()[0])
    state = backend.state()
    for name, value in state.items():
        if name.endswith(".presentation"):
            state[name] = np.full_like(value, number - 1)
    backend.load_state(state)
    return backend


@pytest.mark.parametrize("kind", ["std-ed", "mpd-ed"])
def test_a_chunk_across_the_word_is_its_samples_one_by_one(kind: str) -> None:
    """Row and label of each sample do not depend on the number of the presentation, nor on what a chunk is."""
    rows, labels = np.array([5, 1, 4, 4, 0, 7]), np.array([2, 0, 1, 1, 2, 0])
    together, alone = (at_presentation(kind, WORD - 3) for _ in range(2))
    decisions = together.present(rows, labels)
    single = [alone.present(rows[k : k + 1], labels[k : k + 1])[0] for k in range(len(rows))]
    assert decisions.tolist() == single
    for name, value in together.state().items():
        np.testing.assert_array_equal(value, alone.state()[name], err_msg=name)
    assert together.program.get("encoder", "presentation")[0] == WORD + 2
    assert together.program.time_step == (WORD + 3) * together.spec.schedule.period


@pytest.mark.parametrize("kind", ["std-ed", "mpd-ed"])
def test_a_state_beyond_the_word_is_loaded_and_goes_on(kind: str) -> None:
    first = at_presentation(kind, WORD - 2)
    rows, labels = np.arange(4), np.array([0, 1, 2, 0])
    first.present(rows, labels)
    other = EngineBackend(first.spec)
    other.bind(samples()[0])
    other.load_state(first.state())
    assert other.present(rows, labels).tolist() == first.present(rows, labels).tolist()
    for name, value in first.state().items():
        np.testing.assert_array_equal(value, other.state()[name], err_msg=name)


def test_counts_of_the_threshold_pass_the_word() -> None:
    program = build_program(small_spec("std-ed", overflow="wrap"))
    program.bind(samples()[0])
    for name in ("fired", "saturated"):
        program.set("hidden1", name, WORD - 1)
    program.present(np.arange(1), np.zeros(1, int))
    assert program.get("hidden1", "fired")[0] >= WORD - 1
    with pytest.raises(ConfigError, match="a count since the threshold last moved"):
        program.set("hidden1", "fired", -1)
    with pytest.raises(ConfigError, match="the number of a sample"):
        program.set("encoder", "presentation", 2**63 - 1)


@pytest.mark.lava
@pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")
@pytest.mark.parametrize("tag", ["fixed_pt", "floating_pt"])
def test_lavas_processes_run_across_the_word_as_from_the_start(tag: str) -> None:
    """All periods of the graph divide the time step from which the second one starts."""
    period = 5 * 4 * 3 * 2  # of the source, resets, dataloaders, epochs and u1
    start = WORD // period * period
    programs = [lava_program(tag) for _ in range(2)]
    programs[1]._progress[CLOCK] = start
    programs[1]._settled = [start] * len(programs[1]._hosts)
    for program in programs:
        program._step_limits.clear()
        program.run(period)
    assert programs[0].time_step == period
    assert programs[1].time_step == start + period > WORD
    compared = 0
    for (name, var), (_, other) in zip(programs[0].variables, programs[1].variables, strict=True):
        assert var == other
        one, two = programs[0].get(name, var), programs[1].get(_, other)
        if var in ("counters", "refractory_period_end"):
            continue
        np.testing.assert_array_equal(one, two, err_msg=var)
        compared += 1
    assert compared > 20


def lava_program(tag: str) -> Program:
    """All of Lava's processes, without a Monitor, whose record has no room for 2^31 steps."""
    from every_process import fixed_graph, float_graph
    from lava.magma.core.run_configs import Loihi2SimCfg

    from lava_ed import attach

    graph: Any = fixed_graph(monitored=False) if tag == "fixed_pt" else float_graph()
    return attach(graph[0], Loihi2SimCfg(select_tag=tag)).program

"""What a Var may hold, as Lava sees it: ranges, shapes and types, on writing and from the start."""

from __future__ import annotations

import os
from itertools import product
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava", reason="the oracle is lava-nc, which needs Python 3.10")

from every_process import T_EPOCH, fixed_graph, float_graph, rule
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import Dense, LearningDense
from lava.proc.io.reset import Reset
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF
from lava.proc.sparse.process import DelaySparse
from nets import samples, small_spec
from scipy.sparse import csr_matrix
from stock_lava import StockGraph, value_of

from lava_ed import attach
from lava_ed.engine import batch
from lava_ed.engine.build import build_program
from lava_ed.engine.families.plastic_dense import DENSE_RESET
from lava_ed.engine.memory import write_variable
from lava_ed.errors import BackendError, ChipLimitError, ConfigError, LavaEDError, ShapeError
from lava_ed.kernels.fixed_point import COLUMNS_MAX
from lava_ed.learning_rules import STDED
from lava_ed.network.schedule import Schedule
from lava_ed.proc import AFTIF, AFTLIF, PlasticDense, SoftmaxError

pytestmark = [pytest.mark.lava, pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")]
LEARNING = ("LearningDense", "LearningSparse")
TAGS = {"fixed_pt": fixed_graph, "floating_pt": float_graph}


def learning(name: str, graph: list[Any]) -> Any:
    """The process of that class."""
    return next(process for process in graph if type(process).__name__ == name)


@pytest.mark.parametrize("name", LEARNING)
def test_a_spike_time_outside_the_epoch_is_refused(name: str) -> None:
    graph = fixed_graph(monitored=False)
    process = learning(name, graph)
    attach(process)
    process.run(RunSteps(num_steps=3))
    for var, value in product(("tx", "ty"), (2**31 - 1, -1000, 1000, -1, T_EPOCH + 1)):
        before = getattr(process, var).get()
        with pytest.raises(ConfigError, match=rf"{var}: {value}.* 0 … {T_EPOCH} .*epoch"):
            getattr(process, var).set(np.full(before.shape, value))
        np.testing.assert_array_equal(getattr(process, var).get(), before)
    process.run(RunSteps(num_steps=50))


@pytest.mark.parametrize("name", LEARNING)
def test_a_spike_time_of_the_epoch_is_what_it_is_in_lavas_model(name: str) -> None:
    stock, fused = fixed_graph(monitored=False), fixed_graph(monitored=False)
    one, other = learning(name, stock), learning(name, fused)
    stock = [process for process in stock if type(process).__name__ not in ("Reset", "StateDataloader")]
    fused = [process for process in fused if type(process).__name__ not in ("Reset", "StateDataloader")]
    oracle = StockGraph(_alone(one))
    attach(other)
    for step in range(3 * T_EPOCH):
        for var in ("tx", "ty"):
            times = (np.arange(getattr(one, var).shape[0]) + step) % (T_EPOCH + 1)
            oracle.set(getattr(one, var), times)
            getattr(other, var).set(times)
        oracle.step()
        other.run(RunSteps(num_steps=1))
        np.testing.assert_array_equal(value_of(other.weights), oracle.get(one.weights))


def _alone(process: Any) -> list[Any]:
    """All processes of its graph whose models the oracle steps."""
    from lava_ed.proc.walk import collect

    return list(collect(process))


def test_the_limits_hold_from_the_start_and_for_a_reset() -> None:
    dense = LearningDense(weights=np.ones((2, 3), int), learning_rule=rule(dw="x0*y1"))
    dense.tx.init = np.array([0, 1, 9])
    with pytest.raises(ConfigError, match=r"tx: 9 is outside .* 0 … 3"):
        attach(dense)
    dense = LearningDense(weights=np.ones((2, 3), int), learning_rule=rule(dw="x0*y1"))
    reset = Reset(reset_value=4, interval=2)
    reset.connect_var(dense.tx)
    with pytest.raises(ConfigError, match=r"resets .*tx to 4, which holds 0 … 3"):
        attach(dense)
    dense = LearningDense(weights=np.ones((2, 3), int), learning_rule=rule(dw="x0*y1"))
    reset = Reset(reset_value=3, interval=2)
    reset.connect_var(dense.tx)
    attach(dense)
    with pytest.raises(ConfigError, match=r"reset_value: -1.* 0 … 3 .*tx"):
        reset.reset_value.set(np.array([-1]))
    dense.run(RunSteps(num_steps=4))


@pytest.mark.parametrize("tag", TAGS)
def test_every_var_has_lavas_shape_and_type(tag: str) -> None:
    """Lava's runtime gives float64 in the Var's shape, a csr_matrix where one was given, and text as text."""
    graph = TAGS[tag]()
    attach(graph[0], Loihi2SimCfg(select_tag=tag))
    for steps in (0, 2):
        graph[0].run(RunSteps(num_steps=steps)) if steps else None
        for process in graph:
            for var in process.vars:
                if (process.runtime._graph.variables.get(var.id)) is None:
                    with pytest.raises(BackendError, match="holds nothing"):
                        var.get()
                    continue
                value = var.get()
                where = f"{type(process).__name__}.{var.name}"
                if isinstance(var.init, str):
                    assert isinstance(value, str), where
                    continue
                assert value.shape == var.shape, where
                assert isinstance(value, csr_matrix) == isinstance(var.init, csr_matrix), where
                assert value.dtype == np.float64, where


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("delays", [2, np.arange(12).reshape(3, 4) % 3, csr_matrix(np.ones((3, 4), int))])
def test_delays_are_read_and_written_as_they_were_given(tag: str, delays: Any) -> None:
    process = DelaySparse(weights=csr_matrix(np.arange(12).reshape(3, 4) + 1), delays=delays, max_delay=3)
    attach(process, Loihi2SimCfg(select_tag=tag))
    given = delays.toarray() if hasattr(delays, "toarray") else np.zeros((3, 4)) + delays
    for _ in range(2):
        np.testing.assert_array_equal(value_of(process.delays), given)
        process.run(RunSteps(num_steps=1))
    new = np.arange(12).reshape(3, 4) % 4
    if not hasattr(delays, "toarray"):
        process.delays.set(new)
        process.delays.set(np.array([1]), (slice(0, 1), 3))
        np.testing.assert_array_equal(process.delays.get(), [[0, 1, 2, 1], [0, 1, 2, 3], [0, 1, 2, 3]])
        with pytest.raises(ShapeError, match=r"shape \(4, 3\), the Var has \(3, 4\)"):
            process.delays.set(new.T)


def test_a_flag_is_0_or_1() -> None:
    """As Lava's bool."""
    dense = LearningDense(weights=np.ones((2, 3), int), learning_rule=rule(dw="x0*y1"))
    attach(dense)
    dense.x0.set(np.array([5, 0, -2]))
    assert dense.x0.get().tolist() == [1, 0, 1]


def test_a_threshold_beyond_32_bits_is_never_reached() -> None:
    """v is 24 bits; Lava keeps vth as a Python integer."""
    lif, sink = LIF(shape=(1,), v=2**20, vth=2**40), Sink(shape=(1,), buffer=2)
    lif.s_out.connect(sink.a_in)
    attach(lif)
    lif.run(RunSteps(num_steps=2))
    assert lif.vth.get()[0] == 2**40
    assert not sink.data.get().any()


@pytest.mark.parametrize(("interval", "offset"), [(3, 1), (-3, -1), (-2, 1), (0, 0), (1, 0)])
def test_a_reset_at_any_interval_is_lavas(interval: int, offset: int) -> None:
    """Of a Var that is filled by compiled code, and of one that is not."""

    def graph() -> list[Any]:
        source, dense, lif = Source(data=np.ones((2, 1), int)), Dense(weights=np.full((2, 2), 60)), LIF(shape=(2,))
        source.s_out.connect(dense.s_in)
        dense.a_out.connect(lif.a_in)
        resets = [Reset(reset_value=5, interval=1, offset=0) for _ in range(2)]
        for reset, var in zip(resets, (lif.u, dense.a_buff), strict=True):
            reset.interval.init, reset.offset.init = interval, offset
            reset.connect_var(var)
        return [source, dense, lif, *resets]

    if interval == 0:  # Lava's model divides by it
        net = graph()
        attach(net[0])
        net[0].run(RunSteps(num_steps=3))
        return
    stock, fused = graph(), graph()
    oracle = StockGraph(stock)
    attach(fused[0])
    for _ in range(8):
        oracle.step()
        fused[0].run(RunSteps(num_steps=1))
        for place, var in ((2, "u"), (1, "a_buff")):
            expected = oracle.get(getattr(stock[place], var))
            np.testing.assert_array_equal(getattr(fused[place], var).get(), expected)


def test_a_source_without_a_step_is_refused() -> None:
    """Lava divides by the number of its steps."""
    source, sink = Source(data=np.zeros((2, 0), int)), Sink(shape=(2,), buffer=1)
    source.s_out.connect(sink.a_in)
    with pytest.raises(ConfigError, match="at least one time step"):
        attach(sink)


def test_inputs_that_spiked_are_listed_once_whoever_writes_x0() -> None:
    """The loop appends to the list whoever is not marked: marks that a RefPort clears would let it grow without end."""
    program = build_program(small_spec("std-ed", overflow="wrap"))
    program.bind(samples()[0])
    variable, memory = program._variables["dense1", "x0"], program._memory
    for marks in (np.zeros(12), np.ones(12), np.arange(12) % 2):
        program.run(2)
        write_variable(memory, variable, marks, by_reference=True)
        reset = next(row.fields for row in program.rows if row.op is DENSE_RESET.op)
        count, listed = reset["x0_count"], reset["x0_list"]
        spiked = memory.arrays["i32"][listed : listed + memory.arrays["i32"][count]]
        assert spiked.tolist() == np.flatnonzero(marks).tolist()


def test_a_load_that_fails_leaves_values_for_the_first_step_as_they_were() -> None:
    dense = Dense(weights=np.ones((2, 3), int))
    program = attach(dense).program
    node = program.node_names[0]
    with pytest.raises(ConfigError):
        program.load({(node, "weights"): np.full((2, 3), 7), (node, "a_buff"): np.full(2, 2**40)}, 0)
    assert dense.weights.get().tolist() == [[1, 1, 1], [1, 1, 1]]


@pytest.mark.parametrize(
    ("inputs", "read"),
    [(None, []), ([1], []), ({"lif.v": 1}, []), ({}, "v"), ({}, 5), ({}, [None]), ({3: 1}, []), ({}, ["v"])],
)
def test_a_batch_of_anything_else_than_vars(inputs: Any, read: Any) -> None:
    runtime = attach(LIF(shape=(2,)))
    with pytest.raises(LavaEDError):
        runtime.run_batch(inputs, 1, read)


def test_cores_where_the_system_does_not_tell_which(monkeypatch: pytest.MonkeyPatch) -> None:
    assert batch.usable_cores() >= 1
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert batch.usable_cores() == 3
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert batch.usable_cores() == 1
    lif = LIF(shape=(2,))
    assert attach(lif).run_batch({lif.u: np.zeros((4, 2))}, 1, [lif.u])[lif.u].shape == (4, 2)


def test_a_connection_of_more_columns_than_the_kernel_counts() -> None:
    schedule = Schedule(steps=4, layers=1)
    with pytest.raises(ChipLimitError, match="divide the layer"):
        PlasticDense(weights=np.zeros((COLUMNS_MAX + 1, 1), int), rule=STDED(), layer=1, schedule=schedule)
    process = PlasticDense(weights=np.zeros((COLUMNS_MAX, 1), int), rule=STDED(), layer=1, schedule=schedule)
    assert process.weights.shape == (COLUMNS_MAX, 1)


@pytest.mark.parametrize(
    "make",
    [
        lambda s, m: AFTIF(shape=(2,), layer=1, schedule=s, port_shift=17),
        lambda s, m: AFTIF(shape=(2,), layer=1, schedule=s, port_shift=-1),
        lambda s, m: AFTIF(shape=(2,), layer=1, schedule=s, error_limit=0),
        lambda s, m: AFTLIF(shape=(2,), layer=1, schedule=m, port_shift=9),
        lambda s, m: AFTLIF(shape=(2,), layer=1, schedule=m, dv=4096),
        lambda s, m: AFTLIF(shape=(2,), layer=1, schedule=m, half_width="wide"),
        lambda s, m: SoftmaxError(shape=(2,), schedule=s, shift=64),
        lambda s, m: SoftmaxError(shape=(2,), schedule=s, port_shift=2.5),
    ],
)
def test_a_shift_or_factor_that_compiled_code_cannot_take(make: Any) -> None:
    with pytest.raises(ConfigError, match=r"allowed is|integer"):
        make(Schedule(steps=4, layers=2), Schedule(steps=4, layers=2, kind="mpd-ed"))

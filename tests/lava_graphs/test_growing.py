"""What is connected after `attach`: part of the graph before the first step, refused by name after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava", reason="needs lava-nc, which needs Python 3.10")

from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
from lava.magma.core.run_conditions import RunContinuous, RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import Dense, LearningDense
from lava.proc.io.injector import Injector, PyLoihiInjectorModel
from lava.proc.io.reset import Reset
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF
from lava.proc.monitor.process import Monitor
from stock_lava import StockGraph
from user_graphs.layers import OwnLIF, Stack

from lava_ed.energy import EnergyProfiler
from lava_ed.engine import EngineRuntime, attach
from lava_ed.errors import BackendError, UnsupportedProcessError
from lava_ed.lava_graphs.profiler import Loihi2SimProfiler

pytestmark = pytest.mark.lava
FIXED = Loihi2SimCfg(select_tag="fixed_pt")


class Net:
    """Two neurons and a synapse: the first fires in every step, the second sums."""

    def __init__(self) -> None:
        self.first = LIF(shape=(1,), bias_mant=100, vth=1, du=4095, dv=4095, name="first")
        self.second = LIF(shape=(1,), vth=10**5, du=0, dv=0, name="second")
        self.processes: list[Any] = [self.first, self.second]
        self.dense = self.synapse(40, "dense")

    def synapse(self, weight: int, name: str) -> Dense:
        """One more way from the first neuron to the second."""
        dense = Dense(weights=np.array([[weight]]), name=name)
        self.first.s_out.connect(dense.s_in)
        dense.a_out.connect(self.second.a_in)
        self.processes.append(dense)
        return dense

    def run(self, steps: int) -> None:
        self.second.run(RunSteps(num_steps=steps))

    def oracle(self, steps: int) -> StockGraph:
        """Lava's own models of the graph as it is now, after some steps."""
        graph = StockGraph(self.processes)
        for _ in range(steps):
            graph.step()
        return graph


def with_second_input(net: Net) -> Any:
    return net.synapse(90, "later")


def with_reset(net: Net) -> Any:
    reset = Reset(reset_value=0, interval=2)
    reset.connect_var(net.second.u)
    net.processes.append(reset)
    return reset


def with_monitor(net: Net) -> Any:
    monitor = Monitor()
    monitor.probe(net.second.u, 8)
    return monitor


@pytest.mark.parametrize(("add", "expected"), [(None, 10235), (with_second_input, 33265), (with_reset, 0)])
def test_what_is_connected_before_the_first_step_counts(add: Callable[[Net], Any] | None, expected: int) -> None:
    net = Net()
    attach(net.first)
    if add is not None:
        add(net)
    net.run(5)
    assert net.second.u.get().tolist() == [expected]
    assert net.oracle(5).get(net.second.u).tolist() == [expected]


def test_a_monitor_that_is_added_records() -> None:
    net = Net()
    attach(net.first)
    monitor = with_monitor(net)
    net.run(5)
    assert monitor.get_data()["second"]["u"][:5, 0].tolist() == [0, 2560, 5119, 7677, 10235]


@pytest.mark.parametrize("way", ["run", "create_runtime", "counters", "run_batch", "program"])
def test_a_process_that_is_added_gets_the_engine(way: str) -> None:
    """Lava would compile the whole graph and put its own runtime everywhere."""
    net = Net()
    runtime = attach(net.first)
    program = runtime.program
    later = with_second_input(net)
    if way == "run":
        later.run(RunSteps(num_steps=5), FIXED)
    elif way == "create_runtime":
        later.create_runtime(FIXED)
    elif way == "counters":
        assert "later" in runtime.counters()
    elif way == "run_batch":
        found = runtime.run_batch({net.second.v: np.zeros((2, 1))}, 5, [net.second.u])
        assert found[net.second.u].tolist() == [[33265], [33265]]
    else:
        assert "later" in runtime.program.node_names
    assert {id(process.runtime) for process in net.processes} == {id(runtime)}
    assert runtime.program is program
    net.run(0 if way == "run" else 5)
    assert runtime.num_steps == 5
    assert net.second.u.get().tolist() == [33265]


@pytest.mark.parametrize("add", [with_second_input, with_reset, with_monitor])
@pytest.mark.parametrize("background", [False, True])
def test_what_is_connected_after_the_first_step_is_refused_by_name(add: Callable[[Net], Any], background: bool) -> None:
    net = Net()
    runtime = attach(net.first)
    net.run(3)
    added = add(net)
    condition = RunContinuous() if background else RunSteps(num_steps=2)
    for process in (net.first, added):
        with pytest.raises(BackendError, match=rf"after its first step.*process '{added.name}'.*attach\(\) again"):
            process.run(condition, FIXED)
    with pytest.raises(BackendError, match=f"process '{added.name}'"):
        runtime.run_batch({net.second.v: np.zeros((2, 1))}, 5, [net.second.u])
    assert (runtime.num_steps, net.first.runtime, added.runtime) == (3, runtime, None)
    attach(net.second)
    net.run(5)
    assert net.second.u.get().tolist() == net.oracle(5).get(net.second.u).tolist()


def test_a_connection_between_known_processes_is_named() -> None:
    net = Net()
    back = Dense(weights=np.array([[2]]), name="back")
    net.first.s_out.connect(back.s_in)
    back.a_out.connect(net.first.a_in)
    runtime = attach(net.first)
    net.run(1)
    back.a_out.reshape((1,)).connect(net.second.a_in)
    with pytest.raises(BackendError, match=r"ignore it: connection back.a_out → second.a_in\. Call"):
        net.run(1)
    assert runtime.num_steps == 1


def test_a_port_that_leads_nowhere_is_no_change() -> None:
    net = Net()
    runtime = attach(net.first)
    net.run(1)
    net.second.s_out.flatten()
    net.run(1)
    assert runtime.num_steps == 2


def test_what_was_written_and_sent_before_stays() -> None:
    """Weights that the first step cuts, entries by index, messages in the buffer."""
    injector = Injector(shape=(2,), buffer_size=4)
    dense, lif = Dense(weights=np.full((3, 2), 20), name="dense"), LIF(shape=(3,), vth=900, du=100, dv=10)
    injector.out_port.connect(dense.s_in)
    dense.a_out.connect(lif.a_in)
    models = {Injector: PyLoihiInjectorModel}
    runtime = attach(lif, Loihi2SimCfg(select_tag="fixed_pt", exception_proc_model_map=models))
    injector.send(np.array([1, 0]))
    weights = np.array([[60, 8], [12, -40], [100, 2]])
    dense.weights.set(weights)
    lif.v.set(7, 1)
    sink = Sink(shape=(2,), buffer=3)
    injector.out_port.connect(sink.a_in)
    np.testing.assert_array_equal(dense.weights.get(), weights)
    runtime.initialize()
    assert sink.runtime is runtime
    np.testing.assert_array_equal(dense.weights.get(), weights)
    assert lif.v.get().tolist() == [0, 7, 0]
    assert lif.u.get().tolist() == [0, 0, 0]
    injector.send(np.array([0, 1]))
    lif.run(RunSteps(num_steps=2))
    assert sink.data.get()[:, :2].T.tolist() == [[1, 0], [0, 1]]
    assert dense.a_buff.get().tolist() == weights[:, 1].tolist()


def test_a_text_that_was_written_stays() -> None:
    rule = Loihi2FLearningRule(dw="2^-2*x0*y1", x1_impulse=16, x1_tau=5, y1_impulse=9, y1_tau=4, t_epoch=1)
    dense, lif = LearningDense(weights=np.full((3, 2), 20), learning_rule=rule), LIF(shape=(3,))
    runtime = attach(dense)
    dense.dw.set("2^-1*x0*y1")
    dense.a_out.connect(lif.a_in)
    runtime.initialize()
    assert lif.runtime is runtime
    assert dense.dw.get() == "2^-1*x0*y1"


def test_initial_values_are_those_of_the_first_step() -> None:
    """As on Lava; a value that was written is not taken back."""
    spikes = np.zeros((1, 6), int)
    source, lif = Source(data=spikes), LIF(shape=(1,), vth=100, bias_mant=3)
    dense = Dense(weights=np.array([[60]]))
    source.s_out.connect(dense.s_in)
    dense.a_out.connect(lif.a_in)
    attach(lif)
    lif.bias_mant.set(np.array([4]))
    spikes[0, 2:] = 1
    lif.bias_mant.init = 5
    lif.dv.init = 1024
    assert lif.dv.get().tolist() == [1024]
    lif.run(RunSteps(num_steps=6))
    oracle = StockGraph([source, dense, lif])
    oracle.set(lif.bias_mant, np.array([4]))
    for _ in range(6):
        oracle.step()
    for var in (lif.u, lif.v, source.data, dense.a_buff):
        np.testing.assert_array_equal(var.get(), oracle.get(var), err_msg=var.name)
    assert lif.bias_mant.get().tolist() == [4]
    assert lif.u.get()[0] > 0


def test_a_change_that_cannot_be_lowered_leaves_the_graph() -> None:
    net = Net()
    runtime = attach(net.first)
    strange = OwnLIF(shape=(1,), name="strange")
    net.dense.a_out.connect(strange.a_in)
    for process in (net.first, strange):
        with pytest.raises(UnsupportedProcessError, match="'strange'"):
            process.run(RunSteps(num_steps=1), FIXED)
    assert runtime.num_steps == 0
    assert strange.runtime is None
    assert net.first.runtime is runtime


def test_two_graphs_that_are_joined_are_attached_anew() -> None:
    one, other = Net(), Net()
    attach(one.first)
    attach(other.first)
    between = Dense(weights=np.array([[90]]), name="between")
    one.first.s_out.connect(between.s_in)
    between.a_out.connect(other.second.a_in)
    with pytest.raises(BackendError, match=r"between connects 2 graphs.*attach\(\) once"):
        between.run(RunSteps(num_steps=5), FIXED)
    with pytest.raises(BackendError, match=r"another one that has a runtime.*connection first.s_out → between.s_in"):
        one.run(5)
    assert (one.first.runtime.num_steps, other.first.runtime.num_steps) == (0, 0)
    runtime = attach(between)
    other.run(5)
    assert one.first.runtime is runtime
    assert other.second.u.get().tolist() == [33265]


def test_a_stopped_graph_takes_nothing_in() -> None:
    net = Net()
    attach(net.first)
    net.run(1)
    net.first.stop()
    later = with_second_input(net)
    with pytest.raises(BackendError, match="stopped"):
        later.run(RunSteps(num_steps=1), FIXED)


def test_after_detach_lava_runs_what_was_added() -> None:
    net = Net()
    runtime = attach(net.first)
    later = with_second_input(net)
    later.create_runtime(FIXED)
    runtime.detach()
    assert all(process.runtime is None for process in net.processes)
    try:
        later.run(RunSteps(num_steps=5), FIXED)
        assert not isinstance(later.runtime, EngineRuntime)
        assert net.second.u.get().tolist() == [33265]
    finally:
        later.stop()


def test_a_hierarchical_process_grows_with_its_graph() -> None:
    """A Monitor on the alias of an alias, a second Stack behind the first, and weights written between."""
    rng = np.random.default_rng(4)
    first, second = rng.integers(-40, 120, (6, 5)), rng.integers(-40, 120, (8, 6))
    data = (rng.random((5, 7)) < 0.5).astype(int)
    found = []
    for late in (False, True):
        source, net = Source(data=data), Stack(first=first, second=second, name="stack")
        source.s_out.connect(net.s_in)
        if late:
            attach(source)
            inner = net.v.aliased_var.aliased_var.process
            net.weights.set(first + 2)
        more = Stack(first=np.full((4, 8), 120), second=np.full((4, 4), 2), name="more")
        net.s_out.flatten().connect(more.s_in)
        monitors = [Monitor(), Monitor()]
        for monitor, stack in zip(monitors, (net, more), strict=True):
            monitor.probe(stack.v, 12)
        if not late:
            attach(source)
            net.weights.set(first + 2)
        net.run(RunSteps(num_steps=12))
        if late:
            assert net.v.aliased_var.aliased_var.process is inner
        names = ("stack", "more")
        found.append([m.get_data()[name]["v"] for m, name in zip(monitors, names, strict=True)])
        found[-1] += [net.v.get(), more.v.get()]
    assert [bool(value.any()) for value in found[0]] == [True] * 4
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)
    net.runtime.detach()
    assert net.v.aliased_var is None
    assert not more.procs.members


def test_profilers_count_what_was_added() -> None:
    """They hold the program, and a process without a runtime is no reason to start afresh."""
    net = Net()
    attach(net.first)
    with EnergyProfiler(net.first) as profiler:
        with_second_input(net)
        net.run(5)
    assert profiler.counters()["later"]["synops"]["forward"] == 5
    with pytest.raises(BackendError, match="'third'"), EnergyProfiler(net.synapse(1, "third")):
        pass
    other = Net()
    runtime = attach(other.first)
    config = Loihi2SimCfg(select_tag="fixed_pt")
    Loihi2SimProfiler(config)
    with_second_input(other).run(RunSteps(num_steps=5), config)
    assert other.first.runtime is runtime
    assert other.second.u.get().tolist() == [33265]

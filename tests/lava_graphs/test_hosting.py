"""Processes with models of the user's own run on the engine as on Lava's own runtime, bit for bit."""

from __future__ import annotations

import random
import resource
import sys
import traceback
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava", reason="needs lava-nc, which needs Python 3.10")

from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_conditions import RunContinuous, RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.atrlif.process import ATRLIF
from lava.proc.dense.process import Dense
from lava.proc.io.injector import Injector, PyLoihiInjectorModel
from lava.proc.io.source import RingBuffer
from lava.proc.lif.process import LIF
from lava.proc.monitor.models import PyMonitorModel
from lava.proc.monitor.process import Monitor
from lava.proc.sdn.process import Sigma
from scipy.sparse import csr_matrix
from user_graphs.hosted import (
    Alone,
    AloneModel,
    Answering,
    Asking,
    Crossing,
    CrossingModel,
    Keeper,
    Noise,
    NoiseModel,
    Raising,
    Relay,
    Short,
    Stopping,
    Unmade,
)  # fmt: skip

from lava_ed import attach
from lava_ed.engine import EngineRuntime
from lava_ed.errors import BackendError, ConfigError, HostedModelWarning, ShapeError
from lava_ed.lava_graphs.hosting.channels import Channel
from lava_ed.lava_graphs.hosting.kept_memory import KeptMemory
from lava_ed.lava_graphs.hosting.node import Target
from lava_ed.lava_graphs.hosting.streams import OwnStream, RandomStream

pytestmark = pytest.mark.lava
MODELS = {Alone: AloneModel, Crossing: CrossingModel, Injector: PyLoihiInjectorModel}
CONFIG = Loihi2SimCfg(select_tag="fixed_pt", exception_proc_model_map=MODELS)
Graph = dict[str, Any]


def matrix(*shape: int) -> np.ndarray:
    """Even weights that are the same in every test."""
    return np.random.default_rng(5).integers(-40, 60, shape) * 2


def sources_and_sinks() -> Graph:
    """A source, a Dense, a LIF, and a receiver that the source feeds as well; Monitors of hosted Vars and ports."""
    np.random.seed(7)
    noise, dense, lif = Noise(size=6, rate=0.4), Dense(weights=matrix(4, 6)), LIF(shape=(4,), vth=60, du=500, dv=90)
    relay, monitor, port = Relay(size=4), Monitor(), Monitor()
    noise.s_out.connect(dense.s_in)
    dense.a_out.connect(lif.a_in)
    lif.s_out.connect(relay.s_in)
    monitor.probe(relay.total, 40)
    port.probe(noise.x_out, 40)
    return {"noise": noise, "dense": dense, "lif": lif, "relay": relay, "m": monitor, "port": port}


def loops() -> Graph:
    """Hosted neurons and synapses in a circle, beside compiled ones in the same circle."""
    relay, synapse, dense = Relay(size=4), Relay(size=4, first=True), Dense(weights=matrix(4, 4), num_message_bits=8)
    lif, back, data = LIF(shape=(2, 2), vth=30, du=900), Dense(weights=matrix(4, 4)), np.arange(8).reshape(4, 2)
    source = RingBuffer(data=data)
    relay.s_out.connect(synapse.s_in)
    synapse.s_out.connect(relay.s_in)
    relay.s_out.connect(dense.s_in)
    dense.a_out.reshape((2, 2)).transpose((1, 0)).connect(lif.a_in)
    lif.s_out.flatten().connect(back.s_in)
    back.a_out.connect(relay.s_in)
    source.s_out.connect(relay.s_in)
    return {"relay": relay, "synapse": synapse, "dense": dense, "lif": lif, "back": back}


def references() -> Graph:
    """A Keeper of compiled Vars, and one of another Keeper's."""
    lif, first, second = LIF(shape=(3,), vth=10**6, bias_mant=100, dv=30), Keeper(size=3), Keeper(size=3, writes=2)
    first.ref.connect_var(lif.v)
    first.other.connect_var(lif.u)
    second.ref.connect_var(first.seen)
    second.other.reshape((1, 3)).connect(first.kept_port)
    return {"lif": lif, "first": first, "second": second}


def watched() -> Graph:
    """Monitors of Vars that models change in the same phase, in one and two dimensions, beside compiled ones."""
    graph = references()
    for key, var in (("a", "second.seen"), ("b", "second.kept"), ("c", "first.order"), ("d", "lif.bias_mant")):
        process, _, name = var.partition(".")
        graph[key] = Monitor()
        graph[key].probe(getattr(graph[process], name), 19)
    return graph


def asynchronous() -> Graph:
    """A model without a clock, whose messages pass through compiled neurons."""
    alone, dense, lif = Alone(), Dense(weights=matrix(3, 3)), LIF(shape=(3,), vth=20)
    alone.s_out.connect(dense.s_in)
    dense.a_out.connect(lif.a_in)
    lif.s_out.connect(alone.s_in)
    return {"dense": dense, "lif": lif, "alone": alone}


def crossing() -> Graph:
    """A model without a clock that has several channels: to a hosted model, to compiled neurons, and back from both."""
    cross, lif, two = Crossing(), LIF(shape=(3,), vth=20, bias_mant=3), LIF(shape=(2,), vth=15, dv=400)
    relay, dense, sums = Relay(size=2), Dense(weights=matrix(3, 3)), Dense(weights=matrix(2, 2), num_message_bits=8)
    cross.second_out.connect(dense.s_in)
    dense.a_out.connect(lif.a_in)
    lif.s_out.connect(cross.first_in)
    cross.first_out.connect(relay.s_in)
    cross.third_out.connect(relay.s_in)
    relay.s_out.connect(sums.s_in)
    sums.a_out.connect(two.a_in)
    two.s_out.connect(cross.second_in)
    return {"relay": relay, "lif": lif, "two": two, "cross": cross, "dense": dense, "sums": sums}


def short_integers() -> Graph:
    """Neurons that Lava computes in 16 bits, because a message has as many; behind a Dense it has 32."""
    short, dense, sums = Short(), Dense(weights=matrix(2, 2), num_message_bits=16), Sigma(shape=(2,))
    lif, adaptive, behind = LIF(shape=(2,), vth=2000), ATRLIF(shape=(2,)), LIF(shape=(2,), vth=9000)
    for neurons in (lif, adaptive, sums):
        short.s_out.connect(neurons.a_in)
    short.s_out.connect(dense.s_in)
    dense.a_out.connect(behind.a_in)
    return {"lif": lif, "adaptive": adaptive, "sums": sums, "behind": behind}


def changing_order() -> Graph:
    """Models of which one waits for the other in every second step, with compiled sums between them."""
    asking, sums, answering = Asking(), Sigma(shape=(1,)), Answering()
    asking.s_out.connect(sums.a_in)
    sums.s_out.connect(answering.s_in)
    answering.a_out.connect(asking.a_in)
    return {"sums": sums, "second": answering}


def state_of(graph: Graph) -> dict[str, Any]:
    """Every Var, and what Monitors have recorded; Lava never answers for the numbers that its ATRLIF keeps whole."""
    found = {
        f"{name}.{var.name}": np.array(var.get())
        for name, process in graph.items()
        for var in process.vars
        if not isinstance(process, (Alone, Crossing, Monitor))
        and not (isinstance(process, ATRLIF) and var.shape == (1,))
    }
    for name, process in graph.items():
        if isinstance(process, Monitor):
            ((recorded,),) = [of.values() for of in process.get_data().values()]
            found[name] = recorded
    return found


def run_on(graph: Graph, engine: bool, write: Callable[[Graph], None] = lambda graph: None) -> dict[str, Any]:
    """State after two runs, with a write between them."""
    first: AbstractProcess = next(iter(graph.values()))
    if engine:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", HostedModelWarning)
            attach(first, CONFIG)
    try:
        first.run(RunSteps(num_steps=7), CONFIG)
        write(graph)
        first.run(RunSteps(num_steps=12), CONFIG)
        return state_of(graph)
    finally:
        first.stop()


def writes(graph: Graph) -> None:
    """Values for Vars of each kind."""
    for relay in (process for process in graph.values() if isinstance(process, Relay)):
        relay.total.set(relay.total.get() + 1.5)
    if "noise" in graph:
        graph["noise"].rate.set(np.array([0.8]))


@pytest.mark.parametrize(
    "build",
    [
        *(sources_and_sinks, loops, references, watched, asynchronous, crossing, changing_order),
        # Lava's ATRLIF takes a number from an array of one.
        pytest.param(short_integers, marks=pytest.mark.filterwarnings("ignore:Conversion of an array")),
    ],
)
def test_hosted_models_compute_what_they_compute_on_lava(build: Callable[[], Graph]) -> None:
    engine, lava = run_on(build(), True, writes), run_on(build(), False, writes)
    assert engine.keys() == lava.keys()
    for name, value in lava.items():
        np.testing.assert_array_equal(engine[name], value, err_msg=name)
    assert any(np.any(value) for name, value in lava.items() if name.startswith(("relay", "second", "lif")))


@pytest.mark.skipif(sys.platform != "linux", reason="only of glibc")
def test_memory_that_a_model_frees_is_used_again() -> None:
    """Half of an array's time is its pages, which the system makes anew otherwise."""
    size, faults = 5 * 10**7, []
    with KeptMemory():
        for _ in range(3):
            assert len(b"1" * size) == size
            faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
    assert faults[2] - faults[1] < size / resource.getpagesize() / 100


def test_a_warning_names_what_is_hosted() -> None:
    graph = sources_and_sinks()
    with pytest.warns(HostedModelWarning, match=r"Python") as caught:
        runtime = attach(graph["lif"], CONFIG)
    (text,) = [str(item.message) for item in caught]
    for name in ("noise", "relay", "m"):
        assert graph[name].name in text
    assert graph["lif"].name not in text
    assert graph["port"].name not in text
    graph["lif"].run(RunSteps(num_steps=2))
    with pytest.raises(BackendError, match="one by one"):
        runtime.run_batch({graph["lif"].v: np.zeros((2, 4))}, 1, [graph["lif"].v])


def test_the_users_program_keeps_its_random_numbers() -> None:
    graph = sources_and_sinks()
    attached(graph["noise"])
    np.random.seed(3)
    random.seed(3)
    np.random.randn()
    expected = np.random.RandomState(3)
    expected.randn()
    graph["noise"].run(RunSteps(num_steps=3))
    np.testing.assert_array_equal(np.random.randn(3), expected.randn(3))


@pytest.mark.parametrize("looked_at", [False, True])
def test_each_model_begins_where_the_program_is_in_its_first_run(looked_at: bool) -> None:
    """Each model sees the same ones, as each OS process of Lava's is a fork."""
    one, other = Noise(size=40, rate=0.5), Noise(size=40, rate=0.5)
    relay = Dense(weights=np.eye(40))
    one.s_out.connect(relay.s_in)
    other.s_out.connect(relay.s_in)
    attached(one)
    if looked_at:
        assert one.sent.get() == other.sent.get() == 0
    np.random.seed(11)
    expected = np.random.RandomState(11)
    one.run(RunSteps(num_steps=3))
    sent = 0
    for _ in range(3):
        sent += (expected.rand(40) < 0.5).sum()
        expected.randn(1, 40)
    assert [one.sent.get(), other.sent.get()] == [sent, sent]


def attached(process: AbstractProcess) -> EngineRuntime:
    """Attach without the warning, which has a test of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HostedModelWarning)
        return attach(process, CONFIG)


@pytest.mark.parametrize("build", [sources_and_sinks, crossing, watched])
def test_stopped_graphs_are_attached_anew(build: Callable[[], Graph]) -> None:
    """By hand, stop() ends a graph with its values, and attach() begins from the initial ones."""
    graph, first, found = build(), None, []
    first = next(iter(graph.values()))
    initial = None
    for _ in range(3):
        runtime = attached(first)
        begin = state_of(graph)
        initial = initial or begin
        np.random.seed(2)
        first.run(RunSteps(num_steps=6))
        ended = state_of(graph)
        first.stop()
        assert runtime.num_steps == 6
        for name, value in state_of(graph).items():
            np.testing.assert_array_equal(value, ended[name], err_msg=name)
            np.testing.assert_array_equal(begin[name], initial[name], err_msg=name)
        found.append(ended)
    assert any(np.any(found[0][name] != initial[name]) for name in initial)
    for other in found[1:]:
        for name, value in other.items():
            np.testing.assert_array_equal(value, found[0][name], err_msg=name)


def test_graphs_in_several_threads_have_their_own_random_numbers() -> None:
    """Those that each would have alone, by a RandomState of its own; the program's stream is as it was."""
    noises, steps = [Noise(size=40, rate=0.5) for _ in range(3)], 400
    for noise in noises:
        noise.s_out.connect(Relay(size=40).s_in)
        noise.x_out.flatten().connect(Relay(size=40).s_in)
    runtimes = [attached(noise) for noise in noises]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    np.random.seed(11)
    try:
        for noise in noises:
            noise.run(RunSteps(num_steps=steps, blocking=False))
        for noise in noises:
            noise.wait()
    finally:
        sys.setswitchinterval(interval)
    assert [runtime.num_steps for runtime in runtimes] == [steps] * 3
    drawing, sent = np.random.RandomState(11), 0
    for _ in range(steps):
        sent += (drawing.rand(40) < 0.5).sum()
        drawing.randn(1, 40)
    assert [noise.sent.get() for noise in noises] == [sent] * 3
    assert np.random.rand() == np.random.RandomState(11).rand()


def test_an_exception_ends_the_run_with_the_users_line_and_vars_stay() -> None:
    failing = Raising(at=4)
    runtime = attached(failing)
    with pytest.raises(ZeroDivisionError) as caught:
        failing.run(RunSteps(num_steps=10))
    assert traceback.extract_tb(caught.value.__traceback__)[-1].line == "self.count // 0"
    assert failing.count.get() == 4
    assert runtime.num_steps == 3
    with pytest.raises(BackendError, match=r"attach\(\) again.*ZeroDivisionError"):
        failing.run(RunSteps(num_steps=1))
    attached(failing)
    failing.run(RunSteps(num_steps=2))
    assert failing.count.get() == 2


@pytest.mark.parametrize("looked_at", [False, True])
def test_vars_of_a_model_that_cannot_be_made_have_their_initial_values(
    monkeypatch: pytest.MonkeyPatch, looked_at: bool
) -> None:
    """The run says why, and the next one makes the model anew, with the program's random numbers."""
    unmade = Unmade()
    attached(unmade)
    monkeypatch.setattr(Unmade, "missing", ["weights.npy"])

    def look() -> None:
        np.testing.assert_array_equal(unmade.values.get(), [[1.5, 2], [3, 4]])
        np.testing.assert_array_equal(unmade.values.get((0, 1)), 2)
        np.testing.assert_array_equal(unmade.few.get(), [7, 7, 7])
        np.testing.assert_array_equal(unmade.some.get().toarray(), [[0, 5], [6, 0]])
        assert unmade.text.get() == "2*x0"

    if looked_at:
        look()
    for _ in range(2):
        with pytest.raises(FileNotFoundError, match=r"weights\.npy"):
            unmade.run(RunSteps(num_steps=1))
        look()
    with pytest.raises(FileNotFoundError):
        unmade.few.set(np.array([1, 2, 3]))
    monkeypatch.setattr(Unmade, "missing", [])
    np.random.seed(4)
    unmade.run(RunSteps(num_steps=2))
    np.testing.assert_array_equal(unmade.few.get(), [9, 9, 9])
    assert unmade.values.get((0, 0)) == np.random.RandomState(4).randint(10**6)


def test_what_waits_for_ever_on_lava_is_an_error() -> None:
    one, other = Relay(size=4), Relay(size=4)
    one.s_out.connect(other.s_in)
    other.s_out.connect(one.s_in)
    attached(one)
    with pytest.raises(BackendError, match=r"nothing moves in time step 1.*s_in waits for a message of .*s_out"):
        one.run(RunSteps(num_steps=3))
    assert one.last.get() == 0


def test_monitors_of_hosted_vars_run_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = watched()
    with pytest.warns(HostedModelWarning, match="PyMonitorModel"):
        attach(graph["lif"], CONFIG)
    monkeypatch.setattr(PyMonitorModel, "run_post_mgmt", lambda self: pytest.fail("its own model has run"))
    graph["lif"].run(RunSteps(num_steps=19), CONFIG)
    state = state_of(graph)
    graph["lif"].stop()
    # Step 2 has the Keeper's phases before and after learning, 3·0 + 1 and 3·1 + 2, and step 3 its last one, 3·5.
    assert state["c"][:3].tolist() == [[0], [5], [15]]
    assert state["b"].shape == (19, 1, 3)


def test_a_monitor_without_room_ends_the_run_and_keeps_its_record() -> None:
    relay, monitor = Relay(size=2), Monitor()
    monitor.probe(relay.total, 4)
    with pytest.warns(HostedModelWarning):
        attach(relay, CONFIG)
    with pytest.raises(BackendError, match="stopped at time step 4"):
        relay.run(RunSteps(num_steps=5), CONFIG)
    ((recorded,),) = [of.values() for of in monitor.get_data().values()]
    np.testing.assert_array_equal(recorded, [[0, 0.5**k] for k in range(1, 5)])
    relay.stop()


def test_a_model_may_pause_or_stop_its_graph() -> None:
    pausing, stopping = Stopping(at=3, wish="_req_pause"), Stopping(at=2, wish="_req_stop")
    attached(pausing)
    pausing.run(RunSteps(num_steps=9))
    assert pausing.count.get() == 3
    pausing.run(RunSteps(num_steps=2))
    assert pausing.count.get() == 5
    attached(stopping)
    stopping.run(RunContinuous())
    stopping.wait()
    assert stopping.count.get() == 2
    with pytest.raises(BackendError, match="stopped"):
        stopping.run(RunSteps(num_steps=1))


def test_vars_are_there_before_the_first_step_and_take_values_of_their_size() -> None:
    relay = Relay(size=4)
    attached(relay)
    np.testing.assert_array_equal(relay.total.get(), np.arange(4))
    relay.total.set(np.full(4, 2.5))
    assert relay.last.get() == -1
    np.testing.assert_array_equal(relay.total.get(np.array([1, 2])), [2.5, 2.5])
    with pytest.raises(ShapeError, match="takes 4 values, not 3"):
        relay.total.set(np.zeros(3))


def test_a_loop_over_vars_may_read_them_before_the_first_step() -> None:
    """Lava's collections have one iterator each, which making a model must leave alone."""
    keeper, lif = Keeper(size=2), LIF(shape=(2,))
    keeper.ref.connect_var(lif.v)
    keeper.other.connect_var(lif.u)
    attached(keeper)
    assert [var.name for var in keeper.vars if var.get().shape == var.shape] == keeper.vars.member_names
    keeper.run(RunSteps(num_steps=2))
    assert keeper.order.get() == 3 * 1 + 2


def test_what_joins_later_keeps_what_was_written() -> None:
    relay, lif = Relay(size=4), LIF(shape=(4,), vth=3, bias_mant=2)
    attached(relay)
    relay.total.set(np.full(4, 8.0))
    lif.s_out.connect(relay.s_in)
    relay.run(RunSteps(num_steps=1))
    np.testing.assert_array_equal(relay.total.get(), np.full(4, 4.0))


def test_a_hosted_model_receives_the_fractions_of_an_injector() -> None:
    injector, relay = Injector(shape=(4,)), Relay(size=4)
    injector.out_port.connect(relay.s_in)
    attached(relay)
    injector.send(np.full(4, 0.25))
    relay.run(RunSteps(num_steps=1))
    np.testing.assert_array_equal(relay.total.get(), np.arange(4) / 2 + 0.25)


def test_a_setting_that_is_not_lowered_is_hosted() -> None:
    """A threshold for each neuron, by Lava's own model."""
    graph = {"lif": LIF(shape=(3,), vth=np.array([1, 5, 9]), bias_mant=200, du=np.array([1, 2, 3]))}
    lava = {"lif": LIF(shape=(3,), vth=np.array([1, 5, 9]), bias_mant=200, du=np.array([1, 2, 3]))}
    with pytest.warns(HostedModelWarning, match="PyLifModelBitAcc"):
        attach(graph["lif"], CONFIG)
    for one in (graph, lava):
        one["lif"].run(RunSteps(num_steps=9), CONFIG)
    np.testing.assert_array_equal(graph["lif"].v.get(), lava["lif"].v.get())
    lava["lif"].stop()
    # Lava's get() fails at these, as the Vars declare one value.
    assert graph["lif"].vth.get().tolist() == [1, 5, 9]
    graph["lif"].du.set([4, 5, 6])
    assert graph["lif"].du.get().tolist() == [4, 5, 6]


@pytest.mark.parametrize("recorded", ["sent", "s_out"])
def test_a_hosted_monitor_that_is_full_ends_the_run_after_a_whole_step(recorded: str) -> None:
    noise, monitor = Noise(size=4, rate=0.5), Monitor()
    monitor.probe(getattr(noise, recorded), 3)
    attached(noise)
    noise.run(RunSteps(num_steps=2))
    with pytest.raises(BackendError, match=rf"stopped at time step 3, where the room of {monitor.name} \(3\) ends"):
        noise.run(RunSteps(num_steps=2))
    (data,) = monitor.get_data()[noise.name].values()
    total = data[-1, 0] if recorded == "sent" else data.sum()
    assert len(data) == 3
    assert total == noise.sent.get()
    with pytest.raises(BackendError, match="stopped at time step 3"):
        noise.run(RunSteps(num_steps=1))


def test_models_of_processes_have_their_own_parameters() -> None:
    """On Lava each model has a fork of the user's memory."""
    noise = Noise(size=3, rate=0.5)
    assert NoiseModel.implements_process is Noise
    runtime = attached(noise)
    model = runtime._graph.conductor.hosted[noise.name].model  # type: ignore[union-attr]
    assert model.proc_params is not noise.proc_params


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble, np.int64, np.dtype(">i4")])
def test_messages_that_compiled_code_has_no_type_for_are_cast(dtype: type) -> None:
    arrays = {"i32": np.zeros(8, np.int32), "f64": np.zeros(3)}
    whole = np.dtype(dtype).kind == "i"
    signal = SimpleNamespace(size=3, count=0, events=1, values=5, real=-1 if whole else 0)
    target = Target(SimpleNamespace(arrays=arrays), signal, "noise.a_out")
    assert not target.holds(np.dtype(dtype))
    target.expect(np.dtype(dtype))
    target.write(np.array([2, 0, -7], dtype))
    assert (arrays["i32"][5:] if whole else arrays["f64"]).tolist() == [2, 0, -7]
    assert arrays["i32"][:3].tolist() == [2, 0, 2]


def test_integers_that_compiled_code_cannot_hold_are_told_with_the_way_out() -> None:
    arrays = {"i32": np.zeros(8, np.int32), "f64": np.zeros(3)}
    target = Target(
        SimpleNamespace(arrays=arrays), SimpleNamespace(size=3, count=0, events=1, values=5, real=-1), "x.s"
    )
    with pytest.raises(
        ConfigError, match=r"x\.s sends 0 … 2147483648, .* 2147483647: send smaller ones, or run .*Lava"
    ):
        target.write(np.array([0, 2**31, 1]))
    assert not arrays["i32"].any()


@pytest.mark.parametrize("size", [None, 1, 2, 3])
def test_normal_numbers_come_in_pairs_whose_second_is_kept(size: int | None) -> None:
    with OwnStream():
        np.random.seed(5)
        stream, expected = RandomStream(), np.random.RandomState(5)
    for _ in range(6):
        with OwnStream():
            stream.enter()
            drawn = np.random.normal(size=size)
            stream.leave()
        np.testing.assert_array_equal(drawn, expected.normal(size=size))


def test_a_model_may_choose_another_generator() -> None:
    stream, expected = RandomStream(), np.random.RandomState(np.random.PCG64(1))
    for step in range(3):
        with OwnStream():
            stream.enter()
            if not step:
                np.random.set_bit_generator(np.random.PCG64(1))
            drawn = np.random.normal()
            stream.leave()
        assert drawn == expected.normal()


def test_messages_that_are_no_plain_arrays_are_checked_and_copied() -> None:
    channel, taken = Channel("a.s_out", "b.a_in", (2, 3), np.int32, 2), []
    channel.take = lambda data: bool(taken.append(data)) or True
    channel.push(np.ones((2, 3), np.int32))
    assert len(taken) == 1
    channel.push(np.arange(6, dtype=np.int32).reshape(2, 3).view(np.matrix))
    assert channel.pop().tolist() == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(ValueError, match="could not broadcast"):
        channel.push(csr_matrix([[1, 0, 0], [0, 2, 0]], dtype=np.int32))
    assert len(taken) == 1

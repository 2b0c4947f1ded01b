"""Which ProcessModels the engine runs: those that Lava's compiler would select, sub-processes included."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava", reason="needs lava-nc, which needs Python 3.10")

from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2HwCfg, Loihi2SimCfg
from lava.proc.dense.process import Dense, LearningDense
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.models import PyLifModelBitAcc, PyLifModelFloat
from lava.proc.lif.process import LIF
from lava.proc.monitor.process import Monitor
from stock_lava import StockGraph
from user_graphs.hosted import Chip
from user_graphs.layers import (
    Layer,
    OtherModel,
    OwnLIF,
    Probe,
    PyTwofoldModel,
    SameModel,
    Stack,
    Twofold,
    TwofoldSubModel,
)

from lava_ed import EDClassifier
from lava_ed.engine import attach
from lava_ed.errors import BackendError, ConfigError, HostedModelWarning, UnsupportedProcessError
from lava_ed.lava_graphs.graph import lower_graph
from lava_ed.lava_graphs.selection.models import select_model

pytestmark = pytest.mark.lava
FIXED = Loihi2SimCfg(select_tag="fixed_pt")


def stack() -> tuple[Source, Stack, Sink, Monitor]:
    """Source → Stack → Sink, and a Monitor on a Var of the Stack, which is an alias."""
    rng = np.random.default_rng(4)
    source = Source(data=(rng.random((5, 7)) < 0.5).astype(int))
    net = Stack(first=rng.integers(-40, 120, (6, 5)), second=rng.integers(-40, 120, (8, 6)), name="stack")
    sink = Sink(shape=(2, 4), buffer=12)
    monitor = Monitor()
    source.s_out.connect(net.s_in)
    net.s_out.connect(sink.a_in)
    monitor.probe(net.v, 12)
    return source, net, sink, monitor


def wiring(process: Any) -> dict[str, Any]:
    """Everything about a process that building its SubProcessModel changes."""
    collections = (process.in_ports, process.out_ports, process.ref_ports, process.var_ports)
    ports = {port.name: port for ports in collections for port in ports.members}
    return {
        "attributes": {key for key in vars(process) if key != "run"},
        "ports": {name: (list(p.in_connections), list(p.out_connections)) for name, p in ports.items()},
        "aliases": {var.name: var.aliased_var for var in process.vars.members},
        "parts": process.procs.members,
        "parent": process.parent_proc,
    }


def read(graph: tuple[Source, Stack, Sink, Monitor]) -> list[Any]:
    """Values at every border of the Stack."""
    _, net, sink, monitor = graph
    return [net.v.get(), net.weights.get(), sink.data.get(), monitor.get_data()["stack"]["v"]]


def test_nested_sub_processes_equal_lavas_runtime() -> None:
    """Then the same processes run there: detaching has left nothing behind."""
    graph = stack()
    before = [wiring(process) for process in graph]
    found = []
    attach(graph[0])
    weights = 2 * np.arange(30).reshape(6, 5)
    for steps in (5, 7):
        graph[1].run(RunSteps(num_steps=steps))
        found.append(read(graph))
        graph[1].weights.set(weights)
    assert graph[1].runtime.num_steps == 12
    assert all(value.any() for value in found[-1])
    graph[1].runtime.detach()
    assert [wiring(process) for process in graph] == before
    try:
        for steps, expected in zip((5, 7), found, strict=True):
            graph[1].run(RunSteps(num_steps=steps), FIXED)
            for mine, theirs in zip(expected, read(graph), strict=True):
                np.testing.assert_array_equal(mine, theirs)
            graph[1].weights.set(weights)
    finally:
        graph[1].stop()
    # Lava has expanded the Stack for good; the engine takes it as it is.
    attach(graph[2])
    graph[2].run(RunSteps(num_steps=5))
    for mine, theirs in zip(found[0], read(graph), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_attach_again_expands_anew() -> None:
    """From a sub-process, which the first attach has made, too."""
    graph = stack()
    first = attach(graph[1])
    graph[1].run(RunSteps(num_steps=4))
    inner = graph[1].v.aliased_var.aliased_var.process
    assert inner.name == "stack second lif"
    second = attach(inner)
    assert graph[1].runtime is second
    assert second is not first
    assert inner.runtime is None
    assert not graph[1].v.get().any()
    graph[1].run(RunSteps(num_steps=4))
    assert graph[1].v.get().any()


def test_a_failed_attach_leaves_the_graph_as_it_was() -> None:
    """Also when an engine was attached before."""
    graph = stack()
    runtime = attach(graph[0])
    graph[0].run(RunSteps(num_steps=3))
    value = graph[1].v.get()
    probe = Probe(name="nosy")
    layer = Layer(weights=np.ones((4, 8), int), shape=(2, 2))
    graph[1].s_out.flatten().connect(layer.s_in)
    probe.ref.connect_var(layer.v)
    before = [wiring(process) for process in (*graph, probe, layer)]
    with pytest.raises(UnsupportedProcessError) as caught:
        attach(probe)
    for part in (
        "'nosy'",
        "Probe",
        "PyProbeModel",
        "tags: fixed_pt, curious",
        "no ref",
    ):
        assert part in str(caught.value)
    assert [wiring(process) for process in (*graph, probe, layer)] == before
    assert graph[1].runtime is runtime
    np.testing.assert_array_equal(graph[1].v.get(), value)
    assert layer.runtime is None


def test_the_tag_decides() -> None:
    lif = LIF(shape=(3,))
    assert select_model(lif, FIXED) is PyLifModelBitAcc
    assert select_model(lif, Loihi2SimCfg(select_tag="floating_pt")) is PyLifModelFloat
    assert select_model(lif, Loihi2SimCfg(exception_proc_model_map={lif: PyLifModelBitAcc})) is PyLifModelBitAcc
    with pytest.raises(UnsupportedProcessError, match=r"'mine'.*PyLifModelBitAcc \(tags: bit_accurate_loihi, fixed_pt"):
        select_model(LIF(shape=(3,), name="mine"), Loihi2SimCfg(select_tag="mine"))
    with pytest.raises(UnsupportedProcessError, match="CLoihiProcessModel"):
        select_model(lif, Loihi2HwCfg(select_tag="fixed_pt"))


@pytest.mark.parametrize("model", [PyLifModelBitAcc, SameModel])
def test_a_subclass_runs_by_the_model_it_is_given(model: Any) -> None:
    """Lava finds none for it, and then looks no class up; a model that only adds a tag is the same model."""
    mine, theirs = (cls(shape=(3,), bias_mant=30, vth=40, du=10) for cls in (OwnLIF, LIF))
    for config in (FIXED, Loihi2SimCfg(exception_proc_model_map={OwnLIF: model})):
        with pytest.raises(UnsupportedProcessError, match="finds no ProcessModel"):
            attach(mine, config)
    config = Loihi2SimCfg(select_tag="fixed_pt", exception_proc_model_map={mine: model})
    attach(mine, config)
    mine.run(RunSteps(num_steps=9), config)
    oracle = StockGraph([theirs])
    for _ in range(9):
        oracle.step()
    np.testing.assert_array_equal(mine.v.get(), oracle.get(theirs.v))
    assert mine.v.get().all()


def test_a_derived_model_is_another_model() -> None:
    lif = LIF(shape=(3,))
    with pytest.warns(HostedModelWarning, match=r"OtherModel \(tags: bit_accurate_loihi, fixed_pt, leaky\)"):
        attach(lif, Loihi2SimCfg(exception_proc_model_map={LIF: OtherModel}))


def test_sub_process_models_are_taken_where_lava_takes_them() -> None:
    """A process with both kinds: the leaf model, unless the RunConfig asks for the other."""
    both = Twofold(size=3)
    expanding = Loihi2SimCfg(select_tag="fixed_pt", select_sub_proc_model=True)
    assert select_model(both, FIXED) is PyTwofoldModel
    assert select_model(both, expanding) is TwofoldSubModel
    with pytest.warns(HostedModelWarning, match="PyTwofoldModel"):
        attach(both)
    runtime = attach(both, expanding)
    assert len(runtime.program.node_names) == 2
    both.run(RunSteps(num_steps=1), Loihi2SimCfg(select_tag="fixed_pt", select_sub_proc_model=True))
    with pytest.raises(BackendError, match=r"PyTwofoldModel .*runs it as .*TwofoldSubModel"):
        both.run(RunSteps(num_steps=1), FIXED)
    assert runtime.num_steps == 1


def test_every_process_that_is_a_problem_is_named() -> None:
    """Leaf and hierarchical processes, with models and without; the way out comes first, and names no second one."""
    source = Source(data=np.zeros((3, 4), int))
    parts = [OwnLIF(shape=(3,), name="own"), Chip(), Chip(), LIF(shape=(3,), name="good")]
    for part in parts:
        source.s_out.connect(part.a_in)
    with pytest.raises(UnsupportedProcessError) as caught:
        attach(source)
    text = str(caught.value)
    assert text.startswith("Run this graph on Lava's own runtime: call run() with a RunConfig and without attach().")
    assert "cannot run 3 of 5 processes" in text
    for name in ("'own'", repr(parts[1].name), repr(parts[2].name), "ChipModel (tags: fixed_pt)", "supported()"):
        assert name in text
    assert "'good'" not in text
    assert len(text) < 1100
    assert all(part.runtime is None for part in parts)


def test_an_advice_that_leads_to_a_second_refusal_is_not_given() -> None:
    """A process with one model, of the other tag, which the engine does not know either."""
    with pytest.raises(UnsupportedProcessError, match=r"^Run this graph on Lava's own.*none of which the engine knows"):
        attach(Chip(name="chip"), Loihi2SimCfg(select_tag="floating_pt"))
    rule = Loihi2FLearningRule(dw="x0*y0", x1_impulse=1, x1_tau=2, t_epoch=1)
    plastic = LearningDense(weights=np.ones((2, 3), int), learning_rule=rule, name="plastic")
    runtime = attach(plastic)
    with pytest.raises(
        BackendError,
        match=r"selects .*PyLearningDenseModelFloat.*plastic.*call attach\(process, run_cfg\).*fractions.*are cut",
    ):
        plastic.run(RunSteps(num_steps=1), Loihi2SimCfg(select_tag="floating_pt"))
    assert runtime.num_steps == 0


@pytest.mark.parametrize("bad", ["x", None, LIF, 3])
def test_what_is_no_process_is_refused(bad: Any) -> None:
    for function in (attach, lower_graph):
        with pytest.raises(ConfigError, match="Lava process"):
            function(bad)


@pytest.mark.parametrize("bad", [None, (12, 8, 3), "spec"])
def test_a_classifier_needs_a_spec(bad: Any) -> None:
    with pytest.raises(ConfigError, match=r"spec is .*: give a NetworkSpec"):
        EDClassifier(bad, np.zeros((1, 12), np.uint8), [0])


def test_what_is_no_run_config_is_refused() -> None:
    lif = LIF(shape=(3,), name="lif")
    for bad in ("fixed_pt", Loihi2SimCfg, {"select_tag": "fixed_pt"}):
        with pytest.raises(ConfigError, match=r"give it a RunConfig, such as Loihi2SimCfg\(select_tag=\"fixed_pt\"\)"):
            attach(lif, bad)
    for bad in ("PyLifModelBitAcc", LIF, None):
        with pytest.raises(ConfigError, match=r"'lif'.*AbstractProcessModel"):
            attach(lif, Loihi2SimCfg(exception_proc_model_map={lif: bad}))
    assert lif.runtime is None
    attach(lif)
    with pytest.raises(ConfigError, match="give it a RunConfig"):
        lif.run(RunSteps(num_steps=1), "fixed_pt")


def test_a_run_config_for_other_models_is_refused() -> None:
    """Before a step is run, on every process of the graph; the engine goes on."""
    dense, lif = Dense(weights=np.ones((3, 2), int), name="weights"), LIF(shape=(3,))
    dense.a_out.connect(lif.a_in)
    runtime = attach(lif)
    lif.run(RunSteps(num_steps=2), FIXED)
    for process in (dense, lif):
        with pytest.raises(BackendError, match=r"select_tag='floating_pt'.*attach\(process, run_cfg\)"):
            process.run(RunSteps(num_steps=2), Loihi2SimCfg(select_tag="floating_pt"))
    assert runtime.num_steps == 2
    dense.run(RunSteps(num_steps=1))
    assert runtime.num_steps == 3
    runtime.detach()
    assert "run" not in vars(lif)


def test_a_run_config_is_known_by_what_it_selected_when_it_was_looked_at() -> None:
    lif = LIF(shape=(3,))
    given = Loihi2SimCfg(select_tag="fixed_pt")
    runtime = attach(lif, given)
    given.exception_proc_model_map[LIF] = PyLifModelFloat
    lif.run(RunSteps(num_steps=1), FIXED)
    with pytest.raises(BackendError, match=r"selects .*PyLifModelFloat"):
        lif.run(RunSteps(num_steps=1), Loihi2SimCfg(None, "fixed_pt", False, {LIF: PyLifModelFloat}))
    assert runtime.num_steps == 1

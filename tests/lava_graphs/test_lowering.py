"""From a Lava graph to a program: what is lowered, what is refused, and that nothing is forgotten."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava")

from every_process import OURS
from lava.magma.core.model.py.model import AbstractPyProcessModel
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_conditions import RunSteps
from nets import samples, small_spec
from user_graphs import strangers
from user_graphs.strangers import Offspring, Stranger

import lava_ed.proc
from lava_ed import EDClassifier, attach
from lava_ed.engine import supported
from lava_ed.errors import BackendError, UnsupportedProcessError
from lava_ed.lava_graphs.graph import collect, lower_graph
from lava_ed.lava_graphs.lowering import registry
from lava_ed.lava_graphs.lowering.conv import lower_conv
from lava_ed.network import NetworkSpec
from lava_ed.proc import AFTIF, Encoder, EventSource, MembraneReadout, PlasticDense

SPECS = {
    "std-ed": small_spec("std-ed"),
    "mpd-ed": small_spec("mpd-ed", (8, 7)),
    "random feedback": small_spec("mpd-ed", feedback="random"),
    "first spike": small_spec("std-ed", readout="first-spike"),
    "convolutions": small_spec("std-ed", arch="4c2p1-p2-5c2-3", error_shift=1, rate_shifts=(2, 1, 1)),
    "convolutions of mpd-ed": small_spec(**OURS["mpd-ed, convolutions"]),
}


def net_of(spec: NetworkSpec | None = None) -> EDClassifier:
    """A classifier of small random samples."""
    return EDClassifier(spec or small_spec(), *samples())


def exported(base: type) -> set[type]:
    """Classes of lava_ed.proc of one kind."""
    members = (getattr(lava_ed.proc, name) for name in lava_ed.proc.__all__)
    return {member for member in members if inspect.isclass(member) and issubclass(member, base)}


# Nothing is forgotten


def test_every_process_is_supported() -> None:
    assert set(supported()) >= {process.__name__ for process in exported(AbstractProcess)}
    assert len(set(supported())) == len(supported())


def test_every_process_has_a_fixed_point_model() -> None:
    models = exported(AbstractPyProcessModel)
    modelled = {model.implements_process for model in models if "fixed_pt" in model.tags}
    assert modelled == exported(AbstractProcess) - {EDClassifier}


def test_every_process_stands_in_one_of_the_nets_below() -> None:
    """A process added to lava_ed.proc has to be added to SPECS, or the next test would not see it."""
    found = {type(process) for spec in SPECS.values() for process in collect(net_of(spec))}
    assert found == exported(AbstractProcess) - {EventSource}  # which no spec makes


@pytest.mark.parametrize("name", SPECS)
def test_every_var_exists_in_the_program(name: str) -> None:
    """With its shape and its initial value."""
    net = net_of(SPECS[name])
    initial = {var.id: np.broadcast_to(var.init, var.shape) for p in net.processes.values() for var in p.vars}
    graph = lower_graph(net)
    for node, process in net.processes.items():
        for var in process.vars:
            assert graph.variables[var.id] == (node, var.name)
            value = graph.program.get(node, var.name)
            assert value.shape == var.shape
            np.testing.assert_array_equal(value, initial[var.id], err_msg=f"{node}.{var.name}")


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("start", ["net", "encoder", "error", "dense1"])
def test_any_process_leads_to_the_whole_graph(name: str, start: str) -> None:
    net = net_of(SPECS[name])
    start = net.spec.synapses(1) if start == "dense1" else start
    found = collect(net if start == "net" else net.processes[start])
    assert set(found) == {net, *net.processes.values()}
    assert [process.id for process in found] == sorted(process.id for process in found)


def test_two_nets_are_two_graphs() -> None:
    one, other = net_of(), net_of()
    attach(one)
    assert other.runtime is None
    assert all(process.runtime is None for process in other.processes.values())


def test_processes_of_one_name_are_kept_apart() -> None:
    spec = small_spec()
    common = {"schedule": spec.schedule}
    source = Encoder(samples=samples()[0], name="same", **common)
    into = PlasticDense(weights=np.full((8, 12), 2), rule=spec.rule, layer=1, name="same", **common)
    hidden = AFTIF(shape=(8,), layer=1, name="same", **common)
    source.s_out.connect(into.s_in)
    into.a_out.connect(hidden.a_in)
    runtime = attach(source)
    assert len(set(runtime.program.node_names)) == 3
    hidden.run(RunSteps(num_steps=3))
    assert into.weights.get().shape == (8, 12)
    assert hidden.v.get().shape == (8,)


def test_a_lowering_of_ones_own_takes_the_place_of_one_registered_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """And another library's model of the same name leaves Lava's as it is."""
    from lava.proc.conv.models import PyConvModelFixed

    for table in ("_LOWERINGS", "_LATE"):
        monkeypatch.setattr(registry, table, dict(getattr(registry, table)))
    registry._LOWERINGS.pop(PyConvModelFixed, None)

    def own(process: Any, name: str) -> Any:
        raise AssertionError

    registry.lowers("user_graphs.strangers.PyConvModelFixed")(own)
    monkeypatch.setattr(strangers, "PyConvModelFixed", type("PyConvModelFixed", (), {}), raising=False)
    found = registry._lowering(PyConvModelFixed)
    assert found is not None
    assert found.__wrapped__ is lower_conv

    registry.lowers(PyConvModelFixed)(own)
    found = registry._lowering(PyConvModelFixed)
    assert found is not None
    assert found.__wrapped__ is own


# What is refused


def untouched(net: EDClassifier) -> bool:
    """Whether no process has a runtime."""
    return all(process.runtime is None for process in (net, *net.processes.values()))


def test_an_unknown_process_is_named_with_the_way_out() -> None:
    net = net_of()
    stranger = Stranger(name="odd one")
    net.readout.v_out.connect(stranger.s_in)
    for start in (net, stranger):
        with pytest.raises(UnsupportedProcessError) as caught:
            attach(start)
        message = str(caught.value)
        for part in ("'odd one'", "strangers.Stranger", "no ProcessModel", "@implements"):
            assert part in message
    assert untouched(net)
    assert stranger.runtime is None


def test_a_subclass_is_another_process() -> None:
    with pytest.raises(UnsupportedProcessError, match="Offspring"):
        attach(Offspring(shape=(3,), layer=1, schedule=small_spec().schedule))


def test_one_schedule_for_all() -> None:
    net = net_of()
    other = MembraneReadout(shape=(3,), layer=2, schedule=small_spec(steps=7).schedule)
    net.dense2.a_out.connect(other.a_in)
    with pytest.raises(BackendError, match="2 schedules"):
        attach(net)
    assert untouched(net)


def test_one_overflow_policy_for_all() -> None:
    net = net_of()
    other = MembraneReadout(shape=(3,), layer=2, schedule=net.spec.schedule, overflow="wrap")
    net.dense2.a_out.connect(other.a_in)
    with pytest.raises(BackendError, match="2 overflow policies"):
        attach(net)
    assert untouched(net)


def test_a_port_that_rearranges_values_is_refused_on_our_processes() -> None:
    net = net_of()
    other = PlasticDense(
        weights=np.full((3, 16), 2),
        rule=net.spec.rule,
        layer=2,
        schedule=net.spec.schedule,
    )
    more = AFTIF(shape=(8,), layer=1, schedule=net.spec.schedule, name="more")
    net.dense1.a_out.connect(more.a_in)
    net.hidden1.s_out.concat_with([more.s_out], axis=0).connect(other.s_in)
    with pytest.raises(BackendError, match=rf"{other.name}\.s_in has 2 sources"):
        attach(net)
    assert untouched(net)


def test_an_open_port_is_named() -> None:
    with pytest.raises(BackendError, match=r"alone\.a_in is not connected"):
        attach(AFTIF(shape=(3,), layer=1, schedule=small_spec().schedule, name="alone"))


def test_two_sources_are_refused() -> None:
    net = net_of()
    other = PlasticDense(weights=np.full((3, 8), 2), rule=net.spec.rule, layer=2, schedule=net.spec.schedule)
    net.hidden1.s_out.connect(other.s_in)
    other.a_out.connect(net.readout.a_in)
    with pytest.raises(BackendError, match=r"readout\.a_in has 2 sources"):
        attach(net)
    assert untouched(net)

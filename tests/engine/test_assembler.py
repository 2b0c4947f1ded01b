"""From nodes and connections to an op table: order, feeds, and what cannot be assembled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nets import small_spec

from lava_ed.engine.assembler import (
    LEARN,
    RUN,
    SYNAPSES,
    Assembler,
    Connection,
    Node,
)
from lava_ed.engine.assembly import assemble, execution_order
from lava_ed.engine.build import nodes_of
from lava_ed.engine.families.inputs import JOIN_CLEAR, JOIN_LIST, REAL_CLEAR
from lava_ed.engine.loops import codes
from lava_ed.engine.op import number, op
from lava_ed.engine.program import Program
from lava_ed.errors import BackendError
from lava_ed.network.graph import graph_of
from lava_ed.network.schedule import Schedule
from lava_ed.network.wiring import connections_of

SCHEDULE = Schedule(steps=4, layers=2)


@dataclass
class Neuron(Node):
    """Sees the outputs of its own step."""

    delayed: ClassVar[bool] = False


@dataclass
class Synapse(Node):
    """Is seen one step later."""

    delayed: ClassVar[bool] = True


def edge(source: str, target: str) -> Connection:
    """A connection between ports that do not matter."""
    return Connection(source, "s_out", target, "a_in")


def names(nodes: list[Node]) -> list[str]:
    """Their names, in order."""
    return [node.name for node in nodes]


def test_readers_come_after_what_they_read() -> None:
    nodes = [Neuron("c"), Neuron("b"), Neuron("a")]
    assert names(execution_order(nodes, [edge("a", "b"), edge("b", "c")])) == ["a", "b", "c"]


def test_independent_nodes_keep_their_order() -> None:
    assert names(execution_order([Neuron("b"), Neuron("a"), Neuron("c")], [])) == ["b", "a", "c"]


def test_synapses_come_last() -> None:
    nodes = [Synapse("w"), Neuron("b"), Synapse("v"), Neuron("a")]
    edges = [edge("a", "w"), edge("w", "b"), edge("b", "v"), edge("v", "a")]
    assert names(execution_order(nodes, edges)) == ["b", "a", "w", "v"]


@pytest.mark.parametrize("loop", [("a",), ("a", "b"), ("a", "b", "c")])
def test_a_loop_needs_a_synapse(loop: tuple[str, ...]) -> None:
    nodes = [*(Neuron(name) for name in loop), Neuron("outside")]
    edges = [edge(one, loop[(k + 1) % len(loop)]) for k, one in enumerate(loop)]
    with pytest.raises(BackendError, match=", ".join(loop)) as caught:
        execution_order(nodes, edges)
    assert "synapse" in str(caught.value)
    assert "outside" not in str(caught.value)
    # With a synapse in place of the last connection the same loop runs.
    edges[-1:] = [edge(loop[-1], "w"), edge("w", loop[0])]
    assert len(execution_order([*nodes, Synapse("w")], edges)) == len(loop) + 2


@given(st.permutations(range(7)), st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6))))
def test_any_graph_without_loops_is_ordered(shuffled: list[int], pairs: set[tuple[int, int]]) -> None:
    edges = [edge(str(a), str(b)) for a, b in pairs if a < b]
    order = names(execution_order([Neuron(str(k)) for k in shuffled], edges))
    assert sorted(order) == [str(k) for k in range(7)]
    assert all(order.index(e.source) < order.index(e.target) for e in edges)


# Feeds


def graph(without: tuple[str, str] | None = None, kind: str = "std-ed", **changes):
    """Nodes and edges of a small net, less the edge into one port."""
    spec = small_spec(kind, **changes)
    nodes = nodes_of(graph_of(spec))
    edges = [Connection(*e) for e in connections_of(spec)]
    assert without is None or without in {(e.target, e.in_port) for e in edges}
    return nodes, [e for e in edges if (e.target, e.in_port) != without], spec.schedule


@pytest.mark.parametrize("kind", ["std-ed", "mpd-ed"])
@pytest.mark.parametrize(
    "port",
    [("dense1", "s_in"), ("hidden1", "a_in"), ("readout", "a_in"), ("error", "v_in"), ("error", "label_in")],
)
def test_a_port_that_is_needed(kind: str, port: tuple[str, str]) -> None:
    with pytest.raises(BackendError, match=rf"{port[0]}\.{port[1]} is not connected"):
        Program(*graph(port, kind))


def test_a_feedback_without_errors() -> None:
    with pytest.raises(BackendError, match=r"feedback1\.e_in is not connected"):
        Program(*graph(("feedback1", "e_in"), feedback="random"))


@pytest.mark.parametrize("kind", ["std-ed", "mpd-ed"])
@pytest.mark.parametrize(
    "port", [("dense2", "e_in"), ("hidden1", "e_in"), ("dense1", "s_in_y1"), ("dense2", "s_in_y2")]
)
def test_a_port_that_may_stay_open(kind: str, port: tuple[str, str]) -> None:
    nodes, edges, schedule = graph(port, kind)
    program = Program(nodes, edges, schedule)
    program.bind(np.full((1, 12), 99, np.uint8))
    program.run(3 * schedule.period)
    assert program.get("error", "seen")[0] == 3


def test_two_sources_of_one_port() -> None:
    nodes, edges, schedule = graph()
    with pytest.raises(BackendError, match=r"readout\.a_in has 2 sources.*attach"):
        Program(nodes, [*edges, Connection("dense1", "a_out", "readout", "a_in")], schedule)


def test_fan_out_counts_the_ports_fed() -> None:
    nodes, edges, schedule = graph(kind="mpd-ed")
    asm = assemble(nodes, edges, schedule)
    by_name = {node.name: node for node in nodes}
    assert asm.fan_out(by_name["error"], "gate_out") == 2
    assert asm.fan_out(by_name["error"], "e_out") == 1
    assert asm.fan_out(by_name["hidden1"], "e_out") == 0
    assert asm.source(by_name["hidden1"], "e_in") is asm.signals["dense2", "e_out"]
    assert asm.source(by_name["error"], "s_in") is None


# The op table


CLEAR = {"n": 3, "total": 4}
LIST = {"n": 3, "values": 0, "count": 5, "events": 6}


def emitted(asm: Assembler) -> list[list[str]]:
    """Names of the ops of each phase."""
    ops, ptr, order = asm.table()
    names = {codes.JOIN_CLEAR: "clear", codes.JOIN_LIST: "list", codes.REAL_CLEAR: "real"}
    return [[names[code] for code in ops[order[ptr[p] : ptr[p + 1]], 0].tolist()] for p in range(SCHEDULE.period)]


def test_ops_run_in_their_window_and_in_the_order_of_stages() -> None:
    asm = Assembler(SCHEDULE, [])
    asm.op(LEARN, 2, 4, REAL_CLEAR, **CLEAR)
    asm.op(RUN, 0, 3, JOIN_CLEAR, **CLEAR)
    asm.op(SYNAPSES, 1, 3, JOIN_LIST, **LIST)
    asm.op(RUN, 2, 3, JOIN_CLEAR, **CLEAR)
    names = emitted(asm)
    assert names[:4] == [["clear"], ["clear", "list"], ["clear", "clear", "list", "real"], ["real"]]
    assert not any(names[4:])
    ops = asm.table()[0]
    assert ops.shape == (4, 8)
    assert ops[ops[:, 0] == codes.JOIN_LIST, 1:].tolist() == [[3, 0, 5, 6, 0, 0, 0]]
    assert [row.op.name for row in asm.rows()] == ["join_clear", "join_clear", "join_list", "real_clear"]


def test_windows_are_cut_at_the_sample() -> None:
    asm = Assembler(SCHEDULE, [])
    asm.op(RUN, -3, 2, JOIN_CLEAR, **CLEAR)
    asm.op(RUN, SCHEDULE.period - 1, SCHEDULE.period + 9, JOIN_LIST, **LIST)
    names = emitted(asm)
    assert names[0] == names[1] == ["clear"]
    assert names[-1] == ["list"]
    assert sum(map(len, names)) == 3


def test_fields_come_from_a_mapping_where_they_are_no_keywords() -> None:
    asm = Assembler(SCHEDULE, [])
    asm.op(RUN, 0, 1, JOIN_LIST, {**LIST, "another": 1}, count=7)
    asm.every_step(RUN, JOIN_LIST, {**LIST, "another": 1})
    assert [row.fields for row in asm.rows()] == [{**LIST, "count": 7}, LIST]
    with pytest.raises(BackendError, match="missing: events; unknown: none"):
        asm.op(RUN, 0, 1, JOIN_LIST, CLEAR, values=0, count=5)
    with pytest.raises(BackendError, match="missing: none; unknown: another"):
        asm.op(RUN, 0, 1, JOIN_LIST, LIST, another=1)


def test_an_op_that_no_loop_knows() -> None:
    with pytest.raises(BackendError, match="no loop knows the op stranger: run `make loops`"):
        Assembler(SCHEDULE, []).op(RUN, 0, 1, op("stranger", "core", n=number()), n=1)


def test_a_table_without_ops() -> None:
    ops, ptr, _ = Assembler(SCHEDULE, []).table()
    assert ops.shape == (1, 8)
    assert ptr.tolist() == [0] * (SCHEDULE.period + 1)

"""From a Lava graph to a program: every process that is connected, sub-processes included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lava.magma.core.process.ports.ports import AbstractVirtualPort
from lava.magma.core.process.process import AbstractProcess

from lava_ed.engine.assembler import Connection
from lava_ed.engine.lowering import ed as _ed  # noqa: F401  (registers the lowerings)
from lava_ed.engine.lowering.registry import lower, supported_names
from lava_ed.engine.program import Program
from lava_ed.errors import BackendError, UnsupportedProcessError
from lava_ed.proc.walk import collect


@dataclass(frozen=True)
class LoweredGraph:
    """A program and what it stands for.

    Parameters
    ----------
    program : Program
    processes : list
        Every process of the graph, the hierarchical ones too: all get the engine as their runtime.
    variables : dict
        Var id → (node, Var name).
    """

    program: Program
    processes: list[AbstractProcess]
    variables: dict[int, tuple[str, str]]


def supported() -> list[str]:
    """Names of the process classes that the engine can run."""
    return [*supported_names(), "EDClassifier"]


def _connections(leaves: dict[str, AbstractProcess]) -> list[Connection]:
    """Edges between the leaf processes."""
    names = {process.id: name for name, process in leaves.items()}
    edges = []
    for name, process in leaves.items():
        for port in process.out_ports:
            for middle in port.out_connections:
                if isinstance(middle, AbstractVirtualPort):
                    raise UnsupportedProcessError(
                        f"{process.name}.{port.name} leads through a {type(middle).__name__}, which the engine does "
                        "not lower: connect the ports directly, or run without attach()"
                    )
            for target in port.get_dst_ports():
                edges.append(Connection(name, port.name, names[target.process.id], target.name))
    return edges


def lower_graph(process: AbstractProcess) -> LoweredGraph:
    """Lower the whole graph that a process belongs to.

    Raises
    ------
    UnsupportedProcessError
        If a process or port has no lowering.
    BackendError
        If the processes do not share one schedule and one overflow policy.
    """
    processes = collect(process)
    leaves: dict[str, Any] = {}
    for item in processes:
        if hasattr(item, "processes"):
            continue
        name = item.name if item.name not in leaves else f"{item.name}#{item.id}"
        leaves[name] = item
    nodes = [lower(item, name) for name, item in leaves.items()]
    schedules = {item.proc_params["schedule"] for item in leaves.values()}
    policies = {item.proc_params["overflow"] for item in leaves.values()}
    if len(schedules) != 1 or len(policies) != 1:
        raise BackendError(
            f"the graph has {len(schedules)} schedules and {len(policies)} overflow policies, the engine runs one of "
            "each: give all processes the same Schedule and the same overflow"
        )
    program = Program(nodes, _connections(leaves), schedules.pop(), policies.pop())
    known = set(program.variables)
    variables = {
        var.id: (name, var.name) for name, item in leaves.items() for var in item.vars if (name, var.name) in known
    }
    return LoweredGraph(program, processes, variables)

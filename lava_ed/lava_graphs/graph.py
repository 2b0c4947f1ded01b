"""A Lava graph becomes a program: every process that is connected, sub-processes included."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from lava.magma.core.process.ports.ports import AbstractVirtualPort, ConcatPort, InPort, ReshapePort, TransposePort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_configs import RunConfig
from lava.utils.sparse import find

from lava_ed.engine.assembler import Connection, Node
from lava_ed.engine.cuts import Cut, warn_of
from lava_ed.engine.families.pipes import ExtractorNode, InjectorNode
from lava_ed.engine.pipe import Pipe
from lava_ed.engine.program import Program
from lava_ed.errors import (
    BackendError,
    ConfigError,
    HostedModelWarning,
    LavaEDError,
    NotCompiledError,
    UnsupportedProcessError,
)
from lava_ed.installed import without_engine
from lava_ed.lava_graphs.hosting.choice import can_host, find_hosted, referring, room_of
from lava_ed.lava_graphs.hosting.conductor import Conductor
from lava_ed.lava_graphs.hosting.model import HostedModel
from lava_ed.lava_graphs.hosting.node import HostedNode
from lava_ed.lava_graphs.hosting.wiring import Plugs, Wiring, port_type
from lava_ed.lava_graphs.lowering import conv, dense, ed, floating, io, lif, neurons, sigma_delta, sparse  # noqa: F401  (they register)
from lava_ed.lava_graphs.lowering.cuts import find_cuts
from lava_ed.lava_graphs.lowering.registry import NotLoweredError, lower, supported_names
from lava_ed.lava_graphs.lowering.values import NotWholeError
from lava_ed.lava_graphs.selection.expansion import Expansion
from lava_ed.lava_graphs.selection.models import check_run_cfg, default_run_cfg, describe_model
from lava_ed.lava_graphs.selection.record import GraphRecord
from lava_ed.lava_graphs.selection.refusals import floating_way_out, on_lava, refuse_unsupported
from lava_ed.proc.walk import collect

Pipes = dict[tuple[AbstractProcess, str, str], Pipe]
"""(process, port, attribute) → pipe"""


@dataclass(frozen=True)
class LoweredGraph:
    """A program and what it stands for."""

    program: Program
    processes: list[AbstractProcess]
    """Every process of the graph, the hierarchical ones too: all get the engine as their runtime."""
    variables: dict[int, tuple[str, str]]
    """Var id → (node, Var name)."""
    start: AbstractProcess
    """The process from which the graph was found; it exists without the expansion."""
    expansion: Expansion
    """The ProcessModels, and what the SubProcessModels among them have built."""
    pipes: Pipes
    """What an Injector or Extractor sends to or receives from while attached."""
    record: GraphRecord
    """What it was lowered from."""
    cuts: dict[int, Cut]
    """Initial values that the ProcessModels cut, by the ids of their Vars."""
    conductor: Conductor | None = None
    """Runs the processes that are hosted, if there are any."""
    nonzero: dict[int, npt.NDArray[np.bool_]] = field(default_factory=dict)
    """Var id → which stored values of a sparse matrix are none of 0 at first, where some are 0."""

    def hosts(self, node: str) -> bool:
        """Whether a process runs by its own Python model."""
        return self.conductor is not None and node in self.conductor.hosted

    def read(self, name: tuple[str, str], idx: Any = None) -> npt.NDArray[Any]:
        """Value of a Var, or of the entries that `idx` names."""
        if self.conductor is not None and name[0] in self.conductor.hosted:
            return self.conductor.hosted[name[0]].get(name[1], idx)
        return self.program.get(*name, idx)

    def read_var(self, var_id: int, name: tuple[str, str], idx: Any = None) -> npt.NDArray[Any]:
        """Value of a Var, of a sparse matrix without the entries that were stored as 0, for which Lava has no place.

        Raises
        ------
        BackendError
            If one of these holds another value by now.
        """
        found = self.read(name, idx)
        nonzero = self.nonzero.get(var_id)
        if nonzero is None or idx is not None or found.shape != nonzero.shape:
            return found
        if grown := np.count_nonzero(found[~nonzero]):
            raise BackendError(
                f"{'.'.join(name)} has {grown} values other than 0 where it began with stored zeros, for which Lava's "
                "get() has no place: begin with another value there, or read runtime.program.get(process, var), which "
                "gives all that is stored"
            )
        return found[nonzero]

    def write(self, name: tuple[str, str], value: npt.ArrayLike, idx: Any = None) -> None:
        """Write a Var, or the entries that `idx` names; a value that does not fit changes nothing."""
        if self.conductor is not None and name[0] in self.conductor.hosted:
            self.conductor.hosted[name[0]].set(name[1], value, idx)
        else:
            self.program.set(*name, value, idx)

    @contextmanager
    def conducted(self, steps: int | None, ending: threading.Event) -> Iterator[None]:
        """Begin and end a run of the hosted models."""
        if self.conductor is None:
            yield
            return
        self.conductor.begin(sys.maxsize if steps is None else steps, ending)
        yield
        self.conductor.end()

    def warn_of_hosted(self, known: Collection[str] = (), stacklevel: int = 1) -> None:
        """Warn once of all hosted processes, but for those that are known."""
        hosted = {} if self.conductor is None else self.conductor.hosted
        names = [f"{name} ({describe_model(model.cls)})" for name, model in hosted.items() if name not in known]
        if names:
            warnings.warn(
                "these processes run by their own Python models, a few calls of Python in every time step, of which "
                f"nothing is counted: {', '.join(names)}. All others are compiled; `lava-ed info GRAPH.py:NAME` shows "
                "both",
                HostedModelWarning,
                stacklevel=stacklevel + 1,
            )

    def warn_of_cuts(self, known: Collection[int] = (), stacklevel: int = 1) -> None:
        """Warn once of all initial values that fixed point cuts, but for those of Vars that are known by their ids."""
        cuts = [cut for var_id, cut in self.cuts.items() if var_id not in known]
        if any(cut.fractions for cut in cuts):
            way_out = floating_way_out(self.expansion.models, self.expansion.run_cfg)
        else:
            way_out = "Lava's fixed-point models cut them in the same way; choose values that fit"
        warn_of(cuts, way_out, stacklevel + 1)


def supported() -> list[str]:
    """Names of the process classes that the engine can run."""
    return [*supported_names(), "EDClassifier"]


def _paths(port: Any, passed: Sequence[AbstractVirtualPort] = ()) -> Iterator[tuple[Any, list[AbstractVirtualPort]]]:
    """InPorts at which an OutPort's messages end, each with the virtual ports on the way."""
    for following in port.out_connections:
        via = [*passed, following] if isinstance(following, AbstractVirtualPort) else list(passed)
        if following.out_connections:
            yield from _paths(following, via)
        elif isinstance(following, InPort):
            # An OutPort here is the border of a hierarchical process to which nothing is connected outside.
            yield following, via


def _permutation(port: Any, via: Sequence[AbstractVirtualPort]) -> npt.NDArray[np.int64] | None:
    """Places, in the message that was sent, of the values that arrive, −1 for values of others.

    None where nothing moves.
    """
    places, before = np.arange(port.size).reshape(port.shape), port
    for step in via:
        if isinstance(step, ConcatPort):
            places = _concatenated(places, step, before)
        elif isinstance(step, (ReshapePort, TransposePort)):
            places = step.get_transform_func_fwd()(places)
        else:
            raise UnsupportedProcessError(
                f"{port.process.name}.{port.name} leads through a {type(step).__name__}, which the engine does not "
                f"lower: connect the ports directly, or {without_engine()}"
            )
        before = step
    flat = places.reshape(-1)
    return None if np.array_equal(flat, np.arange(port.size)) else flat


def _concatenated(places: npt.NDArray[np.int64], port: Any, part: Any) -> npt.NDArray[np.int64]:
    """Places of one part of what a ConcatPort joins."""
    parts, axis = port.in_connections, port.concat_axis
    (k,) = [k for k, item in enumerate(parts) if item is part]
    start = sum(item.shape[axis] for item in parts[:k])
    whole = np.full(port.shape, -1)
    whole[(slice(None),) * axis + (slice(start, start + part.shape[axis]),)] = places
    return whole


def _connections(leaves: dict[str, AbstractProcess]) -> list[Connection]:
    """Edges between the leaf processes."""
    names = {process.id: name for name, process in leaves.items()}
    edges: list[Connection] = []
    for name, process in leaves.items():
        for port in process.out_ports.members:
            for target, via in _paths(port):
                if target.process.id not in names:
                    raise UnsupportedProcessError(
                        f"{process.name}.{port.name} ends at {target.process.name}.{target.name}, which leads to "
                        f"nothing inside that {type(target.process).__name__}: connect it to a process that receives"
                    )
                edge = Connection(name, port.name, names[target.process.id], target.name, _permutation(port, via))
                if edge in edges:
                    raise UnsupportedProcessError(
                        f"{process.name}.{port.name} reaches {target.process.name}.{target.name} on two ways, which "
                        "Lava mixes up: put a process between on one of them"
                    )
                edges.append(edge)
    return edges


def _common(leaves: dict[str, Any], parameter: str, noun: str) -> Any:
    """The one value that our processes in the graph share; None without any."""
    values = {item.proc_params.get(parameter) for item in leaves.values()} - {None}
    if len(values) > 1:
        raise BackendError(
            f"the graph has {len(values)} {noun}, the engine runs one: give all processes the same {parameter}"
        )
    return values.pop() if values else None


def lower_graph(process: AbstractProcess, run_cfg: RunConfig | None = None) -> LoweredGraph:
    """Lower the whole graph that a process belongs to; parameters and errors are those of `attach`."""
    if not isinstance(process, AbstractProcess):
        raise ConfigError(f"{process!r} is no Lava process: give any process of the graph")
    config = default_run_cfg() if run_cfg is None else run_cfg
    check_run_cfg(config)
    return _lower(process, Expansion(config), {})


def lower_grown(graph: LoweredGraph) -> LoweredGraph:
    """Lower a graph once more, to which something was added: what was expanded and sent before stays.

    Where that is refused the graph is left as it was.
    """
    return _lower(graph.start, graph.expansion, graph.pipes)


def _lower(start: AbstractProcess, expansion: Expansion, pipes: Pipes) -> LoweredGraph:
    found = collect(start)
    leaves = _named(expansion.build(found))
    try:
        refuse_unsupported(expansion.models, expansion.unselected)
        nodes, program, conductor = _compile(leaves, expansion, pipes)
    except BaseException:
        expansion.take_back()
        raise
    known = set(program.variables)
    hosted = () if conductor is None else conductor.hosted
    variables = {
        var.id: (name, var.name)
        for name, item in leaves.items()
        for var in item.vars.members
        if (name, var.name) in known or name in hosted
    }
    processes = list({item.id: item for item in (*found, *expansion.created)}.values())
    record, cuts = GraphRecord(collect(start)), find_cuts(nodes, program)
    nonzero = {
        var.id: find(var.init.tocsr(), explicit_zeros=True)[2] != 0
        for item in leaves.values()
        for var in item.vars.members
        if var.id in variables and hasattr(var.init, "tocsr") and not np.all(var.init.data)
    }
    return LoweredGraph(
        program, processes, variables, start, expansion, _pipes(nodes), record, cuts, conductor, nonzero
    )


def _compile(
    leaves: dict[str, Any], expansion: Expansion, pipes: Pipes
) -> tuple[dict[AbstractProcess, Node], Program, Conductor | None]:
    """Compile all processes but those that are hosted, of which there are more if one turns out to need it."""
    hosted = find_hosted(leaves, expansion.models)
    while True:
        try:
            wiring = Wiring(expansion.models, {process: Plugs() for process in hosted})
            nodes = _nodes(leaves, expansion, wiring)
            _keep(nodes, pipes)
            program = _program(leaves, list(nodes.values()))
            return nodes, program, _conductor(leaves, program, wiring)
        except NotCompiledError as error:
            process = leaves[error.node]
            if process in hosted or not can_host(expansion.models[process]):
                raise UnsupportedProcessError(f"{error}. {on_lava(expansion.models[process])}") from error
            hosted.add(process)
            hosted |= referring(leaves, hosted)


def _conductor(leaves: dict[str, Any], program: Program, wiring: Wiring) -> Conductor | None:
    """What runs the hosted processes; None without any."""
    if not wiring.plugs:
        return None
    names = {process: name for name, process in leaves.items()}
    hosted = {name: HostedModel(item, name, wiring) for name, item in leaves.items() if item in wiring.plugs}
    conductor = Conductor(program, hosted, wiring, names)
    if conductor.acts:
        program.conductor = conductor
    return conductor


def _nodes(leaves: dict[str, Any], expansion: Expansion, wiring: Wiring) -> dict[AbstractProcess, Node]:
    """The node of each leaf process."""
    wiring.connect(leaves)
    names = {process: name for name, process in leaves.items()}
    nodes: dict[AbstractProcess, Node] = {}
    refused: list[LavaEDError] = []
    for name, item in leaves.items():
        try:
            nodes[item] = (
                _hosted_node(item, names, wiring) if item in wiring.plugs else lower(item, name, expansion.models[item])
            )
        except NotLoweredError as error:
            raise NotCompiledError(str(error), name) from error
        except LavaEDError as error:
            refused.append(error)
    if refused:
        texts = "; ".join(str(error) for error in refused)
        whole = not any(isinstance(error, NotWholeError) for error in refused)
        way_out = "" if whole else f". {floating_way_out(expansion.models, expansion.run_cfg)}"
        first = ConfigError if isinstance(refused[0], NotWholeError) else type(refused[0])
        raise first(texts + way_out) from refused[0]
    for item, node in nodes.items():
        if isinstance(node, InjectorNode):
            node.real = _takes_fractions(item, expansion, wiring)
    return nodes


def _takes_fractions(injector: Any, expansion: Expansion, wiring: Wiring) -> bool:
    """Whether all that an Injector feeds is floating-point or hosted, and something is."""
    receivers = [port.process for port in injector.out_port.get_dst_ports() if port.process in expansion.models]
    return bool(receivers) and all(
        process in wiring.plugs or "floating_pt" in expansion.models[process].tags for process in receivers
    )


def _hosted_node(process: Any, names: dict[AbstractProcess, str], wiring: Wiring) -> HostedNode:
    """The node of a hosted process: what it exchanges with compiled ones."""
    outputs = {
        port.name: (port.shape, port_type(wiring.models[process], port))
        for port in process.out_ports.members
        if (process, port.name) in wiring.outlets
    }
    own = {id(end.channel) for ends in wiring.plugs[process].csp.values() for end in ends}
    inputs = tuple(
        (names[source], port)
        for (source, port), channels in wiring.inlets.items()
        if any(id(channel) in own for channel in channels)
    )
    return HostedNode(names[process], outputs, inputs, room_of(process, wiring.models[process]))


def _keep(nodes: dict[AbstractProcess, Node], pipes: Pipes) -> None:
    """Let Injectors and Extractors go on with the pipes that they have, and the messages in them."""
    for (process, _, _), pipe in pipes.items():
        node = nodes.get(process)
        if isinstance(node, (InjectorNode, ExtractorNode)):
            node.pipe = pipe


def _named(processes: Sequence[AbstractProcess]) -> dict[str, Any]:
    """Processes by a name that each has alone."""
    named: dict[str, Any] = {}
    for item in processes:
        named[item.name if item.name not in named else f"{item.name}#{item.id}"] = item
    return named


def _pipes(nodes: dict[AbstractProcess, Node]) -> Pipes:
    """What to put on the ports where Lava's runtime puts its channels to Injectors and Extractors."""
    pipes: Pipes = {}
    for process, node in nodes.items():
        if isinstance(node, InjectorNode):
            pipes[process, "in_port", "external_pipe_csp_send_port"] = node.pipe
        elif isinstance(node, ExtractorNode):
            pipes[process, "out_port", "external_pipe_csp_recv_port"] = node.pipe
    return pipes


def _program(leaves: dict[str, Any], nodes: list[Node]) -> Program:
    """The program of all leaf processes."""
    schedule, overflow = _common(leaves, "schedule", "schedules"), _common(leaves, "overflow", "overflow policies")
    names = {item.id: name for name, item in leaves.items()}
    for node in nodes:
        node.resolve(names)
    return Program(nodes, _connections(leaves), schedule, overflow or "raise")

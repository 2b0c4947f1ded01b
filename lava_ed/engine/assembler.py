"""From nodes and connections to a program: memory layout, execution order, and the op table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.memory import Memory, Slot, Variable
from lava_ed.errors import BackendError
from lava_ed.kernels.counting import N_COUNTERS, N_PHASES
from lava_ed.network.schedule import Schedule

OP_WIDTH: Final = 32
"""Columns of the op table: an opcode and its arguments."""

RUN, SYNAPSES, LEARN = 0, 1, 2
"""Stages of a step: neurons read last step's sums, then synapses sum this step's spikes, then learn."""


@dataclass(frozen=True)
class Signal:
    """What an OutPort offers to the ops of the processes it feeds.

    Parameters
    ----------
    size : int
        Neurons.
    count : int
        Offset (i32) of the number of events, or of a flag that the vector is not all zero.
    events : int
        Offset (i32) of the list of neurons that spiked, −1 for a plain vector.
    values : int
        Offset (i32) of the payload or value of every neuron, −1 for binary spikes.
    """

    size: int
    count: int
    events: int = -1
    values: int = -1


@dataclass(frozen=True)
class Connection:
    """An edge of the graph, by node and port name."""

    source: str
    out_port: str
    target: str
    in_port: str


@dataclass
class Node:
    """A process as the engine sees it; subclasses add parameters, `declare` and `emit`."""

    name: str

    delayed: ClassVar[bool] = False
    """Whether the outputs of a step are seen one step later (synapses)."""

    def declare(self, asm: Assembler) -> None:
        """Reserve the Vars and the signals of the OutPorts."""
        raise NotImplementedError

    def emit(self, asm: Assembler) -> None:
        """Write the ops, now that every signal is known."""
        raise NotImplementedError


@dataclass(frozen=True)
class NeuronCount:
    """A group of neurons whose idle updates follow from steps run and active updates."""

    counters: Slot
    neurons: int


@dataclass
class Assembler:
    """Collects what nodes declare and emit."""

    schedule: Schedule
    connections: Sequence[Connection]
    memory: Memory = field(default_factory=Memory)
    variables: dict[tuple[str, str], Variable] = field(default_factory=dict)
    signals: dict[tuple[str, str], Signal] = field(default_factory=dict)
    neuron_counts: list[NeuronCount] = field(default_factory=list)
    barrier: Slot | None = None
    named: dict[tuple[str, str], Slot] = field(default_factory=dict)
    _ops: dict[int, list[tuple[int, int, list[int]]]] = field(
        default_factory=lambda: {RUN: [], SYNAPSES: [], LEARN: []}
    )

    def var(self, node: Node, name: str, shape: tuple[int, ...], init: npt.ArrayLike = 0, arena: str = "i32") -> int:
        """Reserve a Var and return its offset."""
        slot = self.memory.allocate(arena, shape, init)
        self.variables[node.name, name] = Variable(slot)
        return slot.offset

    def counters(self, node: Node, neurons: int = 0) -> int:
        """Reserve the counters of a node and return their offset (i64)."""
        offset = self.var(node, "counters", (N_COUNTERS, N_PHASES), arena="i64")
        slot = self.variables[node.name, "counters"].slot
        if neurons:
            self.neuron_counts.append(NeuronCount(slot, neurons))
        return offset

    def scratch(self, size: int, arena: str = "i32") -> int:
        """Reserve memory that is not a Var and return its offset."""
        return self.memory.allocate(arena, (size,)).offset

    def event_signal(self, node: Node, port: str, size: int, values: int = -1) -> Signal:
        """Reserve an event list for an OutPort."""
        signal = Signal(size, self.scratch(1), self.scratch(size), values)
        self.signals[node.name, port] = signal
        return signal

    def vector_signal(self, node: Node, port: str, size: int, values: int) -> Signal:
        """Offer a vector (offset `values`) on an OutPort, with a flag that it is not all zero."""
        signal = Signal(size, self.scratch(1), -1, values)
        self.signals[node.name, port] = signal
        return signal

    def source(self, node: Node, port: str) -> Signal | None:
        """The signal that feeds an InPort, None where it is unconnected.

        Raises
        ------
        BackendError
            If several OutPorts feed it.
        """
        feeds = [c for c in self.connections if c.target == node.name and c.in_port == port]
        if not feeds:
            return None
        if len(feeds) > 1:
            raise BackendError(
                f"{node.name}.{port} has {len(feeds)} sources; the engine joins one. Join them before it, "
                "or run the graph on Lava's own runtime (without attach)"
            )
        return self.signals[feeds[0].source, feeds[0].out_port]

    def required(self, node: Node, port: str) -> Signal:
        """As `source`, for a port that the process cannot do without."""
        signal = self.source(node, port)
        if signal is None:
            raise BackendError(f"{node.name}.{port} is not connected: connect it before the first run")
        return signal

    def zeros(self, size: int) -> int:
        """Offset of a vector that stays zero: the input of an unconnected port."""
        return self.scratch(size)

    def fan_out(self, node: Node, port: str) -> int:
        """How many InPorts an OutPort feeds."""
        return sum(c.source == node.name and c.out_port == port for c in self.connections)

    def op(self, stage: int, start: int, stop: int, opcode: int, *args: int) -> None:
        """Append an op that runs in phases start … stop − 1; windows past the sample's end are cut."""
        row = [opcode, *(int(x) for x in args)]
        if len(row) > OP_WIDTH:
            raise AssertionError(f"op {opcode} has {len(row)} columns, the table has {OP_WIDTH}")
        self._ops[stage].append((max(start, 0), min(stop, self.schedule.period), row))

    def table(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(ops, ptr, order): the ops of phase p are ops[order[ptr[p] : ptr[p + 1]]], in execution order."""
        rows = [entry for stage in (RUN, SYNAPSES, LEARN) for entry in self._ops[stage]]
        ops = np.zeros((max(len(rows), 1), OP_WIDTH), np.int64)
        for k, (_, _, row) in enumerate(rows):
            ops[k, : len(row)] = row
        ptr = [0]
        order: list[int] = []
        for phase in range(self.schedule.period):
            order += [k for k, (start, stop, _) in enumerate(rows) if start <= phase < stop]
            ptr.append(len(order))
        return ops, np.array(ptr, np.int64), np.array(order or [0], np.int64)


def execution_order(nodes: Iterable[Node], connections: Sequence[Connection]) -> list[Node]:
    """Nodes such that each one comes after those whose outputs it reads in the same step.

    Synapses (``delayed``) come last: what they send was summed one step earlier.

    Raises
    ------
    BackendError
        If processes feed each other in a loop without a synapse, which deadlocks on Lava too.
    """
    nodes = list(nodes)
    immediate = {n.name for n in nodes if not n.delayed}
    waiting = {
        n.name: {c.source for c in connections if c.target == n.name} & immediate for n in nodes if not n.delayed
    }
    by_name = {n.name: n for n in nodes}
    ordered: list[Node] = []
    while waiting:
        ready = [name for name, sources in waiting.items() if not sources]
        if not ready:
            raise BackendError(
                f"{', '.join(sorted(waiting))} feed each other in one time step: put a synapse (with its one-step "
                "delay) into the loop"
            )
        for name in ready:
            ordered.append(by_name[name])
            del waiting[name]
        for sources in waiting.values():
            sources.difference_update(ready)
    return ordered + [n for n in nodes if n.delayed]


def assemble(nodes: Sequence[Node], connections: Sequence[Connection], schedule: Schedule) -> Assembler:
    """Lay out memory and write the op table for a graph."""
    asm = Assembler(schedule, connections)
    ordered: list[Any] = execution_order(nodes, connections)
    for node in ordered:
        node.declare(asm)
    for node in ordered:
        node.emit(asm)
    asm.memory.freeze()
    return asm

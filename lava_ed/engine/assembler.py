"""What nodes declare and emit: Vars, signals, and the op table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lava_ed.engine.hosts import Feeder, HostTask
from lava_ed.engine.idle import NeuronCount
from lava_ed.engine.loops import codes
from lava_ed.engine.memory import CACHE_LINE, Limits, Memory, Slot, Variable
from lava_ed.engine.op import NOWHERE, Op
from lava_ed.errors import BackendError
from lava_ed.installed import without_engine
from lava_ed.kernels.counting import BACKWARD, FORWARD, N_COUNTERS, N_PHASES
from lava_ed.network.schedule import Schedule
from lava_ed.network.wiring import ON_CORE_PORTS

NODES: Final[dict[str, type[Node]]] = {}
"""The node of each of our kinds of process; every one registers itself."""
Shared = Mapping[str, int]
NOTHING: Final[Shared] = MappingProxyType({})
_LINE: Final = CACHE_LINE // 8
"""Rows of the op table begin at a cache line."""

RUN, SYNAPSES, LEARN, RECORD, WRITE = range(5)
"""Stages of a step: neurons read last step's sums, synapses sum this step's spikes, learn, are recorded, are written
through RefPorts."""
STAGES: Final = ("run", "synapses", "learn", "record", "write")

TALLIES: Final = Limits(0, 2**62, "a count")
"""Range that a tally of 64 bits may be set to, from where it goes on counting."""


def raise_flag(flag: Slot, memory: Memory) -> None:
    """Set a flag to 1."""
    memory.view(flag)[0] = 1


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
    vector : int
        Offset (i32) of the message as a vector, zeros included, −1 where only the events are kept.
    bits : int
        Bits of the integers in which Lava sends it.
    real : int
        Offset (f64) of the message as a vector, −1 where it is made of integers.
    held : bool
        Whether the values stay after the step in which they are sent, for readers that know when to read.
    wanted : int
        Offset (i32) of a flag that somebody reads the vector (or the values), −1 where it is always written.
    """

    size: int
    count: int
    events: int = -1
    values: int = -1
    vector: int = -1
    bits: int = 32
    held: bool = False
    real: int = -1
    wanted: int = -1

    @property
    def payloads(self) -> int:
        """Offset (i32) of the payloads of the events, −1 where all of them are 1."""
        return self.vector if self.vector >= 0 else self.values


@dataclass(frozen=True)
class Connection:
    """An edge of the graph, by node and port name.

    Where the edge permutes the values, value k of the InPort is value ``index[k]`` of the OutPort; where the InPort
    concatenates several messages, −1 stands for the values of the others.
    """

    source: str
    out_port: str
    target: str
    in_port: str
    index: npt.NDArray[np.int64] | None = field(default=None, compare=False)


@dataclass
class Node:
    """A process as the engine sees it; subclasses add parameters, `declare` and `emit`.

    A subclass says with ``kinds`` which of our kinds of process it is the node of.
    """

    name: str
    at: dict[str, int] = field(init=False, default_factory=dict, repr=False, compare=False)
    """Offsets of its Vars, and of other regions of its ops, by the names of their fields."""

    delayed: ClassVar[bool] = False
    """Whether the outputs of a step are seen one step later (synapses)."""

    observes: ClassVar[bool] = False
    """Whether the process only records what others do, and so comes after all of them."""

    hosted: ClassVar[bool] = False
    """Whether other code does what the process does, and says when its messages are there."""

    off_chip: ClassVar[bool] = False
    """Whether what it receives has left the neurocores, so that no spike message is counted for it."""

    def __init_subclass__(cls, kinds: tuple[str, ...] = ()) -> None:
        NODES.update(dict.fromkeys(kinds, cls))

    def resolve(self, names: Mapping[int, str]) -> None:
        """Learn the node names of the processes (by id) that this one refers to otherwise than by a port."""

    def declare(self, asm: Assembler) -> None:
        """Reserve the Vars and the signals of the OutPorts."""
        raise NotImplementedError

    def emit(self, asm: Assembler) -> None:
        """Write the ops, now that every signal is known."""
        raise NotImplementedError


class Row(NamedTuple):
    """An op that a node emitted: whose it is, the phases in which it runs, and its fields by name."""

    owner: str
    stage: int
    start: int
    stop: int
    op: Op
    fields: Mapping[str, int]
    columns: Sequence[int]


@dataclass
class Assembler:
    """Collects what nodes declare and emit.

    Parameters
    ----------
    timing : Schedule or None
        The phases of a sample; None for a graph in which every step is like the others.
    connections : sequence of Connection
    """

    timing: Schedule | None
    connections: Sequence[Connection]
    memory: Memory = field(default_factory=Memory)
    variables: dict[tuple[str, str], Variable] = field(default_factory=dict)
    signals: dict[tuple[str, str], Signal] = field(default_factory=dict)
    neuron_counts: list[NeuronCount] = field(default_factory=list)
    barrier: Slot | None = None
    named: dict[tuple[str, str], Slot] = field(default_factory=dict)
    prologue: list[Callable[[Memory], None]] = field(default_factory=list)
    """What processes do once, in their first step."""
    followers: list[Callable[[Memory], None]] = field(default_factory=list)
    """What is derived from Vars: after the prologue, and again after every write to one of them."""
    feeders: list[Feeder] = field(default_factory=list)
    hosts: list[HostTask] = field(default_factory=list)
    step_limits: dict[str, int] = field(default_factory=dict)
    off_chip: frozenset[str] = frozenset()
    counting: bool = True
    owner: str = ""
    """Node that emits."""
    _rows: list[Row] = field(default_factory=list)

    @property
    def schedule(self) -> Schedule:
        """The schedule, for processes that have phases."""
        if self.timing is None:
            raise BackendError("the graph has a process with phases and no Schedule: give it one")
        return self.timing

    @property
    def period(self) -> int:
        """Phases after which the ops repeat."""
        return 1 if self.timing is None else self.timing.period

    def var(
        self,
        node: Node,
        name: str,
        shape: tuple[int, ...],
        init: npt.ArrayLike = 0,
        arena: str = "i32",
        limits: Limits | None = None,
    ) -> int:
        """Reserve a Var and return its offset; the limits hold for `init` too."""
        slot = self.memory.allocate(arena, shape, init)
        self.variables[node.name, name] = Variable(slot, limits=limits)
        node.at[name] = slot.offset
        return slot.offset

    def before_read(self, node: Node, name: str, callback: Callable[[Memory], None]) -> None:
        """Call `callback` before a Var is read between two steps, so that the reader finds its current value."""
        self.variables[node.name, name] = replace(self.variables[node.name, name], before_read=callback)

    def after_write(self, node: str, name: str, callback: Callable[[Memory], None]) -> None:
        """Add a callback to those that are called after every write to a Var."""
        variable = self.variables[node, name]
        before = variable.after_write

        def both(memory: Memory) -> None:
            """Call one after the other."""
            if before is not None:
                before(memory)
            callback(memory)

        self.variables[node, name] = replace(variable, after_write=both)

    def follow(self, node: Node, names: Iterable[str], callback: Callable[[Memory], None]) -> None:
        """Call what derives values from Vars before the first step, and again after every write to one of the Vars."""
        self.followers.append(callback)
        for name in names:
            self.after_write(node.name, name, callback)

    def variable_at(self, slot: Slot) -> Variable:
        """The Var that lies in a region, so that another node can show it too; a new one if no Var lies there."""
        return next((variable for variable in self.variables.values() if variable.slot == slot), Variable(slot))

    def counters(self, node: Node, neurons: int = 0) -> int:
        """Reserve the counters of a node and return their offset (i64)."""
        offset = self.var(node, "counters", (N_COUNTERS, N_PHASES), arena="i64", limits=TALLIES)
        slot = self.variables[node.name, "counters"].slot
        if neurons:
            self.neuron_counts.append(NeuronCount(slot, neurons))
        return offset

    def counted_step(self, stage: int, declared: Any, node: Node, shared: Shared = NOTHING, /, **fields: int) -> None:
        """Append an op that runs in every phase and counts what it does, in the counters of `node`.

        A sample has a forward and a backward part, and each has counters of its own.  So the op is appended once for
        each part, and its field ``counters`` is the offset (i64) of that part's counters, −1 if nothing counts.
        """
        offset = self.variables[node.name, "counters"].slot.offset
        backward = self.period if self.timing is None else self.timing.error_phase + 1
        for start, stop, part in ((0, backward, FORWARD), (backward, self.period, BACKWARD)):
            counters = offset + part if self.counting else NOWHERE
            if start < stop:
                self.op(stage, start, stop, declared, shared, **fields, counters=counters)

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
        signal = Signal(size, self.scratch(1), -1, values, values)
        self.signals[node.name, port] = signal
        return signal

    def feeds(self, node: Node, port: str) -> list[Connection]:
        """Connections that end in an InPort."""
        return [c for c in self.connections if c.target == node.name and c.in_port == port]

    def source(self, node: Node, port: str) -> Signal | None:
        """The signal that feeds an InPort, None where it is unconnected.

        Raises
        ------
        BackendError
            If several OutPorts feed it.
        """
        feeds = self.feeds(node, port)
        if not feeds:
            return None
        if len(feeds) > 1:
            raise BackendError(
                f"{node.name}.{port} has {len(feeds)} sources; the engine joins one. Join them before it, "
                f"or {without_engine()}"
            )
        if feeds[0].index is not None:
            raise BackendError(
                f"{node.name}.{port} is fed through a port that permutes its values; the engine does so for Lava's "
                f"own processes only. Permute the weights, or {without_engine()}"
            )
        signal = self.signals[feeds[0].source, feeds[0].out_port]
        self.want_vector(signal)
        return signal

    def required(self, node: Node, port: str) -> Signal:
        """The signal that feeds a port which the process cannot do without."""
        signal = self.source(node, port)
        if signal is None:
            raise BackendError(f"{node.name}.{port} is not connected: connect it before the first run")
        return signal

    def zeros(self, size: int) -> int:
        """Offset of a vector that stays zero: the input of an unconnected port."""
        return self.scratch(size)

    def want_vector(self, signal: Signal) -> None:
        """Have the vector of a signal written in every step, where it is not anyway."""
        if signal.wanted >= 0:
            self.prologue.append(partial(raise_flag, Slot("i32", signal.wanted, (1,))))

    def fan_out(self, node: Node, port: str) -> int:
        """How many InPorts an OutPort feeds."""
        return sum(c.source == node.name and c.out_port == port for c in self.connections)

    def destinations(self, node: Node, port: str) -> int:
        """How many InPorts of neurons and synapses an OutPort's spikes are delivered to.

        Not those through which a synapse learns of its post-synaptic neuron, with which it shares a core.
        """
        return sum(
            c.target not in self.off_chip and c.in_port not in ON_CORE_PORTS
            for c in self.connections
            if (c.source, c.out_port) == (node.name, port)
        )

    def op(self, stage: int, start: int, stop: int, declared: Any, shared: Shared = NOTHING, /, **fields: int) -> None:
        """Append an op that runs in phases start … stop − 1; windows past the sample's end are cut.

        Parameters
        ----------
        declared : namedtuple
            What `lava_ed.engine.op.op` returned.
        shared : mapping of str to int
            Fields that are no keywords are taken from here; it may hold more than these.

        Raises
        ------
        BackendError
            If a field is missing or unknown, or no loop knows the op.
        """
        what: Op = declared.op
        fields = {name: shared[name] for name in what.fields if name in shared} | fields
        code = getattr(codes, what.name.upper(), None)
        if code is None:
            raise BackendError(f"no loop knows the op {what.name}: run `make loops` after declaring it")
        columns = [code, *what.row(fields)]
        self._rows.append(Row(self.owner, stage, max(start, 0), min(stop, self.period), what, fields, columns))

    def every_step(self, stage: int, declared: Any, shared: Shared = NOTHING, /, **fields: int) -> None:
        """Append an op that runs in every phase."""
        self.op(stage, 0, self.period, declared, shared, **fields)

    def check_regions(self) -> None:
        """Hold the regions of every op to their arenas, which are frozen.

        Raises
        ------
        BackendError
        """
        sizes = {name: array.size for name, array in self.memory.arrays.items()}
        for row in self._rows:
            row.op.check(row.fields, sizes)

    def rows(self) -> list[Row]:
        """The ops in the order of the table, stage by stage."""
        return sorted(self._rows, key=lambda row: row.stage)

    def table(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(ops, ptr, order): the ops of phase p are ops[order[ptr[p] : ptr[p + 1]]], in execution order."""
        rows = self.rows()
        longest = max((len(row.columns) for row in rows), default=1)
        ops = np.zeros((max(len(rows), 1), longest + -longest % _LINE), np.int64)
        for k, row in enumerate(rows):
            ops[k, : len(row.columns)] = row.columns
        ptr = [0]
        order: list[int] = []
        for phase in range(self.period):
            order += [k for k, row in enumerate(rows) if row.start <= phase < row.stop]
            ptr.append(len(order))
        return ops, np.array(ptr, np.int64), np.array(order or [0], np.int64)

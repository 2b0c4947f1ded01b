"""Random graphs of stock Lava processes: how choices are drawn, recorded and wired; `stock_parts` has the parts.

A graph is drawn once by hypothesis, which shrinks it, and built again from the record of its choices:
``Case([…]).build()`` is the very same graph, so a failure prints all that is needed to repeat it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
from hypothesis import strategies as st

WRITABLE: dict[str, tuple[int, int]] = {
    "u": (-(2**23), 2**23),
    "v": (-(2**23), 2**23),
    "bias_mant": (-4096, 4096),
    "bias_exp": (0, 8),
    "du": (-1, 4096),
    "dv": (0, 4096),
    "vth": (0, 300),
    "weights": (-256, 256),
    "a_buff": (-(2**20), 2**20),
    "weight": (-300, 300),
    "a_buf": (-(2**20), 2**20),
    "x1": (0, 128),
    "x2": (0, 128),
    "y1": (0, 128),
    "y2": (0, 128),
    "y3": (0, 128),
    "x1_tau": (0, 30),
    "y2_tau": (0, 30),
    "x2_impulse": (0, 128),
    "y1_impulse": (0, 128),
    "tag_1": (-257, 256),
    "tag_2": (0, 256),
    "delays": (0, 5),
    "data": (0, 2),
}
"""Vars that a test writes between runs, and the range of the values."""
RULE_VARS = ("dw", "dd", "dt")
MOST_STEPS = 40
"""More steps than any script runs; Monitors record so many."""


class Choices:
    """Integers in ranges, from hypothesis, from a seed or from a record; `tape` records them.

    Parameters
    ----------
    draw : callable
        (low, high) → an integer in low … high − 1.
    """

    def __init__(self, draw: Callable[[int, int], int]) -> None:
        self._draw = draw
        self.tape: list[int] = []

    @classmethod
    def from_seed(cls, seed: int) -> Choices:
        """Choices of a generator."""
        rng = np.random.default_rng(seed)
        return cls(lambda low, high: int(rng.integers(low, high)))

    @classmethod
    def replay(cls, tape: Sequence[int]) -> Choices:
        """The choices of a record."""
        left = iter(tape)
        return cls(lambda low, high: next(left))

    def integer(self, low: int, high: int) -> int:
        """An integer in low … high − 1; the smallest one is the simplest."""
        self.tape.append(self._draw(low, high))
        return self.tape[-1]

    def chance(self, probability: float) -> bool:
        """True that often; False is the simpler one."""
        return self.integer(0, 100) >= 100 - round(100 * probability)

    def pick(self, items: Sequence[Any]) -> Any:
        """One of these; the first is the simplest."""
        return items[self.integer(0, len(items))]

    def array(self, low: int, high: int, shape: Any) -> Any:
        """Integers in low … high − 1, of one recorded seed; all of them near 0 for the simplest."""
        seed = self.integer(0, 2**20)
        if seed == 0:
            return np.full(shape, min(max(low, 0), high - 1))
        return np.random.default_rng(seed).integers(low, high, shape)


@dataclass
class Graph:
    """Processes by kind; `vars` are those that both sides hold as numbers."""

    sources: list[Any] = field(default_factory=list)
    neurons: list[Any] = field(default_factory=list)
    synapses: list[Any] = field(default_factory=list)
    sinks: list[Any] = field(default_factory=list)
    extras: list[Any] = field(default_factory=list)

    @property
    def processes(self) -> list[Any]:
        return [*self.sources, *self.neurons, *self.synapses, *self.sinks, *self.extras]

    @property
    def vars(self) -> list[Any]:
        return [var for process in self.processes for var in process.vars if _is_compared(var)]

    @property
    def rules(self) -> list[Any]:
        """Vars dw, dd, dt of the targets that have a rule."""
        return [v for p in self.synapses for v in p.vars if v.name in RULE_VARS and v.init]


def _is_compared(var: Any) -> bool:
    """Whether a Var is a number on both sides: rules are text, and a Monitor has Vars that it never fills."""
    names = getattr(var.process, "target_names", None)
    return var.name not in RULE_VARS and (names is None or var.name in names)


def is_sparse(var: Any) -> bool:
    """Whether Lava's model keeps a Var as a csr_matrix."""
    return "sparse" in type(var.process).__module__ and var.name in ("weights", "delays", "tag_1", "tag_2")


class Builder:
    """Draws one graph.

    Parameters
    ----------
    choices : Choices
    """

    parts = "stock_parts"
    """Module of the functions that make processes."""
    writable = WRITABLE
    scale: float = 1
    """Factor of the values that are written."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.kinds = import_module(self.parts)
        self.chance, self.pick, self.array = choices.chance, choices.pick, choices.array
        self.integer = self.integers = choices.integer
        self.graph = Graph()
        self.outputs: list[Any] = []
        """OutPorts that may feed further processes."""

    def shape(self) -> tuple[int, ...]:
        """Of a layer: one or two dimensions."""
        if self.chance(0.3):
            return self.integers(1, 4), self.integers(1, 4)
        return (self.integers(1, 7),)

    def wire(self, port: Any, target: Any) -> None:
        """Connect, through virtual ports where the shapes differ, and sometimes where they do not."""
        if len(port.shape) > 1 and self.chance(0.5):
            axes = [tuple(range(len(port.shape))), tuple(reversed(range(len(port.shape))))]
            port = port.transpose(self.pick(axes))
        port = port.reshape(target.shape) if port.shape != target.shape else port
        port.connect(target)

    def feed(self, target: Any) -> None:
        """Feed an InPort of a synapse from one or two OutPorts of one kind, as the engine wants them."""
        ports = [p for p in self.outputs if p.size == target.size]
        wide = [p for p in ports if type(p.process).__name__ == "TernaryLIF"]
        plain = [p for p in ports if p not in wide]
        ports = wide if wide and (not plain or self.chance(0.5)) else plain
        for _ in range(self.integers(1, 3)):
            if ports:
                self.wire(ports.pop(self.integers(0, len(ports))), target)

    def build(self) -> Graph:
        """Sources, layers in any recurrence, blocks of shapes of their own, sinks, and what watches them."""
        sources, neurons, blocks, extras = (
            getattr(self.kinds, kind) for kind in ("SOURCES", "NEURONS", "BLOCKS", "EXTRAS")
        )
        for _ in range(self.integers(1, 3)):
            self.outputs.append(self.pick(sources)(self, self.shape(), self.pick((2, 300))).s_out)
        layers = [self.pick(neurons)(self, self.shape()) for _ in range(self.integers(1, 4))]
        self.outputs += [port for layer in layers for port in layer.out_ports if port.name in ("s_out", "s2_out")]
        for layer in layers:
            for port in layer.in_ports:
                if port.name != "a_third_factor_in":
                    self._inputs_of(layer, port)
        if blocks and self.chance(0.3):
            self.outputs += self.pick(blocks)(self)
        for port in self.outputs:
            if self.chance(0.6):
                self.sink(port)
        while extras and self.chance(0.4):
            self.pick(extras)(self)
        return self.graph

    def _inputs_of(self, layer: Any, port: Any) -> None:
        """One or two synapses, and sometimes a source, that feed an InPort of a layer."""
        for _ in range(self.integers(1, 3)):
            size = self.pick(self.outputs).size
            synapse = self.pick(self.kinds.SYNAPSES)(self, size, port.size)
            self.feed(synapse.s_in)
            self.wire(synapse.a_out, port)
            if self.chance(0.15):
                self.outputs.append(synapse.a_out)
            if hasattr(synapse, "s_in_bap"):
                self._learning_ports(synapse, layer)
        if self.chance(0.15):
            self.wire(self.pick(self.kinds.SOURCES)(self, port.shape, 200).s_out, port)

    def _learning_ports(self, synapse: Any, layer: Any) -> None:
        self.wire(layer.s_out, synapse.s_in_bap)
        for name in ("y1", "y2", "y3"):
            if self.chance(0.5):
                source = self.pick(self.kinds.SOURCES)(self, (synapse.a_out.size,), 140)
                self.wire(source.s_out, getattr(synapse, f"s_in_{name}"))

    def sink(self, port: Any) -> None:
        """A RingBuffer that keeps what a port sends."""
        from lava.proc.io.sink import RingBuffer

        self.graph.sinks.append(RingBuffer(shape=port.shape, buffer=self.integers(1, 9)))
        port.connect(self.graph.sinks[-1].a_in)


@dataclass(frozen=True)
class Write:
    """A value for the Var at a place of `Graph.vars`, or a text for that at a place of `Graph.rules`."""

    place: int
    value: Any


Script = list["Write | int"]
"""What a test does with a graph: writes, and numbers of steps to run."""


def _new_rules(choices: Choices, graph: Graph) -> Script:
    """Other texts for some of the rules."""
    from stock_parts import FACTORS, TRACE_FACTORS, rule_text

    writes: Script = []
    for place, var in enumerate(graph.rules):
        if choices.chance(0.1):
            texts = [other.init for other in var.process.vars if other.name in RULE_VARS and other.init]
            found = re.search(r"u(\d)", " ".join(texts))
            names = TRACE_FACTORS if "sparse" in type(var.process).__module__ else FACTORS
            writes.append(Write(place, rule_text(choices, int(found[1]) if found else 0, names)))
    return writes


def script(choices: Choices, graph: Graph, builder: type[Builder]) -> Script:
    """One to four runs, with writes before some of them."""
    actions: Script = []
    for _ in range(choices.integer(1, 5)):
        if choices.chance(0.5):
            actions += _new_rules(choices, graph)
            for place, var in enumerate(graph.vars):
                # A csr_matrix that was written has floats in it, with which Lava's fixed-point models fail.
                if var.name in builder.writable and not is_sparse(var) and choices.chance(0.12):
                    value = choices.array(*builder.writable[var.name], var.shape)
                    actions.append(Write(place, value * builder.scale))
        actions.append(choices.integer(1, 8))
    return actions


@dataclass
class Case:
    """A graph and what is done with it, as the choices that made them."""

    tape: list[int]
    builder: type[Builder] = Builder
    _drawn: tuple[Graph, Script] | None = field(default=None, repr=False)

    @classmethod
    def draw(cls, choices: Choices, builder: type[Builder] = Builder) -> Case:
        """Draw a case."""
        graph = builder(choices).build()
        actions = script(choices, graph, builder)
        return cls(choices.tape, builder, (graph, actions))

    @classmethod
    def from_seed(cls, seed: int, builder: type[Builder] = Builder) -> Case:
        """The case of a seed."""
        return cls.draw(Choices.from_seed(seed), builder)

    def build(self) -> tuple[Graph, Script]:
        """The graph, new in every call, and the script."""
        if self._drawn is not None:
            drawn, self._drawn = self._drawn, None
            return drawn
        choices = Choices.replay(self.tape)
        graph = self.builder(choices).build()
        return graph, script(choices, graph, self.builder)


@st.composite
def cases(draw: Any, builder: type[Builder] = Builder) -> Case:
    """Random cases; what hypothesis prints of one repeats it."""
    return Case.draw(Choices(lambda low, high: draw(st.integers(low, high - 1))), builder)


def components(graph: Graph) -> list[Any]:
    """One process of each part of a graph that hangs together: what `attach` reaches from it."""
    from lava_ed.lava_graphs.graph import collect

    left, found = {p.id: p for p in graph.processes}, []
    while left:
        first = next(iter(left.values()))
        found.append(first)
        for process in collect(first):
            left.pop(process.id, None)
    return found

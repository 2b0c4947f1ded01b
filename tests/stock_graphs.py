"""Random graphs of stock Lava processes, the same twice from the same seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

RULES = (
    {"dw": "2^-2*x0*y1*x1 - 2^-4*y0*x2*(w+3)"},
    {"dw": "x0*y1 - y0*x1", "dt": "u1*x1 - 2*y0*t"},
    {"dw": "2^-3*u0*x1*y1 - 2^-5*u0*w*x2", "dd": "x0*y3 - y0*d"},
    {"dt": "2^2*x0*y2*x1*sgn(w)", "dw": "2^-1*u2*t*y1"},
    {"dd": "y0*x2 - 2^-2*x0*(d+1)"},
)
WRITABLE = {
    "u": (-(2**23), 2**23),
    "v": (-(2**23), 2**23),
    "bias_mant": (-4096, 4096),
    "bias_exp": (0, 8),
    "weights": (-256, 256),
    "a_buff": (-(2**20), 2**20),
    "weight": (-300, 300),
    "a_buf": (-(2**20), 2**20),
    "x1": (0, 128),
    "x2": (0, 128),
    "y1": (0, 128),
    "y2": (0, 128),
    "y3": (0, 128),
    "tag_1": (-257, 256),
    "tag_2": (0, 256),
    "delays": (0, 5),
    "data": (0, 2),
}
"""Vars that a test writes between runs, and the range of the values."""


@dataclass
class Graph:
    """Processes by kind; `vars` are those that both sides hold as numbers."""

    sources: list[Any] = field(default_factory=list)
    neurons: list[Any] = field(default_factory=list)
    synapses: list[Any] = field(default_factory=list)
    sinks: list[Any] = field(default_factory=list)

    @property
    def processes(self) -> list[Any]:
        return [*self.sources, *self.neurons, *self.synapses, *self.sinks]

    @property
    def vars(self) -> list[Any]:
        return [v for p in self.processes for v in list(p.vars) if v.name not in ("dw", "dd", "dt")]


class Builder:
    """Draws one graph from a generator."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.graph = Graph()

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def integers(self, low: int, high: int, shape: Any = None) -> Any:
        return self.rng.integers(low, high, shape)

    def shape(self) -> tuple[int, ...]:
        return (int(self.integers(1, 7)),) if self.chance(0.7) else tuple(int(x) for x in self.integers(1, 4, 2))

    def source(self, shape: tuple[int, ...], high: int) -> Any:
        from lava.proc.io.source import RingBuffer

        data = self.integers(-high if self.chance(0.3) else 0, high, (*shape, int(self.integers(1, 9))))
        data = data * (self.rng.random(data.shape) < 0.5)
        self.graph.sources.append(RingBuffer(data=data))
        return self.graph.sources[-1]

    def neuron(self, shape: tuple[int, ...] | None = None) -> Any:
        from lava.proc.lif.process import LIF, LearningLIF, LIFReset, TernaryLIF

        shape = shape or self.shape()
        cls = (LIF, LIF, LIFReset, TernaryLIF, LearningLIF)[self.integers(0, 5)]
        arguments: dict[str, Any] = {
            "shape": shape,
            "u": self.integers(-5000, 5000, shape),
            "v": int(self.integers(-5000, 5000)),
            "du": int(self.integers(-1, 4096)),
            "dv": int(self.integers(0, 4096)),
            "bias_mant": self.integers(-400, 400, shape),
            "bias_exp": int(self.integers(0, 7)),
        }
        if cls is TernaryLIF:
            arguments |= {"vth_lo": -int(self.integers(0, 300)), "vth_hi": int(self.integers(0, 300))}
        else:
            arguments["vth"] = int(self.integers(0, 300))
        if cls is LIFReset:
            arguments |= {"reset_interval": int(self.integers(1, 5)), "reset_offset": int(self.integers(0, 7))}
        if cls is LearningLIF:
            arguments["learning_rule"] = None
        self.graph.neurons.append(cls(**arguments))
        return self.graph.neurons[-1]

    def weights(self, shape: tuple[int, int]) -> Any:
        weights = self.integers(-300, 300, shape)
        return np.abs(weights) * int(self.integers(-1, 2)) if self.chance(0.3) else weights

    def rule(self) -> Any:
        from lava.magma.core.learning.learning_rule import Loihi2FLearningRule, Loihi3FLearningRule

        three = self.chance(0.4)
        names = ("x1", "x2") if three else ("x1", "x2", "y1", "y2", "y3")
        arguments: dict[str, Any] = dict(RULES[self.integers(0, len(RULES))])
        for name in names:
            arguments[f"{name}_impulse"] = float(self.integers(0, 127 * 4)) / 4
            arguments[f"{name}_tau"] = float(self.integers(0, 30))
        cls = Loihi3FLearningRule if three else Loihi2FLearningRule
        return cls(**arguments, t_epoch=int(self.integers(1, 5)), rng_seed=int(self.integers(0, 100)))

    def synapse(self, n_pre: int, n_post: int) -> Any:
        from lava.magma.core.learning.constants import GradedSpikeCfg
        from lava.proc.dense.process import DelayDense, Dense, LearningDense
        from lava.utils.weightutils import SignMode

        cls = (Dense, Dense, LearningDense, DelayDense)[self.integers(0, 4)]
        modes = [None, *SignMode] if cls is not LearningDense else [SignMode.MIXED, *list(SignMode)[1:]]
        arguments: dict[str, Any] = {
            "weights": self.weights((n_post, n_pre)),
            "num_message_bits": int(self.integers(0, 2)) * 8,
            "weight_exp": int(self.integers(-8, 8)) if self.chance(0.5) else 0,
            "num_weight_bits": int(self.integers(1, 9)) if self.chance(0.3) else 8,
        }
        mode = modes[self.integers(0, len(modes))]
        if mode is not None:
            arguments["sign_mode"] = mode
        if cls is LearningDense:
            arguments["learning_rule"] = self.rule()
            arguments["graded_spike_cfg"] = list(GradedSpikeCfg)[self.integers(0, 4)]
            arguments["tag_1"] = self.integers(-257, 256, (n_post, n_pre))
            arguments["tag_2"] = self.integers(0, 256, (n_post, n_pre))
        if cls is DelayDense:
            arguments["delays"] = self.integers(0, 4, (n_post, n_pre)) if self.chance(0.7) else int(self.integers(0, 3))
        self.graph.synapses.append(cls(**arguments))
        return self.graph.synapses[-1]

    def conv_layer(self, outputs: list[Any]) -> Any:
        """A Conv over what some OutPort sends, taken as an image, and the neurons behind it."""
        from lava.proc.conv.process import Conv

        size = outputs[self.integers(0, len(outputs))].size
        x = int(self.rng.choice([n for n in range(1, size + 1) if size % n == 0]))
        channels = int(self.rng.choice([n for n in range(1, size // x + 1) if size // x % n == 0]))
        groups = int(self.rng.choice([n for n in range(1, channels + 1) if channels % n == 0]))
        shape = (x, size // x // channels, channels)
        padding, stride = self.integers(0, 3, 2), self.integers(1, 4, 2)
        taps = [int(self.integers(1, min(shape[k] + 2 * padding[k], 3) + 1)) for k in (0, 1)]
        dilation = [
            1 if taps[k] == 1 else int(self.integers(1, (shape[k] + 2 * padding[k] - 1) // (taps[k] - 1) + 1))
            for k in (0, 1)
        ]
        conv = Conv(
            weight=self.integers(-300, 300, (groups * int(self.integers(1, 4)), *taps, channels // groups)),
            input_shape=shape, groups=groups, num_message_bits=int(self.integers(0, 2)) * 8,
            padding=tuple(map(int, padding)), stride=tuple(map(int, stride)), dilation=tuple(dilation),
        )  # fmt: skip
        self.graph.synapses.append(conv)
        self.inputs(conv.s_in, outputs)
        layer = self.neuron(tuple(int(n) for n in conv.output_shape))
        self.wire(conv.a_out, layer.a_in)
        return layer

    def wire(self, port: Any, target: Any) -> None:
        """Connect, through virtual ports where the shapes differ, and sometimes where they do not."""
        if len(port.shape) > 1 and self.chance(0.5):
            port = port.transpose(tuple(int(x) for x in self.rng.permutation(len(port.shape))))
        port = port.reshape(target.shape) if port.shape != target.shape else port
        port.connect(target)

    def inputs(self, target: Any, allowed: list[Any]) -> None:
        """Feed an InPort of a synapse from one or two OutPorts of one kind."""
        from lava.proc.lif.process import TernaryLIF

        size = target.size
        ports = [p for p in allowed if p.size == size]
        wide = [p for p in ports if isinstance(p.process, TernaryLIF)]
        plain = [p for p in ports if p not in wide]
        ports = wide if wide and (not plain or self.chance(0.5)) else plain
        for k in self.rng.permutation(len(ports))[: int(self.integers(1, 3))]:
            self.wire(ports[k], target)

    def build(self) -> Graph:
        """Sources, layers in any recurrence, a few layers that are fed directly, sinks."""
        graph = self.graph
        for _ in range(self.integers(1, 3)):
            self.source(self.shape(), 2 if self.chance(0.5) else 300)
        layers = [self.neuron() for _ in range(self.integers(1, 4))]
        outputs = [s.s_out for s in graph.sources] + [layer.s_out for layer in layers]
        for layer in layers:
            for _ in range(self.integers(1, 3)):
                first = outputs[self.integers(0, len(outputs))]
                synapse = self.synapse(first.size, layer.a_in.size)
                self.inputs(synapse.s_in, outputs)
                self.wire(synapse.a_out, layer.a_in)
                if self.chance(0.15):
                    outputs.append(synapse.a_out)
                if hasattr(synapse, "s_in_bap"):
                    self.learning_ports(synapse, layer)
            if self.chance(0.15):
                self.wire(self.source(layer.a_in.shape, 200).s_out, layer.a_in)
        if self.chance(0.4):
            outputs.append(self.conv_layer(outputs).s_out)
        for port in outputs:
            if self.chance(0.6):
                self.sink(port)
        return graph

    def learning_ports(self, synapse: Any, layer: Any) -> None:
        self.wire(layer.s_out, synapse.s_in_bap)
        for name in ("y1", "y2", "y3"):
            if self.chance(0.5):
                self.wire(self.source((synapse.a_out.size,), 140).s_out, getattr(synapse, f"s_in_{name}"))

    def sink(self, port: Any) -> None:
        from lava.proc.io.sink import RingBuffer

        self.graph.sinks.append(RingBuffer(shape=port.shape, buffer=int(self.integers(1, 9))))
        port.connect(self.graph.sinks[-1].a_in)


def components(graph: Graph) -> list[Any]:
    """One process of each part of a graph that hangs together: what `attach` reaches from it."""
    from lava_ed.engine.graph import collect

    left, found = {p.id: p for p in graph.processes}, []
    while left:
        first = next(iter(left.values()))
        found.append(first)
        for process in collect(first):
            left.pop(process.id, None)
    return found

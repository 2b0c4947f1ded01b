"""What random floating-point graphs are made of, as `stock_parts`; sums that a BLAS library makes are left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import stock_parts
from stock_graphs import Builder
from stock_parts import segment, sparse_matrix

SOURCES: list[Callable[..., Any]] = []
NEURONS: list[Callable[..., Any]] = []
SYNAPSES: list[Callable[..., Any]] = []
BLOCKS: list[Callable[..., Any]] = []
EXTRAS: list[Callable[..., Any]] = [stock_parts.monitor]

THIRD = 1 / 3
"""Makes numbers of which no sum or product is exact."""


class FloatBuilder(Builder):
    """At most two OutPorts feed an InPort: float sums of three depend on Lava's order of channels."""

    parts = "float_parts"
    writable: ClassVar[dict[str, tuple[int, int]]] = {
        "u": (-100, 100),
        **dict.fromkeys(("v", "i", "theta", "r", "real", "imag", "sigma", "act", "residue", "s4_state"), (-100, 100)),
        "s": (0, 2),
        **dict.fromkeys(("x1", "x2", "y1", "y3", "tag_1", "tag_2"), (-9, 100)),
        **dict.fromkeys(("x1_tau", "y2_tau", "x2_impulse", "y1_impulse"), (0, 30)),
        "bias_mant": (-40, 40),
        "weights": (-60, 100),
        "weight": (-60, 100),
        "a_buff": (-100, 100),
        "a_buf": (-100, 100),
        "data": (-3, 4),
    }
    scale = THIRD

    def _inputs_of(self, layer: Any, port: Any) -> None:
        for _ in range(self.integers(1, 3)):
            size = self.pick(self.outputs).size
            synapse = self.pick(SYNAPSES)(self, size, port.size)
            self.feed(synapse.s_in)
            self.wire(synapse.a_out, port)
            if self.chance(0.15):
                self.outputs.append(synapse.a_out)
            if hasattr(synapse, "s_in_bap"):
                self._learning_ports(synapse, layer)


@segment(SOURCES)
def ring_source(b: Builder, shape: tuple[int, ...], high: int) -> Any:
    """RingBuffer of floats, about half of them zeros."""
    from lava.proc.io.source import RingBuffer

    data = b.array(-high, high, (*shape, b.integers(1, 9)))
    b.graph.sources.append(RingBuffer(data=data * b.array(0, 2, data.shape) * THIRD))
    return b.graph.sources[-1]


def _neuron(b: Builder, name: str, shape: tuple[int, ...], **more: Any) -> Any:
    from lava.proc.lif import process

    neuron = getattr(process, name)(
        shape=shape,
        u=b.array(-50, 50, shape) * THIRD,
        v=b.integers(-50, 50) * THIRD,
        du=b.integers(0, 101) / 100,
        dv=b.integers(0, 101) / 100,
        bias_mant=b.array(-40, 40, shape) * THIRD,
        **more,
    )
    b.graph.neurons.append(neuron)
    return neuron


def _threshold(b: Builder) -> float:
    return float(b.integers(0, 100) * THIRD)


@segment(NEURONS, 2)
def lif(b: Builder, shape: tuple[int, ...]) -> Any:
    return _neuron(b, "LIF", shape, vth=_threshold(b))


@segment(NEURONS)
def lif_reset(b: Builder, shape: tuple[int, ...]) -> Any:
    timing = {"reset_interval": b.integers(1, 5), "reset_offset": b.integers(0, 7)}
    return _neuron(b, "LIFReset", shape, vth=_threshold(b), **timing)


@segment(NEURONS)
def lif_refractory(b: Builder, shape: tuple[int, ...]) -> Any:
    return _neuron(b, "LIFRefractory", shape, vth=_threshold(b), refractory_period=b.integers(1, 5))


@segment(NEURONS)
def ternary_lif(b: Builder, shape: tuple[int, ...]) -> Any:
    return _neuron(b, "TernaryLIF", shape, vth_lo=-_threshold(b), vth_hi=_threshold(b))


@segment(NEURONS)
def learning_lif(b: Builder, shape: tuple[int, ...]) -> Any:
    return _neuron(b, "LearningLIF", shape, vth=_threshold(b), learning_rule=None)


def _added(b: Builder, neuron: Any) -> Any:
    b.graph.neurons.append(neuron)
    return neuron


@segment(NEURONS)
def adaptive(b: Builder, shape: tuple[int, ...]) -> Any:
    from lava.proc.atrlif.process import ATRLIF

    single = {f"delta_{name}": b.integers(0, 101) / 100 for name in ("i", "v", "theta", "r")}
    single |= {"theta_0": _threshold(b), "theta_step": _threshold(b)}
    return _added(b, ATRLIF(shape=shape, v=b.array(-50, 50, shape) * THIRD, bias_mant=b.integers(-9, 9), **single))


@segment(NEURONS)
def resonator(b: Builder, shape: tuple[int, ...]) -> Any:
    from lava.proc.rf.process import RF
    from lava.proc.rf_iz.process import RF_IZ

    kind, period, alpha = b.pick((RF, RF_IZ)), b.integers(2, 12), b.integers(0, 60) / 100
    return _added(b, kind(shape=shape, period=period, alpha=alpha, vth=_threshold(b)))


@segment(NEURONS)
def sigma_delta(b: Builder, shape: tuple[int, ...]) -> Any:
    from lava.proc.s4d.process import SigmaS4dDelta
    from lava.proc.sdn.process import ActivationMode, Delta, Sigma, SigmaDelta

    summed, vth = {"cum_error": b.chance(0.5)}, _threshold(b)
    kind = b.pick((Sigma, Delta, SigmaDelta, SigmaS4dDelta))
    if kind is SigmaS4dDelta:
        summed = {name: b.array(-9, 9, shape) * THIRD / 3 for name in ("a", "b", "c")}
    elif kind is SigmaDelta:
        summed |= {"bias": b.array(-9, 9, shape) * THIRD, "act_mode": b.pick(tuple(ActivationMode))}
    return _added(b, Sigma(shape=shape) if kind is Sigma else kind(shape=shape, vth=vth, **summed))


@segment(NEURONS)
def state_space(b: Builder, shape: tuple[int, ...]) -> Any:
    from lava.proc.s4d.process import S4d

    real = {name: b.array(-9, 9, shape) * THIRD / 3 for name in ("a", "b", "c")}
    imaginary = {name: b.array(-9, 9, shape) * THIRD / 5 for name in real}
    how = b.pick((("a",), ("a", "b"), ("a", "b", "c"), ()))
    return _added(b, S4d(shape=shape, **{k: v + 1j * imaginary[k] if k in how else v for k, v in real.items()}))


def _synapse(b: Builder, cls: Any, weights: Any, **more: Any) -> Any:
    process = cls(weights=weights, **more)
    b.graph.synapses.append(process)
    return process


@segment(SYNAPSES, 2)
def dense(b: Builder, n_pre: int, n_post: int) -> Any:
    from lava.proc.dense.process import Dense

    return _synapse(b, Dense, b.array(-60, 100, (n_post, n_pre)) * THIRD)


@segment(SYNAPSES)
def learning_dense(b: Builder, n_pre: int, n_post: int) -> Any:
    from lava.magma.core.learning.constants import GradedSpikeCfg
    from lava.proc.dense.process import LearningDense
    from lava.utils.weightutils import SignMode

    shape = (n_post, n_pre)
    process = _synapse(
        b, LearningDense, b.array(-60, 100, shape) * THIRD,
        learning_rule=stock_parts.learning_rule(b, b.pick((stock_parts.TRACE_FACTORS, stock_parts.FACTORS))),
        graded_spike_cfg=b.pick(list(GradedSpikeCfg)),
        sign_mode=b.pick((SignMode.MIXED, SignMode.EXCITATORY, SignMode.INHIBITORY)),
        tag_1=b.array(-9, 9, shape) * THIRD,
        tag_2=b.array(-9, 9, shape) * THIRD,
    )  # fmt: skip
    if b.chance(0.3):
        for name, size in (("x1", n_pre), ("x2", n_pre), ("y1", n_post), ("y3", n_post)):
            getattr(process, name).init = b.array(0, 128, (size,)) * THIRD
    return process


@segment(SYNAPSES)
def delay_dense(b: Builder, n_pre: int, n_post: int) -> Any:
    from lava.proc.dense.process import DelayDense

    delays = b.array(0, 4, (n_post, n_pre)) if b.chance(0.7) else b.integers(0, 3)
    weights = b.array(-60, 100, (n_post, n_pre)) * THIRD
    return _synapse(b, DelayDense, weights, delays=delays, num_message_bits=b.pick((0, 8)))


@segment(SYNAPSES)
def sparse(b: Builder, n_pre: int, n_post: int) -> Any:
    from lava.proc.sparse.process import Sparse

    weights = sparse_matrix(b, b.array(-60, 100, (n_post, n_pre)) * THIRD)
    return _synapse(b, Sparse, weights, num_message_bits=b.pick((0, 8)))


@segment(SYNAPSES)
def delay_sparse(b: Builder, n_pre: int, n_post: int) -> Any:
    from lava.proc.sparse.process import DelaySparse

    weights = sparse_matrix(b, b.array(-60, 100, (n_post, n_pre)) * THIRD)
    delays = sparse_matrix(b, b.array(0, 4, (n_post, n_pre))) if b.chance(0.7) else b.integers(0, 3)
    return _synapse(b, DelaySparse, weights, delays=delays, num_message_bits=b.pick((0, 8)))


@segment(BLOCKS)
def conv(b: Builder) -> list[Any]:
    """As `stock_parts.conv`, with weights that are no integers."""
    outputs = stock_parts.conv(b)
    process = b.graph.synapses[-1]
    process.weight.init = process.weight.init * THIRD
    return outputs

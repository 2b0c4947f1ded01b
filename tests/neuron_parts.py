"""What random graphs of fixed-point neurons other than LIF are made of, as `stock_parts`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import stock_parts
from stock_graphs import Builder
from stock_parts import segment

SOURCES: list[Callable[..., Any]] = [stock_parts.ring_source]
NEURONS: list[Callable[..., Any]] = [stock_parts.lif]
SYNAPSES: list[Callable[..., Any]] = [stock_parts.dense]
BLOCKS: list[Callable[..., Any]] = []
EXTRAS: list[Callable[..., Any]] = [stock_parts.monitor]


WORD = (-(2**31), 2**31)
DECAYING = ("i", "v", "theta", "r")


class NeuronBuilder(Builder):
    """Such neurons among LIF, Dense and RingBuffers; what they compute wraps around in 32 bits now and then."""

    parts = "neuron_parts"
    writable: ClassVar[dict[str, tuple[int, int]]] = {
        **dict.fromkeys(("sigma", "act", "real", "imag", "u", "v", "v2", "i", "r", "theta"), WORD),
        "residue": (-300, 300),
        "error": (-300, 300),
        "bias": (-300, 300),
        **dict.fromkeys(("vth", "uth", "theta_0", "theta_step"), (0, 300)),
        **dict.fromkeys(("sin_decay", "cos_decay", "lct", "lst"), (-(2**16), 2**16)),
        "exp": (-2, 34),
        "decay_bits": (-2, 66),
        "bias_mant": (-4096, 4096),
        "bias_exp": (-20, 40),
        "s": (0, 2),
        "spike_exp": (0, 34),
        "state_exp": (0, 34),
        "cum_error": (0, 2),
    }


@segment(NEURONS)
def sigma(b: Builder, shape: tuple[int, ...]) -> Any:
    from lava.proc.sdn.process import Sigma

    b.graph.neurons.append(Sigma(shape=shape))
    return b.graph.neurons[-1]


def _scales(b: Builder) -> dict[str, Any]:
    return {
        "vth": b.integers(0, 60) / 4, "cum_error": b.chance(0.5), "spike_exp": b.integers(0, 7),
        "state_exp": b.integers(0, 7),
    }  # fmt: skip


@segment(NEURONS, 2)
def delta(b: Builder, shape: tuple[int, ...]) -> Any:
    from lava.proc.sdn.process import Delta

    b.graph.neurons.append(Delta(shape=shape, **_scales(b)))
    return b.graph.neurons[-1]


@segment(NEURONS, 2)
def sigma_delta(b: Builder, shape: tuple[int, ...]) -> Any:
    from lava.proc.sdn.process import ActivationMode, SigmaDelta

    more = {"bias": b.array(-40, 40, shape), "act_mode": b.pick(tuple(ActivationMode))}
    b.graph.neurons.append(SigmaDelta(shape=shape, **_scales(b), **more))
    return b.graph.neurons[-1]


def _added(b: Builder, neuron: Any) -> Any:
    b.graph.neurons.append(neuron)
    return neuron


@segment(NEURONS, 2)
def graded(b: Builder, shape: tuple[int, ...]) -> Any:
    from lava.proc.graded.process import GradedReluVec, GradedVec, NormVecDelay
    from lava.proc.prodneuron.process import ProdNeuron

    kind = b.pick((GradedVec, GradedReluVec, NormVecDelay, ProdNeuron))
    return _added(b, kind(shape=shape, vth=b.integers(0, 300), exp=b.integers(0, 12)))


@segment(BLOCKS)
def root(b: Builder) -> list[Any]:
    """An InvSqrt, which takes no numbers below 0."""
    from lava.proc.graded.process import InvSqrt
    from lava.proc.io.source import RingBuffer

    b.graph.sources.append(RingBuffer(data=b.array(0, b.pick((3, 2000, 2**24, 2**31)), (1, 6))))
    neuron = _added(b, InvSqrt(shape=(1,)))
    b.graph.sources[-1].s_out.connect(neuron.a_in)
    return [neuron.s_out]


@segment(NEURONS, 2)
def resonator(b: Builder, shape: tuple[int, ...]) -> Any:
    from lava.proc.rf.process import RF
    from lava.proc.rf_iz.process import RF_IZ

    return _added(
        b,
        b.pick((RF, RF_IZ))(
            shape=shape, period=b.integers(2, 12), alpha=b.integers(0, 60) / 100, state_exp=b.integers(0, 8),
            decay_bits=b.integers(1, 13), vth=b.integers(0, 300),
        ),
    )  # fmt: skip


@segment(NEURONS)
def resonator_to_zero(b: Builder, shape: tuple[int, ...]) -> Any:
    from lava.proc.resfire.process import RFZero

    freqs, tau = b.array(1, 300, shape), b.array(1, 100, shape) / 500
    return _added(b, RFZero(shape=shape, freqs=freqs, decay_tau=tau, uth=b.integers(0, 300)))


@segment(NEURONS, 2)
def adaptive(b: Builder, shape: tuple[int, ...]) -> Any:
    from lava.proc.atrlif.process import ATRLIF

    deltas = {f"delta_{name}": b.pick((0, 1, np.float64(0.37), b.integers(0, 101) / 100)) for name in DECAYING}
    return _added(
        b,
        ATRLIF(
            shape=shape, i=b.array(-5000, 5000, shape), v=b.integers(-5000, 5000), r=b.array(-100, 100, shape),
            theta_0=b.integers(0, 300), theta_step=b.integers(0, 300), bias_mant=b.array(-400, 400, shape),
            bias_exp=b.integers(0, 7), **deltas,
        ),
    )  # fmt: skip

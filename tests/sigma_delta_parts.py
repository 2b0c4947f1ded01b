"""What random graphs of sigma-delta neurons are made of, as `stock_parts`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import stock_parts
from stock_graphs import Builder
from stock_parts import segment

SOURCES: list[Callable[..., Any]] = [stock_parts.ring_source]
NEURONS: list[Callable[..., Any]] = [stock_parts.lif]
SYNAPSES: list[Callable[..., Any]] = [stock_parts.dense]
BLOCKS: list[Callable[..., Any]] = []
EXTRAS: list[Callable[..., Any]] = [stock_parts.monitor]


class SigmaDeltaBuilder(Builder):
    """Sigma-delta neurons among LIF, Dense and RingBuffers; sums of theirs wrap around in 32 bits now and then."""

    parts = "sigma_delta_parts"
    writable: ClassVar[dict[str, tuple[int, int]]] = {
        "sigma": (-(2**31), 2**31),
        "act": (-(2**31), 2**31),
        "residue": (-300, 300),
        "error": (-300, 300),
        "bias": (-300, 300),
        "vth": (0, 300),
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

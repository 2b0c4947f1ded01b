"""How the engine's time a step grows: with spikes, neurons, layers, and steps of a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from lava_ed.bench.nets import SPIKE_SHARE, forward_net

STEPS: Final = 500
REPETITIONS: Final = 7


@dataclass(frozen=True)
class Sweep:
    """One quantity that is varied, all else as in the forward net.

    Parameters
    ----------
    title : str
        What is varied, with its unit.
    values, quick : tuple
    net : callable
        value → (sizes, share of inputs that spike, steps of a run).
    """

    title: str
    values: tuple[float, ...]
    quick: tuple[float, ...]
    net: Callable[[float], tuple[tuple[int, ...], float, int]]


SWEEPS: Final[dict[str, Sweep]] = {
    "spikes": Sweep(
        "inputs that spike in a step (%)", (0, 1, 2, 5, 10, 20, 50), (0, 50),
        lambda percent: ((784, 256, 10), percent / 100, STEPS),
    ),
    "neurons": Sweep(
        "neurons of the hidden layer", (64, 128, 256, 512, 1024, 2048), (64, 128),
        lambda hidden: ((784, int(hidden), 10), SPIKE_SHARE, STEPS),
    ),
    "layers": Sweep(
        "hidden layers of 256 neurons", (1, 2, 4, 8), (1, 2),
        lambda layers: ((784, *[256] * int(layers), 10), SPIKE_SHARE, STEPS),
    ),
    "steps": Sweep(
        "steps of a run", (1, 10, 100, 1000, 10000), (1, 10),
        lambda steps: ((784, 256, 10), SPIKE_SHARE, int(steps)),
    ),
}  # fmt: skip
"""What is varied, by name."""


@dataclass(frozen=True)
class Point:
    """One measurement.

    Attributes
    ----------
    sweep : str
    value : float
        Of the quantity that is varied.
    spikes : float
        Spikes a step into synapses.
    seconds : float
        Seconds a step, the least of several runs.
    """

    sweep: str
    value: float
    spikes: float
    seconds: float


def measure(sweep: str, value: float) -> Point:
    """Time one net."""
    from lava.magma.core.run_conditions import RunSteps
    from lava.proc.io.sink import RingBuffer

    from lava_ed.engine import attach

    sizes, share, steps = SWEEPS[sweep].net(value)
    timed, counted = forward_net(sizes, share), forward_net(sizes, share)
    sinks = [RingBuffer(shape=port.shape, buffer=STEPS) for port, _ in counted.senders]
    for (port, _), sink in zip(counted.senders, sinks, strict=True):
        port.connect(sink.a_in)
    for net, first in ((timed, steps), (counted, STEPS)):
        attach(net.processes[0])
        net.processes[0].run(condition=RunSteps(num_steps=first))
    best = np.inf
    for _ in range(REPETITIONS):
        started = time.perf_counter()
        timed.processes[0].run(condition=RunSteps(num_steps=steps))
        best = min(best, time.perf_counter() - started)
    spikes = sum(np.count_nonzero(sink.data.get()) for sink in sinks) / STEPS
    return Point(sweep, value, spikes, float(best) / steps)


def bench_scale(quick: bool = False, tell: Callable[[str], None] = lambda _: None) -> list[dict[str, Any]]:
    """All sweeps, as a list of `Point` dicts.

    Parameters
    ----------
    quick : bool
        Only two values of each.
    tell : callable
        Takes a line about what is done next.
    """
    points = []
    for name, sweep in SWEEPS.items():
        tell(f"engine alone, against {sweep.title}")
        points += [measure(name, value) for value in (sweep.quick if quick else sweep.values)]
    return [asdict(point) for point in points]

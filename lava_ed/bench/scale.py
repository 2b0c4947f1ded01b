"""How the engine's time a step grows: with spikes, neurons, layers, and steps of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from lava_ed.bench.engine import record_spikes, run_steps
from lava_ed.bench.harness import Tell, silent
from lava_ed.bench.nets import SPIKE_SHARE, Sizes, forward_net

STEPS: Final = 500
REPETITIONS: Final = 7


@dataclass(frozen=True)
class Sweep:
    """One quantity that is varied, all else as in the forward net; its title has the unit."""

    title: str
    values: tuple[float, ...]
    quick: tuple[float, ...]
    net: Callable[[float], tuple[Sizes, float, int]]
    """value → (sizes, share of inputs that spike, steps of a run)."""


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


def measure(sweep: str, value: float) -> dict[str, Any]:
    """Time one net: ``sweep``, ``value``, and of a step ``spikes`` into synapses and least ``seconds``."""
    from lava_ed.engine import attach

    sizes, share, steps = SWEEPS[sweep].net(value)
    timed = forward_net(sizes, share)
    attach(timed.processes[0])
    run_steps(timed, steps)
    seconds = min(run_steps(timed, steps) for _ in range(REPETITIONS)) / steps
    recorded = record_spikes(forward_net(sizes, share), STEPS, warming=0)
    spikes = sum(np.count_nonzero(spikes) for spikes in recorded.values()) / STEPS
    return {"sweep": sweep, "value": value, "spikes": spikes, "seconds": seconds}


def bench_scale(quick: bool = False, tell: Tell = silent) -> list[dict[str, Any]]:
    """Measure all sweeps, or only two values of each."""
    points = []
    for name, sweep in SWEEPS.items():
        tell(f"engine alone, against {sweep.title}")
        points += [measure(name, value) for value in (sweep.quick if quick else sweep.values)]
    return points

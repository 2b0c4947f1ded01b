"""What counting costs: the same stock net with and without its counters, in turn, in one process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lava_ed.bench.nets import NETS, SPIKE_SHARE
from lava_ed.errors import ConfigError

if TYPE_CHECKING:
    from lava_ed.engine.program import Program

__all__ = ["CountingCost", "bench_energy"]

REPETITIONS: Final = 15
QUICK_REPETITIONS: Final = 3
SECONDS: Final = 0.15
"""Length of one timed stretch, long beside the clock's grain and short beside the machine's moods."""


@dataclass(frozen=True)
class CountingCost:
    """What counting costs on one net.

    Attributes
    ----------
    name, title : str
    sizes : tuple of int
    steps, repetitions : int
        Each repetition runs the same steps with and without counters, the order changing.
    off_seconds, on_seconds : float
        Median seconds a step.
    ratio : float
        Median over the repetitions of the time with counters by the time without.
    low, high : float
        Quartiles of that ratio.
    counts : dict
        counter → count a step, over all processes and phases.
    """

    name: str
    title: str
    sizes: tuple[int, ...]
    steps: int
    repetitions: int
    off_seconds: float
    on_seconds: float
    ratio: float
    low: float
    high: float
    counts: dict[str, float]


def _program(name: str, sizes: tuple[int, ...], counting: bool) -> Program:
    """The program of a net, with or without the ops that count."""
    from lava_ed.engine.graph import lower_graph
    from lava_ed.engine.program import Program

    lowered = lower_graph(NETS[name].build(sizes, SPIKE_SHARE).processes[0]).program
    return Program(lowered.nodes, lowered.connections, lowered.schedule, lowered.overflow, counting)


def _seconds(program: Program, steps: int) -> float:
    started = time.perf_counter()
    program.run(steps)
    return time.perf_counter() - started


def time_counting(name: str, quick: bool = False) -> CountingCost:
    """Time one net with and without counters, in turn."""
    from lava_ed.energy import total

    plan = NETS[name]
    sizes = plan.small if quick else plan.sizes
    programs = {counting: _program(name, sizes, counting) for counting in (False, True)}
    for program in programs.values():
        program.run(2)  # compiles
    steps = plan.quick_steps
    if not quick:
        steps = max(steps, int(SECONDS / (_seconds(programs[False], 200) / 200)))
    times: dict[bool, list[float]] = {False: [], True: []}
    repetitions = QUICK_REPETITIONS if quick else REPETITIONS
    for k in range(repetitions):
        for counting in (False, True) if k % 2 else (True, False):
            times[counting].append(_seconds(programs[counting], steps) / steps)
    off, on = np.array(times[False]), np.array(times[True])
    low, ratio, high = np.quantile(on / off, (0.25, 0.5, 0.75))
    counted, ran = total(programs[True].counters()), programs[True].time_step
    counts = {name: sum(phases.values()) / ran for name, phases in counted.items()}
    return CountingCost(
        name, plan.title, sizes, steps, repetitions, float(np.median(off)), float(np.median(on)),
        float(ratio), float(low), float(high), counts,
    )  # fmt: skip


def bench_energy(
    names: Iterable[str] = tuple(NETS), quick: bool = False, tell: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Measure what counting costs.

    Parameters
    ----------
    names : iterable of str
        Of `nets.NETS`.
    quick : bool
        Tiny nets and few steps: whether it works, not what it costs.
    tell : callable
        Takes a line about what is done next.

    Returns
    -------
    dict
        ``nets`` (a list of `CountingCost` as dicts), ``load`` (runnable processes of the machine, mean of the last
        minute, before and after), ``cores``.

    Raises
    ------
    ConfigError
        If a name is unknown.
    """
    names = list(names)
    unknown = [name for name in names if name not in NETS]
    if unknown:
        raise ConfigError(f"net {unknown[0]!r} is unknown: choose from {', '.join(NETS)}")
    before = os.getloadavg()[0]
    costs = []
    for name in names:
        tell(f"{name}: {NETS[name].title}, with and without counters")
        costs.append(asdict(time_counting(name, quick)))
    return {"nets": costs, "load": [before, os.getloadavg()[0]], "cores": os.cpu_count()}

"""What counting costs: the same net with and without its counters, in turn.

Nets of Lava's processes run both ways in one process.  In ours the counting is part of the kernels, so that they are
compiled once with and once without it, in two processes that take turns.
The pass of the fast LIF tells who was active in both, as it has the states at hand: that part does not show.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lava_ed.bench.harness import Tell, check_names, load_since, seconds_of, silent
from lava_ed.bench.nets import NETS, SPIKE_SHARE
from lava_ed.errors import BackendError
from lava_ed.kernels.counting import UNCOUNTED

if TYPE_CHECKING:
    from lava_ed.engine.program import Program

__all__ = ["CountingCost", "bench_energy"]

REPETITIONS: Final = 15
QUICK_REPETITIONS: Final = 3
SECONDS: Final = 0.15
"""Length of one timed stretch, long beside the clock's grain and short beside the machine's moods."""
TRAINED: Final[dict[str, tuple[int, int]]] = {"std-ed": (256, 30), "mpd-ed": (256, 8)}
"""Rules whose training is timed: hidden neurons, T."""
SAMPLES: Final = 5_000
CHUNK: Final = 500
"""Samples of the data, and of one timed stretch of training."""


@dataclass(frozen=True)
class CountingCost:
    """What counting costs on one net.

    Attributes
    ----------
    name, title : str
    unit : {"step", "sample"}
        A time step for a net of Lava's processes, a learned sample for one of ours.
    sizes : tuple of int
    steps, repetitions : int
        Each repetition runs the same steps (or samples) with and without counters, the order changing.
    off_seconds, on_seconds : float
        Median seconds a unit.
    ratio, low, high : float
        Median and quartiles over the repetitions of the time with counters by the time without.
    counts : dict
        counter → count a unit, over all processes and phases.
    """

    name: str
    title: str
    unit: str
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
    from lava_ed.engine.program import Program
    from lava_ed.lava_graphs.graph import lower_graph

    lowered = lower_graph(NETS[name].build(sizes, SPIKE_SHARE).processes[0]).program
    return Program(lowered.nodes, lowered.connections, lowered.schedule, lowered.overflow, counting)


def _seconds(program: Program, steps: int) -> float:
    """Seconds of a step."""
    return seconds_of(partial(program.run, steps)) / steps


def _in_turn(repetitions: int, seconds: Callable[[bool], float]) -> dict[str, Any]:
    """Time without and with counters, the order changing: medians, and what the ratios of the repetitions are like."""
    times: dict[bool, list[float]] = {False: [], True: []}
    for k in range(repetitions):
        for counting in (False, True) if k % 2 else (True, False):
            times[counting].append(seconds(counting))
    off, on = np.array(times[False]), np.array(times[True])
    low, ratio, high = (float(x) for x in np.quantile(on / off, (0.25, 0.5, 0.75)))
    medians = {"off_seconds": float(np.median(off)), "on_seconds": float(np.median(on))}
    return {"repetitions": repetitions, **medians, "ratio": ratio, "low": low, "high": high}


def time_counting(name: str, quick: bool = False) -> CountingCost:
    """Time one net with and without counters, in turn."""
    from lava_ed.energy import total

    plan = NETS[name]
    sizes = plan.small if quick else plan.sizes
    programs = {counting: _program(name, sizes, counting) for counting in (False, True)}
    for program in programs.values():
        program.run(2)  # compiles
    steps, repetitions = plan.quick_steps, QUICK_REPETITIONS
    if not quick:
        steps, repetitions = max(steps, int(SECONDS / _seconds(programs[False], 200))), REPETITIONS
    figures = _in_turn(repetitions, lambda counting: _seconds(programs[counting], steps))
    counted, ran = total(programs[True].counters()), programs[True].time_step
    counts = {counter: sum(phases.values()) / ran for counter, phases in counted.items()}
    return CountingCost(name, plan.title, "step", sizes, steps, **figures, counts=counts)


def _uncounted(cache: str) -> dict[str, str]:
    """Environment without counters: what is compiled there must not take the place of what is compiled with them."""
    return {UNCOUNTED: "1", "NUMBA_CACHE_DIR": cache}


@contextmanager
def _worker(arguments: Iterable[object], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process that trains when told, ready to."""
    command = [sys.executable, "-m", "lava_ed.bench.counting_worker", *map(str, arguments)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )
    with process:
        try:
            _answer(process)
            yield process
        finally:
            if process.stdin is not None:
                process.stdin.close()
            process.terminate()


def _answer(process: subprocess.Popen[str], order: int | None = None) -> dict[str, Any]:
    """The next answer of a worker, after an order for so many samples or without one."""
    assert process.stdin is not None
    assert process.stdout is not None
    line = ""
    if process.poll() is None:
        if order is not None:
            process.stdin.write(f"{order}\n")
            process.stdin.flush()
        line = process.stdout.readline()
    if not line:
        raise BackendError(f"a process that measures counting ended early (code {process.wait()}): see what it printed")
    answer: dict[str, Any] = json.loads(line)
    return answer


def time_training(rule: str, quick: bool = False) -> CountingCost:
    """Time the training of one net of ours with and without counters, in turn."""
    from lava_ed.bench.training import CLASSES, INPUTS

    hidden, steps = (4, 4) if quick else TRAINED[rule]
    samples, chunk, repetitions = (40, 4, QUICK_REPETITIONS) if quick else (SAMPLES, CHUNK, 2 * REPETITIONS)
    answers: dict[bool, list[dict[str, Any]]] = {False: [], True: []}
    with ExitStack() as stack:
        without = _uncounted(stack.enter_context(tempfile.TemporaryDirectory()))
        arguments = (rule, hidden, steps, samples)
        workers = {on: stack.enter_context(_worker(arguments, {} if on else without)) for on in (False, True)}

        def seconds(counting: bool) -> float:
            answers[counting].append(_answer(workers[counting], chunk))
            return float(answers[counting][-1]["seconds"]) / chunk

        figures = _in_turn(repetitions, seconds)
    if [answer["state"] for answer in answers[False]] != [answer["state"] for answer in answers[True]]:
        raise BackendError(f"{rule} without counters learns something else than with them: a defect of lava-ed")
    counts = {name: count / (repetitions * chunk) for name, count in answers[True][-1]["counts"].items()}
    title, sizes = f"training, T = {steps}", (INPUTS, hidden, CLASSES)
    return CountingCost(rule, title, "sample", sizes, chunk, **figures, counts=counts)


def bench_energy(names: Iterable[str] = (*NETS, *TRAINED), quick: bool = False, tell: Tell = silent) -> dict[str, Any]:
    """Measure what counting costs.

    Parameters
    ----------
    names : iterable of str
        Of `nets.NETS` and `TRAINED`.
    quick : bool
        Tiny nets and few steps: whether it works, not what it costs.
    tell : callable
        Takes a line about what is done next.

    Returns
    -------
    dict
        ``nets`` (a list of `CountingCost` as dicts), ``load`` (runnable processes of the machine, mean of the last
        minute, before and after), ``cores``.
    """
    names, before, costs = check_names(names, (*NETS, *TRAINED)), os.getloadavg()[0], []
    for name in names:
        if name in TRAINED:
            tell(f"{name}: training with and without counters; compiling it without takes a minute or two")
        else:
            tell(f"{name}: {NETS[name].title}, with and without counters")
        costs.append(asdict((time_training if name in TRAINED else time_counting)(name, quick)))
    return {"nets": costs, **load_since(before)}

"""The engine beside Lava's own runtime: the same net from the same weights, every Var compared after equal steps.

Lava takes milliseconds for a step that takes the engine microseconds.  Two copies of the net therefore run on the
engine: one runs the steps that Lava runs, and is compared; the other is timed over runs of many thousand steps.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.bench.nets import NETS, SPIKE_SHARE, STDP_RATES, BenchNet, NetPlan, stdp_plan
from lava_ed.bench.roofline import bare_loop
from lava_ed.errors import ConfigError

REPETITIONS: Final = 5
QUICK_REPETITIONS: Final = 2
PARTS: Final = 5
"""Runs of a repetition, on either runtime; the fastest counts, as other work of the machine only ever adds time."""
SECONDS: Final = 0.05
"""Length of a timed run of the engine, about: long beside what a call of ``run`` costs."""
COUNTED_STEPS: Final = 1000
"""Steps over which spikes are counted."""
RATE_STEPS: Final = 20
"""Steps of a run on Lava's runtime where only the post rate differs."""
WARMING: Final = 100
"""Steps before the first that are timed or counted, for traces and membranes to fill."""
TAG: Final = "fixed_pt"


@dataclass(frozen=True)
class NetTiming:
    """What was measured on one net.

    Attributes
    ----------
    name, title : str
    sizes : tuple of int
    steps, engine_steps, repetitions : int
        Steps of a run on Lava's runtime, and of one on the engine; a repetition takes the fastest of `PARTS` runs.
    lava_seconds, engine_seconds : float
        Median seconds a step.
    ratio : float
        Median over the repetitions of Lava's time by the engine's.
    spikes : float
        Spikes a step into synapses.
    post_spikes : float or None
        Spikes a step of the neurons behind plastic synapses.
    additions : float
        Weights that are added to a sum, a step.
    visits : float
        Synapses that the rule visits, a step.
    operations_per_second : float
        Additions and visits of the engine, a second.
    roofline_seconds : float
        Median seconds a step of the additions alone, as int8 rows in a bare compiled loop.
    distance : float
        Median over the repetitions of the engine's time by that of the bare loop.
    compared : int
        Vars that were compared after the last repetition.
    differing : list of str
        Those that differ: none, or the figures mean nothing.
    """

    name: str
    title: str
    sizes: tuple[int, ...]
    steps: int
    engine_steps: int
    repetitions: int
    lava_seconds: float
    engine_seconds: float
    ratio: float
    spikes: float
    post_spikes: float | None
    additions: float
    visits: float
    operations_per_second: float
    roofline_seconds: float
    distance: float
    compared: int
    differing: list[str]

    @property
    def equal(self) -> bool:
        """Whether every Var agreed."""
        return not self.differing

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"equal": self.equal}


def run_steps(net: BenchNet, steps: int) -> float:
    """Run a net and return the seconds that the call took."""
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg

    condition, config = RunSteps(num_steps=steps), Loihi2SimCfg(select_tag=TAG)
    started = time.perf_counter()
    net.processes[0].run(condition=condition, run_cfg=config)
    return time.perf_counter() - started


def fastest_run(net: BenchNet, steps: int) -> float:
    """Seconds a step in the fastest of `PARTS` runs."""
    return min(run_steps(net, steps) for _ in range(PARTS)) / steps


def builder(plan: NetPlan, sizes: tuple[int, ...], settling: int) -> Callable[[], BenchNet]:
    """A way to build the net again and again, with the weights that a rule has after `settling` steps."""
    from lava_ed.engine import attach

    net = plan.build(sizes, SPIKE_SHARE)
    learned: list[npt.NDArray[Any]] = []
    if settling:
        attach(net.processes[0])
        run_steps(net, settling)
        learned = [process.weights.get().astype(np.int32) for process in net.plastic]

    def build() -> BenchNet:
        """The net, new."""
        result = plan.build(sizes, SPIKE_SHARE)
        for process, weights in zip(result.plastic if learned else (), learned, strict=True):
            process.weights.init = weights
        return result

    return build


def record_spikes(net: BenchNet, steps: int) -> dict[Any, npt.NDArray[np.int32]]:
    """Run the net with a sink at each sender; returns port → spikes (n, steps) after the warming."""
    from lava.proc.io.sink import RingBuffer

    from lava_ed.engine import attach

    sinks = {}
    for port in {port for port, _ in net.senders} | {port for sides in net.learning for port in sides}:
        sinks[port] = RingBuffer(shape=port.shape, buffer=WARMING + steps)
        port.connect(sinks[port].a_in)
    attach(net.processes[0])
    run_steps(net, WARMING + steps)
    return {
        port: np.asarray(sink.data.get(), np.int32).reshape(-1, WARMING + steps)[:, WARMING:]
        for port, sink in sinks.items()
    }


def operations(net: BenchNet, recorded: dict[Any, npt.NDArray[np.int32]], steps: int) -> tuple[float, float, float]:
    """(spikes into synapses, weights added, synapses visited by a rule), each a step."""
    spikes = sum(np.count_nonzero(recorded[port]) for port, _ in net.senders)
    additions = sum(np.count_nonzero(recorded[port]) * fan_out for port, fan_out in net.senders)
    visits = 0
    for pre, post in net.learning:
        if net.every_synapse:
            visits += pre.size * post.size * steps
        else:
            visits += np.count_nonzero(recorded[pre]) * post.size + np.count_nonzero(recorded[post]) * pre.size
    return spikes / steps, additions / steps, visits / steps


def differing_vars(one: BenchNet, other: BenchNet) -> list[str]:
    """Vars that are not equal."""
    return [
        f"{type(a.process).__name__}.{a.name}"
        for a, b in zip(one.variables, other.variables, strict=True)
        if not np.array_equal(a.get(), b.get())
    ]


def time_net(name: str, quick: bool = False, plan: NetPlan | None = None) -> NetTiming:
    """Run one net on both runtimes, in turn, and compare every Var in the end.

    Parameters
    ----------
    name : str
        Of `nets.NETS` where no plan is given.
    quick : bool
    plan : NetPlan, optional
    """
    from lava_ed.engine import attach

    plan = NETS[name] if plan is None else plan
    sizes = plan.small if quick else plan.sizes
    steps, repetitions = (plan.quick_steps, QUICK_REPETITIONS) if quick else (plan.steps, REPETITIONS)
    build = builder(plan, sizes, plan.quick_settling if quick else plan.settling)
    counted, stock, checked, timed = (build() for _ in range(4))
    recorded = record_spikes(counted, COUNTED_STEPS)
    bare = bare_loop([(recorded[port], fan_out) for port, fan_out in counted.senders])
    for net in (checked, timed):
        attach(net.processes[0])
    times = []
    try:
        for net in (stock, checked, timed):
            run_steps(net, WARMING)
        engine_steps = steps if quick else max(steps, int(SECONDS * WARMING / run_steps(timed, WARMING)))
        for _ in range(repetitions):
            times.append((fastest_run(stock, steps), fastest_run(timed, engine_steps), bare()))
        run_steps(checked, steps * PARTS * repetitions)
        differing = differing_vars(stock, checked)  # once: Lava hands over a Var number by number
    finally:
        if stock.processes[0].runtime is not None:
            stock.processes[0].stop()
    lava, engine, roofline = np.array(times).T
    spikes, additions, visits = operations(counted, recorded, COUNTED_STEPS)
    posts = [np.count_nonzero(recorded[post]) / COUNTED_STEPS for _, post in counted.learning]
    return NetTiming(
        name, plan.title, sizes, steps, engine_steps, repetitions,
        float(np.median(lava)), float(np.median(engine)), float(np.median(lava / engine)),
        spikes, sum(posts) if posts else None, additions, visits, (additions + visits) / float(np.median(engine)),
        float(np.median(roofline)), float(np.median(engine / roofline)), len(checked.variables), differing,
    )  # fmt: skip


def bench_engine(
    names: Iterable[str] = tuple(NETS), quick: bool = False, tell: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Time nets on both runtimes.

    Parameters
    ----------
    names : iterable of str
        Of `nets.NETS`.
    quick : bool
        Tiny nets and few steps: whether it works, not how fast it is.
    tell : callable
        Takes a line about what is done next, and what was measured.

    Returns
    -------
    dict
        ``nets`` (a list of `NetTiming.as_dict`), ``equal``, ``load`` (runnable processes of the machine,
        mean of the last minute, before and after), ``cores``.

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
    timings = []
    for name in names:
        tell(f"{name}: {NETS[name].title}, Lava's runtime beside the engine")
        timings.append(time_net(name, quick))
        tell(_summary(timings[-1]))
    return {
        "nets": [timing.as_dict() for timing in timings],
        "equal": all(timing.equal for timing in timings),
        "quick": quick,
        "load": [before, os.getloadavg()[0]],
        "cores": os.cpu_count(),
    }


def bench_rates(quick: bool = False, tell: Callable[[str], None] = lambda _: None) -> list[dict[str, Any]]:
    """Time the net "stdp" at other post rates; returns `NetTiming` dicts whose names tell what sets the rate."""
    timings = []
    for name, rule in STDP_RATES.items():
        tell(f"stdp, {name}: {rule}")
        timings.append(time_net(name, quick, replace(stdp_plan(rule), steps=RATE_STEPS)))
        tell(_summary(timings[-1]))
    return [timing.as_dict() for timing in timings]


def _summary(timing: NetTiming) -> str:
    """One line about a net."""
    return (
        f"  {1e6 * timing.lava_seconds:,.0f} µs a step on Lava, {1e6 * timing.engine_seconds:.2f} µs on the engine: "
        f"{timing.ratio:,.0f} times"
    )

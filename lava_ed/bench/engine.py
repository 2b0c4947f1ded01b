"""The engine beside Lava's own runtime: the same net, the same steps, every Var compared."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.bench.nets import NETS, SPIKE_SHARE, BenchNet, NetPlan
from lava_ed.bench.roofline import bare_seconds
from lava_ed.errors import ConfigError

REPETITIONS: Final = 5
QUICK_REPETITIONS: Final = 2
TAG: Final = "fixed_pt"


@dataclass(frozen=True)
class NetTiming:
    """What was measured on one net.

    Attributes
    ----------
    name, title : str
    sizes : tuple of int
    steps, repetitions : int
        Each repetition runs the same steps on both runtimes.
    lava_seconds, engine_seconds : float
        Median seconds a step.
    ratio : float
        Median over the repetitions of Lava's time by the engine's.
    spikes : float
        Spikes a step into synapses.
    additions : float
        Weights that are added to a sum, a step.
    visits : float
        Synapses that the rule visits, a step.
    operations_per_second : float
        Additions and visits of the engine, a second.
    roofline_seconds : float
        Seconds a step of the additions alone, as int8 rows in a bare compiled loop.
    compared : int
        Vars that were compared after every repetition.
    differing : list of str
        Those that differ: none, or the figures mean nothing.
    """

    name: str
    title: str
    sizes: tuple[int, ...]
    steps: int
    repetitions: int
    lava_seconds: float
    engine_seconds: float
    ratio: float
    spikes: float
    additions: float
    visits: float
    operations_per_second: float
    roofline_seconds: float
    compared: int
    differing: list[str]

    @property
    def equal(self) -> bool:
        """Whether every Var agreed."""
        return not self.differing

    @property
    def distance(self) -> float:
        """Engine's time in units of the roofline."""
        return self.engine_seconds / self.roofline_seconds

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"equal": self.equal, "distance": self.distance}


def run_steps(net: BenchNet, steps: int) -> float:
    """Run a net and return the seconds that the call took."""
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg

    condition, config = RunSteps(num_steps=steps), Loihi2SimCfg(select_tag=TAG)
    started = time.perf_counter()
    net.processes[0].run(condition=condition, run_cfg=config)
    return time.perf_counter() - started


def record_spikes(plan: NetPlan, sizes: tuple[int, ...], share: float, steps: int) -> tuple[BenchNet, dict[Any, Any]]:
    """Run the net once more, with a sink at each sender; returns the net and port → spikes (n, steps)."""
    from lava.proc.io.sink import RingBuffer

    from lava_ed.engine import attach

    net = plan.build(sizes, share)
    sinks = {}
    for port in {port for port, _ in net.senders} | {port for sides in net.learning for port in sides}:
        sinks[port] = RingBuffer(shape=port.shape, buffer=steps)
        port.connect(sinks[port].a_in)
    attach(net.processes[0])
    run_steps(net, steps)
    recorded = {port: np.asarray(sink.data.get(), np.int32).reshape(-1, steps) for port, sink in sinks.items()}
    return net, recorded


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


def time_net(name: str, quick: bool = False) -> NetTiming:
    """Run one net on both runtimes, in turn, and compare every Var after each repetition."""
    from lava_ed.engine import attach

    plan = NETS[name]
    sizes = plan.small if quick else plan.sizes
    steps, repetitions = (plan.quick_steps, QUICK_REPETITIONS) if quick else (plan.steps, REPETITIONS)
    stock, fused = plan.build(sizes, SPIKE_SHARE), plan.build(sizes, SPIKE_SHARE)
    attach(fused.processes[0])
    differing: set[str] = set()
    try:
        for net in (stock, fused):
            run_steps(net, 1)  # compiles
        times = []
        for _ in range(repetitions):
            times.append((run_steps(stock, steps), run_steps(fused, steps)))
            differing |= set(differing_vars(stock, fused))
    finally:
        if stock.processes[0].runtime is not None:
            stock.processes[0].stop()
    lava, engine = (np.array(side) / steps for side in zip(*times, strict=True))
    counted, recorded = record_spikes(plan, sizes, SPIKE_SHARE, 1 + steps * repetitions)
    spikes, additions, visits = operations(counted, recorded, 1 + steps * repetitions)
    return NetTiming(
        name, plan.title, sizes, steps, repetitions,
        float(np.median(lava)), float(np.median(engine)), float(np.median(lava / engine)),
        spikes, additions, visits, (additions + visits) / float(np.median(engine)),
        bare_seconds([(recorded[port], fan_out) for port, fan_out in counted.senders]),
        len(fused.variables), sorted(differing),
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
        Takes a line about what is done next.

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
    return {
        "nets": [timing.as_dict() for timing in timings],
        "equal": all(timing.equal for timing in timings),
        "quick": quick,
        "load": [before, os.getloadavg()[0]],
        "cores": os.cpu_count(),
    }

"""The engine beside Lava's own runtime: the same net from the same weights, every Var compared after equal steps.

Lava takes milliseconds for a step that takes the engine microseconds.  Two copies of the net therefore run on the
engine: one runs the steps that Lava runs, and is compared; the other is timed over runs of many thousand steps.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.bench.harness import Tell, check_names, load_since, seconds_of, silent
from lava_ed.bench.nets import NETS, SPIKE_SHARE, STDP_RATES, BenchNet, NetPlan, Sizes, stdp_plan
from lava_ed.bench.roofline import bare_loop

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

Recorded = dict[Any, npt.NDArray[np.int32]]
"""Port → spikes (n, steps)."""


@dataclass(frozen=True)
class NetTiming:
    """What was measured on one net.

    Attributes
    ----------
    steps, engine_steps, repetitions : int
        Steps of a run on Lava's runtime, and of one on the engine; a repetition takes the fastest of `PARTS` runs.
    lava_seconds, engine_seconds, roofline_seconds : float
        Median seconds a step; the last one of the additions alone, as int8 rows in a bare compiled loop.
    ratio, distance : float
        Median over the repetitions of Lava's time by the engine's, and of the engine's by that of the bare loop.
    spikes, post_spikes : float
        Spikes a step into synapses, and of the neurons behind plastic ones (None without any).
    additions, visits : float
        Weights that are added to a sum, and synapses that the rule visits, a step.
    operations_per_second : float
        Additions and visits of the engine, a second.
    compared : int
        Vars that were compared after the last repetition.
    differing : list of str
        Those that differ: none, or the figures mean nothing.
    """

    name: str
    title: str
    sizes: Sizes
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

    def as_dict(self) -> dict[str, Any]:
        """The fields for JSON; ``equal`` tells whether every Var agreed."""
        return asdict(self) | {"equal": not self.differing}


def run_steps(net: BenchNet, steps: int) -> float:
    """Run a net and return the seconds that the call took."""
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg

    condition, config = RunSteps(num_steps=steps), Loihi2SimCfg(select_tag="fixed_pt")
    return seconds_of(partial(net.processes[0].run, condition=condition, run_cfg=config))


def fastest_run(net: BenchNet, steps: int) -> float:
    """Seconds a step in the fastest of `PARTS` runs."""
    return min(run_steps(net, steps) for _ in range(PARTS)) / steps


def builder(plan: NetPlan, sizes: Sizes, settling: int) -> Callable[[], BenchNet]:
    """A way to build the net again and again, with the weights that a rule has after `settling` steps."""
    from lava_ed.engine import attach

    net = plan.build(sizes, SPIKE_SHARE)
    learned: list[npt.NDArray[Any]] = []
    if settling:
        attach(net.processes[0])
        run_steps(net, settling)
        learned = [process.weights.get().astype(np.int32) for process in net.plastic]

    def build() -> BenchNet:
        result = plan.build(sizes, SPIKE_SHARE)
        for process, weights in zip(result.plastic if learned else (), learned, strict=True):
            process.weights.init = weights
        return result

    return build


def record_spikes(net: BenchNet, steps: int, warming: int = WARMING) -> Recorded:
    """Run the net on the engine with a sink at each sender; returns the spikes after the warming."""
    from lava.proc.io.sink import RingBuffer

    from lava_ed.engine import attach

    sinks = {}
    for port in {port for port, _ in net.senders} | {port for sides in net.learning for port in sides}:
        sinks[port] = RingBuffer(shape=port.shape, buffer=warming + steps)
        port.connect(sinks[port].a_in)
    attach(net.processes[0])
    run_steps(net, warming + steps)
    return {
        port: np.asarray(sink.data.get(), np.int32).reshape(-1, warming + steps)[:, warming:]
        for port, sink in sinks.items()
    }


def operations(net: BenchNet, recorded: Recorded, steps: int) -> dict[str, Any]:
    """Spikes, additions and visits of a `NetTiming`."""
    fired = {port: np.count_nonzero(spikes) for port, spikes in recorded.items()}
    visits, posts = 0, 0
    for pre, post in net.learning:
        posts += fired[post]
        visits += pre.size * post.size * steps if net.every_synapse else fired[pre] * post.size + fired[post] * pre.size
    return {
        "spikes": sum(fired[port] for port, _ in net.senders) / steps,
        "post_spikes": posts / steps if net.learning else None,
        "additions": sum(fired[port] * fan_out for port, fan_out in net.senders) / steps,
        "visits": visits / steps,
    }


def differing_vars(one: BenchNet, other: BenchNet) -> list[str]:
    """Vars that are not equal."""
    return [
        f"{type(a.process).__name__}.{a.name}"
        for a, b in zip(one.variables, other.variables, strict=True)
        if not np.array_equal(a.get(), b.get())
    ]


def time_net(name: str, plan: NetPlan, quick: bool = False) -> NetTiming:
    """Run one net on both runtimes, in turn, and compare every Var in the end."""
    from lava_ed.engine import attach

    sizes, steps, settling, repetitions = plan.sizes, plan.steps, plan.settling, REPETITIONS
    if quick:
        sizes, steps, settling, repetitions = plan.small, plan.quick_steps, plan.quick_settling, QUICK_REPETITIONS
    build = builder(plan, sizes, settling)
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
    done, seconds = operations(counted, recorded, COUNTED_STEPS), float(np.median(engine))
    return NetTiming(
        name=name,
        title=plan.title,
        sizes=sizes,
        steps=steps,
        engine_steps=engine_steps,
        repetitions=repetitions,
        lava_seconds=float(np.median(lava)),
        engine_seconds=seconds,
        ratio=float(np.median(lava / engine)),
        **done,
        operations_per_second=(done["additions"] + done["visits"]) / seconds,
        roofline_seconds=float(np.median(roofline)),
        distance=float(np.median(engine / roofline)),
        compared=len(checked.variables),
        differing=differing,
    )


def bench_engine(names: Iterable[str] = tuple(NETS), quick: bool = False, tell: Tell = silent) -> dict[str, Any]:
    """Time nets of `nets.NETS` on both runtimes; `quick` ones are tiny and tell whether it works, not how fast it is.

    Returns
    -------
    dict
        ``nets`` (a list of `NetTiming.as_dict`), ``equal``, ``quick``, ``load`` (runnable processes of the machine,
        mean of the last minute, before and after), ``cores``.

    Raises
    ------
    ConfigError
        If a name is unknown.
    """
    names, before = check_names(names, NETS), os.getloadavg()[0]
    rows = [(name, f"{name}: {NETS[name].title}, Lava's runtime beside the engine", NETS[name]) for name in names]
    timings = _time_all(rows, quick, tell)
    equal = all(timing["equal"] for timing in timings)
    return {"nets": timings, "equal": equal, "quick": quick, **load_since(before)}


def bench_rates(quick: bool = False, tell: Tell = silent) -> list[dict[str, Any]]:
    """Time the net "stdp" at other post rates; returns `NetTiming` dicts whose names tell what sets the rate."""
    rows = [
        (name, f"stdp, {name}: {rule}", replace(stdp_plan(rule), steps=RATE_STEPS)) for name, rule in STDP_RATES.items()
    ]
    return _time_all(rows, quick, tell)


def _time_all(rows: Iterable[tuple[str, str, NetPlan]], quick: bool, tell: Tell) -> list[dict[str, Any]]:
    """Time nets (name, line to tell before, plan)."""
    results = []
    for name, line, plan in rows:
        tell(line)
        timing = time_net(name, plan, quick)
        tell(
            f"  {1e6 * timing.lava_seconds:,.0f} µs a step on Lava, {1e6 * timing.engine_seconds:.2f} µs on the "
            f"engine: {timing.ratio:,.0f} times"
        )
        results.append(timing.as_dict())
    return results

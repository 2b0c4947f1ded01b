"""Counts around a piece of code, priced afterwards."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any, NamedTuple, Protocol

from lava_ed.energy.counting import Counters, Totals, completed, subtract
from lava_ed.energy.prices import PriceList, load_price_list
from lava_ed.energy.report import energy_report
from lava_ed.errors import ConfigError


class Counting(Protocol):
    """Anything that counts its operations, as `lava_ed.engine.program.Program` does."""

    def counters(self) -> Counters:
        """node → counter → phase → count."""


class EnergyProfiler:
    """Context manager that counts what runs inside it, and prices that.

    Parameters
    ----------
    program
        An object with ``counters()``, such as a `Program` or an `EngineRuntime`, or a Lava process: the graph
        that it belongs to is counted by its engine, which the block attaches where nothing ran it before.
        Where a schedule gives the period of a sample, the profiler knows how many samples ran.
    price_list : PriceList, str or path, optional

    Raises
    ------
    ConfigError, PriceListError
        If `program` does not count, or the price list is unknown or malformed.

    Examples
    --------
    >>> class Net:
    ...     synops = 0
    ...     def counters(self):
    ...         return {"fc": {"synops": {"forward": self.synops}}}
    >>> net = Net()
    >>> with EnergyProfiler(net, price_list="anp-i") as profiler:
    ...     net.synops += 1_000_000
    >>> profiler.report(samples=10)["microjoules_per_sample"]["forward"]
    0.15
    """

    def __init__(self, program: Any, price_list: PriceList | str | os.PathLike[str] = "loihi1-davies2018") -> None:
        if not callable(getattr(program, "counters", None)) and not hasattr(program, "runtime"):
            raise ConfigError(
                f"a {type(program).__name__} does not count: give an object with counters(), such as an engine "
                "Program, or a Lava process"
            )
        self.price_list = load_price_list(price_list)
        self._program = program
        self._counted: Counting | None = None
        self._before: _Reading | None = None
        self._after: _Reading | None = None

    def __enter__(self) -> EnergyProfiler:
        """Start counting, from 0 also where the profiler was used before."""
        self._counted = counting_of(self._program)
        self._before, self._after = _read(self._counted), None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop counting; an exception passes through, and what ran before it is counted."""
        self._after = _read(self._counted)

    def counters(self) -> dict[str, Totals]:
        """What was counted inside the block, so far or until its end: node → counter → phase → count."""
        before, after = self._readings()
        # A process that was connected inside the block, before the first step, had counted nothing.
        nothing: Counters = {node: {} for node in after.counters}
        return subtract(after.counters, {**nothing, **before.counters})

    def report(self, samples: int | None = None) -> dict[str, Any]:
        """`energy_report` of the block; without a number of samples, of those that the program's clock tells.

        Raises
        ------
        ConfigError
            If the block was not entered, its counters were reset, or no whole number of samples ran.
        """
        before, after = self._readings()
        if samples is None:
            samples = _samples_between(before, after)
        return energy_report(self.counters(), samples, self.price_list)

    def _readings(self) -> tuple[_Reading, _Reading]:
        if self._before is None:
            raise ConfigError('nothing was counted yet: run the program inside "with EnergyProfiler(...) as p:"')
        return self._before, self._after or _read(self._counted)


def counting_of(target: Any, run_cfg: Any = None) -> Counting:
    """What counts for a program, a runtime or a Lava process; a process that nothing runs yet is attached.

    A graph on Lava's own runtime is a `ConfigError`: stock processes count nothing there.
    """
    if not callable(getattr(target, "counters", None)):
        if target.runtime is None:
            from lava_ed.lava_graphs.attaching import attach, engine_of

            # A process that was connected to an attached graph gets that graph's engine.
            if engine_of(target) is None:
                attach(target, run_cfg)
        target = target.runtime
        if not callable(getattr(target, "counters", None)):
            raise ConfigError(
                "the graph runs on Lava's own runtime, which counts nothing: call stop(), then attach(process) or "
                "enter the block before the first run"
            )
    # A runtime's program knows the clock and the schedule.
    return getattr(target, "program", target)  # type: ignore[no-any-return]


class _Reading(NamedTuple):
    """Counters and clock of a program at one moment."""

    counters: dict[str, Totals]
    time_step: int | None
    period: int | None


def _read(program: Any) -> _Reading:
    """Read counters and clock; counters are copied, as a program may hand out the same dictionaries every time."""
    period = getattr(getattr(program, "schedule", None), "period", None)
    return _Reading(completed(program.counters()), getattr(program, "time_step", None), period)


def _samples_between(before: _Reading, after: _Reading) -> int:
    """Whole samples that ran between two readings."""
    if before.time_step is None or after.time_step is None or not after.period:
        raise ConfigError(
            "the program has no time_step and schedule.period: give the number of samples, report(samples=…)"
        )
    steps = after.time_step - before.time_step
    samples, rest = divmod(steps, after.period)
    if rest or samples < 1:
        raise ConfigError(
            f"{steps} steps ran, which is no whole number of samples of {after.period} steps: "
            "run whole samples, or give their number, report(samples=…)"
        )
    return samples

"""What all measurements share: a clock, what to tell, which names there are, and under which load they ran."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any

from lava_ed.errors import ConfigError

Tell = Callable[[str], None]
"""Takes a line about what is done next, or what was measured."""


def silent(line: str) -> None:
    """Tell nobody."""


def seconds_of(run: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds that a call takes."""
    started = clock()
    run()
    return clock() - started


def fastest(run: Callable[[], object], times: int, clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds of the fastest of some calls, as other work of the machine only ever adds time."""
    return min(seconds_of(run, clock) for _ in range(times))


def check_names(names: Iterable[str], known: Collection[str]) -> list[str]:
    """The names of nets as a list, or a ConfigError about the first unknown one."""
    names = list(names)
    for name in names:
        if name not in known:
            raise ConfigError(f"net {name!r} is unknown: choose from {', '.join(known)}")
    return names


def load_since(before: float) -> dict[str, Any]:
    """Runnable processes of the machine, mean of the last minute, before and after, and its cores."""
    return {"load": [before, os.getloadavg()[0]], "cores": os.cpu_count()}

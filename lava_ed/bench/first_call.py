"""What a user waits for the first time: importing the engine, attaching a net, and its first step, in a new process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from typing import Any, Final

from lava_ed.bench.harness import Tell, silent
from lava_ed.bench.nets import NETS, SPIKE_SHARE
from lava_ed.errors import BackendError

__all__ = ["bench_first_call", "first_call"]

REPETITIONS: Final = 3
"""New processes with compiled code at hand; the least time counts."""
MEASURED: Final = ("forward", "stdp")


def first_call(name: str, quick: bool = False) -> tuple[float, float]:
    """Seconds, and CPU seconds, from ``import lava_ed.engine`` to the end of the first step; a process does it once."""
    from lava.magma.core.run_conditions import RunSteps

    plan = NETS[name]
    process = plan.build(plan.small if quick else plan.sizes, SPIKE_SHARE).processes[0]
    started, worked = time.perf_counter(), time.process_time()
    from lava_ed.engine import attach

    attach(process)
    process.run(condition=RunSteps(num_steps=1))
    return time.perf_counter() - started, time.process_time() - worked


def _in_new_process(name: str, quick: bool, cache: str | None = None) -> tuple[float, float]:
    """`first_call` in a process of its own, with an empty cache of compiled code where a folder is named."""
    environment = os.environ if cache is None else {**os.environ, "NUMBA_CACHE_DIR": cache}
    command = [sys.executable, "-m", __name__, name, str(int(quick))]
    ended = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if ended.returncode:
        raise BackendError(f"a process that measures the first call ended with code {ended.returncode}: see above")
    wall, cpu = json.loads(ended.stdout)
    return float(wall), float(cpu)


def bench_first_call(quick: bool = False, tell: Tell = silent) -> list[dict[str, Any]]:
    """Time the first call in new processes; raises a BackendError if one fails.

    Returns
    -------
    list of dict
        ``net``, ``cached_seconds`` (the least of several processes), ``cold_seconds`` (with nothing compiled, which
        takes up to a minute; None where `quick`), and ``cold_cpu_seconds``, which other load of the machine hardly
        changes.
    """
    results = []
    for name in MEASURED:
        tell(f"{name}: the first call in a new process{'' if quick else ', and the first ever, which compiles'}")
        cached = min(_in_new_process(name, quick)[0] for _ in range(1 if quick else REPETITIONS))
        cold, cpu = None, None
        if not quick:
            with tempfile.TemporaryDirectory() as cache:
                cold, cpu = _in_new_process(name, quick, cache)
        results.append({"net": name, "cached_seconds": cached, "cold_seconds": cold, "cold_cpu_seconds": cpu})
    return results


if __name__ == "__main__":
    print(json.dumps(first_call(sys.argv[1], sys.argv[2] == "1")))

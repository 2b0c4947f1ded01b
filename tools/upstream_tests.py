"""Upstream Lava's own unit tests, with the engine in the place of Lava's runtime: which pass, and why others do not.

    python tools/upstream_tests.py CHECKOUT/tests/lava/proc/lif …

runs the tests of a checkout of github.com/lava-nc/lava twice, on Lava's runtime and on the engine, and prints a table
of those that pass on the first one only.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ENGINE = "LAVA_ED_IN_PLACE_OF_LAVA"
SECONDS = 60
"""What one test may take."""


def pytest_configure() -> None:
    """Let every process that is compiled run on the engine, if the environment says so; pytest calls this."""
    if not os.environ.get(ENGINE):
        return
    from lava.magma.core.process.process import AbstractProcess
    from lava.magma.core.run_configs import Loihi2SimCfg

    from lava_ed import attach

    def create_runtime(self: Any, run_cfg: Any = None, executable: Any = None, compile_config: Any = None) -> None:
        if executable is not None:
            models = {process: builder.proc_model for process, builder in executable.proc_builders.items()}
            run_cfg = Loihi2SimCfg(exception_proc_model_map=models)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            attach(self, run_cfg)

    AbstractProcess.create_runtime = create_runtime


def outcomes(places: list[str], engine: bool) -> dict[str, str]:
    """What became of each test: passed, skipped, or the first line of its error."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "upstream_tests", "-p", "no:cacheprovider", "-n0"]
        command += ["-W", "ignore", f"--timeout={SECONDS}", f"--junitxml={report}", "-c", os.devnull, *places]
        paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
        environment = os.environ | {"PYTHONPATH": paths, ENGINE: "1" if engine else ""}
        subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL)
        cases = ElementTree.parse(report).iter("testcase")
        return {f"{case.get('classname')}.{case.get('name')}": _outcome(case) for case in cases}


def _outcome(case: Any) -> str:
    for kind in ("failure", "error"):
        found = case.find(kind)
        if found is not None:
            return str(found.get("message", "")).splitlines()[0]
    return "skipped" if case.find("skipped") is not None else "passed"


def main(places: list[str]) -> None:
    """Run both and print what differs."""
    lava, engine = outcomes(places, False), outcomes(places, True)
    passed = [name for name, outcome in lava.items() if outcome == "passed"]
    kept = [name for name in passed if engine.get(name) == "passed"]
    print(f"{len(lava)} tests, {len(passed)} pass on Lava's runtime, {len(kept)} of them on the engine\n")
    modules = Counter(name.rpartition(".")[0].rpartition(".")[0] for name in passed)
    for module, count in modules.items():
        print(f"{module}: {sum(name.startswith(f'{module}.') for name in kept)} of {count}")
    print("\n| test | on the engine |\n| --- | --- |")
    for name in passed:
        if name not in kept:
            print(f"| {name} | {engine.get(name, 'was not run')[:300]} |")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Lava's own tutorials, on Lava's runtime and on the engine: which run, what they read from Vars, how long runs take.

    python tools/upstream_tutorials.py CHECKOUT/tutorials/in_depth/tutorial08_stdp.ipynb …

The cells run as they are, after lines that put the engine in the place of Lava's runtime and note what is read.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SECONDS = 900
"""What one tutorial may take."""
SECONDS_TO_BUILD = 0.5
"""What Lava's OS processes have for their models; MNIST's reads 55 MB."""
PREAMBLE = """
import upstream_tutorials as _tool
_tool.watch(engine={engine}, report={report!r})
import matplotlib, urllib.request
matplotlib.use("Agg")
def display(*_, **__): pass
"""


def watch(engine: bool, report: str) -> None:
    """Note every value that the tutorial reads and the time that its runs take; called in the tutorial's process."""
    import builtins
    import hashlib
    import multiprocessing
    import random
    import time
    import traceback
    import warnings

    import numpy as np
    from lava.magma.core.process.process import AbstractProcess
    from lava.magma.core.process.variable import Var
    from upstream_tests import ENGINE, pytest_configure

    warnings.simplefilter("ignore")
    if engine:
        os.environ[ENGINE] = "1"
        pytest_configure()
        load_compiled()
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    noted: dict[str, Any] = {"seconds": 0.0, "values": [], "hosted": []}
    get, run, wait, depth = Var.get, AbstractProcess.run, AbstractProcess.wait, [0]

    def noting_get(self: Any, *arguments: Any) -> Any:
        value = get(self, *arguments)
        if self.aliased_var is None and getattr(self.process, "runtime", None) is not None:
            flat = value.toarray() if hasattr(value, "toarray") else value
            data = flat.encode() if isinstance(flat, str) else np.ascontiguousarray(flat, float).tobytes()
            noted["values"].append(hashlib.sha256(data).hexdigest()[:12])
        return value

    def timed(call: Any) -> Any:
        def timing(self: Any, *arguments: Any, **named: Any) -> Any:
            if self.runtime is None and not depth[0]:
                depth[0] += 1
                try:
                    config = named.get("run_cfg", arguments[1] if len(arguments) > 1 else None)
                    if config is not None:
                        self.create_runtime(config)
                        build_models(self.runtime)
                finally:
                    depth[0] -= 1
            begin = time.perf_counter()
            try:
                return call(self, *arguments, **named)
            finally:
                noted["seconds"] += time.perf_counter() - begin
                graph = getattr(self.runtime, "_graph", None)
                for model in getattr(getattr(graph, "conductor", None), "hosted", {}).values():
                    noted["hosted"].append(model.cls.__name__)

        return timing

    Var.get, AbstractProcess.run, AbstractProcess.wait = noting_get, timed(run), timed(wait)

    def end(kind: Any = None, error: Any = None, trace: Any = None) -> None:
        """Leave at once: Python would wait for the OS processes of graphs that the tutorial has not stopped."""
        if error is not None:
            traceback.print_exception(kind, error, trace)
        Path(report).write_text(json.dumps(noted))
        for child in multiprocessing.active_children():
            child.kill()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0 if error is None else 1)

    sys.excepthook = end
    builtins.end_of_tutorial = end  # type: ignore[attr-defined]


def build_models(runtime: Any) -> None:
    """Have the tutorial's own models built before anything is timed, as Lava's OS processes do when they begin."""
    import time

    conductor = getattr(getattr(runtime, "_graph", None), "conductor", None)
    for hosted in getattr(conductor, "hosted", {}).values():
        assert hosted.model is not None
    if conductor is None:
        time.sleep(SECONDS_TO_BUILD)


def load_compiled() -> None:
    """Load compiled code, once in each Python, before anything is timed: the loops of graphs run no step."""
    import numpy as np

    from lava_ed.engine.jump import NO_JUMP
    from lava_ed.engine.loops import LOOPS, loop_of
    from lava_ed.kernels.stock.lif import effective_biases

    ops, ptr, order = np.zeros((1, 8), np.int64), np.zeros(2, np.int64), np.zeros(1, np.int64)
    arenas = [np.zeros(1, dtype) for dtype in (np.int8, np.int16, np.int32, np.int64, np.uint8, np.float64)]
    for groups in (loop.groups for loop in LOOPS if "maps" not in loop.groups):
        run = loop_of(groups)
        run(ops, ptr, order, NO_JUMP, *arenas, 0, 0, 0, 0, np.zeros(0, np.int32), np.zeros(3, np.int64))
    effective_biases(*(np.zeros(1, dtype) for dtype in (np.int16, np.int16, np.int32)))


def script_of(notebook: Path, engine: bool, report: str) -> str:
    """The code cells of a notebook, without commands for the notebook itself and pictures from the web."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    lines = [line for cell in cells if cell["cell_type"] == "code" for line in [*cell["source"], "\n"]]
    code = "".join("\n" if _is_left_out(line) else line for line in lines)
    return PREAMBLE.format(engine=engine, report=report) + code + "\nend_of_tutorial()\n"


def _is_left_out(line: str) -> bool:
    return line.lstrip().startswith(("%", "!")) or line.endswith("?") or "urlopen(" in line


def run_tutorial(notebook: Path, engine: bool) -> tuple[str, dict[str, Any]]:
    """The last line of its error, or "", and what was noted."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        # Lava executes every .py file beside a process once more, when it looks for its models.
        script = Path(folder) / "tutorial"
        script.write_text(script_of(notebook, engine, str(report)), encoding="utf-8")
        paths = [str(Path(__file__).parent), str(notebook.parent), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
        command = [sys.executable, str(script)]
        try:
            done = subprocess.run(
                command, env=environment, cwd=notebook.parent, capture_output=True, text=True, timeout=SECONDS,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"took more than {SECONDS} s", {}
        noted = json.loads(report.read_text()) if report.exists() else {}
        return ("" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["?"])[-1]), noted


def main(notebooks: list[str]) -> None:
    """Print a row for each."""
    print("| tutorial | on Lava | on the engine | values read | equal | seconds of runs | times | hosted |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for path in map(Path, notebooks):
        (lava, theirs), (ours, mine) = (run_tutorial(path.resolve(), engine) for engine in (False, True))
        values = [theirs.get("values", []), mine.get("values", [])]
        same = sum(one == other for one, other in zip(*values, strict=False))
        seconds = [theirs.get("seconds", 0.0), mine.get("seconds", 0.0)]
        print(
            f"| {path.stem} | {lava[:120] or 'runs'} | {ours[:300] or 'runs'} | "
            f"{len(values[0])}, {len(values[1])} | {same} | "
            f"{seconds[0]:.3f}, {seconds[1]:.3f} | {seconds[0] / max(seconds[1], 1e-9):.0f} | "
            f"{', '.join(sorted(set(mine.get('hosted', []))))} |",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])

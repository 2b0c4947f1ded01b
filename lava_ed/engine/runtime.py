"""EngineRuntime: stands where Lava's Runtime stands."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_conditions import AbstractRunCondition, RunContinuous, RunSteps

from lava_ed.engine.graph import LoweredGraph, lower_graph
from lava_ed.engine.program import Program
from lava_ed.errors import BackendError

_BACKGROUND_STEPS = 4096
"""Steps between two looks at a pause request."""


class EngineRuntime:
    """Runs a lowered graph behind Lava's own interface.

    ``process.run``, ``wait``, ``pause``, ``stop``, ``Var.get`` and ``Var.set`` reach it through
    ``process.runtime``.  A RunConfig given to ``run`` is ignored, as Lava does for a graph that is compiled.

    Parameters
    ----------
    graph : LoweredGraph
    """

    def __init__(self, graph: LoweredGraph) -> None:
        self._graph = graph
        self._thread: threading.Thread | None = None
        self._pause = threading.Event()
        self._failure: BaseException | None = None
        self._stopped = False

    @property
    def program(self) -> Program:
        """The lowered program."""
        return self._graph.program

    @property
    def num_steps(self) -> int:
        """Time steps run so far."""
        return self.program.time_step

    def initialize(self, node_cfg_idx: int = 0) -> None:
        """Nothing to prepare; Lava's own runtime starts processes here."""

    def start(self, run_condition: AbstractRunCondition) -> None:
        """Run under a condition; returns at once where it is non-blocking.

        Raises
        ------
        BackendError
            If a run is going on, the runtime was stopped, or the condition is unknown.
        """
        if self._stopped:
            raise BackendError("this runtime was stopped: call attach() again for a fresh one")
        if self._running:
            raise BackendError("a run is going on: call wait() or pause() first")
        if isinstance(run_condition, RunSteps):
            steps: int | None = int(run_condition.num_steps)
        elif isinstance(run_condition, RunContinuous):
            steps = None
        else:
            raise BackendError(
                f"run condition {type(run_condition).__name__} is unknown: use RunSteps or RunContinuous"
            )
        if run_condition.blocking and steps is not None:
            self.program.run(steps)
            return
        self._pause.clear()
        self._thread = threading.Thread(target=self._background, args=(steps,), daemon=True, name="lava-ed-engine")
        self._thread.start()

    def _background(self, steps: int | None) -> None:
        remaining = steps
        try:
            while remaining != 0 and not self._pause.is_set():
                chunk = _BACKGROUND_STEPS if remaining is None else min(remaining, _BACKGROUND_STEPS)
                self.program.run(chunk)
                if remaining is not None:
                    remaining -= chunk
        except Exception as failure:
            # Raised again in the caller's thread, by wait(), pause() or stop().
            self._failure = failure

    @property
    def _running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def wait(self) -> None:
        """Block until a non-blocking run of finite length has ended."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def pause(self) -> None:
        """End a non-blocking run after the current step."""
        self._pause.set()
        self.wait()

    def stop(self) -> None:
        """End the run for good; Vars stay readable."""
        self.pause()
        self._stopped = True

    def detach(self) -> None:
        """Give the processes back: the next ``run`` compiles them for Lava's own runtime."""
        self.pause()
        for process in self._graph.processes:
            if process.runtime is self:
                process.runtime = None

    def _locate(self, var_id: int) -> tuple[str, str]:
        if self._running:
            raise BackendError("a run is going on: call wait() or pause() before reading or writing a Var")
        if var_id not in self._graph.variables:
            raise BackendError(f"the Var with id {var_id} is not part of this graph, or holds nothing in it")
        return self._graph.variables[var_id]

    def get_var(self, var_id: int, idx: npt.NDArray[Any] | None = None) -> npt.NDArray[np.float64]:
        """Value of a Var as float64, which is what Lava's runtime returns."""
        values = self.program.get(*self._locate(var_id)).astype(np.float64)
        return values if idx is None else np.asarray(values[idx])

    def set_var(self, var_id: int, value: npt.ArrayLike, idx: npt.NDArray[Any] | None = None) -> None:
        """Write a Var, or where `idx` is given those entries of it; a bad value changes nothing."""
        node, var = self._locate(var_id)
        new = np.asarray(value)
        if idx is not None:
            current = self.program.get(node, var)
            current[idx] = new
            new = current
        self.program.set(node, var, new)


def attach(process: AbstractProcess) -> EngineRuntime:
    """Put the engine in place of Lava's runtime for the whole graph that `process` belongs to.

    Parameters
    ----------
    process : AbstractProcess
        Any process of the graph.

    Returns
    -------
    EngineRuntime

    Raises
    ------
    UnsupportedProcessError
        If a process has no lowering; the graph is left as it was.
    """
    graph = lower_graph(process)
    runtime = EngineRuntime(graph)
    for item in graph.processes:
        item.runtime = runtime
    return runtime

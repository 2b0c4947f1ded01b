"""EngineRuntime: stands where Lava's Runtime stands."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.run_conditions import AbstractRunCondition, RunContinuous, RunSteps
from lava.magma.core.run_configs import RunConfig
from lava.proc.monitor.process import Monitor

from lava_ed.engine.batch import run_batch
from lava_ed.engine.graph import LoweredGraph, lower_graph
from lava_ed.engine.program import Program
from lava_ed.engine.selection.runs import check_runs, release_runs
from lava_ed.errors import BackendError, ConfigError
from lava_ed.network.values import shown
from lava_ed.proc.walk import collect

_BACKGROUND_STEPS = 4096
"""Steps between two looks at a pause request."""


class EngineRuntime:
    """Runs a lowered graph behind Lava's own interface.

    ``process.run``, ``wait``, ``pause``, ``stop``, ``Var.get`` and ``Var.set`` reach it through
    ``process.runtime``.  A RunConfig given to ``run`` must select the ProcessModels that were attached; Lava ignores
    it for a graph that is compiled.

    Parameters
    ----------
    graph : LoweredGraph

    Notes
    -----
    It differs from Lava's runtime where that one loses data or cannot go on.  Vars are readable before the first
    run and after `stop`; during a run Lava answers with None, here it is a `BackendError`.  With an index Lava
    writes ``value[idx]`` to the *first* entries of a Var, and a value that is too short likewise fills its head;
    here ``Var.set(value, idx)`` writes the entries that `idx` names, and a shape that does not fit is a
    `ShapeError`.  ``Var.get(idx)`` is the same for tuples; arrays and 0 work as in numpy.
    What a process computes anew in every step or sample (a_buff, e_buff, delta, gate, x0, x1) is for reading: on
    Lava a value written there in the middle of a sample lasts one step, here it lasts until its process's next
    window.  Every other Var can be written at any step.
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

    def counters(self) -> dict[str, dict[str, dict[str, int]]]:
        """Operations counted so far: process name → counter → phase → count.

        Every process that works on a neurocore has an entry, Lava's own too, though those have no Var of that name.

        Raises
        ------
        BackendError
            If a run is going on.
        """
        if self._running:
            raise BackendError("a run is going on: call wait() or pause() before reading the counters")
        return self.program.counters()

    def initialize(self, node_cfg_idx: int = 0) -> None:
        """What ``create_runtime`` does in a graph that is attached: nothing, the engine is ready.

        Raises
        ------
        BackendError
            If steps were run already, or the runtime was stopped: Lava compiles a graph once.
        """
        if self._stopped or self.num_steps:
            state = "which was stopped" if self._stopped else f"at time step {self.num_steps}"
            raise BackendError(f"this graph has a runtime, {state}: call attach() again for a fresh one")

    def __enter__(self) -> EngineRuntime:
        """Enter a block that ends with `stop`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, as Lava's runtime does."""
        self.stop()

    def start(self, run_condition: AbstractRunCondition) -> None:
        """Run under a condition; returns at once where it is non-blocking.

        Raises
        ------
        BackendError
            If a run is going on, the runtime was stopped, or the condition is unknown.
        Exception
            What ended a non-blocking run that nobody has waited for.
        """
        if self._stopped:
            raise BackendError("this runtime was stopped: call attach() again for a fresh one")
        if self._running:
            raise BackendError("a run is going on: call wait() or pause() first")
        self.wait()
        if isinstance(run_condition, RunSteps):
            steps: int | None = int(run_condition.num_steps)
        elif isinstance(run_condition, RunContinuous):
            steps = None
        else:
            raise BackendError(
                f"run condition {type(run_condition).__name__} is unknown: use RunSteps or RunContinuous"
            )
        self.program.cancel_waits(False)
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
        """End a non-blocking run as soon as possible, after a whole step."""
        self._pause.set()
        self.program.cancel_waits()
        self.wait()

    def stop(self) -> None:
        """End the run for good; Vars stay readable."""
        try:
            self.pause()
        finally:
            self._stopped = True

    def detach(self) -> None:
        """Give the processes back: the next ``run`` compiles them for Lava's own runtime, from their initial values.

        Lava compiles a process once in its life: a graph that ran there before cannot go back.
        """
        try:
            self.pause()
        finally:
            for process in self._graph.processes:
                if process.runtime is self:
                    process.runtime = None
                    release_runs([process])
            for (process, port, name), pipe in self._graph.pipes.items():
                if vars(getattr(process, port)).get(name) is pipe:
                    delattr(getattr(process, port), name)
            self._graph.expansion.undo()

    def _locate(self, var_id: int) -> tuple[str, str]:
        if self._running:
            raise BackendError("a run is going on: call wait() or pause() before reading or writing a Var")
        if var_id not in self._graph.variables:
            raise BackendError(f"the Var with id {var_id} is not part of this graph, or holds nothing in it")
        return self._graph.variables[var_id]

    def get_var(self, var_id: int, idx: npt.NDArray[Any] | None = None) -> npt.NDArray[np.float64]:
        """Value of a Var as float64, which is what Lava's runtime returns."""
        return self.program.get(*self._locate(var_id), idx).astype(np.float64)

    def set_var(self, var_id: int, value: npt.ArrayLike, idx: npt.NDArray[Any] | None = None) -> None:
        """Write a Var, or where `idx` is given those entries of it; a bad value changes nothing."""
        self.program.set(*self._locate(var_id), value, idx)

    def run_batch(
        self,
        inputs: Mapping[Var, npt.ArrayLike],
        steps: int,
        read: Sequence[Var | Monitor],
        threads: int | None = None,
    ) -> dict[Var | Monitor, npt.NDArray[np.float64]]:
        """Run samples that know nothing of each other over all cores, each from the state at this call.

        Sample k sees all Vars, the clock and the random streams as they are now, and ``inputs[var][k]`` in the Vars
        that are named; it runs `steps` time steps, and its Vars in `read` are kept.  Order and number of threads do
        not matter, learned weights stay within their sample, and the graph itself does not change.

        Parameters
        ----------
        inputs : mapping of Var to array (N, *shape of the Var)
            Such as ``{source.data: spikes}``, spikes of shape (N, neurons, steps).
        steps : int
            Time steps of a sample.
        read : sequence of Var or Monitor
            Such as ``[lif.v, sink.data]``; a Monitor stands for what it has recorded.
        threads : int, optional
            Default: one for each core that this process may use.  Each holds a copy of the state.

        Returns
        -------
        dict of Var or Monitor to float64 (N, *shape of the Var)

        Raises
        ------
        BackendError
            If a run is going on, the runtime was stopped, a Var is not part of this graph, or is an input that is
            only read in the first step, which was not run yet.
        ShapeError, ConfigError
            If an input does not fit.
        FixedPointOverflowError
            Under "raise", for the first sample in which a state leaves its register.

        Examples
        --------
        >>> runtime = attach(source)  # doctest: +SKIP
        >>> runtime.run_batch({source.data: spikes}, steps=32, read=[lif.v])[lif.v].shape  # doctest: +SKIP
        (1000, 10)
        """
        if self._stopped:
            raise BackendError("this runtime was stopped: call attach() again for a fresh one")
        if not isinstance(inputs, Mapping):
            raise ConfigError(f"inputs are {shown(inputs)}: a mapping from Vars to arrays is needed")
        if not isinstance(read, Sequence) or isinstance(read, str):
            raise ConfigError(f"read is {shown(read)}: a list of Vars and Monitors is needed")
        named = {self._locate(_aliased(var).id): values for var, values in inputs.items()}
        wanted = {item: self._locate(_aliased(_record(item)).id) for item in read}
        found = run_batch(self.program, named, steps, list(wanted.values()), threads)
        return {item: found[name] for item, name in wanted.items()}


def _record(item: Var | Monitor) -> Var:
    """The Var that holds what a Monitor records; a Var stands for itself."""
    if not isinstance(item, Monitor):
        return item
    if len(item.target_names) != 1:
        raise BackendError(f"{item.name} probes {len(item.target_names)} Vars and OutPorts, a Lava Monitor records one")
    return getattr(item, next(iter(item.target_names)))


def _aliased(var: Var) -> Var:
    """The Var of a sub-process that a Var stands for."""
    if not isinstance(var, Var):
        raise ConfigError(f"{shown(var)} is no Var: name Vars of the processes, such as lif.v")
    while var.aliased_var is not None:
        var = var.aliased_var
    return var


def attach(process: AbstractProcess, run_cfg: RunConfig | None = None) -> EngineRuntime:
    """Put the engine in place of Lava's runtime for the whole graph that `process` belongs to.

    It starts from the initial values of the Vars; an engine that was attached before is paused and detached.

    Parameters
    ----------
    process : AbstractProcess
        Any process of the graph.
    run_cfg : RunConfig, optional
        Selects the ProcessModel of each process, as it does for Lava's compiler, and so the arithmetic; hierarchical
        processes are expanded by their SubProcessModels.  Default: ``Loihi2SimCfg(select_tag="fixed_pt")``.

    Returns
    -------
    EngineRuntime

    Raises
    ------
    UnsupportedProcessError
        If a ProcessModel has no lowering, or none is selected; the graph is left as it was.
    BackendError
        If the graph runs on Lava's own runtime and was not stopped, or is no graph of one schedule.
    """
    before = {id(item.runtime): item.runtime for item in collect(process) if item.runtime is not None}.values()
    for old in before:
        _check_ended(old)
    engines = [runtime for runtime in before if isinstance(runtime, EngineRuntime)]
    graph = _lower_again(process, engines, run_cfg)
    for old in engines:
        old.detach()
    runtime = EngineRuntime(graph)
    for item in graph.processes:
        item.runtime = runtime
    for (owner, port, name), pipe in graph.pipes.items():
        setattr(getattr(owner, port), name, pipe)
    check_runs(graph.processes, graph.expansion)
    return runtime


def _check_ended(runtime: Any) -> None:
    """Refuse to put the engine in the place of a runtime whose OS processes are alive.

    Lava's Runtime tells so only by private attributes, and cannot stop processes that it never ran.
    """
    if getattr(runtime, "_is_started", False):
        raise BackendError("the graph runs on Lava's own runtime: call stop() before attach()")
    actors = getattr(getattr(runtime, "_messaging_infrastructure", None), "actors", [])
    if any(not actor._is_done for actor in actors):
        raise BackendError(
            "create_runtime() has started OS processes for this graph, which Lava can only stop after a run: call "
            "attach() before create_runtime(), or run() and stop() first"
        )


def _lower_again(process: AbstractProcess, engines: list[EngineRuntime], run_cfg: RunConfig | None) -> LoweredGraph:
    """Lower a graph as it was before earlier engines expanded its hierarchical processes."""
    start = process
    for old in engines:
        if process in old._graph.expansion.created:
            start = old._graph.start
        old._graph.expansion.undo()
    try:
        return lower_graph(start, run_cfg)
    except BaseException:
        for old in engines:
            old._graph.expansion.redo()
        raise

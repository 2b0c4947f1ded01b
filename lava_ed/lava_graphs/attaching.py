"""`attach`: the engine on every process of a graph, and on those that are connected to it later."""

from __future__ import annotations

from typing import Any

from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_configs import RunConfig

from lava_ed.errors import BackendError, ConfigError
from lava_ed.lava_graphs.graph import LoweredGraph, lower_graph
from lava_ed.lava_graphs.runtime import EngineRuntime
from lava_ed.lava_graphs.selection.runs import watch_runs
from lava_ed.proc.walk import collect


def attach(process: AbstractProcess, run_cfg: RunConfig | None = None) -> EngineRuntime:
    """Put the engine in place of Lava's runtime for the whole graph that `process` belongs to.

    It starts from the initial values of the Vars; an engine that was attached before is paused and detached.  What
    is connected after this call and before the first step becomes part of the graph, as it does on Lava, which
    compiles in the first run.

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
    ConfigError
        If `process` is no process, or `run_cfg` no RunConfig.
    UnsupportedProcessError
        If a ProcessModel is neither compiled nor Python, or none is selected; the graph is left as it was.
    BackendError
        If the graph runs on Lava's own runtime and was not stopped, or is no graph of one schedule.

    Warns
    -----
    FixedPointCutWarning
        If fixed-point models cut an initial value or parameter.
    HostedModelWarning
        If processes have no lowering and run by their own Python models; it names them.
    """
    if not isinstance(process, AbstractProcess):
        raise ConfigError(f"attach() takes a Lava process, any one of the graph; {process!r} is none")
    before = {id(item.runtime): item.runtime for item in collect(process) if item.runtime is not None}.values()
    for old in before:
        _check_ended(old)
    engines = [runtime for runtime in before if isinstance(runtime, EngineRuntime)]
    graph = _lower_again(process, engines, run_cfg)
    try:
        for old in engines:
            old.detach()
    except BaseException:
        graph.expansion.undo()
        raise
    watch_runs(engine_of)
    runtime = EngineRuntime(graph)
    graph.warn_of_cuts(stacklevel=2)
    graph.warn_of_hosted(stacklevel=2)
    return runtime


def engine_of(process: AbstractProcess) -> EngineRuntime | None:
    """The engine of the graph that a process belongs to, also if it was connected to that after `attach`.

    After the first step, to two graphs, or to one that was stopped nothing can be connected: a `BackendError`.
    """
    if process.runtime is not None:
        return process.runtime if isinstance(process.runtime, EngineRuntime) else None
    engines = {id(p.runtime): p.runtime for p in collect(process) if isinstance(p.runtime, EngineRuntime)}
    if len(engines) > 1:
        raise BackendError(
            f"{process.name} connects {len(engines)} graphs that were attached one by one: call attach() once, after "
            "they were connected"
        )
    for engine in engines.values():
        engine.adopt(process)
        return engine
    return None


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

"""``run`` and ``create_runtime`` of every process: a graph that has an engine keeps it; a profiler counts its runs.

Lava itself would not look at the RunConfig of a later run; and a process that joins an attached graph has no runtime,
so that its ``run`` would compile the whole graph and put Lava's own runtime into the engine's place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_conditions import AbstractRunCondition
from lava.magma.core.run_configs import RunConfig

from lava_ed.errors import BackendError

if TYPE_CHECKING:
    from lava_ed.lava_graphs.runtime import EngineRuntime

PROFILER: Final = "_lava_ed_profiler"
"""Name of the attribute by which a RunConfig leads to the profiler that counts what runs with it."""
_MARK: Final = "_lava_ed_engine_of"
"""Name of the attribute by which the replaced methods are known."""


def watch_runs(engine_of: Callable[[AbstractProcess], EngineRuntime | None]) -> None:
    """Let ``run`` and ``create_runtime`` of all processes ask for the engine first; twice is once.

    `engine_of` gives the engine of a process, which may have been connected to its graph only now; None without one.
    A run whose RunConfig leads to a profiler goes through that.
    """
    if getattr(AbstractProcess.create_runtime, _MARK, None) is not None:
        return
    lavas_run, lavas_creation = AbstractProcess.run, AbstractProcess.create_runtime

    def run(
        self: AbstractProcess,
        condition: AbstractRunCondition,
        run_cfg: RunConfig | None = None,
        compile_config: dict[str, Any] | None = None,
    ) -> None:
        def start(asked: AbstractRunCondition) -> None:
            engine = engine_of(self)
            if engine is not None:
                engine.check_run_cfg(run_cfg)
            lavas_run(self, asked, run_cfg, compile_config)

        profiler = getattr(run_cfg, PROFILER, None)
        if profiler is None:
            start(condition)
        else:
            profiler.run(self, start, condition)

    def create_runtime(
        self: AbstractProcess,
        run_cfg: RunConfig | None = None,
        executable: Any = None,
        compile_config: dict[str, Any] | None = None,
    ) -> None:
        engine = engine_of(self)
        if engine is None:
            lavas_creation(self, run_cfg, executable, compile_config)
            return
        if executable is not None:
            raise BackendError(
                "an executable belongs to Lava's own runtime, and this graph is attached to the engine: leave it away, "
                "or call detach() on the runtime first"
            )
        engine.check_run_cfg(run_cfg)
        engine.initialize()

    for name, method, original in (("run", run, lavas_run), ("create_runtime", create_runtime, lavas_creation)):
        method.__doc__ = original.__doc__
        setattr(method, _MARK, engine_of)
        setattr(AbstractProcess, name, method)

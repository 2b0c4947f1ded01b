"""``run`` and ``create_runtime`` of a process that is attached: a RunConfig must select what the engine runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_conditions import AbstractRunCondition
from lava.magma.core.run_configs import RunConfig

from lava_ed.engine.selection.expansion import Expansion
from lava_ed.engine.selection.models import check_selection
from lava_ed.errors import BackendError


@dataclass
class CheckedRun:
    """Stands for the method ``run`` of one process; Lava itself would not look at the RunConfig of a later run.

    Parameters
    ----------
    process : AbstractProcess
    expansion : Expansion
        The ProcessModels that were attached.
    """

    process: AbstractProcess
    expansion: Expansion

    def __call__(
        self,
        condition: AbstractRunCondition,
        run_cfg: RunConfig | None = None,
        compile_config: dict[str, Any] | None = None,
    ) -> None:
        """As AbstractProcess.run.

        Raises
        ------
        BackendError
            If `run_cfg` selects another ProcessModel for any process of the graph.
        """
        _check(self.expansion, run_cfg)
        type(self.process).run(self.process, condition, run_cfg, compile_config)


@dataclass
class CheckedCreation:
    """Stands for the method ``create_runtime`` of one process, which would put Lava's own runtime into its place.

    Parameters
    ----------
    process : AbstractProcess
    expansion : Expansion
        The ProcessModels that were attached.
    """

    process: AbstractProcess
    expansion: Expansion

    def __call__(
        self,
        run_cfg: RunConfig | None = None,
        executable: Any = None,
        compile_config: dict[str, Any] | None = None,
    ) -> None:
        """As AbstractProcess.create_runtime, for a graph that has the engine as its runtime.

        Raises
        ------
        BackendError
            If `run_cfg` selects another ProcessModel, an `executable` is given, or steps were run already.
        """
        if executable is not None:
            raise BackendError(
                "an executable belongs to Lava's own runtime, and this graph is attached to the engine: leave it away, "
                "or call detach() on the runtime first"
            )
        _check(self.expansion, run_cfg)
        self.process.runtime.initialize()


def _check(expansion: Expansion, run_cfg: RunConfig | None) -> None:
    """Refuse a RunConfig that selects other ProcessModels; one that was looked at before is known."""
    if run_cfg is not None and run_cfg is not expansion.verified:
        check_selection(expansion.models, run_cfg)
        expansion.verified = run_cfg


def check_runs(processes: list[AbstractProcess], expansion: Expansion) -> None:
    """Check every RunConfig that a run, or creation of a runtime, of these processes is given."""
    for process in processes:
        vars(process)["run"] = CheckedRun(process, expansion)
        vars(process)["create_runtime"] = CheckedCreation(process, expansion)


def release_runs(processes: list[AbstractProcess]) -> None:
    """Give the processes their own method back."""
    for process in processes:
        vars(process).pop("run", None)
        vars(process).pop("create_runtime", None)

"""``process.run`` of a process that is attached: its RunConfig must select what the engine runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_conditions import AbstractRunCondition
from lava.magma.core.run_configs import RunConfig

from lava_ed.engine.selection.expansion import Expansion
from lava_ed.engine.selection.models import check_selection


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
        if run_cfg is not None and run_cfg is not self.expansion.verified:
            check_selection(self.expansion.models, run_cfg)
            self.expansion.verified = run_cfg
        type(self.process).run(self.process, condition, run_cfg, compile_config)


def check_runs(processes: list[AbstractProcess], expansion: Expansion) -> None:
    """Check every RunConfig that a run of these processes is given."""
    for process in processes:
        vars(process)["run"] = CheckedRun(process, expansion)


def release_runs(processes: list[AbstractProcess]) -> None:
    """Give the processes their own method back."""
    for process in processes:
        vars(process).pop("run", None)

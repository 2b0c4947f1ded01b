"""How long a graph runs, and which ProcessModels it runs with."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from lava_ed.graph.models import AbstractPyProcessModel, AbstractSubProcessModel


class AbstractRunCondition:
    """Base of the run conditions."""

    def __init__(self, blocking: bool) -> None:
        self.blocking = blocking


class RunSteps(AbstractRunCondition):
    """Run a number of time steps; without `blocking`, ``run`` returns at once."""

    def __init__(self, num_steps: int, blocking: bool = True) -> None:
        super().__init__(blocking)
        self.num_steps = num_steps


class RunContinuous(AbstractRunCondition):
    """Run until ``pause`` or ``stop``; ``run`` returns at once."""

    def __init__(self) -> None:
        super().__init__(blocking=False)


class RunConfig:
    """Base of the run configurations: `select` takes one of the ProcessModels of a Process."""

    def __init__(self, custom_sync_domains: Any = None, loglevel: int = logging.WARNING) -> None:
        self.custom_sync_domains = list(custom_sync_domains or [])

    def select(self, process: Any, proc_models: Sequence[Any]) -> Any:
        """The ProcessModel of a Process; for derived classes to say."""
        raise NotImplementedError(f"{type(self).__name__} selects no ProcessModels: give it a method select")


class AbstractLoihiRunCfg(RunConfig):
    """Selects by a tag.

    Parameters
    ----------
    select_tag : str, optional
        Tag of the ProcessModels, "fixed_pt" or "floating_pt" for Lava's own.
    select_sub_proc_model : bool
        Prefer models made of sub-processes.
    exception_proc_model_map : mapping, optional
        Process class → its ProcessModel, whatever the tag.
    """

    def __init__(
        self,
        custom_sync_domains: Any = None,
        select_tag: str | None = None,
        select_sub_proc_model: bool | None = False,
        exception_proc_model_map: Mapping[Any, Any] | None = None,
        loglevel: int = logging.WARNING,
    ) -> None:
        super().__init__(custom_sync_domains, loglevel)
        self.select_tag, self.select_sub_proc_model = select_tag, select_sub_proc_model
        self.exception_proc_model_map = dict(exception_proc_model_map or {})


class Loihi1SimCfg(AbstractLoihiRunCfg):
    """Selects models that are computed without a chip, by Lava's rules."""

    def select(self, process: Any, proc_models: Sequence[Any]) -> Any:
        """The exception of the Process's class; its only model; or the first with the tag, sub-processes if asked for.

        Raises
        ------
        AssertionError
            If no model has the tag.
        """
        if type(process) in self.exception_proc_model_map:
            return self.exception_proc_model_map[type(process)]
        parts = [model for model in proc_models if issubclass(model, AbstractSubProcessModel)]
        leaves = [model for model in proc_models if issubclass(model, AbstractPyProcessModel)]
        if len(proc_models) == 1:
            (only,) = proc_models
            if not only.tags or self.select_tag is None:
                return only
            candidates = [only]
        elif self.select_sub_proc_model and len(parts) == 1:
            return parts[0]
        else:
            candidates = parts if self.select_sub_proc_model and parts else leaves
        for model in candidates:
            if self.select_tag is None or self.select_tag in model.tags:
                return model
        raise AssertionError(f"no ProcessModel of {process.name} has the tag {self.select_tag!r}")


class Loihi2SimCfg(Loihi1SimCfg):
    """Selects models that are computed without a chip, by Lava's rules."""


class Loihi2HwCfg(AbstractLoihiRunCfg):
    """Stands for a run on the chip, which needs Lava."""

    def select(self, process: Any, proc_models: Sequence[Any]) -> Any:
        """Refuse: there is no chip here."""
        raise NotImplementedError("a chip needs lava-nc and Intel's extension: use Loihi2SimCfg")


class Loihi1HwCfg(Loihi2HwCfg):
    """Stands for a run on the chip, which needs Lava."""

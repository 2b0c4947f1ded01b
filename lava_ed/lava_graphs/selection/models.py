"""Which ProcessModel a RunConfig selects for a process, as Lava's own compiler finds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lava.magma.compiler.compiler_graphs import ProcGroupDiGraphs
from lava.magma.compiler.exceptions import NoProcessModelFound
from lava.magma.core.model.model import AbstractProcessModel
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_configs import Loihi2SimCfg, RunConfig

from lava_ed.errors import ConfigError, UnsupportedProcessError

Model = type[Any]

_FIXED_NAMESPACES = ("lava.", "lava_ed.")
"""Packages whose ProcessModels do not change while Python runs; elsewhere a notebook may add one."""

_found: dict[type, list[Model]] = {}


def default_run_cfg() -> RunConfig:
    """What `attach` assumes: the fixed-point models that stand for Loihi 2."""
    return Loihi2SimCfg(select_tag="fixed_pt")


def class_name(cls: type) -> str:
    """Full name of a class."""
    return f"{cls.__module__}.{cls.__qualname__}"


def describe(process: AbstractProcess) -> str:
    """Name and class of a process."""
    return f"process {process.name!r} of class {class_name(type(process))}"


def describe_model(model: Model) -> str:
    """Name and tags of a ProcessModel."""
    tags = ", ".join(model.tags) or "none"
    return f"{class_name(model)} (tags: {tags})"


def describe_run_cfg(run_cfg: RunConfig) -> str:
    """A RunConfig with what it selects by."""
    parts = [f"select_tag={run_cfg.select_tag!r}"] if hasattr(run_cfg, "select_tag") else []
    if getattr(run_cfg, "select_sub_proc_model", False):
        parts.append("select_sub_proc_model=True")
    return f"{type(run_cfg).__name__}({', '.join(parts)})"


def _models_of(process: AbstractProcess) -> list[Model]:
    """Every ProcessModel that Lava finds for a process, in Lava's order."""
    cls = type(process)
    if cls not in _found:
        models: list[Model] = ProcGroupDiGraphs._find_proc_models(proc=process)
        if not cls.__module__.startswith(_FIXED_NAMESPACES):
            return models
        _found[cls] = models
    return list(_found[cls])


@dataclass(frozen=True)
class Unselected:
    """A process for which no ProcessModel is selected."""

    process: AbstractProcess
    models: list[Model]
    """Those that Lava finds for it."""
    reason: str
    """Why none of them is taken, as a sentence without its end."""

    @property
    def way_out(self) -> str:
        """Advice to the user whose process has no ProcessModel."""
        if not self.models:
            return (
                "Write a ProcessModel that is decorated with @implements(proc=...), in or beside the module of the "
                "process, or name one for this very process in the exception_proc_model_map of the RunConfig."
            )
        return (
            "Give attach() a run_cfg that selects a ProcessModel for every process, for example by "
            "exception_proc_model_map."
        )


def find_model(process: AbstractProcess, run_cfg: RunConfig) -> Model | Unselected:
    """The ProcessModel that Lava's compiler would take, or why it would take none.

    Lava's `ProcGroupDiGraphs` does the same while it compiles.
    """
    exceptions: Mapping[Any, Model] = getattr(run_cfg, "exception_proc_model_map", None) or {}
    if process in exceptions:
        return _checked(exceptions[process], process, run_cfg)
    try:
        models = _models_of(process)
    except NoProcessModelFound:
        reason = f"Lava finds no ProcessModel for {describe(process)}, so that its own runtime cannot run it either"
        return Unselected(process, [], reason)
    try:
        selected: Model = ProcGroupDiGraphs._select_proc_models(process, models, run_cfg)
    except (AssertionError, NameError, NotImplementedError) as error:
        # NameError: Loihi2HwCfg names a class that is not part of public Lava.
        known = "; ".join(describe_model(model) for model in models)
        reason = (
            f"{describe_run_cfg(run_cfg)} selects no ProcessModel for {describe(process)}: {error}. There are: {known}"
        )
        return Unselected(process, models, reason)
    return _checked(selected, process, run_cfg)


def _checked(model: Any, process: AbstractProcess, run_cfg: RunConfig) -> Model:
    """A ProcessModel, whatever the user has put into a RunConfig."""
    if isinstance(model, type) and issubclass(model, AbstractProcessModel):
        return model
    raise ConfigError(
        f"{describe_run_cfg(run_cfg)} selects {model!r} for {describe(process)}: give it a class derived from "
        "AbstractProcessModel"
    )


def select_model(process: AbstractProcess, run_cfg: RunConfig) -> Model:
    """The ProcessModel that Lava's compiler would take; an `UnsupportedProcessError` where it would take none."""
    found = find_model(process, run_cfg)
    if isinstance(found, Unselected):
        raise UnsupportedProcessError(f"{found.way_out} {found.reason}")
    return found


def check_run_cfg(run_cfg: Any) -> None:
    """Refuse what is no RunConfig."""
    if not isinstance(run_cfg, RunConfig):
        raise ConfigError(f'run_cfg is {run_cfg!r}: give it a RunConfig, such as Loihi2SimCfg(select_tag="fixed_pt")')

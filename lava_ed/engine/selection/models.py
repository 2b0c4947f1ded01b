"""Which ProcessModel a RunConfig selects for a process, as Lava's own compiler finds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lava.magma.compiler.compiler_graphs import ProcGroupDiGraphs
from lava.magma.compiler.exceptions import NoProcessModelFound
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_configs import Loihi2SimCfg, RunConfig

from lava_ed.errors import BackendError, UnsupportedProcessError

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


def select_model(process: AbstractProcess, run_cfg: RunConfig) -> Model:
    """The ProcessModel that Lava's compiler would take.

    Parameters
    ----------
    process : AbstractProcess
    run_cfg : RunConfig

    Raises
    ------
    UnsupportedProcessError
        If there is no ProcessModel, or the RunConfig selects none.

    See Also
    --------
    lava.magma.compiler.compiler_graphs.ProcGroupDiGraphs
        Does the same while it compiles.
    """
    exceptions: Mapping[Any, Model] = getattr(run_cfg, "exception_proc_model_map", {})
    if process in exceptions:
        return exceptions[process]
    try:
        models = _models_of(process)
    except NoProcessModelFound as error:
        raise UnsupportedProcessError(
            f"Lava finds no ProcessModel for {describe(process)}, so neither the engine nor Lava's own runtime can "
            "run it: write one that is decorated with @implements(proc=...), in or beside the module of the process, "
            "or name one for this process in the exception_proc_model_map of the RunConfig"
        ) from error
    try:
        selected: Model = ProcGroupDiGraphs._select_proc_models(process, models, run_cfg)
    except (AssertionError, NameError, NotImplementedError) as error:
        # NameError: Loihi2HwCfg names a class that is not part of public Lava.
        known = "; ".join(describe_model(model) for model in models)
        raise UnsupportedProcessError(
            f"{describe_run_cfg(run_cfg)} selects no ProcessModel for {describe(process)}: {error}. There are: "
            f"{known}. Give attach() a run_cfg that selects one, for example by exception_proc_model_map"
        ) from error
    return selected


def check_selection(models: Mapping[AbstractProcess, Model], run_cfg: RunConfig) -> None:
    """Refuse a RunConfig that selects other ProcessModels than those that a graph was lowered from.

    Raises
    ------
    BackendError
        Names the first process with another model.
    """
    for process, attached in models.items():
        selected = select_model(process, run_cfg)
        if selected is not attached:
            raise BackendError(
                f"{describe_run_cfg(run_cfg)} selects {describe_model(selected)} for {describe(process)}, but the "
                f"engine runs it as {describe_model(attached)}: call run() without a run_cfg, or attach(process, "
                "run_cfg) with this one"
            )

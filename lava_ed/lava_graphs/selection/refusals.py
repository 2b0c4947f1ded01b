"""What `attach` and ``run`` say of ProcessModels that the engine does not run: the way out first, then all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_configs import Loihi2SimCfg, RunConfig

from lava_ed.errors import BackendError, UnsupportedProcessError
from lava_ed.installed import lava_is_here, without_engine
from lava_ed.lava_graphs.hosting.choice import can_host, undeclared
from lava_ed.lava_graphs.lowering.registry import is_lowered
from lava_ed.lava_graphs.selection.models import (
    Model,
    Unselected,
    check_run_cfg,
    describe,
    describe_model,
    describe_run_cfg,
    find_model,
    select_model,
)

ON_LAVA: Final = "Run this graph on Lava's own runtime: call run() with a RunConfig and without attach()."
WITH_LAVA: Final = (
    "Run this graph with lava-nc, on Python 3.10, where Lava's own Python model can be hosted: lava_ed.graph has none."
)
ON_PYTHON_3_10: Final = "Run this graph with lava-nc, on Python 3.10."
_ON_LAVA: Final = (WITH_LAVA, ON_LAVA, ON_PYTHON_3_10)
DECLARE: Final = (
    "Declare every port and Var of a process in its ProcessModel, without which Lava cannot build it either."
)


def on_lava(model: Model) -> str:
    """The way out of a ProcessModel that the engine cannot run, as a sentence: `lava_ed.graph` has no other runtime."""
    if getattr(model, "declares_only", False):
        return WITH_LAVA
    return ON_LAVA if lava_is_here() else ON_PYTHON_3_10


def refuse_unsupported(models: Mapping[AbstractProcess, Model], unselected: Sequence[Unselected]) -> None:
    """Refuse a graph for all of its processes that the engine cannot run, by the models that were selected or not.

    The first sentence of the error is what to do; then it names every such process.
    """
    ways, reasons = [], []
    for one in unselected:
        hopeless = one.models and not any(_can_run(model) for model in one.models)
        ways.append(min(map(on_lava, one.models), key=_ON_LAVA.index) if hopeless else one.way_out)
        reasons.append(one.reason + (", none of which the engine knows" if hopeless else ""))
    for process, model in models.items():
        if not _can_run(model):
            ways.append(on_lava(model))
            reasons.append(f"{describe(process)} has the ProcessModel {describe_model(model)}")
        elif can_host(model) and not is_lowered(model) and (missing := undeclared(process, model)):
            ways.append(DECLARE)
            reasons.append(
                f"{describe(process)} has the ProcessModel {describe_model(model)} with no {', '.join(missing)}"
            )
    if not reasons:
        return
    total = len(models) + len(unselected)
    # Lava's runtime is the way out for all, where it is for one.
    only = [way for way in _ON_LAVA if way in ways]
    way = only[0] if only else " ".join(dict.fromkeys(ways))
    raise UnsupportedProcessError(
        f"{way} The engine cannot run {len(reasons)} of {total} processes: {'; '.join(reasons)}. "
        "lava_ed.engine.supported() and docs/divergences.md say what it runs"
    )


def _can_run(model: Model) -> bool:
    """Whether the engine compiles or hosts it; what a hierarchical process is made of is looked at by itself."""
    return issubclass(model, AbstractSubProcessModel) or is_lowered(model) or can_host(model)


def check_selection(models: Mapping[AbstractProcess, Model], run_cfg: RunConfig) -> None:
    """Refuse a RunConfig that selects other ProcessModels than those that a graph was lowered from, or none.

    The error names the first process with another model, and whether the engine runs what was selected.
    """
    check_run_cfg(run_cfg)
    selected = {process: select_model(process, run_cfg) for process in models}
    others = [process for process, model in models.items() if selected[process] is not model]
    if not others:
        return
    first = others[0]
    more = f" (and other models for {len(others) - 1} more)" if len(others) > 1 else ""
    unknown = [process for process in others if not _can_run(selected[process])]
    if unknown:
        names = ", ".join(f"{process.name} ({describe_model(selected[process])})" for process in unknown)
        way = (
            f"to run what it selects, call detach() on the runtime, then {without_engine()}, with this RunConfig, as "
            f"the engine does not know the models of {names}"
        )
    else:
        way = "to run what it selects, call attach(process, run_cfg) with this one"
    cut = ", in fixed point: fractions and what does not fit are cut" if "fixed_pt" in models[first].tags else ""
    raise BackendError(
        f"{describe_run_cfg(run_cfg)} selects {describe_model(selected[first])} for {describe(first)}, but the "
        f"engine runs it as {describe_model(models[first])}{more}: {way}. A run() without a run_cfg computes with "
        f"the models that were attached{cut}"
    )


def floating_way_out(models: Mapping[AbstractProcess, Model], run_cfg: RunConfig) -> str:
    """How to run a graph with its floating-point models: on the engine, on Lava's runtime, or not at all."""
    exceptions: Any = getattr(run_cfg, "exception_proc_model_map", None)
    floating = Loihi2SimCfg(select_tag="floating_pt", exception_proc_model_map=exceptions)
    config = 'Loihi2SimCfg(select_tag="floating_pt")'
    found = [find_model(process, floating) for process in models]
    if any(isinstance(model, Unselected) for model in found):
        return "Scale them to whole numbers: not every process of the graph has a floating-point model"
    if all(_can_run(model) for model in found if not isinstance(model, Unselected)):
        return f"If floating-point models were meant, call attach(process, {config})"
    return f"If floating-point models were meant, {without_engine()}, by run(condition, {config})"

"""Which function turns a process with which ProcessModel into a node."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, update_wrapper
from importlib import import_module
from typing import Any, Final, TypeVar

from lava_ed.engine.assembler import Node
from lava_ed.errors import UnsupportedProcessError
from lava_ed.lava_graphs.selection.models import Model, describe, describe_model

Lowering = Callable[..., Node]
L = TypeVar("L", bound=Lowering)


class NotLoweredError(UnsupportedProcessError):
    """A lowering does not know a setting of a process that Lava's own model runs with."""


_LOWERINGS: dict[Model, Lowering] = {}
_LATE: dict[str, Lowering] = {}
"""By a model's module and name; the module is imported when a model of that name is met."""

_NO_BEHAVIOUR: Final = {
    "__abstractmethods__", "__doc__", "__module__", "__parameters__", "_abc_impl", "implements_process",
    "implements_protocol", "required_resources", "tags",
}  # fmt: skip
"""What a class body without statements, and Lava's decorators, leave in a ProcessModel."""


def lowers(*models: Model | str, **settings: Any) -> Callable[[L], L]:
    """Register a function (process, node name) → Node for the ProcessModels whose arithmetic it reproduces.

    A function that takes settings too, and so reproduces several, is registered with those of each.  A model whose
    module takes long to import can be named, ``"package.module.Model"``.
    """

    def register(function: L) -> L:
        lowering = update_wrapper(partial(function, **settings), function)
        for model in models:
            if isinstance(model, str):
                _LATE[model] = lowering
            else:
                _LOWERINGS[model] = lowering
        return function

    return register


def _import_late(name: str) -> None:
    """Import the models of this name that are registered by it; one that was registered itself, too, stays so."""
    for path, lowering in tuple(_LATE.items()):
        module, _, found = path.rpartition(".")
        if found == name:
            _LOWERINGS.setdefault(getattr(import_module(module), name), lowering)


def _lowering(model: Model) -> Lowering | None:
    """The lowering of a model, or of the one that it derives from and adds nothing but decorators to."""
    for base in model.__mro__:
        _import_late(base.__name__)
        if base in _LOWERINGS:
            return _LOWERINGS[base]
        if not set(vars(base)) <= _NO_BEHAVIOUR:
            return None
    return None


def is_lowered(model: Model) -> bool:
    """Whether the engine knows a ProcessModel."""
    return _lowering(model) is not None


def lower(process: Any, name: str, model: Model) -> Node:
    """The node of a process that has a certain ProcessModel, which must be one that `is_lowered`."""
    function = _lowering(model)
    assert function is not None, f"{describe(process)} has the unknown model {describe_model(model)}"
    return function(process, name)


def supported_names() -> list[str]:
    """Names of the process classes of which a model can be lowered."""
    for path in tuple(_LATE):
        _import_late(path.rpartition(".")[2])
    return sorted({model.implements_process.__name__ for model in _LOWERINGS})

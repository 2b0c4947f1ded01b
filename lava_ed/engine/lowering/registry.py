"""Which function turns which process class into a node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from lava_ed.engine.assembler import Node
from lava_ed.errors import UnsupportedProcessError

Lowering = Callable[[Any, str], Node]
L = TypeVar("L", bound=Lowering)

_LOWERINGS: dict[type, Lowering] = {}


def lowers(process_class: type) -> Callable[[L], L]:
    """Register a function (process, node name) → Node for exactly this class, not for its subclasses.

    A subclass may have another ProcessModel, so it needs an entry of its own.
    """

    def register(function: L) -> L:
        _LOWERINGS[process_class] = function
        return function

    return register


def lower(process: Any, name: str) -> Node:
    """The node of a process.

    Raises
    ------
    UnsupportedProcessError
        If the engine does not know the class.
    """
    function = _LOWERINGS.get(type(process))
    if function is None:
        raise UnsupportedProcessError(
            f"the engine has no lowering for process {process.name!r} of class "
            f"{type(process).__module__}.{type(process).__qualname__}; it knows {', '.join(supported_names())}. "
            "Run the graph on Lava's own runtime: call run() with a RunConfig and without attach()"
        )
    return function(process, name)


def supported_names() -> list[str]:
    """Names of the classes that can be lowered."""
    return sorted({cls.__name__ for cls in _LOWERINGS})

"""What a graph was lowered from, and what is different now: Lava compiles in the first run, not before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import numpy as np
from lava.magma.core.process.ports.ports import AbstractVirtualPort, VarPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var

from lava_ed.errors import BackendError
from lava_ed.lava_graphs.selection.models import describe

_PORTS: Final = ("in_ports", "out_ports", "ref_ports", "var_ports")
_NAMED: Final = 6
"""Changes that an error names; more are counted."""

Key = tuple[Any, ...]
"""The objects that make up one thing in a graph: a process, a Var, an alias, or the ports of a connection."""


@dataclass(frozen=True)
class _Same:
    """Equal to what wraps the very same object, whatever equality that object has of its own."""

    item: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.item is self.item

    def __hash__(self) -> int:
        return id(self.item)


def _ports_of(process: AbstractProcess) -> list[Any]:
    return [port for name in _PORTS for port in getattr(process, name).members]


def _following(port: Any, passed: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Ways from a port to the next ones that are not virtual, with the virtual ones between; dead ends too."""
    for other in port.out_connections:
        yield (*passed, other)
        if isinstance(other, AbstractVirtualPort):
            yield from _following(other, (*passed, other))


def _name(port: Any) -> str:
    return f"{port.process.name}.{port.var.name if isinstance(port, VarPort) else port.name}"


def _structure(processes: Sequence[AbstractProcess]) -> dict[Key, str]:
    """Processes, Vars, aliases and connections, each with its description."""
    found: dict[Key, str] = {}
    for process in processes:
        found[process,] = describe(process)
        for var in process.vars.members:
            found[var,] = f"Var {process.name}.{var.name}"
            if var.aliased_var is not None:
                found[var, var.aliased_var] = f"alias {process.name}.{var.name}"
        for port in _ports_of(process):
            for way in _following(port):
                key = (port, *way)
                if not isinstance(way[-1], AbstractVirtualPort):
                    found[key] = f"connection {_name(port)} → {_name(way[-1])}"
    return found


def _containers(processes: Sequence[AbstractProcess]) -> list[Any]:
    """Every list and dict of Lava's that grows when something is added to a graph."""
    found: list[Any] = []
    for process in processes:
        found += [getattr(process, name)._members for name in (*_PORTS, "vars", "procs")]
        for port in _ports_of(process):
            found += [port.in_connections, port.out_connections]
            found += [way[-1].out_connections for way in _following(port)]
    return found


def _digest(array: Any) -> tuple[Any, ...]:
    """Stands for the content of an array."""
    values = np.ascontiguousarray(array)
    numeric = values.size and not values.dtype.hasobject
    data: Any = values.view(np.uint8).reshape(-1) if numeric else repr(values).encode()
    # Processors have instructions for SHA, with which it takes half of what others take.
    return values.shape, values.dtype.str, hashlib.sha1(data, usedforsecurity=False).digest()


def _content(value: Any, known: dict[int, Any], deep: bool = True) -> Any:
    """What can be compared with a later content of the same thing, without keeping a copy.

    An array that is met again, as a parameter that is the initial value of a Var, is not read again: `known` holds what
    arrays have been found to be, by their identity.
    """
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes, Enum, type)):
        return type(value), repr(value)
    if isinstance(value, (np.ndarray, np.generic)):
        if id(value) not in known:
            # With the array itself, so that none that is made meanwhile has its identity.
            known[id(value)] = value, _digest(value)
        return known[id(value)][1]
    if hasattr(value, "tocsr"):
        matrix = value.tocsr()
        return value.shape, tuple(_digest(part) for part in (matrix.data, matrix.indices, matrix.indptr))
    if isinstance(value, (list, tuple)):
        return type(value), tuple(_content(item, known, deep) for item in value)
    if isinstance(value, dict):
        return type(value), tuple((key, _content(item, known, deep)) for key, item in value.items())
    # A data set or another object of the user's, which may be of any size: its simple settings are looked at.
    settings = vars(value) if deep and hasattr(value, "__dict__") else {}
    simple = {key: item for key, item in settings.items() if isinstance(item, (bool, int, float, str, type(None)))}
    return _Same(value), tuple((key, repr(item)) for key, item in simple.items())


class GraphRecord:
    """Remembers a graph, of which it is given all processes: structure, initial values and parameters of one moment."""

    def __init__(self, processes: Sequence[AbstractProcess]) -> None:
        self._structure = _structure(processes)
        self._sizes = [(container, len(container)) for container in _containers(processes)]
        known: dict[int, Any] = {}
        self._inits = {var: _content(var.init, known) for process in processes for var in process.vars.members}
        self._params = {process: _content(process.proc_params._parameters, known) for process in processes}
        self._vars = {var.id: var for var in self._inits}

    def grown(self) -> bool:
        """Whether anything may have been added since; cheap enough to be asked at every run."""
        return any(len(container) != size for container, size in self._sizes)

    def changes(self, processes: Sequence[AbstractProcess]) -> list[str]:
        """What the graph of these processes has more than before, or less, in words."""
        now = _structure(processes)
        added = [(key, text) for key, text in now.items() if key not in self._structure]
        gone = [f"no longer {text}" for key, text in self._structure.items() if key not in now]
        new = {key[0] for key, _ in added if isinstance(key[0], AbstractProcess)}
        # Vars and aliases of a new process say nothing that its name does not say.
        told = [item for item in added if not isinstance(item[0][0], Var) or item[0][0].process not in new]
        told.sort(key=lambda item: not isinstance(item[0][0], AbstractProcess))
        return [text for _, text in told] + gone

    def same_content(self) -> bool:
        """Whether all initial values and parameters are what they were."""
        known: dict[int, Any] = {}
        return all(content == _content(var.init, known) for var, content in self._inits.items()) and all(
            content == _content(process.proc_params._parameters, known) for process, content in self._params.items()
        )

    def same_init(self, var_id: int) -> bool:
        """Whether the initial value of one Var is what it was."""
        var: Var | None = self._vars.get(var_id)
        return var is not None and self._inits[var] == _content(var.init, {})


def refuse_changes(changes: Sequence[str], started: bool, joined: bool) -> None:
    """Refuse changes of a graph that has run a step, or that joined it to one with a runtime of its own."""
    named = "; ".join(changes[:_NAMED]) + (f" and {len(changes) - _NAMED} more" if len(changes) > _NAMED else "")
    if started:
        raise BackendError(
            f"the graph was changed after its first step, where Lava would ignore it: {named}. Call attach() "
            "again, which starts afresh with all of it, or connect it before the first step"
        )
    if joined:
        raise BackendError(
            f"the graph was connected to another one that has a runtime: {named}. Stop that one and call "
            "attach() again, which takes both as one graph"
        )

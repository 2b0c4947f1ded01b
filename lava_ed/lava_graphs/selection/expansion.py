"""Hierarchical processes: their SubProcessModels are built, as Lava's compiler does, and can be taken back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lava.magma.compiler.compiler_graphs import ProcGroupDiGraphs
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.ports.ports import RefPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_configs import RunConfig

from lava_ed.errors import BackendError
from lava_ed.lava_graphs.selection.models import Model, Unselected, describe, describe_model, find_model

_COLLECTIONS = ("in_ports", "out_ports", "ref_ports", "var_ports", "vars", "procs")


@dataclass
class _Grown:
    """A list or dict that a SubProcessModel may add to."""

    container: Any
    before: Any
    """Keys of a dict, items of a list: the values of an attribute dict would keep an earlier engine alive."""
    added: Any = None

    @classmethod
    def watch(cls, container: Any) -> _Grown:
        """Remember what is there now."""
        return cls(container, set(container) if isinstance(container, dict) else list(container))

    def note(self) -> None:
        """Record what came since."""
        if isinstance(self.container, dict):
            self.added = {key: value for key, value in self.container.items() if key not in self.before}
        else:
            known = {id(item) for item in self.before}
            self.added = [item for item in self.container if id(item) not in known]

    def remove(self) -> None:
        """Take away what was added, and nothing that the user added since."""
        if isinstance(self.container, dict):
            for key in self.added:
                self.container.pop(key, None)
        else:
            gone = {id(item) for item in self.added}
            self.container[:] = [item for item in self.container if id(item) not in gone]

    def restore(self) -> None:
        """Add it again."""
        if isinstance(self.container, dict):
            self.container.update(self.added)
        else:
            self.container += self.added


@dataclass
class _Assigned:
    """An attribute that a SubProcessModel may set."""

    owner: Any
    name: str
    before: Any
    after: Any = None


class _Layer:
    """What one `Expansion.build` has added to processes that were there before it, and what was known then."""

    def __init__(
        self, processes: Iterable[AbstractProcess], models: dict[AbstractProcess, Model], created: list[AbstractProcess]
    ) -> None:
        self.models, self.created = models, created
        self._grown: list[_Grown] = []
        self._assigned: list[_Assigned] = []
        for process in processes:
            collections = [getattr(process, name) for name in _COLLECTIONS]
            ports = [port for collection in collections[:4] for port in collection.members]
            dicts = [vars(process), process.proc_params._parameters]
            for collection in collections:
                dicts += [vars(collection), collection._members]
            for port in ports:
                dicts.append(port.connection_configs)
                self._grown += [_Grown.watch(c) for c in (port.in_connections, port.out_connections)]
            self._grown += [_Grown.watch(container) for container in dicts]
            self._assigned.append(_Assigned(process, "parent_proc", process.parent_proc))
            self._assigned += [_Assigned(var, "aliased_var", var.aliased_var) for var in process.vars.members]

    def note(self) -> None:
        """Record what came since."""
        for grown in self._grown:
            grown.note()
        for assigned in self._assigned:
            assigned.after = getattr(assigned.owner, assigned.name)

    def undo(self) -> None:
        """Take it away."""
        for grown in self._grown:
            grown.remove()
        for assigned in self._assigned:
            setattr(assigned.owner, assigned.name, assigned.before)

    def redo(self) -> None:
        """Add it again."""
        for grown in self._grown:
            grown.restore()
        for assigned in self._assigned:
            setattr(assigned.owner, assigned.name, assigned.after)


def _settings_of(run_cfg: RunConfig) -> Any:
    """All that a RunConfig of Lava's own selects by; None for one of the user's, which may select by anything."""
    if type(run_cfg).__module__ != RunConfig.__module__:
        return None
    settings = {name: dict(value) if isinstance(value, dict) else value for name, value in vars(run_cfg).items()}
    return type(run_cfg), settings


@dataclass
class Expansion:
    """The SubProcessModels of a graph, built for one RunConfig."""

    run_cfg: RunConfig
    models: dict[AbstractProcess, Model] = field(default_factory=dict)
    """The ProcessModel of every process, the hierarchical ones included."""
    created: list[AbstractProcess] = field(default_factory=list)
    """Processes that exist through this expansion only."""
    unselected: list[Unselected] = field(default_factory=list)
    """Processes for which the RunConfig selects no model, of the last `build`; they are in no other list."""
    _layers: list[_Layer] = field(default_factory=list)
    _verified: RunConfig | None = None
    _settings: Any = None
    _active: bool = True

    def note_verified(self, run_cfg: RunConfig) -> None:
        """Note that a RunConfig selects these models."""
        self._verified, self._settings = run_cfg, _settings_of(run_cfg)

    def has_verified(self, run_cfg: RunConfig) -> bool:
        """Whether a RunConfig is the one that was noted last, or is known to select the same."""
        return run_cfg is self._verified or (self._settings is not None and _settings_of(run_cfg) == self._settings)

    def build(self, processes: Iterable[AbstractProcess]) -> list[AbstractProcess]:
        """Select a model for every process and expand the hierarchical ones, recursively; returns the leaves by age.

        It can be called again for a graph that has grown; what was expanded before stays as it is.  If Lava has already
        expanded a process by another model, that is a `BackendError`, and nothing is changed.
        """
        known = list(processes)
        before, created = dict(self.models), list(self.created)
        layer = _Layer({process.id: process for process in (*known, *before)}.values(), before, created)
        self.unselected = []
        try:
            for process in before:
                self._follow_references(process)
            self._map(known)
        except BaseException:
            layer.note()
            layer.undo()
            self.models = before
            raise
        layer.note()
        self._layers.append(layer)
        self.note_verified(self.run_cfg)
        given = {process.id for process in (*known, *before)}
        self.created += [process for process in self.models if process.id not in given]
        leaves = [p for p, model in self.models.items() if not issubclass(model, AbstractSubProcessModel)]
        return sorted(leaves, key=lambda process: int(process.id))

    def _map(self, processes: Iterable[AbstractProcess]) -> None:
        """Select models for these processes, and for what they are made of."""
        found = {process: find_model(process, self.run_cfg) for process in processes if process not in self.models}
        self.unselected += [model for model in found.values() if isinstance(model, Unselected)]
        self.models |= {process: model for process, model in found.items() if not isinstance(model, Unselected)}
        for process, model in found.items():
            if not isinstance(model, Unselected) and issubclass(model, AbstractSubProcessModel):
                self._map(self._parts(process, model))

    def _follow_references(self, process: AbstractProcess) -> None:
        """Lead VarPorts that an expanded process has got since, as a Monitor gives it one, to its sub-process."""
        if issubclass(self.models[process], AbstractSubProcessModel):
            for port in process.var_ports.members:
                inner = port.var.aliased_var
                if inner is not None and not port.out_connections:
                    port.connect(RefPort.create_implicit_var_port(inner))

    @staticmethod
    def _parts(process: AbstractProcess, model: Model) -> list[AbstractProcess]:
        """Sub-processes of a hierarchical process; a process that Lava has compiled has them already."""
        compiled = process.model_class
        if compiled is not None and issubclass(compiled, AbstractSubProcessModel):
            if compiled is not model:
                raise BackendError(
                    f"{describe(process)} was compiled as {describe_model(compiled)}, now {describe_model(model)} is "
                    "selected: Lava compiles a process once, so build the graph anew"
                )
            return [part for part in process.procs.members if part.parent_proc is process]
        built = model(process)
        ProcGroupDiGraphs._propagate_var_ports(process)
        parts: dict[str, AbstractProcess] = built.find_sub_procs()
        process.register_sub_procs(parts)
        process.validate_var_aliases()
        return list(parts.values())

    def take_back(self) -> None:
        """Undo the last `build`, for good."""
        layer = self._layers.pop()
        layer.undo()
        self.models, self.created = layer.models, layer.created

    def undo(self) -> None:
        """Leave the processes as they were before the first `build`."""
        if self._active:
            for layer in reversed(self._layers):
                layer.undo()
            self._active = False

    def redo(self) -> None:
        """Take back `undo`."""
        if not self._active:
            for layer in self._layers:
                layer.redo()
            self._active = True

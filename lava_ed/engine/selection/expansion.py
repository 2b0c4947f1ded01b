"""Hierarchical processes: their SubProcessModels are built, as Lava's compiler does, and can be taken back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lava.magma.compiler.compiler_graphs import ProcGroupDiGraphs
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_configs import RunConfig

from lava_ed.engine.selection.models import Model, describe, describe_model, select_model
from lava_ed.errors import BackendError

_COLLECTIONS = ("in_ports", "out_ports", "ref_ports", "var_ports", "vars", "procs")


@dataclass
class _Grown:
    """A list or dict that a SubProcessModel may add to."""

    container: Any
    before: Any
    added: Any = None

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


@dataclass
class Expansion:
    """The SubProcessModels of a graph, built for one RunConfig.

    Parameters
    ----------
    run_cfg : RunConfig

    Attributes
    ----------
    models : dict
        The ProcessModel of every process, the hierarchical ones included.
    created : list
        Processes that exist through this expansion only.
    verified : RunConfig or None
        The last RunConfig that was found to select the same models.
    """

    run_cfg: RunConfig
    models: dict[AbstractProcess, Model] = field(default_factory=dict)
    created: list[AbstractProcess] = field(default_factory=list)
    verified: RunConfig | None = None
    _grown: list[_Grown] = field(default_factory=list)
    _assigned: list[_Assigned] = field(default_factory=list)
    _active: bool = False

    def build(self, processes: Iterable[AbstractProcess]) -> list[AbstractProcess]:
        """Select a model for every process and expand the hierarchical ones, recursively.

        Returns
        -------
        list
            The leaf processes, in order of creation.

        Raises
        ------
        UnsupportedProcessError, BackendError
            As `select_model`; or if Lava has already expanded a process by another model.  Nothing is changed then.
        """
        known = list(processes)
        self._watch(known)
        self._active = True
        try:
            for process in known:
                self._map(process)
        except BaseException:
            self._note()
            self.undo()
            raise
        self._note()
        self.verified = self.run_cfg
        given = {process.id for process in known}
        self.created = [process for process in self.models if process.id not in given]
        leaves = [p for p, model in self.models.items() if not issubclass(model, AbstractSubProcessModel)]
        return sorted(leaves, key=lambda process: int(process.id))

    def _map(self, process: AbstractProcess) -> None:
        if process in self.models:
            return
        model = select_model(process, self.run_cfg)
        self.models[process] = model
        if issubclass(model, AbstractSubProcessModel):
            for part in self._parts(process, model):
                self._map(part)

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

    def _watch(self, processes: list[AbstractProcess]) -> None:
        """Remember everything that a SubProcessModel may add to processes that exist before it."""
        for process in processes:
            collections = [getattr(process, name) for name in _COLLECTIONS]
            ports = [port for collection in collections[:4] for port in collection.members]
            dicts = [vars(process), process.proc_params._parameters]
            for collection in collections:
                dicts += [vars(collection), collection._members]
            for port in ports:
                dicts.append(port.connection_configs)
                self._grown += [_Grown(c, list(c)) for c in (port.in_connections, port.out_connections)]
            self._grown += [_Grown(container, dict(container)) for container in dicts]
            self._assigned.append(_Assigned(process, "parent_proc", process.parent_proc))
            self._assigned += [_Assigned(var, "aliased_var", var.aliased_var) for var in process.vars.members]

    def _note(self) -> None:
        for grown in self._grown:
            grown.note()
        for assigned in self._assigned:
            assigned.after = getattr(assigned.owner, assigned.name)

    def undo(self) -> None:
        """Leave the processes as they were before `build`."""
        if self._active:
            for grown in self._grown:
                grown.remove()
            for assigned in self._assigned:
                setattr(assigned.owner, assigned.name, assigned.before)
            self._active = False

    def redo(self) -> None:
        """Take back `undo`."""
        if not self._active:
            for grown in self._grown:
                grown.restore()
            for assigned in self._assigned:
                setattr(assigned.owner, assigned.name, assigned.after)
            self._active = True

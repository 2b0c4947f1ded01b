"""Processes: what they are made of, and how they are run."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from lava_ed.graph.members import InPort, OutPort, RefPort, Var, VarPort

_IDS: Final = itertools.count()


class ProcessParameters:
    """Parameters of a Process, for its ProcessModel; only `overwrite` changes one."""

    def __init__(self, initial_parameters: dict[str, Any]) -> None:
        self._parameters = initial_parameters

    def __setitem__(self, key: str, value: Any) -> None:
        """Add a parameter."""
        if key in self._parameters:
            raise KeyError(key)
        self._parameters[key] = value

    def overwrite(self, key: str, value: Any) -> None:
        """Add or change a parameter."""
        self._parameters[key] = value

    def __getitem__(self, key: str) -> Any:
        return self._parameters[key]

    def get(self, key: str, default: Any = None) -> Any:
        """A parameter, or the default."""
        return self._parameters.get(key, default)


@dataclass
class LogConfig:
    """Accepted as Lava's processes accept it; the engine writes no log."""

    file: str = ""
    level: int = logging.WARNING
    level_console: int = logging.ERROR
    logs_to_file: bool = False
    format: str = "%(asctime)s:%(levelname)s: %(name)s - %(message)s"
    date_format: str = "%m/%d/%Y %I:%M:%S%p"

    def __post_init__(self) -> None:
        """Refuse a log file without a name."""
        if self.logs_to_file and not self.file:
            raise ValueError("logs_to_file is set without a file: name one with file")


class Collection:
    """Members of a Process of one kind, by name."""

    def __init__(self, process: AbstractProcess, name: str) -> None:
        self.process, self.name = process, name
        self._members: dict[str, Any] = {}

    @property
    def member_names(self) -> list[str]:
        """Names of the members."""
        return list(self._members)

    @property
    def members(self) -> list[Any]:
        """The members."""
        return list(self._members.values())

    def add_members(self, members: dict[str, Any]) -> None:
        """Add members by name."""
        self._members.update(members)
        vars(self).update(members)

    def is_empty(self) -> bool:
        """Whether there is none."""
        return not self._members

    def has(self, obj: Any) -> bool:
        """Whether a member has the name of this one."""
        return obj.name in self._members

    def __getattr__(self, item: str) -> Any:
        raise AttributeError(f"{item!r} is no {self.name} of this process")

    def __iter__(self) -> Iterator[Any]:
        return iter(self.members)


class _CompletesProcess(type):
    """Registers the members of a Process when its constructor is through."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        process = super().__call__(*args, **kwargs)
        process._post_init()
        return process


class AbstractProcess(metaclass=_CompletesProcess):
    """Base of all Processes: Vars and ports are attributes that a constructor sets.

    Parameters
    ----------
    proc_params
        What the ProcessModel is to know; `name` and `log_config` among them.
    """

    def __init__(self, **proc_params: Any) -> None:
        self.proc_params = ProcessParameters(proc_params)
        self.id = next(_IDS)
        self.name: str = proc_params.get("name") or f"Process_{self.id}"
        self._log_config = proc_params.get("log_config") or LogConfig(file="lava.log")
        self.out_ports, self.in_ports = Collection(self, "OutPort"), Collection(self, "InPort")
        self.ref_ports, self.var_ports = Collection(self, "RefPort"), Collection(self, "VarPort")
        self.vars, self.procs = Collection(self, "Var"), Collection(self, "SubProcess")
        self.parent_proc: AbstractProcess | None = None
        self.model_class: Any = None
        self.runtime: Any = None

    def _post_init(self) -> None:
        """Name the members that the constructor has set, and give them this Process."""
        kinds: dict[type, Collection] = {
            OutPort: self.out_ports, InPort: self.in_ports, RefPort: self.ref_ports, VarPort: self.var_ports,
            Var: self.vars, AbstractProcess: self.procs,
        }  # fmt: skip
        for kind, collection in kinds.items():
            found: dict[str, Any] = {name: item for name, item in sorted(vars(self).items()) if isinstance(item, kind)}
            found.pop("parent_proc", None)
            for name, item in found.items():
                item.name = name
                item.process = self
            collection.add_members(found)

    def _hold(self, shape: tuple[int, ...], **inits: Any) -> None:
        """Set a Var of this shape for each initial value, under the value's name."""
        for name, init in inits.items():
            setattr(self, name, Var(shape=shape, init=init))

    def __enter__(self) -> AbstractProcess:
        """Enter a block that ends with `stop`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def register_sub_procs(self, procs: dict[str, AbstractProcess]) -> None:
        """Take Processes as parts of this one."""
        for process in procs.values():
            process.parent_proc = self
        self.procs.add_members(procs)

    def validate_var_aliases(self) -> None:
        """Refuse aliases of Vars that are not inside this Process."""
        for var in self.vars:
            var.validate_alias()

    def is_sub_proc_of(self, proc: AbstractProcess) -> bool:
        """Whether this Process is inside another one."""
        parent = self.parent_proc
        return parent is not None and (parent is proc or parent.is_sub_proc_of(proc))

    def run(self, condition: Any, run_cfg: Any = None, compile_config: Any = None) -> None:
        """Run the whole graph on the engine, from where it is; the first run needs a RunConfig.

        Raises
        ------
        ValueError
            Without a RunConfig in the first run.
        """
        if self.runtime is None:
            if run_cfg is None:
                raise ValueError("the first run needs a run_cfg, which selects the ProcessModels: give one to run()")
            self.create_runtime(run_cfg)
        self.runtime.start(condition)

    def create_runtime(self, run_cfg: Any = None, executable: Any = None, compile_config: Any = None) -> None:
        """Put the engine on the whole graph."""
        from lava_ed.engine import attach

        attach(self, run_cfg)

    def wait(self) -> None:
        """Wait for the end of a run that does not block."""
        if self.runtime is not None:
            self.runtime.wait()

    def pause(self) -> None:
        """End a run that does not block, after a whole step."""
        if self.runtime is not None:
            self.runtime.pause()

    def stop(self) -> None:
        """End the run for good; Vars stay readable."""
        if self.runtime is not None:
            self.runtime.stop()

"""ProcessModels: those of Lava's processes are names that lowerings know; a user's may be made of sub-processes."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from lava_ed.graph.members import RefPort
from lava_ed.graph.process import AbstractProcess


class NoProcessModelFound(Exception):
    """A process has no ProcessModel."""


class AbstractProcessModel:
    """Base of all ProcessModels."""

    implements_process: ClassVar[Any] = None
    implements_protocol: ClassVar[Any] = None
    required_resources: ClassVar[list[Any]] = []
    tags: ClassVar[list[str]] = []


class OfLavasRuntime:
    """Stands for what belongs to Lava's own runtime, which no graph has here: it is imported, and never used."""


class AbstractPyProcessModel(AbstractProcessModel):
    """Base of ProcessModels in Python.  What they compute is not called here: they have a lowering, or are refused."""

    declares_only: ClassVar[bool] = True
    Phase: ClassVar[type] = OfLavasRuntime

    def __init__(self, proc_params: Any = None) -> None:
        self.proc_params = proc_params


class PyLoihiProcessModel(AbstractPyProcessModel):
    """Base of ProcessModels in Python with the phases of Loihi."""


class PyAsyncProcessModel(AbstractPyProcessModel):
    """Base of ProcessModels in Python without phases."""


class AbstractSubProcessModel(AbstractProcessModel):
    """Base of ProcessModels that are made of sub-processes, which are attributes that the constructor sets."""

    def find_sub_procs(self) -> dict[str, AbstractProcess]:
        """The sub-processes, by name."""
        return {name: item for name, item in sorted(vars(self).items()) if isinstance(item, AbstractProcess)}


class AbstractSyncProtocol:
    """Base of the protocols that a ProcessModel names."""


class LoihiProtocol(AbstractSyncProtocol):
    """Phases in each time step."""


class AsyncProtocol(AbstractSyncProtocol):
    """No phases."""


class AbstractResource:
    """Base of the resources that a ProcessModel names."""


class CPU(AbstractResource):
    """Any processor."""


class HostCPU(CPU):
    """The host's processor."""


class PyInPort:
    """Kinds of InPorts that a ProcessModel declares."""

    VEC_DENSE = VEC_SPARSE = SCALAR_DENSE = SCALAR_SPARSE = "InPort"


class PyOutPort:
    """Kinds of OutPorts that a ProcessModel declares."""

    VEC_DENSE = VEC_SPARSE = SCALAR_DENSE = SCALAR_SPARSE = "OutPort"


class PyRefPort:
    """Kinds of RefPorts that a ProcessModel declares."""

    VEC_DENSE = VEC_SPARSE = SCALAR_DENSE = SCALAR_SPARSE = "RefPort"


@dataclass
class LavaPyType:
    """Type that a ProcessModel declares for a Var or port."""

    cls: Any
    d_type: Any
    precision: Any = None
    domain: Any = None


Decorator = Callable[[Any], Any]

_MODELS: Final[dict[Any, list[Any]]] = {}
"""ProcessModels of each process class, in the order of their definition."""


def implements(proc: Any = None, protocol: Any = None) -> Decorator:
    """Make a class the ProcessModel of a process class."""

    def decorate(model: Any) -> Any:
        for name, value in (("implements_process", proc), ("implements_protocol", protocol)):
            if value is not None:
                if getattr(model, name) not in (None, value):
                    raise AssertionError(f"{model.__name__} has {name} {getattr(model, name).__name__} already.")
                setattr(model, name, value)
        if proc is not None:
            known = _MODELS.setdefault(proc, [])
            # A notebook defines a class anew when its cell is run again.
            known[:] = [other for other in known if _full_name(other) != _full_name(model)] + [model]
        return model

    return decorate


def requires(*args: Any) -> Decorator:
    """Add resources to those that a ProcessModel needs."""

    def decorate(model: Any) -> Any:
        model.required_resources = [*model.required_resources, *args]
        return model

    return decorate


def tag(*args: str) -> Decorator:
    """Add tags, by which a RunConfig selects a ProcessModel."""
    if not all(isinstance(item, str) for item in args):
        raise AssertionError("Tags are strings.")

    def decorate(model: Any) -> Any:
        model.tags = [*model.tags, *args]
        return model

    return decorate


def _full_name(cls: Any) -> tuple[str, str]:
    return cls.__module__, cls.__qualname__


def stock_models(process: Any, module: str, models: Sequence[tuple[str, str]]) -> None:
    """Name the ProcessModels that Lava has for one of its processes, each with its tags, in Lava's order."""
    for name, tags in models:
        base = PyAsyncProcessModel if name.endswith("Async") else PyLoihiProcessModel
        model = type(name, (base,), {"__doc__": f"Lava's {name}.", "__module__": module})
        decorated = implements(proc=process, protocol=LoihiProtocol)(requires(CPU)(tag(*tags.split())(model)))
        setattr(sys.modules[module], name, decorated)


def _package(cls: Any) -> str:
    return str(cls.__module__).rpartition(".")[0]


class ProcGroupDiGraphs:
    """What the engine asks Lava's compiler for."""

    @staticmethod
    def _find_proc_models(proc: AbstractProcess) -> list[Any]:
        """ProcessModels of a process, of which there has to be one, in its own module or one beside it."""
        cls = type(proc)
        if cls not in _MODELS and _package(cls) and cls.__module__ in sys.modules:
            package = importlib.import_module(_package(cls))
            for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
                importlib.import_module(info.name)
        found = [model for model in _MODELS.get(cls, []) if _package(model) == _package(cls)]
        if not found:
            raise NoProcessModelFound(
                f"{proc.name} ({cls.__name__}) has no ProcessModel: write one, or import the module that holds it"
            )
        return found

    @staticmethod
    def _select_proc_models(proc: AbstractProcess, models: list[Any], run_cfg: Any) -> Any:
        """The ProcessModel that a RunConfig selects."""
        selected = run_cfg.select(proc, models)
        if not (isinstance(selected, type) and issubclass(selected, AbstractProcessModel)):
            raise AssertionError(f"{type(run_cfg).__name__}.select() must return a ProcessModel, not {selected!r}.")
        return selected

    @staticmethod
    def _propagate_var_ports(proc: AbstractProcess) -> None:
        """Lead the VarPorts of a hierarchical process to the sub-processes that its Vars are aliases of."""
        for port in proc.var_ports:
            if port.var.aliased_var is not None:
                port.connect(RefPort.create_implicit_var_port(port.var.aliased_var))

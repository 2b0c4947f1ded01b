"""Which channels a graph needs where some of its processes are hosted, and what else a model is built from."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from lava.magma.compiler.utils import PortInitializer, VarPortInitializer
from lava.magma.core.learning.learning_rule import LoihiLearningRule
from lava.magma.core.model.py.ports import RefVarTypeMapping
from lava.magma.core.process.ports.ports import create_port_id
from lava.magma.core.process.process import AbstractProcess
from scipy.sparse import spmatrix

from lava_ed.lava_graphs.hosting.channels import Channel, RecvPort, SendPort
from lava_ed.lava_graphs.selection.models import Model

_SIZE: Final = 64
"""Messages that fit into a channel: the default of Lava's compiler."""


@dataclass
class Plugs:
    """What one model is connected by.

    Parameters
    ----------
    csp : dict
        Port → ends of channels.
    sources : dict
        Port → id of the port on the other side → end of a channel, by which Lava finds the virtual ports between.
    """

    csp: dict[str, list[Any]] = field(default_factory=dict)
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, name: str, end: Any) -> None:
        """Plug a channel into a port."""
        self.csp.setdefault(name, []).append(end)


@dataclass(frozen=True)
class Reference:
    """A RefPort of a hosted model, and the Var that it reads and writes.

    Parameters
    ----------
    request, answer : Channel
    source, target : AbstractProcess
    port : VarPort of the target
    """

    request: Channel
    answer: Channel
    source: AbstractProcess
    target: AbstractProcess
    port: Any


@dataclass
class Wiring:
    """Channels of a graph.

    Attributes
    ----------
    plugs : dict of process to Plugs
        For every hosted process.
    inlets : dict
        (compiled process, OutPort) → channels on which its messages reach hosted models.
    outlets : dict
        (hosted process, OutPort) → channel on which its messages reach compiled code.
    references : list of Reference
    """

    models: Mapping[AbstractProcess, Model]
    plugs: dict[AbstractProcess, Plugs]
    inlets: dict[tuple[AbstractProcess, str], list[Channel]] = field(default_factory=dict)
    outlets: dict[tuple[AbstractProcess, str], Channel] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)

    def connect(self, leaves: Mapping[str, AbstractProcess]) -> None:
        """Add the channels of all leaf processes."""
        own = {process.id for process in leaves.values()}
        for process in leaves.values():
            for port in process.out_ports.members:
                for target in port.get_dst_ports():
                    if target.process.id in own:
                        self._send(port, target)
            if process in self.plugs:
                for port in process.ref_ports.members:
                    for target in port.get_dst_ports():
                        self._refer(port, target)

    def _channel(self, source: Any, target: Any) -> Channel:
        dtype = port_type(self.models[source.process], source)
        return Channel(_name(source), _name(target), source.shape, dtype, _SIZE)

    def _send(self, port: Any, target: Any) -> None:
        source = (port.process, port.name)
        receives, sends = target.process in self.plugs, port.process in self.plugs
        if receives:
            channel = self._channel(port, target)
            self._plug_receiver(port, target, channel)
            if sends:
                self.plugs[port.process].add(port.name, SendPort(port.name, channel))
            else:
                self.inlets.setdefault(source, []).append(channel)
        elif sends and source not in self.outlets:
            self.outlets[source] = self._channel(port, target)
            self.plugs[port.process].add(port.name, SendPort(port.name, self.outlets[source]))

    def _plug_receiver(self, port: Any, target: Any, channel: Channel) -> None:
        end, plugs = RecvPort(target.name, channel), self.plugs[target.process]
        plugs.add(target.name, end)
        plugs.sources.setdefault(target.name, {})[create_port_id(port.process.id, port.name)] = end

    def _refer(self, port: Any, target: Any) -> None:
        request, answer = self._channel(port, target), self._channel(target, port)
        self.references.append(Reference(request, answer, port.process, target.process, target))
        self.plugs[port.process].add(port.name, SendPort(port.name, request))
        self._plug_receiver(target, port, answer)
        if target.process in self.plugs:
            self._plug_receiver(port, target, request)
            self.plugs[target.process].add(target.name, SendPort(target.name, answer))


def _name(port: Any) -> str:
    return f"{port.process.name}.{port.name}"


def port_type(model: Model, port: Any) -> Any:
    """Type of what a port carries, which its ProcessModel declares.

    Raises
    ------
    AssertionError
        If it declares none; the words are Lava's.
    """
    var = getattr(port, "var", None)
    declared = getattr(model, port.name if var is None else var.name, None)
    if declared is None:
        raise AssertionError(f"Port {port!r} not found in ProcessModel {model!r}")
    return declared.d_type


def ports_of(process: AbstractProcess, model: Model) -> tuple[list[Any], list[Any]]:
    """What Lava's builder makes of InPorts and OutPorts, and of RefPorts."""
    io = [
        _initializer(port, model, port.get_incoming_transform_funcs())
        for port in (*process.in_ports.members, *process.out_ports.members)
    ]
    refs = [_initializer(port, model, port.get_outgoing_transform_funcs()) for port in process.ref_ports.members]
    return io, refs


def _initializer(port: Any, model: Model, transforms: Any) -> PortInitializer:
    kind = type(port).__name__
    return PortInitializer(port.name, port.shape, port_type(model, port), kind, _SIZE, transforms)


def var_ports_of(process: AbstractProcess, models: Mapping[AbstractProcess, Model]) -> list[Any]:
    """What Lava's builder makes of VarPorts."""
    return [
        VarPortInitializer(
            port.name, port.shape, port.var.name, port_type(models[process], port), type(port).__name__, _SIZE,
            _var_port_class(port, models), port.get_incoming_transform_funcs(),
        )
        for port in process.var_ports.members
    ]  # fmt: skip


def _var_port_class(port: Any, models: Mapping[AbstractProcess, Model]) -> Any:
    """The class that fits the RefPort on the other side; None where there is none."""
    sources = [source for source in port.get_src_ports() if source.process in models]
    if not sources:
        return None
    return RefVarTypeMapping.get(getattr(models[sources[0].process], sources[0].name).cls)


def own_copy(value: Any) -> Any:
    """What a forked OS process would have of a parameter or initial value, where it can be changed in place.

    Objects of the user's stay shared: they may hold files or channels, of which a copy is none.
    """
    if isinstance(value, (np.ndarray, spmatrix)):
        return value.copy()
    if isinstance(value, LoihiLearningRule):
        return copy.deepcopy(value)
    if type(value) is dict:
        return {key: own_copy(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(own_copy(item) for item in value)
    return value

"""Vars at the other end of a hosted model's RefPort, served as Lava's VarPorts are."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from lava.magma.core.model.py.ports import IdentityTransformer, VarPortCmd, VirtualPortTransformer
from lava.magma.core.process.ports.ports import create_port_id
from lava.magma.runtime.mgmt_token_enums import enum_equal, enum_to_np

from lava_ed.engine.memory import read_variable, write_variable
from lava_ed.engine.program import Program
from lava_ed.errors import NotCompiledError
from lava_ed.lava_graphs.hosting.channels import RecvPort
from lava_ed.lava_graphs.hosting.model import HostedModel
from lava_ed.lava_graphs.hosting.wiring import Reference


class Managing(Protocol):
    """Tells whether a management phase is going on."""

    managing: bool


class HostedVar:
    """A Var of a hosted model: Lava's own VarPort serves it, once the model has done its part of the phase."""

    def __init__(self, reference: Reference, model: HostedModel) -> None:
        self._request, self._model, self._port = reference.request, model, reference.port.name
        reference.request.on_send = self.serve

    def serve(self) -> None:
        """Do all reads and writes that have come."""
        while self._model.serves and _whole(self._request):
            getattr(self._model.model, self._port).service()


class CompiledVar:
    """A Var in the memory of compiled code."""

    def __init__(self, reference: Reference, program: Program, node: str, phase: Managing) -> None:
        var = reference.port.var
        name = (node, var.name)
        if name not in program._variables:
            raise NotCompiledError(
                f"{reference.request.source} refers to {node}.{var.name}, which compiled code does not hold", node
            )
        self._reference, self._phase, self._program = reference, phase, program
        self._variable, self._shape = program._variables[name], var.shape
        self._name = f"{node}.{var.name}"
        end = RecvPort(reference.port.name, reference.request)
        self._end = end
        transforms = reference.port.get_incoming_transform_funcs()
        source = reference.port.get_src_ports()[0]
        ports = {create_port_id(source.process.id, source.name): end}
        self._transformer: Any = VirtualPortTransformer(ports, transforms) if transforms else IdentityTransformer()
        reference.request.on_send = self.serve

    def serve(self) -> None:
        """Do all reads and writes that have come, if RefPorts reach Vars now."""
        while self._phase.managing and _whole(self._reference.request):
            command = enum_to_np(self._end.recv().reshape(-1)[0])
            if enum_equal(command, VarPortCmd.SET):
                self._write(self._transformer.transform(self._end.recv(), self._end))
            else:
                self._reference.answer.push(self._read())

    def _read(self) -> Any:
        return read_variable(self._program._memory, self._variable).reshape(self._shape)

    def _write(self, data: Any) -> None:
        self._program._count_idle()
        write_variable(self._program._memory, self._variable, np.asarray(data), by_reference=True, name=self._name)


def _whole(request: Any) -> bool:
    """Whether a read, or a write with its data, has come."""
    messages = request.messages
    if not messages:
        return False
    return bool(messages[0].reshape(-1)[0] != VarPortCmd.SET[0]) or len(messages) > 1

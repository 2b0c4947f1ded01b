"""Stock Lava models, driven in this process.

Lava itself is imported inside the functions that need it, so that a module can import this one without it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np


class Wire:
    """Stands where a channel stands: casts to the sender's type, in order, with no process."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = np.dtype(dtype)
        self.messages: deque[np.ndarray] = deque()

    def send(self, data: np.ndarray) -> None:
        message = np.zeros(data.shape, self.dtype)
        message[:] = data[:]
        self.messages.append(message)

    def recv(self) -> np.ndarray:
        return self.messages.popleft()


def build_stock(process: Any, model: Any, senders: dict[str, Any]) -> tuple[Any, dict[str, Wire]]:
    """Build a stock ProcessModel with Lava's own builder, and wires for its ports.

    Parameters
    ----------
    process : lava AbstractProcess
        Gives the Vars, ports and parameters.
    model : type
        ProcessModel class.
    senders : dict
        Type of the sending port for each InPort that is connected; the others stay open.
    """
    from lava.magma.compiler.builders.py_builder import PyProcessBuilder
    from lava.magma.compiler.utils import PortInitializer, VarInitializer

    builder = PyProcessBuilder(model, 0, process.proc_params)
    builder.set_variables([VarInitializer(v.name, v.shape, v.init, v.id) for v in process.vars])
    wires: dict[str, Wire] = {}
    ports = []
    for port in process.in_ports:
        ports.append(PortInitializer(port.name, port.shape, None, "InPort", 1))
        if port.name in senders:
            wires[port.name] = Wire(senders[port.name])
    for port in process.out_ports:
        ports.append(PortInitializer(port.name, port.shape, None, "OutPort", 1))
        wires[port.name] = Wire(getattr(model, port.name).d_type)
    builder.set_py_ports(ports)
    builder.csp_ports = {name: [wire] for name, wire in wires.items()}
    return builder.build(), wires


def step_stock(model: Any) -> None:
    """One time step: spiking phase, then the learning phase where the model asks for it."""
    model.time_step += 1
    model.run_spk()
    if model.lrn_guard():
        model.run_lrn()


def play(data: Sequence[Sequence[int]] | np.ndarray) -> Any:
    """Lava process that sends ``data[t]`` in step t + 1."""
    from lava.proc.io.source import RingBuffer

    return RingBuffer(data=np.asarray(data).T.astype(np.int32))

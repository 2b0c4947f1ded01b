"""Hierarchical processes as a user writes them.

They have a folder of their own: Lava executes every module beside a process when it looks for its models.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.ports.ports import InPort, OutPort, RefPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.dense.process import Dense
from lava.proc.lif.models import PyLifModelBitAcc
from lava.proc.lif.process import LIF


class Layer(AbstractProcess):
    """Dense and LIF behind one InPort and one OutPort; the ports are (rows, columns), what is inside is flat."""

    def __init__(self, *, weights: Any, shape: tuple[int, int], vth: int = 150, name: str | None = None) -> None:
        super().__init__(weights=weights, shape=shape, vth=vth, name=name)
        self.s_in = InPort(shape=(weights.shape[1],))
        self.s_out = OutPort(shape=shape)
        self.weights = Var(shape=weights.shape, init=weights)
        self.v = Var(shape=(weights.shape[0],))


@implements(proc=Layer)
class LayerModel(AbstractSubProcessModel):
    """Aliases, and a virtual port on the way out."""

    def __init__(self, proc: AbstractProcess) -> None:
        p = proc.proc_params
        self.dense = Dense(weights=p["weights"], name=f"{proc.name} dense")
        self.lif = LIF(shape=(p["weights"].shape[0],), vth=p["vth"], du=2500, dv=100, name=f"{proc.name} lif")
        proc.s_in.connect(self.dense.s_in)
        self.dense.a_out.connect(self.lif.a_in)
        self.lif.s_out.reshape(p["shape"]).connect(proc.s_out)
        proc.weights.alias(self.dense.weights)
        proc.v.alias(self.lif.v)


class Stack(AbstractProcess):
    """Two Layers, one inside the other's reach; its Var is an alias of an alias."""

    def __init__(self, *, first: Any, second: Any, name: str | None = None) -> None:
        super().__init__(first=first, second=second, name=name)
        self.s_in = InPort(shape=(first.shape[1],))
        self.s_out = OutPort(shape=(2, second.shape[0] // 2))
        self.v = Var(shape=(second.shape[0],))
        self.weights = Var(shape=first.shape, init=first)


@implements(proc=Stack)
class StackModel(AbstractSubProcessModel):
    """Processes that are hierarchical themselves."""

    def __init__(self, proc: AbstractProcess) -> None:
        first, second = proc.proc_params["first"], proc.proc_params["second"]
        self.first = Layer(weights=first, shape=(2, first.shape[0] // 2), name=f"{proc.name} first")
        self.second = Layer(weights=second, shape=(2, second.shape[0] // 2), name=f"{proc.name} second")
        proc.s_in.connect(self.first.s_in)
        self.first.s_out.transpose((1, 0)).flatten().connect(self.second.s_in)
        self.second.s_out.connect(proc.s_out)
        proc.v.alias(self.second.v)
        proc.weights.alias(self.first.weights)


class Twofold(AbstractProcess):
    """Has a model in Python and one of sub-processes."""

    def __init__(self, *, size: int) -> None:
        super().__init__(size=size)
        self.s_in = InPort(shape=(size,))
        self.s_out = OutPort(shape=(size,))


@implements(proc=Twofold, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyTwofoldModel(PyLoihiProcessModel):
    """Passes on what comes in."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, int)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, int)

    def run_spk(self) -> None:
        self.s_out.send(self.s_in.recv())


@implements(proc=Twofold)
@tag("fixed_pt")
class TwofoldSubModel(AbstractSubProcessModel):
    """A Dense, as an attribute of a RefPort-free model."""

    def __init__(self, proc: AbstractProcess) -> None:
        size = proc.proc_params["size"]
        self.dense = Dense(weights=2 * np.eye(size, dtype=int))
        self.lif = LIF(shape=(size,), vth=0)
        proc.s_in.connect(self.dense.s_in)
        self.dense.a_out.connect(self.lif.a_in)
        self.lif.s_out.connect(proc.s_out)


class OwnLIF(LIF):
    """A LIF by another name: Lava finds no model for it, a RunConfig has to say which."""


@tag("plain")
class SameModel(PyLifModelBitAcc):
    """Lava's model with one tag more."""


@tag("leaky")
class OtherModel(PyLifModelBitAcc):
    """Another model: it clears the current in every step."""

    def run_spk(self) -> None:
        super().run_spk()
        self.u[:] = 0


class Probe(AbstractProcess):
    """Reads a Var of another process through a RefPort; the engine has no lowering for it."""

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.ref = RefPort(shape=(4,))


@implements(proc=Probe, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt", "curious")
class PyProbeModel(PyLoihiProcessModel):
    """Does nothing."""

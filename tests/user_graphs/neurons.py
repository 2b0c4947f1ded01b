"""Processes with ProcessModels of a user's own, in a folder of their own for the reason that layers.py gives."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.neuron import LearningNeuronModelFloat
from lava.magma.core.model.py.ports import PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.lif.models import AbstractPyLifModelFloat
from lava.proc.lif.process import LearningLIF


class RewardedLIF(LearningLIF):
    """A neuron whose second trace is what it is rewarded with."""


@implements(proc=RewardedLIF, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt", "floating_pt")
class PyRewardedLIFModel(LearningNeuronModelFloat, AbstractPyLifModelFloat):
    """Sends its spikes, a trace of them, and its reward."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    vth: float = LavaPyType(float, float)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.s_out_buff = np.zeros(proc_params["shape"])

    def spiking_activation(self) -> np.ndarray:
        return self.v > self.vth

    def run_spk(self) -> None:
        self.y1 = self.y1 / 2 + 8 * self.s_out_buff
        super().run_spk()
        self.y2 = self.a_third_factor_in.recv()
        for port, value in ((self.s_out_bap, self.s_out_buff), (self.s_out_y1, self.y1), (self.s_out_y2, self.y2)):
            port.send(value)
        self.s_out_y3.send(self.y3)


class Counting(AbstractProcess):
    """Has Vars to look at."""

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.s = Var(shape=(1,), init=1)
        self.v = Var(shape=(2, 2), init=np.array([[1, 2], [3, 4]]))


@implements(proc=Counting, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyCountingModel(PyLoihiProcessModel):
    """Counts steps."""

    s: np.ndarray = LavaPyType(np.ndarray, np.int32)
    v: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def run_spk(self) -> None:
        self.s[:] = self.time_step

"""Processes with ProcessModels of a user's own, in a folder of their own for the reason that layers.py gives."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.lif.process import LearningLIF


class RewardedLIF(LearningLIF):
    """A neuron that would send traces of its own; it is never run."""


@implements(proc=RewardedLIF, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt", "floating_pt")
class PyRewardedLIFModel(PyLoihiProcessModel):
    """Would send its spikes as traces."""

    def run_spk(self) -> None:
        for port in (self.s_out_bap, self.s_out_y1, self.s_out_y2, self.s_out_y3):
            port.send(self.v > 0)


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

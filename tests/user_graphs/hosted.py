"""Processes with Python models of the user's own, of every kind that a graph may have."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.model import AbstractProcessModel
from lava.magma.core.model.py.model import PyAsyncProcessModel, PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort, PyRefPort, PyVarPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort, RefPort, VarPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.async_protocol import AsyncProtocol
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from scipy.sparse import csr_matrix


class Noise(AbstractProcess):
    """Sends random spikes, and normal numbers in another shape."""

    def __init__(self, *, size: int, rate: float) -> None:
        super().__init__(size=size, rate=rate)
        self.s_out = OutPort(shape=(size,))
        self.x_out = OutPort(shape=(1, size))
        self.sent = Var(shape=(1,), init=0)
        self.rate = Var(shape=(1,), init=rate)


@implements(proc=Noise, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class NoiseModel(PyLoihiProcessModel):
    """Draws from numpy's global stream, of which each model on Lava has a copy."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, bool, precision=1)
    x_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    sent: np.ndarray = LavaPyType(np.ndarray, np.int32)
    rate: np.ndarray = LavaPyType(np.ndarray, float)

    def run_spk(self) -> None:
        spikes = np.random.rand(self.proc_params["size"]) < self.rate
        self.sent += spikes.sum()
        self.s_out.send(spikes)
        self.x_out.send(np.random.randn(1, spikes.size))


class Asking(AbstractProcess):
    """Sends the time step, in every second step plus an answer that it waits for."""

    def __init__(self) -> None:
        super().__init__()
        self.a_in = InPort(shape=(1,))
        self.s_out = OutPort(shape=(1,))


@implements(proc=Asking, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class AskingModel(PyLoihiProcessModel):
    """Acts before the model that answers in one step, and after it in the next."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def run_spk(self) -> None:
        answer = self.a_in.recv() if self.time_step % 2 else np.zeros(1, np.int32)
        self.s_out.send(answer + self.time_step)


class Answering(AbstractProcess):
    """Keeps what comes in, and answers with what it had in every second step."""

    def __init__(self) -> None:
        super().__init__()
        self.s_in = InPort(shape=(1,))
        self.a_out = OutPort(shape=(1,))
        self.last = Var(shape=(1,), init=0)


@implements(proc=Answering, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class AnsweringModel(PyLoihiProcessModel):
    """Answers before it receives."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    last: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def run_spk(self) -> None:
        if self.time_step % 2:
            self.a_out.send(self.last)
        self.last[:] = self.s_in.recv()


class Relay(AbstractProcess):
    """A neuron that keeps what comes in, in float, and sends what it had before."""

    def __init__(self, *, size: int, first: bool = False) -> None:
        super().__init__(first=first)
        self.s_in = InPort(shape=(size,))
        self.s_out = OutPort(shape=(size,))
        self.total = Var(shape=(size,), init=np.arange(size))
        self.last = Var(shape=(1,), init=0)


@implements(proc=Relay, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class RelayModel(PyLoihiProcessModel):
    """Sends before it receives, as a synapse does, or after."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    total: np.ndarray = LavaPyType(np.ndarray, float)
    last: int = LavaPyType(int, np.int32)

    def run_spk(self) -> None:
        if self.proc_params["first"]:
            self.s_out.send(self.total % 2)
        received = self.s_in.recv()
        self.total = 0.5 * self.total + received
        self.last = self.time_step
        if not self.proc_params["first"]:
            self.s_out.send(self.total.astype(int) % 3)

    def on_var_update(self) -> None:
        self.last = -1


class Keeper(AbstractProcess):
    """Reads a Var of another process in one phase, writes it in another, and learns between."""

    def __init__(self, *, size: int, reads: int = 2, writes: int = 3) -> None:
        super().__init__(reads=reads, writes=writes)
        self.ref = RefPort(shape=(size,))
        self.other = RefPort(shape=(size,))
        self.seen = Var(shape=(size,), init=0)
        self.kept = Var(shape=(1, size), init=0)
        self.order = Var(shape=(1,), init=0)
        self.kept_port = VarPort(self.kept)


@implements(proc=Keeper, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class KeeperModel(PyLoihiProcessModel):
    """Uses every phase."""

    ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int32)
    other: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int64)
    seen: np.ndarray = LavaPyType(np.ndarray, np.int32)
    kept: np.ndarray = LavaPyType(np.ndarray, np.int64)
    order: np.ndarray = LavaPyType(np.ndarray, np.int64)
    kept_port: PyVarPort = LavaPyType(PyVarPort.VEC_DENSE, np.int64)

    def pre_guard(self) -> bool:
        return bool(self.time_step % self.proc_params["reads"] == 0)

    lrn_guard = pre_guard

    def post_guard(self) -> bool:
        return bool(self.time_step % self.proc_params["writes"] == 0)

    def run_pre_mgmt(self) -> None:
        self.order[:] = 3 * self.order % 10007 + 1
        self.seen = self.ref.read()

    def run_lrn(self) -> None:
        self.order[:] = 3 * self.order % 10007 + 2
        self.seen = self.seen + 1

    def run_post_mgmt(self) -> None:
        self.order[:] = 3 * self.order % 10007
        self.kept = self.other.read().reshape(1, -1)
        self.ref.write(self.seen // 2)
        self.ref.wait()


class Raising(AbstractProcess):
    """Fails in a step of its own."""

    def __init__(self, *, at: int) -> None:
        super().__init__(at=at)
        self.count = Var(shape=(1,), init=0)


@implements(proc=Raising, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class RaisingModel(PyLoihiProcessModel):
    """Counts, and divides by zero."""

    count: int = LavaPyType(int, np.int32)

    def run_spk(self) -> None:
        self.count = self.time_step
        if self.time_step == self.proc_params["at"]:
            self.count // 0


class Unmade(AbstractProcess):
    """Has a model that cannot be made while the program's list of what is missing has something in it."""

    missing: ClassVar[list[str]] = []

    def __init__(self) -> None:
        super().__init__()
        self.values = Var(shape=(2, 2), init=np.array([[1.5, 2], [3, 4]]))
        self.few = Var(shape=(3,), init=7)
        self.some = Var(shape=(2, 2), init=csr_matrix([[0, 5], [6, 0]]))
        self.text = Var(shape=(4,), init="2*x0")


@implements(proc=Unmade, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class UnmadeModel(PyLoihiProcessModel):
    """Draws a number before it fails, and adds to a Var in each step."""

    values: np.ndarray = LavaPyType(np.ndarray, float)
    few: np.ndarray = LavaPyType(np.ndarray, np.int32)
    some: csr_matrix = LavaPyType(csr_matrix, np.int32)
    text: str = LavaPyType(str, str)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.drawn = np.random.randint(10**6)
        if Unmade.missing:
            raise FileNotFoundError(Unmade.missing[0])

    def run_spk(self) -> None:
        self.few += 1
        self.values[0, 0] = self.drawn


class Stopping(AbstractProcess):
    """Asks for a pause, or for the end."""

    def __init__(self, *, at: int, wish: str) -> None:
        super().__init__(at=at, wish=wish)
        self.count = Var(shape=(1,), init=0)


@implements(proc=Stopping, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class StoppingModel(PyLoihiProcessModel):
    """Counts."""

    count: int = LavaPyType(int, np.int32)

    def run_spk(self) -> None:
        self.count = self.time_step
        if self.time_step == self.proc_params["at"]:
            setattr(self, self.proc_params["wish"], True)


class Short(AbstractProcess):
    """Sends integers of 16 bits."""

    def __init__(self) -> None:
        super().__init__()
        self.s_out = OutPort(shape=(2,))


@implements(proc=Short, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class ShortModel(PyLoihiProcessModel):
    """Sends numbers that 2^6 times are no longer of 16 bits."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int16)

    def run_spk(self) -> None:
        self.s_out.send(np.array([1000, -20_000], np.int16))


class Alone(AbstractProcess):
    """Runs by itself: sends its steps' numbers, and receives as many messages."""

    def __init__(self) -> None:
        super().__init__()
        self.s_out = OutPort(shape=(3,))
        self.s_in = InPort(shape=(3,))
        self.total = Var(shape=(3,), init=0)


@implements(proc=Alone, protocol=AsyncProtocol)
@requires(CPU)
class AloneModel(PyAsyncProcessModel):
    """Runs ahead of those that follow a clock, as far as channels have room."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    total: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def run_async(self) -> None:
        for step in range(self.num_steps):
            self.s_out.send(np.arange(3) * step % 2)
        for _ in range(self.num_steps):
            self.total += self.s_in.recv()


class Crossing(AbstractProcess):
    """Runs by itself between two senders and two receivers, and feeds one of them by two of its ports."""

    def __init__(self) -> None:
        super().__init__()
        self.first_in, self.second_in = InPort(shape=(3,)), InPort(shape=(2,))
        self.first_out, self.second_out, self.third_out = (OutPort(shape=(n,)) for n in (2, 3, 2))


@implements(proc=Crossing, protocol=AsyncProtocol)
@requires(CPU)
class CrossingModel(PyAsyncProcessModel):
    """Sends two messages ahead, and receives what came first from the later port."""

    first_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    second_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    first_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    second_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    third_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def run_async(self) -> None:
        kept = np.zeros(3, np.int32)
        for step in range(self.num_steps):
            self.first_out.send(np.array([step % 3, 1]))
            self.third_out.send(kept[1:] % 2)
            self.second_out.send(kept % 3)
            later = self.second_in.recv()
            kept = self.first_in.recv() + later[0]


class Chip(AbstractProcess):
    """Has a model for a chip only."""

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.a_in = InPort(shape=(3,))


@implements(proc=Chip, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class ChipModel(AbstractProcessModel):
    """Is no Python model."""

    a_in: Any = LavaPyType(PyInPort.VEC_DENSE, int)

    def run(self) -> None:
        """Do nothing."""

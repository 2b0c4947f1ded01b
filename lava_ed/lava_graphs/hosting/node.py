"""The node of a hosted process: compiled code sees its OutPorts as signals, and nothing else of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import Assembler, Node, Signal
from lava_ed.engine.memory import Memory
from lava_ed.errors import ConfigError, NotCompiledError
from lava_ed.installed import without_engine
from lava_ed.kernels.vectors.events import take_message

_I32 = np.iinfo(np.int32)


@dataclass
class HostedNode(Node):
    """A process that runs by its own Python model.

    Parameters
    ----------
    outputs : mapping of str to (shape, type)
        OutPorts that compiled processes receive from.
    inputs : sequence of (node, port)
        OutPorts of compiled processes whose messages it receives.
    room : int, optional
        Time steps for which it has room, as a Monitor; runs end there.
    """

    outputs: Mapping[str, tuple[tuple[int, ...], Any]]
    inputs: tuple[tuple[str, str], ...]
    room: int | None = None

    hosted = True
    off_chip = True

    def declare(self, asm: Assembler) -> None:
        """The signals of the OutPorts."""
        if self.room is not None:
            asm.step_limits[self.name] = self.room
        for port, (shape, dtype) in self.outputs.items():
            size = math.prod(shape)
            count, events = asm.scratch(1), asm.scratch(size)
            if np.dtype(dtype).kind == "f":
                signal = Signal(size, count, events, real=asm.scratch(size, "f64"))
            else:
                values = asm.scratch(size)
                signal = Signal(size, count, events, values, values, bits=8 * np.dtype(dtype).itemsize)
            asm.signals[self.name, port] = signal

    def emit(self, asm: Assembler) -> None:
        """Nothing is compiled; what it receives has to be there as a vector."""
        for source in self.inputs:
            signal = asm.signals.get(source)
            if signal is None or signal.held:
                raise NotCompiledError(f"{'.'.join(source)} has no messages outside compiled code", source[0])
            asm.want_vector(signal)


class Target:
    """Where compiled code looks for the messages of a hosted model.

    Parameters
    ----------
    memory : Memory
    signal : Signal
    where : str
        The OutPort, for errors.
    """

    def __init__(self, memory: Memory, signal: Any, where: str) -> None:
        i32, size = memory.arrays["i32"], signal.size
        self._where, self._whole = where, signal.real < 0
        first = signal.values if self._whole else signal.real
        self._values = (i32 if self._whole else memory.arrays["f64"])[first : first + size]
        self._count, self._events = i32[signal.count : signal.count + 1], i32[signal.events : signal.events + size]

    def holds(self, dtype: np.dtype[Any]) -> bool:
        """Whether every message of a type fits in."""
        # Compiled code computes with no reals of 16 bits, and with no bytes in another processor's order.
        return np.can_cast(dtype, self._values.dtype) and dtype != np.float16 and dtype.isnative

    def expect(self, dtype: np.dtype[Any]) -> None:
        """Compile, or load, what takes messages of a type, which `write` may have to cast."""
        taken = dtype if self.holds(dtype) else self._values.dtype
        take_message(np.zeros(0, taken), self._values[:0], self._events[:0])

    def write(self, message: npt.NDArray[Any]) -> None:
        """Give compiled code a message.

        Raises
        ------
        ConfigError
            If it holds an integer beyond 32 bits; compiled code is given nothing.
        """
        if self._whole and message.size and not self.holds(message.dtype):
            low, high = int(message.min()), int(message.max())
            if low < _I32.min or high > _I32.max:
                raise ConfigError(
                    f"{self._where} sends {low} … {high}, and compiled processes take integers of 32 bits, "
                    f"{_I32.min} … {_I32.max}: send smaller ones, or {without_engine()}"
                )
        self.put(message.astype(self._values.dtype))

    def put(self, message: npt.NDArray[Any]) -> None:
        """Give compiled code a message of a type that it `holds`."""
        self._count[0] = take_message(message.ravel(), self._values, self._events)


def vector_of(memory: Memory, signal: Signal) -> npt.NDArray[Any] | None:
    """Where the message that compiled code sends lies as a vector, if it does; it must not be written to."""
    if signal.real >= 0:
        return memory.arrays["f64"][signal.real : signal.real + signal.size]
    if signal.vector >= 0:
        return memory.arrays["i32"][signal.vector : signal.vector + signal.size]
    return None


def events_of(memory: Memory, signal: Signal) -> npt.NDArray[Any]:
    """The message that compiled code sends, made a vector of its events."""
    i32, vector = memory.arrays["i32"], np.zeros(signal.size, np.int32)
    fired = i32[signal.events : signal.events + int(i32[signal.count])]
    vector[fired] = i32[signal.payloads + fired] if signal.payloads >= 0 else 1
    return vector

"""Lava's Injector and Extractor: data in and out while the net runs."""

from __future__ import annotations

import math
import threading
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import Assembler, Node, Signal
from lava_ed.engine.families.dataloader import as_messages
from lava_ed.engine.families.inputs import vector_input
from lava_ed.engine.families.tallies import tally_spikes
from lava_ed.engine.hosts import HostTask
from lava_ed.engine.memory import Memory, Slot
from lava_ed.engine.pipe import Pipe


@dataclass(kw_only=True)
class InjectorNode(Node):
    """Sends what Python code has sent to the pipe.

    Parameters
    ----------
    pipe : Pipe
    zeros_when_empty : bool
        Whether an empty pipe gives zeros; otherwise the step waits for a message.
    accumulate : bool
        Whether all messages that wait are added; otherwise a step takes one.
    real : bool
        Whether messages may have fractions, which nobody takes who computes with integers.
    """

    pipe: Pipe
    zeros_when_empty: bool = False
    accumulate: bool = False
    real: bool = False
    signal: Any = None

    def declare(self, asm: Assembler) -> None:
        """OutPort out_port."""
        size = math.prod(self.pipe.shape)
        count, events = asm.scratch(1), asm.scratch(size)
        if self.real:
            self.signal = Signal(size, count, events, real=asm.scratch(size, "f64"))
        else:
            values = asm.scratch(size)
            self.signal = Signal(size, count, events, values, values)
        asm.signals[self.name, "out_port"] = self.signal
        asm.counters(self)

    def emit(self, asm: Assembler) -> None:
        """Nothing in the loop but the count of what is sent."""
        tally_spikes(asm, self, "out_port")
        asm.hosts.append(_Inject(self))


@dataclass
class _Inject(HostTask):
    """Takes an array from the pipe before every step."""

    node: InjectorNode
    _ready_for: int = -1

    def ahead(self, memory: Memory, time_step: int) -> int | None:
        """One step at a time."""
        return 1

    def before(self, memory: Memory, time_step: int, cancelled: threading.Event) -> bool:
        """Fetch the message of the next step, once."""
        if self._ready_for == time_step:
            return True
        data = self._fetch(cancelled)
        if data is None:
            return False
        self._ready_for = time_step
        signal, i32 = self.node.signal, memory.arrays["i32"]
        if self.node.real:
            flat: npt.NDArray[Any] = data.reshape(-1)
            memory.arrays["f64"][signal.real : signal.real + flat.size] = flat
        else:
            flat = as_messages(data, f"what was sent to {self.node.name}").reshape(-1)
            i32[signal.values : signal.values + flat.size] = flat
        spiked = np.flatnonzero(flat)
        i32[signal.count] = spiked.size
        i32[signal.events : signal.events + spiked.size] = spiked
        return True

    def _fetch(self, cancelled: threading.Event) -> npt.NDArray[np.float64] | None:
        pipe = self.node.pipe
        waiting = pipe.qsize()
        if not waiting and self.node.zeros_when_empty:
            return np.zeros(pipe.shape)
        first = pipe.take(cancelled)
        if first is None or not self.node.accumulate:
            return first
        for _ in range(waiting - 1):
            more = pipe.take(cancelled)
            assert more is not None
            first = first + more
        return first


@dataclass(kw_only=True)
class ExtractorNode(Node):
    """Fills the pipe with what comes in, or drops what finds it full."""

    pipe: Pipe
    drop_when_full: bool = False

    delayed = True
    observes = True
    off_chip = True

    def declare(self, asm: Assembler) -> None:
        """No Vars."""

    def emit(self, asm: Assembler) -> None:
        """Keep the message until the end of the step."""
        size = math.prod(self.pipe.shape)
        real = any(asm.signals[feed.source, feed.out_port].real >= 0 for feed in asm.feeds(self, "in_port"))
        values = vector_input(asm, self, "in_port", size, real, lasting=True)
        asm.hosts.append(_Extract(self, Slot("f64" if real else "i32", values, self.pipe.shape)))


@dataclass
class _Extract(HostTask):
    """Hands over what came in, after every step."""

    node: ExtractorNode
    values: Slot

    def ahead(self, memory: Memory, time_step: int) -> int | None:
        """One step at a time."""
        return 1

    def after(self, memory: Memory, time_step: int, cancelled: threading.Event) -> bool:
        """Send, or drop with Lava's warning."""
        if self.node.drop_when_full and not self.node.pipe.has_room():
            warnings.warn("Send buffer is full. Dropping items ...", stacklevel=2)
            return True
        return self.node.pipe.put(memory.view(self.values), cancelled)

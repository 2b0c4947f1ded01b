"""Lava's Injector and Extractor: data in and out while the net runs."""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import Assembler, HostTask, Node, Signal
from lava_ed.engine.families.dataloader import as_messages
from lava_ed.engine.families.float_joins import lasting_real_input
from lava_ed.engine.families.joins import lasting_vector_input
from lava_ed.engine.families.tallies import tally_spikes
from lava_ed.engine.memory import Memory, Slot
from lava_ed.engine.pipe import Pipe


@dataclass
class _Injects(HostTask):
    """Takes an array from the pipe before every step."""

    name: str
    pipe: Pipe
    zeros_when_empty: bool
    accumulate: bool
    values: Slot
    count: int
    events: int
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
        flat = as_messages(data, f"what was sent to {self.name}").reshape(-1)
        spiked = np.flatnonzero(flat)
        memory.view(self.values)[...] = flat
        i32 = memory.arrays["i32"]
        i32[self.count] = spiked.size
        i32[self.events : self.events + spiked.size] = spiked
        return True

    def _fetch(self, cancelled: threading.Event) -> npt.NDArray[np.float64] | None:
        waiting = self.pipe.qsize()
        if not waiting and self.zeros_when_empty:
            return np.zeros(self.pipe.shape)
        first = self.pipe.take(cancelled)
        if first is None or not self.accumulate:
            return first
        for _ in range(waiting - 1):
            more = self.pipe.take(cancelled)
            assert more is not None
            first = first + more
        return first


@dataclass
class _Extracts(HostTask):
    """Hands over what came in, after every step."""

    name: str
    pipe: Pipe
    drop_when_full: bool
    values: Slot

    def ahead(self, memory: Memory, time_step: int) -> int | None:
        """One step at a time."""
        return 1

    def after(self, memory: Memory, time_step: int, cancelled: threading.Event) -> bool:
        """Send, or drop with Lava's warning."""
        if self.drop_when_full and not self.pipe.has_room():
            warnings.warn("Send buffer is full. Dropping items ...", stacklevel=2)
            return True
        return self.pipe.put(memory.view(self.values).reshape(self.pipe.shape), cancelled)


@dataclass
class InjectorNode(Node):
    """Sends what Python code has sent to the pipe."""

    pipe: Any = None
    zeros_when_empty: bool = False
    accumulate: bool = False
    _signal: Any = None

    def declare(self, asm: Assembler) -> None:
        """OutPort out_port."""
        size = int(np.prod(self.pipe.shape))
        values = asm.scratch(size)
        self._signal = Signal(size, asm.scratch(1), asm.scratch(size), values, values)
        asm.signals[self.name, "out_port"] = self._signal
        asm.counters(self)

    def emit(self, asm: Assembler) -> None:
        """Nothing in the loop but the count of what is sent."""
        tally_spikes(asm, self, "out_port")
        s = self._signal
        values = Slot("i32", s.values, (s.size,))
        asm.hosts.append(
            _Injects(self.name, self.pipe, self.zeros_when_empty, self.accumulate, values, s.count, s.events)
        )


@dataclass
class ExtractorNode(Node):
    """Fills the pipe with what comes in."""

    pipe: Any = None
    drop_when_full: bool = False

    delayed = True
    observes = True
    off_chip = True

    def declare(self, asm: Assembler) -> None:
        """No Vars."""

    def emit(self, asm: Assembler) -> None:
        """Keep the message until the end of the step."""
        size = int(np.prod(self.pipe.shape))
        real = any(asm.signals[feed.source, feed.out_port].real >= 0 for feed in asm.feeds(self, "in_port"))
        read = lasting_real_input if real else lasting_vector_input
        values = Slot("f64" if real else "i32", read(asm, self, "in_port", size), (size,))
        asm.hosts.append(_Extracts(self.name, self.pipe, self.drop_when_full, values))

"""ProcessModel of EventSource for Lava's runtime."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from lava_ed.data.events.windows import WindowStream
from lava_ed.errors import LavaEDError
from lava_ed.proc.event_source.process import EventSource


@implements(proc=EventSource, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyEventSourceModelFixed(PyLoihiProcessModel):
    """EventSource in integers: one window is in memory at a time."""

    s_out: Any = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=1)
    windows: Any = LavaPyType(np.ndarray, np.int32)
    damaged: Any = LavaPyType(np.ndarray, np.int32)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self._period: int = proc_params["period"]
        self._stream: WindowStream = proc_params["stream"]
        self._windows = self._stream.spikes()
        self._window: Any = iter(())

    def run_spk(self) -> None:
        """One time step."""
        if (self.time_step - 1) % self._period == 0:
            self._window = self._next()
        self.s_out.send(next(self._window, np.zeros(self.s_out.shape, np.int32)))

    def _next(self) -> Iterator[Any]:
        """The next window, empty where there is none any more; an error here would leave the neighbours waiting."""
        try:
            window = next(self._windows, None)
        except (LavaEDError, OSError, MemoryError) as error:
            said = str(error) or type(error).__name__
            print(f"EventSource is silent from time step {self.time_step} on: {said}", file=sys.stderr)
            self.damaged[0] = 1
            window = None
        self.windows[0] += window is not None
        return window or iter(())

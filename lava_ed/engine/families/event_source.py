"""EventSource: windows of recordings, which the host writes ahead of the steps that send them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import Assembler
from lava_ed.engine.families.ring_buffer import RingSourceNode
from lava_ed.engine.hosts import HostTask
from lava_ed.engine.memory import Memory, Slot, Variable, write_variable
from lava_ed.errors import LavaEDError

MOST_AHEAD: Final = 256
"""Time steps that are written ahead, of a small sensor."""
MOST_VALUES: Final = 1 << 20
"""Inputs, in all of these steps."""


@dataclass(kw_only=True)
class EventSourceNode(RingSourceNode):
    """A RingBuffer whose rows the host writes anew whenever all of them are sent.

    Parameters
    ----------
    inputs : int
    spikes : callable
        Makes an iterator over windows, each an iterator over the messages, int32 (inputs,), of its time steps.
    period : int
        Time steps from one window to the next.
    """

    inputs: int
    spikes: Callable[[], Iterator[Iterator[npt.NDArray[np.int32]]]]
    period: int
    data: npt.NDArray[Any] = field(init=False)

    def __post_init__(self) -> None:
        self.data = np.zeros((self.inputs, max(1, min(MOST_AHEAD, MOST_VALUES // self.inputs))), np.int32)

    def declare(self, asm: Assembler) -> None:
        """Vars windows and damaged; OutPort s_out."""
        super().declare(asm)
        rows = asm.variables.pop((self.name, "data"))
        for name in ("windows", "damaged"):
            asm.var(self, name, (1,))
        windows, damaged = (asm.variables[self.name, name].slot for name in ("windows", "damaged"))
        asm.hosts.append(_Windows(self, rows, windows, damaged))


@dataclass
class _Windows(HostTask):
    """Reads windows, and writes their steps where the loop sends them."""

    node: EventSourceNode
    rows: Variable
    windows: Slot
    damaged: Slot
    _ready: int = 0
    _begun: int = 0
    _error: LavaEDError | None = None

    def __post_init__(self) -> None:
        self._steps = self._spikes()

    def _spikes(self) -> Iterator[npt.NDArray[np.int32] | None]:
        """Each time step of each window, None where all inputs are silent."""
        for window in self.node.spikes():
            self._begun += 1
            for _ in range(self.node.period):
                yield next(window, None)

    def ahead(self, memory: Memory, time_step: int) -> int:
        """Up to the last step that is ready."""
        return self._ready - time_step

    def before(self, memory: Memory, time_step: int, cancelled: threading.Event) -> bool:
        """Write the next steps once those before are sent, up to one whose window is damaged."""
        if self._ready > time_step:
            return True
        if self._error is not None:
            memory.view(self.damaged)[0] = 1
            raise self._error
        values = np.zeros((self.rows.shape[-1], self.node.at["n"]), np.int32)
        ready = 0
        try:
            for ready in range(1, len(values) + 1):
                spikes = next(self._steps, None)
                if spikes is not None:
                    values[(time_step + ready - 1) % len(values)] = spikes
        except LavaEDError as error:
            self._error = error
            ready -= 1
        write_variable(memory, self.rows, values.T)
        self._ready = time_step + ready
        return self.before(memory, time_step, cancelled)

    def after(self, memory: Memory, time_step: int, cancelled: threading.Event) -> bool:
        """Count the windows that have begun up to this step."""
        period = self.node.period
        memory.view(self.windows)[0] = min(self._begun, (time_step + period - 1) // period)
        return True

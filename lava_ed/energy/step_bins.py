"""Operations of a window of time steps, in bins of so many steps."""

from __future__ import annotations

import threading
from typing import Any

from lava_ed.energy.counting import Totals, completed, subtract
from lava_ed.engine.hosts import HostTask
from lava_ed.engine.memory import Memory


class StepBins(HostTask):
    """Reads a program's counters where a bin begins and ends, however the steps are spread over runs.

    The window has the steps `first` to `last` (None: without end) in bins of `width` steps, of which the last one may
    have fewer.  Steps that ran before a program is followed are not counted.
    """

    only_looks = True

    def __init__(self, first: int = 1, last: int | None = None, width: int = 1) -> None:
        self.first, self.last, self.width = first, last, width
        self._program: Any = None
        self._closed: list[dict[str, Totals]] = []
        self._open: dict[str, Totals] | None = None
        """Counters at the start of the bin that is not full yet."""
        self._opened = -1
        """Time step at which the bin that is not full yet began."""

    def follow(self, program: Any) -> None:
        """Count what a program runs from now on; once is enough."""
        if self._program is not program:
            self._program, self._closed, self._open = program, [], None
            program.watch(self)
            self._look(program.time_step)

    def counts(self) -> list[dict[str, Totals]]:
        """Operations of each bin: node → counter → phase → count; of the last one those so far."""
        if self._open is None or self._program.time_step == self._opened:
            return list(self._closed)
        return [*self._closed, subtract(self._program.counters(), self._open)]

    def ahead(self, memory: Memory, time_step: int) -> int | None:
        """Steps until a bin begins or ends."""
        if self.last is not None and time_step >= self.last:
            return None
        if time_step < self.first - 1:
            return self.first - 1 - time_step
        left = self.width - (time_step + 1 - self.first) % self.width
        return left if self.last is None else min(left, self.last - time_step)

    def after(self, memory: Memory, time_step: int, cancelled: threading.Event) -> bool:
        """Read the counters if a bin begins or ends here."""
        self._look(time_step)
        return True

    def _look(self, time_step: int) -> None:
        done = self.last is not None and time_step >= self.last
        if time_step < self.first - 1 or (self._open is None and done):
            return
        at_edge = done or (time_step + 1 - self.first) % self.width == 0
        if self._open is not None and not (at_edge and time_step > self._opened):
            return
        counters = self._program.counters()
        if self._open is not None:
            self._closed.append(subtract(counters, self._open))
        self._open, self._opened = (None if done else completed(counters)), time_step

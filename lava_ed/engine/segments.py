"""Parts of a time step: some rows of the op table, run by a call of their own, where other code acts between them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lava_ed.engine.jump import NO_JUMP
from lava_ed.engine.loops import loop_of
from lava_ed.engine.op import CLOCK, OVERFLOWS
from lava_ed.engine.program import Program


class Segment(NamedTuple):
    """Rows of the op table, in the order in which they run, for each phase."""

    ptr: npt.NDArray[np.int64]
    order: npt.NDArray[np.int64]


class Segments:
    """Runs the time steps of a program piece by piece; the clock moves on when a step is whole."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._progress = np.zeros(3, np.int64)
        self._predictions = np.zeros(0, np.int32)
        self._loop: Any = None
        self._arenas: tuple[Any, ...] = ()

    def segment(self, rows: Iterable[int]) -> Segment | None:
        """The segment of these rows of the table; None without any."""
        chosen = sorted(rows)
        if not chosen:
            return None
        table = self.program.rows
        ptr, order = [0], []
        for phase in range(self.program.period):
            order += [k for k in chosen if table[k].start <= phase < table[k].stop]
            ptr.append(len(order))
        return Segment(np.array(ptr, np.int64), np.array(order or [0], np.int64))

    def begin_run(self) -> None:
        """Look up what stays the same in all steps of a run."""
        arrays = self.program._memory.arrays
        self._arenas = tuple(arrays[name] for name in ("i8", "i16", "i32", "i64", "u8", "f64"))
        if self._loop is None:
            self._loop = loop_of(self.program._groups)

    def begin(self) -> None:
        """Begin a step, and prepare what it consumes."""
        program, time_step = self.program, self.program.time_step
        for feeder in program._feeders:
            feeder.fill(program._memory, time_step, 1)
        self._after_order = (NO_JUMP, *self._arenas, time_step, time_step % program.period, 1, 0)

    def run(self, segment: Segment | None) -> None:
        """Run a part of the step."""
        if segment is not None:
            self._loop(self.program._ops, *segment, *self._after_order, self._predictions, self._progress)

    def end(self) -> None:
        """End the step."""
        progress, overflows = self.program._progress, self._progress[OVERFLOWS]
        if overflows:
            progress[OVERFLOWS] += overflows
            self._progress[OVERFLOWS] = 0
        progress[CLOCK] += 1

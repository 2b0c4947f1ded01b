"""Lava's Monitor: a Var or an OutPort, recorded in every step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from lava_ed.engine.assembler import RECORD, RUN, Assembler, Node
from lava_ed.engine.families import opcodes
from lava_ed.engine.families.float_joins import real_input
from lava_ed.engine.families.joins import vector_input
from lava_ed.engine.families.references import ARENA_CODES, I8, I16, I32, referenced
from lava_ed.engine.memory import Slot, Variable
from lava_ed.kernels._jit import kernel


@kernel
def monitor(a, i8, i16, i32, i64, now):  # type: ignore[no-untyped-def]
    """Copy a region of [rows, columns] into the record of this step, in the user's order.

    Columns: 1 arena, 2 offset, 3 rows, 4 columns, 5 transpose (0/1), 6 factor, 7 record (i64).
    """
    rows, columns = a[3], a[4]
    record = a[7] + (now - 1) * rows * columns
    for r in range(rows):
        for c in range(columns):
            at = a[2] + r * columns + c
            if a[1] == I32:
                value = np.int64(i32[at])
            elif a[1] == I16:
                value = np.int64(i16[at])
            elif a[1] == I8:
                value = np.int64(i8[at])
            else:
                value = i64[at]
            to = c * rows + r if a[5] else r * columns + c
            i64[record + to] = value * a[6]


@kernel
def real_monitor(a, f64, now):  # type: ignore[no-untyped-def]
    """As `monitor`, of float64. Columns: 1 offset, 2 rows, 3 columns, 4 transpose (0/1), 5 record."""
    rows, columns = a[2], a[3]
    record = a[5] + (now - 1) * rows * columns
    for r in range(rows):
        for c in range(columns):
            to = c * rows + r if a[4] else r * columns + c
            f64[record + to] = f64[a[1] + r * columns + c]


@dataclass
class MonitorNode(Node):
    """Records one Var or one OutPort.

    Parameters
    ----------
    record : str
        Name of the Var that holds the data.
    record_shape : tuple
        (steps, …).
    target : (process id, Var name) or None
        The Var; None where an OutPort is connected to `in_port`.
    in_port : str
    """

    record: str = ""
    record_shape: tuple[int, ...] = (1, 1)
    target: tuple[int, str] | None = None
    in_port: str = ""
    _source: tuple[str, str] | None = None
    _columns: dict[str, int] = field(default_factory=dict)

    delayed = True
    observes = True
    off_chip = True

    def resolve(self, names: Mapping[int, str]) -> None:
        """Find the node whose Var is recorded."""
        if self.target is not None:
            self._source = names[self.target[0]], self.target[1]

    def declare(self, asm: Assembler) -> None:
        """The Var that holds the data, in float64 where such are recorded."""
        arena = "f64" if self._is_real(asm) else "i64"
        self._columns["record"] = asm.var(self, self.record, self.record_shape, arena=arena)
        asm.step_limits[self.name] = self.record_shape[0]

    def emit(self, asm: Assembler) -> None:
        """Copy at the end of the step, or for an OutPort while its message is there."""
        size = 1
        for length in self.record_shape[1:]:
            size *= length
        real = self._is_real(asm)
        if self._source is None:
            values = (real_input if real else vector_input)(asm, self, self.in_port, size)
            variable, stage = Variable(Slot("f64" if real else "i32", values, (size,))), RUN
        else:
            variable, stage = referenced(asm, self.name, self._source, "probes", (*ARENA_CODES, "f64")), RECORD
        slot = variable.slot
        turned = variable.packed or variable.transposed
        rows = slot.shape[0] if turned else 1
        what = (slot.offset, rows, slot.size // rows, int(turned))
        if real:
            asm.every_step(stage, opcodes.REAL_MONITOR, *what, self._columns["record"])
            return
        factor = 2 if variable.packed else 1
        asm.every_step(stage, opcodes.MONITOR, ARENA_CODES[slot.arena], *what, factor, self._columns["record"])

    def _is_real(self, asm: Assembler) -> bool:
        """Whether what is recorded is made of float64; a Monitor comes after all that it records."""
        if self._source is not None:
            variable = asm.variables.get(self._source)
            return variable is not None and variable.slot.arena == "f64"
        return any(asm.signals[feed.source, feed.out_port].real >= 0 for feed in asm.feeds(self, self.in_port))

"""Lava's Monitor: a Var or an OutPort, recorded in every step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from lava_ed.engine.assembler import RECORD, RUN, Assembler
from lava_ed.engine.families.inputs import vector_input
from lava_ed.engine.families.ref_ports import ARENA_CODES, I8, I16, I32, ReferringNode, referenced
from lava_ed.engine.memory import Slot, Variable
from lava_ed.engine.op import number, op, writes
from lava_ed.kernels._jit import kernel

_REGION: Final = {
    "offset": number("of the region in its arena"),
    "rows": number(),
    "columns": number(),
    "transposes": number("1 where the user's first axis is stored last"),
    "steps": number("for which the record has room"),
}
MONITOR = op(
    "monitor",
    "core",
    arena=number("I8, I16, I32, or another number for i64"),
    **_REGION,
    factor=number("by which the user's values are larger"),
    record=writes("i64", "steps * rows * columns"),
)
REAL_MONITOR = op("real_monitor", "floating", **_REGION, record=writes("f64", "steps * rows * columns"))


@kernel
def monitor(a, i8, i16, i32, i64, now):  # type: ignore[no-untyped-def]
    """Copy a region into the record of this step, in the user's order."""
    f = MONITOR
    arena, offset, rows, columns = a[f.arena], a[f.offset], a[f.rows], a[f.columns]
    record = a[f.record] + (now - 1) * rows * columns
    for r in range(rows):
        for c in range(columns):
            at = offset + r * columns + c
            if arena == I32:
                value = np.int64(i32[at])
            elif arena == I16:
                value = np.int64(i16[at])
            elif arena == I8:
                value = np.int64(i8[at])
            else:
                value = i64[at]
            to = c * rows + r if a[f.transposes] else r * columns + c
            i64[record + to] = value * a[f.factor]


@kernel
def real_monitor(a, f64, now):  # type: ignore[no-untyped-def]
    """Copy a region of float64 into the record of this step, in the user's order."""
    f = REAL_MONITOR
    rows, columns = a[f.rows], a[f.columns]
    record = a[f.record] + (now - 1) * rows * columns
    for r in range(rows):
        for c in range(columns):
            to = c * rows + r if a[f.transposes] else r * columns + c
            f64[record + to] = f64[a[f.offset] + r * columns + c]


@dataclass(kw_only=True)
class MonitorNode(ReferringNode):
    """Records one Var, or what an OutPort sends to `in_port`.

    Parameters
    ----------
    record : str
        Name of the Var that holds the data.
    record_shape : tuple
        (steps, …).
    in_port : str
    """

    record: str
    record_shape: tuple[int, ...]
    in_port: str = ""
    _data: int = 0

    delayed = True
    observes = True
    off_chip = True

    def declare(self, asm: Assembler) -> None:
        """The Var that holds the data, in float64 where such are recorded."""
        arena = "f64" if self._is_real(asm) else "i64"
        self._data = asm.var(self, self.record, self.record_shape, arena=arena)
        asm.step_limits[self.name] = self.record_shape[0]

    def emit(self, asm: Assembler) -> None:
        """Copy at the end of the step, or for an OutPort while its message is there."""
        size = math.prod(self.record_shape[1:])
        real = self._is_real(asm)
        if self._source is None:
            values = vector_input(asm, self, self.in_port, size, real)
            variable, stage = Variable(Slot("f64" if real else "i32", values, (size,))), RUN
        else:
            variable, stage = referenced(asm, self.name, self._source, "probes", (*ARENA_CODES, "f64")), RECORD
        slot = variable.slot
        turned = variable.packed or variable.transposed
        rows = slot.shape[0] if turned else 1
        region = {
            "offset": slot.offset,
            "rows": rows,
            "columns": slot.size // rows,
            "transposes": int(turned),
            "steps": self.record_shape[0],
            "record": self._data,
        }
        if real:
            asm.every_step(stage, REAL_MONITOR, **region)
        else:
            factor = 2 if variable.packed else 1
            asm.every_step(stage, MONITOR, **region, arena=ARENA_CODES[slot.arena], factor=factor)

    def _is_real(self, asm: Assembler) -> bool:
        """Whether what is recorded is made of float64; a Monitor comes after all that it records."""
        if self._source is not None:
            variable = asm.variables.get(self._source)
            return variable is not None and variable.slot.arena == "f64"
        return any(asm.signals[feed.source, feed.out_port].real >= 0 for feed in asm.feeds(self, self.in_port))

"""Lava's RingBuffer, as source and as sink."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import RUN, Assembler, Node, Signal
from lava_ed.engine.families import opcodes
from lava_ed.engine.families.joins import vector_input
from lava_ed.engine.families.tallies import add_spikes
from lava_ed.engine.memory import Memory, Variable
from lava_ed.errors import ConfigError
from lava_ed.kernels._jit import inlined_kernel, kernel
from lava_ed.kernels.events import copy_vector, list_rows_of_events
from lava_ed.kernels.views import segment


@inlined_kernel
def ring_source(a, i32, i64, now):  # type: ignore[no-untyped-def]
    """Send the row of this step.

    Columns: 1 n, 2 data, 3 rows, 4 values, 5 event count, 6 events, 7 whether the values are wanted (flag),
    8 pointers and 9 events of all rows, 10 destinations, 11 counters (i64).
    """
    n = a[1]
    index = (now - 1) % a[3]
    first, stop = i32[a[8] + index], i32[a[8] + index + 1]
    i32[a[5]] = stop - first
    copy_vector(segment(i32, a[9] + first, stop - first), segment(i32, a[6], stop - first))
    add_spikes(a[11], np.int64(stop - first), a[10], i64)
    if i32[a[7]]:
        row = a[2] + index * n
        copy_vector(segment(i32, row, n), segment(i32, a[4], n))


@kernel
def ring_sink(a, i32, now):  # type: ignore[no-untyped-def]
    """Store what came into the row of this step. Columns: 1 n, 2 data, 3 rows, 4 values."""
    n = a[1]
    row = a[2] + (now - 1) % a[3] * n
    copy_vector(segment(i32, a[4], n), segment(i32, row, n))


def _declare_data(node: Node, asm: Assembler, data: npt.NDArray[Any]) -> tuple[int, int, int]:
    """The Var `data` (…, time), stored time first; returns its offset, values a step, and steps."""
    steps = data.shape[-1]
    if not steps:
        raise ConfigError(f"{node.name}.data has shape {data.shape}: a RingBuffer needs at least one time step")
    rows = data.reshape(-1, steps).T
    slot = asm.memory.allocate("i32", rows.shape, rows)
    asm.variables[node.name, "data"] = Variable(slot, transposed=True, user_shape=data.shape)
    return slot.offset, rows.shape[1], steps


@dataclass
class RingSourceNode(Node):
    """Sends ``data[..., t]``, over and over."""

    data: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros((1, 1), np.int32))
    _columns: dict[str, int] = field(default_factory=dict)

    def declare(self, asm: Assembler) -> None:
        """Var data; OutPort s_out."""
        offset, size, steps = _declare_data(self, asm, self.data)
        values, wanted = asm.scratch(size), asm.scratch(1)
        asm.signals[self.name, "s_out"] = Signal(
            size, asm.scratch(1), asm.scratch(size), values, values, wanted=wanted
        )  # fmt: skip
        self._columns.update(data=offset, size=size, steps=steps, values=values)
        asm.counters(self)
        self._list_events(asm)

    def _list_events(self, asm: Assembler) -> None:
        """The events of all rows, listed once and after every write; room for rows without a zero."""
        c = self._columns
        variable = asm.variables[self.name, "data"]
        pointers = asm.memory.allocate("i32", (c["steps"] + 1,))
        events = asm.memory.allocate("i32", (variable.slot.size,))

        def list_rows(memory: Memory) -> None:
            """Follow the data."""
            list_rows_of_events(memory.view(variable.slot), memory.view(pointers), memory.view(events))

        asm.followers.append(list_rows)
        asm.variables[self.name, "data"] = replace(variable, after_write=list_rows)
        c.update(pointers=pointers.offset, events=events.offset)

    def emit(self, asm: Assembler) -> None:
        """Send in every step."""
        c, out = self._columns, asm.signals[self.name, "s_out"]
        asm.counted_step(
            RUN, opcodes.RING_SOURCE, self,
            c["size"], c["data"], c["steps"], c["values"], out.count, out.events, out.wanted, c["pointers"],
            c["events"], asm.destinations(self, "s_out"),
        )  # fmt: skip


@dataclass
class RingSinkNode(Node):
    """Keeps what came in the last steps."""

    data: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros((1, 1), np.int32))
    _columns: dict[str, int] = field(default_factory=dict)

    off_chip = True

    def declare(self, asm: Assembler) -> None:
        """Var data."""
        offset, size, steps = _declare_data(self, asm, self.data)
        self._columns.update(data=offset, size=size, steps=steps)

    def emit(self, asm: Assembler) -> None:
        """Store in every step what the sources send in it."""
        c = self._columns
        values = vector_input(asm, self, "a_in", c["size"])
        asm.every_step(RUN, opcodes.RING_SINK, c["size"], c["data"], c["steps"], values)

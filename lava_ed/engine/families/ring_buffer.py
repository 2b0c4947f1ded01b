"""Lava's RingBuffer, as source and as sink, of integers and of real numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import RUN, Assembler, Node, Signal
from lava_ed.engine.families.inputs import vector_input
from lava_ed.engine.families.tallies import COUNTERS, add_spikes
from lava_ed.engine.memory import Memory, Variable
from lava_ed.engine.op import each, number, op, reads, writes
from lava_ed.errors import ConfigError
from lava_ed.kernels._jit import inlined_kernel, kernel
from lava_ed.kernels.stock.floating import list_real_events
from lava_ed.kernels.vectors.events import copy_vector, list_rows_of_events
from lava_ed.kernels.views import segment

_ROWS: Final = {
    "n": number("values of a row"),
    "rows": number("steps after which the first row is sent again, or is written again"),
}
_SENT: Final = {"count": writes("i32"), "events": writes("i32", "n")}
RING_SOURCE = op(
    "ring_source",
    "core",
    **_ROWS,
    **_SENT,
    **each(reads("i32", "rows * n"), "data", "all_events"),
    values=writes("i32", "n"),
    wanted=reads("i32"),
    pointers=reads("i32", "rows + 1"),
    destinations=number("InPorts that a spike is delivered to"),
    counters=COUNTERS,
)
"""`wanted` tells whether somebody reads the values; the events of row r are pointers[r] … pointers[r + 1] − 1."""
RING_SINK = op("ring_sink", "core", **_ROWS, data=writes("i32", "rows * n"), values=reads("i32", "n"))
REAL_SOURCE = op("real_source", "floating", **_ROWS, **_SENT, data=reads("f64", "rows * n"), values=writes("f64", "n"))
REAL_SINK = op("real_sink", "floating", **_ROWS, data=writes("f64", "rows * n"), values=reads("f64", "n"))


@inlined_kernel
def ring_source(a, i32, i64, now):  # type: ignore[no-untyped-def]
    """Send the row of this step."""
    f = RING_SOURCE
    n, pointers = a[f.n], a[f.pointers]
    index = (now - 1) % a[f.rows]
    first, stop = i32[pointers + index], i32[pointers + index + 1]
    i32[a[f.count]] = stop - first
    copy_vector(segment(i32, a[f.all_events] + first, stop - first), segment(i32, a[f.events], stop - first))
    add_spikes(a[f.counters], np.int64(stop - first), a[f.destinations], i64)
    if i32[a[f.wanted]]:
        row = a[f.data] + index * n
        copy_vector(segment(i32, row, n), segment(i32, a[f.values], n))


@kernel
def ring_sink(a, i32, now):  # type: ignore[no-untyped-def]
    """Store what came in as the row of this step."""
    f = RING_SINK
    n = a[f.n]
    row = a[f.data] + (now - 1) % a[f.rows] * n
    copy_vector(segment(i32, a[f.values], n), segment(i32, row, n))


@kernel
def real_source(a, i32, f64, now):  # type: ignore[no-untyped-def]
    """Send the row of this step."""
    f = REAL_SOURCE
    n = a[f.n]
    values = segment(f64, a[f.values], n)
    copy_vector(segment(f64, a[f.data] + (now - 1) % a[f.rows] * n, n), values)
    i32[a[f.count]] = list_real_events(values, segment(i32, a[f.events], n))


@kernel
def real_sink(a, f64, now):  # type: ignore[no-untyped-def]
    """Store what came in as the row of this step."""
    f = REAL_SINK
    n = a[f.n]
    copy_vector(segment(f64, a[f.values], n), segment(f64, a[f.data] + (now - 1) % a[f.rows] * n, n))


def declare_rows(node: Node, asm: Assembler, data: npt.NDArray[Any]) -> dict[str, int]:
    """The Var `data` (…, time), stored time first; returns the fields `data`, `rows` and `n`."""
    rows = data.reshape(-1, data.shape[-1]).T
    slot = asm.memory.allocate("f64" if data.dtype.kind == "f" else "i32", rows.shape, rows)
    asm.variables[node.name, "data"] = Variable(slot, transposed=True, user_shape=data.shape)
    return {"data": slot.offset, "rows": rows.shape[0], "n": rows.shape[1]}


@dataclass
class _RingNode(Node):
    """A RingBuffer.

    Parameters
    ----------
    data : int32 or float64 (…, time)
    """

    data: npt.NDArray[Any]

    def declare(self, asm: Assembler) -> None:
        """Var data."""
        if not self.data.shape[-1]:
            raise ConfigError(
                f"{self.name}.data has shape {self.data.shape}: a RingBuffer needs at least one time step"
            )
        self.at.update(declare_rows(self, asm, self.data))

    def _declare_output(self, asm: Assembler, **kind: Any) -> None:
        """OutPort s_out."""
        size = self.at["n"]
        signal = Signal(size, asm.scratch(1), asm.scratch(size), **kind)
        asm.signals[self.name, "s_out"] = signal
        self.at.update(count=signal.count, events=signal.events)


@dataclass
class RingSourceNode(_RingNode):
    """Sends ``data[..., t]``, over and over."""

    def declare(self, asm: Assembler) -> None:
        """Var data; OutPort s_out."""
        super().declare(asm)
        values, wanted = asm.scratch(self.at["n"]), asm.scratch(1)
        self._declare_output(asm, values=values, vector=values, wanted=wanted)
        self.at.update(values=values, wanted=wanted)
        asm.counters(self)
        self._list_events(asm)

    def _list_events(self, asm: Assembler) -> None:
        """The events of all rows, listed once and after every write; room for rows without a zero."""
        rows = asm.variables[self.name, "data"].slot
        pointers = asm.memory.allocate("i32", (self.at["rows"] + 1,))
        events = asm.memory.allocate("i32", (rows.size,))

        def list_rows(memory: Memory) -> None:
            """Follow the data."""
            list_rows_of_events(memory.view(rows), memory.view(pointers), memory.view(events))

        asm.follow(self, ["data"], list_rows)
        self.at.update(pointers=pointers.offset, all_events=events.offset)

    def emit(self, asm: Assembler) -> None:
        """Send in every step."""
        asm.counted_step(RUN, RING_SOURCE, self, self.at, destinations=asm.destinations(self, "s_out"))


@dataclass
class RingSinkNode(_RingNode):
    """Keeps what came in the last steps."""

    off_chip = True

    def emit(self, asm: Assembler) -> None:
        """Store in every step what the sources send in it."""
        asm.every_step(RUN, RING_SINK, self.at, values=vector_input(asm, self, "a_in", self.at["n"]))


@dataclass
class FloatSourceNode(_RingNode):
    """Sends real numbers ``data[..., t]``, over and over."""

    def declare(self, asm: Assembler) -> None:
        """Var data; OutPort s_out."""
        super().declare(asm)
        self.at["values"] = asm.scratch(self.at["n"], "f64")
        self._declare_output(asm, real=self.at["values"])

    def emit(self, asm: Assembler) -> None:
        """Send in every step."""
        asm.every_step(RUN, REAL_SOURCE, self.at)


@dataclass
class FloatSinkNode(_RingNode):
    """Keeps the real numbers that came in the last steps."""

    def emit(self, asm: Assembler) -> None:
        """Store in every step what the sources send in it."""
        values = vector_input(asm, self, "a_in", self.at["n"], real=True)
        asm.every_step(RUN, REAL_SINK, self.at, values=values)

"""Floating-point models of Lava's LIF neurons and RingBuffers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import RUN, Assembler, Node, Signal
from lava_ed.engine.families import opcodes
from lava_ed.engine.families.float_joins import real_input
from lava_ed.engine.memory import Variable
from lava_ed.errors import ConfigError
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.events import copy_vector
from lava_ed.kernels.floating import float_lif_step, list_real_events
from lava_ed.kernels.views import segment


@kernel
def real_lif(a, i32, i64, f64, now):  # type: ignore[no-untyped-def]
    """One step of the neurons, and the list of their spikes.

    Columns: 1 n, 2 u, 3 v, 4 a_in, 5 bias, 6 du, 7 dv, 8 low threshold, 9 high threshold, 10 ternary (0/1),
    11 spikes (all f64), 12 event count, 13 events, 14 interval (0: no reset), 15 offset, 16 end of the refractory
    period (i64), 17 its length in the memory (n or 0), 18 refractory period.
    """
    n = a[1]
    u, v, spikes = segment(f64, a[2], n), segment(f64, a[3], n), segment(f64, a[11], n)
    if a[14] > 0 and now % a[14] == a[15] % a[14]:
        for i in range(n):
            # A product as in Lava, so that what is not finite becomes nan.
            u[i] *= 0.0
            v[i] *= 0.0
    count = float_lif_step(
        u, v, segment(f64, a[4], n), segment(f64, a[5], n), f64[a[6]], f64[a[7]], f64[a[8]], f64[a[9]], a[10] != 0, now,
        segment(i64, a[16], a[17]), a[18], spikes,
    )  # fmt: skip
    i32[a[12]] = count
    if count:
        list_real_events(spikes, segment(i32, a[13], n))


@kernel
def real_source(a, i32, f64, now):  # type: ignore[no-untyped-def]
    """Send the row of this step. Columns: 1 n, 2 data, 3 rows, 4 values (f64), 5 event count, 6 events."""
    n = a[1]
    row = a[2] + (now - 1) % a[3] * n
    copy_vector(segment(f64, row, n), segment(f64, a[4], n))
    i32[a[5]] = list_real_events(segment(f64, a[4], n), segment(i32, a[6], n))


@kernel
def real_sink(a, f64, now):  # type: ignore[no-untyped-def]
    """Store what came into the row of this step. Columns: 1 n, 2 data, 3 rows, 4 values (all f64)."""
    n = a[1]
    row = a[2] + (now - 1) % a[3] * n
    copy_vector(segment(f64, a[4], n), segment(f64, row, n))


@dataclass
class FloatLIFNode(Node):
    """A layer of floating-point neurons of the LIF family.

    Parameters
    ----------
    shape : tuple
    state : mapping
        Initial u, v, bias_mant, bias_exp (never read).
    scalars : mapping
        du, dv, and vth or vth_lo and vth_hi.
    interval, offset : int
        Of LIFReset; 0 for the others.
    refractory_end : int64, optional
        Var of LIFRefractory.
    period : int
        Its refractory period.
    constants : mapping
        Vars that no step reads or changes, such as LearningLIF's y1.
    """

    shape: tuple[int, ...] = (1,)
    state: dict[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    scalars: dict[str, float] = field(default_factory=dict)
    interval: int = 0
    offset: int = 0
    refractory_end: npt.NDArray[np.int64] | None = None
    period: int = 0
    constants: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    _columns: dict[str, int] = field(default_factory=dict)

    def declare(self, asm: Assembler) -> None:
        """Vars of the process; OutPort s_out."""
        c, size = self._columns, int(np.prod(self.shape))
        for name, values in {**self.state, **self.constants}.items():
            c[name] = asm.var(self, name, values.shape, values, "f64")
        for name, value in self.scalars.items():
            c[name] = asm.var(self, name, (1,), value, "f64")
        if self.refractory_end is not None:
            c["end"] = asm.var(self, "refractory_period_end", self.shape, self.refractory_end, "i64")
        c.update(size=size, spikes=asm.scratch(size, "f64"))
        asm.signals[self.name, "s_out"] = Signal(size, asm.scratch(1), asm.scratch(size), real=c["spikes"])

    def emit(self, asm: Assembler) -> None:
        """Run in every step."""
        c, out = self._columns, asm.signals[self.name, "s_out"]
        a_in = real_input(asm, self, "a_in", c["size"])
        ternary = "vth_lo" in c
        thresholds = (c["vth_lo"], c["vth_hi"]) if ternary else (c["vth"], c["vth"])
        resting = c["size"] if self.refractory_end is not None else 0
        asm.every_step(
            RUN, opcodes.REAL_LIF,
            c["size"], c["u"], c["v"], a_in, c["bias_mant"], c["du"], c["dv"], *thresholds, int(ternary), c["spikes"],
            out.count, out.events, self.interval, self.offset, c.get("end", 0), resting, self.period,
        )  # fmt: skip


def _declare_data(node: Node, asm: Assembler, data: npt.NDArray[Any]) -> tuple[int, int, int]:
    """The Var `data` (…, time), stored time first; returns its offset, values a step, and steps."""
    steps = data.shape[-1]
    if not steps:
        raise ConfigError(f"{node.name}.data has shape {data.shape}: a RingBuffer needs at least one time step")
    rows = data.reshape(-1, steps).T
    slot = asm.memory.allocate("f64", rows.shape, rows)
    asm.variables[node.name, "data"] = Variable(slot, transposed=True, user_shape=data.shape)
    return slot.offset, rows.shape[1], steps


@dataclass
class FloatSourceNode(Node):
    """Sends ``data[..., t]``, over and over."""

    data: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((1, 1)))
    _columns: dict[str, int] = field(default_factory=dict)

    def declare(self, asm: Assembler) -> None:
        """Var data; OutPort s_out."""
        offset, size, steps = _declare_data(self, asm, self.data)
        values = asm.scratch(size, "f64")
        asm.signals[self.name, "s_out"] = Signal(size, asm.scratch(1), asm.scratch(size), real=values)
        self._columns.update(data=offset, size=size, steps=steps, values=values)

    def emit(self, asm: Assembler) -> None:
        """Send in every step."""
        c, out = self._columns, asm.signals[self.name, "s_out"]
        asm.every_step(RUN, opcodes.REAL_SOURCE, c["size"], c["data"], c["steps"], c["values"], out.count, out.events)


@dataclass
class FloatSinkNode(Node):
    """Keeps what came in the last steps."""

    data: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((1, 1)))
    _columns: dict[str, int] = field(default_factory=dict)

    def declare(self, asm: Assembler) -> None:
        """Var data."""
        offset, size, steps = _declare_data(self, asm, self.data)
        self._columns.update(data=offset, size=size, steps=steps)

    def emit(self, asm: Assembler) -> None:
        """Store in every step what the sources send in it."""
        c = self._columns
        values = real_input(asm, self, "a_in", c["size"])
        asm.every_step(RUN, opcodes.REAL_SINK, c["size"], c["data"], c["steps"], values)

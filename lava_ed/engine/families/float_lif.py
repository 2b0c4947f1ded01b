"""Floating-point models of Lava's LIF neurons and RingBuffers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import RUN, Assembler, Node, Signal
from lava_ed.engine.families.float_joins import real_input
from lava_ed.engine.memory import Variable
from lava_ed.engine.op import number, op, reads, updates, writes
from lava_ed.errors import ConfigError
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.stock.floating import float_lif_step, list_real_events
from lava_ed.kernels.vectors.events import copy_vector
from lava_ed.kernels.views import segment

REAL_LIF = op(
    "real_lif",
    "floating",
    n=number(),
    u=updates("f64", "n"),
    v=updates("f64", "n"),
    a_in=reads("f64", "n"),
    bias_mant=reads("f64", "n"),
    du=reads("f64"),
    dv=reads("f64"),
    low=reads("f64"),
    high=reads("f64"),
    ternary=number("1 where a neuron also spikes below the low threshold"),
    spikes=writes("f64", "n"),
    count=writes("i32"),
    events=writes("i32", "n"),
    interval=number("steps from reset to reset; 0 for no reset"),
    offset=number("step of the first reset"),
    refractory_end=updates("i64", "n_refractory"),
    n_refractory=number("n, or 0 without a refractory period"),
    period=number("steps of the refractory period"),
)
REAL_SOURCE = op(
    "real_source",
    "floating",
    n=number(),
    data=reads("f64", "rows * n"),
    rows=number("steps after which the data begin anew"),
    values=writes("f64", "n"),
    count=writes("i32"),
    events=writes("i32", "n"),
)
REAL_SINK = op(
    "real_sink",
    "floating",
    n=number(),
    data=writes("f64", "rows * n"),
    rows=number("steps that are kept"),
    values=reads("f64", "n"),
)


@kernel
def real_lif(a, i32, i64, f64, now):  # type: ignore[no-untyped-def]
    """Advance the neurons by one step, and list their spikes."""
    n, interval = a[REAL_LIF.n], a[REAL_LIF.interval]
    u, v = segment(f64, a[REAL_LIF.u], n), segment(f64, a[REAL_LIF.v], n)
    spikes = segment(f64, a[REAL_LIF.spikes], n)
    if interval > 0 and now % interval == a[REAL_LIF.offset] % interval:
        for i in range(n):
            # A product as in Lava, so that what is not finite becomes nan.
            u[i] *= 0.0
            v[i] *= 0.0
    count = float_lif_step(
        u, v, segment(f64, a[REAL_LIF.a_in], n), segment(f64, a[REAL_LIF.bias_mant], n),
        f64[a[REAL_LIF.du]], f64[a[REAL_LIF.dv]], f64[a[REAL_LIF.low]], f64[a[REAL_LIF.high]],
        a[REAL_LIF.ternary] != 0, now,
        segment(i64, a[REAL_LIF.refractory_end], a[REAL_LIF.n_refractory]), a[REAL_LIF.period], spikes,
    )  # fmt: skip
    i32[a[REAL_LIF.count]] = count
    if count:
        list_real_events(spikes, segment(i32, a[REAL_LIF.events], n))


@kernel
def real_source(a, i32, f64, now):  # type: ignore[no-untyped-def]
    """Send the row of this step."""
    n = a[REAL_SOURCE.n]
    row = a[REAL_SOURCE.data] + (now - 1) % a[REAL_SOURCE.rows] * n
    values = segment(f64, a[REAL_SOURCE.values], n)
    copy_vector(segment(f64, row, n), values)
    i32[a[REAL_SOURCE.count]] = list_real_events(values, segment(i32, a[REAL_SOURCE.events], n))


@kernel
def real_sink(a, f64, now):  # type: ignore[no-untyped-def]
    """Store what came into the row of this step."""
    n = a[REAL_SINK.n]
    row = a[REAL_SINK.data] + (now - 1) % a[REAL_SINK.rows] * n
    copy_vector(segment(f64, a[REAL_SINK.values], n), segment(f64, row, n))


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
    _fields: dict[str, int] = field(default_factory=dict)

    def declare(self, asm: Assembler) -> None:
        """Vars of the process; OutPort s_out."""
        f, n = self._fields, int(np.prod(self.shape))
        for name, values in {**self.state, **self.constants}.items():
            f[name] = asm.var(self, name, values.shape, values, "f64")
        for name, value in self.scalars.items():
            f[name] = asm.var(self, name, (1,), value, "f64")
        f.update(refractory_end=0, n_refractory=0, n=n, spikes=asm.scratch(n, "f64"))
        if self.refractory_end is not None:
            end = asm.var(self, "refractory_period_end", self.shape, self.refractory_end, "i64")
            f.update(refractory_end=end, n_refractory=n)
        asm.signals[self.name, "s_out"] = Signal(n, asm.scratch(1), asm.scratch(n), real=f["spikes"])

    def emit(self, asm: Assembler) -> None:
        """Run in every step."""
        f, out = self._fields, asm.signals[self.name, "s_out"]
        names = ("n", "u", "v", "bias_mant", "du", "dv", "spikes", "refractory_end", "n_refractory")
        asm.every_step(
            RUN, REAL_LIF, **{name: f[name] for name in names}, a_in=real_input(asm, self, "a_in", f["n"]),
            low=f["vth_lo"] if "vth_lo" in f else f["vth"], high=f["vth_hi"] if "vth_lo" in f else f["vth"],
            ternary=int("vth_lo" in f), count=out.count, events=out.events, interval=self.interval,
            offset=self.offset, period=self.period,
        )  # fmt: skip


def _declare_data(node: Node, asm: Assembler, data: npt.NDArray[Any]) -> dict[str, int]:
    """Declare the Var `data` (…, time), stored time first; returns the fields that say where it lies."""
    steps = data.shape[-1]
    if not steps:
        raise ConfigError(f"{node.name}.data has shape {data.shape}: a RingBuffer needs at least one time step")
    rows = data.reshape(-1, steps).T
    slot = asm.memory.allocate("f64", rows.shape, rows)
    asm.variables[node.name, "data"] = Variable(slot, transposed=True, user_shape=data.shape)
    return {"data": slot.offset, "n": rows.shape[1], "rows": steps}


@dataclass
class FloatSourceNode(Node):
    """Sends ``data[..., t]``, over and over."""

    data: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((1, 1)))
    _fields: dict[str, int] = field(default_factory=dict)

    def declare(self, asm: Assembler) -> None:
        """Var data; OutPort s_out."""
        self._fields = f = _declare_data(self, asm, self.data)
        n = f["n"]
        f["values"] = asm.scratch(n, "f64")
        asm.signals[self.name, "s_out"] = Signal(n, asm.scratch(1), asm.scratch(n), real=f["values"])

    def emit(self, asm: Assembler) -> None:
        """Send in every step."""
        out = asm.signals[self.name, "s_out"]
        asm.every_step(RUN, REAL_SOURCE, **self._fields, count=out.count, events=out.events)


@dataclass
class FloatSinkNode(Node):
    """Keeps what came in the last steps."""

    data: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((1, 1)))
    _fields: dict[str, int] = field(default_factory=dict)

    def declare(self, asm: Assembler) -> None:
        """Var data."""
        self._fields = _declare_data(self, asm, self.data)

    def emit(self, asm: Assembler) -> None:
        """Store in every step what the sources send in it."""
        values = real_input(asm, self, "a_in", self._fields["n"])
        asm.every_step(RUN, REAL_SINK, **self._fields, values=values)

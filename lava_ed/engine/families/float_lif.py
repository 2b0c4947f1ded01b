"""Floating-point models of Lava's LIF neurons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import RUN, Assembler, Node, Signal
from lava_ed.engine.families.inputs import vector_input
from lava_ed.engine.op import each, number, op, reads, updates, writes
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.stock.floating import float_lif_step, list_real_events
from lava_ed.kernels.views import segment

REAL_LIF = op(
    "real_lif",
    "floating",
    n=number(),
    **each(updates("f64", "n"), "u", "v"),
    **each(reads("f64", "n"), "a_in", "bias_mant"),
    **each(reads("f64"), "du", "dv", "low", "high"),
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

    def declare(self, asm: Assembler) -> None:
        """Vars of the process; OutPort s_out."""
        at, n = self.at, int(np.prod(self.shape))
        for name, values in {**self.state, **self.constants}.items():
            at[name] = asm.var(self, name, values.shape, values, "f64")
        for name, value in self.scalars.items():
            at[name] = asm.var(self, name, (1,), value, "f64")
        at.update(refractory_end=0, n_refractory=0, n=n, spikes=asm.scratch(n, "f64"))
        if self.refractory_end is not None:
            end = asm.var(self, "refractory_period_end", self.shape, self.refractory_end, "i64")
            at.update(refractory_end=end, n_refractory=n)
        signal = Signal(n, asm.scratch(1), asm.scratch(n), real=at["spikes"])
        asm.signals[self.name, "s_out"] = signal
        ternary = "vth_lo" in at
        low, high = (at["vth_lo"], at["vth_hi"]) if ternary else (at["vth"], at["vth"])
        at.update(low=low, high=high, ternary=int(ternary), count=signal.count, events=signal.events)
        at.update(interval=self.interval, offset=self.offset, period=self.period)

    def emit(self, asm: Assembler) -> None:
        """Run in every step."""
        asm.every_step(RUN, REAL_LIF, self.at, a_in=vector_input(asm, self, "a_in", self.at["n"], real=True))

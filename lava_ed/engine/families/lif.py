"""Lava's LIF, LIFReset, TernaryLIF and LearningLIF."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import RUN, Assembler, Node, Signal
from lava_ed.engine.families.inputs import SHORT, refuse_bits, vector_input
from lava_ed.engine.families.tallies import COUNTERS, add_spikes
from lava_ed.engine.memory import Limits, Memory, Slot
from lava_ed.engine.op import NOWHERE, number, op, reads, updates, writes
from lava_ed.kernels._jit import inlined_kernel
from lava_ed.kernels.counting import N_PHASES, NEURON_ACTIVE
from lava_ed.kernels.stock.lif import effective_biases, has_fast_decay, lif_step_fast, scale_threshold, ternary_lif_step
from lava_ed.kernels.stock.lif import lif_step as plain_lif_step
from lava_ed.kernels.stock.operation_counts import NO_LIMIT, count_active_lif
from lava_ed.kernels.vectors.events import list_events
from lava_ed.kernels.views import segment

PLAIN: Final = 0
RESET: Final = 1
TERNARY: Final = 2


LIF_STEP = op(
    "lif_step",
    "core",
    n=number("neurons"),
    kind=number("PLAIN, RESET or TERNARY"),
    u=updates("i32", "n"),
    v=updates("i32", "n"),
    a_in=reads("i32", "n"),
    bias_mant=reads("i16", "n"),
    bias_exp=reads("i16", "n"),
    du=reads("i32"),
    dv=reads("i32"),
    threshold=reads("i64"),
    upper_threshold=reads("i64", optional=True),
    spikes=writes("i32", "n"),
    count=writes("i32"),
    events=writes("i32", "n"),
    interval=number("steps from a reset to the next"),
    offset=number("steps before the first reset"),
    bias=reads("i32", "n"),
    bias_lost=reads("i32"),
    destinations=number("InPorts that a spike is delivered to"),
    counters=COUNTERS,
)
"""`threshold` is the lower one of TernaryLIF; `bias_lost` tells that some mantissa gives no bias."""


@inlined_kernel
def lif_step(a, i16, i32, i64, now):  # type: ignore[no-untyped-def]
    """Update the neurons and list those that spike."""
    n, kind, counters = a[LIF_STEP.n], a[LIF_STEP.kind], a[LIF_STEP.counters]
    u, v, a_in = segment(i32, a[LIF_STEP.u], n), segment(i32, a[LIF_STEP.v], n), segment(i32, a[LIF_STEP.a_in], n)
    mantissa, exponent = segment(i16, a[LIF_STEP.bias_mant], n), segment(i16, a[LIF_STEP.bias_exp], n)
    du, dv, threshold = i32[a[LIF_STEP.du]], i32[a[LIF_STEP.dv]], i64[a[LIF_STEP.threshold]]
    spikes, bias = segment(i32, a[LIF_STEP.spikes], n), segment(i32, a[LIF_STEP.bias], n)
    interval = a[LIF_STEP.interval]
    resets = kind == RESET and now % interval == a[LIF_STEP.offset] % interval
    fast = kind != TERNARY and has_fast_decay(du, dv)
    together = fast and not resets and i32[a[LIF_STEP.bias_lost]] == 0
    active = np.int64(0)
    if counters >= 0 and not together:
        low, high = np.int64(NO_LIMIT), threshold
        if kind == TERNARY:
            low, high = threshold, i64[a[LIF_STEP.upper_threshold]]
        active = np.int64(count_active_lif(a_in, u, v, mantissa, dv != 0 or resets, low, high))
    if resets:
        u[:] = 0
        v[:] = 0
    events = segment(i32, a[LIF_STEP.events], n)
    if fast:
        count, acting = lif_step_fast(u, v, a_in, bias, du, dv, threshold, spikes, events)
        if together:
            active = acting
    else:
        if kind != TERNARY:
            count = plain_lif_step(u, v, a_in, mantissa, exponent, du, dv, threshold, spikes)
        else:
            high = i64[a[LIF_STEP.upper_threshold]]
            count = ternary_lif_step(u, v, a_in, mantissa, exponent, du, dv, threshold, high, spikes)
        if count:
            list_events(spikes, events)
    i32[a[LIF_STEP.count]] = count
    if counters >= 0:
        i64[counters + NEURON_ACTIVE * N_PHASES] += active
        add_spikes(counters, count, a[LIF_STEP.destinations], i64)


@dataclass(kw_only=True)
class LIFNode(Node):
    """A layer of Lava's leaky integrate-and-fire neurons.

    Parameters
    ----------
    state : mapping
        Initial u, v (int32), bias_mant, bias_exp (int16).
    decays : (du, dv)
    thresholds : mapping
        vth, or vth_lo and vth_hi, by Var name.
    kind : int
        PLAIN, RESET or TERNARY.
    interval, offset : int
        Of LIFReset.
    constants : mapping
        Vars that no step reads or changes, such as LearningLIF's y1.
    """

    state: dict[str, npt.NDArray[Any]]
    decays: tuple[int, int]
    thresholds: dict[str, int]
    kind: int = PLAIN
    interval: int = 1
    offset: int = 0
    constants: dict[str, npt.NDArray[Any]] = field(default_factory=dict)

    def declare(self, asm: Assembler) -> None:
        """Vars of the process; OutPort s_out."""
        at, size = self.at, self.state["v"].size
        for name, arena in (("u", "i32"), ("v", "i32"), ("bias_mant", "i16"), ("bias_exp", "i16")):
            at[name] = asm.var(self, name, self.state[name].shape, self.state[name], arena)
        for name, value in zip(("du", "dv"), self.decays, strict=True):
            at[name] = asm.var(self, name, (1,), value)
        self._declare_thresholds(asm)
        for name, values in self.constants.items():
            asm.var(self, name, values.shape, values)
        spikes, ternary = asm.scratch(size), self.kind == TERNARY
        # A binary spike has no payload; that of a ternary one is in the vector.
        payloads, bits = (spikes, 64) if ternary else (-1, 32)
        signal = Signal(size, asm.scratch(1), asm.scratch(size), payloads, spikes, bits)
        asm.signals[self.name, "s_out"] = signal
        at.update(n=size, spikes=spikes, count=signal.count, events=signal.events)
        at.update(kind=self.kind, interval=self.interval, offset=self.offset)
        asm.counters(self, size)
        self._follow_bias(asm, size)

    def _declare_thresholds(self, asm: Assembler) -> None:
        """The thresholds as Vars; and scaled, once: a later write to them has no effect, as in Lava."""
        # Lava keeps LIF's as a Python integer, which is any, and TernaryLIF's in 32 bits.
        wide = Limits(-(2**57), 2**57 - 1, "2^6 times a threshold is compared in 64 bits")
        arena, limits, bits = ("i32", None, 32) if self.kind == TERNARY else ("i64", wide, 64)
        for name, value in self.thresholds.items():
            asm.var(self, name, (1,), value, arena, limits)
        scaled = asm.memory.allocate("i64", (len(self.thresholds),))
        upper = scaled.offset + 1 if self.kind == TERNARY else NOWHERE
        self.at.update(threshold=scaled.offset, upper_threshold=upper)

        def scale(memory: Memory) -> None:
            """Scale the initial thresholds."""
            slots: list[Slot] = [asm.variables[self.name, name].slot for name in self.thresholds]
            memory.view(scaled)[...] = [scale_threshold(int(memory.view(slot)[0]), bits=bits) for slot in slots]

        asm.prologue.append(scale)

    def _follow_bias(self, asm: Assembler, size: int) -> None:
        """mantissa·2^exponent of each neuron, computed once and after every write; whether some mantissa gives 0."""
        mantissa, exponent = (asm.variables[self.name, name].slot for name in ("bias_mant", "bias_exp"))
        bias, lost = asm.memory.allocate("i32", (size,)), asm.memory.allocate("i32", (1,))
        self.at.update(bias=bias.offset, bias_lost=lost.offset)

        def follow(memory: Memory) -> None:
            """Compute them anew."""
            mantissas, values = memory.view(mantissa).reshape(-1), memory.view(bias)
            effective_biases(mantissas, memory.view(exponent).reshape(-1), values)
            memory.view(lost)[0] = np.any((mantissas != 0) & (values == 0))

        asm.follow(self, ("bias_mant", "bias_exp"), follow)

    def emit(self, asm: Assembler) -> None:
        """Run in every step."""
        refuse_bits(asm, self, ("a_in",), SHORT)
        a_in, destinations = vector_input(asm, self, "a_in", self.at["n"]), asm.destinations(self, "s_out")
        asm.counted_step(RUN, LIF_STEP, self, self.at, a_in=a_in, destinations=destinations)

"""Lava's LIF, LIFReset, TernaryLIF and LearningLIF."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import RUN, Assembler, Node, Signal
from lava_ed.engine.families import opcodes
from lava_ed.engine.families.joins import vector_input
from lava_ed.engine.families.tallies import add_spikes
from lava_ed.engine.memory import Limits, Memory, Slot, also
from lava_ed.kernels._jit import inlined_kernel
from lava_ed.kernels.counting import N_PHASES, NEURON_ACTIVE
from lava_ed.kernels.events import list_events
from lava_ed.kernels.lif import (
    effective_biases,
    has_fast_decay,
    lif_step,
    lif_step_fast,
    scale_threshold,
    ternary_lif_step,
)
from lava_ed.kernels.tally import NO_LIMIT, count_active_lif
from lava_ed.kernels.views import segment

PLAIN: Final = 0
RESET: Final = 1
TERNARY: Final = 2


@inlined_kernel
def lif(a, i16, i32, i64, now):  # type: ignore[no-untyped-def]
    """One step of the neurons, and the list of their spikes.

    Columns: 1 n, 2 kind, 3 u, 4 v, 5 a_in, 6 bias mantissa (i16), 7 bias exponent (i16), 8 du, 9 dv,
    10 threshold (i64; low one of TernaryLIF, high one behind it), 11 spikes, 12 event count, 13 events,
    14 interval, 15 offset, 16 bias, 17 whether some mantissa gives no bias (flag), 18 destinations, 19 counters
    (i64).
    """
    n = a[1]
    u, v, a_in = segment(i32, a[3], n), segment(i32, a[4], n), segment(i32, a[5], n)
    mantissa, exponent = segment(i16, a[6], n), segment(i16, a[7], n)
    du, dv, threshold = i32[a[8]], i32[a[9]], i64[a[10]]
    spikes = segment(i32, a[11], n)
    bias = segment(i32, a[16], n)
    resets = a[2] == RESET and now % a[14] == a[15] % a[14]
    fast = a[2] != TERNARY and has_fast_decay(du, dv)
    together = fast and not resets and i32[a[17]] == 0
    active = np.int64(0)
    if a[19] >= 0 and not together:
        low, high = (threshold, i64[a[10] + 1]) if a[2] == TERNARY else (np.int64(NO_LIMIT), threshold)
        active = np.int64(count_active_lif(a_in, u, v, mantissa, dv != 0 or resets, low, high))
    if resets:
        u[:] = 0
        v[:] = 0
    events = segment(i32, a[13], n)
    if fast:
        count, acting = lif_step_fast(u, v, a_in, bias, du, dv, threshold, spikes, events)
        if together:
            active = acting
    else:
        if a[2] != TERNARY:
            count = lif_step(u, v, a_in, mantissa, exponent, du, dv, threshold, spikes)
        else:
            count = ternary_lif_step(u, v, a_in, mantissa, exponent, du, dv, threshold, i64[a[10] + 1], spikes)
        if count:
            list_events(spikes, events)
    i32[a[12]] = count
    if a[19] >= 0:
        i64[a[19] + NEURON_ACTIVE * N_PHASES] += active
        add_spikes(a[19], count, a[18], i64)


@dataclass
class LIFNode(Node):
    """A layer of Lava's leaky integrate-and-fire neurons.

    Parameters
    ----------
    shape : tuple
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

    shape: tuple[int, ...] = (1,)
    state: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    decays: tuple[int, int] = (0, 0)
    thresholds: dict[str, int] = field(default_factory=dict)
    kind: int = PLAIN
    interval: int = 1
    offset: int = 0
    constants: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    _columns: dict[str, int] = field(default_factory=dict)

    def declare(self, asm: Assembler) -> None:
        """Vars of the process; OutPort s_out."""
        c = self._columns
        for name in ("u", "v"):
            c[name] = asm.var(self, name, self.shape, self.state[name])
        for name in ("bias_mant", "bias_exp"):
            c[name] = asm.var(self, name, self.shape, self.state[name], "i16")
        for name, value in zip(("du", "dv"), self.decays, strict=True):
            c[name] = asm.var(self, name, (1,), value)
        # Lava keeps LIF's as a Python integer, which is any, and TernaryLIF's in 32 bits.
        wide = Limits(-(2**57), 2**57 - 1, "2^6 times a threshold is compared in 64 bits")
        for name, value in self.thresholds.items():
            asm.var(self, name, (1,), value, *(("i32", None) if self.kind == TERNARY else ("i64", wide)))
        for name, values in self.constants.items():
            asm.var(self, name, values.shape, values)
        size = int(np.prod(self.shape))
        scaled = asm.memory.allocate("i64", (len(self.thresholds),))
        c.update(size=size, threshold=scaled.offset, spikes=asm.scratch(size))
        # A binary spike has no payload; that of a ternary one is in the vector.
        graded = c["spikes"] if self.kind == TERNARY else -1
        signal = Signal(size, asm.scratch(1), asm.scratch(size), graded, c["spikes"], self.kind == TERNARY)
        asm.signals[self.name, "s_out"] = signal
        asm.counters(self, size)

        def scale(memory: Memory) -> None:
            """Scale the thresholds once: a later write to them has no effect, as in Lava."""
            bits = 32 if self.kind == TERNARY else 64
            slots: list[Slot] = [asm.variables[self.name, name].slot for name in self.thresholds]
            memory.view(scaled)[...] = [scale_threshold(int(memory.view(slot)[0]), bits=bits) for slot in slots]

        asm.prologue.append(scale)
        self._follow_bias(asm, size)

    def _follow_bias(self, asm: Assembler, size: int) -> None:
        """mantissa·2^exponent of each neuron, computed once and after every write; whether some mantissa gives 0."""
        mantissa, exponent = (asm.variables[self.name, name].slot for name in ("bias_mant", "bias_exp"))
        bias, lost = asm.memory.allocate("i32", (size,)), asm.memory.allocate("i32", (1,))
        self._columns.update(bias=bias.offset, lost=lost.offset)

        def follow(memory: Memory) -> None:
            """Compute them anew."""
            mantissas, values = memory.view(mantissa).reshape(-1), memory.view(bias)
            effective_biases(mantissas, memory.view(exponent).reshape(-1), values)
            memory.view(lost)[0] = np.any((mantissas != 0) & (values == 0))

        asm.followers.append(follow)
        for name in ("bias_mant", "bias_exp"):
            asm.variables[self.name, name] = also(asm.variables[self.name, name], follow)

    def emit(self, asm: Assembler) -> None:
        """Run in every step."""
        c, out = self._columns, asm.signals[self.name, "s_out"]
        a_in = vector_input(asm, self, "a_in", c["size"])
        asm.counted_step(
            RUN, opcodes.LIF_STEP, self,
            c["size"], self.kind, c["u"], c["v"], a_in, c["bias_mant"], c["bias_exp"], c["du"], c["dv"],
            c["threshold"], c["spikes"], out.count, out.events, self.interval, self.offset, c["bias"],
            c["lost"], asm.destinations(self, "s_out"),
        )  # fmt: skip

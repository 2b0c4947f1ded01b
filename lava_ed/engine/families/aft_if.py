"""AFT-IF: integrate, fire under the falling threshold, gate the error, adapt κ."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from lava_ed.engine.assembler import PRESENTATIONS, RUN, TALLIES, Assembler, Node
from lava_ed.engine.families import opcodes
from lava_ed.engine.memory import Limits
from lava_ed.kernels._jit import inlined_kernel
from lava_ed.kernels.counted import add_count
from lava_ed.kernels.counting import (
    BACKWARD,
    FORWARD,
    N_PHASES,
    NEURON_ACTIVE,
    SPIKE_MESSAGES,
    SPIKES,
)
from lava_ed.kernels.fixed_point import PORT_SHIFT_MAX, TRACE_MAX, stream_key
from lava_ed.kernels.neuron import (
    adapt_step,
    count_fired,
    count_history,
    fire_falling_threshold,
    gate_error,
    integrate,
    split_error,
    threshold_of_step,
)
from lava_ed.kernels.streams import PORT_STREAM
from lava_ed.kernels.views import segment
from lava_ed.network.adaptation import Adaptation


@inlined_kernel
def aftif_reset(a, i32, i64):  # type: ignore[no-untyped-def]
    """At a sample's first phase: next presentation; u, v, x, δ, y1, y2 ← 0.

    Columns: 1 n, 2 presentation (i64), 3 u, 4 v, 5 x, 6 δ, 7 y1, 8 y2, 9 live y, 10 live δ.
    """
    i64[a[2]] += 1
    n = a[1]
    for k in range(3, 9):
        segment(i32, a[k], n)[:] = 0
    i32[a[9]] = 0
    i32[a[10]] = 0


@inlined_kernel
def aftif_integrate(a, i32, i64, phase):  # type: ignore[no-untyped-def]
    """u += a_in, v += u.

    Columns: 1 n, 2 a_in, 3 u, 4 v, 5 counters (i64), 6 overflows (i64), 7 last phase, or −1 where
    another op clears u.
    """
    n = a[1]
    u = segment(i32, a[3], n)
    active, overflows = integrate(segment(i32, a[2], n), u, segment(i32, a[4], n))
    add_count(i64, a[5] + NEURON_ACTIVE * N_PHASES + FORWARD, active)
    i64[a[6]] += overflows
    if phase == a[7]:
        u[:] = 0
    return overflows


@inlined_kernel
def aftif_fire(a, i32, i64, phase):  # type: ignore[no-untyped-def]
    """Spikes where v has reached the falling threshold; u is gated off from here on.

    Columns: 1 n, 2 u, 3 v, 4 x, 5 threshold step, 6 T, 7 first phase, 8 event count, 9 events,
    10 counters (i64), 11 destinations, 12 order, 13 starts: neurons by value, where a window is jumped over, 14 a_in.
    """
    n = a[1]
    s = phase - a[7]
    if s >= a[6]:
        i32[a[8]] = 0
        return
    u = segment(i32, a[2], n)
    count, newly_active = fire_falling_threshold(
        segment(i32, a[14], n), u, segment(i32, a[3], n), threshold_of_step(i32[a[5]]), a[6] - s, segment(i32, a[4], n),
        segment(i32, a[9], n),
    )  # fmt: skip
    if s == 0:
        u[:] = 0
    i32[a[8]] = count
    c = a[10] + FORWARD
    add_count(i64, c + NEURON_ACTIVE * N_PHASES, newly_active)
    add_count(i64, c + SPIKES * N_PHASES, count)
    add_count(i64, c + SPIKE_MESSAGES * N_PHASES, count * a[11])


@inlined_kernel
def aftif_backward(a, i32, i64):  # type: ignore[no-untyped-def]
    """δ of the neurons that fired inside their window; each sends one graded message.

    Columns: 1 n, 2 error flag, 3 e_in, 4 x, 5 T, 6 δ, 7 live δ, 8 limit, 9 counters (i64), 10
    destinations.
    """
    if i32[a[2]] == 0:
        return
    n = a[1]
    messages, active, _ = gate_error(segment(i32, a[3], n), segment(i32, a[4], n), a[5], a[8], segment(i32, a[6], n))
    i32[a[7]] = messages
    c = a[9] + BACKWARD
    add_count(i64, c + NEURON_ACTIVE * N_PHASES, active)
    add_count(i64, c + SPIKES * N_PHASES, messages)
    add_count(i64, c + SPIKE_MESSAGES * N_PHASES, messages * a[10])


@inlined_kernel
def learning_ports(a, i32, i64, phase):  # type: ignore[no-untyped-def]
    """y1, y2 ← parts of an error vector, shifted and rounded for the learning engine.

    Columns: 1 n, 2 errors, 3 their flag, 4 shift of the format, 5 port shift (Var), 6 y1, 7 y2, 8
    live y, 9 seed and 10 presentation (i64), 11 layer, 12 phase that clears instead.
    """
    n = a[1]
    y1 = segment(i32, a[6], n)
    y2 = segment(i32, a[7], n)
    if phase == a[12] or i32[a[3]] == 0:
        if i32[a[8]]:
            y1[:] = 0
            y2[:] = 0
            i32[a[8]] = 0
        return
    key = stream_key(i64[a[9]], i64[a[10]], a[11] + PORT_STREAM, phase)
    i32[a[8]] = split_error(segment(i32, a[2], n), a[4] + i32[a[5]], key, y1, y2)


@inlined_kernel
def adapt(a, i32, i64):  # type: ignore[no-untyped-def]
    """At a sample's end: count fired and saturated neurons; every N samples move the threshold.

    Columns: 1 n, 2 x or spike word, 3 is spike word (0/1), 4 T, 5 adapting (Var), 6 fired, 7
    saturated, 8 samples counted (6 … 8: i64), 9 N, 10 threshold step, 11 highest, 12 low, 13 high, 14 ceiling.
    """
    if i32[a[5]] == 0 or a[9] == 0:
        return
    state = segment(i32, a[2], a[1])
    if a[3]:
        fired, saturated = count_history(state, a[4])
    else:
        fired, saturated = count_fired(state, a[4])
    i64[a[6]] += fired
    i64[a[7]] += saturated
    i64[a[8]] += 1
    if i64[a[8]] >= a[9]:
        total = np.int64(a[1]) * i64[a[8]]
        i32[a[10]] = adapt_step(i32[a[10]], a[11], i64[a[6]], i64[a[7]], total, a[12], a[13], a[14])
        i64[a[6]] = 0
        i64[a[7]] = 0
        i64[a[8]] = 0


SHARES: Final = Limits(0, 2**40, "a count since the threshold last moved")
"""Shares of what was counted are in 1/128 of it, in 64 bits."""


def declare_adaptation(node: Node, asm: Assembler, columns: dict[str, int], adaptation: Adaptation) -> None:
    """Vars of the adaptive threshold, shared by all neurons that have one."""
    steps = Limits(0, adaptation.highest_step, "steps of a threshold")
    columns["threshold_step"] = asm.var(node, "threshold_step", (1,), adaptation.initial_step, limits=steps)
    columns["adapting"] = asm.var(node, "adapting", (1,), 1)
    for name in ("fired", "saturated", "samples_counted"):
        columns[name] = asm.var(node, name, (1,), arena="i64", limits=SHARES)


def emit_adaptation(
    asm: Assembler, columns: dict[str, int], adaptation: Adaptation, n: int, state: int, is_word: bool
) -> None:
    """The op that adapts the threshold at a sample's end."""
    s = asm.schedule
    asm.op(
        RUN, s.learning_phase, s.period, opcodes.ADAPT,
        n, state, int(is_word), s.steps, columns["adapting"], columns["fired"], columns["saturated"],
        columns["samples_counted"], adaptation.interval, columns["threshold_step"], adaptation.highest_step,
        adaptation.low, adaptation.high, adaptation.ceiling,
    )  # fmt: skip


@dataclass
class AFTIFNode(Node):
    """A layer of AFT-IF neurons."""

    size: int = 0
    layer: int = 1
    adaptation: Adaptation = field(default_factory=Adaptation)
    error_limit: int = TRACE_MAX
    seed: int = 0
    port_shift: int = 0
    _columns: dict[str, int] = field(default_factory=dict)

    def declare(self, asm: Assembler) -> None:
        """Vars of the neurons; OutPorts s_out, e_out and the learning ports."""
        c = self._columns
        for name in ("u", "v", "x", "delta", "y1", "y2"):
            c[name] = asm.var(self, name, (self.size,))
        c["presentation"] = asm.var(self, "presentation", (1,), -1, "i64", PRESENTATIONS)
        c["port_shift"] = asm.var(self, "port_shift", (1,), self.port_shift, limits=Limits(0, PORT_SHIFT_MAX, "bits"))
        c["overflows"] = asm.var(self, "overflows", (1,), arena="i64", limits=TALLIES)
        declare_adaptation(self, asm, c, self.adaptation)
        c["seed"] = asm.memory.allocate("i64", (1,), self.seed).offset
        c["counters"] = asm.counters(self, self.size)
        asm.event_signal(self, "s_out", self.size)
        c["live_delta"] = asm.vector_signal(self, "e_out", self.size, c["delta"]).count
        c["live_y"] = asm.vector_signal(self, "s_out_y1", self.size, c["y1"]).count
        asm.vector_signal(self, "s_out_y2", self.size, c["y2"])
        asm.signals[self.name, "s_out_bap"] = asm.signals[self.name, "s_out"]

    def emit(self, asm: Assembler) -> None:
        """Integrate, fire, send δ, offer y1 and y2 in the learning phase, adapt."""
        c, s, n = self._columns, asm.schedule, self.size
        a_in = asm.required(self, "a_in")
        out = asm.signals[self.name, "s_out"]
        start = s.fire_start(self.layer)
        reset = ("presentation", "u", "v", "x", "delta", "y1", "y2", "live_y", "live_delta")
        asm.op(RUN, 0, 1, opcodes.AFTIF_RESET, n, *(c[k] for k in reset))
        asm.op(
            RUN, s.integrate_start(self.layer), s.integrate_stop(self.layer), opcodes.AFTIF_INTEGRATE,
            n, a_in.values, c["u"], c["v"], c["counters"], c["overflows"], -1,
        )  # fmt: skip
        asm.op(
            RUN, start, start + s.steps + 1, opcodes.AFTIF_FIRE,
            n, c["u"], c["v"], c["x"], c["threshold_step"], s.steps, start, out.count, out.events, c["counters"],
            asm.destinations(self, "s_out"), asm.scratch(n), asm.scratch(s.steps + 2), a_in.values,
        )  # fmt: skip
        errors = asm.source(self, "e_in")
        if errors is not None:
            arrival = s.error_arrival(self.layer)
            asm.op(
                RUN, arrival, arrival + 1, opcodes.AFTIF_BACKWARD,
                n, errors.count, errors.values, c["x"], s.steps, c["delta"], c["live_delta"], self.error_limit,
                c["counters"], asm.destinations(self, "e_out"),
            )  # fmt: skip
            asm.op(
                RUN, s.learning_phase, s.period, opcodes.PORTS,
                n, c["delta"], c["live_delta"], 0, c["port_shift"], c["y1"], c["y2"], c["live_y"], c["seed"],
                c["presentation"], self.layer, -1,
            )  # fmt: skip
        emit_adaptation(asm, c, self.adaptation, n, c["x"], False)

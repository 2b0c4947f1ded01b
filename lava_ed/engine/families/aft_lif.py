"""AFT-LIF: leak and fire, then replay in reversed time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lava_ed.engine.assembler import PRESENTATIONS, RUN, TALLIES, Assembler, Node
from lava_ed.engine.families import opcodes
from lava_ed.engine.families.aft_if import declare_adaptation, emit_adaptation
from lava_ed.engine.memory import Limits
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.counted import add_count
from lava_ed.kernels.counting import (
    BACKWARD,
    FORWARD,
    N_PHASES,
    NEURON_ACTIVE,
    SPIKE_MESSAGES,
    SPIKES,
)
from lava_ed.kernels.fixed_point import ERROR_FRACTION_BITS, PORT_SHIFT_MAX, stream_key
from lava_ed.kernels.neuron import (
    leak_and_fire,
    replay_error,
    spikes_at,
    split_error,
    threshold_of_step,
)
from lava_ed.kernels.streams import PORT_STREAM
from lava_ed.kernels.views import segment
from lava_ed.network.adaptation import Adaptation


@kernel
def aftlif_reset(a, i32, i64):  # type: ignore[no-untyped-def]
    """At a sample's first phase: next presentation; v, b, d, δ, both history words, y1, y2 ← 0.

    Columns: 1 n, 2 presentation (i64), 3 v, 4 b, 5 d, 6 δ, 7 spike word, 8 support word, 9 y1, 10 y2, 11
    live y, 12 live δ.
    """
    i64[a[2]] += 1
    n = a[1]
    for k in range(3, 11):
        segment(i32, a[k], n)[:] = 0
    i32[a[11]] = 0
    i32[a[12]] = 0


@kernel
def aftlif_forward(a, i32, i64, phase):  # type: ignore[no-untyped-def]
    """One step of the window.

    Columns: 1 n, 2 a_in, 3 v, 4 threshold step, 5 dv, 6 half-width in 1/8 θ, 7 first phase, 8 T, 9
    spike word, 10 support word, 11 event count, 12 events, 13 counters (i64), 14 destinations,
    15 overflows (i64).
    """
    n = a[1]
    t = phase - a[7]
    if t >= a[8]:
        i32[a[11]] = 0
        return np.int64(0)
    theta = threshold_of_step(i32[a[4]])
    count, active, overflows = leak_and_fire(
        segment(i32, a[2], n), segment(i32, a[3], n), theta, a[5], (theta * a[6]) >> 3, t,
        segment(i32, a[9], n), segment(i32, a[10], n), segment(i32, a[12], n),
    )  # fmt: skip
    i32[a[11]] = count
    c = a[13] + FORWARD
    add_count(i64, c + NEURON_ACTIVE * N_PHASES, active)
    add_count(i64, c + SPIKES * N_PHASES, count)
    add_count(i64, c + SPIKE_MESSAGES * N_PHASES, count * a[14])
    i64[a[15]] += overflows
    return np.int64(overflows)


@kernel
def aftlif_replay(a, i32, i64, phase):  # type: ignore[no-untyped-def]
    """One step of reversed time: spikes for the next layer's clock, then the own step one phase later.

    Columns: 1 n, 2 gate, 3 first phase of the spikes, 4 T, 5 e_in, 6 b, 7 d, 8 δ, 9 live δ, 10 spike
    word, 11 support word, 12 dv, 13 dv of the next layer, 14 event count, 15 events, 16 counters
    (i64), 17 destinations of s_out, 18 destinations of e_out, 19 overflows (i64), 20 port shift, 21
    y1, 22 y2, 23 live y, 24 seed and 25 presentation (i64), 26 layer.
    """
    n = a[1]
    if i32[a[2]] == 0:
        i32[a[14]] = 0
        return np.int64(0)
    words = segment(i32, a[10], n)
    c = a[16] + BACKWARD
    t = a[4] - 1 - (phase - a[3])
    count = 0
    if t >= 0:
        count = spikes_at(words, t, segment(i32, a[15], n))
        add_count(i64, c + SPIKES * N_PHASES, count)
        add_count(i64, c + SPIKE_MESSAGES * N_PHASES, count * a[17])
    i32[a[14]] = count
    t += 1
    if t >= a[4]:
        return np.int64(0)
    y1 = segment(i32, a[21], n)
    y2 = segment(i32, a[22], n)
    delta = segment(i32, a[8], n)
    if t < 0:
        y1[:] = 0
        y2[:] = 0
        delta[:] = 0
        i32[a[23]] = 0
        i32[a[9]] = 0
        return np.int64(0)
    d = segment(i32, a[7], n)
    messages, active, overflows = replay_error(
        segment(i32, a[5], n), segment(i32, a[6], n), d, words, segment(i32, a[11], n), t, a[12], a[13], delta
    )
    i32[a[9]] = messages
    add_count(i64, c + NEURON_ACTIVE * N_PHASES, active)
    add_count(i64, c + SPIKES * N_PHASES, messages)
    add_count(i64, c + SPIKE_MESSAGES * N_PHASES, messages * a[18])
    i64[a[19]] += overflows
    key = stream_key(i64[a[24]], i64[a[25]], a[26] + PORT_STREAM, phase)
    i32[a[23]] = split_error(d, ERROR_FRACTION_BITS + i32[a[20]], key, y1, y2)
    return np.int64(overflows)


@dataclass
class AFTLIFNode(Node):
    """A layer of AFT-LIF neurons."""

    size: int = 0
    layer: int = 1
    adaptation: Adaptation = field(default_factory=Adaptation)
    dv: int = 0
    dv_post: int = 0
    half_width: int = 8
    seed: int = 0
    port_shift: int = 0
    _columns: dict[str, int] = field(default_factory=dict)

    def declare(self, asm: Assembler) -> None:
        """Vars of the neurons; OutPorts s_out, e_out and the learning ports."""
        c = self._columns
        for name in ("v", "b", "d", "delta", "spike_word", "support_word", "y1", "y2"):
            c[name] = asm.var(self, name, (self.size,))
        c["presentation"] = asm.var(self, "presentation", (1,), -1, "i64", PRESENTATIONS)
        shifts = Limits(0, PORT_SHIFT_MAX - ERROR_FRACTION_BITS, "bits")
        c["port_shift"] = asm.var(self, "port_shift", (1,), self.port_shift, limits=shifts)
        c["overflows"] = asm.var(self, "overflows", (1,), arena="i64", limits=TALLIES)
        declare_adaptation(self, asm, c, self.adaptation)
        c["seed"] = asm.memory.allocate("i64", (1,), self.seed).offset
        c["counters"] = asm.counters(self, self.size)
        c["zeros"] = asm.zeros(self.size)
        asm.event_signal(self, "s_out", self.size)
        c["live_delta"] = asm.vector_signal(self, "e_out", self.size, c["delta"]).count
        c["live_y"] = asm.vector_signal(self, "s_out_y1", self.size, c["y1"]).count
        asm.vector_signal(self, "s_out_y2", self.size, c["y2"])
        asm.signals[self.name, "s_out_bap"] = asm.signals[self.name, "s_out"]

    def emit(self, asm: Assembler) -> None:
        """Forward window, replay window where a gate is connected, adaptation."""
        c, s, n = self._columns, asm.schedule, self.size
        a_in = asm.required(self, "a_in")
        out = asm.signals[self.name, "s_out"]
        reset = (
            "presentation",
            "v",
            "b",
            "d",
            "delta",
            "spike_word",
            "support_word",
            "y1",
            "y2",
            "live_y",
            "live_delta",
        )
        asm.op(RUN, 0, 1, opcodes.AFTLIF_RESET, n, *(c[k] for k in reset))
        start = s.fire_start(self.layer)
        asm.op(
            RUN, start, start + s.steps + 1, opcodes.AFTLIF_FORWARD,
            n, a_in.values, c["v"], c["threshold_step"], self.dv, self.half_width, start, s.steps, c["spike_word"],
            c["support_word"], out.count, out.events, c["counters"], asm.destinations(self, "s_out"), c["overflows"],
        )  # fmt: skip
        gate = asm.source(self, "gate_in")
        if gate is not None:
            errors = asm.source(self, "e_in")
            first = s.error_arrival(self.layer + 1)
            asm.op(
                RUN, first, first + s.steps + 2, opcodes.AFTLIF_REPLAY,
                n, gate.count, first, s.steps, c["zeros"] if errors is None else errors.values, c["b"], c["d"],
                c["delta"], c["live_delta"], c["spike_word"], c["support_word"], self.dv, self.dv_post, out.count,
                out.events, c["counters"], asm.destinations(self, "s_out"), asm.destinations(self, "e_out"),
                c["overflows"], c["port_shift"], c["y1"], c["y2"], c["live_y"], c["seed"], c["presentation"],
                self.layer,
            )  # fmt: skip
        emit_adaptation(asm, c, self.adaptation, n, c["spike_word"], True)

"""Readouts and the output error."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from lava_ed.engine.assembler import RUN, TALLIES, Assembler, Node, Signal
from lava_ed.engine.families.aft_if import (
    AFTIF_INTEGRATE,
    AFTIF_RESET,
    PORTS,
    declare_adaptation,
    declare_ports,
    emit_adaptation,
    emit_firing,
)
from lava_ed.engine.families.phased import declare_phased
from lava_ed.engine.memory import Limits
from lava_ed.engine.op import DECIDED, each, number, op, reads, updates, writes
from lava_ed.kernels._jit import inlined_kernel
from lava_ed.kernels.counting import ALL_COUNTERS, BACKWARD, FORWARD, HOST_OPS, NEURON_ACTIVE, SPIKE_MESSAGES, SPIKES
from lava_ed.kernels.fixed_point import BIAS_MAX, PORT_SHIFT_MAX
from lava_ed.kernels.loihi.add_count import add_count
from lava_ed.kernels.loihi.neuron import accumulate
from lava_ed.kernels.loihi.softmax import softmax_error as error_of
from lava_ed.kernels.loihi.softmax import winner
from lava_ed.kernels.views import segment
from lava_ed.network.adaptation import Adaptation
from lava_ed.network.settings import ROUNDINGS

READOUT_ACCUMULATE = op(
    "readout_accumulate", "ours", n=number("neurons"), a_in=reads("i32", "n"), v=updates("i32", "n"),
    counters=updates("i64", ALL_COUNTERS), overflows=updates("i64"),
)  # fmt: skip


@inlined_kernel
def readout_accumulate(a, i32, i64) -> np.int64:  # type: ignore[no-untyped-def]
    """v += a_in."""
    f = READOUT_ACCUMULATE
    active, overflows = accumulate(segment(i32, a[f.a_in], a[f.n]), segment(i32, a[f.v], a[f.n]))
    add_count(i64, a[f.counters] + FORWARD, NEURON_ACTIVE, active)
    i64[a[f.overflows]] += overflows
    return np.int64(overflows)


SOFTMAX_RESET = op(
    "softmax_reset", "ours", n=number("classes"), presentation=updates("i64"),
    **each(writes("i32", "n"), "e", "message", "y1", "y2"), **each(writes("i32"), "live_y", "live_e", "gate"),
)  # fmt: skip


@inlined_kernel
def softmax_reset(a, i32, i64):  # type: ignore[no-untyped-def]
    """At a sample's first phase: next presentation; e, message, y1, y2, gate ← 0."""
    f = SOFTMAX_RESET
    i64[a[f.presentation]] += 1
    for at in (a[f.e], a[f.message], a[f.y1], a[f.y2]):
        segment(i32, at, a[f.n])[:] = 0
    for at in (a[f.live_y], a[f.live_e], a[f.gate]):
        i32[at] = 0


SOFTMAX_ERROR = op(
    "softmax_error", "ours", n=number("classes"), v_in=reads("i32", "n"), bias=reads("i32", "n"),
    **each(reads("i32"), "rest", "label_in", "learning"), biased=writes("i32", "n + 1"), shift=number(),
    dead_zone=number(), rounding=number("of the shares, a place in ROUNDINGS"), e=writes("i32", "n"),
    message=writes("i32", "n"), fraction=number("bits of the message's fraction"),
    **each(writes("i32"), "live_e", "gate", "prediction", "label"),
    **each(updates("i64"), "seen", "correct", "triggered"), counters=updates("i64", ALL_COUNTERS),
    destinations=number("InPorts that its errors reach"), gates=number("InPorts that its gate reaches"),
)  # fmt: skip


@inlined_kernel
def softmax_error(a, i32, i64, predictions, progress):  # type: ignore[no-untyped-def]
    """The decision, and where learning is on the error, its message and the gate."""
    f = SOFTMAX_ERROR
    n = a[f.n]
    v = segment(i32, a[f.biased], n)
    for o in range(n):
        v[o] = i32[a[f.v_in] + o] + i32[a[f.bias] + o]
    i32[a[f.biased] + n] = i32[a[f.rest]]
    label = i32[a[f.label_in]]
    best = winner(v)
    i32[a[f.prediction]] = best
    i32[a[f.label]] = label
    i64[a[f.seen]] += 1
    i64[a[f.correct]] += best == label
    if progress[DECIDED] < predictions.size:
        predictions[progress[DECIDED]] = best
    progress[DECIDED] += 1
    if i32[a[f.learning]] == 0:
        return
    e = segment(i32, a[f.e], n)
    live = error_of(segment(i32, a[f.biased], n + 1), label, a[f.shift], a[f.dead_zone], a[f.rounding], e)
    c = a[f.counters] + BACKWARD
    add_count(i64, c, HOST_OPS, n)
    i32[a[f.live_e]] = live
    i32[a[f.gate]] = live > 0
    for o in range(n):
        i32[a[f.message] + o] = e[o] << a[f.fraction]
    i64[a[f.triggered]] += live > 0
    add_count(i64, c, SPIKES, live)
    add_count(i64, c, SPIKE_MESSAGES, live * a[f.destinations] + (live > 0) * a[f.gates])


@dataclass
class ReadoutNode(Node, kinds=("MembraneReadout", "FirstSpikeReadout")):
    """Output layer: a membrane that never spikes, or the first spike under a falling threshold."""

    size: int = 0
    layer: int = 1
    adaptation: Adaptation = field(default_factory=Adaptation)

    def declare(self, asm: Assembler) -> None:
        """Vars u, v (x and the threshold); OutPorts v_out (s_out)."""
        at = self.at
        at["n"] = self.size
        for name in ("u", "v"):
            asm.var(self, name, (self.size,))
        declare_phased(self, asm, self.size)
        # What a hidden layer's op resets and a readout does not have.
        unused, flag = asm.scratch(self.size), asm.scratch(1)
        at.update(x=unused, delta=unused, y1=unused, y2=unused, live_y=flag, live_delta=flag)
        if asm.schedule.readout == "first-spike":
            asm.var(self, "x", (self.size,))
            declare_adaptation(self, asm, self.adaptation)
            # Without a hidden layer the last spikes are sent in a sample's last phase.
            at["live_delta"] = asm.event_signal(self, "s_out", self.size).count
        asm.vector_signal(self, "v_out", self.size, at["x" if asm.schedule.readout == "first-spike" else "v"])

    def emit(self, asm: Assembler) -> None:
        """Take input in the layer's window; fire after it where the first spike decides."""
        at, s = self.at, asm.schedule
        spiking = s.readout == "first-spike"
        asm.op(RUN, 0, 1, AFTIF_RESET, at)
        at["a_in"] = asm.required(self, "a_in").values
        start, stop = s.integrate_start(self.layer), s.integrate_stop(self.layer)
        if s.timing.ramps:
            asm.op(RUN, start, stop, AFTIF_INTEGRATE, at, clears=-1 if spiking else s.membrane_phase)
        else:
            asm.op(RUN, start, stop, READOUT_ACCUMULATE, at)
        if spiking:
            emit_firing(self, asm, s.membrane_phase)
            emit_adaptation(self, asm, self.adaptation, "x")


@dataclass
class SoftmaxErrorNode(Node, kinds=("SoftmaxError",)):
    """The output error, its learning ports, and the gate that opens a replay."""

    size: int = 0
    shift: int = 12
    dead_zone: int = 0
    learning: int = 1
    seed: int = 0
    port_shift: int = 0
    rounding: str = "floor"

    def declare(self, asm: Assembler) -> None:
        """Vars e, y1, y2, prediction, tallies; OutPorts e_out, gate_out and the learning ports."""
        at = self.at
        at["n"] = self.size
        for name in ("e", "y1", "y2"):
            asm.var(self, name, (self.size,))
        asm.named["outputs", "labels"] = asm.variables[self.name, "e"].slot
        for name, init in (("learning", self.learning), ("prediction", 0), ("label", 0), ("gate", 0)):
            asm.var(self, name, (1,), init)
        asm.var(self, "port_shift", (1,), self.port_shift, limits=Limits(0, PORT_SHIFT_MAX, "bits"))
        biases = Limits(-BIAS_MAX, BIAS_MAX, "units of v")
        asm.var(self, "bias", (self.size,), limits=biases)
        asm.var(self, "rest", (1,), -BIAS_MAX, limits=biases)
        at["biased"] = asm.scratch(self.size + 1)
        declare_phased(self, asm, seed=self.seed)
        for name in ("seen", "correct", "triggered"):
            asm.var(self, name, (1,), arena="i64", limits=TALLIES)
        at["message"] = asm.scratch(self.size)
        error = asm.vector_signal(self, "e_out", self.size, at["message"])
        asm.signals[self.name, "e_out"] = replace(error, held=True)
        at["live_e"] = error.count
        declare_ports(self, asm, self.size)
        asm.signals[self.name, "gate_out"] = Signal(1, at["gate"])

    def emit(self, asm: Assembler) -> None:
        """Error at E; learning ports in the phases in which the last layer learns."""
        at, s = self.at, asm.schedule
        asm.op(RUN, 0, 1, SOFTMAX_RESET, at)
        asm.op(
            RUN, s.error_phase, s.error_phase + 1, SOFTMAX_ERROR, at,
            v_in=asm.required(self, "v_in").values, label_in=asm.required(self, "label_in").values, shift=self.shift,
            dead_zone=self.dead_zone, rounding=ROUNDINGS.index(self.rounding), fraction=s.error_fraction_bits,
            destinations=asm.destinations(self, "e_out"), gates=asm.destinations(self, "gate_out"),
        )  # fmt: skip
        phases = s.learning_phases(s.layers)
        start, stop, clears = phases.start, phases.stop, -1
        if s.timing.replays_spikes:
            stop, clears = stop + 1, stop
        asm.op(
            RUN, start, stop, PORTS, at, errors=at["e"], live_errors=at["live_e"], layer=s.layers, clears=clears,
            grain=0,
        )  # fmt: skip

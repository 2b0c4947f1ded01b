"""Readouts and the output error."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from lava_ed.engine.assembler import PRESENTATIONS, RUN, TALLIES, Assembler, Node, Signal
from lava_ed.engine.families import opcodes
from lava_ed.engine.families.aft_if import declare_adaptation, emit_adaptation
from lava_ed.engine.memory import Limits
from lava_ed.kernels._jit import inlined_kernel
from lava_ed.kernels.counted import add_count
from lava_ed.kernels.counting import (
    BACKWARD,
    FORWARD,
    HOST_OPS,
    N_PHASES,
    NEURON_ACTIVE,
    SPIKE_MESSAGES,
    SPIKES,
)
from lava_ed.kernels.fixed_point import PORT_SHIFT_MAX
from lava_ed.kernels.neuron import accumulate
from lava_ed.kernels.softmax import softmax_error, winner
from lava_ed.kernels.views import segment
from lava_ed.network.adaptation import Adaptation


@inlined_kernel
def readout_accumulate(a, i32, i64):  # type: ignore[no-untyped-def]
    """v += a_in.

    Columns: 1 n, 2 a_in, 3 v, 4 counters (i64), 5 overflows (i64).
    """
    n = a[1]
    active, overflows = accumulate(segment(i32, a[2], n), segment(i32, a[3], n))
    add_count(i64, a[4] + NEURON_ACTIVE * N_PHASES + FORWARD, active)
    i64[a[5]] += overflows
    return overflows


@inlined_kernel
def softmax_reset(a, i32, i64):  # type: ignore[no-untyped-def]
    """At a sample's first phase: next presentation; e, message, y1, y2, gate ← 0.

    Columns: 1 n, 2 presentation (i64), 3 e, 4 message, 5 y1, 6 y2, 7 live y, 8 live e, 9 gate.
    """
    n = a[1]
    i64[a[2]] += 1
    for k in range(3, 7):
        segment(i32, a[k], n)[:] = 0
    for k in range(7, 10):
        i32[a[k]] = 0


@inlined_kernel
def softmax(a, i32, i64, predictions, done):  # type: ignore[no-untyped-def]
    """The decision, and where learning is on the error, its message and the gate.

    Columns: 1 n, 2 v, 3 label, 4 shift, 5 dead zone, 6 learning (Var), 7 e, 8 message, 9 fraction
    bits, 10 live e, 11 gate, 12 prediction, 13 seen, 14 correct, 15 triggered (i64), 16 counters
    (i64), 17 destinations of e_out, 18 destinations of gate_out, 19 label Var, 20 round p
    to the nearest.
    """
    n = a[1]
    v = segment(i32, a[2], n)
    label = i32[a[3]]
    best = winner(v)
    i32[a[12]] = best
    i32[a[19]] = label
    i64[a[13]] += 1
    i64[a[14]] += best == label
    if done[0] < predictions.size:
        predictions[done[0]] = best
    done[0] += 1
    if i32[a[6]] == 0:
        return
    e = segment(i32, a[7], n)
    live = softmax_error(v, label, a[4], a[5], a[20], e)
    add_count(i64, a[16] + HOST_OPS * N_PHASES + BACKWARD, n)
    i32[a[10]] = live
    i32[a[11]] = live > 0
    for o in range(n):
        i32[a[8] + o] = e[o] << a[9]
    i64[a[15]] += live > 0
    c = a[16] + BACKWARD
    add_count(i64, c + SPIKES * N_PHASES, live)
    add_count(i64, c + SPIKE_MESSAGES * N_PHASES, live * a[17] + (live > 0) * a[18])


@dataclass
class ReadoutNode(Node):
    """Output layer: a membrane that never spikes, or the first spike under a falling threshold."""

    size: int = 0
    layer: int = 1
    adaptation: Adaptation = field(default_factory=Adaptation)
    _columns: dict[str, int] = field(default_factory=dict)

    def declare(self, asm: Assembler) -> None:
        """Vars u, v (x and the threshold); OutPorts v_out (s_out)."""
        c = self._columns
        for name in ("u", "v"):
            c[name] = asm.var(self, name, (self.size,))
        c["presentation"] = asm.var(self, "presentation", (1,), -1, "i64", PRESENTATIONS)
        c["overflows"] = asm.var(self, "overflows", (1,), arena="i64", limits=TALLIES)
        c["counters"] = asm.counters(self, self.size)
        c["pad"], c["flag"] = asm.scratch(self.size), asm.scratch(1)
        if asm.schedule.readout == "first-spike":
            c["x"] = asm.var(self, "x", (self.size,))
            declare_adaptation(self, asm, c, self.adaptation)
            asm.event_signal(self, "s_out", self.size)
        asm.vector_signal(self, "v_out", self.size, c["x"] if "x" in c else c["v"])

    def emit(self, asm: Assembler) -> None:
        """Take input in the layer's window; fire after it where the first spike decides."""
        c, s, n = self._columns, asm.schedule, self.size
        a_in = asm.required(self, "a_in")
        spiking = s.readout == "first-spike"
        x = c["x"] if spiking else c["pad"]
        # Without a hidden layer the last spikes are sent in a sample's last phase.
        sent = asm.signals[self.name, "s_out"].count if spiking else c["flag"]
        asm.op(
            RUN, 0, 1, opcodes.AFTIF_RESET,
            n, c["presentation"], c["u"], c["v"], x, c["pad"], c["pad"], c["pad"], c["flag"], sent,
        )  # fmt: skip
        start, stop = s.integrate_start(self.layer), s.integrate_stop(self.layer)
        if s.timing.ramps:
            asm.op(
                RUN, start, stop, opcodes.AFTIF_INTEGRATE,
                n, a_in.values, c["u"], c["v"], c["counters"], c["overflows"], -1 if spiking else s.membrane_phase,
            )  # fmt: skip
        else:
            asm.op(
                RUN,
                start,
                stop,
                opcodes.READOUT_ACCUMULATE,
                n,
                a_in.values,
                c["v"],
                c["counters"],
                c["overflows"],
            )
        if spiking:
            out = asm.signals[self.name, "s_out"]
            first = s.membrane_phase
            asm.op(
                RUN, first, first + s.steps + 1, opcodes.AFTIF_FIRE,
                n, c["u"], c["v"], x, c["threshold_step"], s.steps, first, out.count, out.events, c["counters"],
                asm.destinations(self, "s_out"), asm.scratch(n), asm.scratch(s.steps + 2), a_in.values,
            )  # fmt: skip
            emit_adaptation(asm, c, self.adaptation, n, x, False)


@dataclass
class SoftmaxErrorNode(Node):
    """The output error, its learning ports, and the gate that opens a replay."""

    size: int = 0
    shift: int = 12
    dead_zone: int = 0
    learning: int = 1
    seed: int = 0
    port_shift: int = 0
    rounding: str = "floor"
    _columns: dict[str, int] = field(default_factory=dict)

    def declare(self, asm: Assembler) -> None:
        """Vars e, y1, y2, prediction, tallies; OutPorts e_out, gate_out and the learning ports."""
        c = self._columns
        for name in ("e", "y1", "y2"):
            c[name] = asm.var(self, name, (self.size,))
        asm.named["outputs", "labels"] = asm.variables[self.name, "e"].slot
        for name, init in (
            ("learning", self.learning),
            ("prediction", 0),
            ("label", 0),
            ("gate", 0),
        ):
            c[name] = asm.var(self, name, (1,), init)
        c["port_shift"] = asm.var(self, "port_shift", (1,), self.port_shift, limits=Limits(0, PORT_SHIFT_MAX, "bits"))
        c["presentation"] = asm.var(self, "presentation", (1,), -1, "i64", PRESENTATIONS)
        for name in ("seen", "correct", "triggered", "overflows"):
            c[name] = asm.var(self, name, (1,), arena="i64", limits=TALLIES)
        c["seed"] = asm.memory.allocate("i64", (1,), self.seed).offset
        c["counters"] = asm.counters(self)
        c["message"] = asm.scratch(self.size)
        error = asm.vector_signal(self, "e_out", self.size, c["message"])
        asm.signals[self.name, "e_out"] = replace(error, held=True)
        c["live_e"] = error.count
        c["live_y"] = asm.vector_signal(self, "s_out_y1", self.size, c["y1"]).count
        asm.vector_signal(self, "s_out_y2", self.size, c["y2"])
        asm.signals[self.name, "gate_out"] = Signal(1, c["gate"])

    def emit(self, asm: Assembler) -> None:
        """Error at E; learning ports in the phases in which the last layer learns."""
        c, s, n = self._columns, asm.schedule, self.size
        asm.op(
            RUN, 0, 1, opcodes.SOFTMAX_RESET,
            n, *(c[k] for k in ("presentation", "e", "message", "y1", "y2", "live_y", "live_e", "gate")),
        )  # fmt: skip
        fraction = s.error_fraction_bits
        v_in, label = asm.required(self, "v_in"), asm.required(self, "label_in")
        asm.op(
            RUN, s.error_phase, s.error_phase + 1, opcodes.SOFTMAX_ERROR,
            n, v_in.values, label.values, self.shift, self.dead_zone, c["learning"], c["e"], c["message"], fraction,
            c["live_e"], c["gate"], c["prediction"], c["seen"], c["correct"], c["triggered"], c["counters"],
            asm.destinations(self, "e_out"), asm.destinations(self, "gate_out"), c["label"],
            int(self.rounding == "nearest"),
        )  # fmt: skip
        learning = s.learning_phases(s.layers)
        start, stop, clear = learning.start, learning.stop, -1
        if s.timing.replays:
            stop, clear = stop + 1, stop
        asm.op(
            RUN, start, stop, opcodes.PORTS,
            n, c["e"], c["live_e"], 0, c["port_shift"], c["y1"], c["y2"], c["live_y"], c["seed"], c["presentation"],
            s.layers, clear,
        )  # fmt: skip

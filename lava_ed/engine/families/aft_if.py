"""AFT-IF: integrate, fire under the falling threshold, gate the error, adapt κ."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from lava_ed.engine.assembler import RUN, Assembler, Node
from lava_ed.engine.families.phased import declare_phased
from lava_ed.engine.memory import Limits
from lava_ed.engine.op import each, number, op, reads, updates, writes
from lava_ed.kernels._jit import inlined_kernel
from lava_ed.kernels.counting import ALL_COUNTERS, BACKWARD, FORWARD, NEURON_ACTIVE
from lava_ed.kernels.fixed_point import PORT_SHIFT_MAX, TRACE_MAX, stream_key
from lava_ed.kernels.loihi import neuron
from lava_ed.kernels.loihi.add_count import add_count, add_spikes
from lava_ed.kernels.loihi.history import count_history
from lava_ed.kernels.loihi.random_streams import PORT_STREAM
from lava_ed.kernels.views import segment
from lava_ed.network.adaptation import Adaptation

AFTIF_RESET = op(
    "aftif_reset", "ours", n=number("neurons"), presentation=updates("i64"),
    **each(writes("i32", "n"), "u", "v", "x", "delta", "y1", "y2"), live_y=writes("i32"), live_delta=writes("i32"),
)  # fmt: skip


@inlined_kernel
def aftif_reset(a, i32, i64):  # type: ignore[no-untyped-def]
    """At a sample's first phase: next presentation; u, v, x, δ, y1, y2 ← 0."""
    f = AFTIF_RESET
    i64[a[f.presentation]] += 1
    for at in (a[f.u], a[f.v], a[f.x], a[f.delta], a[f.y1], a[f.y2]):
        segment(i32, at, a[f.n])[:] = 0
    i32[a[f.live_y]] = 0
    i32[a[f.live_delta]] = 0


AFTIF_INTEGRATE = op(
    "aftif_integrate", "ours", n=number("neurons"), a_in=reads("i32", "n"), u=updates("i32", "n"),
    v=updates("i32", "n"), counters=updates("i64", ALL_COUNTERS), overflows=updates("i64"),
    clears=number("phase after which u is cleared, −1 where another op clears it"),
)  # fmt: skip


@inlined_kernel
def aftif_integrate(a, i32, i64, phase) -> np.int64:  # type: ignore[no-untyped-def]
    """u += a_in, v += u."""
    f = AFTIF_INTEGRATE
    n = a[f.n]
    u = segment(i32, a[f.u], n)
    active, overflows = neuron.integrate(segment(i32, a[f.a_in], n), u, segment(i32, a[f.v], n))
    add_count(i64, a[f.counters] + FORWARD, NEURON_ACTIVE, active)
    i64[a[f.overflows]] += overflows
    if phase == a[f.clears]:
        u[:] = 0
    return np.int64(overflows)


AFTIF_FIRE = op(
    "aftif_fire", "ours", n=number("neurons"), a_in=reads("i32", "n"), u=updates("i32", "n"), v=reads("i32", "n"),
    x=updates("i32", "n"), threshold_step=reads("i32"), steps=number("T"), first=number("first phase of the window"),
    count=writes("i32"), events=writes("i32", "n"), counters=updates("i64", ALL_COUNTERS),
    destinations=number("InPorts that its spikes reach"), order=writes("i32", "n"), starts=writes("i32", "steps + 2"),
)  # fmt: skip
"""Where a window is jumped over, ``order`` and ``starts`` receive the neurons by value."""


@inlined_kernel
def aftif_fire(a, i32, i64, phase):  # type: ignore[no-untyped-def]
    """Spikes where v has reached the falling threshold; u is gated off from here on."""
    f = AFTIF_FIRE
    n, steps = a[f.n], a[f.steps]
    s = phase - a[f.first]
    if s >= steps:
        i32[a[f.count]] = 0
        return
    u = segment(i32, a[f.u], n)
    count, newly_active = neuron.fire_falling_threshold(
        segment(i32, a[f.a_in], n), u, segment(i32, a[f.v], n), neuron.threshold_of_step(i32[a[f.threshold_step]]),
        steps - s, segment(i32, a[f.x], n), segment(i32, a[f.events], n),
    )  # fmt: skip
    if s == 0:
        u[:] = 0
    i32[a[f.count]] = count
    c = a[f.counters] + FORWARD
    add_count(i64, c, NEURON_ACTIVE, newly_active)
    add_spikes(i64, c, count, a[f.destinations])


AFTIF_BACKWARD = op(
    "aftif_backward", "ours", n=number("neurons"), live_e=reads("i32"), e_in=reads("i32", "n"), x=reads("i32", "n"),
    steps=number("T"), delta=writes("i32", "n"), live_delta=writes("i32"), limit=number("largest error"),
    dead_zone=number("largest error that is not sent"),
    counters=updates("i64", ALL_COUNTERS), destinations=number("InPorts that its errors reach"),
)  # fmt: skip


@inlined_kernel
def aftif_backward(a, i32, i64):  # type: ignore[no-untyped-def]
    """δ of the neurons that fired inside their window; each sends one graded message."""
    f = AFTIF_BACKWARD
    if i32[a[f.live_e]] == 0:
        return
    n = a[f.n]
    messages, active, _ = neuron.gate_error(
        segment(i32, a[f.e_in], n), segment(i32, a[f.x], n), a[f.steps], a[f.limit], a[f.dead_zone],
        segment(i32, a[f.delta], n),
    )  # fmt: skip
    i32[a[f.live_delta]] = messages
    c = a[f.counters] + BACKWARD
    add_count(i64, c, NEURON_ACTIVE, active)
    add_spikes(i64, c, messages, a[f.destinations])


PORTS = op(
    "ports", "ours", n=number("neurons"), errors=reads("i32", "n"), live_errors=reads("i32"), port_shift=reads("i32"),
    y1=writes("i32", "n"), y2=writes("i32", "n"), live_y=updates("i32"), seed=reads("i64"), presentation=reads("i64"),
    layer=number(), clears=number("phase that clears instead, −1 for none"),
    grain=number("errors are multiples of 2^grain"),
)  # fmt: skip


@inlined_kernel
def ports(a, i32, i64, phase):  # type: ignore[no-untyped-def]
    """y1, y2 ← parts of an error vector, shifted and rounded for the learning engine."""
    f = PORTS
    n = a[f.n]
    y1 = segment(i32, a[f.y1], n)
    y2 = segment(i32, a[f.y2], n)
    if phase == a[f.clears] or i32[a[f.live_errors]] == 0:
        if i32[a[f.live_y]]:
            y1[:] = 0
            y2[:] = 0
            i32[a[f.live_y]] = 0
        return
    key = stream_key(i64[a[f.seed]], i64[a[f.presentation]], a[f.layer] + PORT_STREAM, phase)
    errors = segment(i32, a[f.errors], n)
    i32[a[f.live_y]] = neuron.split_error(errors, i32[a[f.port_shift]], a[f.grain], key, y1, y2)


ADAPT = op(
    "adapt", "ours", n=number("neurons"), n_state=number("values of the state"), state=reads("i32", "n_state"),
    is_word=number("0: state is x, 1: the words of spikes"), steps=number("T"), adapting=reads("i32"),
    **each(updates("i64"), "fired", "saturated", "samples_counted"),
    interval=number("samples after which the threshold moves"), threshold_step=updates("i32"),
    highest=number("largest threshold step"),
    low=number("share of neurons that fire, in 1/128, below which the threshold falls"),
    high=number("share above which it rises"), ceiling=number("share of saturated neurons above which it rises"),
)  # fmt: skip


@inlined_kernel
def adapt(a, i32, i64):  # type: ignore[no-untyped-def]
    """At a sample's end: count fired and saturated neurons; every N samples move the threshold."""
    f = ADAPT
    if i32[a[f.adapting]] == 0 or a[f.interval] == 0:
        return
    state = segment(i32, a[f.state], a[f.n_state])
    if a[f.is_word]:
        fired, saturated = count_history(state, a[f.n], a[f.steps])
    else:
        fired, saturated = neuron.count_fired(state, a[f.steps])
    i64[a[f.fired]] += fired
    i64[a[f.saturated]] += saturated
    i64[a[f.samples_counted]] += 1
    samples = i64[a[f.samples_counted]]
    if samples >= a[f.interval]:
        i32[a[f.threshold_step]] = neuron.adapt_step(
            i32[a[f.threshold_step]], a[f.highest], i64[a[f.fired]], i64[a[f.saturated]],
            np.int64(a[f.n]) * samples, a[f.low], a[f.high], a[f.ceiling],
        )  # fmt: skip
        i64[a[f.fired]] = 0
        i64[a[f.saturated]] = 0
        i64[a[f.samples_counted]] = 0


SHARES: Final = Limits(0, 2**40, "a count since the threshold last moved")
"""Shares of what was counted are in 1/128 of it, in 64 bits."""


def declare_adaptation(node: Node, asm: Assembler, adaptation: Adaptation) -> None:
    """Vars of the adaptive threshold, shared by all neurons that have one."""
    steps = Limits(0, adaptation.highest_step, "steps of a threshold")
    asm.var(node, "threshold_step", (1,), adaptation.initial_step, limits=steps)
    asm.var(node, "adapting", (1,), 1)
    for name in ("fired", "saturated", "samples_counted"):
        asm.var(node, name, (1,), arena="i64", limits=SHARES)


def emit_adaptation(node: Node, asm: Assembler, adaptation: Adaptation, state: str, senders: str = "n") -> None:
    """The op that adapts the threshold at a sample's end, from the Var x or the words of spikes of n senders."""
    s = asm.schedule
    asm.op(
        RUN, s.learning_phase, s.period, ADAPT, node.at, n=node.at[senders],
        n_state=node.at[senders if state == "x" else "n_history"], state=node.at[state], is_word=int(state != "x"),
        steps=s.steps, highest=adaptation.highest_step, interval=adaptation.interval,
        low=adaptation.low, high=adaptation.high, ceiling=adaptation.ceiling,
    )  # fmt: skip


def declare_ports(node: Node, asm: Assembler, size: int) -> None:
    """The learning ports, on which y1 and y2 are offered."""
    node.at["live_y"] = asm.vector_signal(node, "s_out_y1", size, node.at["y1"]).count
    asm.vector_signal(node, "s_out_y2", size, node.at["y2"])


def emit_firing(node: Node, asm: Assembler, first: int) -> None:
    """The op that fires in the window from this phase on, and forgets the spikes one phase after it."""
    out, n, steps = asm.signals[node.name, "s_out"], node.at["n"], asm.schedule.steps
    asm.op(
        RUN, first, first + steps + 1, AFTIF_FIRE, node.at,
        steps=steps, first=first, count=out.count, events=out.events, destinations=asm.destinations(node, "s_out"),
        order=asm.scratch(n), starts=asm.scratch(steps + 2),
    )  # fmt: skip


@dataclass
class HiddenNode(Node):
    """Neurons of a hidden layer: they send spikes on and errors back; synapses learn from y1 and y2."""

    size: int = 0
    layer: int = 1
    adaptation: Adaptation = field(default_factory=Adaptation)
    dead_zone: int = 0
    grain: int = 0
    seed: int = 0
    port_shift: int = 0

    def _declare_hidden(self, asm: Assembler, largest_shift: int) -> None:
        """Declare the Vars of learning and the OutPorts, which stand behind the Vars of the state."""
        declare_phased(self, asm, self.size, self.seed)
        asm.var(self, "port_shift", (1,), self.port_shift, limits=Limits(0, largest_shift, "bits"))
        declare_adaptation(self, asm, self.adaptation)
        asm.event_signal(self, "s_out", self.size)
        self.at["live_delta"] = asm.vector_signal(self, "e_out", self.size, self.at["delta"]).count
        declare_ports(self, asm, self.size)
        asm.signals[self.name, "s_out_bap"] = asm.signals[self.name, "s_out"]


@dataclass
class AFTIFNode(HiddenNode, kinds=("AFTIF",)):
    """A layer of AFT-IF neurons."""

    error_limit: int = TRACE_MAX

    def declare(self, asm: Assembler) -> None:
        """Vars of the neurons; OutPorts s_out, e_out and the learning ports."""
        self.at["n"] = self.size
        for name in ("u", "v", "x", "delta", "y1", "y2"):
            asm.var(self, name, (self.size,))
        self._declare_hidden(asm, PORT_SHIFT_MAX)

    def emit(self, asm: Assembler) -> None:
        """Integrate, fire, send δ, offer y1 and y2 in the learning phase, adapt."""
        at, s = self.at, asm.schedule
        asm.op(RUN, 0, 1, AFTIF_RESET, at)
        at["a_in"] = asm.required(self, "a_in").values
        asm.op(RUN, s.integrate_start(self.layer), s.integrate_stop(self.layer), AFTIF_INTEGRATE, at, clears=-1)
        emit_firing(self, asm, s.fire_start(self.layer))
        errors = asm.source(self, "e_in")
        if errors is not None:
            arrival = s.error_arrival(self.layer)
            asm.op(
                RUN, arrival, arrival + 1, AFTIF_BACKWARD, at,
                live_e=errors.count, e_in=errors.values, steps=s.steps, limit=self.error_limit,
                dead_zone=self.dead_zone, destinations=asm.destinations(self, "e_out"),
            )  # fmt: skip
            asm.op(
                RUN, s.learning_phase, s.period, PORTS, at,
                errors=at["delta"], live_errors=at["live_delta"], layer=self.layer, clears=-1,
                grain=self.grain,
            )  # fmt: skip
        emit_adaptation(self, asm, self.adaptation, "x")

"""AFT-LIF: leak and fire, then replay in reversed time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lava_ed.engine.assembler import RUN, Assembler, Node
from lava_ed.engine.families.aft_if import HiddenNode, emit_adaptation
from lava_ed.engine.op import each, number, op, reads, updates, writes
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.counting import ALL_COUNTERS, BACKWARD, FORWARD, NEURON_ACTIVE
from lava_ed.kernels.fixed_point import ERROR_FRACTION_BITS, HISTORY_BITS, PORT_SHIFT_MAX, stream_key
from lava_ed.kernels.loihi import neuron
from lava_ed.kernels.loihi.add_count import add_count, add_spikes
from lava_ed.kernels.loihi.history import spikes_at
from lava_ed.kernels.loihi.random_streams import PORT_STREAM
from lava_ed.kernels.views import segment

AFTLIF_RESET = op(
    "aftlif_reset", "ours", n=number("neurons"), presentation=updates("i64"),
    **each(writes("i32", "n"), "v", "b", "d", "delta", "y1", "y2"), n_history=number("words·neurons"),
    spike_word=writes("i32", "n_history"), support_word=writes("i32", "n_history"), live_y=writes("i32"),
    live_delta=writes("i32"),
)  # fmt: skip


@kernel
def aftlif_reset(a, i32, i64):  # type: ignore[no-untyped-def]
    """At a sample's first phase: next presentation; v, b, d, δ, both histories, y1, y2 ← 0."""
    f = AFTLIF_RESET
    i64[a[f.presentation]] += 1
    for at in (a[f.v], a[f.b], a[f.d], a[f.delta], a[f.y1], a[f.y2]):
        segment(i32, at, a[f.n])[:] = 0
    for at in (a[f.spike_word], a[f.support_word]):
        segment(i32, at, a[f.n_history])[:] = 0
    i32[a[f.live_y]] = 0
    i32[a[f.live_delta]] = 0


AFTLIF_FORWARD = op(
    "aftlif_forward", "ours", n=number("neurons"), a_in=reads("i32", "n"), v=updates("i32", "n"),
    threshold_step=reads("i32"), dv=number("decay of v"),
    half_width=number("of the surrogate gradient's support, in 1/8 of the threshold"), steps=number("T"),
    first=number("first phase of the window"), n_history=number("words·neurons"),
    spike_word=updates("i32", "n_history"), support_word=updates("i32", "n_history"),
    count=writes("i32"), events=writes("i32", "n"), counters=updates("i64", ALL_COUNTERS),
    destinations=number("InPorts that its spikes reach"), overflows=updates("i64"),
)  # fmt: skip


@kernel
def aftlif_forward(a, i32, i64, phase) -> np.int64:  # type: ignore[no-untyped-def]
    """One step of the window."""
    f = AFTLIF_FORWARD
    n = a[f.n]
    t = phase - a[f.first]
    if t >= a[f.steps]:
        i32[a[f.count]] = 0
        return np.int64(0)
    theta = neuron.threshold_of_step(i32[a[f.threshold_step]])
    width = neuron.support_width(theta, a[f.half_width])
    count, active, overflows = neuron.leak_and_fire(
        segment(i32, a[f.a_in], n), segment(i32, a[f.v], n), theta, a[f.dv], width, t,
        segment(i32, a[f.spike_word], a[f.n_history]), segment(i32, a[f.support_word], a[f.n_history]),
        segment(i32, a[f.events], n),
    )  # fmt: skip
    i32[a[f.count]] = count
    c = a[f.counters] + FORWARD
    add_count(i64, c, NEURON_ACTIVE, active)
    add_spikes(i64, c, count, a[f.destinations])
    i64[a[f.overflows]] += overflows
    return np.int64(overflows)


AFTLIF_REPLAY = op(
    "aftlif_replay", "ours", n=number("neurons"), live_gate=reads("i32"), first=number("first phase of the spikes"),
    steps=number("T"), e_in=reads("i32", "n"), **each(updates("i32", "n"), "b", "d", "v"),
    **each(writes("i32", "n"), "delta", "events", "y1", "y2"), **each(writes("i32"), "live_delta", "count", "live_y"),
    n_history=number("words·neurons"), spike_word=reads("i32", "n_history"), support_word=reads("i32", "n_history"),
    dv=number("decay"), dv_post=number("decay of the next layer"), counters=updates("i64", ALL_COUNTERS),
    destinations=number("InPorts that its spikes reach"), error_destinations=number("InPorts that its errors reach"),
    overflows=updates("i64"), port_shift=reads("i32"), seed=reads("i64"), presentation=reads("i64"), layer=number(),
    sums=number("1: D is summed in v, and its mean learned from once, 0: in every step"),
    dead_zone=number("largest message that is not sent"), grain=number("errors are multiples of 2^grain"),
)  # fmt: skip


@kernel
def aftlif_replay(a, i32, i64, phase) -> np.int64:  # type: ignore[no-untyped-def]
    """One step of reversed time: spikes for the next layer's clock, then the own step one phase later."""
    f = AFTLIF_REPLAY
    n, steps = a[f.n], a[f.steps]
    if i32[a[f.live_gate]] == 0:
        i32[a[f.count]] = 0
        return np.int64(0)
    words = segment(i32, a[f.spike_word], a[f.n_history])
    c = a[f.counters] + BACKWARD
    t = steps - 1 - (phase - a[f.first])
    count = 0
    if t >= 0 and not a[f.sums]:
        count = spikes_at(words, t, segment(i32, a[f.events], n))
        add_spikes(i64, c, count, a[f.destinations])
    i32[a[f.count]] = count
    t += 1
    if t >= steps:
        return np.int64(0)
    y1 = segment(i32, a[f.y1], n)
    y2 = segment(i32, a[f.y2], n)
    delta = segment(i32, a[f.delta], n)
    if t < 0:
        delta[:] = 0
        i32[a[f.live_delta]] = 0
        if not a[f.sums]:
            y1[:] = 0
            y2[:] = 0
            i32[a[f.live_y]] = 0
        return np.int64(0)
    d = segment(i32, a[f.d], n)
    messages, active, overflows = neuron.replay_error(
        segment(i32, a[f.e_in], n), segment(i32, a[f.b], n), d, words,
        segment(i32, a[f.support_word], a[f.n_history]), t, a[f.dv], a[f.dv_post], a[f.dead_zone], delta,
    )  # fmt: skip
    i32[a[f.live_delta]] = messages
    add_count(i64, c, NEURON_ACTIVE, active)
    add_spikes(i64, c, messages, a[f.error_destinations])
    if a[f.sums]:
        overflows += neuron.sum_errors(d, segment(i32, a[f.v], n), t, steps)
        d = segment(i32, a[f.v], n)
    i64[a[f.overflows]] += overflows
    if a[f.sums] and t > 0:
        return np.int64(overflows)
    key = stream_key(i64[a[f.seed]], i64[a[f.presentation]], a[f.layer] + PORT_STREAM, phase)
    i32[a[f.live_y]] = neuron.split_error(d, ERROR_FRACTION_BITS + i32[a[f.port_shift]], a[f.grain], key, y1, y2)
    return np.int64(overflows)


def declare_history(node: Node, asm: Assembler) -> None:
    """Vars spike_word and support_word of n neurons: as many words as the window needs, one after the other."""
    node.at["n_history"] = size = -(-asm.schedule.steps // HISTORY_BITS) * node.at["n"]
    for name in ("spike_word", "support_word"):
        asm.var(node, name, (size,))


@dataclass
class AFTLIFNode(HiddenNode, kinds=("AFTLIF",)):
    """A layer of AFT-LIF neurons."""

    dv: int = 0
    dv_post: int = 0
    half_width: int = 8

    def declare(self, asm: Assembler) -> None:
        """Vars of the neurons; OutPorts s_out, e_out and the learning ports."""
        self.at["n"] = self.size
        for name in ("v", "b", "d", "delta", "y1", "y2"):
            asm.var(self, name, (self.size,))
        declare_history(self, asm)
        self.at["zeros"] = asm.zeros(self.size)
        self._declare_hidden(asm, PORT_SHIFT_MAX - ERROR_FRACTION_BITS)

    def emit(self, asm: Assembler) -> None:
        """Forward window, replay window where a gate is connected, adaptation."""
        at, s, out = self.at, asm.schedule, asm.signals[self.name, "s_out"]
        asm.op(RUN, 0, 1, AFTLIF_RESET, at)
        shared = {
            **at, "steps": s.steps, "dv": self.dv, "count": out.count, "events": out.events,
            "destinations": asm.destinations(self, "s_out"),
        }  # fmt: skip
        start = s.fire_start(self.layer)
        asm.op(
            RUN, start, start + s.steps + 1, AFTLIF_FORWARD, shared,
            a_in=asm.required(self, "a_in").values, half_width=self.half_width, first=start,
        )  # fmt: skip
        gate = asm.source(self, "gate_in")
        if gate is not None:
            errors = asm.source(self, "e_in")
            first = s.error_arrival(self.layer + 1)
            asm.op(
                RUN, first, first + s.steps + 2, AFTLIF_REPLAY, shared,
                live_gate=gate.count, first=first, e_in=at["zeros"] if errors is None else errors.values,
                dv_post=self.dv_post, error_destinations=asm.destinations(self, "e_out"), layer=self.layer,
                sums=int(s.timing.aggregates), dead_zone=self.dead_zone << ERROR_FRACTION_BITS, grain=self.grain,
            )  # fmt: skip
        emit_adaptation(self, asm, self.adaptation, "spike_word")

"""AFTLIFMap: AFT-LIF neurons of feature maps, pooled by sum or by or."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lava_ed.engine.assembler import RUN, Assembler, Node
from lava_ed.engine.families.aft_if import declare_adaptation, emit_adaptation
from lava_ed.engine.families.aft_lif import declare_history
from lava_ed.engine.families.phased import declare_phased
from lava_ed.engine.memory import Memory, Slot
from lava_ed.engine.op import each, number, op, reads, updates, writes
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.counting import ALL_COUNTERS, BACKWARD, FORWARD, NEURON_ACTIVE
from lava_ed.kernels.fixed_point import MAP_FRACTION_BITS, TRACE_MAX
from lava_ed.kernels.loihi.add_count import add_count, add_spikes
from lava_ed.kernels.loihi.history import spikes_at
from lava_ed.kernels.loihi.lif_map import mean_errors, pool_spikes, replay_spikes
from lava_ed.kernels.loihi.neuron import leak_and_fire, support_width, threshold_of_step
from lava_ed.kernels.vectors.events import list_events
from lava_ed.kernels.views import segment
from lava_ed.network.adaptation import Adaptation
from lava_ed.network.layers import Layer
from lava_ed.network.settings import Pooling

LIF_MAP_RESET = op(
    "lif_map_reset", "maps", n=number("neurons"), squares=number("of neurons that share an axon"),
    presentation=updates("i64"), **each(writes("i32", "n"), "v", "d", "delta", "y"), b=writes("i32", "squares"),
    n_history=number("words·neurons"), spike_word=writes("i32", "n_history"), support_word=writes("i32", "n_history"),
    values=writes("i32", "squares"), **each(writes("i32"), "count", "n_errors", "n_y"),
    spiked_at=writes("i32", "steps + 1"), steps=number("T"),
)  # fmt: skip


@kernel
def lif_map_reset(a, i32, i64):  # type: ignore[no-untyped-def]
    """At a sample's first phase: next presentation; all states and messages ← 0."""
    f = LIF_MAP_RESET
    i64[a[f.presentation]] += 1
    for at in (a[f.v], a[f.d], a[f.delta], a[f.y]):
        segment(i32, at, a[f.n])[:] = 0
    for at in (a[f.spike_word], a[f.support_word]):
        segment(i32, at, a[f.n_history])[:] = 0
    for at in (a[f.b], a[f.values]):
        segment(i32, at, a[f.squares])[:] = 0
    segment(i32, a[f.spiked_at], a[f.steps] + 1)[:] = 0
    for at in (a[f.count], a[f.n_errors], a[f.n_y]):
        i32[at] = 0


LIF_MAP_FORWARD = op(
    "lif_map_forward", "maps", n=number("neurons"), squares=number(), height=number(), width=number(),
    channels=number(), pool=number("side of a square"), a_in=reads("i32", "n"), v=updates("i32", "n"),
    threshold_step=reads("i32"),
    half_width=number("of the surrogate gradient's support, in 1/8 of the threshold"), steps=number("T"),
    first=number("first phase of the window"), n_history=number("words·neurons"),
    spike_word=updates("i32", "n_history"), support_word=updates("i32", "n_history"),
    room=number("T·n"), spiked=writes("i32", "room"), spiked_at=updates("i32", "steps + 1"),
    merge=number("1: a square's spikes go through as one"), row=number("width·channels"),
    line=writes("i32", "row"), values=writes("i32", "squares"), count=writes("i32"),
    events=writes("i32", "squares"), counters=updates("i64", ALL_COUNTERS),
    destinations=number("InPorts that its spikes reach"), overflows=updates("i64"),
)  # fmt: skip


@kernel
def lif_map_forward(a, i32, i64, phase) -> np.int64:  # type: ignore[no-untyped-def]
    """One step of the window: neurons spike, and squares send."""
    f = LIF_MAP_FORWARD
    n, steps, t = a[f.n], a[f.steps], phase - a[f.first]
    values = segment(i32, a[f.values], a[f.squares])
    if t >= steps:
        values[:] = 0
        i32[a[f.count]] = 0
        return np.int64(0)
    theta = threshold_of_step(i32[a[f.threshold_step]])
    spiked_at = segment(i32, a[f.spiked_at], steps + 1)
    first = spiked_at[t]
    found, active, overflows = leak_and_fire(
        segment(i32, a[f.a_in], n), segment(i32, a[f.v], n), theta, 0, support_width(theta, a[f.half_width]), t,
        segment(i32, a[f.spike_word], a[f.n_history]), segment(i32, a[f.support_word], a[f.n_history]),
        segment(i32, a[f.spiked] + first, n),
    )  # fmt: skip
    spiked_at[t + 1] = first + found
    messages = pool_spikes(
        segment(i32, a[f.spike_word], a[f.n_history]), t, a[f.height], a[f.width], a[f.channels], a[f.pool], a[f.merge],
        segment(i32, a[f.line], a[f.row]), values,
    )  # fmt: skip
    i32[a[f.count]] = list_events(values, segment(i32, a[f.events], a[f.squares]))
    c = a[f.counters] + FORWARD
    add_count(i64, c, NEURON_ACTIVE, active)
    add_spikes(i64, c, messages, a[f.destinations])
    i64[a[f.overflows]] += overflows
    return np.int64(overflows)


LIF_MAP_REPLAY = op(
    "lif_map_replay", "maps", n=number("neurons"), squares=number(), area=number("neurons of a square"),
    square_of=reads("i32", "n"), live_gate=reads("i32"), first=number("first phase of the replay"), steps=number("T"),
    e_in=reads("i32", "squares"), b=updates("i32", "squares"), room=number("T·n"), spiked=reads("i32", "room"),
    spiked_at=reads("i32", "steps + 1"), n_history=number("words·neurons"), support_word=reads("i32", "n_history"),
    merge=number("1: pooled by or"), fraction=number("bits behind the point that B has and D has not"),
    limit=number("largest error"), dead_zone=number("largest message that is not sent"), d=updates("i32", "n"),
    v=updates("i32", "n"), **each(writes("i32", "n"), "delta", "errors", "y", "taught"), n_errors=writes("i32"),
    taken=updates("i32", "squares"), n_y=writes("i32"), counters=updates("i64", ALL_COUNTERS),
    destinations=number("InPorts that its errors reach"), overflows=updates("i64"),
)  # fmt: skip


@kernel
def lif_map_replay(a, i32, i64, phase) -> np.int64:  # type: ignore[no-untyped-def]
    """One step of reversed time; after the last one the errors of the synapses."""
    f = LIF_MAP_REPLAY
    if i32[a[f.live_gate]] == 0:
        return np.int64(0)
    n, squares, steps = a[f.n], a[f.squares], a[f.steps]
    t = steps - 1 - (phase - a[f.first])
    v, delta = segment(i32, a[f.v], n), segment(i32, a[f.delta], n)
    delta[:] = 0
    i32[a[f.n_errors]] = 0
    if t < 0:
        return np.int64(0)
    if t == steps - 1:
        v[:] = 0
    spiked_at = segment(i32, a[f.spiked_at], steps + 1)
    messages, active, overflows = replay_spikes(
        segment(i32, a[f.e_in], squares), segment(i32, a[f.b], squares), segment(i32, a[f.spiked], a[f.room]),
        spiked_at[t], spiked_at[t + 1], segment(i32, a[f.support_word], a[f.n_history]),
        segment(i32, a[f.square_of], n), a[f.area], a[f.merge], t, a[f.fraction], a[f.limit], a[f.dead_zone],
        segment(i32, a[f.d], n), v, delta, segment(i32, a[f.errors], n), segment(i32, a[f.taken], squares),
    )  # fmt: skip
    i32[a[f.n_errors]] = messages
    c = a[f.counters] + BACKWARD
    add_count(i64, c, NEURON_ACTIVE, active)
    add_spikes(i64, c, messages, a[f.destinations])
    i64[a[f.overflows]] += overflows
    if t == 0:
        y = segment(i32, a[f.y], n)
        mean_errors(v, steps, y)
        i32[a[f.n_y]] = list_events(y, segment(i32, a[f.taught], n))
    return np.int64(overflows)


@dataclass
class AFTLIFMapNode(Node, kinds=("AFTLIFMap",)):
    """AFT-LIF neurons of feature maps."""

    geometry: Layer
    layer: int = 1
    adaptation: Adaptation = field(default_factory=Adaptation)
    pooling: Pooling = "sum"
    half_width: int = 8
    error_limit: int = TRACE_MAX
    dead_zone: int = 0
    fraction: int = 0

    def declare(self, asm: Assembler) -> None:
        """Vars of the neurons; OutPorts s_out of the squares, e_out and y_out of the neurons."""
        at, n, squares, steps = self.at, self.geometry.shape.size, self.geometry.pooled.size, asm.schedule.steps
        channels, height, width = self.geometry.shape
        at.update(height=height, width=width, channels=channels, pool=self.geometry.pool)
        at.update(n=n, squares=squares, area=self.geometry.pool**2, steps=steps, room=steps * n)
        for name in ("v", "d", "delta", "y"):
            asm.var(self, name, (n,))
        declare_history(self, asm)
        asm.var(self, "b", (squares,))
        declare_phased(self, asm, n)
        declare_adaptation(self, asm, self.adaptation)
        at["square_of"] = asm.memory.allocate("i32", (n,), self.geometry.squares).offset
        spiked, spiked_at = asm.memory.allocate("i32", (steps * n,)), asm.memory.allocate("i32", (steps + 1,))
        at.update(spiked=spiked.offset, spiked_at=spiked_at.offset, merge=int(self.pooling == "or"))
        at.update(row=width * channels, line=asm.scratch(width * channels))
        at.update(values=asm.scratch(squares), taken=asm.scratch(squares))
        sent = asm.event_signal(self, "s_out", squares, at["values"])
        error = asm.event_signal(self, "e_out", n, at["delta"])
        taught = asm.event_signal(self, "y_out", n, at["y"])
        at.update(count=sent.count, events=sent.events, n_errors=error.count, errors=error.events)
        at.update(n_y=taught.count, taught=taught.events)
        words = Slot("i32", at["spike_word"], (at["n_history"],))

        def list_fired(memory: Memory) -> None:
            """List the neurons that spiked in each step."""
            found, ends = memory.view(spiked), memory.view(spiked_at)
            ends[0] = 0
            for t in range(steps):
                ends[t + 1] = ends[t] + spikes_at(memory.view(words), t, found[ends[t] : ends[t] + n])

        def list_taught(memory: Memory) -> None:
            """List the neurons whose synapses learn."""
            found = np.flatnonzero(memory.arrays["i32"][at["y"] : at["y"] + n])
            memory.arrays["i32"][at["n_y"]] = found.size
            memory.arrays["i32"][at["taught"] : at["taught"] + found.size] = found

        asm.after_write(self.name, "spike_word", list_fired)
        asm.after_write(self.name, "y", list_taught)

    def emit(self, asm: Assembler) -> None:
        """Fire, replay where a gate is connected, adapt."""
        at, s = self.at, asm.schedule
        asm.op(RUN, 0, 1, LIF_MAP_RESET, at)
        start = s.fire_start(self.layer)
        asm.op(
            RUN, start, start + s.steps + 1, LIF_MAP_FORWARD, at,
            a_in=asm.required(self, "a_in").values, half_width=self.half_width, first=start,
            destinations=asm.destinations(self, "s_out"),
        )  # fmt: skip
        gate, errors = asm.source(self, "gate_in"), asm.source(self, "e_in")
        if gate is not None:
            first = s.error_arrival(self.layer)
            asm.op(
                RUN, first, first + s.steps + 1, LIF_MAP_REPLAY, at,
                live_gate=gate.count, first=first, fraction=self.fraction,
                limit=self.error_limit << MAP_FRACTION_BITS, dead_zone=self.dead_zone << MAP_FRACTION_BITS,
                destinations=asm.destinations(self, "e_out"),
                e_in=asm.zeros(at["squares"]) if errors is None else errors.values,
            )  # fmt: skip
        emit_adaptation(self, asm, self.adaptation, "spike_word")

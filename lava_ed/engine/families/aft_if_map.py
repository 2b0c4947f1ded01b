"""AFTIFMap: AFT-IF neurons of feature maps, pooled by earliest spike."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from lava_ed.engine.assembler import RUN, Assembler, Node, Signal, raise_flag
from lava_ed.engine.families.aft_if import declare_adaptation, emit_adaptation
from lava_ed.engine.families.phased import declare_phased
from lava_ed.engine.op import each, number, op, reads, updates, writes
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.counting import ALL_COUNTERS, BACKWARD, FORWARD, NEURON_ACTIVE
from lava_ed.kernels.fixed_point import TRACE_MAX
from lava_ed.kernels.loihi.add_count import add_count, add_spikes
from lava_ed.kernels.loihi.encoding import sort_values
from lava_ed.kernels.loihi.map_neuron import fire_best, fire_window_best, gate_pooled_errors, pool_membranes
from lava_ed.kernels.loihi.neuron import integrate, threshold_of_step
from lava_ed.kernels.views import segment
from lava_ed.network.adaptation import Adaptation
from lava_ed.network.layers import Layer

MAP_RESET = op(
    "map_reset", "maps", n=number("neurons"), presentation=updates("i64"), u=writes("i32", "n"),
    delta=writes("i32", "n"), errors=reads("i32", "n"), n_errors=updates("i32"), written=updates("i32"),
)  # fmt: skip
"""`written`: 1 where u or δ may be another value than 0 beside the last errors, as somebody wrote them."""


@kernel
def map_reset(a, i32, i64):  # type: ignore[no-untyped-def]
    """At a sample's first phase: next presentation; u, δ ← 0."""
    f = MAP_RESET
    i64[a[f.presentation]] += 1
    u, delta, errors = segment(i32, a[f.u], a[f.n]), segment(i32, a[f.delta], a[f.n]), segment(i32, a[f.errors], a[f.n])
    if i32[a[f.written]]:
        u[:] = 0
        delta[:] = 0
        i32[a[f.written]] = 0
    for e in range(i32[a[f.n_errors]]):
        delta[np.uint32(errors[np.uint32(e)])] = 0
    i32[a[f.n_errors]] = 0


MAP_CLEAR = op(
    "map_clear", "maps", n=number("neurons"), squares=number("of pooled neurons"), v=writes("i32", "n"),
    x=writes("i32", "squares"),
)  # fmt: skip


@kernel
def map_clear(a, i32):  # type: ignore[no-untyped-def]
    """The same of v and x, where a sample runs step by step: a jump overwrites them."""
    segment(i32, a[MAP_CLEAR.v], a[MAP_CLEAR.n])[:] = 0
    segment(i32, a[MAP_CLEAR.x], a[MAP_CLEAR.squares])[:] = 0


MAP_INTEGRATE = op(
    "map_integrate", "maps", n=number("neurons"), a_in=reads("i32", "n"), u=updates("i32", "n"),
    v=updates("i32", "n"), reached=reads("i32"), counters=updates("i64", ALL_COUNTERS), overflows=updates("i64"),
)  # fmt: skip


@kernel
def map_integrate(a, i32, i64) -> np.int64:  # type: ignore[no-untyped-def]
    """u += a_in, v += u; active are the neurons that a spike has reached."""
    f = MAP_INTEGRATE
    _, overflows = integrate(
        segment(i32, a[f.a_in], a[f.n]), segment(i32, a[f.u], a[f.n]), segment(i32, a[f.v], a[f.n])
    )
    add_count(i64, a[f.counters] + FORWARD, NEURON_ACTIVE, i32[a[f.reached]])
    i64[a[f.overflows]] += overflows
    return np.int64(overflows)


MAP_FIRE = op(
    "map_fire", "maps", n=number("neurons"), squares=number(), height=number(), width=number(), channels=number(),
    pool=number("side of a square"), u=writes("i32", "n"), v=reads("i32", "n"), best=updates("i32", "squares"),
    x=updates("i32", "squares"),
    threshold_step=reads("i32"), steps=number("T"), first=number("first phase of the window"), count=writes("i32"),
    events=writes("i32", "squares"), counters=updates("i64", ALL_COUNTERS),
    destinations=number("InPorts that its spikes reach"), sorted=number("1: a jump sorts the spikes by value"),
    order=writes("i32", "squares"), starts=writes("i32", "steps + 2"),
)  # fmt: skip


@kernel
def map_fire(a, i32, i64, phase):  # type: ignore[no-untyped-def]
    """The first spike of each square; u is gated off from here on."""
    f = MAP_FIRE
    steps, squares = a[f.steps], a[f.squares]
    s = phase - a[f.first]
    if s >= steps:
        i32[a[f.count]] = 0
        return
    best = segment(i32, a[f.best], squares)
    if s == 0:
        pool_membranes(
            segment(i32, a[f.v], a[f.n]), a[f.height], a[f.width], a[f.channels], a[f.pool], best,
        )  # fmt: skip
        segment(i32, a[f.u], a[f.n])[:] = 0
    kappa = threshold_of_step(i32[a[f.threshold_step]])
    count = fire_best(best, kappa, steps - s, segment(i32, a[f.x], squares), segment(i32, a[f.events], squares))
    i32[a[f.count]] = count
    c = a[f.counters] + FORWARD
    add_count(i64, c, NEURON_ACTIVE, count if s else 0)
    add_spikes(i64, c, count, a[f.destinations])


MAP_BACKWARD = op(
    "map_backward", "maps", n=number("neurons"), squares=number(), height=number(), width=number(), channels=number(),
    pool=number("side of a square"), live_e=reads("i32"), **each(reads("i32", "squares"), "e_in", "x", "best"),
    v=reads("i32", "n"), steps=number("T"), delta=writes("i32", "n"), errors=writes("i32", "n"), n_errors=writes("i32"),
    limit=number("largest error"), dead_zone=number("largest error that is not sent"),
    counters=updates("i64", ALL_COUNTERS), destinations=number("InPorts that its errors reach"),
)  # fmt: skip


@kernel
def map_backward(a, i32, i64):  # type: ignore[no-untyped-def]
    """δ of the neurons that fired for their square inside its window; each sends one graded message."""
    f = MAP_BACKWARD
    if i32[a[f.live_e]] == 0:
        return
    n, squares = a[f.n], a[f.squares]
    messages, active = gate_pooled_errors(
        segment(i32, a[f.e_in], squares), segment(i32, a[f.x], squares), a[f.steps], a[f.limit],
        a[f.dead_zone], segment(i32, a[f.v], n), segment(i32, a[f.best], squares),
        a[f.height], a[f.width], a[f.channels], a[f.pool],
        segment(i32, a[f.delta], n), segment(i32, a[f.errors], n),
    )  # fmt: skip
    i32[a[f.n_errors]] = messages
    c = a[f.counters] + BACKWARD
    add_count(i64, c, NEURON_ACTIVE, active)
    add_spikes(i64, c, messages, a[f.destinations])


@kernel
def map_window_fire(a, i32, i64):  # type: ignore[no-untyped-def]
    """What `map_fire` does in a window; a is a row of it."""
    f = MAP_FIRE
    steps, squares = a[f.steps], a[f.squares]
    best, x = segment(i32, a[f.best], squares), segment(i32, a[f.x], squares)
    pool_membranes(
        segment(i32, a[f.v], a[f.n]), a[f.height], a[f.width], a[f.channels], a[f.pool], best,
    )  # fmt: skip
    spikes, at_once = fire_window_best(best, threshold_of_step(i32[a[f.threshold_step]]), steps, x)
    if a[f.sorted]:
        sort_values(x, segment(i32, a[f.order], squares), segment(i32, a[f.starts], steps + 2))
    i32[a[f.count]] = 0
    c = a[f.counters] + FORWARD
    add_count(i64, c, NEURON_ACTIVE, spikes - at_once)
    add_spikes(i64, c, spikes, a[f.destinations])


@dataclass
class AFTIFMapNode(Node, kinds=("AFTIFMap",)):
    """AFT-IF neurons of feature maps."""

    geometry: Layer
    layer: int = 1
    adaptation: Adaptation = field(default_factory=Adaptation)
    error_limit: int = TRACE_MAX
    dead_zone: int = 0

    def declare(self, asm: Assembler) -> None:
        """Vars of the neurons; OutPorts s_out of the squares, e_out of the neurons."""
        at, (channels, height, width) = self.at, self.geometry.shape
        n, squares = self.geometry.shape.size, self.geometry.pooled.size
        at.update(n=n, squares=squares, height=height, width=width, channels=channels, pool=self.geometry.pool)
        for name, size in (("u", n), ("v", n), ("x", squares), ("delta", n)):
            asm.var(self, name, (size,))
        declare_phased(self, asm, n)
        declare_adaptation(self, asm, self.adaptation)
        at["best"] = asm.scratch(squares)
        asm.event_signal(self, "s_out", squares)
        error = asm.event_signal(self, "e_out", n, at["delta"])
        asm.signals[self.name, "e_out"] = replace(error, held=True)
        at.update(n_errors=error.count, errors=error.events)
        written = asm.memory.allocate("i32", (1,))
        at["written"] = written.offset
        for name in ("u", "delta"):
            asm.after_write(self.name, name, partial(raise_flag, written))

    def feeds_maps(self, asm: Assembler) -> bool:
        """Whether only convolutions read the spikes, which take them in any order."""
        readers = (c.target for c in asm.connections if (c.source, c.out_port) == (self.name, "s_out"))
        return all((reader, "reached") in asm.variables for reader in readers)

    def emit(self, asm: Assembler) -> None:
        """Integrate, fire, send δ, adapt."""
        at, s, out = self.at, asm.schedule, asm.signals[self.name, "s_out"]
        asm.op(RUN, 0, 1, MAP_RESET, at)
        asm.op(RUN, 0, 1, MAP_CLEAR, at)
        first, reached = s.fire_start(self.layer), asm.required(self, "reached_in").values
        a_in = asm.required(self, "a_in").values
        start, stop = s.integrate_start(self.layer), s.integrate_stop(self.layer)
        asm.op(RUN, start, stop, MAP_INTEGRATE, at, a_in=a_in, reached=reached)
        asm.op(
            RUN, first, first + s.steps + 1, MAP_FIRE, at,
            steps=s.steps, first=first, count=out.count, events=out.events,
            destinations=asm.destinations(self, "s_out"), order=asm.scratch(at["squares"]),
            starts=asm.scratch(s.steps + 2), sorted=int(not self.feeds_maps(asm)),
        )  # fmt: skip
        errors: Signal | None = asm.source(self, "e_in")
        if errors is not None:
            arrival = s.error_arrival(self.layer)
            asm.op(
                RUN, arrival, arrival + 1, MAP_BACKWARD, at,
                live_e=errors.count, e_in=errors.values, steps=s.steps, limit=self.error_limit,
                dead_zone=self.dead_zone, destinations=asm.destinations(self, "e_out"),
            )  # fmt: skip
        emit_adaptation(self, asm, self.adaptation, "x", "squares")

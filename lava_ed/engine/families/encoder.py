"""Encoders and labels: samples enter here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import RUN, Assembler, Node
from lava_ed.engine.families.phased import declare_phased
from lava_ed.engine.memory import Limits
from lava_ed.engine.op import each, number, op, reads, updates, writes
from lava_ed.kernels._jit import inlined_kernel
from lava_ed.kernels.counting import ALL_COUNTERS, BACKWARD, FORWARD
from lava_ed.kernels.fixed_point import planes_of, stream_key
from lava_ed.kernels.loihi import encoding
from lava_ed.kernels.loihi.add_count import add_spikes
from lava_ed.kernels.loihi.random_streams import DROP_STREAM
from lava_ed.kernels.views import segment
from lava_ed.network.encoding import DROP_MAX, ENCODERS, GREY_LEVELS, encoder_table
from lava_ed.network.settings import EncoderKind

TTFS, RATE, CURRENT, BINARY, BINS = range(5)


ENCODER_LOAD = op(
    "encoder_load", "ours", n=number("inputs"), n_bytes=number("of a sample: one or more an input"),
    values=number("values of the table"), presentation=updates("i64"), table=reads("i32", GREY_LEVELS),
    x=writes("i32", "n_bytes"), order=writes("i32", "n"), starts=writes("i32", "values + 1"),
    pixels=number("offset (u8) of the images, whose array is put in place later"), rows=reads("i64", "capacity"),
    capacity=number("samples that rows has room for"), **each(reads("i64"), "length", "base", "seed"),
    drop=reads("i32"),
)  # fmt: skip
"""Of presentation p, the pixels are those of image ``rows[(p − base) mod length]``."""


@inlined_kernel
def encoder_load(a, i32, i64, u8):  # type: ignore[no-untyped-def]
    """At a sample's first phase: next presentation, its pixels, their values."""
    f = ENCODER_LOAD
    size = a[f.n_bytes]
    i64[a[f.presentation]] += 1
    index = (i64[a[f.presentation]] - i64[a[f.base]]) % i64[a[f.length]]
    pixels = segment(u8, a[f.pixels] + i64[a[f.rows] + index] * size, size)
    table, drop = segment(i32, a[f.table], GREY_LEVELS), i32[a[f.drop]]
    key = stream_key(i64[a[f.seed]], i64[a[f.presentation]], DROP_STREAM, 0)
    x, order = segment(i32, a[f.x], size), segment(i32, a[f.order], a[f.n])
    starts = segment(i32, a[f.starts], a[f.values] + 1)
    if size == a[f.n]:
        encoding.load_values(pixels, table, drop, key, x, order, starts)
    else:
        encoding.load_planes(pixels, table, drop, key, x, order, starts)


ENCODER_SPIKES = op(
    "encoder_spikes", "ours", n=number("inputs"), n_bytes=number("of a sample"),
    kind=number("TTFS, RATE, CURRENT or BINS"), steps=number("T"),
    first=number("first phase of the window"), replay=number("1: in reverse"), x=reads("i32", "n_bytes"),
    order=reads("i32", "n"), starts=reads("i32", "values + 1"), values=number("values of the table"),
    count=writes("i32"), events=writes("i32", "n"), live_gate=reads("i32", optional=True),
    counters=updates("i64", ALL_COUNTERS), destinations=number("InPorts that its spikes reach"),
    part=number("FORWARD or BACKWARD, for which it counts"),
)  # fmt: skip


@inlined_kernel
def encoder_spikes(a, i32, i64, phase):  # type: ignore[no-untyped-def]
    """Spikes of one step, forward in time or, where the gate is open, in reverse."""
    f = ENCODER_SPIKES
    n, steps = a[f.n], a[f.steps]
    t = phase - a[f.first]
    if t >= steps or (a[f.live_gate] >= 0 and i32[a[f.live_gate]] == 0):
        i32[a[f.count]] = 0
        return
    if a[f.replay]:
        t = steps - 1 - t
    order = segment(i32, a[f.order], n)
    starts = segment(i32, a[f.starts], a[f.values] + 1)
    events = segment(i32, a[f.events], n)
    if a[f.kind] == TTFS:
        count = encoding.events_of_value(order, starts, steps - t, events)
    elif a[f.kind] == RATE:
        count = encoding.events_of_rate(order, starts, segment(i32, a[f.x], n), steps, t, events)
    elif a[f.kind] == BINS:
        count = encoding.events_of_bit(order, starts, segment(i32, a[f.x], a[f.n_bytes]), t, events)
    else:
        count = encoding.events_of_nonzero(order, starts, events)
    i32[a[f.count]] = count
    add_spikes(i64, a[f.counters] + a[f.part], count, a[f.destinations])


LABEL = op(
    "label", "ours", presentation=updates("i64"), labels=reads("i32", "capacity"),
    capacity=number("labels that there is room for"), length=reads("i64"), base=reads("i64"), label=writes("i32"),
)  # fmt: skip
"""Presentation p has ``labels[(p − base) mod length]``."""


@inlined_kernel
def label(a, i32, i64):  # type: ignore[no-untyped-def]
    """At a sample's first phase: next presentation and its label."""
    f = LABEL
    i64[a[f.presentation]] += 1
    i32[a[f.label]] = i32[a[f.labels] + (i64[a[f.presentation]] - i64[a[f.base]]) % i64[a[f.length]]]


def declare_order(node: Node, asm: Assembler, kind: str, capacity: int) -> None:
    """How many samples or labels there are, and the presentation that takes the first of them."""
    length, base = asm.memory.allocate("i64", (1,), capacity), asm.memory.allocate("i64", (1,))
    asm.named.update({("length", kind): length, ("base", kind): base})
    node.at.update(capacity=capacity, length=length.offset, base=base.offset)


@dataclass
class EncoderNode(Node, kinds=("Encoder",)):
    """Pixels in, spikes out; `samples` is (N, n) uint8, of bins (N, ⌈T/8⌉·n), presented in turn.

    With ``capacity`` instead of samples, the pixels are bound later (`Program.bind`).
    """

    size: int = 0
    kind: EncoderKind = "ttfs"
    samples: npt.NDArray[np.uint8] | None = None
    capacity: int = 0
    drop: int = 0
    seed: int = 0

    def declare(self, asm: Assembler) -> None:
        """Vars samples, x, drop, presentation, counters; OutPort s_out."""
        at, n = self.at, self.size
        table = encoder_table(self.kind, asm.schedule.steps)
        at.update(n=n, n_bytes=n * planes_of(self.kind, asm.schedule.steps))
        at.update(values=max(int(table.max()), asm.schedule.steps) + 1)
        asm.var(self, "x", (at["n_bytes"],))
        declare_phased(self, asm, seed=self.seed)
        asm.var(self, "drop", (1,), self.drop, limits=Limits(0, DROP_MAX, "a share in 1/256"))
        asm.barrier = asm.variables[self.name, "counters"].slot
        at["table"] = asm.memory.allocate("i32", (GREY_LEVELS,), table).offset
        at["order"] = asm.scratch(n)
        at["starts"] = asm.scratch(at["values"] + 1)
        capacity = self.capacity if self.samples is None else len(self.samples)
        rows = asm.memory.allocate("i64", (capacity,), np.arange(capacity))
        declare_order(self, asm, "samples", capacity)
        asm.named.update({("order", "samples"): rows, ("row", "samples"): asm.variables[self.name, "x"].slot})
        at.update(rows=rows.offset, pixels=0)
        if self.samples is not None:
            at["pixels"] = asm.var(self, "samples", self.samples.shape, self.samples, "u8")
            asm.named["own", "samples"] = asm.variables[self.name, "samples"].slot
        asm.event_signal(self, "s_out", n, at["x"] if self.kind == "current" else -1)

    def emit(self, asm: Assembler) -> None:
        """Load at phase 0; spikes forward, and in MPD-ED once more in reverse."""
        s, out = asm.schedule, asm.signals[self.name, "s_out"]
        asm.op(RUN, 0, 1, ENCODER_LOAD, self.at)

        def spikes(first: int, replay: int, gate: int, part: int) -> None:
            asm.op(
                RUN, first, first + s.steps + 1, ENCODER_SPIKES, self.at,
                kind=ENCODERS.index(self.kind), steps=s.steps, first=first, replay=replay, count=out.count,
                events=out.events, live_gate=gate, destinations=asm.destinations(self, "s_out"), part=part,
            )  # fmt: skip

        spikes(0, 0, -1, FORWARD)
        gate = asm.source(self, "gate_in")
        if s.timing.replays_spikes and gate is not None:
            spikes(s.error_arrival(1), 1, gate.count, BACKWARD)


@dataclass
class LabelNode(Node, kinds=("Labels",)):
    """The labels of the samples, presented in turn."""

    labels: npt.NDArray[Any] | None = None
    capacity: int = 0

    def declare(self, asm: Assembler) -> None:
        """Vars labels, presentation; OutPort label_out."""
        n = self.capacity if self.labels is None else len(self.labels)
        declare_phased(self, asm)
        asm.var(self, "labels", (n,), 0 if self.labels is None else self.labels)
        asm.named["order", "labels"] = asm.variables[self.name, "labels"].slot
        declare_order(self, asm, "labels", n)
        self.at["label"] = asm.scratch(1)
        asm.vector_signal(self, "label_out", 1, self.at["label"])

    def emit(self, asm: Assembler) -> None:
        """Set the label at phase 0."""
        asm.op(RUN, 0, 1, LABEL, self.at)

"""Encoders and labels: samples enter here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import PRESENTATIONS, RUN, TALLIES, Assembler, Node
from lava_ed.engine.families import opcodes
from lava_ed.engine.memory import Limits
from lava_ed.kernels._jit import inlined_kernel
from lava_ed.kernels.counted import add_count
from lava_ed.kernels.counting import FORWARD, N_PHASES, SPIKE_MESSAGES, SPIKES
from lava_ed.kernels.encoding import events_of_nonzero, events_of_rate, events_of_value, load_values
from lava_ed.kernels.fixed_point import stream_key
from lava_ed.kernels.streams import DROP_STREAM
from lava_ed.kernels.views import segment
from lava_ed.network.encoding import DROP_MAX, ENCODERS, GREY_LEVELS, EncoderKind, encoder_table

TTFS, RATE, CURRENT = range(3)


@inlined_kernel
def encoder_load(a, i32, i64, u8):  # type: ignore[no-untyped-def]
    """At a sample's first phase: next presentation, its pixels, their values.

    Columns: 1 n, 2 values of a table, 3 presentation (i64), 4 table, 5 x, 6 order, 7 starts, 8 pixels
    (u8), 9 sample order (i64), 10 its length (i64), 11 its first presentation (i64), 12 share dropped (Var),
    13 seed (i64).
    """
    n = a[1]
    i64[a[3]] += 1
    index = (i64[a[3]] - i64[a[11]]) % i64[a[10]]
    row = a[8] + i64[a[9] + index] * n
    load_values(
        segment(u8, row, n),
        segment(i32, a[4], 256),
        i32[a[12]],
        stream_key(i64[a[13]], i64[a[3]], DROP_STREAM, 0),
        segment(i32, a[5], n),
        segment(i32, a[6], n),
        segment(i32, a[7], a[2] + 1),
    )


@inlined_kernel
def encoder_spikes(a, i32, i64, phase):  # type: ignore[no-untyped-def]
    """Spikes of one step, forward in time or, where the gate is open, in reverse.

    Columns: 1 n, 2 kind, 3 T, 4 first phase, 5 replay (0/1), 6 x, 7 order, 8 starts, 9 event
    count, 10 events, 11 gate or −1, 12 counters (i64), 13 destinations, 14 counter phase, 15 values of a table.
    """
    n = a[1]
    t = phase - a[4]
    if t >= a[3] or (a[11] >= 0 and i32[a[11]] == 0):
        i32[a[9]] = 0
        return
    if a[5]:
        t = a[3] - 1 - t
    order = segment(i32, a[7], n)
    starts = segment(i32, a[8], a[15] + 1)
    events = segment(i32, a[10], n)
    if a[2] == TTFS:
        count = events_of_value(order, starts, a[3] - t, events)
    elif a[2] == RATE:
        count = events_of_rate(order, starts, segment(i32, a[6], n), a[3], t, events)
    else:
        count = events_of_nonzero(order, starts, events)
    i32[a[9]] = count
    c = a[12] + a[14]
    add_count(i64, c + SPIKES * N_PHASES, count)
    add_count(i64, c + SPIKE_MESSAGES * N_PHASES, count * a[13])


@inlined_kernel
def label(a, i32, i64):  # type: ignore[no-untyped-def]
    """At a sample's first phase: next presentation and its label.

    Columns: 1 presentation (i64), 2 labels, 3 how many (i64), 4 their first presentation (i64), 5 label.
    """
    i64[a[1]] += 1
    i32[a[5]] = i32[a[2] + (i64[a[1]] - i64[a[4]]) % i64[a[3]]]


@dataclass
class EncoderNode(Node):
    """Pixels in, spikes out; `samples` is (N, n) uint8, presented in turn.

    With ``capacity`` instead of samples, the pixels are bound later (`Program.bind`).
    """

    size: int = 0
    kind: EncoderKind = "ttfs"
    samples: npt.NDArray[np.uint8] | None = None
    capacity: int = 0
    drop: int = 0
    seed: int = 0
    _columns: dict[str, int] = field(default_factory=dict)

    def declare(self, asm: Assembler) -> None:
        """Vars samples, x, drop, presentation, counters; OutPort s_out."""
        c = self._columns
        table = encoder_table(self.kind, asm.schedule.steps)
        c["values"] = max(int(table.max()), asm.schedule.steps) + 1
        c["x"] = asm.var(self, "x", (self.size,))
        c["presentation"] = asm.var(self, "presentation", (1,), -1, "i64", PRESENTATIONS)
        c["drop"] = asm.var(self, "drop", (1,), self.drop, limits=Limits(0, DROP_MAX, "a share in 1/256"))
        c["seed"] = asm.memory.allocate("i64", (1,), self.seed).offset
        c["counters"] = asm.counters(self)
        asm.var(self, "overflows", (1,), arena="i64", limits=TALLIES)
        asm.barrier = asm.variables[self.name, "counters"].slot
        c["table"] = asm.memory.allocate("i32", (GREY_LEVELS,), table).offset
        c["order"] = asm.scratch(self.size)
        c["starts"] = asm.scratch(c["values"] + 1)
        n = self.capacity if self.samples is None else len(self.samples)
        order = asm.memory.allocate("i64", (n,), np.arange(n))
        length = asm.memory.allocate("i64", (1,), n)
        base = asm.memory.allocate("i64", (1,))
        asm.named.update({("order", "samples"): order, ("length", "samples"): length, ("base", "samples"): base})
        asm.named["row", "samples"] = asm.variables[self.name, "x"].slot
        c.update(sample_order=order.offset, length=length.offset, base=base.offset)
        c["pixels"] = 0
        if self.samples is not None:
            c["pixels"] = asm.var(self, "samples", self.samples.shape, self.samples, "u8")
            asm.named["own", "samples"] = asm.variables[self.name, "samples"].slot
        graded = c["x"] if self.kind == "current" else -1
        asm.event_signal(self, "s_out", self.size, graded)

    def emit(self, asm: Assembler) -> None:
        """Load at phase 0; spikes forward, and in MPD-ED once more in reverse."""
        c, s = self._columns, asm.schedule
        names = (
            "presentation",
            "table",
            "x",
            "order",
            "starts",
            "pixels",
            "sample_order",
            "length",
            "base",
            "drop",
            "seed",
        )
        asm.op(RUN, 0, 1, opcodes.ENCODER_LOAD, self.size, c["values"], *(c[k] for k in (*names, "drop", "seed")))
        out = asm.signals[self.name, "s_out"]

        def spikes(start: int, replay: int, gate: int, phase: int) -> None:
            asm.op(
                RUN, start, start + s.steps + 1, opcodes.ENCODER_SPIKES,
                self.size, ENCODERS.index(self.kind), s.steps, start, replay, c["x"], c["order"], c["starts"],
                out.count, out.events, gate, c["counters"], asm.destinations(self, "s_out"), phase, c["values"],
            )  # fmt: skip

        spikes(0, 0, -1, FORWARD)
        gate = asm.source(self, "gate_in")
        if s.timing.replays and gate is not None:
            spikes(s.error_arrival(1), 1, gate.count, FORWARD + 1)


@dataclass
class LabelNode(Node):
    """The labels of the samples, presented in turn."""

    labels: npt.NDArray[Any] | None = None
    capacity: int = 0
    _columns: dict[str, int] = field(default_factory=dict)

    def declare(self, asm: Assembler) -> None:
        """Vars labels, presentation; OutPort label_out."""
        c = self._columns
        n = self.capacity if self.labels is None else len(self.labels)
        c["presentation"] = asm.var(self, "presentation", (1,), -1, "i64", PRESENTATIONS)
        asm.counters(self)
        asm.var(self, "overflows", (1,), arena="i64", limits=TALLIES)
        c["labels"] = asm.var(self, "labels", (n,), 0 if self.labels is None else self.labels)
        length = asm.memory.allocate("i64", (1,), n)
        base = asm.memory.allocate("i64", (1,))
        asm.named.update(
            {
                ("order", "labels"): asm.variables[self.name, "labels"].slot,
                ("length", "labels"): length,
                ("base", "labels"): base,
            }
        )
        c.update(length=length.offset, base=base.offset)
        c["label"] = asm.scratch(1)
        asm.vector_signal(self, "label_out", 1, c["label"])

    def emit(self, asm: Assembler) -> None:
        """Set the label at phase 0."""
        c = self._columns
        asm.op(RUN, 0, 1, opcodes.LABEL, c["presentation"], c["labels"], c["length"], c["base"], c["label"])

"""PlasticConv: kernels that spikes and errors read tap by tap, and the sums by which they learn."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import LEARN, RUN, SYNAPSES, Assembler, Node, Signal
from lava_ed.engine.families.conv_spikes import CONV_BACKWARD, CONV_LEARN
from lava_ed.engine.families.conv_windows import CONV_LEARN_WINDOWS, CONV_READ_BACK, CONV_SHOW_WEIGHTS, declare_windows
from lava_ed.engine.families.phased import declare_phased
from lava_ed.engine.memory import Limits, Memory, Slot, Variable
from lava_ed.engine.op import NOWHERE, each, number, op, reads, updates, writes
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.counting import ALL_COUNTERS, COUNTING, FORWARD, GRADED_SYNOPS, SYNOPS, TRACE_UPDATES, UPDATE
from lava_ed.kernels.fixed_point import TAG_MAX, TRACE_MAX
from lava_ed.kernels.loihi import convolution
from lava_ed.kernels.loihi.add_count import add_count
from lava_ed.kernels.loihi.conv_counts import steps_reached, synapses_read
from lava_ed.kernels.loihi.conv_windows import pad_map, pad_spikes, sum_map
from lava_ed.kernels.loihi.convolution import COUNTED, GRADED, TIMED
from lava_ed.kernels.vectors.events import add_counts, copy_vector, list_events
from lava_ed.kernels.vectors.window_sums import count_of_nonzeros
from lava_ed.kernels.views import segment
from lava_ed.learning_rules.rate import MAX_MANTISSA
from lava_ed.network.layers import RATE_SHIFTS, Layer, tables_of

CONV_RESET = op(
    "conv_reset", "maps", n_pre=number(), presentation=updates("i64"), x1=writes("i32", "n_pre"),
    x0_count=writes("i32"), kept=writes("i64"),
)  # fmt: skip


@kernel
def conv_reset(a, i32, i64):  # type: ignore[no-untyped-def]
    """At a sample's first phase: next presentation; no input has spiked."""
    f = CONV_RESET
    i64[a[f.presentation]] += 1
    segment(i32, a[f.x1], a[f.n_pre])[:] = 0
    i32[a[f.x0_count]] = 0
    i64[a[f.kept]] = 0


CONV_FORWARD_SPIKES = op(
    "conv_forward_spikes", "maps", n_pre=number(), n_post=number(), n_weights=number(), rows=number(),
    table=reads("i32", "n_table"), n_table=number(), weights=reads("i8", "n_weights"), nonzeros=reads("i32", "rows"),
    count=reads("i32"), events=reads("i32", "n_pre"), a_buff=updates("i32", "n_post"),
    **each(updates("i32"), "live_a", "x0_count", "reached_count"), counters=updates("i64", ALL_COUNTERS),
    steps=number("T"), first=number("first phase of the window"), fan_in=number("most synapses of a neuron"),
    x0_list=writes("i32", "n_pre"), x1=updates("i32", "n_pre"), positions=number(), reached=updates("i32", "positions"),
    pixels=number("h_in·w_in"), highest=writes("i32", "pixels"), wide=number("h_in·w_out"),
    across=writes("i32", "wide"), x=reads("i32", "n_pre", optional=True), n_padded=number("values of the padded map"),
    inputs8=updates("i8", "n_padded", optional=True), n_packed=number("bytes"),
    packed=reads("i8", "n_packed", optional=True), fan_out=reads("i32", "n_padded", optional=True),
    stepwise=writes("i32"), kind=number("TIMED, COUNTED or GRADED"), payloads=reads("i32", "n_pre", optional=True),
    kept=updates("i64"), reaches=number("1: somebody asks who is reached"),
)  # fmt: skip
"""`kept` holds the synapses that a constant input has read into a_buff, 0 where it has to read them."""


@kernel
def conv_forward_spikes(a, i8, i32, i64, phase):  # type: ignore[no-untyped-def]
    """Sum what this step's spikes read into a_buff; note their times, and which neurons they reach."""
    f = CONV_FORWARD_SPIKES
    steps, n_pre = a[f.steps], a[f.n_pre]
    count = i32[a[f.count]] if phase - a[f.first] < steps else 0
    a_buff = segment(i32, a[f.a_buff], a[f.n_post])
    if a[f.kind] == GRADED and count and i64[a[f.kept]]:
        add_count(i64, a[f.counters] + FORWARD, GRADED_SYNOPS, i64[a[f.kept]])
        return
    i64[a[f.kept]] = 0
    if i32[a[f.live_a]]:
        a_buff[:] = 0
        i32[a[f.live_a]] = 0
    if a[f.reaches] and phase - a[f.first] == steps:
        segment(i32, a[f.reached], a[f.positions])[:] = 0
        i32[a[f.reached_count]] = 0
    if count == 0:
        return
    i32[a[f.live_a]] = 1
    events, x1 = segment(i32, a[f.events], n_pre), segment(i32, a[f.x1], n_pre)
    tables, summed = segment(i32, a[f.table], a[f.n_table]), a[f.payloads] >= 0
    payloads = segment(i32, a[f.payloads] if summed else a[f.x1], n_pre)
    if a[f.inputs8] >= 0 and a[f.kind] != TIMED:
        inputs8 = segment(i8, a[f.inputs8], a[f.n_padded])
        if summed:
            pad_map(tables, payloads, inputs8)
        else:
            pad_spikes(tables, events, count, inputs8)
        sum_map(inputs8, segment(i8, a[f.packed], a[f.n_packed]), tables, a_buff)
        synops = synapses_read(inputs8, segment(i32, a[f.fan_out], a[f.n_padded]), a[f.kind] == COUNTED)
        if summed and a[f.kind] == COUNTED:  # nobody asks for a list
            more = add_counts(payloads, x1)
            i32[a[f.x0_count]] += more
            add_count(i64, a[f.counters] + FORWARD, SYNOPS, synops)
            add_count(i64, a[f.counters] + UPDATE, TRACE_UPDATES, more)
            return
    else:
        synops = convolution.scatter_spikes(
            segment(i8, a[f.weights], a[f.n_weights]), segment(i32, a[f.nonzeros], a[f.rows]), tables, events, 0,
            count, payloads, summed + (summed and a[f.kind] == COUNTED), a_buff,
        )  # fmt: skip
    add_count(i64, a[f.counters] + FORWARD, GRADED_SYNOPS if a[f.kind] == GRADED else SYNOPS, synops)
    if a[f.kind] == GRADED:
        i64[a[f.kept]] = synops
    if a[f.reaches]:
        reached = segment(i32, a[f.reached], a[f.positions])
        i32[a[f.reached_count]] += convolution.mark_reached(tables, events, count, reached)
    listed, updates = convolution.note_spikes(
        a[f.kind], events, count, payloads, summed, steps - (phase - a[f.first]), segment(i32, a[f.x0_list], n_pre),
        i32[a[f.x0_count]], x1,
    )  # fmt: skip
    i32[a[f.x0_count]] = listed
    add_count(i64, a[f.counters] + UPDATE, TRACE_UPDATES, updates)


@kernel
def conv_window(a, v, i8, i32, i64):  # type: ignore[no-untyped-def]
    """Do what `conv_forward_spikes` and the neurons' sums come to in a window; returns the active neuron updates.

    Parameters
    ----------
    a : int64
        Row of the op.
    v : int32 (n_post,)
        Membranes; overwritten.
    """
    f = CONV_FORWARD_SPIKES
    n_pre = a[f.n_pre]
    x, x1, tables = segment(i32, a[f.x], n_pre), segment(i32, a[f.x1], n_pre), segment(i32, a[f.table], a[f.n_table])
    highest, across = segment(i32, a[f.highest], a[f.pixels]), segment(i32, a[f.across], a[f.wide])
    copy_vector(x, x1)
    i32[a[f.stepwise]] = 0
    steps = np.int64(0)
    if a[f.inputs8] >= 0:
        inputs8, packed = segment(i8, a[f.inputs8], a[f.n_padded]), segment(i8, a[f.packed], a[f.n_packed])
        pad_map(tables, x, inputs8)
        sum_map(inputs8, packed, tables, v)
        count = count_of_nonzeros(x, 0, n_pre)
        synops = np.int64(0)
        if COUNTING:
            synops = synapses_read(inputs8, segment(i32, a[f.fan_out], a[f.n_padded]), 0)
            steps = steps_reached(x, tables, highest, across)
    else:
        events = segment(i32, a[f.x0_list], n_pre)
        count = list_events(x, events)
        v[:] = 0
        synops = convolution.scatter_spikes(
            segment(i8, a[f.weights], a[f.n_weights]), segment(i32, a[f.nonzeros], a[f.rows]), tables, events, 0,
            count, x1, 1, v,
        )  # fmt: skip
        if COUNTING:
            steps = convolution.reached_steps(tables, x1, highest, across)
    i32[a[f.x0_count]] = count
    add_count(i64, a[f.counters] + FORWARD, SYNOPS, synops)
    add_count(i64, a[f.counters] + UPDATE, TRACE_UPDATES, count)
    return steps


@dataclass
class PlasticConvNode(Node, kinds=("PlasticConv",)):
    """Plastic kernels, shared by all positions or by none."""

    geometry: Layer
    layer: int = 1
    weights: npt.NDArray[np.int8] = field(default_factory=lambda: np.zeros((1, 1), np.int8))
    error_shift: int = 0
    mantissa: int = 1
    rate_shift: int = 0
    graded: bool = False
    summed: bool = False
    shared: bool = True
    planar: bool = False
    frozen: bool = False

    delayed = True

    def declare(self, asm: Assembler) -> None:
        """Vars of the kernels and traces; OutPorts a_out, e_out, reached_out."""
        at, (source, shape) = self.at, (self.geometry.source, self.geometry.shape)
        n_pre, n_post, (rows, columns) = source.size, shape.size, self.weights.shape
        made = tables_of(self.geometry, self.shared, self.planar)
        tables = asm.memory.allocate("i32", made.shape, made)
        stored = asm.memory.allocate("i8", self.weights.shape, self.weights)
        nonzeros = asm.memory.allocate("i32", (rows,), np.count_nonzero(self.weights, axis=1))
        asm.variables[self.name, "weights"] = Variable(stored, packed=True, row_nonzeros=nonzeros)
        at.update(n_pre=n_pre, n_post=n_post, rows=rows, n_weights=rows * columns, table=tables.offset)
        at.update(fan_in=self.geometry.fan_in, n_table=made.size, weights=stored.offset, nonzeros=nonzeros.offset)
        mantissas = Limits(1, MAX_MANTISSA, "the mantissa of a learning rate")
        shifts = Limits(*RATE_SHIFTS, "bits by which the sums of a tap are shifted")
        for name, size, init, limits in (
            ("a_buff", n_post, 0, None),
            ("e_buff", n_pre, 0, None),
            ("x1", n_pre, 0, Limits(0, TRACE_MAX, "7 bits")),
            ("rate_mantissa", 1, self.mantissa, mantissas),
            ("rate_shift", 1, self.rate_shift, shifts),
        ):
            asm.var(self, name, (size,), init, limits=limits)
        declare_phased(self, asm)
        tag = asm.memory.allocate("i16", self.weights.shape)
        asm.variables[self.name, "tag_1"] = Variable(tag, transposed=True, limits=Limits(0, TAG_MAX, "8 bits"))
        reached = asm.var(self, "reached", (shape.height * shape.width,), limits=Limits(0, 1))
        at.update(tag=tag.offset, reached=reached, positions=shape.height * shape.width)
        at.update(x0_count=asm.scratch(1), x0_list=asm.scratch(n_pre), reached_count=asm.scratch(1))
        at.update(pixels=source.height * source.width, wide=source.height * shape.width)
        at.update(n_live=shape.height * (shape.width + 1))
        at.update(highest=asm.scratch(at["pixels"]), across=asm.scratch(at["wide"]), live=asm.scratch(at["n_live"]))
        at.update(kept=asm.scratch(1, "i64"), sums=asm.scratch(rows * columns), stepwise=asm.scratch(1))
        at.update(n_padded=0, n_packed=0, **dict.fromkeys(("inputs8", "packed", "fan_out"), NOWHERE))
        if self._by_windows:
            declare_windows(self, asm, stored, nonzeros, tag, tables)
            at.update(pixels=at["n_places"], wide=at["n_places"], highest=at["places"])
        at["live_a"] = asm.vector_signal(self, "a_out", n_post, at["a_buff"]).count
        at["live_e"] = asm.vector_signal(self, "e_out", n_pre, at["e_buff"]).count
        asm.signals[self.name, "reached_out"] = Signal(1, at["reached_count"], values=at["reached_count"])
        self._follow(asm, stored, tables)

    @property
    def _by_windows(self) -> bool:
        """Whether kernels are read by the windows of their outputs."""
        return self.shared and self.geometry.groups == 1

    def _follow(self, asm: Assembler, stored: Slot, tables: Slot) -> None:
        """What is derived from Vars: the weights as errors read them, the inputs that spiked, the neurons reached."""
        at, channels = self.at, self.geometry.shape.channels
        at["n_turned"] = self.geometry.turned_size(self.shared)
        turned = asm.memory.allocate("i8", (at["n_turned"],))
        x1, listed = Slot("i32", at["x1"], (at["n_pre"],)), Slot("i32", at["x0_list"], (at["n_pre"],))
        reached = Slot("i32", at["reached"], (at["positions"],))
        at["turned"] = turned.offset

        def turn(memory: Memory) -> None:
            """Turn the weights."""
            convolution.turn_weights(memory.view(stored).reshape(-1), memory.view(tables), memory.view(turned))

        def list_inputs(memory: Memory) -> None:
            """List the inputs that spiked, in any order: sums do not depend on it."""
            spiked = np.flatnonzero(memory.view(x1))
            memory.arrays["i32"][at["x0_count"]] = spiked.size
            memory.view(listed)[: spiked.size] = spiked

        def forget(memory: Memory) -> None:
            """Have a constant input read anew."""
            memory.arrays["i64"][at["kept"]] = 0

        def count_reached(memory: Memory) -> None:
            """Count the neurons that were reached."""
            memory.arrays["i32"][at["reached_count"]] = int(memory.view(reached).sum()) * channels

        if not self._by_windows:
            asm.follow(self, ("weights",), turn)
        for name in ("weights", "a_buff"):
            asm.after_write(self.name, name, forget)
        asm.after_write(self.name, "x1", list_inputs)
        asm.after_write(self.name, "reached", count_reached)

    def emit(self, asm: Assembler) -> None:
        """Forward in the pre-synaptic layer's window, backward at the error's, learning at the sample's end."""
        s, at, pre = asm.schedule, self.at, asm.required(self, "s_in")
        start = s.fire_start(self.layer - 1)
        sender = asm.variables.get((asm.feeds(self, "s_in")[0].source, "x"))
        asm.op(RUN, 0, 1, CONV_RESET, at)
        kind = TIMED if s.timing.spikes_once else GRADED if self.graded else COUNTED
        if self._by_windows and kind == TIMED:
            asm.op(RUN, 0, 1, CONV_SHOW_WEIGHTS, at)
        asm.op(
            SYNAPSES, start, start + s.steps + 1, CONV_FORWARD_SPIKES, at,
            count=pre.count, events=pre.events, steps=s.steps, first=start,
            x=NOWHERE if sender is None else sender.slot.offset, kind=kind,
            payloads=pre.payloads if self.graded or self.summed else NOWHERE,
            reaches=int(asm.fan_out(self, "reached_out") > 0),
        )  # fmt: skip
        errors = asm.source(self, "e_in")
        if errors is None:
            return
        sent = {"n_errors": errors.count, "errors": errors.events, "delta": errors.values}
        backward = bool(asm.fan_out(self, "e_out"))
        read, learn = (CONV_READ_BACK, CONV_LEARN_WINDOWS) if self._by_windows else (CONV_BACKWARD, CONV_LEARN)
        if backward:
            phases = s.error_phases(self.layer)
            for first, last, inside in ((phases.start, phases.stop, 1), (phases.stop, phases.stop + 1, 0)):
                fields = at | sent | {"error_shift": self.error_shift, "inside": inside}
                asm.op(SYNAPSES, first, last, read, fields)
        if (taught := asm.source(self, "y_in")) is not None:
            sent = {"n_errors": taught.count, "errors": taught.events, "delta": taught.values}
        if not self.frozen:
            turned = {"turned": at["turned"] if backward else NOWHERE}
            asm.op(LEARN, s.learning_phase, s.period, learn, at | sent | turned)

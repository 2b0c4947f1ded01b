"""PlasticDense: forward sums over spikes, backward sums over errors, learning."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import LEARN, RUN, SYNAPSES, TALLIES, Assembler, Node, Signal
from lava_ed.engine.families.phased import declare_phased
from lava_ed.engine.memory import Limits, Memory, Slot, Variable
from lava_ed.engine.op import NOWHERE, each, number, op, reads, updates, writes
from lava_ed.kernels import counting
from lava_ed.kernels._jit import inlined_kernel, kernel
from lava_ed.kernels.counting import ALL_COUNTERS, BACKWARD, FORWARD, UPDATE
from lava_ed.kernels.fixed_point import SCALE_EXPONENT_MAX, SCALE_EXPONENT_MIN, TAG_MAX, TRACE_MAX, stream_key
from lava_ed.kernels.loihi import plasticity
from lava_ed.kernels.loihi.add_count import add_count
from lava_ed.kernels.loihi.plasticity import COUNTER_ROUNDING, WORK_ROWS
from lava_ed.kernels.loihi.random_streams import TAG_EXPONENT, TAG_STREAM
from lava_ed.kernels.loihi.synapse import backward_errors, forward_graded, forward_spikes, synops_of, synops_of_several
from lava_ed.kernels.views import matrix, segment
from lava_ed.learning_rules.rate import MAX_MANTISSA
from lava_ed.network.values import DEPENDENCIES

DENSE_RESET = op(
    "dense_reset", "ours", n=number("pre-synaptic neurons with x0"), presentation=updates("i64"),
    x0_count=updates("i32"), x0_list=reads("i32", "n"), x0=writes("i32", "n"), x1=writes("i32", "n"),
)  # fmt: skip


@inlined_kernel
def dense_reset(a, i32, i64):  # type: ignore[no-untyped-def]
    """At a sample's first phase: x0 and x1 of the neurons that spiked in the last one ← 0."""
    f = DENSE_RESET
    i64[a[f.presentation]] += 1
    # Read once: each store might change the op table for all that LLVM knows.
    count, listed, x0, x1 = i32[a[f.x0_count]], a[f.x0_list], a[f.x0], a[f.x1]
    for k in range(count):
        i = i32[np.uint32(listed + k)]
        i32[np.uint32(x0 + i)] = 0
        i32[np.uint32(x1 + i)] = 0
    i32[a[f.x0_count]] = 0


X1_COUNTS = 2
"""Value of DENSE_FORWARD's `with_x1` under which x1 is a number of spikes; with k more a spike counts 2^k."""

DENSE_FORWARD = op(
    "dense_forward", "ours", n_pre=number(), n_post=number(), weights=reads("i8", "n_pre * n_post"),
    nonzeros=reads("i32", "n_pre"), count=reads("i32"), events=reads("i32", "n_pre"),
    payloads=reads("i32", "n_pre", optional=True), weight_exponent=number(), a_buff=updates("i32", "n_post"),
    live_a=updates("i32"), counters=updates("i64", ALL_COUNTERS),
    with_x1=number("1: note x0 and x1, 2 + k: of every spike, which adds 2^k to x1"), steps=number("T"),
    first=number("first phase of the window"), x0_count=updates("i32"), x0_list=writes("i32", "n_pre"),
    x0=updates("i32", "n_pre"), x1=writes("i32", "n_pre"),
    groups=writes("i32", "steps * n_post + n_post", optional=True),
)  # fmt: skip


@inlined_kernel
def dense_forward(a, i8, i32, i64, phase):  # type: ignore[no-untyped-def]
    """Sum the rows of the spikes into a_buff; note x0 and x1 where the rule has x1."""
    f = DENSE_FORWARD
    n_pre, payload, steps = a[f.n_pre], a[f.payloads], a[f.steps]
    count = i32[a[f.count]] if phase - a[f.first] < steps else 0
    if count == 0:
        if i32[a[f.live_a]]:
            segment(i32, a[f.a_buff], a[f.n_post])[:] = 0
            i32[a[f.live_a]] = 0
        return
    i32[a[f.live_a]] = 1
    w8 = matrix(i8, a[f.weights], n_pre, a[f.n_post])
    nonzeros = segment(i32, a[f.nonzeros], n_pre)
    events = segment(i32, a[f.events], count)
    a_buff = segment(i32, a[f.a_buff], a[f.n_post])
    c = a[f.counters]
    if payload < 0:
        synops = forward_spikes(w8, nonzeros, events, count, a[f.weight_exponent], a_buff)
        add_count(i64, c + FORWARD, counting.SYNOPS, synops)
    else:
        payloads = segment(i32, payload, n_pre)
        synops = forward_graded(w8, nonzeros, events, payloads, count, a[f.weight_exponent], a_buff)
        if a[f.with_x1] >= X1_COUNTS:
            add_count(i64, c + FORWARD, counting.SYNOPS, synops_of_several(nonzeros, events, count, payloads))
        else:
            add_count(i64, c + FORWARD, counting.GRADED_SYNOPS, synops)
    if a[f.with_x1]:
        x0, x1 = segment(i32, a[f.x0], n_pre), segment(i32, a[f.x1], n_pre)
        listed = segment(i32, a[f.x0_list], n_pre)
        counts, n_listed = a[f.with_x1] >= X1_COUNTS, i32[a[f.x0_count]]
        before, counted = n_listed, np.int64(0)
        for k in range(count):
            i = np.uint32(events[k])
            value = i32[payload + i] if payload >= 0 else np.int32(1 if counts else steps - (phase - a[f.first]))
            new = x0[i] == 0
            if counts:
                x1[i] = plasticity.counted_trace(x1[i], value, a[f.with_x1] - X1_COUNTS)
                counted += value
            elif new:
                x1[i] = value
            x0[i] = 1
            if new:
                listed[np.uint32(n_listed)] = np.int32(i)
                n_listed += 1
        i32[a[f.x0_count]] = n_listed
        add_count(i64, c + UPDATE, counting.TRACE_UPDATES, counted if counts else n_listed - before)


DENSE_REPLAY = op(
    "dense_replay", "ours", n_pre=number(), nonzeros=reads("i32", "n_pre"), count=reads("i32"),
    events=reads("i32", "n_pre"), counters=updates("i64", ALL_COUNTERS), counter=number("SYNOPS or GRADED_SYNOPS"),
)  # fmt: skip


@inlined_kernel
def dense_replay(a, i32, i64):  # type: ignore[no-untyped-def]
    """Replayed spikes are read by every synapse, though the post-synaptic side ignores the sum."""
    f = DENSE_REPLAY
    count = i32[a[f.count]]
    if count:
        synops = synops_of(segment(i32, a[f.nonzeros], a[f.n_pre]), segment(i32, a[f.events], count), count)
        add_count(i64, a[f.counters] + BACKWARD, a[f.counter], synops)


DENSE_BACKWARD = op(
    "dense_backward", "ours", n_pre=number(), n_post=number(), weights=reads("i8", "n_pre * n_post"),
    live_e_in=reads("i32"), e_in=reads("i32", "n_post"), error_shift=number(), e_buff=updates("i32", "n_pre"),
    live_e=updates("i32"), counters=updates("i64", ALL_COUNTERS), overflows=updates("i64"),
    inside=number("0: after the window, only clear"),
)  # fmt: skip


@inlined_kernel
def dense_backward(a, i8, i32, i64) -> np.int64:  # type: ignore[no-untyped-def]
    """Read the same synapses backwards, without the weight exponent: errors into e_buff."""
    f = DENSE_BACKWARD
    n_pre, n_post = a[f.n_pre], a[f.n_post]
    if i32[a[f.live_e_in]] == 0 or a[f.inside] == 0:
        if i32[a[f.live_e]]:
            segment(i32, a[f.e_buff], n_pre)[:] = 0
            i32[a[f.live_e]] = 0
        return np.int64(0)
    w8 = matrix(i8, a[f.weights], n_pre, n_post)
    e_in, e_buff = segment(i32, a[f.e_in], n_post), segment(i32, a[f.e_buff], n_pre)
    synops, overflows = backward_errors(w8, e_in, a[f.error_shift], e_buff)
    i32[a[f.live_e]] = 1
    add_count(i64, a[f.counters] + BACKWARD, counting.GRADED_SYNOPS, synops)
    i64[a[f.overflows]] += overflows
    return np.int64(overflows)


DENSE_LEARN = op(
    "dense_learn", "ours", n_pre=number(), n_post=number(), weights=updates("i8", "n_pre * n_post"),
    nonzeros=updates("i32", "n_pre"),
    **each(reads("i32"), "count", "live_y", "rate_mantissa", "rate_exponent", "scalar"), events=reads("i32", "n_pre"),
    x1=reads("i32", "n_pre"), with_x1=number("1: the rule has x1"), y1=reads("i32", "n_post"),
    y2=reads("i32", "n_post"), seed=reads("i64"), presentation=reads("i64"), layer=number(),
    counters=updates("i64", ALL_COUNTERS), dependency=number("0: x0, 1: y0, 2: u0"), visits_x0=updates("i64"),
    visits_y0=updates("i64"), tag=updates("i16", "n_pre * n_post", optional=True),
    work=writes("i16", f"{WORK_ROWS} * n_post"), gathered=writes("i32"),
    carry=number("1: the tag carries what rounding leaves over, 0: updates gather in it"),
    grouped=writes("i32", f"n_pre + {TRACE_MAX + 2}", optional=True),
)  # fmt: skip
"""Where x1 counts spikes, `grouped` takes the events in an order in which they are learned faster."""


@inlined_kernel
def dense_learn(a, i8, i16, i32, i64, phase):  # type: ignore[no-untyped-def]
    """The learning engine: visit the synapses that the dependency names, where y1 or y2 is live."""
    f = DENSE_LEARN
    live = i32[a[f.live_y]]
    if live == 0:
        return
    i32[a[f.gathered]] = 1
    n_pre, n_post = a[f.n_pre], a[f.n_post]
    c = a[f.counters] + UPDATE
    add_count(i64, c, counting.TRACE_UPDATES, live)
    count = i32[a[f.count]]
    by_pre, by_post = count * n_post, live * n_pre
    i64[a[f.visits_x0]] += by_pre
    i64[a[f.visits_y0]] += by_post
    visited = by_pre if a[f.dependency] == 0 else (by_post if a[f.dependency] == 1 else n_pre * n_post)
    add_count(i64, c, counting.SYNAPTIC_UPDATES, visited)
    if count == 0:
        return
    events = segment(i32, a[f.events], count)
    x1 = segment(i32, a[f.x1], n_pre)
    y1, y2 = segment(i32, a[f.y1], n_post), segment(i32, a[f.y2], n_post)
    presentation = i64[a[f.presentation]]
    if a[f.tag] >= 0 and not a[f.carry]:
        tag = matrix(i16, a[f.tag], n_pre, n_post)
        key = stream_key(i64[a[f.seed]], presentation, a[f.layer] + TAG_STREAM, phase)
        effective = plasticity.gather_rows(tag, events, count, x1, a[f.with_x1], y1, y2, TAG_EXPONENT, key)
        add_count(i64, c, counting.EFFECTIVE_UPDATES, effective)
        return
    if a[f.grouped] >= 0:
        grouped = segment(i32, a[f.grouped], n_pre)
        plasticity.group_events(events, count, x1, segment(i32, a[f.grouped] + n_pre, TRACE_MAX + 2), grouped)
        events = segment(i32, a[f.grouped], count)
    w8 = matrix(i8, a[f.weights], n_pre, n_post)
    key = stream_key(i64[a[f.seed]], presentation, a[f.layer], phase)
    tag = matrix(i16, a[f.tag] * a[f.carry], n_pre if a[f.carry] else 0, n_post)
    effective, writes = plasticity.learn_rows(
        w8, segment(i32, a[f.nonzeros], n_pre), events, count, x1, a[f.with_x1], y1, y2, i32[a[f.rate_mantissa]],
        i32[a[f.rate_exponent]], key, i32[a[f.scalar]], matrix(i16, a[f.work], WORK_ROWS, n_post), tag,
    )  # fmt: skip
    add_count(i64, c, counting.EFFECTIVE_UPDATES, effective)
    add_count(i64, c, counting.WEIGHT_WRITES, writes)


DENSE_APPLY_TAG = op(
    "dense_apply_tag", "ours", n_pre=number(), n_post=number(), weights=updates("i8", "n_pre * n_post"),
    nonzeros=updates("i32", "n_pre"), **each(reads("i32"), "rate_mantissa", "rate_exponent", "scalar"),
    seed=reads("i64"), presentation=reads("i64"), layer=number(), counters=updates("i64", ALL_COUNTERS),
    tag=updates("i16", "n_pre * n_post"), work=writes("i16", f"{WORK_ROWS} * n_post"), gathered=updates("i32"),
)  # fmt: skip


@kernel
def dense_apply_tag(a, i8, i16, i32, i64, phase):  # type: ignore[no-untyped-def]
    """At a sample's end: every synapse is visited, and what gathered in its tag moves to the weight."""
    f = DENSE_APPLY_TAG
    if i32[a[f.gathered]] == 0:
        return
    i32[a[f.gathered]] = 0
    n_pre, n_post = a[f.n_pre], a[f.n_post]
    key = stream_key(i64[a[f.seed]], i64[a[f.presentation]], a[f.layer], phase)
    effective, writes = plasticity.apply_tag(
        matrix(i8, a[f.weights], n_pre, n_post), segment(i32, a[f.nonzeros], n_pre),
        matrix(i16, a[f.tag], n_pre, n_post), i32[a[f.rate_mantissa]], i32[a[f.rate_exponent]] - TAG_EXPONENT, key,
        i32[a[f.scalar]], matrix(i16, a[f.work], WORK_ROWS, n_post),
    )  # fmt: skip
    c = a[f.counters] + UPDATE
    add_count(i64, c, counting.SYNAPTIC_UPDATES, n_pre * n_post)
    add_count(i64, c, counting.EFFECTIVE_UPDATES, effective)
    add_count(i64, c, counting.WEIGHT_WRITES, writes)


def declare_weights(node: Node, asm: Assembler, weights: npt.NDArray[np.int8]) -> None:
    """The Var `weights` and the non-zero counts of its rows."""
    stored = asm.memory.allocate("i8", weights.shape, weights)
    nonzeros = asm.memory.allocate("i32", weights.shape[:1], np.count_nonzero(weights, axis=1))
    asm.variables[node.name, "weights"] = Variable(stored, packed=True, row_nonzeros=nonzeros)
    n_pre, n_post = weights.shape
    node.at.update(n_pre=n_pre, n_post=n_post, weights=stored.offset, nonzeros=nonzeros.offset)


def emit_backward(node: Node, asm: Assembler, errors: Signal, window: tuple[int, int], shift: int) -> None:
    """Read errors backwards in a window of phases, and clear e_buff one phase after it."""
    start, stop = window
    for first, last, inside in ((start, stop, 1), (stop, stop + 1, 0)):
        asm.op(
            SYNAPSES, first, last, DENSE_BACKWARD, node.at,
            live_e_in=errors.count, e_in=errors.values, error_shift=shift, inside=inside,
        )  # fmt: skip


@dataclass
class PlasticDenseNode(Node, kinds=("PlasticDense",)):
    """One layer of plastic synapses."""

    layer: int = 1
    weights: npt.NDArray[np.int8] = field(default_factory=lambda: np.zeros((1, 1), np.int8))
    weight_exponent: int = 0
    error_shift: int = 0
    with_x1: bool = False
    x1_counts: bool = False
    count_shift: int = 0
    mantissa: int = 1
    exponent: int = -7
    seed: int = 0
    gather: bool = False
    carry: bool = False
    scalar_rounding: int = -1
    graded: bool | None = None
    summed: bool = False
    dependency: str = "x0"

    delayed = True

    @property
    def shape(self) -> tuple[int, int]:
        """(n_pre, n_post)."""
        return self.weights.shape[0], self.weights.shape[1]

    def declare(self, asm: Assembler) -> None:
        """Vars of the synapses and traces; OutPorts a_out and e_out."""
        at, (n_pre, n_post) = self.at, self.shape
        declare_weights(self, asm, self.weights)
        highest = SCALE_EXPONENT_MAX + (TAG_EXPONENT if self.gather else 0)
        exponents = Limits(SCALE_EXPONENT_MIN, highest, "the exponent of a learning rate")
        for name, size, init, limits in (
            ("a_buff", n_post, 0, None),
            ("e_buff", n_pre, 0, None),
            ("x0", n_pre, 0, None),
            ("x1", n_pre, 0, None),
            ("y1", n_post, 0, None),
            ("y2", n_post, 0, None),
            ("rate_mantissa", 1, self.mantissa, Limits(0, MAX_MANTISSA, "the mantissa of a learning rate")),
            ("rate_exponent", 1, self.exponent, exponents),
            ("scalar", 1, self.scalar_rounding, Limits(COUNTER_ROUNDING, 255, "a byte, or −1: one for each synapse")),
        ):
            asm.var(self, name, (size,), init, limits=limits)
        for name in ("visits_x0", "visits_y0"):
            asm.var(self, name, (1,), arena="i64", limits=TALLIES)
        declare_phased(self, asm, seed=self.seed)
        tagged = self.gather or self.carry
        tag = asm.memory.allocate("i16", (n_pre, n_post) if tagged else (1, 1))
        held = Limits(0 if self.carry else -TAG_MAX, TAG_MAX, "8 bits" if self.carry else "8 bits and a sign")
        asm.variables[self.name, "tag_1"] = Variable(tag, transposed=True, limits=held)
        at["tag"] = tag.offset if tagged else NOWHERE
        x0 = Slot("i32", at["x0"], (n_pre,))
        count, listed = asm.memory.allocate("i32", (1,)), asm.memory.allocate("i32", (n_pre,))
        # Sums of the rows of inputs that spike at the same rate, of use before a window that is jumped over.
        rates = self.layer == 1 and asm.schedule.timing.replays
        at["groups"] = asm.scratch((asm.schedule.steps + 1) * n_post) if rates else NOWHERE
        at.update(x0_count=count.offset, x0_list=listed.offset, gathered=asm.scratch(1))
        at["grouped"] = asm.scratch(n_pre + TRACE_MAX + 2) if self.x1_counts else NOWHERE
        at["work"] = asm.scratch(WORK_ROWS * n_post, "i16")
        at.update(layer=self.layer, with_x1=int(self.with_x1), carry=int(self.carry))
        at["live_a"] = asm.vector_signal(self, "a_out", n_post, at["a_buff"]).count
        at["live_e"] = asm.vector_signal(self, "e_out", n_pre, at["e_buff"]).count

        def list_x0(memory: Memory) -> None:
            """The inputs that spiked, which the loop appends to: it holds each of them once, so that there is room."""
            spiked = np.flatnonzero(memory.view(x0))
            memory.view(count)[0] = spiked.size
            memory.view(listed)[: spiked.size] = spiked

        asm.after_write(self.name, "x0", list_x0)

    def emit(self, asm: Assembler) -> None:
        """Forward in the pre-synaptic layer's window, backward at the error's, learning at its own."""
        s, pre = asm.schedule, self._pre(asm)
        start = s.fire_start(self.layer - 1)
        asm.op(RUN, 0, 1, DENSE_RESET, self.at, n=self.at["n_pre"])
        asm.op(
            SYNAPSES, start, start + s.steps + 1, DENSE_FORWARD, self.at,
            count=pre.count, events=pre.events, payloads=pre.values, weight_exponent=self.weight_exponent,
            steps=s.steps, first=start, with_x1=X1_COUNTS + self.count_shift if self.x1_counts else int(self.with_x1),
        )  # fmt: skip
        self._emit_backward(asm)
        self._emit_learning(asm)

    def _pre(self, asm: Assembler) -> Signal:
        """Spikes, with or without payloads as the process has it; the encoder of a spec knows by itself."""
        pre = asm.required(self, "s_in")
        if self.summed:
            return replace(pre, values=pre.payloads)
        payloads = {None: pre.values, True: pre.payloads, False: NOWHERE}[self.graded]
        return replace(pre, values=payloads)

    def _emit_backward(self, asm: Assembler) -> None:
        """Read errors backwards, only if something listens to e_out."""
        errors = asm.source(self, "e_in")
        if errors is None or not asm.fan_out(self, "e_out"):
            return
        phases = asm.schedule.error_phases(self.layer)
        emit_backward(self, asm, errors, (phases.start, phases.stop), self.error_shift)

    def _emit_learning(self, asm: Assembler) -> None:
        """Learn where y1 and y2 are connected: at the sample's end, or in every replay step."""
        at, s = self.at, asm.schedule
        y1, y2 = asm.source(self, "s_in_y1"), asm.source(self, "s_in_y2")
        if y1 is None or y2 is None:
            return
        for name, port in (("y1", y1), ("y2", y2)):
            asm.variables[self.name, name] = asm.variable_at(Slot("i32", port.values, (at["n_post"],)))
            at[name] = port.values
        phases, count, events = s.learning_phases(self.layer), at["x0_count"], at["x0_list"]
        window = phases.start, phases.stop
        if s.timing.replays_spikes:
            pre = self._pre(asm)
            count, events = pre.count, pre.events
            counter = counting.SYNOPS if pre.values < 0 else counting.GRADED_SYNOPS
            asm.op(SYNAPSES, *window, DENSE_REPLAY, at, count=count, events=events, counter=counter)
        dependency = DEPENDENCIES.index("u0" if s.learning_epoch[1] == "u0" else self.dependency)
        asm.op(LEARN, *window, DENSE_LEARN, at, count=count, events=events, live_y=y1.count, dependency=dependency)
        if self.gather:
            asm.op(LEARN, s.learning_phase, s.period, DENSE_APPLY_TAG, at)

"""PlasticDense: forward sums over spikes, backward sums over errors, learning."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import (
    LEARN,
    PRESENTATIONS,
    RUN,
    SYNAPSES,
    TALLIES,
    Assembler,
    Node,
    Signal,
)
from lava_ed.engine.families import opcodes
from lava_ed.engine.memory import Limits, Memory, Slot, Variable, also
from lava_ed.kernels._jit import inlined_kernel, kernel
from lava_ed.kernels.counted import add_count
from lava_ed.kernels.counting import (
    BACKWARD,
    EFFECTIVE_UPDATES,
    FORWARD,
    GRADED_SYNOPS,
    N_PHASES,
    SYNAPTIC_UPDATES,
    SYNOPS,
    TRACE_UPDATES,
    UPDATE,
    WEIGHT_WRITES,
)
from lava_ed.kernels.fixed_point import SCALE_EXPONENT_MAX, SCALE_EXPONENT_MIN, TAG_MAX, stream_key
from lava_ed.kernels.plasticity import COUNTER_ROUNDING, WORK_ROWS, apply_tag, gather_rows, learn_rows
from lava_ed.kernels.streams import TAG_EXPONENT, TAG_STREAM
from lava_ed.kernels.synapse import backward_errors, forward_graded, forward_spikes, synops_of
from lava_ed.kernels.views import matrix, segment
from lava_ed.learning_rules.rate import MAX_MANTISSA


@inlined_kernel
def dense_reset(a, i32, i64):  # type: ignore[no-untyped-def]
    """At a sample's first phase: x0 and x1 of the neurons that spiked in the last one ← 0.

    Columns: 1 presentation (i64), 2 x0 count, 3 x0 list, 4 x0, 5 x1.
    """
    i64[a[1]] += 1
    # Read once: each store might change the op table for all that LLVM knows.
    count, listed, x0, x1 = i32[a[2]], a[3], a[4], a[5]
    for k in range(count):
        i = i32[np.uint32(listed + k)]
        i32[np.uint32(x0 + i)] = 0
        i32[np.uint32(x1 + i)] = 0
    i32[a[2]] = 0


@inlined_kernel
def dense_forward(a, i8, i32, i64, phase):  # type: ignore[no-untyped-def]
    """Sum the rows of the spikes into a_buff; note x0 and x1 where the rule has x1.

    Columns: 1 n_pre, 2 n_post, 3 weights (i8), 4 row non-zeros, 5 event count, 6 events, 7
    payloads or −1, 8 exponent, 9 a_buff, 10 its flag, 11 counters (i64), 12 record x1 (0/1),
    13 T, 14 first phase, 15 x0 count, 16 x0 list, 17 x0, 18 x1.
    """
    count = i32[a[5]] if phase - a[14] < a[13] else 0
    if count == 0:
        if i32[a[10]]:
            segment(i32, a[9], a[2])[:] = 0
            i32[a[10]] = 0
        return
    i32[a[10]] = 1
    w8 = matrix(i8, a[3], a[1], a[2])
    nonzeros = segment(i32, a[4], a[1])
    events = segment(i32, a[6], count)
    a_buff = segment(i32, a[9], a[2])
    if a[7] < 0:
        synops = forward_spikes(w8, nonzeros, events, count, a[8], a_buff)
        add_count(i64, a[11] + SYNOPS * N_PHASES + FORWARD, synops)
    else:
        payloads = segment(i32, a[7], a[1])
        synops = forward_graded(w8, nonzeros, events, payloads, count, a[8], a_buff)
        add_count(i64, a[11] + GRADED_SYNOPS * N_PHASES + FORWARD, synops)
    if a[12]:
        base = i32[a[15]]
        new = 0
        for k in range(count):
            i = events[k]
            if i32[a[17] + i] == 0:
                i32[a[17] + i] = 1
                i32[a[18] + i] = i32[a[7] + i] if a[7] >= 0 else a[13] - (phase - a[14])
                i32[a[16] + base + new] = i
                new += 1
        i32[a[15]] = base + new
        add_count(i64, a[11] + TRACE_UPDATES * N_PHASES + UPDATE, new)


@inlined_kernel
def dense_replay(a, i32, i64):  # type: ignore[no-untyped-def]
    """Replayed spikes are read by every synapse, though the post-synaptic side ignores the sum.

    Columns: 1 row non-zeros, 2 n_pre, 3 event count, 4 events, 5 counters (i64), 6 counter.
    """
    count = i32[a[3]]
    if count:
        synops = synops_of(segment(i32, a[1], a[2]), segment(i32, a[4], count), count)
        add_count(i64, a[5] + a[6] * N_PHASES + BACKWARD, synops)


@inlined_kernel
def dense_backward(a, i8, i32, i64):  # type: ignore[no-untyped-def]
    """Read the same synapses backwards, without the weight exponent: errors into e_buff.

    Columns: 1 n_pre, 2 n_post, 3 weights (i8), 4 error flag, 5 errors, 6 shift, 7 e_buff, 8 its
    flag, 9 counters (i64), 10 overflows (i64), 11 in window until this phase's op (0: clear only).
    """
    if i32[a[4]] == 0 or a[11] == 0:
        if i32[a[8]]:
            segment(i32, a[7], a[1])[:] = 0
            i32[a[8]] = 0
        return 0
    w8 = matrix(i8, a[3], a[1], a[2])
    synops, overflows = backward_errors(w8, segment(i32, a[5], a[2]), a[6], segment(i32, a[7], a[1]))
    i32[a[8]] = 1
    add_count(i64, a[9] + GRADED_SYNOPS * N_PHASES + BACKWARD, synops)
    i64[a[10]] += overflows
    return overflows


@inlined_kernel
def dense_learn(a, i8, i16, i32, i64, phase):  # type: ignore[no-untyped-def]
    """The learning engine: visit the synapses that the dependency names, where y1 or y2 is live.

    Columns: 1 n_pre, 2 n_post, 3 weights (i8), 4 row non-zeros, 5 event count, 6 events, 7 x1, 8
    with x1, 9 y1, 10 y2, 11 live y, 12 mantissa, 13 exponent, 14 seed and 15 presentation (i64), 16
    layer, 17 counters (i64), 18 visit all (0/1), 19 tag (i16) or −1, 20 scratch (i16), 21 scalar, 22 flag that
    updates gathered, 23 whether the tag carries what rounding leaves over (else updates gather in it).
    """
    live = i32[a[11]]
    if live == 0:
        return
    i32[a[22]] = 1
    c = a[17] + UPDATE
    add_count(i64, c + TRACE_UPDATES * N_PHASES, live)
    count = i32[a[5]]
    add_count(i64, c + SYNAPTIC_UPDATES * N_PHASES, (a[1] if a[18] else count) * a[2])
    if count == 0:
        return
    n_pre, n_post = a[1], a[2]
    events = segment(i32, a[6], count)
    x1 = segment(i32, a[7], n_pre)
    y1 = segment(i32, a[9], n_post)
    y2 = segment(i32, a[10], n_post)
    presentation = i64[a[15]]
    if a[19] >= 0 and not a[23]:
        tag = matrix(i16, a[19], n_pre, n_post)
        key = stream_key(i64[a[14]], presentation, a[16] + TAG_STREAM, phase)
        effective = gather_rows(tag, events, count, x1, a[8], y1, y2, TAG_EXPONENT, key)
        add_count(i64, c + EFFECTIVE_UPDATES * N_PHASES, effective)
        return
    w8 = matrix(i8, a[3], n_pre, n_post)
    key = stream_key(i64[a[14]], presentation, a[16], phase)
    carried = n_pre if a[23] else 0
    tag = matrix(i16, a[19] * a[23], carried, n_post)
    effective, writes = learn_rows(
        w8, segment(i32, a[4], n_pre), events, count, x1, a[8], y1, y2, i32[a[12]], i32[a[13]], key, i32[a[21]],
        matrix(i16, a[20], WORK_ROWS, n_post), tag,
    )  # fmt: skip
    add_count(i64, c + EFFECTIVE_UPDATES * N_PHASES, effective)
    add_count(i64, c + WEIGHT_WRITES * N_PHASES, writes)


@kernel
def dense_apply_tag(a, i8, i16, i32, i64, phase):  # type: ignore[no-untyped-def]
    """At a sample's end: every synapse is visited, and what gathered in its tag moves to the weight.

    Columns: those of `dense_learn` that are used.
    """
    if i32[a[22]] == 0:
        return
    i32[a[22]] = 0
    n_pre, n_post = a[1], a[2]
    tag = matrix(i16, a[19], n_pre, n_post)
    w8 = matrix(i8, a[3], n_pre, n_post)
    key = stream_key(i64[a[14]], i64[a[15]], a[16], phase)
    effective, writes = apply_tag(
        w8, segment(i32, a[4], n_pre), tag, i32[a[12]], i32[a[13]] - TAG_EXPONENT, key, i32[a[21]],
        matrix(i16, a[20], WORK_ROWS, n_post),
    )  # fmt: skip
    c = a[17] + UPDATE
    add_count(i64, c + SYNAPTIC_UPDATES * N_PHASES, n_pre * n_post)
    add_count(i64, c + EFFECTIVE_UPDATES * N_PHASES, effective)
    add_count(i64, c + WEIGHT_WRITES * N_PHASES, writes)


def declare_weights(node: Node, asm: Assembler, columns: dict[str, int], weights: npt.NDArray[np.int8]) -> None:
    """The Var `weights` and the non-zero counts of its rows."""
    stored = asm.memory.allocate("i8", weights.shape, weights)
    nonzeros = asm.memory.allocate("i32", weights.shape[:1], np.count_nonzero(weights, axis=1))
    asm.variables[node.name, "weights"] = Variable(stored, packed=True, row_nonzeros=nonzeros)
    columns.update(weights=stored.offset, nonzeros=nonzeros.offset)


def emit_backward(
    node: Node,
    asm: Assembler,
    columns: dict[str, int],
    errors: Signal,
    window: tuple[int, int],
    shape: tuple[int, int],
    shift: int,
) -> None:
    """Read errors backwards in a window of phases, and clear e_buff one phase after it."""
    start, stop = window
    for first, last, inside in ((start, stop, 1), (stop, stop + 1, 0)):
        asm.op(
            SYNAPSES, first, last, opcodes.DENSE_BACKWARD,
            *shape, columns["weights"], errors.count, errors.values, shift, columns["e_buff"],
            asm.signals[node.name, "e_out"].count, columns["counters"], columns["overflows"], inside,
        )  # fmt: skip


@dataclass
class PlasticDenseNode(Node):
    """One layer of plastic synapses."""

    layer: int = 1
    weights: npt.NDArray[np.int8] = field(default_factory=lambda: np.zeros((1, 1), np.int8))
    weight_exponent: int = 0
    error_shift: int = 0
    with_x1: bool = False
    mantissa: int = 1
    exponent: int = -7
    seed: int = 0
    gather: bool = False
    carry: bool = False
    scalar_rounding: int = -1
    graded: bool | None = None
    _columns: dict[str, int] = field(default_factory=dict)

    delayed = True

    @property
    def shape(self) -> tuple[int, int]:
        """(n_pre, n_post)."""
        return self.weights.shape[0], self.weights.shape[1]

    def declare(self, asm: Assembler) -> None:
        """Vars of the synapses and traces; OutPorts a_out and e_out."""
        c = self._columns
        n_pre, n_post = self.shape
        declare_weights(self, asm, c, self.weights)
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
            c[name] = asm.var(self, name, (size,), init, limits=limits)
        c["presentation"] = asm.var(self, "presentation", (1,), -1, "i64", PRESENTATIONS)
        c["overflows"] = asm.var(self, "overflows", (1,), arena="i64", limits=TALLIES)
        tagged = self.gather or self.carry
        tag = asm.memory.allocate("i16", (n_pre, n_post) if tagged else (1, 1))
        held = Limits(0 if self.carry else -TAG_MAX, TAG_MAX, "8 bits" if self.carry else "8 bits and a sign")
        asm.variables[self.name, "tag_1"] = Variable(tag, transposed=True, limits=held)
        c["tag"] = tag.offset if tagged else -1
        c["seed"] = asm.memory.allocate("i64", (1,), self.seed).offset
        c["counters"] = asm.counters(self)
        for name, size in (("x0_count", 1), ("x0_list", n_pre), ("gathered", 1)):
            c[name] = asm.scratch(size)
        c["work"] = asm.scratch(WORK_ROWS * n_post, "i16")
        asm.vector_signal(self, "a_out", n_post, c["a_buff"])
        asm.vector_signal(self, "e_out", n_pre, c["e_buff"])
        x0, count, listed = (
            Slot("i32", c[name], (size,)) for name, size in (("x0", n_pre), ("x0_count", 1), ("x0_list", n_pre))
        )

        def list_x0(memory: Memory) -> None:
            """The inputs that spiked, which the loop appends to: it holds each of them once, so that there is room."""
            spiked = np.flatnonzero(memory.view(x0))
            memory.view(count)[0] = spiked.size
            memory.view(listed)[: spiked.size] = spiked

        asm.variables[self.name, "x0"] = also(asm.variables[self.name, "x0"], list_x0)

    def emit(self, asm: Assembler) -> None:
        """Forward in the pre-synaptic layer's window, backward at the error's, learning at its own."""
        c, s = self._columns, asm.schedule
        n_pre, n_post = self.shape
        pre = self._pre(asm)
        start = s.fire_start(self.layer - 1)
        asm.op(
            RUN,
            0,
            1,
            opcodes.DENSE_RESET,
            *(c[k] for k in ("presentation", "x0_count", "x0_list", "x0", "x1")),
        )
        asm.op(
            SYNAPSES, start, start + s.steps + 1, opcodes.DENSE_FORWARD,
            n_pre, n_post, c["weights"], c["nonzeros"], pre.count, pre.events, pre.values, self.weight_exponent,
            c["a_buff"], asm.signals[self.name, "a_out"].count, c["counters"], int(self.with_x1), s.steps, start,
            c["x0_count"], c["x0_list"], c["x0"], c["x1"],
        )  # fmt: skip
        self._emit_backward(asm)
        self._emit_learning(asm)

    def _pre(self, asm: Assembler) -> Signal:
        """Spikes, with or without payloads as the process has it; the encoder of a spec knows by itself."""
        pre = asm.required(self, "s_in")
        if self.graded is None:
            return pre
        return replace(pre, values=pre.payloads if self.graded else -1)

    def _emit_backward(self, asm: Assembler) -> None:
        """Read errors backwards, only if something listens to e_out."""
        c, s = self._columns, asm.schedule
        errors = asm.source(self, "e_in")
        if errors is None or not asm.fan_out(self, "e_out"):
            return
        phases = s.error_phases(self.layer)
        emit_backward(self, asm, c, errors, (phases.start, phases.stop), self.shape, self.error_shift)

    def _emit_learning(self, asm: Assembler) -> None:
        """Learn where y1 and y2 are connected: at the sample's end, or in every replay step."""
        c, s = self._columns, asm.schedule
        y1, y2 = asm.source(self, "s_in_y1"), asm.source(self, "s_in_y2")
        if y1 is None or y2 is None:
            return
        for name, port in (("y1", y1), ("y2", y2)):
            asm.variables[self.name, name] = asm.variable_at(Slot("i32", port.values, (self.shape[1],)))
        pre = self._pre(asm)
        phases, count, events = s.learning_phases(self.layer), c["x0_count"], c["x0_list"]
        start, stop = phases.start, phases.stop
        if s.timing.replays:
            count, events = pre.count, pre.events
            counter = SYNOPS if pre.values < 0 else GRADED_SYNOPS
            asm.op(
                SYNAPSES, start, stop, opcodes.DENSE_REPLAY,
                c["nonzeros"], self.shape[0], pre.count, pre.events, c["counters"], counter,
            )  # fmt: skip
        visit_all = int(s.learning_epoch[1] == "u0")
        columns = (
            *self.shape, c["weights"], c["nonzeros"], count, events, c["x1"], int(self.with_x1),
            y1.values, y2.values, y1.count, c["rate_mantissa"], c["rate_exponent"], c["seed"], c["presentation"],
            self.layer, c["counters"], visit_all, c["tag"], c["work"], c["scalar"], c["gathered"],
            int(self.carry),
        )  # fmt: skip
        asm.op(LEARN, start, stop, opcodes.DENSE_LEARN, *columns)
        if self.gather:
            asm.op(LEARN, s.learning_phase, s.period, opcodes.DENSE_APPLY_TAG, *columns)


@dataclass
class FeedbackNode(Node):
    """Fixed synapses from the output error to one hidden layer, with an axonal delay."""

    layer: int = 1

    weights: npt.NDArray[np.int8] = field(default_factory=lambda: np.zeros((1, 1), np.int8))
    error_shift: int = 0
    _columns: dict[str, int] = field(default_factory=dict)

    delayed = True

    def declare(self, asm: Assembler) -> None:
        """Vars weights, e_buff; OutPort e_out."""
        c = self._columns
        declare_weights(self, asm, c, self.weights)
        c["e_buff"] = asm.var(self, "e_buff", self.weights.shape[:1])
        c["presentation"] = asm.var(self, "presentation", (1,), -1, "i64", PRESENTATIONS)
        c["overflows"] = asm.var(self, "overflows", (1,), arena="i64", limits=TALLIES)
        c["counters"] = asm.counters(self)
        c["unused"] = asm.scratch(1)
        asm.vector_signal(self, "e_out", self.weights.shape[0], c["e_buff"])

    def emit(self, asm: Assembler) -> None:
        """Read the output error, which holds until the sample's end, one phase before the layer needs it."""
        c, phase = self._columns, asm.schedule.error_arrival(self.layer) - 1
        asm.op(
            RUN,
            0,
            1,
            opcodes.DENSE_RESET,
            c["presentation"],
            c["unused"],
            c["unused"],
            c["unused"],
            c["unused"],
        )
        errors = asm.required(self, "e_in")
        shape = (self.weights.shape[0], self.weights.shape[1])
        emit_backward(self, asm, c, errors, (phase, phase + 1), shape, self.error_shift)

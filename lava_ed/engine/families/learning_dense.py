"""Lava's LearningDense: Dense, and the traces and rules of its "bit approximate" model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import LEARN, Assembler, Signal
from lava_ed.engine.families.dense import SPIKES_FORWARD, DenseNode
from lava_ed.engine.families.inputs import event_input, want_vector_with
from lava_ed.engine.families.learning import EPOCH, N_TRACES, LearningNode, advance_traces, close_epoch
from lava_ed.engine.families.rule_text import COUNTS, FACTOR, PRODUCT
from lava_ed.engine.families.tallies import COUNT_EPOCH, COUNT_LEARNED, N_X, N_Y, tally_learning, update_counter
from lava_ed.engine.families.trace_randoms import DRAW, RANDOM_COLUMNS
from lava_ed.engine.memory import Memory, Slot, Variable
from lava_ed.engine.op import NOWHERE, number, op, reads, updates
from lava_ed.kernels._jit import inlined_source
from lava_ed.kernels.counting import EFFECTIVE_UPDATES, TRACE_UPDATES, WEIGHT_WRITES
from lava_ed.kernels.stock.learning import SCRATCH_ROWS, apply_rule, decimation_active
from lava_ed.kernels.stock.rule_table import RuleTable
from lava_ed.kernels.stock.separable_rules import SLOTS, apply_separable, is_separable, scratch_sizes
from lava_ed.kernels.stock.traces import GRADED_REGULAR, step_traces
from lava_ed.kernels.vectors.events import copy_rows, copy_vector
from lava_ed.kernels.views import cube, matrix, segment

TRACES_LEARN = op(
    "traces_learn",
    "learning",
    EPOCH,
    weights=updates("i16", "n_pre * n_post"),
    tag_2=updates("i16", "n_pre * n_post"),
    tag_1=updates("i16", "n_pre * n_post"),
    scratch=updates("i32", f"{SCRATCH_ROWS} * n_post"),
    effective_updates=updates("i64"),
    # The rest serves epochs of one step.
    separable=reads("i64", optional=True),
    words=updates("i32", "n_words"),
    n_words=number("scratch of a separable rule"),
    shorts=updates("i16", "n_shorts"),
    n_shorts=number("scratch of a separable rule"),
    count=reads("i32", optional=True),
    events=reads("i32", "n_pre", optional=True),
    nonzeros=updates("i32", "n_pre"),
    weight_writes=updates("i64"),
    weights_before=updates("i16", "n_pre * n_post"),
    weights_counted=updates("i32"),
    stale=updates("i32"),
    trace_updates=updates("i64", optional=True),
    traces_counted=updates("i32"),
)
"""`stale` is a flag that the weights before are those of an earlier step; without `count`, spikes are found from tx;
without `trace_updates`, another op counts them."""


@inlined_source
def step_both(a, i32, i64, f64, row):  # type: ignore[no-untyped-def]
    """Advance the traces of both sides by an epoch of one step, the x traces in place, and count those that changed.

    Those of a step that is not within limits, after a write of the user, are left to `count_learned`.
    """
    f = TRACES_LEARN
    n_pre, n_post = a[f.n_pre], a[f.n_post]
    x = matrix(i32, a[f.x], N_X, n_pre)
    y = matrix(i32, a[f.y], N_Y, n_post)
    if a[f.three_factor]:
        # The traces that came stay as they are; the rule sees them decayed.
        received = y
        y = matrix(i32, a[f.y_history], N_Y, n_post)
        copy_rows(received, y)
    decay = segment(f64, a[f.decay], N_TRACES)
    whole, fraction = segment(i64, a[f.impulses], N_TRACES), segment(i64, a[f.impulses] + N_TRACES, N_TRACES)
    draws = segment(f64, a[f.randoms] + row * RANDOM_COLUMNS, RANDOM_COLUMNS)
    impulse, tx = np.int64(draws[DRAW.x_impulse]), segment(i32, a[f.tx], n_pre)
    changed = step_traces(x, tx, decay[:N_X], draws[DRAW.x_decay], impulse, whole[:N_X], fraction[:N_X])
    impulse, ty = np.int64(draws[DRAW.y_impulse]), segment(i32, a[f.ty], n_post)
    changed += step_traces(y, ty, decay[N_X:], draws[DRAW.y_decay], impulse, whole[N_X:], fraction[N_X:])
    if a[f.trace_updates] >= 0:
        i32[a[f.traces_counted]] = i32[a[f.within_limits]]
        if i32[a[f.within_limits]]:
            i64[a[f.trace_updates]] += changed
    return x, y


@inlined_source
def learn_separable(a, i16, i32, i64, f64, now, row, x, y):  # type: ignore[no-untyped-def]
    """Learn the fast way, for rules of `is_separable`; returns whether it was taken."""
    f = TRACES_LEARN
    n_pre, n_post = a[f.n_pre], a[f.n_post]
    n_events = np.int64(i32[a[f.count]]) if a[f.count] >= 0 else np.int64(-1)
    taken, effective, writes = apply_separable(
        matrix(i64, a[f.products], i64[a[f.n_products]], PRODUCT),
        matrix(i64, a[f.factors], i64[a[f.n_factors]], FACTOR),
        i64[a[f.limits]], i64[a[f.limits] + 1], decimation_active(now, a[f.t_epoch], i64[a[f.exponent]]),
        f64[a[f.randoms] + row * RANDOM_COLUMNS + DRAW.synapse], x, y,
        segment(i32, a[f.tx], n_pre), segment(i32, a[f.ty], n_post),
        segment(i32, a[f.events], n_pre), n_events, matrix(i16, a[f.weights], n_pre, n_post),
        segment(i32, a[f.nonzeros], n_pre), SLOTS, i32[a[f.words] :], i16[a[f.shorts] :],
    )  # fmt: skip
    i64[a[f.effective_updates]] += effective
    if taken:
        i64[a[f.weight_writes]] += writes
        i32[a[f.weights_counted]] = 1
    return taken


@inlined_source
def traces_learn(a, i16, i32, i64, f64, now, row):  # type: ignore[no-untyped-def]
    """Compute the traces at each step of the epoch that ends, then apply the rules."""
    f = TRACES_LEARN
    if now % a[f.t_epoch] != 0:
        return
    n_pre, n_post = a[f.n_pre], a[f.n_post]
    x_history = cube(i32, a[f.x_history], a[f.t_epoch] + 1, N_X, n_pre)
    y_history = cube(i32, a[f.y_history], a[f.t_epoch] + 1, N_Y, n_post)
    if a[f.separable] < 0:
        advance_traces(a, i32, i64, f64, row)
    else:
        x, y = step_both(a, i32, i64, f64, row)
        fast = i64[a[f.separable]] and i32[a[f.within_limits]]
        if fast and learn_separable(a, i16, i32, i64, f64, now, row, x, y):
            i32[a[f.stale]] = 1
            close_epoch(a, i32)
            return
        copy_rows(x, x_history[1])
        copy_rows(y, y_history[1])
        i32[a[f.weights_counted]] = 0
        if i32[a[f.stale]]:
            copy_vector(segment(i16, a[f.weights], n_pre * n_post), segment(i16, a[f.weights_before], n_pre * n_post))
            i32[a[f.stale]] = 0
    _, effective = apply_rule(
        matrix(i64, a[f.products], i64[a[f.n_products]], PRODUCT),
        matrix(i64, a[f.factors], i64[a[f.n_factors]], FACTOR),
        matrix(i64, a[f.ranges], 3, 2),
        matrix(i64, a[f.limits], 3, 2),
        decimation_active(now, a[f.t_epoch], i64[a[f.exponent]]),
        f64[a[f.randoms] + row * RANDOM_COLUMNS + DRAW.synapse], x_history, y_history,
        segment(i32, a[f.tx], n_pre), segment(i32, a[f.ty], n_post),
        matrix(i16, a[f.weights], n_pre, n_post),
        matrix(i16, a[f.tag_2], n_pre, n_post),
        matrix(i16, a[f.tag_1], n_pre, n_post),
        matrix(i32, a[f.scratch], SCRATCH_ROWS, n_post),
        i32[a[f.within_limits]] != 0,
    )  # fmt: skip
    i64[a[f.effective_updates]] += effective
    close_epoch(a, i32)


@dataclass(kw_only=True)
class LearningDenseNode(LearningNode, DenseNode):
    """All-to-all synapses with tags (n_post, n_pre), traces and rules."""

    tag_2: npt.NDArray[Any]
    tag_1: npt.NDArray[Any]

    fixed = False

    def declare(self, asm: Assembler) -> None:
        """Vars and OutPort of DenseNode; tags, traces, and the settings of the rule."""
        super().declare(asm)
        self._declare_learning(asm)

    def _declare_synapses(self, asm: Assembler) -> None:
        """tag_2 and tag_1, stored as the weights are."""
        for name, values in (("tag_2", self.tag_2), ("tag_1", self.tag_1)):
            slot = asm.memory.allocate("i16", values.shape[::-1], values.T)
            asm.variables[self.name, name] = Variable(slot, transposed=True)
            self.at[name] = slot.offset

    def emit(self, asm: Assembler) -> None:
        """Sum and record in every step, learn at the end of every epoch."""
        at = self.at
        # Only graded spikes are more than their list.
        plain = self.settings.graded_mode == GRADED_REGULAR
        pre = event_input(
            asm, self, "s_in", at["n_pre"], with_vector=not plain, with_payload=not plain or self.message_bits > 0
        )
        want_vector_with(asm, pre, self.name, "num_message_bits")
        self._emit_sums(asm, pre, SPIKES_FORWARD)
        self._emit_traces(asm, pre)
        for name in ("weights_counted", "stale", "traces_counted", "n_rows", "n_columns"):
            at[name] = asm.scratch(1)
        at.update(scratch=asm.scratch(SCRATCH_ROWS * at["n_post"]), **self._separable_scratch(asm))
        at.update(rows=asm.scratch(at["n_pre"]), columns=asm.scratch(at["n_post"]))
        tally_learning(asm, self, COUNT_EPOCH, at)
        asm.every_step(
            LEARN, TRACES_LEARN, at, **self._one_step(asm, pre),
            effective_updates=update_counter(asm, self, EFFECTIVE_UPDATES),
            weight_writes=update_counter(asm, self, WEIGHT_WRITES),
        )  # fmt: skip
        tally_learning(asm, self, COUNT_LEARNED, at)

    def _separable_scratch(self, asm: Assembler) -> dict[str, int]:
        """The flag that the rule is separable, kept up to date, and scratch; nothing where it never can be."""
        at, t_epoch = self.at, self.settings.t_epoch
        if t_epoch != 1:
            return {"separable": NOWHERE, "words": 0, "n_words": 0, "shorts": 0, "n_shorts": 0}
        flag = asm.memory.allocate("i64", (1,))
        counts, ranges = Slot("i64", at["counts"], (len(COUNTS),)), Slot("i64", at["ranges"], (3, 2))

        def judge(memory: Memory) -> None:
            """Follow the rule."""
            n_products, n_factors, exponent = (int(count) for count in memory.view(counts))
            products = memory.view(Slot("i64", at["products"], (n_products, PRODUCT)))
            factors = memory.view(Slot("i64", at["factors"], (n_factors, FACTOR)))
            table = RuleTable(products, factors, memory.view(ranges), exponent)
            memory.view(flag)[0] = is_separable(table, t_epoch)

        asm.follow(self, self.settings.rules, judge)
        n_words, n_shorts = scratch_sizes(at["n_pre"], at["n_post"])
        words, shorts = asm.scratch(n_words), asm.scratch(n_shorts, "i16")
        return {"separable": flag.offset, "words": words, "n_words": n_words, "shorts": shorts, "n_shorts": n_shorts}

    def _one_step(self, asm: Assembler, pre: Signal) -> dict[str, int]:
        """Where the pre spikes are listed and where changes of traces are counted, in epochs of one step.

        Then a spike changes no trace before the end of the step, unless it is graded.
        """
        plain = self.settings.graded_mode == GRADED_REGULAR
        counted = plain and self.settings.t_epoch == 1 and not self.settings.three_factor
        return {
            "count": pre.count if plain else NOWHERE,
            "events": pre.events if plain else NOWHERE,
            "trace_updates": update_counter(asm, self, TRACE_UPDATES) if counted else NOWHERE,
        }

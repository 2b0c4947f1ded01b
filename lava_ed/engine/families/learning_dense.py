"""Lava's LearningDense: Dense, and the traces and rules of its "bit approximate" model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import LEARN, SYNAPSES, Assembler, Node, Signal
from lava_ed.engine.families import opcodes
from lava_ed.engine.families.dense import DenseNode
from lava_ed.engine.families.joins import event_input, lasting_vector_input, want_vector_with
from lava_ed.engine.families.rule_text import COUNTS, EXPONENT, N_FACTORS, N_PRODUCTS, RuleText
from lava_ed.engine.families.tallies import (
    COUNTED,
    N_X,
    N_Y,
    STALE,
    TRACES_COUNTED,
    effective_offset,
    tally_epoch,
    tally_learned,
    trace_updates_offset,
    writes_offset,
)
from lava_ed.engine.families.trace_randoms import (
    RANDOM_COLUMNS,
    SYNAPSE,
    X_DECAY,
    X_IMPULSE,
    Y_DECAY,
    Y_IMPULSE,
    Y_IMPULSE_FIRST,
    TraceRandoms,
)
from lava_ed.engine.memory import Limits, Memory, Slot, Variable, also
from lava_ed.kernels._jit import inlined_kernel, inlined_source, kernel
from lava_ed.kernels.events import copy_rows, copy_vector
from lava_ed.kernels.loihi_learning import (
    SCRATCH_ROWS,
    ParseRule,
    RuleTable,
    apply_rule,
    decimation_active,
    synapse_limits,
)
from lava_ed.kernels.loihi_traces import (
    GRADED_OVERWRITE,
    GRADED_REGULAR,
    decay_factors,
    receive_post_spikes,
    receive_pre_events,
    receive_pre_spikes,
    split_impulses,
    step_traces,
    trace_history,
)
from lava_ed.kernels.separable_rules import SLOTS, apply_separable, is_separable, scratch_sizes
from lava_ed.kernels.views import cube, matrix, segment

X_TRACES: Final = ("x1", "x2")
Y_TRACES: Final = ("y1", "y2", "y3")
TRACES: Final = X_TRACES + Y_TRACES
N_TRACES: Final = N_X + N_Y


@inlined_kernel
def traces_receive(a, i32, i64, f64, now, row):  # type: ignore[no-untyped-def]
    """Record this step's spikes of both sides; a three-factor rule takes y1, y2, y3 as they come.

    Columns: 1 n_pre, 2 n_post, 3 messages, 4 what a rule sees of them, 5 message bits, 6 graded mode,
    7 t_epoch, 8 x, 9 tx, 10 impulses (i64), 11 bap, 12 y, 13 ty, 14 y0, 15 randoms (f64), 16 three
    factors (0/1), 17 y1, 18 y2, 19 y3 received, 20 event count and 21 events of the messages.
    """
    n_pre, n_post = a[1], a[2]
    when = (now - 1) % a[7] + 1
    graded = i32[a[5]] > 0
    whole, fraction = segment(i64, a[10], N_TRACES), segment(i64, a[10] + N_TRACES, N_TRACES)
    x = matrix(i32, a[8], N_X, n_pre)
    tx = segment(i32, a[9], n_pre)
    if a[6] == GRADED_REGULAR or (a[6] == GRADED_OVERWRITE and graded):
        events, messages = segment(i32, a[21], n_pre), segment(i32, a[3], n_pre)
        receive_pre_events(events, i32[a[20]], messages, a[6], when, x, tx, whole, fraction)
    else:
        seen = segment(i32, a[4], n_pre)
        for i in range(n_pre):
            message = i32[a[3] + i]
            seen[i] = message if graded else message != 0
        receive_pre_spikes(seen, a[6], when, x, tx, whole[:N_X], fraction[:N_X])
    bap = segment(i32, a[11], n_post)
    y = matrix(i32, a[12], N_Y, n_post)
    random = np.int64(f64[a[15] + row * RANDOM_COLUMNS + Y_IMPULSE_FIRST])
    receive_post_spikes(bap, when, y, segment(i32, a[13], n_post), random, whole[N_X:], fraction[N_X:])
    y0 = segment(i32, a[14], n_post)
    for j in range(n_post):
        y0[j] |= np.int32(bap[j] != 0)
    if a[16]:
        for k in range(N_Y):
            copy_vector(segment(i32, a[17 + k], n_post), y[k])


@kernel
def advance_traces(a, i32, i64, f64, row):  # type: ignore[no-untyped-def]
    """The traces of both sides at each step of the epoch that ends; columns as in `traces_learn`."""
    n_pre, n_post, length = a[1], a[2], a[23] + 1
    x = matrix(i32, a[6], N_X, n_pre)
    y = matrix(i32, a[7], N_Y, n_post)
    tx, ty = segment(i32, a[8], n_pre), segment(i32, a[9], n_post)
    x_history = cube(i32, a[10], length, N_X, n_pre)
    y_history = cube(i32, a[11], length, N_Y, n_post)
    decay = segment(f64, a[12], N_TRACES)
    whole, fraction = segment(i64, a[13], N_TRACES), segment(i64, a[13] + N_TRACES, N_TRACES)
    draws = segment(f64, a[22] + row * RANDOM_COLUMNS, RANDOM_COLUMNS)
    impulse = np.int64(draws[X_IMPULSE])
    trace_history(x, tx, decay[:N_X], draws[X_DECAY], impulse, whole[:N_X], fraction[:N_X], x_history)
    impulse = np.int64(draws[Y_IMPULSE])
    trace_history(y, ty, decay[N_X:], draws[Y_DECAY], impulse, whole[N_X:], fraction[N_X:], y_history)
    copy_rows(x_history[a[23]], x)
    if not a[25]:
        copy_rows(y_history[a[23]], y)
    return x_history, y_history


@kernel
def close_epoch(a, i32):  # type: ignore[no-untyped-def]
    """Forget the spikes of the epoch; columns as in `traces_learn`."""
    i32[a[21]] = 1
    segment(i32, a[8], a[1])[:] = 0
    segment(i32, a[9], a[2])[:] = 0
    segment(i32, a[26], a[1])[:] = 0
    segment(i32, a[27], a[2])[:] = 0


@inlined_source
def step_both(a, i32, i64, f64, row):  # type: ignore[no-untyped-def]
    """As `advance_traces` where an epoch is one step, the x traces in place; counts those that changed.

    Those of a step that is not within limits, after a write of the user, are left to `count_learned`.
    """
    n_pre, n_post = a[1], a[2]
    x = matrix(i32, a[6], N_X, n_pre)
    y = matrix(i32, a[7], N_Y, n_post)
    if a[25]:
        # The traces that came stay as they are; the rule sees them decayed.
        received = y
        y = matrix(i32, a[11], N_Y, n_post)
        copy_rows(received, y)
    decay = segment(f64, a[12], N_TRACES)
    whole, fraction = segment(i64, a[13], N_TRACES), segment(i64, a[13] + N_TRACES, N_TRACES)
    draws = segment(f64, a[22] + row * RANDOM_COLUMNS, RANDOM_COLUMNS)
    impulse, tx = np.int64(draws[X_IMPULSE]), segment(i32, a[8], n_pre)
    changed = step_traces(x, tx, decay[:N_X], draws[X_DECAY], impulse, whole[:N_X], fraction[:N_X])
    impulse, ty = np.int64(draws[Y_IMPULSE]), segment(i32, a[9], n_post)
    changed += step_traces(y, ty, decay[N_X:], draws[Y_DECAY], impulse, whole[N_X:], fraction[N_X:])
    if a[38]:
        i32[a[34] + TRACES_COUNTED] = i32[a[21]]
        if i32[a[21]]:
            i64[a[38]] += changed
    return x, y


@inlined_source
def learn_separable(a, i16, i32, i64, f64, now, row, x, y):  # type: ignore[no-untyped-def]
    """The fast way for rules of `is_separable`; returns whether it was taken. Columns as in `traces_learn`."""
    n_pre, n_post, count, factors = a[1], a[2], i64[a[15]], i64[a[17]]
    n_events = np.int64(i32[a[36]]) if a[36] >= 0 else np.int64(-1)
    taken, effective, writes = apply_separable(
        matrix(i64, a[14], count, 6), matrix(i64, a[16], factors, 4),
        i64[a[19]], i64[a[19] + 1], decimation_active(now, a[23], i64[a[24]]),
        f64[a[22] + row * RANDOM_COLUMNS + SYNAPSE], x, y, segment(i32, a[8], n_pre), segment(i32, a[9], n_post),
        segment(i32, a[37], n_pre), n_events, matrix(i16, a[3], n_pre, n_post),
        segment(i32, a[32], n_pre), SLOTS, i32[a[30] :], i16[a[31] :],
    )  # fmt: skip
    i64[a[28]] += effective
    if taken:
        i64[a[33]] += writes
        i32[a[34]] = 1
    return taken


@inlined_source
def traces_learn(a, i16, i32, i64, f64, now, row):  # type: ignore[no-untyped-def]
    """At the end of an epoch: the traces at each of its steps, then the rules.

    Columns: 1 n_pre, 2 n_post, 3 weights, 4 tag_2, 5 tag_1 (i16), 6 x, 7 y, 8 tx, 9 ty, 10 x history, 11
    y history, 12 decay factors (f64), 13 impulses (i64), 14 products (i64), 15 how many (i64), 16
    factors (i64), 17 how many (i64), 18 ranges (i64), 19 limits (i64), 20 scratch, 21 within limits (flag),
    22 randoms (f64), 23 t_epoch, 24 decimation exponent (i64), 25 three factors (0/1), 26 x0, 27 y0,
    28 count of effective updates (i64), 29 whether the rule is separable (flag, i64; −1: never), 30 and 31
    scratch of `apply_separable` (i32, i16), 32 row non-zeros, 33 count of weight writes (i64), 34 whether these
    were counted here (flag; behind it, whether the weights before are of an earlier step, and whether the traces
    were counted here), 35 weights before (i16), 36 count and 37 list of pre spikes (−1: found from tx), 38 count of
    trace updates (i64; 0: counted elsewhere).
    """
    if now % a[23] != 0:
        return
    n_pre, n_post = a[1], a[2]
    products, factors = i64[a[15]], i64[a[17]]
    x_history = cube(i32, a[10], a[23] + 1, N_X, n_pre)
    y_history = cube(i32, a[11], a[23] + 1, N_Y, n_post)
    if a[29] < 0:
        advance_traces(a, i32, i64, f64, row)
    else:
        x, y = step_both(a, i32, i64, f64, row)
        if i64[a[29]] and i32[a[21]] and learn_separable(a, i16, i32, i64, f64, now, row, x, y):
            i32[a[34] + STALE] = 1
            close_epoch(a, i32)
            return
        copy_rows(x, x_history[1])
        copy_rows(y, y_history[1])
        i32[a[34]] = 0
        if i32[a[34] + STALE]:
            copy_vector(segment(i16, a[3], n_pre * n_post), segment(i16, a[35], n_pre * n_post))
            i32[a[34] + STALE] = 0
    _, effective = apply_rule(
        matrix(i64, a[14], products, 6),
        matrix(i64, a[16], factors, 4),
        matrix(i64, a[18], 3, 2),
        matrix(i64, a[19], 3, 2),
        decimation_active(now, a[23], i64[a[24]]),
        f64[a[22] + row * RANDOM_COLUMNS + SYNAPSE], x_history, y_history,
        segment(i32, a[8], n_pre), segment(i32, a[9], n_post),
        matrix(i16, a[3], n_pre, n_post),
        matrix(i16, a[4], n_pre, n_post),
        matrix(i16, a[5], n_pre, n_post),
        matrix(i32, a[20], SCRATCH_ROWS, n_post),
        i32[a[21]] != 0,
    )  # fmt: skip
    i64[a[28]] += effective
    close_epoch(a, i32)


@dataclass(frozen=True)
class LearningSettings:
    """What a learning rule and its connection say.

    Parameters
    ----------
    table : RuleTable
    t_epoch : int
    three_factor : bool
    graded_mode : int
        Value of Lava's `GradedSpikeCfg`.
    sign_mode : int
    seed : int
        rng_seed of the rule.
    taus, impulses : float (5,)
        Of x1, x2, y1, y2, y3.
    rules : mapping
        The strings dw, dd, dt, where there is one.
    parse : callable
        Makes a table of such strings.
    """

    table: RuleTable
    t_epoch: int
    three_factor: bool
    graded_mode: int
    sign_mode: int
    seed: int
    taus: npt.NDArray[np.float64]
    impulses: npt.NDArray[np.float64]
    rules: dict[str, str]
    parse: ParseRule


@dataclass
class LearningNode(Node):
    """What plastic synapses have in common: traces and rules.

    Parameters
    ----------
    settings : LearningSettings
    traces : mapping
        Initial x0, tx, x1, x2, y0, ty, y1, y2, y3; 0 where they are missing.
    """

    settings: LearningSettings | None = None
    traces: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    _columns: dict[str, int] = field(default_factory=dict)

    def _declare_synapses(self, asm: Assembler) -> None:
        """Vars of the synapses besides the weights."""
        raise NotImplementedError

    def _declare_learning(self, asm: Assembler) -> None:
        """Tags, traces, and the settings of the rule; after the Vars of the synapses."""
        assert self.settings is not None
        self._declare_synapses(asm)
        self._declare_traces(asm)
        self._declare_rule(asm, self.settings)
        randoms = TraceRandoms(self.settings.seed, self.settings.t_epoch)
        self._columns["randoms"] = randoms.allocate(asm.memory)
        asm.feeders.append(randoms)
        self._watch_writes(asm, self._declare_tallies(asm))

    def _declare_traces(self, asm: Assembler) -> None:
        """Traces of a side lie side by side; spike times and flags; the history of an epoch."""
        c = self._columns
        assert self.settings is not None
        length = self.settings.t_epoch + 1
        sides = (("x", X_TRACES, c["n_pre"]), ("y", Y_TRACES, c["n_post"]))
        for side, names, size in sides:
            traces = [self._initial(name, size) for name in names]
            c[side] = asm.memory.allocate("i32", (len(names) * size,), np.concatenate(traces)).offset
            for k, name in enumerate(names):
                asm.variables[self.name, name] = Variable(Slot("i32", c[side] + k * size, (size,)))
            flag, times = f"{side}0", f"t{side}"
            c[flag] = asm.var(self, flag, (size,), self._initial(flag, size))
            asm.variables[self.name, flag] = replace(asm.variables[self.name, flag], flag=True)
            # The rules read the history of the epoch at the step of the last spike.
            steps = Limits(0, length - 1, "steps of an epoch, t_epoch at most; 0 for no spike")
            c[times] = asm.var(self, times, (size,), self._initial(times, size), limits=steps)
            c[f"{side}_history"] = asm.scratch(length * len(names) * size)
        c["seen"] = asm.scratch(c["n_pre"])

    def _initial(self, name: str, size: int) -> npt.NDArray[Any]:
        """What a trace or spike time starts with: Lava takes the Var's ``init``."""
        return np.zeros(size, np.int32) + self.traces.get(name, 0)

    def _declare_rule(self, asm: Assembler, s: LearningSettings) -> None:
        """Tables of the rule; its settings as Vars, which hold whole numbers as in Lava."""
        c, memory = self._columns, asm.memory
        tables = {"limits": synapse_limits(s.sign_mode), "impulses": np.stack(split_impulses(s.impulses))}
        for name, values in tables.items():
            c[name] = memory.allocate("i64", values.shape, values).offset
        c.update(RuleText(self.name, s.parse).declare(asm, s.rules, s.table))
        c["decay"] = memory.allocate("f64", (N_TRACES,), decay_factors(s.taus)).offset
        c["clean"] = asm.scratch(1)
        for k, name in enumerate(TRACES):
            asm.var(self, f"{name}_tau", (1,), int(s.taus[k]), "i64", Limits(0, 2**53, "a time constant in steps"))
            asm.var(self, f"{name}_impulse", (1,), int(s.impulses[k]), "i64", Limits(-(2**53), 2**53, "an impulse"))

    def _declare_tallies(self, asm: Assembler) -> Callable[[Memory], None]:
        """Weights and traces as they were, to find those that change; returns what brings them up to date."""
        c = self._columns
        weights = asm.variables[self.name, "weights"].slot
        before = asm.memory.allocate(weights.arena, weights.shape)
        sides = [Slot("i32", c["x"], (N_X * c["n_pre"],)), Slot("i32", c["y"], (N_Y * c["n_post"],))]
        traces = asm.memory.allocate("i32", (sum(side.size for side in sides),))
        c.update(before=before.offset, traces_before=traces.offset)

        def catch_up(memory: Memory) -> None:
            """What the user writes is no work of the net."""
            memory.view(before)[...] = memory.view(weights)
            memory.view(traces)[...] = np.concatenate([memory.view(side) for side in sides])

        asm.prologue.append(catch_up)
        return catch_up

    def _watch_writes(self, asm: Assembler, catch_up: Callable[[Memory], None]) -> None:
        """Lava takes all settings over again, as whole numbers, after a write to any Var of the process."""
        names = {kind: [asm.variables[self.name, f"{t}_{kind}"].slot for t in TRACES] for kind in ("tau", "impulse")}
        decay = Slot("f64", self._columns["decay"], (N_TRACES,))
        impulses = Slot("i64", self._columns["impulses"], (2, N_TRACES))
        clean = Slot("i32", self._columns["clean"], (1,))

        def take_over(memory: Memory) -> None:
            """Recompute what depends on the settings."""
            taus, values = ([int(memory.view(slot)[0]) for slot in names[kind]] for kind in ("tau", "impulse"))
            memory.view(decay)[...] = decay_factors(taus)
            memory.view(impulses)[...] = np.stack(split_impulses(values))

        def soil(memory: Memory) -> None:
            """The synapses may be out of their limits now."""
            memory.view(clean)[0] = 0
            catch_up(memory)

        for key, variable in list(asm.variables.items()):
            if key[0] == self.name:
                asm.variables[key] = replace(also(variable, soil), on_update=take_over)

    def _emit_traces(self, asm: Assembler, pre: Signal) -> None:
        """Record the spikes of both sides in every step."""
        assert self.settings is not None
        c, s = self._columns, self.settings
        post = [lasting_vector_input(asm, self, f"s_in_{name}", c["n_post"]) for name in ("bap", *Y_TRACES)]
        asm.every_step(
            SYNAPSES, opcodes.TRACES_RECEIVE,
            c["n_pre"], c["n_post"], pre.vector, c["seen"], c["bits"], s.graded_mode, s.t_epoch, c["x"], c["tx"],
            c["impulses"], post[0], c["y"], c["ty"], c["y0"], c["randoms"], int(s.three_factor), *post[1:],
            pre.count, pre.events,
        )  # fmt: skip

    def _emit_rule(
        self, asm: Assembler, opcode: int, weights: int, tag_2: int, tag_1: int, work: int, *more: int
    ) -> None:
        """Learn at the end of every epoch."""
        assert self.settings is not None
        c, s = self._columns, self.settings
        asm.every_step(
            LEARN, opcode,
            c["n_pre"], c["n_post"], weights, tag_2, tag_1, c["x"], c["y"], c["tx"], c["ty"],
            c["x_history"], c["y_history"], c["decay"], c["impulses"], c["products"], c["counts"] + N_PRODUCTS,
            c["factors"], c["counts"] + N_FACTORS, c["ranges"], c["limits"], work, c["clean"], c["randoms"],
            s.t_epoch, c["counts"] + EXPONENT, int(s.three_factor), c["x0"], c["y0"],
            effective_offset(asm, self), *more,
        )  # fmt: skip


@dataclass
class LearningDenseNode(LearningNode, DenseNode):
    """As DenseNode, with tags (n_post, n_pre), traces and rules."""

    tag_2: npt.NDArray[Any] = field(default_factory=lambda: np.zeros((1, 1), np.int64))
    tag_1: npt.NDArray[Any] = field(default_factory=lambda: np.zeros((1, 1), np.int64))

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
            self._columns[name] = slot.offset

    def emit(self, asm: Assembler) -> None:
        """Sum and record in every step, learn at the end of every epoch."""
        assert self.settings is not None
        c = self._columns
        # Only graded spikes are more than their list.
        plain = self.settings.graded_mode == GRADED_REGULAR
        pre = event_input(
            asm, self, "s_in", c["n_pre"], with_vector=not plain, with_payload=not plain or self.message_bits > 0
        )
        want_vector_with(asm, pre, self.name, "num_message_bits")
        self.forward(asm, pre)
        self._emit_traces(asm, pre)
        work = asm.scratch(SCRATCH_ROWS * c["n_post"])
        c["counted"] = asm.scratch(COUNTED)
        separable = self._separable_scratch(asm)
        tally_epoch(asm, self, c, self.settings, separable[0])
        self._emit_rule(
            asm, opcodes.TRACES_LEARN, c["weights"], c["tag_2"], c["tag_1"], work, *separable, *self._one_step(asm, pre)
        )
        tally_learned(asm, self, c, self.settings)

    def _separable_scratch(self, asm: Assembler) -> tuple[int, ...]:
        """The flag that the rule is separable, kept up to date, and scratch; nothing where it never can be."""
        assert self.settings is not None
        c, t_epoch = self._columns, self.settings.t_epoch
        if t_epoch != 1:
            return -1, 0, 0, 0, 0, c["counted"], 0
        flag = asm.memory.allocate("i64", (1,))
        counts, ranges = Slot("i64", c["counts"], (COUNTS,)), Slot("i64", c["ranges"], (3, 2))

        def judge(memory: Memory) -> None:
            """Follow the rule."""
            n_products, n_factors, exponent = (int(count) for count in memory.view(counts))
            products = memory.view(Slot("i64", c["products"], (n_products, 6)))
            factors = memory.view(Slot("i64", c["factors"], (n_factors, 4)))
            table = RuleTable(products, factors, memory.view(ranges), exponent)
            memory.view(flag)[0] = is_separable(table, t_epoch)

        asm.followers.append(judge)
        for name in self.settings.rules:
            asm.variables[self.name, name] = also(asm.variables[self.name, name], judge)
        n_words, n_shorts = scratch_sizes(c["n_pre"], c["n_post"])
        words, shorts = asm.scratch(n_words), asm.scratch(n_shorts, "i16")
        return flag.offset, words, shorts, c["nonzeros"], writes_offset(asm, self), c["counted"], c["before"]

    def _one_step(self, asm: Assembler, pre: Signal) -> tuple[int, int, int]:
        """Where the pre spikes are listed and where changes of traces are counted, in epochs of one step.

        Then a spike changes no trace before the end of the step, unless it is graded.
        """
        assert self.settings is not None
        plain = self.settings.graded_mode == GRADED_REGULAR
        listed = (pre.count, pre.events) if plain else (-1, 0)
        counted = plain and self.settings.t_epoch == 1 and not self.settings.three_factor
        return *listed, trace_updates_offset(asm, self) if counted else 0

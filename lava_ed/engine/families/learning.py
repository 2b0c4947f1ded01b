"""What Lava's LearningDense and LearningSparse have in common: the traces of both sides, and the settings of a rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import SYNAPSES, Assembler, Signal
from lava_ed.engine.families.inputs import vector_input
from lava_ed.engine.families.rule_text import FACTOR, MOST_FACTORS, MOST_PRODUCTS, PRODUCT, RuleText
from lava_ed.engine.families.synapses import SynapsesNode, WeightedNode
from lava_ed.engine.families.tallies import N_X, N_Y
from lava_ed.engine.families.trace_randoms import CAPACITY, DRAW, RANDOM_COLUMNS, TraceRandoms
from lava_ed.engine.memory import Limits, Memory, Slot, Variable
from lava_ed.engine.op import each, number, op, reads, updates, writes
from lava_ed.kernels._jit import inlined_kernel, kernel
from lava_ed.kernels.stock.rule_table import ParseRule, RuleTable, synapse_limits
from lava_ed.kernels.stock.traces import (
    GRADED_OVERWRITE,
    GRADED_REGULAR,
    decay_factors,
    receive_post_spikes,
    receive_pre_events,
    receive_pre_spikes,
    split_impulses,
    trace_history,
)
from lava_ed.kernels.vectors.events import copy_rows, copy_vector
from lava_ed.kernels.views import cube, matrix, segment
from lava_ed.network.wiring import LEARNING_PORTS

X_TRACES: Final = ("x1", "x2")
Y_TRACES: Final = ("y1", "y2", "y3")
TRACES: Final = X_TRACES + Y_TRACES
N_TRACES: Final = N_X + N_Y

_SIDES: Final = {
    "n_pre": number(),
    "n_post": number(),
    "x": updates("i32", f"{N_X} * n_pre"),
    "y": updates("i32", f"{N_Y} * n_post"),
    "tx": updates("i32", "n_pre"),
    **each(updates("i32", "n_post"), "ty", "y0"),
    "impulses": reads("i64", 2 * N_TRACES),
    "randoms": reads("f64", CAPACITY * RANDOM_COLUMNS),
    "t_epoch": number("steps of an epoch"),
    "three_factor": number("1 where y1, y2, y3 are received"),
}
TRACES_RECEIVE = op(
    "traces_receive",
    "learning",
    **_SIDES,
    messages=reads("i32", "n_pre", optional=True),
    **each(reads("i32"), "count", "message_bits"),
    events=reads("i32", "n_pre"),
    seen=writes("i32", "n_pre"),
    graded_mode=number("value of Lava's GradedSpikeCfg"),
    **each(reads("i32", "n_post"), "s_in_bap", "s_in_y1", "s_in_y2", "s_in_y3"),
)
EPOCH = op(
    "epoch",
    **_SIDES,
    x0=updates("i32", "n_pre"),
    x_history=updates("i32", f"{N_X} * t_epoch * n_pre + {N_X} * n_pre"),
    y_history=updates("i32", f"{N_Y} * t_epoch * n_post + {N_Y} * n_post"),
    decay=reads("f64", N_TRACES),
    products=reads("i64", PRODUCT * MOST_PRODUCTS),
    **each(reads("i64"), "n_products", "n_factors", "exponent"),
    factors=reads("i64", FACTOR * MOST_FACTORS),
    **each(reads("i64", 6), "ranges", "limits"),
    within_limits=updates("i32"),
)
"""The fields with which either op that learns begins; it is no op of its own."""


@inlined_kernel
def traces_receive(a, i32, i64, f64, now, row):  # type: ignore[no-untyped-def]
    """Record this step's spikes of both sides; a three-factor rule takes y1, y2, y3 as they come."""
    f = TRACES_RECEIVE
    n_pre, n_post = a[f.n_pre], a[f.n_post]
    when = (now - 1) % a[f.t_epoch] + 1
    graded = i32[a[f.message_bits]] > 0
    whole, fraction = segment(i64, a[f.impulses], N_TRACES), segment(i64, a[f.impulses] + N_TRACES, N_TRACES)
    x = matrix(i32, a[f.x], N_X, n_pre)
    tx = segment(i32, a[f.tx], n_pre)
    mode = a[f.graded_mode]
    if mode == GRADED_REGULAR or (mode == GRADED_OVERWRITE and graded):
        events, messages = segment(i32, a[f.events], n_pre), segment(i32, a[f.messages], n_pre)
        receive_pre_events(events, i32[a[f.count]], messages, mode, when, x, tx, whole, fraction)
    else:
        seen = segment(i32, a[f.seen], n_pre)
        for i in range(n_pre):
            message = i32[a[f.messages] + i]
            seen[i] = message if graded else message != 0
        receive_pre_spikes(seen, mode, when, x, tx, whole[:N_X], fraction[:N_X])
    bap = segment(i32, a[f.s_in_bap], n_post)
    y = matrix(i32, a[f.y], N_Y, n_post)
    random = np.int64(f64[a[f.randoms] + row * RANDOM_COLUMNS + DRAW.y_impulse_first])
    receive_post_spikes(bap, when, y, segment(i32, a[f.ty], n_post), random, whole[N_X:], fraction[N_X:])
    y0 = segment(i32, a[f.y0], n_post)
    for j in range(n_post):
        y0[j] |= np.int32(bap[j] != 0)
    if a[f.three_factor]:
        for k, port in enumerate((f.s_in_y1, f.s_in_y2, f.s_in_y3)):
            copy_vector(segment(i32, a[port], n_post), y[k])


@kernel
def advance_traces(a, i32, i64, f64, row):  # type: ignore[no-untyped-def]
    """Compute the traces of both sides at each step of the epoch that ends, whatever op learns."""
    f = EPOCH
    n_pre, n_post, t_epoch = a[f.n_pre], a[f.n_post], a[f.t_epoch]
    x = matrix(i32, a[f.x], N_X, n_pre)
    y = matrix(i32, a[f.y], N_Y, n_post)
    tx, ty = segment(i32, a[f.tx], n_pre), segment(i32, a[f.ty], n_post)
    x_history = cube(i32, a[f.x_history], t_epoch + 1, N_X, n_pre)
    y_history = cube(i32, a[f.y_history], t_epoch + 1, N_Y, n_post)
    decay = segment(f64, a[f.decay], N_TRACES)
    whole, fraction = segment(i64, a[f.impulses], N_TRACES), segment(i64, a[f.impulses] + N_TRACES, N_TRACES)
    draws = segment(f64, a[f.randoms] + row * RANDOM_COLUMNS, RANDOM_COLUMNS)
    impulse = np.int64(draws[DRAW.x_impulse])
    trace_history(x, tx, decay[:N_X], draws[DRAW.x_decay], impulse, whole[:N_X], fraction[:N_X], x_history)
    impulse = np.int64(draws[DRAW.y_impulse])
    trace_history(y, ty, decay[N_X:], draws[DRAW.y_decay], impulse, whole[N_X:], fraction[N_X:], y_history)
    copy_rows(x_history[t_epoch], x)
    if not a[f.three_factor]:
        copy_rows(y_history[t_epoch], y)
    return x_history, y_history


@kernel
def close_epoch(a, i32):  # type: ignore[no-untyped-def]
    """Forget the spikes of the epoch, whatever op learns."""
    f = EPOCH
    i32[a[f.within_limits]] = 1
    segment(i32, a[f.tx], a[f.n_pre])[:] = 0
    segment(i32, a[f.ty], a[f.n_post])[:] = 0
    segment(i32, a[f.x0], a[f.n_pre])[:] = 0
    segment(i32, a[f.y0], a[f.n_post])[:] = 0


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


Follow = Callable[[Memory, Sequence[Any], Sequence[Any]], None]
"""(memory, taus, impulses) → None: what depends on the settings of a rule follows them."""


@dataclass(kw_only=True)
class TracedNode(SynapsesNode):
    """What plastic synapses have in common, in whatever arithmetic: traces and rules.

    Parameters
    ----------
    settings : LearningSettings
    traces : mapping
        Initial x0, tx, x1, x2, y0, ty, y1, y2, y3; 0 where they are missing.
    """

    settings: LearningSettings
    traces: dict[str, npt.NDArray[Any]]

    def _declare_traces(self, asm: Assembler) -> None:
        """Traces of a side lie side by side; spike times and flags; the history of an epoch."""
        at, arena = self.at, self.arena
        length = self.settings.t_epoch + 1
        sides = (("x", X_TRACES, at["n_pre"]), ("y", Y_TRACES, at["n_post"]))
        for side, names, size in sides:
            traces = [self._initial(name, size) for name in names]
            at[side] = asm.memory.allocate(arena, (len(names) * size,), np.concatenate(traces)).offset
            for k, name in enumerate(names):
                asm.variables[self.name, name] = Variable(Slot(arena, at[side] + k * size, (size,)))
            flag, times = f"{side}0", f"t{side}"
            at[flag] = asm.var(self, flag, (size,), self._initial(flag, size))
            asm.variables[self.name, flag] = replace(asm.variables[self.name, flag], flag=True)
            # The rules read the history of the epoch at the step of the last spike.
            steps = Limits(0, length - 1, "steps of an epoch, t_epoch at most; 0 for no spike")
            at[times] = asm.var(self, times, (size,), self._initial(times, size), limits=steps)
            at[f"{side}_history"] = asm.scratch(length * len(names) * size, arena)

    def _initial(self, name: str, size: int) -> npt.NDArray[Any]:
        """What a trace or spike time starts with: Lava takes the Var's ``init``."""
        return np.zeros(size, np.int32) + self.traces.get(name, 0)

    def _declare_settings(self, asm: Assembler, arena: str, limits: dict[str, Limits]) -> None:
        """The text of the rule and its tables; time constants and impulses as Vars of an arena, within limits."""
        s = self.settings
        self.at.update(RuleText(self.name, s.parse).declare(asm, s.rules, s.table))
        self.at.update(within_limits=asm.scratch(1), t_epoch=s.t_epoch, three_factor=int(s.three_factor))
        for k, trace in enumerate(TRACES):
            for kind, value in (("tau", s.taus[k]), ("impulse", s.impulses[k])):
                asm.var(self, f"{trace}_{kind}", (1,), value if arena == "f64" else int(value), arena, limits[kind])

    def _watch_writes(self, asm: Assembler, follow: Follow, catch_up: Callable[[Memory], None] | None = None) -> None:
        """Read all settings again after a write to any Var of the process, as Lava does.

        Parameters
        ----------
        follow : callable
            (memory, taus, impulses): recompute what depends on the settings.
        catch_up : callable, optional
            Called after every write, also through a RefPort.
        """
        names = {kind: [asm.variables[self.name, f"{t}_{kind}"].slot for t in TRACES] for kind in ("tau", "impulse")}
        clean = Slot("i32", self.at["within_limits"], (1,))

        def take_over(memory: Memory) -> None:
            """Read the settings."""
            follow(memory, *([memory.view(slot)[0] for slot in names[kind]] for kind in ("tau", "impulse")))

        def soil(memory: Memory) -> None:
            """The synapses may be out of their limits now."""
            memory.view(clean)[0] = 0
            if catch_up is not None:
                catch_up(memory)

        for node, name in list(asm.variables):
            if node == self.name:
                asm.after_write(node, name, soil)
                asm.variables[node, name] = replace(asm.variables[node, name], on_update=take_over)


@dataclass(kw_only=True)
class LearningNode(TracedNode, WeightedNode):
    """Plastic synapses of the fixed-point models."""

    def _declare_synapses(self, asm: Assembler) -> None:
        """Vars of the synapses besides the weights."""
        raise NotImplementedError

    def _declare_learning(self, asm: Assembler) -> None:
        """Tags, traces, and the settings of the rule; after the Vars of the synapses."""
        self._declare_synapses(asm)
        self._declare_traces(asm)
        self.at["seen"] = asm.scratch(self.at["n_pre"])
        follow = self._declare_rule(asm, self.settings)
        randoms = TraceRandoms(self.settings.seed, self.settings.t_epoch)
        self.at["randoms"] = randoms.allocate(asm.memory)
        asm.feeders.append(randoms)
        self._watch_writes(asm, follow, self._declare_tallies(asm))

    def _declare_rule(self, asm: Assembler, s: LearningSettings) -> Follow:
        """Reserve the tables and the Vars of the rule; returns the function that recomputes tables after a write."""
        limits = asm.memory.allocate("i64", (3, 2), synapse_limits(s.sign_mode))
        impulses = asm.memory.allocate("i64", (2, N_TRACES), np.stack(split_impulses(s.impulses)))
        decay = asm.memory.allocate("f64", (N_TRACES,), decay_factors(s.taus))
        self.at.update(limits=limits.offset, impulses=impulses.offset, decay=decay.offset)
        meant = {"tau": Limits(0, 2**53, "a time constant in steps"), "impulse": Limits(-(2**53), 2**53, "an impulse")}
        self._declare_settings(asm, "i64", meant)

        def follow(memory: Memory, taus: Sequence[int], values: Sequence[int]) -> None:
            """Recompute what depends on the settings."""
            memory.view(decay)[...] = decay_factors(taus)
            memory.view(impulses)[...] = np.stack(split_impulses(values))

        return follow

    def _declare_tallies(self, asm: Assembler) -> Callable[[Memory], None]:
        """Keep copies of weights and traces, to count what changes; returns the function that renews the copies."""
        at = self.at
        weights = asm.variables[self.name, "weights"].slot
        before = asm.memory.allocate(weights.arena, weights.shape)
        sides = [Slot("i32", at["x"], (N_X * at["n_pre"],)), Slot("i32", at["y"], (N_Y * at["n_post"],))]
        traces = asm.memory.allocate("i32", (sum(side.size for side in sides),))
        at.update(weights_before=before.offset, traces_before=traces.offset)

        def catch_up(memory: Memory) -> None:
            """Renew the copies: a change that the user makes is not counted."""
            memory.view(before)[...] = memory.view(weights)
            memory.view(traces)[...] = np.concatenate([memory.view(side) for side in sides])

        asm.prologue.append(catch_up)
        return catch_up

    def _emit_traces(self, asm: Assembler, pre: Signal) -> None:
        """Record the spikes of both sides in every step."""
        at, settings = self.at, self.settings
        post = {port: vector_input(asm, self, port, at["n_post"], lasting=True) for port in LEARNING_PORTS}
        asm.every_step(
            SYNAPSES, TRACES_RECEIVE, at, **post, messages=pre.vector, count=pre.count,
            events=pre.events, graded_mode=settings.graded_mode,
        )  # fmt: skip

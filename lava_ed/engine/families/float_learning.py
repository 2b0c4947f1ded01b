"""Floating-point model of Lava's LearningDense: Dense, and the traces and rules of real numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import LEARN, SYNAPSES, Assembler
from lava_ed.engine.families.float_synapses import REAL_DENSE, FloatDenseNode
from lava_ed.engine.families.inputs import event_input, vector_input
from lava_ed.engine.families.learning import EPOCH, N_TRACES, TRACES_RECEIVE, TracedNode
from lava_ed.engine.families.rule_text import FACTOR, MOST_PRODUCTS, PRODUCT
from lava_ed.engine.families.tallies import N_X, N_Y
from lava_ed.engine.memory import Limits, Memory, Variable
from lava_ed.engine.op import Field, each, number, op, reads, updates
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.stock.dense import SIGN_EXCITATORY, SIGN_INHIBITORY, SIGN_MIXED
from lava_ed.kernels.stock.float_learning import (
    apply_real_rule,
    real_trace_history,
    receive_real_post,
    receive_real_pre,
)
from lava_ed.kernels.stock.learning import decimation_active
from lava_ed.kernels.stock.traces import decay_factors
from lava_ed.kernels.vectors.events import copy_rows
from lava_ed.kernels.views import cube, matrix, segment
from lava_ed.network.wiring import LEARNING_PORTS

_SIGNS: Final = {SIGN_MIXED: 0, SIGN_EXCITATORY: 1, SIGN_INHIBITORY: -1}
"""What `apply_real_rule` calls Lava's sign modes."""
_REAL: Final = ("x", "y", "x_history", "y_history", *LEARNING_PORTS)
"""What is a real number here; spike times, flags and the tables of a rule are the integers of the fixed-point model."""


def _real_fields(fixed: Any, *without: str) -> dict[str, Field]:
    """The fields of an op of the fixed-point model but some, with real numbers and impulses."""
    fields = {name: field for name, field in fixed.op.fields.items() if name not in without}
    real = {name: field._replace(arena="f64") for name, field in fields.items() if name in _REAL}
    return {**fields, **real, "impulses": reads("f64", N_TRACES)}


REAL_TRACES = op(
    "real_traces",
    "floating",
    **{**_real_fields(TRACES_RECEIVE, "randoms", "seen"), "messages": reads("f64", "n_pre")},
)
REAL_LEARN = op(
    "real_learn",
    "floating",
    **_real_fields(EPOCH, "randoms", "limits"),
    sign_mode=number("as `apply_real_rule` takes it"),
    **each(updates("f64", "n_pre * n_post"), "weights", "tag_2", "tag_1"),
    plain=updates("i32", MOST_PRODUCTS),
    work=updates("f64", "5 * n_post"),
)


@kernel
def real_traces(a, i32, f64, now):  # type: ignore[no-untyped-def]
    """Record this step's spikes of both sides; a three-factor rule takes y1, y2, y3 as they come."""
    f = REAL_TRACES
    n_pre, n_post = a[f.n_pre], a[f.n_post]
    when = (now - 1) % a[f.t_epoch] + 1
    impulses = segment(f64, a[f.impulses], N_TRACES)
    y = matrix(f64, a[f.y], N_Y, n_post)
    receive_real_pre(
        segment(i32, a[f.events], n_pre), i32[a[f.count]], segment(f64, a[f.messages], n_pre),
        i32[a[f.message_bits]] > 0, a[f.graded_mode], when, matrix(f64, a[f.x], N_X, n_pre),
        segment(i32, a[f.tx], n_pre), impulses[:N_X],
    )  # fmt: skip
    receive_real_post(
        segment(f64, a[f.s_in_bap], n_post), when, y, segment(i32, a[f.ty], n_post), segment(i32, a[f.y0], n_post),
        impulses[N_X:],
    )  # fmt: skip
    if a[f.three_factor]:
        for j in range(n_post):
            y[0, j], y[1, j], y[2, j] = f64[a[f.s_in_y1] + j], f64[a[f.s_in_y2] + j], f64[a[f.s_in_y3] + j]


@kernel
def real_learn(a, i32, i64, f64, now):  # type: ignore[no-untyped-def]
    """Compute the traces at each step of the epoch that ends, then apply the rules, and forget the spikes."""
    f = REAL_LEARN
    n_pre, n_post, t_epoch = a[f.n_pre], a[f.n_post], a[f.t_epoch]
    if now % t_epoch != 0:
        return
    x, y = matrix(f64, a[f.x], N_X, n_pre), matrix(f64, a[f.y], N_Y, n_post)
    tx, ty = segment(i32, a[f.tx], n_pre), segment(i32, a[f.ty], n_post)
    decay, impulses = segment(f64, a[f.decay], N_TRACES), segment(f64, a[f.impulses], N_TRACES)
    x_history = cube(f64, a[f.x_history], t_epoch + 1, N_X, n_pre)
    y_history = cube(f64, a[f.y_history], t_epoch + 1, N_Y, n_post)
    real_trace_history(x, tx, decay[:N_X], impulses[:N_X], x_history)
    real_trace_history(y, ty, decay[N_X:], impulses[N_X:], y_history)
    copy_rows(x_history[t_epoch], x)
    if not a[f.three_factor]:
        copy_rows(y_history[t_epoch], y)
    apply_real_rule(
        matrix(i64, a[f.products], i64[a[f.n_products]], PRODUCT),
        matrix(i64, a[f.factors], i64[a[f.n_factors]], FACTOR),
        matrix(i64, a[f.ranges], 3, 2),
        a[f.sign_mode], decimation_active(now, t_epoch, i64[a[f.exponent]]), i32[a[f.within_limits]] != 0,
        x_history, y_history, tx, ty,
        matrix(f64, a[f.weights], n_pre, n_post),
        matrix(f64, a[f.tag_2], n_pre, n_post),
        matrix(f64, a[f.tag_1], n_pre, n_post),
        segment(i32, a[f.plain], MOST_PRODUCTS), matrix(f64, a[f.work], 5, n_post),
    )  # fmt: skip
    i32[a[f.within_limits]] = 1
    tx[:] = 0
    ty[:] = 0
    segment(i32, a[f.x0], n_pre)[:] = 0
    segment(i32, a[f.y0], n_post)[:] = 0


@dataclass(kw_only=True)
class FloatLearningDenseNode(TracedNode, FloatDenseNode):
    """All-to-all synapses with tags (n_post, n_pre), traces and rules."""

    tag_2: npt.NDArray[np.float64]
    tag_1: npt.NDArray[np.float64]

    def declare(self, asm: Assembler) -> None:
        """Vars and OutPort of FloatDenseNode; tags, traces, and the settings of the rule."""
        super().declare(asm)
        for name, values in (("tag_2", self.tag_2), ("tag_1", self.tag_1)):
            slot = asm.memory.allocate("f64", values.shape[::-1], values.T)
            asm.variables[self.name, name] = Variable(slot, transposed=True)
            self.at[name] = slot.offset
        self._declare_traces(asm)
        s, memory = self.settings, asm.memory
        decay = memory.allocate("f64", (N_TRACES,), self._decay(s.taus))
        impulses = memory.allocate("f64", (N_TRACES,), s.impulses)
        self.at.update(decay=decay.offset, impulses=impulses.offset)
        meant = {"tau": "a time constant in steps", "impulse": "an impulse"}
        self._declare_settings(asm, "f64", {k: Limits(0, math.inf, text, "float") for k, text in meant.items()})

        def follow(memory: Memory, taus: Sequence[float], values: Sequence[float]) -> None:
            """Recompute what depends on the settings."""
            memory.view(decay)[...], memory.view(impulses)[...] = self._decay(taus), values

        self._watch_writes(asm, follow)

    @staticmethod
    def _decay(taus: Any) -> npt.NDArray[np.float64]:
        """Factors of the traces for one step: nan for a time constant of 0, as Lava's model leaves those undefined."""
        return np.where(np.asarray(taus) != 0, decay_factors(taus), np.nan)

    def emit(self, asm: Assembler) -> None:
        """Sum and record in every step, learn at the end of every epoch."""
        at, s = self.at, self.settings
        pre = event_input(asm, self, "s_in", at["n_pre"], real=True)
        spikes = {"count": pre.count, "events": pre.events, "messages": pre.real}
        asm.every_step(SYNAPSES, REAL_DENSE, at, **spikes)
        post = {port: vector_input(asm, self, port, at["n_post"], real=True, lasting=True) for port in LEARNING_PORTS}
        asm.every_step(SYNAPSES, REAL_TRACES, at, **spikes, **post, graded_mode=s.graded_mode)
        work, plain = asm.scratch(5 * at["n_post"], "f64"), asm.scratch(MOST_PRODUCTS)
        asm.every_step(LEARN, REAL_LEARN, at, sign_mode=_SIGNS[s.sign_mode], work=work, plain=plain)

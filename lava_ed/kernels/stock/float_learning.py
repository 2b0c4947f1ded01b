"""Stock LearningDense in floating point: its traces and rules in float64, in the order of numpy's own operations.

Synaptic arrays are indexed [pre, post]; pass ``weights.T`` for Lava's order.
Source: lava-nc 0.10.0, `LearningConnectionModelFloat` in `lava/magma/core/model/py/connection.py` and
`LearningRuleApplierFloat` in `lava/magma/core/learning/learning_rule_applier.py`.
"""

from __future__ import annotations

import math

import numpy as np

from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.stock.rule_table import COL, DEP, SRC
from lava_ed.kernels.stock.traces import GRADED_OVERWRITE, GRADED_REGULAR
from lava_ed.kernels.vectors.events import copy_rows


@kernel
def receive_real_pre(events, count, messages, graded, mode, when, x, tx, impulses):
    """Note the spikes of pre neurons at step `when` of the epoch; those that had one add an impulse to their traces.

    x1 becomes half the message in mode OVERWRITE, and takes it up in the modes that add.

    Parameters
    ----------
    events, messages : int32 (k,), float64 (n_pre,)
        The first `count` events name the neurons whose message is not 0; it counts as 1 unless `graded`.
    mode : int
        Value of Lava's `GradedSpikeCfg`.
    x, tx : float64 (2, n_pre), int32 (n_pre,)
    impulses : float64 (2,)
    """
    for k in range(count):
        i = events[k]
        half = (messages[i] if graded else 1.0) / 2
        if mode == GRADED_OVERWRITE:
            x[0, i] = half
        elif mode != GRADED_REGULAR:
            x[0, i] += half
        elif tx[i] > 0:
            x[0, i] += impulses[0]
        if tx[i] > 0:
            x[1, i] += impulses[1]
        tx[i] = when


@kernel
def receive_real_post(spikes, when, y, ty, y0, impulses):
    """Note the spikes of post neurons, as `receive_real_pre` does in mode USE_REGULAR_IMPULSE."""
    for j in range(spikes.size):
        if spikes[j] != 0.0:
            if ty[j] > 0:
                for k in range(y.shape[0]):
                    y[k, j] += impulses[k]
            ty[j], y0[j] = when, 1


@kernel
def real_trace_history(traces, times, decay, impulses, history):
    """Traces at every step t of an epoch: h_0 = traces, h_t = decay·h_{t−1}, plus the impulses of spikes at step t."""
    copy_rows(traces, history[0])
    for t in range(1, history.shape[0]):
        for k in range(traces.shape[0]):
            for i in range(times.size):
                history[t, k, i] = decay[k] * history[t - 1, k, i]
                if times[i] == t:
                    history[t, k, i] += impulses[k]


@kernel_part
def all_finite(history, trace):
    """Whether a trace is finite in the whole epoch."""
    # 0 times what is not finite is nan.
    seen = 0.0
    for t in range(history.shape[0]):
        for i in range(history.shape[2]):
            seen += history[t, trace, i] * 0.0
    return seen == 0.0


@kernel_part
def vanishes_unmet(product, factors, x_history, y_history):
    """Whether a product is 0 where its condition is not met: it has no factors that may be infinite or nan."""
    for f in range(product[COL.first], product[COL.stop]):
        source = factors[f, COL.source]
        if source >= SRC.w:
            return False
        finite = all_finite(x_history, source - SRC.x1) if source < SRC.y0 else all_finite(y_history, source - SRC.y1)
        if not finite:
            return False
    return True


@kernel_part
def multiply_real(values, raw, factor):
    """values_j ← values_j·f_j, where f = v + c, or the sign of that."""
    constant = math.ldexp(np.float64(factor[COL.constant]), factor[COL.limit])
    if factor[COL.sign]:
        for j in range(values.size):
            values[j] *= np.sign(raw[j] + constant)
    else:
        for j in range(values.size):
            values[j] *= raw[j] + constant


@kernel_part
def gather_trace(source, dependency, i, x_history, y_history, tx, ty, raw):
    """A trace, for the synapses of pre neuron i, at the step that the condition names: of a spike, or the last one."""
    last = x_history.shape[0] - 1
    when = tx[i] if dependency == DEP.x0 else last
    if source < SRC.y0:
        for j in range(raw.size):
            raw[j] = x_history[ty[j] if dependency == DEP.y0 else when, source - SRC.x1, i]
    else:
        for j in range(raw.size):
            raw[j] = y_history[ty[j] if dependency == DEP.y0 else when, source - SRC.y1, j]


@kernel_part
def real_product_row(product, factors, i, u_active, x_history, y_history, tx, ty, synapses, raw, values):
    """One product for the synapses of pre neuron i: scale, condition, factors, multiplied from left to right."""
    scale = np.float64(product[COL.multiplier]) * math.ldexp(1.0, product[COL.shift_left])
    dependency = product[COL.dependency]
    if dependency == DEP.y0:
        for j in range(values.size):
            values[j] = scale * np.float64(ty[j] > 0)
    else:
        values[:] = scale * np.float64(tx[i] > 0 if dependency == DEP.x0 else u_active)
    for f in range(product[COL.first], product[COL.stop]):
        source = factors[f, COL.source]
        if source >= SRC.w:
            multiply_real(values, synapses[source - SRC.w][i], factors[f])
        else:
            gather_trace(source, dependency, i, x_history, y_history, tx, ty, raw)
            multiply_real(values, raw, factors[f])


@kernel
def apply_real_rule(
    products, factors, ranges, sign_mode, u_active, within_limits, x_history, y_history, tx, ty, weights, tag_2, tag_1,
    plain, work,
):  # fmt: skip
    """Add to weights, tag_2 and tag_1 the sums of their products, all of the values before, and cut them.

    tag_2 does not fall below 0, nor do weights that must be excitatory; inhibitory ones do not rise above it.
    What is 0 times finite numbers is not visited.

    Parameters
    ----------
    products, factors, ranges
        Of a `RuleTable` for floating-point models.
    sign_mode : int
        −1: weights are at most 0, 1: at least 0, 0: any.
    u_active, within_limits : bool
        Whether u_k is 1 in this epoch; whether no synapse can have to be cut but those that change.
    x_history, y_history : float64 (t_epoch + 1, 2, n_pre), float64 (t_epoch + 1, 3, n_post)
    tx, ty : int32 (n_pre,), int32 (n_post,)
    weights, tag_2, tag_1 : float64 (n_pre, n_post)
    plain : int32 (n_products,)
        Scratch.
    work : float64 (5, n_post)
        Scratch.
    """
    synapses = (weights, tag_2, tag_1)
    raw, values = work[3], work[4]
    post_spiked = False
    for j in range(ty.size):
        post_spiked = post_spiked or ty[j] > 0
    for p in range(products.shape[0]):
        plain[p] = vanishes_unmet(products[p], factors, x_history, y_history)
    for i in range(tx.size):
        changed = False
        for target in range(3):
            total, first = work[target], True
            for p in range(ranges[target, 0], ranges[target, 1]):
                dependency = products[p, COL.dependency]
                met = tx[i] > 0 if dependency == DEP.x0 else post_spiked if dependency == DEP.y0 else u_active
                if plain[p] and not met:
                    continue
                real_product_row(products[p], factors, i, u_active, x_history, y_history, tx, ty, synapses, raw, values)
                for j in range(total.size):
                    total[j] = values[j] if first else total[j] + values[j]
                first, changed = False, True
            if first:
                total[:] = 0.0
        if not changed and within_limits:
            continue
        for target in range(3):
            if ranges[target, 0] == ranges[target, 1]:
                continue
            row, total = synapses[target][i], work[target]
            sign = (sign_mode, 1, 0)[target]
            for j in range(total.size):
                row[j] += total[j]
                if sign * row[j] < 0:
                    row[j] = 0.0

"""Stock LearningDense ("bit approximate"): the traces of either side, bit for bit.

Every random number is an argument: Lava draws one scalar per purpose and step and uses it for
the whole layer.
Source: lava-nc 0.10.0, `lava/magma/core/model/py/connection.py`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import ArrayLike, NDArray

from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.fixed_point import TRACE_MAX, saturate
from lava_ed.kernels.vectors.events import copy_rows, number_of_bits
from lava_ed.kernels.vectors.lanes import LANES, WORDS, are_rows_of, constant, everywhere, mask_bits, place

GRADED_REGULAR: Final = 0
GRADED_OVERWRITE: Final = 1
GRADED_ADD_SATURATE: Final = 2
GRADED_ADD_WRAP: Final = 3
"""Values of Lava's `GradedSpikeCfg`."""
IMPULSE_FRACTION: Final = 2**8
OVERFLOW_STEP: Final = 127
USUAL_IMPULSE: Final = 2**20
TRACE_BOUND: Final = 2**29
FACTOR_BITS: Final = 23
"""Of a decay factor in 32 bits, where a trace has 8."""
DOUBT: Final = 256
"""Units of 2^-FACTOR_BITS around a whole number where `step_block` may round wrongly: it errs by at most 65."""
CHANGES: Final = 2**LANES
"""Bits of `step_block` that tell of changes are below this."""


def decay_factors(taus: ArrayLike) -> NDArray[np.float64]:
    """Factor exp(−1/τ) of each trace for one step; 0 where τ is 0, as such a trace is cleared.

    It is computed by the same numpy call as in Lava, so that no last bit can differ.
    """
    values = np.asarray(taus)
    factors = np.zeros(values.shape, dtype=np.float64)
    active = values != 0
    factors[active] = np.exp(-1 / values[active][:, np.newaxis])[:, 0]
    return factors


def split_impulses(impulses: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Whole part and fraction (in 256ths) of trace impulses.

    Examples
    --------
    >>> split_impulses([16.5])
    (array([16]), array([128]))
    """
    values = np.asarray(impulses)
    whole = np.floor(values)
    fraction = np.round((values - whole) * IMPULSE_FRACTION)
    return whole.astype(np.int64), fraction.astype(np.int64)


@kernel_part
def add_impulse(trace, random, whole, fraction):
    """min(max(trace + whole + [random < fraction], 0), 127)."""
    total = np.int64(trace) + whole + (1 if random < fraction else 0)
    return np.int32(saturate(total, 0, TRACE_MAX))


@kernel_part
def decay_trace(trace, factor, random):
    """⌊trace·factor⌋ + [random < trace·factor − ⌊trace·factor⌋]."""
    exact = factor * trace
    whole = np.floor(exact)
    return np.int32(np.int64(whole) + (1 if random < exact - whole else 0))


@kernel_part
def decay_row(before, factor, random, now):
    """Do `decay_trace` to each trace, in 32 bits where the factor does not raise it."""
    if factor >= 0 and factor <= 1:
        for i in range(before.size):
            exact = factor * np.float64(before[i])
            whole = np.floor(exact)
            now[i] = np.int32(np.int32(whole) + np.int32(random < exact - whole))
    else:
        for i in range(before.size):
            now[i] = decay_trace(before[i], factor, random)


@kernel_part
def raise_row(now, t_spike, t, impulse):
    """min(max(trace + impulse, 0), 127) where the spike came in step t; in 32 bits for usual impulses."""
    if abs(impulse) <= USUAL_IMPULSE:
        word, bound = np.int32(impulse), np.int32(TRACE_BOUND)
        for i in range(now.size):
            # What lies beyond the bound ends at 0 or 127 all the same.
            kept = np.int32(min(max(now[i], np.int32(-bound)), bound))
            raised = np.int32(min(max(np.int32(kept + word), np.int32(0)), np.int32(TRACE_MAX)))
            now[i] = raised if t_spike[i] == t else now[i]
    else:
        for i in range(now.size):
            raised = np.int32(saturate(np.int64(now[i]) + impulse, 0, TRACE_MAX))
            now[i] = raised if t_spike[i] == t else now[i]


@kernel_part
def is_certain(whole, cut):
    """Whether the decay in 32 bits is right for all traces of 7 bits."""
    doubt, mask = np.int32(0), np.int32(2**FACTOR_BITS - 1)
    for v in range(TRACE_MAX + 1):
        exact = np.int32(np.int32(np.int32(v) * whole) - cut)
        doubt |= np.int32(np.int32(np.int32(exact + np.int32(DOUBT)) & mask) < np.int32(2 * DOUBT))
    return doubt == 0


@intrinsic
def step_block(typing_context, row, t_spike, start, whole, cut, impulse):
    """Do `step_trace` to LANES traces from `start` on in 32 bits, in vectors as wide as the machine has them.

    Bit k of the result tells whether trace k changed.  With a trace beyond 7 bits nothing is done, and bits above
    those tell which they are.
    """
    if not are_rows_of(types.int32, row, t_spike):
        return None
    signature = types.uint32(row, t_spike, types.intp, types.int32, types.int32, types.int32)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def at(k: int) -> Any:
            return place(context, builder, signature, args, k, args[2], WORDS)

        whole, cut, impulse = (everywhere(builder, factor) for factor in args[3:])
        before = builder.load(at(0), align=4)
        beyond = mask_bits(builder, builder.icmp_unsigned(">", before, constant(TRACE_MAX)), 32)
        usual = builder.icmp_unsigned("==", beyond, ir.Constant(beyond.type, 0))
        told, begun = builder.shl(beyond, ir.Constant(beyond.type, LANES)), builder.block
        with builder.if_then(usual, likely=True):
            spiked = builder.load(at(1), align=4)
            exact = builder.sub(builder.mul(before, whole), cut)
            now = builder.ashr(builder.add(exact, constant(2**FACTOR_BITS - 1)), constant(FACTOR_BITS))
            raised = builder.add(now, impulse)
            raised = builder.select(builder.icmp_signed("<", raised, constant(0)), constant(0), raised)
            raised = builder.select(builder.icmp_signed(">", raised, constant(TRACE_MAX)), constant(TRACE_MAX), raised)
            now = builder.select(builder.icmp_signed("==", spiked, constant(1)), raised, now)
            builder.store(now, at(0), align=4)
            changed, done = mask_bits(builder, builder.icmp_signed("!=", now, before), 32), builder.block
        result = builder.phi(beyond.type)
        result.add_incoming(told, begun)
        result.add_incoming(changed, done)
        return result

    return signature, codegen


@kernel_part
def step_trace(trace, t_spike, factor, random, impulse):
    """`decay_trace`, then the impulse where the spike came in step 1."""
    now = decay_trace(trace, factor, random)
    return np.int32(saturate(np.int64(now) + impulse, 0, TRACE_MAX)) if t_spike == 1 else now


@kernel_part
def step_part(row, t_spike, first, stop, factor, random, impulse):
    """Do `step_trace` to some traces of a row, in place; returns how many changed."""
    changed = np.int32(0)
    for i in range(first, stop):
        now = step_trace(row[i], t_spike[i], factor, random, impulse)
        changed += np.int32(now != row[i])
        row[i] = now
    return changed


@kernel_part
def step_row(row, t_spike, factor, random, impulse):
    """Advance a row of traces by one step, in place; returns how many changed.

    ⌊v·f⌋ + [r < v·f − ⌊v·f⌋] = ⌈v·f − r⌉, where that is certain from f and r cut to 23 bits.
    """
    vectors, changed = 0, np.int32(0)
    if factor == 0 and impulse <= 0:  # a trace that is not used
        for i in range(row.size):
            changed += np.int32(row[i] != 0)
            row[i] = 0
        return changed
    if factor >= 0 and factor <= 1 and abs(impulse) <= USUAL_IMPULSE:
        whole, cut = np.int32(np.round(factor * 2.0**FACTOR_BITS)), np.int32(random * 2.0**FACTOR_BITS)
        if is_certain(whole, cut):
            vectors = row.size - row.size % LANES
    for start in range(0, vectors, LANES):
        bits = step_block(row, t_spike, start, whole, cut, np.int32(impulse))
        if bits >= CHANGES:
            changed += step_part(row, t_spike, start, start + LANES, factor, random, impulse)
        else:
            changed += np.int32(number_of_bits(bits))
    return np.int32(changed + step_part(row, t_spike, vectors, row.size, factor, random, impulse))


@kernel
def step_traces(traces, t_spike, factors, random_decay, random_impulse, whole, fraction):
    """Advance the traces of one side by an epoch of one step, in place, and return how many changed.

    The arguments are those of `trace_history`, whose h[1] becomes `traces`.
    """
    changed = np.int32(0)
    for k in range(traces.shape[0]):
        impulse = whole[k] + np.int64(random_impulse < fraction[k])
        changed += step_row(traces[k], t_spike, factors[k], random_decay, impulse)
    return changed


@kernel_part
def half_payload(payload):
    """payload/2 rounded half to even, modulo 256."""
    half = np.int64(payload) >> 1
    return (half + (payload & half & 1)) & 0xFF


@kernel
def receive_pre_spikes(s_in, mode, when, x, tx, whole, fraction):
    """Record one step of pre-synaptic spikes and payloads in x1, x2 and tx.

    A second spike in an epoch adds the impulse at once (rounded up if it has a fraction);
    x1 ← p/2 (overwrite), min(x1 + p/2, 127) (saturate), or x1 + p/2 − 127 above 127 with
    only overflows recorded (wrap), all modulo 256.

    Parameters
    ----------
    s_in : integer (n_pre,)
        Payloads as received; 0 and 1 where ``num_message_bits`` is 0.
    mode : int
        Value of `GradedSpikeCfg`.
    when : int
        Step within the epoch, 1 … t_epoch.
    x : int32 (2, n_pre)
        Traces x1 and x2, 7 bits (8 in the graded modes).
    tx : integer (n_pre,)
        Step of the last spike in this epoch, 0 for none.
    whole, fraction : int64 (2,)
        `split_impulses` of x1 and x2.
    """
    for i in range(s_in.size):
        spiked = s_in[i] != 0
        again = spiked and tx[i] > 0
        if mode == GRADED_REGULAR:
            if again:
                x[0, i] = add_impulse(x[0, i], 0, whole[0], fraction[0])
        elif mode == GRADED_OVERWRITE:
            if spiked:
                x[0, i] = half_payload(np.int64(s_in[i]))
        else:
            total = (x[0, i] + half_payload(np.int64(s_in[i]))) & 0xFF
            if mode == GRADED_ADD_SATURATE:
                x[0, i] = min(total, TRACE_MAX)
            else:
                overflow = total > TRACE_MAX
                x[0, i] = total - OVERFLOW_STEP if overflow else total
                spiked = spiked and overflow
                again = again and overflow
        if again:
            x[1, i] = add_impulse(x[1, i], 0, whole[1], fraction[1])
        if spiked:
            tx[i] = when


@kernel
def receive_pre_events(events, count, messages, mode, when, x, tx, whole, fraction):
    """Do as `receive_pre_spikes` for a list of the neurons that spiked, in the modes that leave the others alone.

    The modes are `GRADED_REGULAR` and `GRADED_OVERWRITE`, which alone reads the messages.

    Parameters
    ----------
    events : integer (k,)
        Pre neurons that spiked; the first `count` are read.
    messages : integer (n_pre,)
    """
    for k in range(count):
        i = events[k]
        again = tx[i] > 0
        if mode == GRADED_OVERWRITE:
            x[0, i] = half_payload(np.int64(messages[i]))
        elif again:
            x[0, i] = add_impulse(x[0, i], 0, whole[0], fraction[0])
        if again:
            x[1, i] = add_impulse(x[1, i], 0, whole[1], fraction[1])
        tx[i] = when


@kernel
def receive_post_spikes(s_in_bap, when, y, ty, random, whole, fraction):
    """Record one step of post-synaptic spikes; a second one in an epoch adds the impulses at once.

    Parameters
    ----------
    s_in_bap : bool or integer (n_post,)
    when : int
        Step within the epoch, 1 … t_epoch.
    y : int32 (3, n_post)
        Traces y1, y2, y3. A three-factor rule overwrites them afterwards.
    ty : integer (n_post,)
        Step of the last spike in this epoch, 0 for none.
    random : int
        0 … 127; Lava's y impulse generator after the first of the two advances of this step.
    whole, fraction : int64 (3,)
        `split_impulses` of y1, y2 and y3.
    """
    again = np.int32(0)
    for j in range(s_in_bap.size):
        again |= np.int32(s_in_bap[j] != 0) & np.int32(ty[j] > 0)
    if again:
        for j in range(s_in_bap.size):
            if s_in_bap[j] and ty[j] > 0:
                for k in range(y.shape[0]):
                    y[k, j] = add_impulse(y[k, j], random, whole[k], fraction[k])
    for j in range(s_in_bap.size):
        ty[j] = when if s_in_bap[j] else ty[j]


@kernel
def trace_history(traces, t_spike, factors, random_decay, random_impulse, whole, fraction, history):
    """Compute the traces of one side at each step of the epoch that ends now.

    h[0] = traces; h[t] = decay(h[t−1]), plus the impulse at the last spike (t = t_spike).
    h[t_epoch] are the new x traces, and the new y traces of a two-factor rule.

    Parameters
    ----------
    traces : int32 (k, n)
    t_spike : integer (n,)
        tx or ty.
    factors : float64 (k,)
        `decay_factors`.
    random_decay, random_impulse : float in [0, 1), int in 0 … 127
        One number each for the side.
    whole, fraction : int64 (k,)
        `split_impulses`.
    history : int32 (t_epoch + 1, k, n)
    """
    copy_rows(traces, history[0])
    for t in range(1, history.shape[0]):
        for k in range(traces.shape[0]):
            before, now = history[t - 1, k], history[t, k]
            impulse = whole[k] + np.int64(random_impulse < fraction[k])
            decay_row(before, factors[k], random_decay, now)
            raise_row(now, t_spike, t, impulse)

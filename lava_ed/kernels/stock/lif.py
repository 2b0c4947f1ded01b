"""Stock Lava's fixed-point LIF, LIFReset and TernaryLIF, one time step at a time, bit for bit.

Lava computes in numpy, so its results at the integer edges are those of numpy's promotions:
the current `u` is wrapped once at ±2^23 (it may stay beyond 24 bits), sums are taken modulo
2^32, and the input is shifted in the data type in which the port received it.
Source: lava-nc 0.10.0, `lava/proc/lif/models.py`, the models tagged ``fixed_pt``.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from lava_ed.kernels._jit import inlined_kernel, kernel, kernel_part
from lava_ed.kernels.counting import COUNTING
from lava_ed.kernels.fixed_point import DECAY_BITS, DECAY_UNITY, STATE_MAX, decay, saturate
from lava_ed.kernels.vectors.events import list_bits, number_of_bits
from lava_ed.kernels.vectors.lanes import (
    FEW,
    LANES,
    are_rows_of,
    constant,
    decayed,
    everywhere,
    mask_bits,
    place,
    two_halves,
)

INPUT_SHIFT: Final = 6
"""Inputs and thresholds are aligned with the 24-bit states by a shift of six."""
CURRENT_LIMIT: Final = STATE_MAX + 1
CURRENT_SPAN: Final = 2 * CURRENT_LIMIT
WORD_BITS: Final = 32
WORD_MIN: Final = -(2**31)
WORD_MAX: Final = 2**31 - 1


def scale_threshold(vth: int, *, bits: int = 64) -> int:
    """Threshold as it is compared with the membrane: vth·2^6 modulo 2^bits.

    Parameters
    ----------
    vth : int
        Threshold mantissa, as given to the process.
    bits : {64, 32}
        64 for LIF and LIFReset, which keep Python's integer; 32 for TernaryLIF's int32 Vars.

    Notes
    -----
    Stock Lava scales in the first time step only: a later ``vth.set()`` has no effect.

    Examples
    --------
    >>> scale_threshold(10)
    640
    """
    dtype = np.int32 if bits == WORD_BITS else np.int64
    return int(np.left_shift(np.array([vth], dtype=dtype), INPUT_SHIFT)[0])


@kernel_part
def effective_bias(mantissa, exponent):
    """mantissa·2^exponent modulo 2^32; a negative exponent shifts right, towards −∞."""
    mantissa = np.int64(mantissa)
    exponent = np.int64(exponent)
    if exponent >= WORD_BITS:
        return np.int32(0)
    if exponent >= 0:
        return np.int32(mantissa << exponent)
    # numpy's answer to a shift by the word's width or more is the sign; so is that of width − 1.
    return np.int32(mantissa >> min(-exponent, WORD_BITS - 1))


@kernel_part
def update_current(u, a_in, du):
    """Current after decay by du + 1 and input a_in·2^6, wrapped once into (−2^23, 2^23].

    Anything above 2^23 loses 2^24 and anything from −2^23 down gains it, once: +2^23 is
    a value that Lava's `u` takes, −2^23 is not, and a far overflow stays out of 24 bits.
    """
    # The shift is done in a_in's own type, so an int16 input overflows at 16 bits as in Lava.
    shifted = np.left_shift(a_in, np.int8(INPUT_SHIFT))
    current = np.int32(decay(u, du + 1) + np.int64(shifted))
    if current > CURRENT_LIMIT:
        return np.int32(current - CURRENT_SPAN)
    if current <= -CURRENT_LIMIT:
        return np.int32(current + CURRENT_SPAN)
    return current


@kernel_part
def update_voltage(v, u, bias, dv):
    """Voltage after decay by dv plus u plus bias modulo 2^32, saturated at ±(2^23 − 1)."""
    total = np.int32(np.int64(np.int32(decay(v, dv))) + np.int64(u) + np.int64(bias))
    return np.int32(saturate(total, -STATE_MAX, STATE_MAX))


@kernel
def lif_step(u, v, a_in, bias_mant, bias_exp, du, dv, threshold, spikes):
    """Advance stock fixed-point LIF neurons by one step; the states change in place.

    u ← wrap(decay(u, du + 1) + a_in·2^6); v ← sat(decay(v, dv) + u + mant·2^exp);
    s = [v > threshold], and v ← 0 where s.

    Parameters
    ----------
    u, v : int32[n]
        Current and voltage, 24-bit values (`u` may leave them, see `update_current`).
    a_in : int16[n], int32[n] or int64[n]
        Input in the type Lava's port delivers: int32 from Dense, int16 if nothing is connected.
    bias_mant, bias_exp : int16[n]
        Bias mantissa (13 bit) and exponent (3 bit on the chip, any here).
    du, dv : int
        Decay constants, unsigned 12-bit fractions; du −1 keeps the current for ever.
    threshold : int
        `scale_threshold` of vth; the comparison is strict.
    spikes : any integer or bool[n]
        Written with 0 and 1.

    Returns
    -------
    int
        Number of spikes.
    """
    count = 0
    for i in range(u.size):
        current = update_current(u[i], a_in[i], du)
        voltage = update_voltage(v[i], current, effective_bias(bias_mant[i], bias_exp[i]), dv)
        fired = voltage > threshold
        u[i] = current
        v[i] = 0 if fired else voltage
        spikes[i] = fired
        count += fired
    return count


@kernel
def effective_biases(bias_mant, bias_exp, bias):
    """bias_i ← mantissa·2^exponent modulo 2^32.

    Parameters
    ----------
    bias_mant, bias_exp : int16[n]
    bias : int32[n]
        Overwritten.
    """
    for i in range(bias.size):
        bias[i] = effective_bias(bias_mant[i], bias_exp[i])


@kernel_part
def has_fast_decay(du, dv):
    """Whether both decays are fractions from 0 to 1, so that `lif_step_fast` applies."""
    return du >= -1 and du < DECAY_UNITY and dv >= 0 and dv <= DECAY_UNITY


@kernel_part
def decay_word(x, kept):
    """`decay` in 32 bits: sign(x)·(|x|·kept » 12) for 0 ≤ kept ≤ 4096 and any int32 x.

    |x| = h·2^12 + l gives ⌊|x|·kept/2^12⌋ = h·kept + ⌊l·kept/2^12⌋ exactly, at most |x| ≤ 2^31.
    """
    sign = np.int32(x >> 31)
    size = np.uint32((x ^ sign) - sign)
    high = np.uint32(np.uint32(size >> np.uint32(DECAY_BITS)) * kept)
    low = np.uint32(np.uint32(np.uint32(size & np.uint32(DECAY_UNITY - 1)) * kept) >> np.uint32(DECAY_BITS))
    return np.int32((np.int32(np.uint32(high + low)) ^ sign) - sign)


@kernel_part
def next_current(u, a_in, kept):
    """`update_current` in 32 bits."""
    current = np.int32(decay_word(u, kept) + np.int32(a_in << INPUT_SHIFT))
    lowered, raised = np.int32(current - CURRENT_SPAN), np.int32(current + CURRENT_SPAN)
    wrapped = lowered if current > CURRENT_LIMIT else current
    return raised if current <= -CURRENT_LIMIT else wrapped


@kernel_part
def next_voltage(v, u, bias, kept):
    """`update_voltage` in 32 bits."""
    total = np.int32(np.int32(decay_word(v, kept) + u) + bias)
    return np.int32(min(max(total, np.int32(-STATE_MAX)), np.int32(STATE_MAX)))


@kernel_part
def reachable(threshold):
    """A threshold cut to 32 bits: no membrane lies beyond ±2^23 after a step."""
    return np.int32(saturate(threshold, -CURRENT_SPAN, CURRENT_SPAN))


@intrinsic(prefer_literal=True)
def lif_block(
    typing_context, u, v, a_in, bias, spikes, start, kept_u, kept_v, moved, most, bound, width
):  # fmt: skip
    """One step of `width` neurons from `start` on; bit k of the result tells who fired, bit 32 + k who was active.

    In one pass, and in vectors as wide as the machine has them: LLVM stays at half of that by itself, and needs
    several loops, for with one it has too many pairs of arrays to check for overlap.
    """
    arrays = (u, v, a_in, bias, spikes)
    if not (are_rows_of(types.int32, *arrays) and isinstance(width, types.IntegerLiteral)):
        return None
    words = ir.VectorType(ir.IntType(32), width.literal_value)
    places = (types.intp, types.uint32, types.uint32, types.int32, types.int32, types.int32)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def at(k: int) -> Any:
            return place(context, builder, signature, args, k, args[5], words)

        def each(value: Any) -> Any:
            return constant(value, words) if isinstance(value, int) else everywhere(builder, value, words)

        kept_u, kept_v, moved, most, bound = args[6:11]
        currents, voltages, inputs, biases = (builder.load(at(k), align=4) for k in range(4))
        touched = builder.or_(builder.or_(inputs, currents), biases)
        touched = builder.or_(touched, builder.and_(voltages, each(moved)))
        active = builder.icmp_signed("!=", touched, each(0))
        active = builder.or_(active, builder.icmp_signed(">", voltages, each(most)))

        shifted = builder.shl(inputs, each(INPUT_SHIFT))
        before = builder.block
        with builder.if_then(builder.icmp_unsigned("!=", kept_u, ir.Constant(kept_u.type, 0))):
            kept = builder.add(decayed(builder, currents, kept_u), shifted)
            inside = builder.block
        current = builder.phi(words)
        current.add_incoming(shifted, before)
        current.add_incoming(kept, inside)
        limit, span = each(CURRENT_LIMIT), each(CURRENT_SPAN)
        above = builder.icmp_signed(">", current, limit)
        below = builder.icmp_signed("<=", current, each(-CURRENT_LIMIT))
        wrapped = builder.select(above, builder.sub(current, span), current)
        wrapped = builder.select(below, builder.add(current, span), wrapped)
        builder.store(wrapped, at(0), align=4)

        voltage = builder.add(builder.add(decayed(builder, voltages, kept_v), wrapped), biases)
        low, high = each(-STATE_MAX), each(STATE_MAX)
        voltage = builder.select(builder.icmp_signed("<", voltage, low), low, voltage)
        voltage = builder.select(builder.icmp_signed(">", voltage, high), high, voltage)
        fired = builder.icmp_signed(">", voltage, each(bound))
        builder.store(builder.select(fired, each(0), voltage), at(1), align=4)
        builder.store(builder.zext(fired, words), at(4), align=4)
        return two_halves(builder, mask_bits(builder, fired), mask_bits(builder, active))

    return types.uint64(*arrays, *places, width), codegen


@inlined_kernel
def lif_step_fast(u, v, a_in, bias, du, dv, threshold, spikes, events):
    """`lif_step`, `events.list_events` of the spikes and `tally.count_active_lif` of the states before, in one pass.

    Parameters
    ----------
    u, v, a_in, spikes : int32[n]
        As in `lif_step`; decays of `has_fast_decay`, inputs of 32 bits.
    bias : int32[n]
        `effective_biases`; active is who has a bias that is not 0, not who has a mantissa.
    du, dv, threshold : int
        As in `lif_step`.
    events : int32[n]
        Overwritten up to the number of spikes.

    Returns
    -------
    (spikes, active) : int
    """
    kept_u, kept_v = np.uint32(DECAY_UNITY - 1 - du), np.uint32(DECAY_UNITY - dv)
    bound = reachable(threshold)
    # A membrane that was written may lie beyond 24 bits.
    most = np.int32(saturate(threshold, WORD_MIN, WORD_MAX))
    moved = np.int32(-1 if dv != 0 else 0)
    count, active = np.int64(0), np.int64(0)
    whole = v.size - v.size % LANES
    for start in range(0, whole, LANES):
        both = lif_block(u, v, a_in, bias, spikes, start, kept_u, kept_v, moved, most, bound, LANES)
        if COUNTING:
            active += number_of_bits(np.uint32(both >> np.uint64(32)))
        count = list_bits(np.uint32(both), start, events, count)
    if whole + FEW <= v.size:
        both = lif_block(u, v, a_in, bias, spikes, whole, kept_u, kept_v, moved, most, bound, FEW)
        if COUNTING:
            active += number_of_bits(np.uint32(both >> np.uint64(32)))
        count = list_bits(np.uint32(both), whole, events, count)
        whole += FEW
    for i in range(whole, v.size):
        touched = np.int32(np.int32(a_in[i] | u[i]) | np.int32(bias[i] | np.int32(v[i] & moved)))
        if COUNTING:
            active += np.int64((touched != 0) | (v[i] > most))
        u[i] = next_current(u[i], a_in[i], kept_u)
        voltage = next_voltage(v[i], u[i], bias[i], kept_v)
        fired = voltage > bound
        v[i] = np.int32(0) if fired else voltage
        spikes[i] = fired
        if fired:
            events[count] = i
            count += 1
    return count, np.int64(v.size) if threshold < WORD_MIN else active


@kernel
def ternary_lif_step(u, v, a_in, bias_mant, bias_exp, du, dv, threshold_low, threshold_high, spikes):
    """Advance stock fixed-point TernaryLIF neurons by one step.

    The equations are those of `lif_step`, but s = [v > threshold_high] − [v < threshold_low], and v ← 0 where s ≠ 0.

    Parameters
    ----------
    u, v, a_in, bias_mant, bias_exp, du, dv
        As in `lif_step`.
    threshold_low, threshold_high : int
        ``scale_threshold(vth, bits=32)`` of vth_lo and vth_hi.
    spikes : signed integer[n]
        Written with −1, 0 and 1.

    Returns
    -------
    int
        Number of spikes of either sign.
    """
    count = 0
    for i in range(u.size):
        current = update_current(u[i], a_in[i], du)
        voltage = update_voltage(v[i], current, effective_bias(bias_mant[i], bias_exp[i]), dv)
        spike = np.int32(voltage > threshold_high) - np.int32(voltage < threshold_low)
        u[i] = current
        v[i] = voltage if spike == 0 else 0
        spikes[i] = spike
        count += spike != 0
    return count

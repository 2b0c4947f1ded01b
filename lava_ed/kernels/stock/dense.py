"""Stock Lava's fixed-point Dense: weight preparation, spike accumulation and weight exponent.

Source: lava-nc 0.10.0, `lava/proc/dense/models.py` and `lava/utils/weightutils.py`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lava_ed.errors import WeightError
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.vectors.row_sums import sum_rows

SIGN_NULL: Final = 0
SIGN_MIXED: Final = 1
SIGN_EXCITATORY: Final = 2
SIGN_INHIBITORY: Final = 3
"""Values of Lava's `SignMode`."""
MAGNITUDE_MAX: Final = 255
MIXED_MIN: Final = -256
CHIP_WEIGHT_BITS: Final = 8
BYTE_MAX: Final = 127
BYTE_MIN: Final = -128


def dominant_sign_mode(weights: NDArray[Any]) -> int:
    """Sign mode that stock Dense takes where none was given.

    Parameters
    ----------
    weights : integer array
        All weights of the connection.

    Examples
    --------
    >>> dominant_sign_mode(np.array([0, 3])) == SIGN_EXCITATORY
    True
    """
    if weights.min() >= 0:
        return SIGN_EXCITATORY
    return SIGN_INHIBITORY if weights.max() <= 0 else SIGN_MIXED


def weight_limits(sign_mode: int) -> tuple[int, int]:
    """Smallest and largest weight of a sign mode, before truncation and after learning.

    Parameters
    ----------
    sign_mode : int
        Value of Lava's `SignMode`.

    Raises
    ------
    WeightError
        `sign_mode` is none of the four.

    Examples
    --------
    >>> weight_limits(SIGN_MIXED), weight_limits(SIGN_INHIBITORY)
    ((-256, 255), (-255, 0))
    """
    if sign_mode == SIGN_MIXED:
        return MIXED_MIN, MAGNITUDE_MAX
    if sign_mode == SIGN_INHIBITORY:
        return -MAGNITUDE_MAX, 0
    if sign_mode in (SIGN_NULL, SIGN_EXCITATORY):
        return 0, MAGNITUDE_MAX
    raise WeightError(f"sign_mode {sign_mode} is not one of 0 … 3; take the value of a lava SignMode")


def clip_weights(weights: NDArray[Any], sign_mode: int) -> NDArray[np.int32]:
    """Weights saturated at the limits of `sign_mode`, as stock Dense does once.

    Stock LearningDense omits this step: its weights are clipped by the first learning epoch.

    Parameters
    ----------
    weights : integer array
        Weights as given, read modulo 2^32.
    sign_mode : int
        Value of Lava's `SignMode`.
    """
    low, high = weight_limits(sign_mode)
    words = weights.astype(np.int32)
    if sign_mode == SIGN_INHIBITORY:
        # Through the magnitude, as Lava does: −2^31 has none in 32 bits, and becomes 0.
        return np.asarray(-np.clip(-words, 0, MAGNITUDE_MAX), dtype=np.int32)
    return np.clip(words, low, high).astype(np.int32)


def truncate_weights(weights: NDArray[Any], sign_mode: int, num_weight_bits: int = 8) -> NDArray[np.int32]:
    """Weights without the low bits that the synapse memory does not hold.

    (w » n) « n with n = 8 − num_weight_bits + [mixed]; inhibitory weights by magnitude.

    Parameters
    ----------
    weights : integer array
        Weights, clipped for Dense, as given for LearningDense.
    sign_mode : int
        Value of Lava's `SignMode`.
    num_weight_bits : int
        Bits per weight, 1 … 8; more than the chip has gives numpy's result of a negative shift.
    """
    words = weights.astype(np.int32)
    bits = CHIP_WEIGHT_BITS - num_weight_bits + int(sign_mode == SIGN_MIXED)
    if sign_mode == SIGN_INHIBITORY:
        return np.asarray(-((-words >> bits) << bits), dtype=np.int32)
    return np.asarray((words >> bits) << bits, dtype=np.int32)


@kernel
def scale_accumulator(accumulator, weight_exp, a_buff):
    """Apply the weight exponent: a·2^weight_exp, shifted right towards −∞ where it is negative.

    Parameters
    ----------
    accumulator : int32[n_post] or int64[n_post]
        Sums.
    weight_exp : int
        −8 … 7 on the chip, any integer here.
    a_buff : int32[n_post], or of the accumulator's type
        Overwritten, modulo its width. As int32 it holds the message of the next step; Lava's own
        Var is int64 after a step with binary spikes, and the channel reduces it modulo 2^32.
    """
    bits = 8 * accumulator.itemsize
    for j in range(accumulator.size):
        if weight_exp <= 0:
            # A shift by the width or more leaves the sign; so does one by width − 1.
            a_buff[j] = accumulator[j] >> min(-weight_exp, bits - 1)
        elif weight_exp < bits:
            a_buff[j] = accumulator[j] << weight_exp
        else:
            a_buff[j] = 0


@kernel
def accumulate_events(weights, events, count, accumulator):
    """Sum the weights of the pre neurons that spiked: a_j = Σ_{i: s_i ≠ 0} w_ij, from a list of events.

    Parameters
    ----------
    weights : int8[n_pre, n_post] or int16[n_pre, n_post]
        Prepared weights, pre-synaptic neuron first (Lava's matrix transposed).
    events : int32[k]
        Pre neurons that spiked; the first `count` entries are read.
    count : int
    accumulator : int32[n_post]
        Overwritten. Lava sums in int64; int32 is equal while n_pre·256 < 2^31.
    """
    sum_rows(weights, events, 0, count, 0, 0, accumulator)


def pack_bytes(weights: NDArray[Any]) -> tuple[NDArray[np.int8], int, int] | None:
    """Weights as bytes b, a shift s and an offset c with w = b·2^s + c; None where there is no such form.

    Even weights in −256 … 254 are halved; others are moved where they lie in −128 … 127, 0 … 255 or −255 … 0.

    Parameters
    ----------
    weights : integer array

    Examples
    --------
    >>> pack_bytes(np.array([255, 0, 7]))
    (array([ 127, -128, -121], dtype=int8), 0, 128)
    """
    if not weights.size:
        return weights.astype(np.int8), 0, 0
    low, high = int(weights.min()), int(weights.max())
    if low >= 2 * BYTE_MIN and high <= 2 * BYTE_MAX and not np.any(weights & 1):
        return (weights >> 1).astype(np.int8), 1, 0
    for offset in (0, BYTE_MAX + 1, BYTE_MIN + 1):
        if low >= offset + BYTE_MIN and high <= offset + BYTE_MAX:
            return (weights.astype(np.int32) - offset).astype(np.int8), 0, offset
    return None


@kernel
def accumulate_bytes(weights, events, count, shift, offset, accumulator):
    """Sum the rows of the pre neurons that spiked, from weights of one byte: a_j = Σ_i (b_ij·2^s + c).

    Equal to `accumulate_events` of the weights that `pack_bytes` packed, where its sums fit 32 bits.

    Parameters
    ----------
    weights : int8[n_pre, n_post]
        `pack_bytes`.
    events : int32[k]
        Pre neurons that spiked; the first `count` entries are read.
    count, shift, offset : int
    accumulator : int32[n_post]
        Overwritten.
    """
    sum_rows(weights, events, 0, count, shift, 0, accumulator)
    if offset != 0:
        base = np.int32(offset * count)
        for j in range(accumulator.size):
            accumulator[j] = np.int32(accumulator[j] + base)


@kernel
def accumulate_graded_events(weights, events, payloads, count, accumulator):
    """Sum the weights times the payloads: a_j = Σ_i w_ij·s_i modulo 2^32, from a list of events.

    Parameters
    ----------
    weights, events, count, accumulator
        As in `accumulate_events`.
    payloads : integer[n_pre]
        Payload of every pre neuron; those of the events are read.
    """
    accumulator[:] = 0
    for k in range(count):
        row = weights[events[k]]
        payload = np.int32(payloads[events[k]])
        for j in range(accumulator.size):
            accumulator[j] += np.int32(payload * row[j])


@kernel
def accumulate_delayed(weights, delays, events, payloads, count, accumulator):
    """Sum each synapse of the pre neurons that spiked into the slot of its delay.

    a_{j,d} = Σ_{i: delay_ij = d} (w_ij·s_i mod 2^32), in 64 bits; a delay outside the slots is never delivered.

    Parameters
    ----------
    weights, delays : integer[n_pre, n_post]
    events : integer[k]
        Pre neurons that spiked; the first `count` entries are read.
    payloads : integer[n_pre]
        1 for binary spikes.
    count : int
    accumulator : int64[n_post, max_delay + 1]
        Overwritten.
    """
    accumulator[:] = 0
    slots = accumulator.shape[1]
    for k in range(count):
        i = events[k]
        payload = np.int32(payloads[i])
        for j in range(accumulator.shape[0]):
            delay = delays[i, j]
            if 0 <= delay < slots:
                accumulator[j, delay] += np.int32(payload * weights[i, j])


@kernel
def advance_delays(accumulator, weight_exp, scaled, a_buff):
    """Move every slot one step on, and add the scaled sums: stock DelayDense's buffer.

    Parameters
    ----------
    accumulator : int64[n_post, max_delay + 1]
        `accumulate_delayed`.
    weight_exp : int
    scaled : int64[max_delay + 1]
        Overwritten.
    a_buff : int32[n_post, max_delay + 1]
        Slot 0 is sent in the next step; changed.
    """
    last = a_buff.shape[1] - 1
    for j in range(a_buff.shape[0]):
        scale_accumulator(accumulator[j], weight_exp, scaled)
        for d in range(last):
            a_buff[j, d] = np.int32(a_buff[j, d + 1] + scaled[d])
        a_buff[j, last] = np.int32(scaled[last])

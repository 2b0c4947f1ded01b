"""Synaptic sums of PlasticDense: forward over spikes, backward over graded errors.

Weights are int8, halved, pre-synaptic-major: ``w8[i, j]`` is half the weight from neuron i to
neuron j, so that a spike reads one contiguous row.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.counting import COUNTING
from lava_ed.kernels.fixed_point import shift_signed, wrap_state
from lava_ed.kernels.vectors.row_products import row_product
from lava_ed.kernels.vectors.row_sums import sum_rows


@kernel_part
def scale_sum(total, exponent):
    """2·total·2^exponent; a right shift floors, as in Lava's Dense."""
    doubled = total << 1
    return doubled << exponent if exponent > 0 else doubled >> -exponent


@kernel_part
def shifts_of(exponent):
    """Shifts to the left and to the right by which a row sum becomes `scale_sum` of it."""
    return 1 + max(exponent, 0), max(-exponent, 0)


@kernel_part
def sum_scaled(w8, events, first, last, exponent, total):
    """total_j ← `scale_sum` of Σ w8_ij over events[first : last]."""
    left, right = shifts_of(exponent)
    sum_rows(w8, events, first, last, left, right, total)


@kernel
def synops_of(row_nonzeros, events, n_events):
    """Σ_{i in events} non-zero synapses of i: what a spike costs when nobody listens to its sum."""
    synops = np.int64(0)
    if COUNTING:
        for k in range(n_events):
            synops += row_nonzeros[np.uint32(events[k])]
    return synops


@kernel
def synops_of_several(row_nonzeros, events, n_events, spikes):
    """Σ_{i in events} spikes_i times the non-zero synapses of i, of axons that bring several spikes in a step."""
    synops = np.int64(0)
    if COUNTING:
        for k in range(n_events):
            synops += row_nonzeros[np.uint32(events[k])] * spikes[np.uint32(events[k])]
    return synops


@kernel
def forward_spikes(w8, row_nonzeros, events, n_events, exponent, a_buff):
    """a_j ← (Σ_{i in events} 2·w8_ij)·2^exponent.

    Parameters
    ----------
    w8 : int8 (n_pre, n_post)
    row_nonzeros : int32 (n_pre,)
        Non-zero weights of each row.
    events : int32, n_events : int
        Pre-synaptic neurons that spiked.
    exponent : int
        Weight exponent; a negative one shifts right and floors.
    a_buff : int32 (n_post,)
        Overwritten with the sums.

    Returns
    -------
    int : synaptic operations (stored non-zero synapses read).
    """
    sum_scaled(w8, events, 0, n_events, exponent, a_buff)
    return synops_of(row_nonzeros, events, n_events)


@kernel
def forward_graded(w8, row_nonzeros, events, payloads, n_events, exponent, a_buff):
    """a_j ← (Σ_{i in events} 2·w8_ij·payload_i)·2^exponent; returns the graded synaptic operations.

    `payloads` is indexed by neuron; the other parameters are those of `forward_spikes`.
    """
    synops = 0
    a_buff[:] = 0
    for k in range(n_events):
        i = events[k]
        if COUNTING:
            synops += row_nonzeros[i]
        payload = np.int32(payloads[i])
        row = w8[i]
        for j in range(a_buff.size):
            a_buff[j] += np.int32(row[j]) * payload
    for j in range(a_buff.size):
        a_buff[j] = scale_sum(a_buff[j], exponent)
    return synops


@kernel_part
def _store_error(total, shift, i, e_buff):
    """e_i ← wrap(sign·|2·total| » shift); returns whether it left 24 bits."""
    raw = shift_signed(np.int64(total) << 1, shift)
    new = wrap_state(raw)
    e_buff[i] = new
    return new != raw


@kernel
def backward_errors(w8, e_in, shift, e_buff):
    """e_i ← wrap(sign·|Σ_j 2·w8_ij·e_j| » shift): the same synapses read backwards.

    Parameters
    ----------
    w8 : int8 (n_pre, n_post)
    e_in : int32 (n_post,)
    shift : int
        Right shift of the sum, towards zero.
    e_buff : int32 (n_pre,)

    Returns
    -------
    (graded_synops, overflows)
    """
    synops: Any = 0
    overflows = 0
    largest = np.int64(0)
    for j in range(e_in.size):
        largest = max(largest, abs(np.int64(e_in[j])))
    narrow = largest * 128 * e_in.size < 2**31
    for i in range(w8.shape[0]):
        total = np.int64(0)
        if narrow:
            part, reads = row_product(w8, i, e_in)
            total += part
            if COUNTING:
                synops += reads
        else:
            for j in range(w8.shape[1]):
                total += np.int64(w8[i, j]) * e_in[j]
                if COUNTING:
                    synops += (w8[i, j] != 0) & (e_in[j] != 0)
        overflows += _store_error(total, shift, i, e_buff)
    return synops, overflows

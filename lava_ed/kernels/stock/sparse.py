"""Stock Lava's Sparse and DelaySparse: the sums of spikes over stored synapses only, bit for bit.

Synapses are stored by pre-synaptic neuron: those of neuron i are entries starts[i] … starts[i + 1] − 1.
Source: lava-nc 0.10.0, `lava/proc/sparse/models.py`.
"""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import kernel


@kernel
def accumulate_sparse(starts, targets, weights, events, count, payloads, graded, accumulator):
    """Sum the synapses of the pre neurons that spiked: a_j = Σ_{i: s_i ≠ 0} w_ij·s_i modulo 2^32.

    Parameters
    ----------
    starts : integer[n_pre + 1]
    targets : integer[synapses]
        Post neuron of each synapse.
    weights : int32[synapses]
    events : integer[k]
        Pre neurons that spiked; the first `count` are read.
    count : int
    payloads : int32[n_pre] or int32[0]
        Read where `graded`; otherwise a spike counts as 1.
    graded : bool
    accumulator : int32[n_post]
        Overwritten.
    """
    accumulator[:] = 0
    for k in range(count):
        i = events[k]
        payload = np.int32(payloads[i]) if graded else np.int32(1)
        for e in range(starts[i], starts[i + 1]):
            accumulator[targets[e]] += np.int32(payload * weights[e])


@kernel
def accumulate_sparse_delayed(starts, targets, weights, delays, events, count, payloads, graded, accumulator):
    """Sum the stored synapses of the spikes, each into the slot of its delay, modulo 2^32.

    Parameters
    ----------
    starts, targets, weights, events, count, payloads, graded
        As in `accumulate_sparse`.
    delays : int32[synapses]
        One outside the slots is never delivered.
    accumulator : int32[n_post, max_delay + 1]
        Overwritten.
    """
    accumulator[:] = 0
    for k in range(count):
        i = events[k]
        payload = np.int32(payloads[i]) if graded else np.int32(1)
        for e in range(starts[i], starts[i + 1]):
            if 0 <= delays[e] < accumulator.shape[1]:
                accumulator[targets[e], delays[e]] += np.int32(payload * weights[e])

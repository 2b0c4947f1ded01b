"""A net of the baselines in flat arrays, which one compiled loop carries through whole samples."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lava_ed.kernels import counting, views
from lava_ed.kernels._jit import inlined_source, kernel_part
from lava_ed.kernels.counting import FORWARD, UPDATE
from lava_ed.kernels.loihi.neuron import adapt_step
from lava_ed.kernels.loihi.plasticity import WORK_ROWS

ENCODER: Final = 0
LABELS: Final = 1
ERROR: Final = 2
"""Rows of `FlatNet.counters`; connection l has row ERROR + l, the neurons of layer l row ERROR + L + l."""


class FlatNet(NamedTuple):
    """Layers 0 … L, connections 1 … L, and where each lies in the flat arrays."""

    sizes: npt.NDArray[np.int64]
    """Neurons of each layer, (L + 1,)."""
    first: npt.NDArray[np.int64]
    """First neuron of each layer in the vectors over all neurons, (L + 2,)."""
    offset: npt.NDArray[np.int64]
    """First weight of connection l, (L + 1,)."""
    w8: npt.NDArray[np.int8]
    """Stored weights of all connections, pre-synaptic-major."""
    nonzeros: npt.NDArray[np.int32]
    """Non-zero weights of each row, by pre-synaptic neuron."""
    exponents: npt.NDArray[np.int64]
    """Weight exponent of connection l, (L + 1,)."""
    threshold_step: npt.NDArray[np.int32]
    """Threshold step of layer l, (L + 1,)."""
    tallies: npt.NDArray[np.int32]
    """Fired, saturated, samples counted of layer l, (L + 1, 3)."""
    adaptation: npt.NDArray[np.int64]
    """Interval, highest step, low, high, ceiling."""
    counters: npt.NDArray[np.int64]
    """(3 + 2L, N_COUNTERS, N_PHASES)."""
    visits: npt.NDArray[np.int64]
    """Synapses of connection l that learning visits under x0, and under y0, (L + 1, 2)."""
    by_post: npt.NDArray[np.int64]
    """1 where connection l is visited under y0, 0: under x0, (L + 1,)."""


@inlined_source
def matrix(net, layer):
    """Stored weights (n_pre, n_post) of connection `layer`."""
    n_pre, n_post = net.sizes[layer - 1], net.sizes[layer]
    return views.matrix(net.w8, net.offset[layer], n_pre, n_post)


@inlined_source
def work_rows(work, n_post):
    """The scratch of the learning kernel for a layer, rows side by side."""
    return views.matrix(work.row, 0, WORK_ROWS, n_post)


@inlined_source
def layer_of(vector, net, layer):
    """The part of a vector over all neurons that belongs to a layer."""
    return views.segment(vector, net.first[layer], net.sizes[layer])


@inlined_source
def neuron_row(net, layer):
    """Row of `counters` of the neurons of a layer."""
    return ERROR + (net.sizes.size - 1) + layer


@kernel_part
def count_steps(net, forward, period):
    """Count the barriers of one sample, and its neuron steps as idle; `count_active` takes off what was active."""
    for phase in range(2):
        steps = forward if phase == FORWARD else period - forward
        net.counters[ENCODER, counting.BARRIER_STEPS, phase] += steps
        for layer in range(1, net.sizes.size):
            net.counters[neuron_row(net, layer), counting.NEURON_IDLE, phase] += steps * net.sizes[layer]


@kernel_part
def count_active(net, row, phase, active):
    """Count active neuron updates, which `count_steps` has counted as idle."""
    net.counters[row, counting.NEURON_ACTIVE, phase] += active
    net.counters[row, counting.NEURON_IDLE, phase] -= active


@kernel_part
def count_spikes(net, row, phase, spikes, targets):
    """Count spikes, each of which is sent to so many targets."""
    net.counters[row, counting.SPIKES, phase] += spikes
    net.counters[row, counting.SPIKE_MESSAGES, phase] += spikes * targets


@kernel_part
def count_updates(net, layer, by_pre, by_post, effective, writes):
    """Count what the learning engine does to the connection into a layer, whose synapses it visits by pre or post."""
    counters = net.counters[ERROR + layer]
    net.visits[layer, 0] += by_pre
    net.visits[layer, 1] += by_post
    counters[counting.SYNAPTIC_UPDATES, UPDATE] += by_post if net.by_post[layer] else by_pre
    counters[counting.EFFECTIVE_UPDATES, UPDATE] += effective
    counters[counting.WEIGHT_WRITES, UPDATE] += writes


@kernel_part
def adapt_layer(net, layer, fired, saturated):
    """Tally one sample; after every interval the threshold of the layer moves one step or none."""
    tally = net.tallies[layer]
    tally[0] += fired
    tally[1] += saturated
    tally[2] += 1
    interval, highest, low, high, ceiling = net.adaptation
    if tally[2] >= interval:
        total = net.sizes[layer] * np.int64(tally[2])
        net.threshold_step[layer] = adapt_step(
            net.threshold_step[layer], highest, np.int64(tally[0]), np.int64(tally[1]), total, low, high, ceiling
        )
        tally[:] = 0

"""The gated circuit of `renner`: binary activations, signs of errors, weights that move by a constant.

Steps of a sample, counted from 1: x spikes; h; o and the target; d⁺ and d⁻; w2 potentiates with h again;
d1⁺ through w2; w1 potentiates with x again; silence; the same for depression in 9, 10 and 11; reset.  The
circuit holds each forward weight three times, under the thresholds θ, 2θ and 0 that o, and the box of its
derivative, need, and w2 twice more, transposed, with both signs.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lava_ed.kernels import counting
from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.baselines.flat_net import (
    ENCODER,
    ERROR,
    FlatNet,
    count_active,
    count_spikes,
    count_steps,
    count_updates,
    layer_of,
    matrix,
    neuron_row,
    work_rows,
)
from lava_ed.kernels.baselines.surrogate_samples import (
    CORRECT,
    EXPONENT,
    LEARNING,
    MANTISSA,
    PORT_SHIFT,
    PRESENTATION,
    SEEN,
    TRIGGERED,
    Settings,
    Work,
    read_pixels,
)
from lava_ed.kernels.counting import BACKWARD, FORWARD, UPDATE
from lava_ed.kernels.fixed_point import SCALE_EXPONENT_MIN, row_byte, stream_key
from lava_ed.kernels.loihi.neuron import threshold_of_step
from lava_ed.kernels.loihi.plasticity import COUNTER_ROUNDING
from lava_ed.kernels.loihi.softmax import winner
from lava_ed.kernels.loihi.synapse import forward_spikes, synops_of
from lava_ed.kernels.vectors.events import list_events
from lava_ed.kernels.vectors.row_updates import column_bytes_of, round_shorts_into_row, split_increment

COPIES: Final = 3
"""Copies of every forward connection while learning; inference needs one."""
INFERENCE_STEPS: Final = 4
MIRRORS: Final = 2
"""Transposed copies of the second connection, one for each sign."""
GATES: Final = 12
"""Gating neurons, one for each step; each spikes once a sample."""
GATE_MESSAGES: Final = (17, 40)
"""Connections from gating neurons to populations and to each other, in steps 1–4 and later."""
INPUT_GROUPS: Final = 2
HIDDEN_GROUPS: Final = 6
OUTPUT_GROUPS: Final = 7
"""Populations of each size, of which each neuron is updated in each step."""
INPUT_ACTIVE: Final = (1, 3)
HIDDEN_ACTIVE: Final = (5, 19)
OUTPUT_ACTIVE: Final = (7, 20)
"""Steps in which populations get input, summed over those of a size, in steps 1–4 and later."""


@kernel
def binary_activation(v, threshold, o, inside):
    """o ← [v > θ]; inside ← [0 < v < 2θ], the derivative of a ramp cut at 0 and 2θ; returns the spikes."""
    spikes = 0
    for j in range(v.size):
        o[j] = v[j] > threshold
        inside[j] = (v[j] > 0) & (v[j] < 2 * threshold)
        spikes += o[j]
    return spikes


@kernel
def target_errors(v, o, threshold, label, d):
    """d_o ← +1 where the label's neuron is silent and v > 0, −1 where another fires and v < 2θ, else 0.

    Returns how many d are not 0.
    """
    live = 0
    for k in range(v.size):
        target = np.int32(k == label)
        d[k] = 0
        if target > o[k] and v[k] > 0:
            d[k] = 1
        elif o[k] > target and v[k] < 2 * threshold:
            d[k] = -1
        live += d[k] != 0
    return live


@kernel
def sign_errors(w8, d2, inside, d1):
    """d1_j ← h'_j·sign(Σ_o w_jo·d2_o); returns the non-zero d1."""
    live = 0
    for j in range(w8.shape[0]):
        total = np.int64(0)
        for o in range(w8.shape[1]):
            total += np.int64(w8[j, o]) * d2[o]
        d1[j] = inside[j] * (np.int32(total > 0) - np.int32(total < 0))
        live += d1[j] != 0
    return live


@kernel
def learn_signs(w8, row_nonzeros, events, count, d, mantissa, exponent, shift, key, work):
    """dw_ij = η·d_j over the rows of the spiking inputs, η = m·2^(a − shift), rounded stochastically.

    Returns (effective_updates, weight_writes).
    """
    effective = 0
    writes = 0
    live = 0
    steps, rest, column = work[0], work[1], work[2]
    column_bytes_of(key, COUNTER_ROUNDING, column)
    for j in range(d.size):
        increment = np.int32(d[j] * (np.int32(mantissa << (exponent - SCALE_EXPONENT_MIN)) >> shift))
        live += increment != 0
        split_increment(increment, j, steps, rest)
    for k in range(count if live else 0):
        i = events[k]
        w, row_nonzeros[i] = round_shorts_into_row(w8, i, steps, rest, column, np.int16(row_byte(key, i)))
        effective += live
        writes += w
    return effective, writes


@kernel_part
def forward(net, work, copies):
    """Steps 1 to 3: v, o and the box of both layers."""
    for layer in range(1, 3):
        count = list_events(layer_of(work.x, net, layer - 1), work.events)
        v, nonzeros = layer_of(work.v, net, layer), layer_of(net.nonzeros, net, layer - 1)
        synops = forward_spikes(matrix(net, layer), nonzeros, work.events, count, net.exponents[layer], v)
        net.counters[ERROR + layer, counting.SYNOPS, FORWARD] += copies * synops
        threshold = threshold_of_step(net.threshold_step[layer])
        spikes = binary_activation(v, threshold, layer_of(work.x, net, layer), layer_of(work.b, net, layer))
        low, high = 0, 0
        for j in range(v.size):
            low += v[j] > 0
            high += v[j] >= 2 * threshold
        row = neuron_row(net, layer)
        if copies == 1:
            count_spikes(net, ENCODER if layer == 1 else neuron_row(net, 1), FORWARD, count, 1)
        elif layer == 1:
            # x goes to three copies of h and a memory; h to three of o and a memory; h< and h> to the box's neuron.
            count_spikes(net, ENCODER, FORWARD, count, COPIES + 1)
            count_spikes(net, row, FORWARD, spikes, COPIES + 1)
            count_spikes(net, row, FORWARD, low + high, 1)
        else:
            # o goes to d⁺, d⁻ and the mirror; o< to both d, o> to d⁻.
            count_spikes(net, row, FORWARD, spikes, 3)
            count_spikes(net, row, FORWARD, low, 2)
            count_spikes(net, row, FORWARD, high, 1)


@kernel_part
def learn(net, work, s, layer):
    """Let one connection learn in both of its steps; the copies stay alike, since their rounding is the same."""
    state = work.state
    d, n_post = layer_of(work.d, net, layer), net.sizes[layer]
    nonzeros = layer_of(net.nonzeros, net, layer - 1)
    count = list_events(layer_of(work.x, net, layer - 1), work.events)
    read = synops_of(nonzeros, work.events, count)
    key = stream_key(s.seed, state[PRESENTATION], layer, s.period - 1)
    effective, writes = learn_signs(
        matrix(net, layer), nonzeros, work.events, count, d, state[MANTISSA], state[EXPONENT], state[PORT_SHIFT],
        key, work_rows(work, n_post),
    )  # fmt: skip
    copies = COPIES + (MIRRORS if layer == 2 else 0)
    # Pre-synaptic spikes come back in the potentiating and in the depressing step, and are read by all copies.
    net.counters[ERROR + layer, counting.SYNOPS, BACKWARD] += 2 * COPIES * read
    # Under y0 the engine wakes for a post-synaptic spike alone, which comes in the step of its error's sign.
    live = 0
    for k in range(n_post):
        live += d[k] != 0
    by_post = COPIES * live * net.sizes[layer - 1]
    count_updates(net, layer, 2 * COPIES * count * n_post, by_post, copies * effective, copies * writes)
    return count


@kernel_part
def backward(net, work, s, live):
    """Steps 4 to 11: w2 learns, its new values carry the errors back, w1 learns."""
    n_hidden, n_out = net.sizes[1], net.sizes[2]
    hidden, output = neuron_row(net, 1), neuron_row(net, 2)
    d2, d1 = layer_of(work.d, net, 2), layer_of(work.d, net, 1)
    count_spikes(net, ERROR, BACKWARD, live, COPIES + 1)
    h = learn(net, work, s, 2)
    # The memory of h, then h and its mirror in steps 5 and 9; each d in three copies of o and in one mirror.
    count_spikes(net, hidden, BACKWARD, h, 4)
    count_spikes(net, hidden, BACKWARD, 2 * h, COPIES + 1)
    count_spikes(net, hidden, BACKWARD, 2 * h, 3)
    count_spikes(net, output, BACKWARD, COPIES * live, 2)
    count_spikes(net, output, BACKWARD, live, 1)
    # The neuron of the box opens each copy of h twice.
    count_spikes(net, hidden, BACKWARD, np.sum(layer_of(work.b, net, 1)), 2 * COPIES)
    mirrored = 0
    for j in range(n_hidden):
        for o in range(n_out):
            mirrored += (matrix(net, 2)[j, o] != 0) & (d2[o] != 0)
    net.counters[ERROR + 2, counting.SYNOPS, BACKWARD] += MIRRORS * mirrored
    net.counters[ERROR + 2, counting.SYNAPTIC_UPDATES, UPDATE] += MIRRORS * live * n_hidden
    errors = sign_errors(matrix(net, 2), d2, layer_of(work.b, net, 1), d1)
    count_spikes(net, hidden, BACKWARD, errors, COPIES)
    # d1 fires in the three copies of h, in the step of its sign, and so reads w2 on its way.
    count_spikes(net, hidden, BACKWARD, COPIES * errors, 2)
    for j in range(n_hidden):
        if d1[j]:
            net.counters[ERROR + 2, counting.SYNOPS, BACKWARD] += COPIES * layer_of(net.nonzeros, net, 1)[j]
    x = learn(net, work, s, 1)
    count_spikes(net, ENCODER, BACKWARD, x, 2)
    count_spikes(net, ENCODER, BACKWARD, 2 * x, COPIES + 1)


@kernel_part
def count_circuit(net, s):
    """Count barriers, neuron updates and gates of one sample: the circuit runs whatever its data are."""
    count_steps(net, s.error_phase + 1, s.period)
    for row, neurons, groups, active in (
        (ENCODER, net.sizes[0], INPUT_GROUPS, INPUT_ACTIVE),
        (neuron_row(net, 1), net.sizes[1], HIDDEN_GROUPS - 1, HIDDEN_ACTIVE),
        (neuron_row(net, 2), net.sizes[2], OUTPUT_GROUPS - 1, OUTPUT_ACTIVE),
        (ERROR, np.int64(GATES), 1, (4, 8)),
    ):
        for phase in range(2):
            steps = s.error_phase + 1 if phase == FORWARD else s.period - s.error_phase - 1
            # `count_steps` knows one population of each layer already; the gates are 12 neurons, one active a step.
            net.counters[row, counting.NEURON_IDLE, phase] += steps * neurons * groups
            count_active(net, row, phase, active[phase] if row == ERROR else active[phase] * neurons)
    for phase in range(2):
        net.counters[ERROR, counting.SPIKES, phase] += 4 if phase == FORWARD else GATES - 4
        net.counters[ERROR, counting.SPIKE_MESSAGES, phase] += GATE_MESSAGES[phase]


@kernel
def present_renner(net: FlatNet, work: Work, s: Settings, images, indices, labels, decisions):
    """Do as `surrogate_samples.present_surrogate` with the circuit, whose largest output membrane decides."""
    for k in range(indices.size):
        work.state[PRESENTATION] += 1
        learning = work.state[LEARNING] != 0
        if learning:
            count_circuit(net, s)
        else:
            count_steps(net, INFERENCE_STEPS, INFERENCE_STEPS)
            for layer in range(1, 3):
                count_active(net, neuron_row(net, layer), FORWARD, net.sizes[layer])
        read_pixels(net, work, s, images[indices[k]])
        forward(net, work, COPIES if learning else 1)
        v = layer_of(work.v, net, 2)
        decisions[k] = winner(v)
        work.state[SEEN] += 1
        work.state[CORRECT] += decisions[k] == labels[k]
        if learning:
            threshold = threshold_of_step(net.threshold_step[2])
            live = target_errors(v, layer_of(work.x, net, 2), threshold, labels[k], layer_of(work.d, net, 2))
            count_spikes(net, ERROR, FORWARD, 1, 2)  # the target
            work.state[TRIGGERED] += live > 0
            backward(net, work, s, live)
    return indices.size

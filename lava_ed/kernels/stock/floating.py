"""Stock Lava's floating-point models, in float64 and in the order of numpy's own operations.

A product and a sum are rounded one after the other, never fused. Where numpy leaves the order to a BLAS
library (`Dense` with graded spikes), the last bits can differ; see ``docs/divergences.md``.
Source: lava-nc 0.10.0, `lava/proc/{lif,dense,sparse,conv}/models.py`, the models tagged ``floating_pt``.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lava_ed.kernels._jit import allocating, kernel, kernel_part

SUM_LANES: Final = 8
BLOCK: Final = 128
"""numpy sums a contiguous run of up to so many numbers in eight lanes, and halves a longer one."""


@kernel
def add_real(values, index, total):
    """total_k ← total_k + values_{index_k}; an empty index is the identity."""
    for k in range(total.size):
        total[k] += values[index[k]] if index.size else values[k]


@kernel
def add_integers(values, index, total):
    """total_k ← total_k + values_{index_k} for integer values; an empty index is the identity."""
    for k in range(total.size):
        total[k] += np.float64(values[index[k]] if index.size else values[k])


@kernel
def list_real_events(values, events):
    """Write the indices of the values that are not 0; returns how many."""
    count = 0
    for i in range(values.size):
        if values[i] != 0.0:
            events[count] = i
            count += 1
    return count


@kernel
def float_lif_step(u, v, a_in, bias, du, dv, low, high, ternary, now, refractory_end, period, spikes):
    """Advance floating-point neurons of the LIF family by one step, and return the number of spikes of either sign.

    u ← u·(1 − du) + a_in; v ← v·(1 − dv) + u + bias; s = [v > high] − [v < low], and v ← 0 where s ≠ 0. The low
    threshold counts only where `ternary`. With a refractory period v rests up to its end, which a spike sets to
    now + period; without one `refractory_end` is empty.

    Parameters
    ----------
    u, v, a_in, bias, spikes : float64 (n,)
    refractory_end : int64 (n,) or (0,)
    """
    count = 0
    keep_u, keep_v = 1 - du, 1 - dv
    for i in range(u.size):
        u[i] = u[i] * keep_u + a_in[i]
        if refractory_end.size == 0:
            v[i] = v[i] * keep_v + u[i] + bias[i]
        elif refractory_end[i] < now:
            v[i] = v[i] * keep_v + (u[i] + bias[i])
        spike = 1.0 if v[i] > high else 0.0
        if ternary and v[i] < low:
            spike -= 1.0
        spikes[i] = spike
        if spike != 0.0:
            v[i] = 0.0
            count += 1
            if refractory_end.size:
                refractory_end[i] = now + period
    return count


@kernel_part
def block_sum(values):
    """numpy's sum of at most `BLOCK` numbers that lie side by side."""
    n = values.size
    if n < SUM_LANES:
        total = 0.0
        for k in range(n):
            total += values[k]
        return total
    r0, r1, r2, r3 = values[0], values[1], values[2], values[3]
    r4, r5, r6, r7 = values[4], values[5], values[6], values[7]
    whole = n - n % SUM_LANES
    for k in range(SUM_LANES, whole, SUM_LANES):
        r0 += values[k]
        r1 += values[k + 1]
        r2 += values[k + 2]
        r3 += values[k + 3]
        r4 += values[k + 4]
        r5 += values[k + 5]
        r6 += values[k + 6]
        r7 += values[k + 7]
    total = ((r0 + r1) + (r2 + r3)) + ((r4 + r5) + (r6 + r7))
    for k in range(whole, n):
        total += values[k]
    return total


@allocating
def pairwise_sum(values):
    """numpy's sum of numbers that lie side by side: halved down to blocks, added in eight lanes.

    Parameters
    ----------
    values : float64[n]
    """
    # A stack in place of numpy's recursion: (first, length) to be summed, length −1 to add the last two sums.
    first, length = np.zeros(128, np.int64), np.zeros(128, np.int64)
    sums = np.zeros(64)
    todo, done = 1, 0
    length[0] = values.size
    while todo:
        todo -= 1
        start, n = first[todo], length[todo]
        if n < 0:
            done -= 1
            sums[done - 1] += sums[done]
        elif n <= BLOCK:
            sums[done] = block_sum(values[start : start + n])
            done += 1
        else:
            half = n // 2
            half -= half % SUM_LANES
            length[todo] = -1
            first[todo + 1], length[todo + 1] = start + half, n - half
            first[todo + 2], length[todo + 2] = start, half
            todo += 3
    return sums[0]


@kernel
def float_dense(weights, events, count, s_in, graded, scratch, total):
    """Sum the weights of the events: total_j = Σ_i w_ij, or Σ_i w_ij·s_i where `graded`.

    numpy adds the columns of the matrix one by one, in the order of the pre neurons, unless there is
    but one post neuron: then its weights lie side by side, and are summed as in `pairwise_sum`.

    Parameters
    ----------
    weights : float64 (n_pre, n_post)
    events : integer (k,)
        Pre neurons whose message is not 0, in rising order; the first `count` are read.
    s_in, scratch : float64 (n_pre,)
    total : float64 (n_post,)
    """
    if total.size == 1:
        for k in range(count):
            scratch[k] = weights[events[k], 0] * (s_in[events[k]] if graded else 1.0)
        total[0] = pairwise_sum(scratch[:count])
        return
    total[:] = 0.0
    for k in range(count):
        row = weights[events[k]]
        if graded:
            payload = s_in[events[k]]
            for j in range(total.size):
                total[j] += row[j] * payload
        else:
            for j in range(total.size):
                total[j] += row[j]


@kernel_part
def advance_real(sums, j, a_buff):
    """Move the slots of post neuron j one step on, and add its sums."""
    last = a_buff.shape[1] - 1
    for d in range(last):
        a_buff[j, d] = a_buff[j, d + 1] + sums[d]
    a_buff[j, last] = 0.0 + sums[last]


@kernel
def float_delay_dense(weights, delays, events, count, s_in, graded, products, sums, a_buff):
    """Sum each synapse into the slot of its delay, and move the slots on.

    numpy sums over all pre neurons, silent ones too, as in `pairwise_sum`.

    Parameters
    ----------
    weights, delays : (n_pre, n_post)
    products : float64 (n_pre,)
        Zeros; zeros afterwards.
    sums : float64 (max_delay + 1,)
    a_buff : float64 (n_post, max_delay + 1)
        Slot 0 is sent in the next step.
    """
    for j in range(a_buff.shape[0]):
        for d in range(sums.size):
            sums[d] = 0.0
            found = False
            for k in range(count):
                i = events[k]
                if delays[i, j] == d:
                    products[i] = weights[i, j] * (s_in[i] if graded else 1.0)
                    found = True
            if found:
                sums[d] = pairwise_sum(products)
                for k in range(count):
                    products[events[k]] = 0.0
        advance_real(sums, j, a_buff)


@kernel_part
def add_in_order(starts, targets, weights, events, count, s_in, total):
    """scipy's product with a vector: one synapse of a post neuron after the other."""
    total[:] = 0.0
    for k in range(count):
        i = events[k]
        for e in range(starts[i], starts[i + 1]):
            total[targets[e]] += weights[e] * s_in[i]


@kernel
def float_sparse(starts, targets, weights, events, count, s_in, graded, ends, line, total):
    """Sum the stored weights of the events as `float_dense` does.

    Where `graded`, scipy adds the synapses of a post neuron one by one.  Otherwise it puts those of the
    events side by side, and adds to the first the sum of the others, as in `pairwise_sum`.

    Parameters
    ----------
    starts : integer (n_pre + 1,)
        Synapses of pre neuron i are starts[i] … starts[i + 1] − 1.
    targets, weights, line : (synapses,)
    ends : int32 (n_post + 1,)
    """
    if graded:
        add_in_order(starts, targets, weights, events, count, s_in, total)
        return
    ends[:] = 0
    for k in range(count):
        for e in range(starts[events[k]], starts[events[k] + 1]):
            ends[targets[e] + 1] += 1
    for j in range(total.size):
        ends[j + 1] += ends[j]
    # ends[j] is where the synapses of j begin, and after they were written, where they end.
    for k in range(count):
        for e in range(starts[events[k]], starts[events[k] + 1]):
            line[ends[targets[e]]] = weights[e]
            ends[targets[e]] += 1
    begin = 0
    for j in range(total.size):
        end = ends[j]
        total[j] = line[begin] + pairwise_sum(line[begin + 1 : end]) if end > begin else 0.0
        begin = end


@kernel
def float_delay_sparse(starts, targets, weights, delays, events, count, s_in, graded, sums, a_buff):
    """Sum each stored synapse into the slot of its delay, and move the slots on.

    Parameters
    ----------
    delays : integer (synapses,)
    sums, a_buff : float64 (n_post, max_delay + 1)
    """
    sums[:] = 0.0
    for k in range(count):
        i = events[k]
        payload = s_in[i] if graded else 1.0
        for e in range(starts[i], starts[i + 1]):
            if 0 <= delays[e] < sums.shape[1]:
                sums[targets[e], delays[e]] += weights[e] * payload
    for j in range(a_buff.shape[0]):
        advance_real(sums[j], j, a_buff)


@kernel_part
def scatter_real(weights, event, payload, geometry, table_x, table_y, total):
    """Add the kernel, times its payload, around one event; as `conv.scatter` does."""
    size_y, channels, out_y, outs = geometry[0], geometry[1], geometry[2], geometry[3]
    taps_x, taps_y, groups = geometry[4], geometry[5], geometry[6]
    per_group, width = channels // groups, outs // groups
    channel, y, x = event % channels, event // channels % size_y, event // (channels * size_y)
    group = channel // per_group
    for i in range(table_x[x, 1]):
        tap_x, to_x = table_x[x, 0] + i * geometry[7], table_x[x, 2] + i * geometry[8]
        for j in range(table_y[y, 1]):
            tap_y, to_y = table_y[y, 0] + j * geometry[9], table_y[y, 2] + j * geometry[10]
            source = (((channel - group * per_group) * taps_x + tap_x) * taps_y + tap_y) * outs + group * width
            target = (to_x * out_y + to_y) * outs + group * width
            for k in range(width):
                total[target + k] += weights[source + k] * payload


@kernel
def float_conv(weights, events, count, s_in, graded, geometry, table_x, table_y, channel_sums, total):
    """Convolve the events with the kernel, in scipy's order.

    scipy takes the taps of an output one by one, which are its inputs from the last to the first;
    Lava then adds what the input channels give, one by one.

    Parameters
    ----------
    weights : float64 (C_in / groups · K_x · K_y · C_out,)
        `conv.arrange_kernel`.
    events
        Neurons x·(Y·C) + y·C + c.
    geometry : int (11,)
        See `conv.GEOMETRY`.
    table_x, table_y : int32 (X, 3), int32 (Y, 3)
        `conv.tap_table` of either axis.
    channel_sums, total : float64 (X_out·Y_out·C_out,)
    """
    total[:] = 0.0
    channels = geometry[1]
    for channel in range(channels):
        found = False
        for k in range(count - 1, -1, -1):
            event = events[k]
            if event % channels == channel:
                if not found:
                    channel_sums[:] = 0.0
                    found = True
                payload = s_in[event] if graded else 1.0
                scatter_real(weights, event, payload, geometry, table_x, table_y, channel_sums)
        if found:
            for j in range(total.size):
                total[j] += channel_sums[j]

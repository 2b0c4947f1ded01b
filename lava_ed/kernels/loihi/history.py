"""Which steps a neuron spiked in: a bit each, in as many words of 32 as the window needs."""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import kernel, kernel_part
from lava_ed.kernels.fixed_point import HISTORY_BITS
from lava_ed.kernels.views import segment


@kernel_part
def word_of(history, t, n):
    """The words of n histories that hold step t, and its bit there: word w of neuron j is history[w·n + j]."""
    return segment(history, t // HISTORY_BITS * n, n), t % HISTORY_BITS


@kernel
def spikes_at(spike_word, t, events):
    """List the neurons whose history has a spike at step t; returns how many."""
    n = 0
    word, bit = word_of(spike_word, t, events.size)
    for j in range(word.size):
        events[np.uint32(n)] = j  # stays where the neuron spiked: a branch is rarely foreseen
        n += (word[j] >> bit) & 1
    return n


@kernel
def count_history(spike_word, neurons, window):
    """Neurons that fired at least once, and neurons that fired in more than half of `window` steps."""
    fired = 0
    saturated = 0
    for j in range(neurons):
        n = 0
        for k in range(j, spike_word.size, neurons):
            word = np.int64(spike_word[k]) & 0xFFFFFFFF
            while word:
                word &= word - 1
                n += 1
        fired += n > 0
        saturated += 2 * n > window
    return fired, saturated

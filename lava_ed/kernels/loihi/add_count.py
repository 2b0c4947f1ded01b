"""Adding to a counter, unless this process was started to measure what that costs."""

from __future__ import annotations

from lava_ed.kernels._jit import kernel_part
from lava_ed.kernels.counting import COUNTING, N_PHASES, SPIKE_MESSAGES, SPIKES


@kernel_part
def add_count(counters, at, counter, amount):
    """Count in a process's counters of one part of the samples, which begin at `at`."""
    if COUNTING:
        counters[at + counter * N_PHASES] += amount


@kernel_part
def add_spikes(counters, at, count, destinations):
    """Count spikes, and a message to each destination."""
    add_count(counters, at, SPIKES, count)
    add_count(counters, at, SPIKE_MESSAGES, count * destinations)

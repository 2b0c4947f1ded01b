"""Events out of N-MNIST's five bytes, and the first event of a packet that cannot be one."""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import kernel

NMNIST_BYTES = 5
"""x, y, then the polarity in the highest bit and 23 bits of µs, the highest first."""
OVERFLOW_ROW = 240
"""The row in which no pixel lies: such an event says that the clock has gone on by `OVERFLOW_STEP`."""
OVERFLOW_STEP = 1 << 13
GOOD, OUTSIDE, BACKWARD = range(3)


@kernel
def decode_nmnist(raw, passed, events):
    """Events of N-MNIST's and N-Caltech101's files, whose clock is extended by the overflows passed before.

    Parameters
    ----------
    raw : uint8 (5·n,)
    passed : int64 (1,)
        Overflows up to here, in µs; moved on.
    events : records of t, x, y, p (n,)

    Returns
    -------
    int
        How many events there are; overflows are none.

    Notes
    -----
    The layout is that of Orchard et al., "Converting Static Image Datasets to Spiking Neuromorphic Datasets Using
    Saccades" (2015), whose reader adds 2^13 µs for an event of row 240.
    """
    count = 0
    for k in range(raw.size // NMNIST_BYTES):
        at = NMNIST_BYTES * k
        if raw[at + 1] == OVERFLOW_ROW:
            passed[0] += OVERFLOW_STEP
            continue
        event = events[count]
        event.x = raw[at]
        event.y = raw[at + 1]
        event.p = raw[at + 2] >> 7
        event.t = passed[0] + (
            (np.int64(raw[at + 2] & 127) << 16) | (np.int64(raw[at + 3]) << 8) | np.int64(raw[at + 4])
        )
        count += 1
    return count


@kernel
def first_fault(events, width, height, before):
    """Index of the first event that lies outside the sensor or before the one ahead of it, and what is wrong with it.

    Parameters
    ----------
    events : records of t, x, y, p (n,)
    width, height : int
    before : int64 (1,)
        Time of the event before these; becomes that of the last one.
    """
    last = before[0]
    for k in range(events.size):
        event = events[k]
        if event.x >= width or event.y >= height:
            return k, OUTSIDE
        if event.t < last:
            return k, BACKWARD
        last = event.t
    before[0] = last
    return events.size, GOOD

"""Events become the bytes of a window: the step of a pixel's first event, or a bit for each step with an event."""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import kernel
from lava_ed.kernels.fixed_point import BIN_STEPS

FIRST, BINS = range(2)


@kernel
def encode_events(events, only, place, plane, refractory, last, begin, span, counted, seen, kind, values, row):
    """Put events into the row of their window; all integers.

    An event falls into step b = ⌊(t − begin)·B/span⌋ of B, or, where events are counted and not microseconds, event k
    into b = ⌊k·B/span⌋.  FIRST keeps the value of the step in which a pixel's first event lies; BINS sets the bits of
    all of its steps, 8 of them in the byte of an input, and the bytes of the next 8 after those of all inputs.

    Parameters
    ----------
    events : records of t, x, y, p (n,)
    only : int
        Polarity of the events that count; −1: both.
    place : int32 (height, width)
        Input of each pixel, −1 for those that are left out.
    plane : int
        Inputs between an OFF and an ON event of the same pixel; 0 where they share one.
    refractory : int
        µs for which a pixel is deaf after an event.
    last : int64 (height, width)
        Time of each pixel's last event that counted.
    begin : int
        Time, in µs, at which the window begins.
    span : int
        Length of the window, in µs or events.
    counted : bool
        Whether `span` is a number of events.
    seen : int64 (1,)
        Events that counted up to here; moved on.
    kind : int
        FIRST or BINS.
    values : uint8 (B,)
        What each step writes.
    row : uint8 (inputs,), of BINS (⌈B/8⌉·inputs,)

    Returns
    -------
    int
        Events up to the first one that lies behind the window; all of them if none does.
    """
    steps = values.size
    inputs = row.size // ((steps + BIN_STEPS - 1) // BIN_STEPS)
    for k in range(events.size):
        event = events[k]
        y, x, t = np.int64(event.y), np.int64(event.x), event.t
        if not counted and t - begin >= span:
            return k
        pixel = np.int64(place[y, x])
        if pixel < 0 or t < begin or (only >= 0 and event.p != only):
            continue
        if counted and seen[0] >= span:
            return k
        if refractory > 0:
            if t - last[y, x] < refractory:
                continue
            last[y, x] = t
        at = seen[0] if counted else t - begin
        seen[0] += 1
        pixel += np.int64(event.p) * plane
        step = at * steps // span
        if kind == BINS:
            row[step // BIN_STEPS * inputs + pixel] |= values[step]
        elif row[pixel] == 0:
            row[pixel] = values[step]
    return events.size

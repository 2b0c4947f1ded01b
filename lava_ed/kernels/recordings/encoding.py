"""Events become the bytes of a window: the step of a pixel's first event, or a bit for each step with an event."""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import kernel

FIRST, BINS = range(2)


@kernel
def encode_events(events, place, plane, refractory, last, begin, span, counted, seen, kind, values, row):
    """Put events into the row of their window; all integers.

    An event falls into step b = ⌊(t − begin)·B/span⌋ of B, or, where events are counted and not microseconds, event k
    into b = ⌊k·B/span⌋.  FIRST keeps the value of the step in which a pixel's first event lies; BINS sets the bits of
    all of its steps.

    Parameters
    ----------
    events : records of t, x, y, p (n,)
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
    row : uint8 (inputs,)

    Returns
    -------
    bool
        Whether later events may still fall into the window.
    """
    steps = values.size
    for k in range(events.size):
        event = events[k]
        y, x, t = np.int64(event.y), np.int64(event.x), event.t
        pixel = np.int64(place[y, x])
        if pixel < 0:
            continue
        if t < begin:
            continue
        if refractory > 0:
            if t - last[y, x] < refractory:
                continue
            last[y, x] = t
        at = seen[0] if counted else t - begin
        if at >= span:
            return False
        seen[0] += 1
        pixel += np.int64(event.p) * plane
        value = values[at * steps // span]
        if kind == BINS:
            row[pixel] |= value
        elif row[pixel] == 0:
            row[pixel] = value
    return True

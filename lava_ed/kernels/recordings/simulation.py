"""A moving image as an event camera would see it, in integers."""

from __future__ import annotations

import numpy as np

from lava_ed.kernels._jit import kernel, kernel_part

FINE = 256
"""Parts of a pixel in which a place is given."""
LEVELS = 4096
"""Grey levels between which the logarithm is tabulated."""


@kernel_part
def _grey(image, y, x):
    """Grey level, 0 … LEVELS − 1, at a place of an image in parts of a pixel, black outside; bilinear."""
    row, column = y // FINE, x // FINE
    down, right = y - row * FINE, x - column * FINE
    total = 0
    for j in range(2):
        for i in range(2):
            r, c = row + j, column + i
            if 0 <= r < image.shape[0] and 0 <= c < image.shape[1]:
                weight = (down if j else FINE - down) * (right if i else FINE - right)
                total += weight * np.int64(image[r, c])
    # 255·FINE² becomes LEVELS − 1
    return total * (LEVELS - 1) // (255 * FINE * FINE)


@kernel
def simulate_events(image, path, step, logs, thresholds, refractory, memory, heard, now, events):
    """Events of a sensor before which an image moves; a pixel fires where its log-intensity has changed enough.

    In each step of `step` µs the log-intensity L of a pixel moves evenly; whenever it is a threshold above (below) the
    value at the pixel's last event, there is an ON (OFF) event at the time of the crossing, unless the pixel fired
    less than `refractory` µs before, and L at that time is what it compares with from then on.

    Parameters
    ----------
    image : uint8 (h, w)
    path : int32 (steps + 1, 2)
        Row and column of the sensor, in 1/FINE pixels, at which the image's upper left pixel lies.
    step : int
        µs between two places of the path.
    logs : int32 (LEVELS,)
        Log-intensity of each grey level.
    thresholds : int32 (2, height, width)
        Of OFF and ON events.
    refractory : int
        µs.
    memory, heard, now : int64 (height, width)
        Scratch.
    events : records of t, x, y, p (n,)
        In the order of steps and pixels, not of times.

    Returns
    -------
    int
        How many events there are; never more than there is room for.
    """
    height, width = memory.shape
    count = 0
    for y in range(height):
        for x in range(width):
            now[y, x] = logs[_grey(image, y * FINE - path[0, 0], x * FINE - path[0, 1])]
            memory[y, x] = now[y, x]
            heard[y, x] = -refractory
    for k in range(path.shape[0] - 1):
        for y in range(height):
            for x in range(width):
                before = now[y, x]
                after = np.int64(logs[_grey(image, y * FINE - path[k + 1, 0], x * FINE - path[k + 1, 1])])
                if before == after:
                    continue
                now[y, x] = after
                on = 1 if after > before else 0
                sign = 2 * on - 1
                while count < events.size:
                    level = memory[y, x] + sign * thresholds[on, y, x]
                    if (after - level) * sign < 0:
                        break
                    passed = max(0, (level - before) * sign)
                    t = k * step + passed * step // (abs(after - before) + 1)
                    if t - heard[y, x] >= refractory:
                        event = events[count]
                        event.t, event.x, event.y, event.p = t, x, y, on
                        count += 1
                        heard[y, x] = t
                    memory[y, x] = level
    return count

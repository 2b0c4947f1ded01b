"""A recording is read packet by packet, whatever its format, and every event is checked on the way in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.errors import DataError

EVENT: Final = np.dtype([("t", "<i8"), ("x", "<u2"), ("y", "<u2"), ("p", "u1")])
"""Time in µs, column from the left, row from the top, and 1 for an event of more light."""
Events = npt.NDArray[Any]
PACKET: Final = 1 << 16
"""Events that are read at a time, which bounds the memory that a file of any length takes."""
BEGIN: Final = -(1 << 62)
"""A time before that of every event."""
MOST_TIME: Final = 1 << 55
"""µs, 1,100 years: times whose product with the steps of a window stays within 64 bits."""
MOST_PIXELS: Final = 1 << 22
"""Pixels of the largest sensor: those of 2048×2048."""


@dataclass(frozen=True, eq=False)
class Recording:
    """A recording whose events have not been read yet."""

    where: str
    """File or data set, as a message names it."""
    kind: str
    """Name of the format."""
    width: int
    height: int
    """Pixels of the sensor; 0 where the format does not state them."""
    read: Callable[[], Iterator[Events]]
    """Makes an iterator over packets of `EVENT`, from the beginning."""

    def check_sensor(self) -> None:
        """Raise a DataError for a sensor of no size, or of one for which nothing should be allocated."""
        if not (self.width > 0 and self.height > 0 and self.width * self.height <= MOST_PIXELS):
            raise DataError(
                f"{self.where}: a sensor of {self.width}×{self.height} pixels, allowed are 1 to {MOST_PIXELS:,}: the "
                "format does not state its size, or the file is damaged; give sensor=WIDTHxHEIGHT"
            )

    def packets(self) -> Iterator[Events]:
        """Packets of events that lie on the sensor and never go back in time.

        Raises a DataError where an event lies outside, the clock jumps back or beyond `MOST_TIME`, or the file is
        damaged.
        """
        # Loaded here, since numba comes with it.
        from lava_ed.kernels.recordings.reading import GOOD, OUTSIDE, first_fault

        self.check_sensor()
        before, done = np.array([BEGIN]), 0
        for packet in self.read():
            index, fault = first_fault(packet, self.width, self.height, before)
            if fault != GOOD:
                event, number = packet[index], done + int(index)
                if fault == OUTSIDE:
                    raise DataError(
                        f"{self.where}: event {number:,} lies at x = {event['x']}, y = {event['y']}, outside the "
                        f"sensor of {self.width}×{self.height} pixels: the file is damaged, or of another sensor"
                    )
                previous = int(packet[index - 1]["t"] if index else before[0])
                raise DataError(
                    f"{self.where}: the clock jumps back by {previous - int(event['t']):,} µs at event {number:,} (to "
                    f"{int(event['t']):,} µs): sort the events by time, or cut the file there"
                )
            if len(packet) and max(-int(packet["t"][0]), int(packet["t"][-1])) > MOST_TIME:
                raise DataError(
                    f"{self.where}: times from {int(packet['t'][0]):,} to {int(packet['t'][-1]):,} µs, at most "
                    f"{MOST_TIME:,} are read: the clock is damaged, or does not count µs"
                )
            done += len(packet)
            yield packet

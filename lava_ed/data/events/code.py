"""What becomes of a recording before a net sees it, and the row of bytes that it becomes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from itertools import chain, islice
from typing import Any, Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from lava_ed.data.events.recording import BEGIN, Events, Recording
from lava_ed.data.events.transforms import transformed
from lava_ed.errors import ConfigError, DataError
from lava_ed.integers import is_integer
from lava_ed.kernels.fixed_point import BIN_STEPS, HISTORY_BITS, HISTORY_WORDS, planes_of

Polarity = Literal["both", "merged", "on", "off"]
POLARITIES: Final[tuple[Polarity, ...]] = get_args(Polarity)
MOST_BINS: Final = HISTORY_WORDS * HISTORY_BITS
"""Longest window of bins: as many steps as the history of a neuron holds."""
MOST_WINDOWS: Final = 1024
"""Windows of a recording in a data set."""
MOST: Final = 1 << 31
"""Integers of a code lie below."""
MOST_KEPT: Final = 1 << 20
"""Events, 13 MB, up to which a recording that is looked at before it is encoded is read once, and not twice."""


@dataclass(frozen=True)
class EventCode:
    """How recordings are cut and filtered, in this order: region, hot pixels, dead time, polarity, window.

    Parameters
    ----------
    sensor : str
        "WIDTHxHEIGHT" of recordings that do not state it; empty: as stated.
    region : str
        "LEFT,TOP,WIDTH,HEIGHT" of the part of the sensor that is used; empty: all of it.
    downsample : int
        So many pixels, in both directions, become one.
    hot : int
        Pixels with more events a second than this, over a whole recording, are left out of it; 0: none.
    refractory : int
        µs for which a pixel is deaf after an event; 0: never.
    polarity : {"both", "merged", "on", "off"}
        An input each for ON and OFF events of a pixel, one for all events, or only those of one kind.
    start : int
        µs after the first event at which the window begins.
    duration : int
        µs of the window; 0: up to the last event.
    count : int
        Events of the window, which then ends after so many events whatever the time, its steps having equally many;
        0: time counts.
    windows : int
        So many windows follow each other, each a sample; a recording is decided by most of its windows, of those
        that hold an event.
    transforms : str
        Transforms of tonic, which come first: "Denoise:filter_time=10000;TimeJitter:std=100"; see `transformed`.

    Raises
    ------
    ConfigError
        If a value is of another type, or out of range.
    """

    sensor: str = ""
    region: str = ""
    downsample: int = 1
    hot: int = 0
    refractory: int = 0
    polarity: Polarity = "both"
    start: int = 0
    duration: int = 0
    count: int = 0
    windows: int = 1
    transforms: str = ""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(field.default, int):
                low = int(field.name in ("downsample", "windows"))
                if not is_integer(value) or not low <= value < MOST:
                    raise ConfigError(f"events: {field.name} is {value!r}, an integer {low} … {MOST - 1:,} is needed")
                object.__setattr__(self, field.name, int(value))
            elif not isinstance(value, str):
                raise ConfigError(f"events: {field.name} is {value!r}, a text is needed")
        if self.polarity not in POLARITIES:
            raise ConfigError(f"events: polarity {self.polarity!r} is unknown: use one of {', '.join(POLARITIES)}")
        if self.count and self.duration:
            raise ConfigError(f"events: duration {self.duration} and count {self.count}: a window has one of both")
        if self.windows > MOST_WINDOWS:
            raise ConfigError(f"events: windows {self.windows:,}: at most {MOST_WINDOWS:,}, as all are kept at once")
        if self.windows > 1 and not (self.count or self.duration):
            raise ConfigError(f"events: windows {self.windows} need the duration or the count of one")
        self.sensor_size()
        self.part((1 << 16, 1 << 16))

    @classmethod
    def parse(cls, text: str) -> EventCode:
        """A code out of ``"duration=100000,polarity=on"``; colons there are commas in the values; else a ConfigError.

        Examples
        --------
        >>> code = EventCode.parse("region=0:0:20:20,count=500")
        >>> code.region, str(code)
        ('0,0,20,20', 'region=0:0:20:20,count=500')
        """
        known = {field.name: type(field.default) for field in fields(cls)}
        given: dict[str, Any] = {}
        for item in filter(None, text.split(",")):
            name, _, value = item.partition("=")
            if name not in known:
                raise ConfigError(f"events: {item[:60]!r} is no NAME=VALUE with a name of {', '.join(known)}")
            if known[name] is int and not value.isdecimal():
                raise ConfigError(f"events: {name} is {value[:60]!r}, an integer is needed")
            given[name] = int(value) if known[name] is int else value.replace(":", ",")
        return cls(**given)

    def __str__(self) -> str:
        """The inverse of `parse`."""
        changed = {f.name: str(v) for f in fields(self) if (v := getattr(self, f.name)) != f.default}
        return ",".join(f"{name}={value.replace(',', ':')}" for name, value in changed.items())

    def to_dict(self) -> dict[str, Any]:
        """Plain description."""
        return asdict(self)

    def sensor_size(self) -> tuple[int, int]:
        """Width and height as given, (0, 0) where they are not."""
        width, height = _numbers("sensor", self.sensor, "x", 2) if self.sensor else (0, 0)
        return width, height

    def part(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Left, top, width and height of what is used of a sensor.

        Raises a ConfigError where it does not lie on the sensor, or holds not one pixel of the input.
        """
        left, top, width, height = _numbers("region", self.region, ",", 4) if self.region else (0, 0, *size)
        if left + width > size[0] or top + height > size[1]:
            raise ConfigError(f"events: region {self.region} reaches beyond the sensor of {size[0]}×{size[1]} pixels")
        if min(width, height) < self.downsample:
            raise ConfigError(
                f"events: {width}×{height} pixels leave none where {self.downsample}×{self.downsample} become one"
            )
        return left, top, width, height

    def shape(self, size: tuple[int, int]) -> tuple[int, int, int]:
        """Channels, rows and columns of the input for a sensor of this (width, height)."""
        _, _, width, height = self.part(size)
        return 1 + (self.polarity == "both"), height // self.downsample, width // self.downsample


def _numbers(name: str, text: str, between: str, many: int) -> tuple[int, ...]:
    """Numbers out of a text, the last two of them positive."""
    parts = text.split(between)
    are_numbers = len(parts) == many and all(part.isdecimal() and len(part) < 6 for part in parts)
    numbers = tuple(map(int, parts)) if are_numbers else ()
    if not numbers or 0 in numbers[-2:]:
        example = {"sensor": "346x260", "region": "0,0,128,128"}[name]
        raise ConfigError(f"events: {name} is {text[:60]!r}, written it is like {example}")
    return numbers


def step_values(encoder: str, steps: int) -> npt.NDArray[np.uint8]:
    """The byte that an event of each step of a window writes; no step of ttfs is the last one, which black would be.

    ttfs: B = T − 1 steps, and the byte p that `encoder_table` turns into x = T − 1 − b, so that an event of step b is a
    spike at T − x = b + 1; bins: B = T steps, and bit b mod 8, of byte b div 8 of the input.  Raises a ConfigError
    where the encoder has no place for events, or T does not fit it.

    Examples
    --------
    >>> step_values("ttfs", 4).tolist(), step_values("bins", 4).tolist()
    ([255, 170, 85], [1, 2, 4, 8])
    """
    if encoder == "ttfs":
        later = np.arange(steps - 1, 0, -1)
        return ((2 * 255 * later + steps - 1) // (2 * (steps - 1))).astype(np.uint8)
    if encoder != "bins":
        raise ConfigError(
            f"encoder {encoder!r} takes grey levels: recordings of events need ttfs (STD-ED) or bins (MPD-ED)"
        )
    if steps > MOST_BINS:
        raise ConfigError(
            f"encoder bins has at most {MOST_BINS} steps, as many as a neuron's history holds, steps is {steps}: "
            "take fewer (--steps), or several windows (--events windows=)"
        )
    return (1 << np.arange(steps) % BIN_STEPS).astype(np.uint8)


@dataclass(frozen=True)
class Encoding:
    """A code together with the window of the net that takes its rows."""

    code: EventCode
    encoder: str
    steps: int

    @property
    def planes(self) -> int:
        """Bytes of an input in a row, which holds all inputs' first bytes, then their second ones, and so on."""
        return planes_of(self.encoder, self.steps)

    def encode(self, recording: Recording) -> npt.NDArray[np.uint8]:
        """The first windows of a recording, as samples, uint8 (windows, planes·inputs); silence follows the last event.

        Raises a DataError where the recording is damaged, or none of its events is left; a ConfigError where the code
        does not fit the sensor.
        """
        rows = list(islice(self.windows(recording), self.code.windows))
        if not any(row.any() for row in rows):
            raise DataError(
                f"{recording.where}: no event is left of it: leave the file out, or let more through (--events)"
            )
        rows += [np.zeros_like(rows[0])] * (self.code.windows - len(rows))
        return np.stack(rows)

    def windows(self, recording: Recording) -> Iterator[npt.NDArray[np.uint8]]:
        """Each window of a recording, one behind the other up to the last event, those without events included.

        Raises a DataError where the recording is empty, or damaged up to where it was read; a ConfigError where the
        code does not fit the sensor.
        """
        from lava_ed.kernels.recordings.encoding import BINS, FIRST, encode_events

        recording.check_sensor()
        if self.code.transforms:
            recording = transformed(recording, self.code.transforms)
        code, size = self.code, (recording.width, recording.height)
        values = step_values(self.encoder, self.steps)
        channels, rows, columns = code.shape(size)
        row = np.zeros(self.planes * channels * rows * columns, np.uint8)
        place, first, last, packets = self._places(recording)
        begin = first + code.start
        span = code.count or code.duration or max(last + 1 - begin, 1)
        deaf = np.full(place.shape, BEGIN, np.int64)
        seen, plane = np.zeros(1, np.int64), rows * columns * (channels - 1)
        kind = FIRST if self.encoder == "ttfs" else BINS
        only = {"off": 0, "on": 1}.get(code.polarity, -1)
        for left in packets:
            while True:
                done = encode_events(
                    left, only, place, plane, code.refractory, deaf, begin, span, bool(code.count), seen, kind, values,
                    row,
                )  # fmt: skip
                if done == len(left):
                    break
                yield row
                left, row, seen[0] = left[done:], np.zeros_like(row), 0
                begin += 0 if code.count else span
        yield row

    def _places(self, recording: Recording) -> tuple[npt.NDArray[np.int32], int, int, Iterator[Events]]:
        """Input of each pixel (−1: hot, or beside the region), times of the first and last event, and all packets."""
        code, size = self.code, (recording.width, recording.height)
        left, top, _, _ = code.part(size)
        _, rows, columns = code.shape(size)
        place = np.full(size[::-1], -1, np.int32)
        y, x = np.indices((rows * code.downsample, columns * code.downsample)) // code.downsample
        place[top : top + len(y), left : left + len(y[0])] = y * columns + x
        whole = code.hot or not (code.duration or code.count)
        first = last = None
        found = np.zeros(size[::-1], np.int64)
        kept: list[Events] = []
        events, packets = 0, recording.packets()
        for packet in packets:
            events += len(packet)
            if events <= MOST_KEPT:
                kept.append(packet)
            else:
                kept.clear()
            if not len(packet):
                continue
            first = int(packet["t"][0]) if first is None else first
            last = int(packet["t"][-1])
            if not whole:
                break
            if code.hot:
                found += np.bincount(
                    packet["y"].astype(np.int64) * size[0] + packet["x"], minlength=found.size
                ).reshape(found.shape)
        if first is None or last is None:
            raise DataError(f"{recording.where} holds no event: leave it out")
        if code.hot:
            place[found * 1_000_000 > code.hot * max(last - first, 1)] = -1
        return place, first, last, chain(kept, packets) if events <= MOST_KEPT else recording.packets()

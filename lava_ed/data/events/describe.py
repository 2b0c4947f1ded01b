"""What is in a recording, or in a folder of them: counted in one pass and in bounded memory."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.data.events.formats import open_recording
from lava_ed.data.events.recording import Recording
from lava_ed.data.events.sources import MARK, members
from lava_ed.errors import DataError
from lava_ed.files.reading import shown

HOT_SHARE: Final = 100
"""A pixel is called hot here if it has more than so many times the mean of the pixels that have any."""
SLICES: Final = 6
"""Pictures over time that are drawn of a recording."""


def describe_recording(recording: Recording) -> tuple[dict[str, Any], npt.NDArray[np.int64]]:
    """Facts about a recording, and its events counted by polarity and pixel: int64 (2, height, width).

    Raises a DataError where the recording is damaged.
    """
    recording.check_sensor()
    size = (2, recording.height, recording.width)
    count = np.zeros(size, np.int64)
    first = last = None
    for packet in recording.packets():
        if len(packet):
            first = int(packet["t"][0]) if first is None else first
            last = int(packet["t"][-1])
            place = (packet["p"].astype(np.int64) * size[1] + packet["y"]) * size[2] + packet["x"]
            count += np.bincount(place, minlength=count.size).reshape(size)
    pixels, events = count.sum(axis=0), int(count.sum())
    seconds = 0.0 if first is None or last is None else (last - first) / 1e6
    active = pixels[pixels > 0]
    limit = HOT_SHARE * float(active.mean()) if len(active) else 0.0
    hot = np.argwhere(pixels > limit) if events else np.zeros((0, 2), np.int64)
    value = {
        "recording": recording.where,
        "format": recording.kind,
        "simulated": MARK in recording.where.rpartition("/")[2],
        "sensor": [recording.width, recording.height],
        "events": events,
        "seconds": seconds,
        "events_per_second": events / seconds if seconds else None,
        "on_share": int(count[1].sum()) / events if events else None,
        "active_pixels": len(active),
        "busiest_pixel_events": int(pixels.max()),
        "hot_pixels": [[int(x), int(y)] for y, x in hot],
    }
    return value, count


def describe_folder(path: Path, sensor: tuple[int, int] = (0, 0)) -> dict[str, Any]:
    """Facts about all recordings of a folder or archive.

    Raises a DataError where a recording is damaged, or there is none.
    """
    classes: Counter[str] = Counter()
    parts: Counter[str] = Counter()
    sensors: set[tuple[int, int]] = set()
    events, seconds, on, simulated = 0, 0.0, 0.0, 0
    for member in members(path):
        found, count = describe_recording(open_recording(member.path, sensor))
        classes[member.class_name] += 1
        simulated += member.is_simulated
        parts[member.part or "not stated"] += 1
        sensors.add((found["sensor"][0], found["sensor"][1]))
        events, seconds, on = events + found["events"], seconds + found["seconds"], on + float(count[1].sum())
    total = sum(classes.values())
    if not total:
        raise DataError(f"{shown(path)} holds no recording: a class a folder is needed, CLASS/recording.bin")
    return {
        "folder": str(path),
        "recordings": total,
        "simulated": simulated,
        "classes": dict(sorted(classes.items())),
        "parts": dict(parts),
        "sensors": [list(size) for size in sorted(sensors)],
        "events": events,
        "events_per_recording": events / total,
        "seconds_per_recording": seconds / total,
        "on_share": on / events if events else None,
    }


def pictures(recording: Recording) -> npt.NDArray[np.int64]:
    """Events by time, int64 (SLICES, 2, height, width): equal parts of the recording, OFF and ON apart.

    Raises a DataError where the recording is damaged, or empty.
    """
    ends = [int(packet["t"][end]) for packet in recording.packets() if len(packet) for end in (0, -1)]
    if not ends:
        raise DataError(f"{recording.where} holds no event: there is nothing to draw")
    size = (SLICES, 2, recording.height, recording.width)
    result = np.zeros(size, np.int64)
    for packet in recording.packets():
        part = (packet["t"] - ends[0]) * SLICES // (ends[-1] - ends[0] + 1)
        place = ((part * 2 + packet["p"]) * size[2] + packet["y"]) * size[3] + packet["x"]
        result += np.bincount(place, minlength=result.size).reshape(size)
    return result

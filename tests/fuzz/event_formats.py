"""Recordings of event cameras, in every format, and archives of them: entries of the table of formats."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recordings import SENSOR, some_events, write

SUFFIXES = {
    **dict.fromkeys((".bin", ".aedat", ".npy", ".npz", ".h5"), ""),
    **dict.fromkeys((".aedat4", ".dat", ".raw", ".es"), "faery"),
}
"""Suffix of each format, and the package without which it is not read."""


def write_recording(suffix: str) -> Callable[[Path], object]:
    return lambda folder: write(folder / f"a{suffix}", some_events(200))


def read_recording(path: Path) -> Any:
    """What `data info` shows, and the samples of both encoders."""
    from lava_ed.data.events.code import Encoding, EventCode
    from lava_ed.data.events.describe import describe_recording
    from lava_ed.data.events.formats import open_recording

    recording = open_recording(path, SENSOR)
    value, count = describe_recording(recording)
    rows = [Encoding(EventCode(), *window).encode(recording).tolist() for window in (("ttfs", 12), ("bins", 8))]
    return {**value, "recording": ""}, count.tolist(), rows


def write_archive(folder: Path) -> None:
    """Six recordings of two classes as both kinds of archive."""
    names = [folder / "train" / str(k % 2) / f"{k}.bin" for k in range(6)]
    with tarfile.open(folder / "a.tar.xz", "w:xz") as tar, zipfile.ZipFile(folder / "a.zip", "w") as zipped:
        for k, name in enumerate(names):
            write(name, some_events(20, seed=k))
            tar.add(name, str(name.relative_to(folder)))
            zipped.write(name, name.relative_to(folder))


def read_set(path: Path) -> Any:
    """The data set of an archive, kept nowhere."""
    from lava_ed.data.events.code import Encoding, EventCode
    from lava_ed.data.events.event_set import assembled, encoded

    found = assembled(encoded(path, Encoding(EventCode(), "bins", 8)), "here")
    return [found[name].tolist() for name in ("images", "labels", "test")], found["names"]

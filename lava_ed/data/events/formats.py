"""Each format of recordings: by faery, numpy and h5py, and by our own few lines where a file is a plain array of words.

What ends within an event, as after a full disk, is an error where all events have the same length (.bin, .aedat, .npy);
in .es, .dat, .raw and .aedat4 the whole events before it are read, as faery does.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from lava_ed.data.events.recording import EVENT, PACKET, Events, Recording
from lava_ed.errors import DataError
from lava_ed.files.hdf5 import Hdf5Group, read_hdf5
from lava_ed.files.reading import cut, open_plain, shown
from lava_ed.installed import required

Sensor = tuple[int, int]
MOST_BYTES: Final = 1 << 40
"""Largest file that is read in packets."""
MOST_AT_ONCE: Final = 1 << 31
"""Largest content of a file that can be read only as a whole (.npz, .h5)."""
HINT: Final = "restore the file, or leave it out"
NMNIST_SENSOR: Final = (34, 34)
AEDAT_HEADER: Final = 1 << 20
"""Bytes within which the comments of an AEDAT 2 file end."""
MOST_PACKET: Final = 1 << 26
"""Bytes of a packet of an AEDAT 4 file: 4 million events, where a camera writes thousands."""
NAMES: Final = {
    "t": ("t", "ts", "timestamp", "time"),
    "x": ("x", "xs"),
    "y": ("y", "ys"),
    "p": ("p", "ps", "on", "polarity"),
}
"""What the columns of events are called."""  # fmt: skip


def pieces(path: Path, start: int, size: int) -> Iterator[bytes]:
    """The content of a file from a byte on, in pieces of whole words of so many bytes.

    Raises a DataError where the file ends within a word.
    """
    with open_plain(path, most=MOST_BYTES, error=DataError, hint=HINT) as file:
        file.seek(start)
        while piece := file.read(PACKET * size):
            if len(piece) % size:
                raise DataError(
                    f"{shown(path)} ends within an event ({len(piece) % size} of {size} bytes): it is cut off, or no "
                    f"recording of this format; {HINT}"
                )
            yield piece


def nmnist(path: Path, sensor: Sensor) -> Recording:
    """N-MNIST's and N-Caltech101's events of five bytes, without a header."""
    width, height = sensor if any(sensor) else NMNIST_SENSOR

    def read() -> Iterator[Events]:
        from lava_ed.kernels.recordings.reading import NMNIST_BYTES, decode_nmnist

        passed = np.zeros(1, np.int64)
        for piece in pieces(path, 0, NMNIST_BYTES):
            events = np.empty(len(piece) // NMNIST_BYTES, EVENT)
            yield events[: decode_nmnist(np.frombuffer(piece, np.uint8), passed, events)]

    return Recording(shown(path), "N-MNIST", width, height, read)


# Chip → sensor, where x and y lie in an address (shift, mirrored), the polarity's bit, what it is for ON, and the bits
# that no event of a pixel has set.  As jAER writes them: SensorsINI/jaer, the classes of these names.
CHIPS: Final = {
    "DVS128": ((128, 128), (1, True), (8, False), 0, 0, 1 << 15),
    "Davis240": ((240, 180), (12, True), (22, False), 11, 1, 1 << 31 | 1 << 10),
    "DAVIS240": ((240, 180), (12, True), (22, False), 11, 1, 1 << 31 | 1 << 10),
    "Davis346": ((346, 260), (12, True), (22, False), 11, 1, 1 << 31 | 1 << 10),
}


def aedat2(path: Path, sensor: Sensor) -> Recording:
    """AEDAT 2: comments, then big-endian words of an address and a time; what is no event of a pixel is left out."""
    with open_plain(path, most=MOST_BYTES, error=DataError, hint=HINT) as file:
        head = file.read(AEDAT_HEADER)
    start = 0
    while head[start : start + 1] == b"#":
        start = head.find(b"\n", start) + 1
        if not start:
            raise DataError(f"{shown(path)}: its comments do not end within {AEDAT_HEADER:,} bytes: {HINT}")
    if not head.startswith(b"#!AER-DAT2"):
        raise DataError(
            f"{shown(path)} is no AEDAT 2 file (it begins with {cut(repr(head[:12]))}): save it as AEDAT 2 or 4"
        )
    chips = re.findall(rb"AEChip:\s*\S*?([A-Za-z]+\d+)\w*\s", head[:start])
    chip = chips[0].decode() if chips else "DVS128"
    if chip not in CHIPS:
        raise DataError(f"{shown(path)}: chip {chip} is unknown, read are {', '.join(CHIPS)}: save it as AEDAT 4")
    (width, height), x, y, polarity, on, foreign = CHIPS[chip]

    def read() -> Iterator[Events]:
        clock = None
        for piece in pieces(path, start, 8):
            words = np.frombuffer(piece, ">u4").reshape(-1, 2).astype(np.int64)
            # The clock has 32 bits: a step across their end is a step forward.
            clock = int(words[0, 1]) if clock is None else clock
            steps = np.diff(words[:, 1], prepend=clock & 0xFFFFFFFF).astype(np.int32)
            times = clock + np.cumsum(steps, dtype=np.int64)
            clock = int(times[-1])
            own = words[:, 0] & foreign == 0
            events = np.empty(int(own.sum()), EVENT)
            events["t"], address = times[own], words[own, 0]
            for name, (shift, mirrored), edge in (("x", x, width), ("y", y, height)):
                found = address >> shift & ((1 << (edge - 1).bit_length()) - 1)
                # What lies outside stays outside, for the check to find.
                events[name] = np.where(found < edge, edge - 1 - found, found) if mirrored else found
            events["p"] = (address >> polarity & 1) == on
            yield events

    return Recording(shown(path), "AEDAT 2", width, height, read)


def check_aedat4(path: Path) -> None:
    """Raise a ValueError for what faery 0.7 would end the process over, or make room for unread.

    The first is a description of the streams that is no text, the second a packet that states to be larger than any.
    Source of the layout: iniVation's AEDAT 4, `ioheader.fbs`.
    """
    with open_plain(path, most=MOST_BYTES, error=DataError, hint=HINT) as file:
        head = file.read(18)  # the signature, and the length of the description
        size = int.from_bytes(head[14:], "little")
        content = file.read(min(size, AEDAT_HEADER))
        if size > AEDAT_HEADER or not content[content.find(b"<") : content.rfind(b">") + 1].isascii():
            raise ValueError("the description of its streams is no text")
        # A flatbuffer: where the table of packets lies, behind them, is the second field of its first table.
        first = int.from_bytes(content[:4], "little")
        fields = first - int.from_bytes(content[first : first + 4], "little", signed=True)
        place = first + int.from_bytes(content[fields + 6 : fields + 8], "little")
        table = int.from_bytes(content[place : place + 8], "little", signed=True)
        at = file.seek(len(head) + size)
        while at != table and len(packet := file.read(8)) == 8:
            stated = int.from_bytes(packet[4:], "little")
            if stated > MOST_PACKET:
                raise ValueError(f"its packet at byte {at:,} states {stated:,} bytes")
            at = file.seek(at + 8 + stated)


def faery_packets(path: Path, sensor: Sensor) -> tuple[tuple[int, int], Iterable[Any]]:
    """Sensor and packets of a file, as faery reads them."""
    from faery.extension import dat
    from faery.file_decoder import Decoder

    options: dict[str, Any] = {"dimensions_fallback": sensor} if any(sensor) else {}
    if path.suffix.lower() == ".aedat4":
        check_aedat4(path)
    if path.suffix.lower() != ".dat":
        decoder = Decoder(path, time_range_cache=None, **options)
        return decoder.dimensions(), decoder

    # faery's Decoder refuses the older event type 2d, whose layout is that of cd.
    def opened() -> Any:
        return dat.Decoder(path, sensor if any(sensor) else (1280, 720), "dat2")

    with opened() as file:
        if file.event_type not in ("2d", "cd"):
            raise ValueError(f"its events are of type {file.event_type}")
        size = file.dimensions

    def packets() -> Iterator[Any]:
        with opened() as file:
            for packet in file:
                packet["payload"] = packet["payload"] > 0
                yield packet

    return size, packets()


@contextmanager
def refusing(path: Path, complaint: str) -> Iterator[None]:
    """Turn what a reader raises on a damaged file into a DataError; a panic of Rust's is no Exception."""
    try:
        yield
    except (DataError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        raise DataError(f"{shown(path)} {complaint}, or is damaged ({cut(str(error))}): {HINT}") from error


def by_faery(kind: str) -> Callable[[Path, Sensor], Recording]:
    """Formats that faery reads: AEDAT 4, Event Stream, and Prophesee's DAT, EVT 2, EVT 2.1 and EVT 3."""
    complaint = f"is no {kind} recording"

    def reader(path: Path, sensor: Sensor) -> Recording:
        open_plain(path, most=MOST_BYTES, error=DataError, hint=HINT).close()
        required("faery", "data", f"{shown(path)}: {kind} is read by faery", DataError)
        with refusing(path, complaint):
            (width, height), _ = faery_packets(path, sensor)

        def read() -> Iterator[Events]:
            with refusing(path, complaint):
                for packet in faery_packets(path, sensor)[1]:
                    yield packet.view(EVENT)

        return Recording(shown(path), kind, int(width), int(height), read)

    return reader


def columns(path: Path, found: Mapping[str, Any]) -> dict[str, Any]:
    """The columns t, x, y and p by their usual names; a sensor of one row has no y.  Other ones raise a DataError."""
    chosen = {name: next((found[other] for other in others if other in found), None) for name, others in NAMES.items()}
    missing = [name for name in ("t", "x", "p") if chosen[name] is None]
    if missing:
        raise DataError(
            f"{shown(path)} holds no column {' nor '.join(missing)} (it has {cut(', '.join(found)) or 'none'}): events "
            "are columns t, x, y and p"
        )
    given = {name: column for name, column in chosen.items() if column is not None}
    shapes = {name: column.shape for name, column in given.items()}
    kinds = {name: column.dtype for name, column in given.items()}
    if len(set(shapes.values())) > 1 or len(shapes["t"]) != 1 or any(kind.kind not in "biu" for kind in kinds.values()):
        raise DataError(
            f"{shown(path)}: its columns have shapes {shapes} and types { {n: str(k) for n, k in kinds.items()} }: "
            "events are columns of integers of the same length (times in µs)"
        )
    return given


def in_packets(given: Mapping[str, Any]) -> Iterator[Events]:
    """Columns as packets of events; a coordinate that no event can have becomes one outside of every sensor."""
    outside = np.iinfo(np.uint16).max
    for start in range(0, len(given["t"]), PACKET):
        part = {name: np.asarray(column[start : start + PACKET]) for name, column in given.items()}
        events = np.zeros(len(part["t"]), EVENT)
        for name in ("x", "y"):
            if name in part:
                wide = part[name].astype(np.int64)
                events[name] = np.where((wide < 0) | (wide > outside), outside, wide)
        events["t"] = part["t"].astype(np.int64)
        events["p"] = part["p"] > 0
        yield events


def array(path: Path, sensor: Sensor) -> Recording:
    """A numpy array of records, mapped into memory and not read whole."""
    open_plain(path, most=MOST_BYTES, error=DataError, hint=HINT).close()
    with refusing(path, "is no array of events"):
        found = np.load(path, mmap_mode="r", allow_pickle=False)
        given = columns(path, {name: found[name] for name in found.dtype.names or ()})
    return Recording(shown(path), "NumPy", *sensor, lambda: in_packets(given))


def arrays(path: Path, sensor: Sensor) -> Recording:
    """An archive of numpy arrays: one of records, or a column each."""
    with open_plain(path, most=MOST_AT_ONCE, error=DataError, hint=HINT) as file, refusing(path, "holds no events"):
        with zipfile.ZipFile(file) as archive:
            stated = sum(info.file_size for info in archive.infolist())
        if stated > MOST_AT_ONCE:
            raise DataError(f"{shown(path)} unpacks to {stated:,} bytes, of at most {MOST_AT_ONCE:,}: save it as .npy")
        file.seek(0)
        with np.load(file, allow_pickle=False) as content:
            found = {name: content[name] for name in content.files}
    records = [value for value in found.values() if getattr(value.dtype, "names", None)]
    table = {name: records[0][name] for name in records[0].dtype.names} if len(records) == 1 else found
    given = columns(path, table)
    return Recording(shown(path), "NumPy", *sensor, lambda: in_packets(given))


def hdf5(path: Path, sensor: Sensor) -> Recording:
    """An HDF5 file with a group of columns, at its root or below."""
    root = read_hdf5(
        path, what="a recording", most_bytes=MOST_AT_ONCE, most_values=MOST_AT_ONCE // 8, error=DataError, hint=HINT
    )

    def groups(group: Hdf5Group) -> Iterator[dict[str, Any]]:
        yield {name: value for name, value in group.members.items() if not isinstance(value, Hdf5Group)}
        for inner in group.members.values():
            if isinstance(inner, Hdf5Group):
                yield from groups(inner)

    tables = [table for table in groups(root) if any(name in table for name in NAMES["t"]) and "x" in "".join(table)]
    given = columns(path, tables[0] if tables else root.members)
    return Recording(shown(path), "HDF5", *sensor, lambda: in_packets(given))


READERS: Final[dict[str, Callable[[Path, Sensor], Recording]]] = {
    ".bin": nmnist, ".aedat": aedat2, ".aedat4": by_faery("AEDAT 4"), ".dat": by_faery("DAT"),
    ".raw": by_faery("EVT"), ".es": by_faery("Event Stream"), ".npy": array, ".npz": arrays, ".h5": hdf5, ".hdf5": hdf5,
}  # fmt: skip
"""What reads a recording, by its suffix."""


def is_recording(name: str | os.PathLike[str]) -> bool:
    """Whether a file has the suffix of a recording."""
    return Path(name).suffix.lower() in READERS


def open_recording(path: str | Path, sensor: tuple[int, int] = (0, 0)) -> Recording:
    """Open a recording by its suffix: .bin, .aedat, .aedat4, .dat, .raw, .es, .npy, .npz, .h5 or .hdf5.

    The sensor (width, height) is that of a format that does not state it.  Raises a DataError where there is no such
    file, its suffix or its content is no recording's, or it is damaged.
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(
            f"{shown(path)}: {path.suffix or 'no suffix'} is not that of a recording: known are {', '.join(READERS)}"
        )
    return reader(path, sensor)

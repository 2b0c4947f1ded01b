"""Small recordings in every format, for what reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lava_ed.data.events.recording import EVENT

SENSOR = (34, 30)


def some_events(count: int = 500, seed: int = 0, sensor: tuple[int, int] = SENSOR, last: int = 300_000) -> np.ndarray:
    """Random events in the order of their times."""
    random = np.random.default_rng(seed)
    events = np.zeros(count, EVENT)
    events["t"] = np.sort(random.integers(0, last, count))
    events["x"], events["y"] = random.integers(0, sensor[0], count), random.integers(0, sensor[1], count)
    events["p"] = random.integers(0, 2, count)
    return events


def nmnist_bytes(events: np.ndarray) -> bytes:
    """Five bytes an event, written out by hand: x, y, polarity and 23 bits of time."""
    words = [(int(e["x"]), int(e["y"]), int(e["p"]) << 23 | int(e["t"])) for e in events]
    return b"".join(bytes([x, y]) + low.to_bytes(3, "big") for x, y, low in words)


def write(path: Path, events: np.ndarray, sensor: tuple[int, int] = SENSOR) -> Path:
    """A recording in the format of the name's suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = path.suffix
    if suffix == ".bin":
        path.write_bytes(nmnist_bytes(events))
    elif suffix == ".aedat":
        addresses = (127 - events["x"].astype(np.int64)) << 1 | events["y"].astype(np.int64) << 8 | (1 - events["p"])
        words = np.stack([addresses, events["t"] & 0xFFFFFFFF], axis=1).astype(">u4")
        path.write_bytes(b"#!AER-DAT2.0\r\n# AEChip: ch.unizh.ini.jaer.chip.retina.DVS128\r\n" + words.tobytes())
    elif suffix == ".npy":
        np.save(path, events)
    elif suffix == ".npz":
        np.savez_compressed(path, **{name: events[name] for name in EVENT.names})
    elif suffix == ".h5":
        import h5py

        with h5py.File(path, "w") as file:
            for name in EVENT.names:
                file[f"events/{name}s"] = events[name]
    else:
        _write_by_faery(path, events, sensor)
    return path


def _write_by_faery(path: Path, events: np.ndarray, sensor: tuple[int, int]) -> None:
    import faery
    from faery.events_stream import EVENTS_DTYPE

    given = events.view(EVENTS_DTYPE)
    stream = faery.events_stream_from_array(given, sensor)
    stream.to_file(path, zero_t0=False)

"""The transforms of tonic that turn events into events, by their names."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import numpy as np

from lava_ed.data.events.recording import Events, Recording
from lava_ed.errors import ConfigError, DataError
from lava_ed.files.reading import cut
from lava_ed.installed import required

MOST_EVENTS: Final = 1 << 24
"""Events of a recording that is transformed, which has to be in memory as a whole."""
_AS_TONIC: Final = np.dtype([("t", np.int64), ("x", np.int64), ("y", np.int64), ("p", np.int64)])


def transformed(recording: Recording, text: str) -> Recording:
    """A recording after some of tonic's transforms, on a sensor of the same size, its events sorted by time.

    The text is ``Denoise:filter_time=10000;TimeJitter:std=100``; commas, as `EventCode.parse` makes them, do for
    colons. `sensor_size` is given where a transform asks for it.  Random ones draw the same numbers for each recording,
    from seed 0.

    Raises a ConfigError where a transform is unknown, takes other arguments, or makes no events; a DataError where
    tonic is not installed or, when it is read, there are too many events or the recording is damaged.
    """
    steps = [_made(item, recording) for item in text.split(";")]

    def read() -> Iterator[Events]:
        from lava_ed.data.events.formats import in_packets

        events = np.concatenate([np.zeros(0, _AS_TONIC), *_limited(recording)])
        # tonic draws from NumPy's one global generator.
        before = np.random.get_state()  # noqa: NPY002
        np.random.seed(0)  # noqa: NPY002
        try:
            for name, step in steps:
                try:
                    events = step(events) if len(events) else events
                except Exception as error:  # of whatever type an argument leads to
                    raise ConfigError(f"events: {name} of tonic fails ({cut(str(error))}): change it") from error
                if set(getattr(events.dtype, "names", None) or ()) != set(_AS_TONIC.names or ()):
                    raise ConfigError(f"events: {name} of tonic makes no events: the window's steps make frames here")
        finally:
            np.random.set_state(before)  # noqa: NPY002
        events = events[np.argsort(events["t"], kind="stable")]
        yield from in_packets({name: events[name] for name in _AS_TONIC.names or ()})

    return replace(recording, read=read)


def _limited(recording: Recording) -> Iterator[Any]:
    """Packets in the types that tonic computes with, of not too many events."""
    count = 0
    for packet in recording.packets():
        count += len(packet)
        if count > MOST_EVENTS:
            raise DataError(
                f"{recording.where} holds more than {MOST_EVENTS:,} events, which transforms cannot take at once: cut "
                "it, or leave out transforms (--events)"
            )
        yield packet.astype(_AS_TONIC)


def _made(item: str, recording: Recording) -> tuple[str, Any]:
    """Name and function of a transform."""
    item = item.replace(",", ":")
    name, *pairs = item.split(":")
    transforms = required("tonic.transforms", "data", f"events: transform {name!r} is tonic's", DataError)
    known = {
        key: value
        for key, value in vars(transforms).items()
        if isinstance(value, type) and value.__module__ == transforms.__name__ and not key.startswith("To")
    }
    if name not in known:
        raise ConfigError(f"events: tonic has no transform {name[:60]!r} of events: use one of {', '.join(known)}")
    try:
        given = {key: ast.literal_eval(value) for key, _, value in (pair.partition("=") for pair in pairs)}
        if "sensor_size" in inspect.signature(known[name]).parameters:
            given.setdefault("sensor_size", (recording.width, recording.height, 2))
        return name, known[name](**given)
    except Exception as error:  # of whatever type an argument leads to
        takes = inspect.signature(known[name])
        raise ConfigError(f"events: {name} takes {takes}, not {item[:60]!r} ({cut(str(error))})") from error

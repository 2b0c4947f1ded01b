"""Names that mean recordings: a path, N-MNIST, and the data sets of the package tonic."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np

from lava_ed.data.events.code import Encoding
from lava_ed.data.events.event_set import Sample, assembled, dataset_of, describe, read_event_set
from lava_ed.data.events.formats import in_packets
from lava_ed.data.events.recording import Recording
from lava_ed.data.events.sources import holds_recordings, is_archive
from lava_ed.data.record import Dataset
from lava_ed.errors import ConfigError, DataError, DataNotFoundError
from lava_ed.files.reading import cut
from lava_ed.installed import required

NMNIST: Final = "nmnist"
TONIC: Final = {
    "dvs-gesture": "DVSGesture", "cifar10-dvs": "CIFAR10DVS", "shd": "SHD", "ssc": "SSC", "n-caltech101": "NCALTECH101",
    "poker-dvs": "POKERDVS", "asl-dvs": "ASLDVS",
}  # fmt: skip
"""Classes of `tonic.datasets`, by our names."""
OTHERS: Final = f"{NMNIST}, {', '.join(TONIC)}, or the path of a folder or archive of recordings"


def is_event_set(name: str) -> bool:
    """Whether a data set's name means recordings: a known one, or a path with a folder in it or of an archive."""
    if name.startswith("idx:") or name.endswith(".npz"):  # images
        return False
    return name == NMNIST or name in TONIC or os.sep in name or is_archive(Path(name))


def read_named(name: str, folder: Path, encoding: Encoding | None) -> Dataset:
    """The recordings of a name as a data set.

    Raises a ConfigError where no encoding is given, as where a file of another tool is judged; a DataNotFoundError or a
    DataError as `read_event_set`.
    """
    if encoding is None:
        raise ConfigError(f"data set {name!r} holds recordings, which only a net with an encoder for events takes")
    if name in TONIC:
        return read_tonic(name, folder, encoding)
    if name != NMNIST:
        return read_event_set(name, Path(name), encoding)
    for place in (folder / "nmnist", folder / "NMNIST", folder):
        if place.is_dir() and holds_recordings(place):
            return read_event_set(name, place, encoding)
    raise DataNotFoundError(
        f"no recordings in {folder / 'nmnist'} or {folder}: put N-MNIST's folders Train and Test, or their archives, "
        "there, as distributed by Orchard et al., and name the folder with --data-dir"
    )


def download(name: str, folder: Path) -> None:
    """Let tonic download a data set into a folder, where it does not lie there already.

    Raises a ConfigError where it is none of tonic's; a DataError where tonic is not installed, or cannot download it.
    """
    if name not in (NMNIST, *TONIC):
        raise ConfigError(f"--download is for data sets of tonic, {', '.join((NMNIST, *TONIC))}: leave it out")
    datasets = required("tonic.datasets", "data", f"data set {name!r} is downloaded by tonic", DataError)
    declared = getattr(datasets, TONIC.get(name, "NMNIST"))
    try:
        for given in _parts(declared):
            declared(str(folder), **given)
    except (OSError, RuntimeError) as error:  # no network, no room, or a file of another digest
        raise DataError(
            f"tonic cannot download {declared.__name__} into {folder} ({cut(str(error)) or type(error).__name__}): "
            "download its files by hand, as tonic's documentation says, and leave --download out"
        ) from error


def _parts(declared: Any) -> list[dict[str, Any]]:
    """The arguments for each official part of a class of tonic, training first; one of none where it has no parts."""
    options = inspect.signature(declared).parameters
    if "train" in options:
        return [{"train": True}, {"train": False}]
    return [{"split": "train"}, {"split": "test"}] if "split" in options else [{}]


def read_tonic(name: str, folder: Path, encoding: Encoding) -> Dataset:
    """A data set of tonic that lies, as tonic would have put it, in a folder.

    Its own training and test parts are kept; without them a fifth is held out, the last in tonic's order.  Raises a
    DataNotFoundError where tonic does not find its files; a DataError where a recording is damaged, or tonic is not
    installed.
    """
    datasets = required("tonic.datasets", "data", f"data set {name!r} is read by tonic", DataError)
    import tonic

    declared = getattr(datasets, TONIC[name])
    absent = (
        f"tonic finds no {TONIC[name]} in {folder}: download it (lava-ed train --download), or put its files where "
        "tonic's documentation says"
    )

    def refuse(self: Any) -> None:
        raise DataNotFoundError(absent)

    made = type(TONIC[name], (declared,), {"download": refuse})
    parts = _parts(declared)

    def samples() -> Iterable[tuple[Sample, tuple[int, int, int]]]:
        for number, given in enumerate(parts):
            part, test = ("train", "test")[number], bool(number) if given else None
            try:
                found = made(str(folder), **given)
            except FileNotFoundError as error:
                raise DataNotFoundError(absent) from error
            for index in range(len(found)):
                events, label = found[index]
                yield of_tonic(f"{name} {part} {index}", found, events, label, test, index, encoding)

    found = assembled(samples(), f"{name} in {folder}")
    source = f"tonic {tonic.__version__} {TONIC[name]} in {folder}, {describe(encoding)}"
    return dataset_of(name, found, source, encoding.code.windows)


def of_tonic(
    where: str, found: Any, events: Any, label: Any, test: bool | None, index: int, encoding: Encoding
) -> tuple[Sample, tuple[int, int, int]]:
    """An item of a data set of tonic as a sample; without a fixed sensor it has to be given."""
    size = getattr(found, "sensor_size", None)
    width, height = size[:2] if size is not None else encoding.code.sensor_size()
    events = np.asarray(events)
    given = {field: events[field] for field in events.dtype.names or ()}
    recording = Recording(where, "tonic", int(width), int(height), lambda: in_packets(given))
    classes = getattr(found, "classes", None)
    name = classes[label] if classes is not None and isinstance(label, int | np.integer) else label
    name = name.decode() if isinstance(name, bytes) else str(name)
    return Sample((index, name), name, test, encoding.encode(recording)), encoding.code.shape((int(width), int(height)))

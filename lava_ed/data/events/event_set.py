"""A data set out of recordings: each becomes a sample, and the outcome is kept on disk."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lava_ed.data.digest import digest
from lava_ed.data.events.code import Encoding
from lava_ed.data.events.formats import open_recording
from lava_ed.data.events.sources import digest_of, members
from lava_ed.data.record import Dataset
from lava_ed.errors import DataError, LavaEDError
from lava_ed.files.reading import parse_json, shown
from lava_ed.files.tensors import open_tensors, tensor_bytes
from lava_ed.files.writing import write_atomically

FORMAT: Final = 2
"""Version of the rows that an encoding gives; another one makes every kept file stale."""
HELD_OUT: Final = 5
"""Where no part of the recordings is for the test, a fifth of them is: the last ones by the numbers of their names."""
NOTES: Final = "lava_ed"
NOTED: Final = ("names", "shape", "simulated")
"""What is kept beside the rows."""


class Sample(NamedTuple):
    """A recording of a data set: what sorts it, its class, its windows, and whether it is for the test (None: open)."""

    order: Any
    class_name: str
    test: bool | None
    rows: npt.NDArray[np.uint8]
    simulated: bool = False


def read_event_set(name: str, path: Path, encoding: Encoding) -> Dataset:
    """The data set of a folder or archive of recordings, a class a folder, in or without ``train`` and ``test``.

    Without a test part, a fifth of the recordings is held out: the last ones by the numbers in their names. The rows
    are kept in the folder that `cache_folder` names, by a digest of all files and of the encoding.  Raises a
    DataNotFoundError where there is no such folder or archive; a DataError where a recording is damaged or empty,
    sensors differ, or there are fewer than two classes; a ConfigError where the encoding does not fit the recordings.
    """
    key = cache_key(digest_of(path), encoding)
    found = cached(key)
    if found is None:
        found = assembled(encoded(path, encoding), shown(path))
        keep(key, found)
    what = f"{found['simulated']:,} simulated recordings" if found["simulated"] else "recordings"
    return dataset_of(name, found, f"{what} in {path}, {describe(encoding)}", encoding.code.windows)


def describe(encoding: Encoding) -> str:
    """The encoding in words, for the record of a run."""
    default = type(encoding.code)()
    changed = {n: v for n, v in asdict(encoding.code).items() if v != getattr(default, n)}
    return " ".join([f"{encoding.encoder} T={encoding.steps}", *(f"{n}={v}" for n, v in changed.items())])


def encoded(path: Path, encoding: Encoding) -> Iterator[tuple[Sample, tuple[int, int, int]]]:
    """Each recording of a folder or archive as a sample, with the shape of its input."""
    for member in members(path):
        recording = open_recording(member.path, encoding.code.sensor_size())
        recording = replace(recording, where=f"{shown(path)}/{member.name}")
        shape = encoding.code.shape((recording.width, recording.height))
        part = {"train": False, "test": True}.get(member.part)
        yield Sample(member.order, member.class_name, part, encoding.encode(recording), member.is_simulated), shape


def assembled(samples: Iterable[tuple[Sample, tuple[int, int, int]]], where: str) -> dict[str, Any]:
    """Rows, labels, parts and names of the classes out of samples in any order.

    Raises a DataError where sensors differ, there are fewer than two classes, or a part is empty.
    """
    found: list[Sample] = []
    shapes = set()
    for sample, shape in samples:
        shapes.add(shape)
        if len(shapes) > 1:
            one, other = sorted(shapes)
            raise DataError(
                f"{where}: recordings are encoded in different shapes, {one} and {other} (channels, rows, columns): "
                "choose a region that all sensors have (--events region=LEFT:TOP:WIDTH:HEIGHT)"
            )
        found.append(sample)
    names = sorted({sample.class_name for sample in found})
    if all(name.isdecimal() for name in names):
        names.sort(key=int)
    if len(names) < 2:
        raise DataError(
            f"{where} holds {len(found)} recordings of {len(names)} classes, at least two are needed: a class a "
            "folder, CLASS/recording.bin"
        )
    found.sort(key=lambda sample: sample.order)
    test = np.array([bool(sample.test) for sample in found])
    if not test.any():
        test[len(found) - max(1, len(found) // HELD_OUT) :] = True
    if test.all():
        raise DataError(f"{where} holds recordings for the test only: add a folder train beside the folder test")
    windows = len(found[0].rows)
    labels = np.array([names.index(sample.class_name) for sample in found], np.int64)
    return {
        "images": np.concatenate([sample.rows for sample in found]),
        "labels": np.repeat(labels, windows),
        "test": np.repeat(test, windows),
        "names": names,
        "shape": list(shapes.pop()),
        "simulated": sum(sample.simulated for sample in found),
    }


def dataset_of(name: str, found: dict[str, Any], source: str, windows: int) -> Dataset:
    """A data set out of what `assembled` gives."""
    images, labels, test = found["images"], found["labels"], found["test"]
    names = found["names"]
    digits = names == [str(k) for k in range(len(names))]
    shape = tuple(found["shape"])
    return Dataset(
        name, images[~test], labels[~test], images[test], labels[test], len(names), shape, source,
        () if digits else tuple(names), windows, images.shape[1] // math.prod(shape),
    )  # fmt: skip


def cache_folder() -> Path:
    """Where encoded recordings are kept: LAVA_ED_CACHE, else lava-ed in XDG_CACHE_HOME, else in ~/.cache."""
    own, shared = os.environ.get("LAVA_ED_CACHE"), os.environ.get("XDG_CACHE_HOME")
    return Path(own) if own else Path(shared or Path.home() / ".cache") / "lava-ed"


def cache_key(content: str, encoding: Encoding) -> str:
    """Digest of all that the rows depend on."""
    stated = {"format": FORMAT, "content": content, **asdict(encoding)}
    return hashlib.sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()


def cached(key: str) -> dict[str, Any] | None:
    """Rows that were kept under a key; None where there are none, or the file is not what was written."""
    path = cache_folder() / f"events-{key[:32]}.safetensors"
    if not path.is_file():
        return None
    try:
        with open_tensors(path, error=DataError, hint="remove it") as file:
            notes = parse_json(file.metadata.get(NOTES, ""), shown(path), error=DataError, hint="remove it")
            tensors = file.read_all()
        if notes["key"] != key or notes["digest"] != _seal(tensors):
            return None
        return {**tensors, "test": tensors["test"].astype(np.bool_), **{name: notes[name] for name in NOTED}}
    except (LavaEDError, KeyError, TypeError):
        return None


def keep(key: str, found: dict[str, Any]) -> None:
    """Write rows under a key.  Raises a DataError where the folder cannot be made."""
    tensors = {"images": found["images"], "labels": found["labels"], "test": found["test"].astype(np.uint8)}
    kept = {name: found[name] for name in NOTED}
    notes = {"key": key, "digest": _seal(tensors), **kept}
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"encoded recordings are kept in {folder}, which cannot be made ({error.strerror or error}): name a folder "
            "that can be written with LAVA_ED_CACHE"
        ) from error
    write_atomically(folder / f"events-{key[:32]}.safetensors", tensor_bytes(tensors, NOTES, notes))


def _seal(tensors: dict[str, npt.NDArray[Any]]) -> str:
    return digest(*(tensors[name] for name in ("images", "labels", "test")))

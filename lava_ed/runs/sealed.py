"""Tensors and notes in one safetensors file under one digest: what a stream, or tasks in turn, go on from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from lava_ed.data.digest import digest
from lava_ed.errors import CheckpointError
from lava_ed.files.reading import parse_json, shown
from lava_ed.files.tensors import open_tensors, tensor_bytes
from lava_ed.files.writing import write_atomically
from lava_ed.network.state import State

NOTES: Final = "lava_ed"
RESTORE: Final = "restore the file, or begin anew in another folder"


def save_sealed(path: Path, tensors: State, notes: Mapping[str, Any]) -> None:
    """Write all of it, whole or not at all; notes are what JSON holds."""
    write_atomically(path, tensor_bytes(tensors, NOTES, {**notes, "seal": _seal(notes, tensors)}))


def read_sealed(path: Path, config: Mapping[str, Any], what: str) -> tuple[dict[str, Any], State]:
    """Notes and tensors that `save_sealed` wrote, if those under "config" are these.

    Raises a CheckpointError where there is no such file, it is damaged, or of another configuration.
    """
    with open_tensors(path, error=CheckpointError, hint=RESTORE) as file:
        notes = parse_json(file.metadata.get(NOTES, ""), shown(path), error=CheckpointError, hint=RESTORE)
        tensors = file.read_all()
    if not isinstance(notes, dict) or notes.pop("seal", None) != _seal(notes, tensors):
        raise CheckpointError(f"{shown(path)} is not what was written: {RESTORE}")
    began, now = notes["config"], json.loads(json.dumps(config))
    if began != now:
        other = next(key for key in sorted({*began, *now}) if began.get(key) != now.get(key))
        raise CheckpointError(
            f"{shown(path)} is of {what} of another configuration, in which {other} is {began.get(other)!r}, not "
            f"{now.get(other)!r}: give what it began with, or begin anew in another folder"
        )
    return notes, tensors


def _seal(notes: Mapping[str, Any], tensors: State) -> str:
    """Digest of the notes and of all tensors."""
    named = [tensors[name] for name in sorted(tensors)]
    return digest(np.frombuffer(json.dumps([notes, sorted(tensors)], sort_keys=True).encode(), np.uint8), *named)

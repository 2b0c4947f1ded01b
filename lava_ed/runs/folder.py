"""A run folder: its files, written so that a crash leaves each one whole, old or new."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from lava_ed.config.training import TrainConfig
from lava_ed.errors import CheckpointError, ConfigError, RunFolderError
from lava_ed.files.reading import parse_json, read_json, read_plain, shown
from lava_ed.files.schema import checked
from lava_ed.files.writing import make_folders, remove_empty, remove_leftovers, write_atomically
from lava_ed.runs.schemas import ConfigFile, EnergyFile, ResultFile, Row
from lava_ed.version import SAME_FILES, __version__

try:
    import fcntl
except ImportError:  # not on Windows, where a folder cannot be locked or flushed this way
    fcntl = None  # type: ignore[assignment]

CONFIG: Final = "config.json"
METRICS: Final = "metrics.jsonl"
MODEL: Final = "model.safetensors"
CHECKPOINT: Final = "checkpoint.safetensors"
ENERGY: Final = "energy.json"
RESULT: Final = "result.json"
_MOST_METRICS: Final = 1 << 26
"""Bytes of metrics.jsonl, of two or three thousand an epoch."""
_RESTORE: Final = "restore the file, or train anew"


class RunFolder:
    """The folder of one training run.

    Holds ``config.json``, ``metrics.jsonl`` (a line per epoch), ``model.safetensors`` (the trained
    net), ``checkpoint.safetensors`` (where training stands), ``energy.json`` (operation counts) and
    ``result.json`` (what `train` returned).
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if not str(path).strip():
            raise RunFolderError("the path of the run folder is empty: name a folder")
        self.path = Path(path)
        self._lock: int | None = None
        self._made: list[Path] = []
        self._unswept = False
        """Whether what killed processes left here is still there: a command that is refused touches nothing."""

    def file(self, name: str) -> Path:
        """Path of one of the folder's files."""
        return self.path / name

    def is_blank(self) -> bool:
        """Whether a run that was started here was killed before it wrote its first checkpoint, or none was."""
        return not self.path.exists() or (
            self.path.is_dir() and all(item.name.startswith(".") for item in self.path.iterdir())
        )

    def claim_new(self) -> None:
        """Create the folder for a new run, and keep other processes out of it.

        Raises
        ------
        RunFolderError
            If it cannot be written, holds a run already, or another process trains in it.
        """
        self._check_empty()
        self.claim()
        try:
            # Another process may have trained here between the first look and the lock.
            self._check_empty()
            probe = self.file(".probe")
            write_atomically(probe, b"")
            probe.unlink()
        except BaseException:
            self.release()
            raise

    def _check_empty(self) -> None:
        if self.file(CONFIG).exists() or self.file(CHECKPOINT).exists():
            raise RunFolderError(
                f"{self.path} already holds a run: continue it with --resume, or choose another folder"
            )

    def claim_existing(self) -> None:
        """Take a folder whose run is to be continued.

        Raises
        ------
        RunFolderError
            If there is no such folder, or another process trains in it.
        CheckpointError
            If there is no checkpoint in it.
        """
        if not self.path.is_dir():
            raise RunFolderError(f"{self.path} is no folder: nothing to resume, start the run without --resume")
        if not self.file(CHECKPOINT).exists():
            raise CheckpointError(
                f"{self.path} holds no {CHECKPOINT}: nothing to resume, start a run without --resume in an empty folder"
            )
        self._claim()

    def claim(self) -> None:
        """Create the folder if it is missing, whatever it holds, and keep other processes out of it.

        Raises
        ------
        RunFolderError
            If it cannot be created, or another process has claimed it.
        """
        made = make_folders(self.path)
        self._claim()
        # Only whoever holds the lock may remove it: another process may have found the folder missing, too.
        self._made = made

    def _claim(self) -> None:
        if fcntl is None:
            return
        try:
            self._lock = os.open(self.path, os.O_RDONLY)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.release()
            raise RunFolderError(
                f"{self.path} is in use by another process that trains, or is not readable ({error.strerror}): "
                "wait for it to end, or choose another folder"
            ) from error
        self._unswept = True

    def release(self) -> None:
        """Let other processes in; the lock also ends with the process.  An empty folder that was made is removed."""
        remove_empty(self._made)
        self._made = []
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def write_config(self, config: TrainConfig, facts: dict[str, Any]) -> None:
        """Save the configuration, with facts about the run that follow from it."""
        self.write_json(CONFIG, {"lava_ed_version": __version__, **config.to_dict(), "facts": facts})

    def read_config(self) -> TrainConfig:
        """The configuration of the run in this folder.

        Raises
        ------
        RunFolderError
            If the folder holds no run, or its config.json is not readable.
        ConfigError
            If the configuration is of another version or format.
        """
        values = self.read_json(CONFIG)
        version = values.pop("lava_ed_version")
        values.pop("facts", None)
        if version not in SAME_FILES:
            raise ConfigError(
                f"{self.file(CONFIG)} was written by lava-ed {version}, this is {__version__}: use that version, or "
                "train anew"
            )
        try:
            return TrainConfig.from_dict(values)
        except ConfigError as error:
            raise ConfigError(f"{self.file(CONFIG)}: {error}") from error

    def write_bytes(self, name: str, content: bytes) -> None:
        """Save a file whole; the first one removes what killed processes left here."""
        if self._unswept:
            remove_leftovers(self.path)
            self._unswept = False
        write_atomically(self.file(name), content)

    def write_json(self, name: str, value: dict[str, Any]) -> None:
        """Save one object as indented JSON."""
        self.write_bytes(name, (json.dumps(value, indent=2, allow_nan=False) + "\n").encode())

    def read_json(self, name: str) -> dict[str, Any]:
        """Read one object; those of config.json, energy.json and result.json hold what their schemas say.

        Raises
        ------
        RunFolderError
            If the file is missing, or does not hold one JSON object of its kind.
        """
        path = self.file(name)
        if not os.path.exists(path):
            raise RunFolderError(
                f"{path} cannot be read (it does not exist): {self.path} is not the folder of a run"
                + (" that has ended" if name in (RESULT, ENERGY, MODEL) else "")
            )
        value = read_json(path, error=RunFolderError, hint=_RESTORE)
        if not isinstance(value, dict):
            raise RunFolderError(f"{path} holds no JSON object: {_RESTORE}")
        schema: type[Any] | None = {CONFIG: ConfigFile, ENERGY: EnergyFile, RESULT: ResultFile}.get(name)
        if schema is not None:
            checked(schema, value, shown(path), error=RunFolderError, hint=_RESTORE)
        return value

    def entry(self, value: dict[str, Any], name: str, *keys: str) -> Any:
        """An entry of a file's JSON object, by its path of keys.

        Raises
        ------
        RunFolderError
            If it is not there.
        """
        found: Any = value
        for key in keys:
            if not isinstance(found, dict) or key not in found:
                raise RunFolderError(f"{self.file(name)} lacks {'.'.join(keys)}: {_RESTORE}")
            found = found[key]
        return found

    def write_metrics(self, rows: Iterable[dict[str, Any]]) -> None:
        """Save all epochs, one JSON object a line."""
        lines = [json.dumps(row, allow_nan=False) + "\n" for row in rows]
        self.write_bytes(METRICS, "".join(lines).encode())

    def read_metrics(self) -> list[dict[str, Any]]:
        """All epochs that have been saved.

        Raises
        ------
        RunFolderError
            If the file is missing or damaged.
        """
        path = self.file(METRICS)
        hint = f"{self.path} is not the folder of a run" if not os.path.exists(path) else _RESTORE
        content = read_plain(path, most=_MOST_METRICS, error=RunFolderError, hint=hint)
        rows = []
        # Not splitlines(): that also ends a line at characters which JSON leaves in its texts.
        for k, line in enumerate(content.removesuffix(b"\n").split(b"\n") if content else (), start=1):
            where = f"{shown(path)}, line {k}"
            row = parse_json(line, where, error=RunFolderError, hint=_RESTORE)
            checked(Row, row, where, error=RunFolderError, hint=_RESTORE)
            if row["epoch"] != k:
                raise RunFolderError(f"{where} is epoch {row['epoch']}, not {k}: {_RESTORE}")
            rows.append(row)
        return rows

"""Files are written whole: a reader, or the next start after a crash, sees the old content or the new one."""

from __future__ import annotations

import hashlib
import os
import platform
import secrets
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Final

from lava_ed.errors import RunFolderError
from lava_ed.files.reading import shown

_PREFIX: Final = ".lava-ed-"
"""Beginning of the names of temporary files, short so that any name which a folder takes leaves room for one."""
_LEFT_OVER_SECONDS: Final = 3600
"""No file takes an hour to write: an older temporary one belongs to a process that was killed."""
_KINDS: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a symbolic link, which is not followed",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file such that after a crash it holds its old content or its new one, never a mixture.

    The content goes to a new file of a random name in the same folder, which is flushed to the disk and renamed over
    the old file; then the folder is flushed too. Two writers at once leave the content of one of them. A file that is
    replaced keeps its permissions.  Raises a RunFolderError where the file cannot be written, or something else than a
    plain file has its name; nothing has changed then.
    """
    target = Path(path)
    with _refusing(target, "free space, or choose a folder you may write to"):
        mode = _permissions(target)
        temporary, handle = _create_beside(target)
        try:
            with os.fdopen(handle, "wb") as file:
                if mode is not None and hasattr(os, "fchmod"):
                    os.fchmod(file.fileno(), mode)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
        if os.name == "posix":  # Windows flushes no folder
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def check_target(path: str | os.PathLike[str]) -> None:
    """Refuse a name that a file could not be written to, before work is put into its content.

    Raises a RunFolderError where something else than a plain file has the name, or its folder is none.
    """
    target = Path(path)
    with _refusing(target, "choose another name"):
        _permissions(target)
        if not target.parent.is_dir():
            raise RunFolderError(f"{shown(target.parent)} is no folder: make it, or choose another one")


def make_empty_folder(path: str | os.PathLike[str]) -> Path:
    """Make a folder, or take an empty one, before work is put into what it is to hold.

    Raises a RunFolderError where something is in it, it is no folder, or no file can be written there. What killed
    processes left there is nothing, and is removed once all else is well.
    """
    folder = Path(path)
    with _refusing(folder, "choose a folder you may write to"):
        there = os.path.lexists(folder)
        if there and (not folder.is_dir() or not set(folder.iterdir()).issubset(_leftovers(folder))):
            raise RunFolderError(f"{shown(folder)} is not an empty folder: name a new one")
        remove_leftovers(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder


def make_folders(path: str | os.PathLike[str], way_out: str = "choose a folder you may write to") -> list[Path]:
    """Make a folder and those above it; returns those that were not there, the innermost first.

    Raises a RunFolderError where the folder cannot be made.
    """
    folder = Path(path)
    with _refusing(folder, way_out, "created"):
        made = [each for each in (folder, *folder.parents) if not os.path.lexists(each)]
        folder.mkdir(parents=True, exist_ok=True)
    return made


def remove_empty(folders: list[Path]) -> None:
    """Remove folders that hold nothing, the innermost first, up to one that does."""
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()


@contextmanager
def folder_to_fill(path: str | os.PathLike[str], way_out: str = "choose a folder you may write to") -> Iterator[Path]:
    """Make a folder for what the block writes; where it writes nothing, what was made is removed again.

    Raises a RunFolderError where the folder cannot be made.
    """
    made = make_folders(path, way_out)
    try:
        yield Path(path)
    finally:
        remove_empty(made)


@contextmanager
def _refusing(target: Path, way_out: str, what: str = "written") -> Iterator[None]:
    """Turn what the system refuses within the block into one sentence about the file that cannot be so."""
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise RunFolderError(f"{shown(target)} cannot be {what} ({reason}): {way_out}") from error


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that killed processes left in a folder, as far as that is possible."""
    for path in _leftovers(folder):
        with suppress(OSError):
            path.unlink()


def _leftovers(folder: Path) -> list[Path]:
    """The temporary files of processes that have ended, or of an hour ago; none where they cannot be listed."""
    oldest, found = time.time() - _LEFT_OVER_SECONDS, []
    with suppress(OSError):
        for path in folder.glob(f"{_PREFIX}*.tmp"):
            with suppress(OSError):
                if _is_abandoned(path.name) or path.lstat().st_mtime < oldest:
                    found.append(path)
    return found


def _is_abandoned(name: str) -> bool:
    """Whether the process of this machine that made a temporary file has ended."""
    machine, process, *_ = [*name.removeprefix(_PREFIX).split("-"), ""]
    try:
        if machine == _machine() and process.isdecimal():
            os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        pass
    return False


@cache
def _machine() -> str:
    """A short mark of this machine: the same number of a process means another process on another one."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def _permissions(target: Path) -> int | None:
    """Permission bits of the plain file that has this name; None where nothing has it."""
    try:
        mode = os.lstat(target).st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "no plain file")
        raise RunFolderError(f"{shown(target)} is {kind}: name a file to write, new or old")
    return mode & 0o777


def _create_beside(target: Path) -> tuple[Path, int]:
    """A new file in the target's folder, under a name that nobody can have put there before."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, name, 0)
    while True:
        temporary = target.with_name(f"{_PREFIX}{_machine()}-{os.getpid()}-{secrets.token_hex(8)}.tmp")
        with suppress(FileExistsError):
            return temporary, os.open(temporary, flags, 0o666)

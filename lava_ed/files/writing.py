"""Files are written whole: a reader, or the next start after a crash, sees the old content or the new one."""

from __future__ import annotations

import hashlib
import os
import platform
import secrets
import stat
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from lava_ed.errors import RunFolderError

try:
    import fcntl
except ImportError:  # not on Windows, where a folder cannot be flushed
    fcntl = None  # type: ignore[assignment]

_PREFIX: Final = ".lava-ed-"
"""Of temporary files: short, so that any name which a folder takes has room for one beside it."""
_LEFT_OVER_SECONDS: Final = 3600
"""No file takes an hour to write: an older temporary one belongs to a process that was killed."""


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file such that after a crash it holds its old content or its new one, never a mixture.

    The content goes to a new file of a random name in the same folder, which is flushed to the disk and renamed over
    the old file; then the folder is flushed too.  Two writers at once leave the content of one of them.  A file that
    is replaced keeps its permissions.

    Raises
    ------
    RunFolderError
        If the file cannot be written, or something else than a plain file has its name; nothing has changed then.
    """
    target = Path(path)
    try:
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
        _flush_folder(target.parent)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise RunFolderError(
            f"{_shown(target)} cannot be written ({reason}): free space, or choose a folder you may write to"
        ) from error


def check_target(path: str | os.PathLike[str]) -> None:
    """Refuse a name that a file could not be written to, before work is put into its content.

    Raises
    ------
    RunFolderError
        If something else than a plain file has the name, or its folder is none.
    """
    target = Path(path)
    try:
        _permissions(target)
        if not target.parent.is_dir():
            raise RunFolderError(f"{_shown(target.parent)} is no folder: make it, or choose another one")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RunFolderError(f"{_shown(target)} cannot be written ({reason}): choose another name") from error


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that killed processes left in a folder, as far as that is possible."""
    oldest = time.time() - _LEFT_OVER_SECONDS
    with suppress(OSError):
        for path in folder.glob(f"{_PREFIX}*.tmp"):
            with suppress(OSError):
                if _is_abandoned(path.name) or path.lstat().st_mtime < oldest:
                    path.unlink()


def _is_abandoned(name: str) -> bool:
    """Whether the process of this machine that made a temporary file has ended."""
    machine, _, rest = name.removeprefix(_PREFIX).partition("-")
    process = rest.partition("-")[0]
    if machine != _machine() or not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


@cache
def _machine() -> str:
    """A short mark of this machine: the same number of a process means another process on another one."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def _permissions(target: Path) -> int | None:
    """Permission bits of the plain file that has this name; None where nothing has it."""
    try:
        found = os.lstat(target)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        kind = next((words for test, words in _KINDS if test(found.st_mode)), "no plain file")
        raise RunFolderError(f"{_shown(target)} is {kind}: name a file to write, new or old")
    return stat.S_IMODE(found.st_mode) & 0o777


_KINDS: Final = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISLNK, "a symbolic link, which is not followed"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)


def _create_beside(target: Path) -> tuple[Path, int]:
    """A new file in the target's folder, under a name that nobody can have put there before."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, name, 0)
    while True:
        temporary = target.with_name(f"{_PREFIX}{_machine()}-{os.getpid()}-{secrets.token_hex(8)}.tmp")
        with suppress(FileExistsError):
            return temporary, os.open(temporary, flags, 0o666)


def _flush_folder(folder: Path) -> None:
    """Make a rename in the folder last."""
    if fcntl is None:
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _shown(path: Path) -> str:
    """A path as a message shows it: a NUL in it would end the line that a terminal shows."""
    return str(path).replace("\0", "\\0")

"""Recordings in a folder or an archive, each with the name of its class and of its part."""

from __future__ import annotations

import hashlib
import re
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final, NamedTuple

from lava_ed.data.events.formats import is_recording
from lava_ed.errors import DataError, DataNotFoundError
from lava_ed.files.reading import cut, shown

ARCHIVES: Final = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")
MARK: Final = ".simulated"
"""Ends the stem of every recording that no camera has seen."""
PARTS: Final = ("train", "test")
MOST_MEMBER: Final = 1 << 32
"""Bytes of one recording in an archive."""
MOST_RECORDINGS: Final = 1 << 22
_BLOCK: Final = 1 << 20


class Member(NamedTuple):
    """A recording that can be opened: its name in the folder or archive, and the file that holds it now."""

    name: str
    path: Path

    @property
    def class_name(self) -> str:
        """Name of the folder that it lies in."""
        return PurePosixPath(self.name).parent.name

    @property
    def part(self) -> str:
        """The part of the data, "train" or "test", after a folder or archive above its class; empty where none says."""
        above = [step.lower() for step in PurePosixPath(self.name).parts[:-2]]
        return next((part for part in PARTS if part in above), "")

    @property
    def is_simulated(self) -> bool:
        """Whether the name says that no camera has seen it."""
        return PurePosixPath(self.name).stem.endswith(MARK)

    @property
    def order(self) -> tuple[Any, ...]:
        """Sorts by the numbers in the file's name first, then by class."""
        stem = PurePosixPath(self.name).stem
        words = [int(word) if word.isdecimal() else word for word in re.split(r"(\d+)", stem)]
        return (words, self.class_name, self.name)


def is_archive(path: Path) -> bool:
    """Whether a name is that of an archive that can be read."""
    return path.name.lower().endswith(ARCHIVES)


def holds_recordings(path: Path) -> bool:
    """Whether a path is an archive, or a folder with recordings or archives of them."""
    if not path.is_dir():
        return path.is_file() and is_archive(path)
    return next(_files(path), None) is not None


def members(path: Path, *, by_number: bool = False) -> Iterator[Member]:
    """Every recording below a folder, its archives included, or of an archive; the files of an archive do not last.

    With `by_number` a folder's recordings come by the numbers of their names, and its archives follow, sorted in the
    same way, each in its own order.  Raises a DataNotFoundError where there is no such folder or archive; a DataError
    where an archive is damaged, or there are too many recordings.
    """
    _check(path)
    count = 0
    files = ((file, file.relative_to(path).as_posix()) for file in _files(path)) if path.is_dir() else [(path, "")]
    if by_number:
        files = sorted(files, key=lambda found: (is_archive(found[0]), Member(found[1], found[0]).order))
    for file, name in files:
        found = _unpacked(file, name) if is_archive(file) else iter([Member(name, file)])
        for member in found:
            count += 1
            if count > MOST_RECORDINGS:
                raise DataError(f"{shown(path)} holds more than {MOST_RECORDINGS:,} recordings: take a part of them")
            yield member


def digest_of(path: Path) -> str:
    """SHA-256 of the names and contents of all recordings of a folder, or of an archive."""
    _check(path)
    result = hashlib.sha256()
    for file in _files(path) if path.is_dir() else [path]:
        with open(file, "rb") as opened:
            content = hashlib.sha256()
            while block := opened.read(_BLOCK):
                content.update(block)
        name = file.relative_to(path).as_posix() if path.is_dir() else ""
        result.update(f"{name}\0{content.hexdigest()}\n".encode("utf-8", "surrogateescape"))
    return result.hexdigest()


def _check(path: Path) -> None:
    if not path.is_dir() and not (path.is_file() and is_archive(path)):
        raise DataNotFoundError(
            f"{shown(path)} is no folder, and no archive ({', '.join(ARCHIVES)}): name one that holds recordings, "
            "a class a folder"
        )


def _files(folder: Path) -> Iterator[Path]:
    """Recordings below a folder and archives in it, by name; links to folders are not followed."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            yield from (file for file in sorted(path.rglob("*")) if file.is_file() and is_recording(file))
        elif path.is_file() and (is_recording(path) or is_archive(path)):
            yield path


def _unpacked(archive: Path, name: str) -> Iterator[Member]:
    """The recordings of an archive, one at a time in a file that is overwritten by the next."""
    prefix = re.sub(r"\.(tar|tgz|zip)\b.*$", "", name, flags=re.IGNORECASE)
    with tempfile.TemporaryDirectory(prefix="lava-ed-") as folder:
        try:
            for inner, content in _contents(archive):
                if not is_recording(inner):
                    continue
                # Only the suffix of the name in the archive becomes part of a path.
                target = Path(folder, f"recording{Path(inner).suffix.lower()}")
                _copy(content, target, f"{shown(archive)}, {cut(inner)}")
                yield Member(f"{prefix}/{inner}" if prefix else inner, target)
        except DataError:
            raise
        except Exception as error:  # of whatever type a damaged archive leads to
            raise DataError(f"{shown(archive)} is no archive, or is damaged ({cut(str(error))}): restore it") from error


def _contents(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Name and content of every plain file of an archive, in its order."""
    if archive.name.lower().endswith(".zip"):
        with zipfile.ZipFile(archive) as zipped:
            for info in zipped.infolist():
                if not info.is_dir():
                    with zipped.open(info) as opened:
                        yield info.filename, opened
        return
    with tarfile.open(archive, "r|*") as tar:
        for entry in tar:
            content = tar.extractfile(entry) if entry.isfile() else None
            if content is not None:
                yield entry.name, content


def _copy(content: IO[bytes], target: Path, where: str) -> None:
    """Write a member of an archive to a file, if it is not too large.

    Raises a DataError where it is too large, or there is no room for it.
    """
    size = 0
    with open(target, "wb") as file:
        while block := content.read(_BLOCK):
            size += len(block)
            if size > MOST_MEMBER:
                raise DataError(f"{where} unpacks to more than {MOST_MEMBER:,} bytes: unpack the archive by hand")
            try:
                file.write(block)
            except OSError as error:  # which is no damage of the archive
                raise DataError(
                    f"{where} cannot be unpacked into {target.parent} ({error.strerror or error}): make room, or name "
                    "another folder with TMPDIR"
                ) from error

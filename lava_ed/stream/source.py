"""Where a stream comes from: a folder or archive of recordings, or lines that a camera's program writes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from lava_ed.data.events.sources import members
from lava_ed.errors import DataError
from lava_ed.files.reading import parse_json

MOST_LINE: Final = 1 << 16
"""Characters of a line."""
ENTRIES: Final = ("id", "recording", "label")


class Item(NamedTuple):
    """Something that a stream brings: a recording, with its label or without, or the label of an earlier one."""

    name: str
    path: Path | None
    label: str | None

    def digest(self, before: str) -> str:
        """Digest of all items up to this one, whose folders do not count."""
        return hashlib.sha256(f"{before}\n{self.name!r} {self.path is not None} {self.label!r}".encode()).hexdigest()


def of_recordings(path: Path) -> Iterator[Item]:
    """The recordings of a folder, by the numbers of their names, or of an archive, in its order; classes are labels."""
    for member in members(path, by_number=True):
        yield Item(member.name, member.path, member.class_name)


def of_lines(lines: Iterable[str]) -> Iterator[Item]:
    """One JSON object a line: ``{"id": …, "recording": FILE, "label": …}``; the label may be missing, or come later.

    Raises
    ------
    DataError
        A line is none of these.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        hint = 'write {"id": "a1", "recording": "a1.bin", "label": "3"}, without the label, or without the recording'
        if len(line) > MOST_LINE:
            raise DataError(f"line {number} has more than {MOST_LINE:,} characters: {hint}")
        value = parse_json(line, f"line {number}", error=DataError, hint=hint)
        entries = value if isinstance(value, dict) else {}
        wrong = [name for name, entry in entries.items() if name not in ENTRIES or not isinstance(entry, str)]
        if wrong or "id" not in entries or len(entries) < 2:
            raise DataError(f"line {number} is no item of a stream: {hint}")
        path = entries.get("recording")
        yield Item(entries["id"], None if path is None else Path(path), entries.get("label"))

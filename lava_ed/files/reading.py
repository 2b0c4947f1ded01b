"""Files are read within bounds: their size before anything is allocated, their depth and numbers before anyone looks.

Every reader here takes the class of ``error`` to raise and the ``hint`` with which its message ends, the way out; the
parsers also take ``where``, which names the text and begins the message.
"""

from __future__ import annotations

import json
import math
import os
import stat
import sys
from collections import Counter
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path
from typing import Any, Final, NoReturn

from lava_ed.errors import LavaEDError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MOST_DEPTH: Final = 32
"""Levels of lists and tables in a JSON or TOML file; ours have up to 7."""
MOST_TEXT: Final = 1 << 16
"""Characters of one text."""
MOST_JSON: Final = 1 << 24
"""Bytes of a JSON file: read into Python's objects it takes up to thirty times as much."""
MOST_TOML: Final = 1 << 16
"""Bytes of a TOML file: its parser needs a time that grows with the square of a dotted key's length."""
LARGEST_INTEGER: Final = 1 << 64
"""Integers below it, of both signs, are read: what follows counts in 64 bits."""


def open_plain(path: str | os.PathLike[str], *, most: int, error: type[LavaEDError], hint: str) -> BufferedReader:
    """Open a plain file of at most ``most`` bytes for reading; a pipe or a device would have no end."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as failure:  # ValueError: a NUL in the name
        reason = getattr(failure, "strerror", None) or failure
        raise error(f"{shown(path)} cannot be read ({reason}): {hint}") from failure
    found, wrong = os.fstat(handle), None
    if not stat.S_ISREG(found.st_mode):
        wrong = f"cannot be read (it is {'a folder' if stat.S_ISDIR(found.st_mode) else 'no plain file'})"
    elif found.st_size > most:
        wrong = f"has {found.st_size:,} bytes, of at most {most:,}"
    if wrong is not None:
        os.close(handle)
        raise error(f"{shown(path)} {wrong}: {hint}")
    return os.fdopen(handle, "rb")


def read_plain(path: str | os.PathLike[str], *, most: int, error: type[LavaEDError], hint: str) -> bytes:
    """The content of a plain file of at most ``most`` bytes."""
    try:
        with open_plain(path, most=most, error=error, hint=hint) as file:
            content = file.read(most + 1)
    except OSError as failure:
        raise error(f"{shown(path)} cannot be read ({failure.strerror or failure}): {hint}") from failure
    if len(content) > most:  # it has grown since it was opened
        raise error(f"{shown(path)} has more than {most:,} bytes: {hint}")
    return content


def read_json(path: str | os.PathLike[str], *, error: type[LavaEDError], hint: str, most: int = MOST_JSON) -> Any:
    """The value of a JSON file, see `parse_json`."""
    return parse_json(read_plain(path, most=most, error=error, hint=hint), shown(path), error=error, hint=hint)


def read_toml(
    path: str | os.PathLike[str], *, error: type[LavaEDError], hint: str, most: int = MOST_TOML
) -> dict[str, Any]:
    """The table of a TOML file, see `parse_toml`."""
    return parse_toml(read_plain(path, most=most, error=error, hint=hint), shown(path), error=error, hint=hint)


def parse_json(content: bytes | str, where: str, *, error: type[LavaEDError], hint: str) -> Any:
    """The value of a JSON text, whose numbers are finite, whose keys occur once and whose depth is bounded."""
    return _parse(_json_value, content, f"{where} is not JSON", error, hint)


def parse_toml(content: bytes, where: str, *, error: type[LavaEDError], hint: str) -> dict[str, Any]:
    """The table of a TOML text of bounded depth; its numbers may be infinite, and integers of any length."""
    table: dict[str, Any] = _parse(tomllib.loads, content, f"{where} is not valid TOML in UTF-8", error, hint)
    return table


def _parse(
    parser: Callable[[str], Any], content: bytes | str, complaint: str, error: type[LavaEDError], hint: str
) -> Any:
    """What a parser makes of a text, after a check of its depth and its texts."""
    try:
        value = parser(content if isinstance(content, str) else content.decode("utf-8"))
        _check_tree(value)
    except RecursionError as failure:
        raise error(f"{complaint} (nested deeper than {MOST_DEPTH} levels): {hint}") from failure
    except ValueError as failure:
        raise error(f"{complaint} ({cut(str(failure))}): {hint}") from failure
    return value


def _check_tree(value: Any) -> None:
    """Raise RecursionError for lists and dictionaries nested too deep, ValueError for a text that is not allowed."""
    level, depth = [value], 0
    while level:
        if depth > MOST_DEPTH:
            raise RecursionError
        depth += 1
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                deeper += (*item, *item.values())
            elif isinstance(item, list):
                deeper += item
            elif isinstance(item, str):
                _check_text(item)
        level = deeper


def _check_text(text: str) -> None:
    if len(text) > MOST_TEXT:
        raise ValueError(f"a text has {len(text):,} characters, of at most {MOST_TEXT:,}")
    if "\0" in text:
        raise ValueError("a text holds a NUL, with which no name can be given to the system")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as failure:
        raise ValueError("a text holds half of a surrogate pair, which is no character") from failure


def shown(path: str | os.PathLike[str]) -> str:
    """A path as a message shows it, on one line."""
    return str(Path(path)).replace("\0", "\\0")


def brief(value: object, most: int = 200) -> str:
    """A wrong value as a message repeats it: its representation on one line, cut where it is long.

    Examples
    --------
    >>> brief("a" * 1000, most=8)
    "'aaaaaaa…"
    """
    try:
        text = " ".join(line.strip() for line in repr(value).splitlines())
    except (ValueError, RecursionError):  # an integer of thousands of digits, a list of thousands of levels
        text = f"a value of type {type(value).__name__} that is too long to be shown"
    except Exception:  # `repr` runs the caller's code
        text = f"a value of type {type(value).__name__}"
    return cut(text, most)


def cut(text: str, most: int = 200) -> str:
    """A text cut where it is long; what a parser says may repeat all that is in a file."""
    return text if len(text) <= most else f"{text[:most]}…"


def _json_value(text: str) -> Any:
    return json.loads(
        text, parse_int=_integer, parse_float=_finite, parse_constant=_no_number, object_pairs_hook=_without_twins
    )


def _integer(text: str) -> int:
    # A longer one would also take the square of its length to convert.
    if len(text) > 20 or abs(int(text)) >= LARGEST_INTEGER:
        raise ValueError(f"the integer {cut(text, 24)} does not fit 64 bits")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is no finite number")
    return value


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        twin = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {twin[:80]!r} occurs twice")
    return value

"""Files are read within bounds: their size before anything is allocated, their depth and numbers before anyone looks.

A reader gets the class of error to raise and the way out to name, so that every message ends in what its user can do.
"""

from __future__ import annotations

import json
import math
import os
import stat
import sys
from pathlib import Path
from typing import Any, Final, NoReturn

from lava_ed.errors import LavaEDError

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


def open_plain(path: str | os.PathLike[str], *, most: int, error: type[LavaEDError], hint: str) -> int:
    """A handle on a plain file of at most so many bytes, opened for reading; a pipe or a device would have no end.

    Parameters
    ----------
    path : path-like
    most : int
        Largest size in bytes.
    error : type of LavaEDError
        What to raise.
    hint : str
        The way out, with which the message ends.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as failure:  # ValueError: a NUL in the name
        reason = getattr(failure, "strerror", None) or failure
        raise error(f"{shown(path)} cannot be read ({reason}): {hint}") from failure
    try:
        found = os.fstat(handle)
        if stat.S_ISDIR(found.st_mode):
            raise error(f"{shown(path)} cannot be read (it is a folder): {hint}")
        if not stat.S_ISREG(found.st_mode):
            raise error(f"{shown(path)} cannot be read (it is no plain file): {hint}")
        if found.st_size > most:
            raise error(f"{shown(path)} has {found.st_size:,} bytes, of at most {most:,}: {hint}")
    except BaseException:
        os.close(handle)
        raise
    return handle


def read_plain(path: str | os.PathLike[str], *, most: int, error: type[LavaEDError], hint: str) -> bytes:
    """Content of a plain file of at most so many bytes.

    Parameters
    ----------
    path, most, error, hint
        As for `open_plain`.
    """
    try:
        with os.fdopen(open_plain(path, most=most, error=error, hint=hint), "rb") as file:
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
    """The value of a JSON text, whose numbers are finite, whose keys occur once and whose depth is bounded.

    Parameters
    ----------
    content : bytes or str
    where : str
        What the text is, with which a message begins.
    error, hint
        As for `open_plain`.
    """
    try:
        text = content if isinstance(content, str) else content.decode("utf-8")
        value = json.loads(
            text, parse_int=_integer, parse_float=_finite, parse_constant=_no_number, object_pairs_hook=_without_twins
        )
        check_plain(value)
    except RecursionError as failure:
        raise error(f"{where} is not JSON (nested deeper than {MOST_DEPTH} levels): {hint}") from failure
    except ValueError as failure:
        raise error(f"{where} is not JSON ({words(failure)}): {hint}") from failure
    return value


def parse_toml(content: bytes, where: str, *, error: type[LavaEDError], hint: str) -> dict[str, Any]:
    """The table of a TOML text of bounded depth; its numbers may be infinite, and integers of any length.

    Parameters
    ----------
    content, where, error, hint
        As for `parse_json`.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        value = tomllib.loads(content.decode("utf-8"))
        check_plain(value)
    except RecursionError as failure:
        raise error(f"{where} is not valid TOML (nested deeper than {MOST_DEPTH} levels): {hint}") from failure
    except ValueError as failure:
        raise error(f"{where} is not valid TOML in UTF-8 ({words(failure)}): {hint}") from failure
    return value


def check_plain(value: Any) -> None:
    """Check depth and texts of a value made of lists and dictionaries.

    Raises
    ------
    RecursionError
        If it is nested deeper than `MOST_DEPTH` levels.
    ValueError
        If a text is too long, or holds what cannot be shown or passed to the system.
    """
    level, depth = [value], 0
    while level:
        if depth > MOST_DEPTH:
            raise RecursionError
        depth += 1
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                for key in item:
                    _check_text(key)
                deeper.extend(item.values())
            elif isinstance(item, list):
                deeper.extend(item)
            elif isinstance(item, str):
                _check_text(item)
        level = deeper


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
    return text if len(text) <= most else f"{text[:most]}…"


def words(failure: Exception, most: int = 200) -> str:
    """What a parser says, which may repeat a text of the file."""
    text = str(failure)
    return text if len(text) <= most else f"{text[:most]}…"


def _check_text(text: str) -> None:
    if len(text) > MOST_TEXT:
        raise ValueError(f"a text has {len(text):,} characters, of at most {MOST_TEXT:,}")
    if "\0" in text:
        raise ValueError("a text holds a NUL, with which no name can be given to the system")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as failure:
        raise ValueError("a text holds half of a surrogate pair, which is no character") from failure


def _integer(text: str) -> int:
    # A longer one would also take the square of its length to convert.
    if len(text) > 20 or abs(int(text)) >= LARGEST_INTEGER:
        raise ValueError(f"the integer {text[:24]}{'…' * (len(text) > 24)} does not fit 64 bits")
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
        seen: set[str] = set()
        twin = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twin[:80]!r} occurs twice")
    return value

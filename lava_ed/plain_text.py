"""Texts and figures as they are shown on a screen: in names that users chose, every character is what it looks like."""

from __future__ import annotations

import shlex
import unicodedata
from typing import Final

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode's categories of what has no picture: controls, formats, half pairs, unassigned, ends of lines."""
_JOINERS: Final = frozenset("\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}")
"""Formats that spelling needs: Persian, Indian scripts, families of emoji."""


def visible(text: str) -> str:
    r"""A text on one line, with an escape for each character that has no picture of its own.

    A new line would break a table, an escape sequence would steer the terminal, and a mark of direction
    would show the rest of the line backwards; a byte of a file's name that is no UTF-8 cannot be written at all.

    Examples
    --------
    >>> print(visible("runs/été 🙂"), visible("a\nb"), visible("\x1b[2J"), visible("\u202egnp"))
    runs/été 🙂 a\nb \x1b[2J \u202egnp
    """
    if text.isprintable():
        return text
    hidden = {c for c in text if unicodedata.category(c) in _INVISIBLE and c not in _JOINERS}
    return "".join(c.encode("unicode_escape").decode("ascii") if c in hidden else c for c in text)


def shortened(text: str, length: int) -> str:
    """A text of at most so many characters: of a longer one the middle is left out.

    Examples
    --------
    >>> shortened("a-very-long-name", 9), shortened("short", 9)
    ('a-ve…name', 'short')
    """
    if len(text) <= length:
        return text
    tail = (length - 1) // 2
    return f"{text[: length - 1 - tail]}…{text[len(text) - tail :]}"


def shell_words(*words: str) -> str:
    r"""Words as a command to copy, each quoted where a shell would read it otherwise, on one line.

    Examples
    --------
    >>> print(shell_words("lava-ed", "eval", "my run", "a\nb"))
    lava-ed eval 'my run' $'a\nb'
    """
    return " ".join(
        shlex.quote(word) if visible(word) == word else f"$'{''.join(map(_shell_escaped, word))}'" for word in words
    )


def _shell_escaped(c: str) -> str:
    """A character as it stands in the quotes in which bash and zsh read escapes."""
    if c in "\\'":
        return f"\\{c}"
    if visible(c) == c:
        return c
    if c == "\n":
        return r"\n"
    half = 0xDC80 <= ord(c) <= 0xDCFF  # how Python keeps a byte that is no UTF-8
    return "".join(f"\\x{byte:02x}" for byte in c.encode("utf-8", "surrogateescape" if half else "surrogatepass"))


def number(value: object) -> str:
    """A value as tables show it: integers whole, other numbers to 4 digits.

    Examples
    --------
    >>> number(1234567), number(0.00012345), number(12345.6), number(None)
    ('1,234,567', '0.0001234', '12,346', '–')
    """
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:,.4g}"


def percent(share: float | None) -> str:
    """A share in per cent."""
    return "–" if share is None else f"{100 * share:.2f} %"

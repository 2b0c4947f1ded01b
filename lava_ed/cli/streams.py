"""Standard streams as they may be: closed, of an old encoding, or a pipe whose reader has left."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, TextIO

_GREEK: Final = {"Σ": "sum", "Δ": "delta", "δ": "delta", "κ": "kappa", "θ": "theta", "λ": "lambda", "η": "eta"}
_MATHS: Final = {"×": "x", "−": "-", "·": "*", "±": "+-", "≥": ">=", "≤": "<=", "√": "sqrt", "→": "->", "²": "^2"}
_TEXT: Final = {"µ": "u", "–": "-", "—": "-", "…": "...", "«": '"', "»": '"', "°": " deg"}
_SPACES: Final = dict.fromkeys("\u00a0\u2009\u202f", " ")
_LINES: Final = {**dict.fromkeys("─━", "-"), **dict.fromkeys("│┃╷", "|"), **dict.fromkeys("┏┓┗┛┡┩╇┌┐└┘├┤┬┴┼┳", "+")}
_PLAIN: Final = {**_GREEK, **_MATHS, **_TEXT, **_SPACES, **_LINES}
"""What stands for a sign that the encoding of a stream lacks."""

_HANDLER: Final = "lava-ed-plain"


def _in_plain_signs(error: UnicodeError) -> tuple[str, int]:
    """A codec's error handler: the plain form of a sign, or its code."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    plain = "".join(_PLAIN.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in signs)
    return plain, error.end


@contextmanager
def lasting_streams() -> Iterator[None]:
    """Make everything printable within the block.

    A closed stream is opened on the null device, since the next file that is opened would else take its number, and
    with it what is printed.  A sign that a stream's encoding lacks is printed in plain ASCII signs.
    """
    codecs.register_error(_HANDLER, _in_plain_signs)
    _open_closed_streams()
    before = [(stream, stream.errors) for stream in (sys.stdout, sys.stderr) if hasattr(stream, "reconfigure")]
    for stream, _ in before:
        stream.reconfigure(errors=_HANDLER)
    try:
        yield
    finally:
        for stream, errors in before:
            with suppress(ValueError, OSError):  # closed meanwhile, or full
                stream.reconfigure(errors=errors)


def _open_closed_streams() -> None:
    """Put the null device where standard input, output or error was closed by the caller."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free, so this one
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "r" if name == "stdin" else "w", encoding="utf-8", closefd=False))


def encodable(text: str, stream: TextIO) -> bool:
    """Whether a stream's encoding holds every sign of a text."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def give_up_output() -> None:
    """Send the rest of standard output nowhere: its reader has left, and Python would complain once more at exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(null, sys.stdout.fileno())
    os.close(null)

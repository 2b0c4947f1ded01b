"""Names as they are shown: nothing in them steers the terminal, the line or the shell."""

from __future__ import annotations

import subprocess

import pytest

from lava_ed.plain_text import shell_words, shortened, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[/x] $a$ <b> été 实验 🙂", "[/x] $a$ <b> été 实验 🙂"),
        ("a\nb\rc\td", r"a\nb\rc\td"),
        ("\x1b[31mred\x07\x9b", r"\x1b[31mred\x07\x9b"),
        ("\u202egnp.exe\u200f\ufeff", r"\u202egnp.exe\u200f\ufeff"),
        ("one\u2028two", r"one\u2028two"),
        ("caf\udce9", r"caf\udce9"),  # a byte of a file's name that is no UTF-8
        ("👩\u200d🔬 نمی\u200cخواهم 5\u00a0%", "👩\u200d🔬 نمی\u200cخواهم 5\u00a0%"),
        (r"C:\new", r"C:\new"),
    ],
)
def test_plain(text, shown):
    assert visible(text) == shown
    assert visible(shown) == shown


@pytest.mark.parametrize("length", [3, 4, 9, 200])
def test_shortened(length):
    text = "".join(map(str, range(60)))
    short = shortened(text, length)
    assert len(short) == min(length, len(text))
    if length < len(text):
        head, tail = short.split("…")
        assert text.startswith(head)
        assert text.endswith(tail)


def test_a_command_to_copy_names_the_same_files():
    """A shell that reads the words gets each of them back, byte for byte."""
    words = ["runs/[lr=0.1]", "a b", "it's", "$HOME `x` \\", "a\nb\\n'", "\u202egnp", "caf\udce9", "é\x1b2"]
    line = shell_words("printf", "%s|", *words)
    assert visible(line) == line
    found = subprocess.run(["bash", "-c", line], capture_output=True, check=True).stdout
    assert found == "".join(f"{word}|" for word in words).encode("utf-8", "surrogateescape")

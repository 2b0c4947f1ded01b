"""The console that results are shown on."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from lava_ed.plain_text import plain


class PlainConsole(Console):
    """A console on which a text is never an instruction: markup, names of emoji and escapes are shown as they are.

    Every cell, title and line goes through `render_str`, so that no name reaches the screen past it.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """The text itself, on one line."""
        return super().render_str(plain(text), **{**options, "markup": False, "emoji": False})

"""The console that results are shown on."""

from __future__ import annotations

from typing import Any, NoReturn

from rich.console import Console
from rich.text import Text

from lava_ed.plain_text import visible


class PlainConsole(Console):
    """A console on which a text is never an instruction: markup, names of emoji and escapes are shown as they are.

    Every cell, title and line goes through `render_str`, so that no name reaches the screen past it.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """The text itself, on one line."""
        return super().render_str(visible(text), **{**options, "markup": False, "emoji": False})

    def on_broken_pipe(self) -> NoReturn:
        """Raise where the reader of standard output has left, as Python itself does."""
        raise BrokenPipeError

"""The commands that documents show: found, split as a shell does, and read by the command line's own parser."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from lava_ed.cli.app import app

ROOT = Path(__file__).resolve().parents[1]
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`(lava-ed [^`]+)`")
NO_NUMBER = re.compile(r"Invalid value for '(--[\w-]+)'.* valid (?:integer|float|number)")
COMMAND = "lava-ed"


@dataclass(frozen=True)
class Block:
    """A fenced block: its language ("" where none is named) and its text."""

    language: str
    text: str


def blocks(text: str) -> list[Block]:
    """Fenced blocks, in order."""
    return [Block(language, body) for language, body in FENCE.findall(text)]


def shell_commands(text: str) -> list[list[str]]:
    """Commands of a shell block as lists of words: continued lines joined, prompts and comments left out."""
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    words = (shlex.split(line.strip().removeprefix("$ "), comments=True) for line in lines)
    return [command for command in words if command]


def prose_of(path: Path) -> str:
    """The Markdown of a document or of a notebook."""
    if path.suffix != ".ipynb":
        return path.read_text()
    cells = json.loads(path.read_text())["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def shown_whole(text: str) -> Iterator[list[str]]:
    """Arguments of each `lava-ed` that a block shows as a line to type; in a container, what follows the image."""
    indented = "\n".join(re.findall(r"^ {4,}(\$ lava-ed .*|lava-ed .*)$", FENCE.sub("", text), re.MULTILINE))
    for block in (*blocks(text), Block("", indented)):
        if block.language not in ("", "sh"):
            continue
        for command in shell_commands(block.text):
            if command[0] == COMMAND:
                yield command[1:]
            elif command[:2] == ["docker", "run"] and COMMAND in command:
                yield command[command.index(COMMAND) + 1 :]


def mentioned(text: str) -> Iterator[list[str]]:
    """Arguments of each `lava-ed …` within a sentence or a table, which may leave some out."""
    for span in SPAN.findall(FENCE.sub("", text)):
        yield shlex.split(" ".join(span.split()).replace("\\|", "|"))[1:]


def complaint(arguments: list[str], whole: bool) -> str | None:
    """What the command line's parser says against these arguments, or None; nothing is run.

    Capitals and … stand for values of the reader's.  Where not the whole command is shown, required
    arguments may be missing.
    """
    command: Any = typer.main.get_command(app)
    words = [word for word in arguments if word != "…"]
    path = [COMMAND]
    while hasattr(command, "commands"):
        if not words and not whole:
            return None
        if not words or (words[0] not in command.commands and words[0] not in ("--help", "--version")):
            return f"{' '.join(path)} has no command {words[:1]}"
        if words[0] in ("--help", "--version"):
            return None
        path.append(words[0])
        command = command.commands[words.pop(0)]
    return _parsed(command, " ".join(path), words, whole)


def _parsed(command: Any, name: str, words: list[str], whole: bool) -> str | None:
    """What one command's parser says; where it wants a number, a placeholder may stand."""
    try:
        command.make_context(name, list(words))
    except Exception as error:
        message = str(getattr(error, "format_message", error.__str__)())
        if type(error).__name__ == "MissingParameter" and not whole:
            return None
        if (found := NO_NUMBER.search(message)) and found[1] in words[:-1]:
            place = words.index(found[1]) + 1
            if words[place].isalpha() and words[place].isupper():
                return _parsed(command, name, [*words[:place], "1", *words[place + 1 :]], whole)
        return f"{name} {' '.join(words)}: {message}"
    return None

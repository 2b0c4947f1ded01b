"""The `lava-ed` command: it parses options, calls the other rooms, and prints what they return."""

from lava_ed.cli.main import main

__all__ = ["main"]

"""The `lava-ed` command: thin; what it does lives in the other parts of the library."""

from lava_ed.cli.main import main

__all__ = ["main"]

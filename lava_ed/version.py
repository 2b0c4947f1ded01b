"""The version of lava-ed, which every file of a run names."""

from typing import Final

__version__: Final = "0.2.0"

SAME_FILES: Final = ("0.1.0", __version__)
"""Versions whose runs and checkpoints this one reads: their formats are known, and their arithmetic is the same."""

"""The version of lava-ed, which every file of a run names."""

from typing import Final

__version__: Final = "0.1.0"

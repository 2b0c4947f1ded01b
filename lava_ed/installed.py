"""What is installed beside lava-ed, and what a user can do about what is not."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from lava_ed.errors import LavaEDError


def lava_is_here() -> bool:
    """Whether the program has imported lava-nc; `lava_ed.graph`, which can stand in for it, is no Lava."""
    # Modules that stand in are made of no file.
    return hasattr(sys.modules.get("lava.magma.core.process.process"), "__file__")


def without_engine() -> str:
    """How a graph is run that the engine refuses, as an advice without its end."""
    if lava_is_here():
        return "run the graph on Lava's own runtime (without attach)"
    return "run the graph with lava-nc, on Python 3.10"


def required(module: str, extra: str, what: str, error: type[LavaEDError] = LavaEDError) -> Any:
    """A module that an extra of lava-ed brings; where it is missing, the error says what for, and how to get it."""
    try:
        return import_module(module)
    except ImportError as missing:
        raise error(f"{what}: pip install 'lava-ed[{extra}]'") from missing

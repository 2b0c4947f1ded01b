"""Lava's front end without Lava: graphs in Lava's own names run on the engine, on any Python from 3.10.

``import lava_ed.graph`` first; where lava-nc is not installed, ``from lava.proc.lif.process import LIF`` and the like
then find the classes of this package, and ``run`` uses the engine.  Where it is installed, Lava is left as it is.
All names can also be had from here: ``from lava_ed.graph import LIF, Dense, RunSteps``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from lava_ed.graph.imports import lava_is_installed, offered, stand_in

_LAVAS: Final = offered() | {"SourceRingBuffer": "lava.proc.io.source", "SinkRingBuffer": "lava.proc.io.sink"}

if not lava_is_installed():
    stand_in()


def __getattr__(name: str) -> Any:
    """Import a name of Lava's on first use, from Lava where that is installed."""
    if name not in _LAVAS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it offers: {', '.join(__dir__())}")
    return getattr(import_module(_LAVAS[name]), name.removeprefix("Source").removeprefix("Sink"))


def __dir__() -> list[str]:
    return sorted([*_LAVAS, "lava_is_installed", "stand_in"])

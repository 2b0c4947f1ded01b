"""The fused simulator: programs from a NetworkSpec, or from a Lava graph through `attach`.

README.md in this folder shows how a time step happens.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lava_ed.errors import LavaNotInstalledError

_LAZY = {
    "EngineRuntime": "lava_ed.lava_graphs.runtime",
    "Program": "lava_ed.engine.program",
    "attach": "lava_ed.lava_graphs.attaching",
    "build_program": "lava_ed.engine.build",
    "supported": "lava_ed.lava_graphs.graph",
}

__all__ = ["EngineRuntime", "Program", "attach", "build_program", "supported"]

if TYPE_CHECKING:
    from lava_ed.engine.build import build_program
    from lava_ed.engine.program import Program
    from lava_ed.lava_graphs.attaching import attach
    from lava_ed.lava_graphs.graph import supported
    from lava_ed.lava_graphs.runtime import EngineRuntime


def __getattr__(name: str) -> Any:
    """Import a public name from its module on first use; only graphs need Lava."""
    if name not in _LAZY:
        raise AttributeError(f"module 'lava_ed.engine' has no attribute {name!r}")
    try:
        return getattr(import_module(_LAZY[name]), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != "lava":
            raise
        raise LavaNotInstalledError(
            f"lava_ed.engine.{name} works on Lava graphs and needs lava-nc (Python 3.10), or lava_ed.graph, which is "
            "Lava's front end without Lava and must be imported first; build_program(spec) needs no Lava"
        ) from error

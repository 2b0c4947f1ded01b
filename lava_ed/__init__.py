"""lava-ed: event-driven supervised learning on Loihi 2, as Lava processes and as a fast bit-exact engine.

Public names load on first use, so that ``import lava_ed`` costs next to nothing and needs no Lava.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lava_ed.lava_graphs import profiler_hook as _lava_hook
from lava_ed.version import __version__

_LAZY = {
    "EDClassifier": "lava_ed.proc",
    "MPDED": "lava_ed.learning_rules",
    "NetworkSpec": "lava_ed.network",
    "STDED": "lava_ed.learning_rules",
    "Schedule": "lava_ed.network",
    "attach": "lava_ed.engine",
}

__all__ = ["MPDED", "STDED", "EDClassifier", "NetworkSpec", "Schedule", "__version__", "attach"]

if TYPE_CHECKING:
    from lava_ed.engine import attach
    from lava_ed.learning_rules import MPDED, STDED
    from lava_ed.network import NetworkSpec, Schedule
    from lava_ed.proc import EDClassifier

_lava_hook.install()


def __getattr__(name: str) -> Any:
    """Import a public name from its module on first use."""
    if name not in _LAZY:
        raise AttributeError(f"module 'lava_ed' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)

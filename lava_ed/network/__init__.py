"""Descriptions of nets: layers, rule, schedule, number formats.

Public names load on first use, so that what only asks for the settings of a net waits for no compiler.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_LAZY = {"Adaptation": "adaptation", "NetworkSpec": "spec", "Schedule": "schedule"}

__all__ = ["Adaptation", "NetworkSpec", "Schedule"]

if TYPE_CHECKING:
    from lava_ed.network.adaptation import Adaptation
    from lava_ed.network.schedule import Schedule
    from lava_ed.network.spec import NetworkSpec


def __getattr__(name: str) -> Any:
    """Import a public name from its module on first use."""
    if name not in _LAZY:
        raise AttributeError(f"module 'lava_ed.network' has no attribute {name!r}")
    return getattr(import_module(f"lava_ed.network.{_LAZY[name]}"), name)

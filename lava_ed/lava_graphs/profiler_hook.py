"""Lets Lava's own profiler know of ours as soon as both are imported, and imports neither.

``lava.utils.profiler`` keeps a table RunConfig class → profiler, filled in when it is imported.  Where that has
happened, the entry for `Loihi2SimCfg` is added at once; otherwise a finder waits for the import.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, Final

PROFILER: Final = "lava.utils.profiler"


def install() -> None:
    """Add the entry now, or when Lava's profiler is imported; twice is once."""
    module = sys.modules.get(PROFILER)
    if module is not None:
        add_entry(module)
    elif not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def add_entry(module: ModuleType) -> None:
    """Loihi2SimCfg → our profiler, which is imported on first use; an entry that is there stays."""
    from lava.magma.core.run_configs import Loihi2SimCfg

    module.run_cfg_dict.setdefault(Loihi2SimCfg, _profiler)


def _profiler(run_cfg: Any) -> Any:
    from lava_ed.lava_graphs.profiler import Loihi2SimProfiler

    return Loihi2SimProfiler(run_cfg)


class _Finder(MetaPathFinder):
    """Finds Lava's profiler as Python does, and adds the entry after it was loaded."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's own spec, whose loader also adds the entry; None for every other module."""
        if fullname != PROFILER:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_add(module: ModuleType) -> None:
                execute(module)
                add_entry(module)

            spec.loader.exec_module = execute_and_add  # type: ignore[method-assign]
        return spec

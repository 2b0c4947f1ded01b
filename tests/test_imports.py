"""What an import costs, what needs Lava, and that imports point one way."""

from __future__ import annotations

import ast
import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import lava_ed

HEAVY = {"lava", "matplotlib", "numba", "sklearn", "tonic", "torch"}
"""Packages that `import lava_ed` must not pull in."""

PROMISED_SECONDS = 0.3
"""What `import lava_ed` may take: a promise to users, not a guess."""

LAVA_SIDE = ("proc", "lava_graphs")
"""The parts that may import Lava when they are imported."""

MAY_IMPORT = {
    # the chain, each link and what stands before it
    "errors": set(),
    "installed": {"errors"},
    "integers": {"errors"},
    "files": {"errors"},
    "kernels": {"errors"},
    "learning_rules": {"errors", "integers", "kernels"},
    "network": {"errors", "integers", "files", "kernels", "learning_rules"},
    "engine": {"errors", "installed", "files", "kernels", "learning_rules", "network"},
    # beside it, with Lava
    "proc": {"errors", "kernels", "learning_rules", "network", "data"},
    # registers itself: nothing below the training loop knows it
    "baselines": {"errors", "kernels", "learning_rules", "network"},
    # data knows nothing of nets
    "data": {"errors", "installed", "integers", "files", "kernels"},
    # what stands on nets and data
    "config": {"errors", "integers", "files", "kernels", "learning_rules", "network", "data"},
    "runs": {"errors", "files", "kernels", "learning_rules", "network", "data", "config", "version"},
}
"""Parts of the package, and the other parts that each may import."""

ORDER = (
    *(
        "errors",
        "installed",
        "integers",
        "plain_text",
        "version",
        "stop_signals",
        "cluster",
        "files",
        "kernels",
        "learning_rules",
        "network",
    ),
    *("data", "config", "runs", "viz", "proc", "engine", "baselines", "energy", "lava_graphs", "graph", "backends"),
    *("evaluation", "exchange", "train", "stream", "continual", "comparison", "sweep", "diagnose", "bench", "demo"),
    *("report", "cli"),
)
"""Every room of the package; each may import those before it only."""


def walk(folder: Path = Path(lava_ed.__file__).parent, package: str = "lava_ed") -> Iterator[tuple[str, Path]]:
    """Name and file of every module of the package, importing none."""
    yield package, folder / "__init__.py"
    for info in pkgutil.iter_modules([str(folder)]):
        name = f"{package}.{info.name}"
        if info.ispkg:
            yield from walk(folder / info.name, name)
        else:
            yield name, folder / f"{info.name}.py"


MODULES = dict(walk())


def is_in(module: str, part: str) -> bool:
    """Whether a module is, or lies in, the part of lava_ed of that name."""
    return f"{module}.".startswith(f"lava_ed.{part}.")


def part_of(module: str) -> str:
    """The part of lava_ed that a module belongs to; '' for `lava_ed` itself."""
    for part in LAVA_SIDE:
        if is_in(module, part):
            return part
    return module.split(".")[1] if "." in module else ""


def fresh_python(code: str) -> str:
    """Standard output of a fresh interpreter that runs `code`."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


class TestImportIsCheap:
    def test_pulls_in_nothing_heavy(self):
        code = "import sys, lava_ed; print(*{name.partition('.')[0] for name in sys.modules})"
        assert HEAVY.isdisjoint(fresh_python(code).split())

    def test_keeps_the_promised_time(self):
        code = "import time; t = time.perf_counter(); import lava_ed; print(time.perf_counter() - t)"
        # The best of several: a busy machine only ever makes it slower.
        assert min(float(fresh_python(code)) for _ in range(5)) < PROMISED_SECONDS


def test_lava_free_modules_import_no_lava():
    names = [name for name in MODULES if part_of(name) not in LAVA_SIDE and not name.endswith("__main__")]
    assert "lava_ed.data.idx" in names
    code = f"""
import importlib, json, sys
found = {{}}
for name in {names!r}:
    importlib.import_module(name)
    loaded = sorted(m for m in sys.modules if m == "lava" or m.startswith("lava."))
    if loaded:
        found[name] = loaded[:3]
        break
print(json.dumps(found))
"""
    assert json.loads(fresh_python(code).splitlines()[-1]) == {}


class ImportedModules(ast.NodeVisitor):
    """Collects the lava_ed modules that a module imports, at its head or inside functions."""

    def __init__(self, module: str, path: Path) -> None:
        self.package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        self.found: set[str] = set()
        self.visit(ast.parse(path.read_text(encoding="utf-8")))

    def visit_If(self, node: ast.If) -> None:
        """Skip what only type checkers read."""
        if ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for child in node.orelse:
                self.visit(child)
        else:
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self.add(alias.name for alias in node.names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = node.module or ""
        if node.level:
            parents = self.package.split(".")
            base = ".".join([*parents[: len(parents) + 1 - node.level], *filter(None, [base])])
        for alias in node.names:
            name = f"{base}.{alias.name}"
            lazy = lava_ed._LAZY.get(alias.name) if base == "lava_ed" else None
            self.add([lazy or (name if name in MODULES else base)])

    def add(self, names) -> None:
        self.found.update(name for name in names if f"{name}.".startswith("lava_ed."))


def edges() -> Iterator[tuple[str, str, str]]:
    """(module, its part, part that it imports) for every import between two parts."""
    for module, path in MODULES.items():
        for imported in ImportedModules(module, path).found:
            source, target = part_of(module), part_of(imported)
            # `lava_ed` itself is only the version; a package's own __init__ may gather its parts.
            gathers = path.name == "__init__.py" and is_in(imported, source)
            if source and target and source != target and not gathers:
                yield module, source, target


def test_imports_point_one_way():
    wrong = [
        f"{module} imports lava_ed.{target}"
        for module, source, target in edges()
        if ORDER.index(target) >= ORDER.index(source) or target not in MAY_IMPORT.get(source, {target})
    ]
    assert wrong == []


def test_a_module_is_read_in_one_sitting():
    """400 lines at most, but for the replayer, which must stand alone."""
    lines = {path.name: path.read_text().count("\n") for _, path in walk() if path.name != "replay.py"}
    assert {name: n for name, n in lines.items() if n > 400} == {}


def test_no_modules_import_each_other_in_a_circle():
    """Imports inside functions count; sorting raises a CycleError that names the circle."""
    imported = {module: ImportedModules(module, path).found - {module} for module, path in MODULES.items()}
    assert set(TopologicalSorter(imported).static_order()) == set(MODULES)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import lava_ed.train.loop", {"lava_ed.train.loop"}),
        ("from lava_ed.data import idx", {"lava_ed.data.idx"}),
        ("from lava_ed.data import read_idx", {"lava_ed.data"}),
        ("from lava_ed import STDED", {"lava_ed.learning_rules"}),
        ("from lava_ed import __version__", {"lava_ed"}),
        ("from ..errors import DataError", {"lava_ed.errors"}),
        ("from . import idx", {"lava_ed.data.idx"}),
        ("def f():\n    import lava_ed.cli", {"lava_ed.cli"}),
        ("if TYPE_CHECKING:\n    import lava_ed.cli", set()),
        ("import lava_edible, numpy", set()),
    ],
)
def test_the_import_reader_itself(tmp_path, source, expected):
    path = tmp_path / "module.py"
    path.write_text(source)
    assert ImportedModules("lava_ed.data.module", path).found == expected

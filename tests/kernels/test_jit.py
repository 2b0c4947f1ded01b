"""Compiled kernels on disk: the stamp covers every source, and yesterday's machine code never runs."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core.dispatcher import Dispatcher

import lava_ed
from lava_ed import engine, kernels
from lava_ed.kernels._jit import source_stamp

HOOK = "compiled._cache._cache_file._source_stamp = source_stamp()"
CALL = """
from lava_ed.kernels import streams
value = int(streams.layer_key(1, 2, 3, 4))
stats = streams._compiled_key.stats
print(value, sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""


@pytest.fixture
def package(tmp_path):
    """A copy of the package without its caches."""
    source = Path(lava_ed.__file__).parent
    return Path(shutil.copytree(source, tmp_path / "lava_ed", ignore=shutil.ignore_patterns("__pycache__")))


def stamp_of(package: Path) -> tuple[float, int]:
    """The stamp that a copy of the package computes over itself."""
    spec = importlib.util.spec_from_file_location("copied_jit", package / "kernels" / "_jit.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.source_stamp()


def run(package: Path) -> list[int]:
    """Value, cache hits and cache misses of one kernel, in a process that imports the copy."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("NUMBA")}
    environment["PYTHONPATH"] = str(package.parent)
    command = [sys.executable, "-c", CALL]
    done = subprocess.run(command, env=environment, cwd=package.parent, check=True, capture_output=True, text=True)
    return [int(word) for word in done.stdout.split()]


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def change_callee(package: Path) -> None:
    """Another constant in `mix64`, which the kernel of `CALL` calls from another file."""
    change(
        package / "kernels" / "fixed_point.py",
        "_MIX_A: Final = 0xBF58476D1CE4E5B9",
        "_MIX_A: Final = 0xBF58476D1CE4E5BB",
    )


def test_every_kernel_carries_the_stamp():
    """Whatever is cached on disk is stamped with the digest, not with its own file's time."""
    found = 0
    for package in (kernels, engine):
        for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if info.name.split(".")[2] in ("graph", "runtime", "lowering"):
                continue  # nothing compiled, and they need Lava
            for name, value in vars(importlib.import_module(info.name)).items():
                if isinstance(value, Dispatcher) and type(value._cache).__name__ != "NullCache":
                    assert value._cache._cache_file._source_stamp == source_stamp(), name
                    found += 1
    assert found > 30


def test_stamp_depends_on_contents_only(package):
    before = stamp_of(package)
    assert before == source_stamp()
    for path in package.rglob("*.py"):
        os.utime(path, (0, 0))
    assert stamp_of(package) == before


@pytest.mark.parametrize("folder", ["kernels", "engine", "engine/families"])
def test_stamp_sees_every_source(package, folder):
    before = stamp_of(package)
    for path in sorted((package / folder).glob("*.py")):
        text = path.read_bytes()
        path.write_bytes(text + b"\n")
        assert stamp_of(package) != before, path.name
        path.write_bytes(text)
    assert stamp_of(package) == before


def test_stamp_sees_a_change_of_the_same_length(package):
    before = stamp_of(package)
    change_callee(package)
    after = stamp_of(package)
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_stale_cache_is_not_used(package):
    """A second process reads the cache; after a change in a callee's file it compiles anew."""
    first = run(package)
    assert first[1:] == [0, 1]
    assert run(package) == [first[0], 1, 0]
    change_callee(package)
    changed = run(package)
    assert changed[0] != first[0]
    assert changed[1:] == [0, 1]


def test_without_the_hook_a_stale_cache_is_used(package):
    """What the stamp is for: numba alone looks at the kernel's own file. Fails once that is no longer so."""
    change(package / "kernels" / "_jit.py", HOOK, "pass")
    first = run(package)
    change_callee(package)
    assert run(package) == [first[0], 1, 0]

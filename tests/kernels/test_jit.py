"""Compiled kernels on disk: the stamp covers all that is compiled in, and yesterday's machine code never runs."""

from __future__ import annotations

import ast
import errno
import importlib
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
import pytest
from numba import typeof
from numba.core.caching import CacheImpl, FunctionCache
from numba.core.codegen import CPUCodeLibrary
from numba.core.dispatcher import Dispatcher
from numba.core.errors import TypingError

import lava_ed
from lava_ed import engine, kernels
from lava_ed.errors import ConfigError, UncachedKernelWarning
from lava_ed.kernels._jit import _warn_uncached, allocating, content_stamp, kernel, kernel_part

HOOK = "compiled._cache.unstamped = compiled"
CALL = """
from lava_ed.kernels.loihi import random_streams as streams
value = int(streams.layer_key(1, 2, 3, 4))
stats = streams._compiled_key.stats
print(value, sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""


@pytest.fixture
def package(tmp_path):
    """A copy of the package without its caches."""
    source = Path(lava_ed.__file__).parent
    return Path(shutil.copytree(source, tmp_path / "lava_ed", ignore=shutil.ignore_patterns("__pycache__")))


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


def cached_kernels() -> dict[str, Dispatcher]:
    """Whatever is cached on disk, by module and name."""
    found = {}
    for package in (kernels, engine):
        for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if info.name.split(".")[2] in ("graph", "runtime", "lowering"):
                continue  # nothing compiled, and they need Lava
            for name, value in vars(importlib.import_module(info.name)).items():
                if isinstance(value, Dispatcher) and type(value._cache).__name__ != "NullCache":
                    found[f"{info.name}.{name}"] = value
    return found


def test_every_kernel_carries_the_stamp():
    """The digest, not the time of its own file, once it is called."""
    found = cached_kernels()
    assert len(found) > 30
    for name, value in found.items():
        value._cache.make_stamp()
        assert value._cache._cache_file._source_stamp == content_stamp(value), name


def test_a_stamp_is_made_when_its_kernel_is_first_called():
    """Digests of all kernels would be a good part of what an import takes."""
    compiled = kernel(documented)
    before = compiled._cache._cache_file._source_stamp
    assert compiled(10) == 17
    assert compiled._cache._cache_file._source_stamp == content_stamp(compiled) != before


def test_stamps_are_the_same_in_every_process():
    """Or each process would compile all anew."""
    script = "from test_jit import *; print({n: content_stamp(k) for n, k in cached_kernels().items()})"
    command = [sys.executable, "-c", script]
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": path}
    printed = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    elsewhere = ast.literal_eval(printed)
    here = {name: content_stamp(value) for name, value in cached_kernels().items()}
    assert [name for name, stamp in here.items() if elsewhere[name] != stamp] == []


LIMIT = 7
TABLE = np.array([1, 2, 3])


@kernel_part
def helper(x):
    """One thing."""
    return x + LIMIT


def sum_up(x):
    return helper(x) + TABLE[0]


def variant(**names):
    """The stamp of `sum_up` where some of the names that it, or `helper`, reads hold something else."""
    scope = {"LIMIT": LIMIT, "TABLE": TABLE, **names}
    called = type(helper.py_func)(helper.py_func.__code__, scope)
    scope["helper"] = names.get("helper", kernel_part(called))
    return content_stamp(type(sum_up)(sum_up.__code__, scope))


def test_stamp_is_that_of_the_same_content():
    assert variant() == variant()


def documented(x):
    """Another thing, in other words."""
    # and a comment
    return x + LIMIT


def changed(x):
    return x - LIMIT


def test_stamp_does_not_see_documentation():
    assert variant(helper=kernel_part(type(documented)(documented.__code__, {"LIMIT": LIMIT}))) == variant()


@pytest.mark.parametrize(
    "names",
    [
        {"LIMIT": 8},
        {"TABLE": np.array([1, 2, 4])},
        {"TABLE": np.array([1, 2, 3], np.int32)},
        {"helper": kernel_part(changed)},
        {"helper": numba.njit(inline="always")(helper.py_func)},
    ],
)
def test_stamp_sees_what_is_compiled_in(names):
    assert variant(**names) != variant()


def compare(predicate="<", step=1):
    """A function that holds variables of the one around it, as the inner one of an intrinsic does."""

    def codegen(builder, scale=2):
        return builder.icmp_signed(predicate, step * scale, "i32")

    return codegen


def generator(instruction):
    """A function with the name of an instruction in its code."""
    scope = {}
    exec(f"def build(builder):\n    'Build.'\n    return builder.icmp({instruction!r})", scope)
    return scope["build"]


def test_stamp_sees_strings_that_an_intrinsic_names():
    assert content_stamp(generator("<")) == content_stamp(generator("<"))
    assert content_stamp(generator("<")) != content_stamp(generator("<="))
    changed = generator("<")
    changed.__code__ = changed.__code__.replace(co_consts=("Another docstring.", *changed.__code__.co_consts[1:]))
    assert content_stamp(changed) == content_stamp(generator("<"))


def test_stamp_sees_what_a_function_holds():
    before = content_stamp(compare())
    assert content_stamp(compare()) == before
    assert content_stamp(compare(predicate=">")) != before
    assert content_stamp(compare(step=2)) != before
    other_default = compare()
    other_default.__defaults__ = (3,)
    assert content_stamp(other_default) != before


class Pair(NamedTuple):
    first: int
    second: int


def test_machine_code_for_a_named_tuple_is_found_by_the_order_of_its_fields():
    """Numba compares the class, by name, and the types: fields of one type that change places are the same to it."""
    compiled = kernel(changed)
    turned = typeof(Pair(1, 2))
    before = compiled._cache._index_key((turned,), compiled.targetctx.codegen())
    turned.fields = ("second", "first")
    assert compiled._cache._index_key((turned,), compiled.targetctx.codegen()) != before


def test_a_name_that_is_not_defined_yet_is_an_error():
    def early(x):
        return defined_below(x)  # noqa: F821

    with pytest.raises(TypeError, match="early reads defined_below, which is defined below it"):
        kernel(early)(1)


def test_a_value_that_cannot_be_frozen_is_an_error():
    scope = {"LIMIT": {}}
    with pytest.raises(TypeError, match="reads LIMIT, a dict"):
        content_stamp(type(changed)(changed.__code__, scope))


def test_what_digests_to_something_else_in_each_process_is_an_error():
    def one_of(x):
        return x in {1, 2}

    with pytest.raises(TypeError, match="one_of reads a set"):
        kernel(one_of)(1)
    for value in ((changed,), (1, (kernel_part(changed),))):
        with pytest.raises(TypeError, match="reads LIMIT, a tuple of more than numbers"):
            variant(LIMIT=value)
    assert variant(LIMIT=(1, (2.5, "a"))) != variant(LIMIT=(1, (2.5, "b")))


def test_a_variable_around_that_is_not_set_yet_is_an_error():
    def early(x):
        return below(x)

    with pytest.raises(TypeError, match="early reads below, which is defined below it"):
        kernel(early)(1)
    below = changed


def makes_an_array(n):
    return np.zeros(n).sum()


def test_only_kernels_that_say_so_may_make_arrays():
    """Fails if the private option goes away by which the others do not count references to arrays."""
    with pytest.raises(TypingError, match="zeros"):
        kernel_part(makes_an_array)(3)
    assert allocating(makes_an_array)(3) == 0


def test_stamp_of_the_loop_sees_the_constants_of_a_module(monkeypatch):
    from lava_ed.engine.loops import codes, ours

    before = content_stamp(ours.run_ours)
    monkeypatch.setattr(codes, "ADAPT", 99)
    assert content_stamp(ours.run_ours) != before


def test_an_edit_elsewhere_leaves_the_cache_alone(package):
    """A kernel that is not called may change: the machine code is used again."""
    first = run(package)
    path = package / "kernels" / "loihi" / "softmax.py"
    path.write_text(path.read_text().replace("best = 0", "best = 1"))
    assert run(package) == [first[0], 1, 0]


def test_stale_cache_is_not_used(package):
    """A second process reads the cache; after a change in a callee's file it compiles anew."""
    first = run(package)
    assert first[1:] == [0, 1]
    assert run(package) == [first[0], 1, 0]
    change_callee(package)
    changed = run(package)
    assert changed[0] != first[0]
    assert changed[1:] == [0, 1]


def test_machine_code_of_a_module_that_has_moved_is_compiled_anew(monkeypatch):
    def moved(self, sig, target_context):
        raise ModuleNotFoundError("No module named 'lava_ed.kernels.elsewhere'")

    def successor(number):
        return number + 1

    monkeypatch.setattr(FunctionCache, "load_overload", moved)
    compiled = kernel(successor)
    assert compiled(3) == 4
    assert sum(compiled.stats.cache_misses.values()) == 1


def test_without_the_hook_a_stale_cache_is_used(package):
    """What the stamp is for: numba alone looks at the kernel's own file. Fails once that is no longer so."""
    change(package / "kernels" / "_jit.py", HOOK, "pass")
    first = run(package)
    change_callee(package)
    assert run(package) == [first[0], 1, 0]


class TestPlacesWhereNothingCanBeKept:
    @pytest.fixture(autouse=True)
    def _not_warned_yet(self):
        _warn_uncached.cache_clear()
        yield
        _warn_uncached.cache_clear()

    def test_a_kernel_works_where_no_folder_can_be_written(self, monkeypatch):
        monkeypatch.setattr(CacheImpl, "_locator_classes", [])
        with pytest.warns(UncachedKernelWarning, match="NUMBA_CACHE_DIR"):
            compiled = kernel(changed)
        assert compiled(10) == 3

    def test_a_kernel_works_on_a_full_disk(self, monkeypatch):
        compiled = kernel(documented)

        def full(key, data):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(compiled._cache._cache_file, "save", full)
        monkeypatch.setattr(compiled._cache._cache_file, "load", lambda key: None)
        with pytest.warns(
            UncachedKernelWarning, match="No space left on device: " + re.escape(compiled._cache.cache_path)
        ):
            assert compiled(10) == 17

    def test_a_kernel_works_whose_machine_code_was_lost_by_an_interrupt(self, monkeypatch):
        """Python ignores what is raised in a callback, which is how numba gets machine code."""

        def interrupted(library, code):
            if code is not None:
                raise KeyboardInterrupt

        lost, ignored = property(lambda library: None, interrupted), []
        monkeypatch.setattr(CPUCodeLibrary, "_compiled_object", lost, raising=False)
        monkeypatch.setattr(sys, "unraisablehook", ignored.append)
        compiled = kernel(documented)
        monkeypatch.setattr(compiled._cache._cache_file, "load", lambda key: None)
        with pytest.warns(UncachedKernelWarning, match="no compiled object yet"):
            assert compiled(10) == 17
        assert [found.exc_type for found in ignored] == [KeyboardInterrupt]

    def test_it_is_said_once(self, monkeypatch, recwarn):
        monkeypatch.setattr(CacheImpl, "_locator_classes", [])
        kernel(changed)
        kernel(documented)
        assert [warning.category for warning in recwarn] == [UncachedKernelWarning]

    def test_compiling_nothing_is_refused(self, monkeypatch):
        monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
        with pytest.raises(ConfigError, match=r"NUMBA_DISABLE_JIT is set.*unset it"):
            kernel(changed)

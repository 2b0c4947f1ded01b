"""The one way a kernel is compiled: ahead of first use, cached on disk, never stale.

Numba's disk cache notices a change in the file of the function it compiled, but not in the
functions that one calls.  Every kernel's cache is therefore stamped with a digest of all that goes
into its machine code, the functions it calls and the constants it reads, however deep.  So an
upgrade never runs yesterday's arithmetic, and an edit compiles anew only what it changes and what calls that.
"""

from __future__ import annotations

import builtins
import dis
import functools
import hashlib
import warnings
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final, TypeVar

import numba
import numpy as np
from numba.core.caching import FunctionCache
from numba.core.dispatcher import Dispatcher
from numba.core.extending import _Intrinsic
from numba.core.types.containers import BaseNamedTuple

from lava_ed.errors import ConfigError, UncachedKernelWarning

F = TypeVar("F", bound=Callable[..., Any])

_PACKAGE: Final = __name__.partition(".")[0]
_VALUES: Final = (bool, str, int, float, complex, tuple, np.generic, type(None), type)
"""Types of values that compiled code may read; numba freezes them."""
_COMPILERS: Final = ("numba", "numpy", "llvmlite")
"""Whose functions and types compiled code may read, too."""


def content_stamp(function: Callable[..., Any]) -> tuple[float, int]:
    """Digest a function's byte code, the constants it reads, and the kernels it calls, however deep.

    The result has the shape that numba compares: a "time", here from the digest, and a size.

    Raises
    ------
    TypeError
        If a name that the function reads is not defined yet, or holds what numba cannot freeze; or if the digest would
        be another one in each process, as of a set or a tuple of functions.
    """
    digest = hashlib.sha256()
    size = 0
    for part in _parts(function, set()):
        digest.update(len(part).to_bytes(8, "big") + part)
        size += len(part)
    return float(int.from_bytes(digest.digest()[:6], "big")), size


def _parts(function: Any, seen: set[int]) -> Iterator[bytes]:
    """What the digest is made of, each function once."""
    plain: FunctionType = function.py_func if isinstance(function, Dispatcher) else function
    if id(plain) in seen:
        return
    seen.add(id(plain))
    # The options decide about the machine code too: an inline helper is not a kernel of its own.
    yield repr(getattr(function, "targetoptions", None)).encode()
    for code in _codes(plain.__code__):
        yield code.co_code + repr((code.co_varnames, code.co_names)).encode()
        if any(isinstance(value, frozenset) for value in code.co_consts):
            raise TypeError(
                f"{plain.__qualname__} reads a set, whose order is another one in each process: compare one by one"
            )
        yield repr([value for value in code.co_consts if not isinstance(value, (str, CodeType))]).encode()
        if strings := _strings_loaded(code):  # an LLVM instruction or type that an intrinsic names
            yield repr(strings).encode()
        for name, value in (*_globals_read(code, plain), *_values_bound(code, plain)):
            yield name.encode()
            yield from _value(value, name, code, plain, seen)


def _codes(code: CodeType) -> Iterator[CodeType]:
    """A code object and those nested in it."""
    yield code
    for value in code.co_consts:
        if isinstance(value, CodeType):
            yield from _codes(value)


@functools.cache
def _names_read(code: CodeType) -> tuple[str, ...]:
    """Names that are read from the module, in order; helpers are part of many kernels."""
    return tuple(
        dict.fromkeys(i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME"))
    )


@functools.cache
def _strings_loaded(code: CodeType) -> tuple[str, ...]:
    """Strings that the code uses, in order; its docstring, which nothing loads, is not one."""
    used = (i.argval for i in dis.get_instructions(code) if i.opcode in dis.hasconst)
    return tuple(value for value in used if isinstance(value, str))


def _values_bound(code: CodeType, function: FunctionType) -> Iterator[tuple[str, Any]]:
    """What a function holds beside globals: variables of the function around it, and defaults of its arguments."""
    if code is function.__code__:
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            try:
                yield name, cell.cell_contents
            except ValueError:  # of an empty cell
                raise _not_yet(function, name) from None
        for number, value in enumerate(function.__defaults__ or ()):
            yield f"default {number}", value
        yield from sorted((function.__kwdefaults__ or {}).items())


def _globals_read(code: CodeType, function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Names that are read from the module, in order, and what they hold."""
    for name in _names_read(code):
        if name in function.__globals__:
            yield name, function.__globals__[name]
        elif not hasattr(builtins, name):
            raise _not_yet(function, name)


def _not_yet(function: FunctionType, name: str) -> TypeError:
    """The error of a name that holds nothing yet."""
    return TypeError(f"{function.__qualname__} reads {name}, which is defined below it: move it up")


def _is_plain(value: Any) -> bool:
    """Whether a value prints as the same in every process."""
    return all(map(_is_plain, value)) if isinstance(value, tuple) else isinstance(value, _VALUES)


def _is_ours(value: FunctionType | ModuleType) -> bool:
    """Whether a function or module belongs to this package."""
    name = value.__name__ if isinstance(value, ModuleType) else value.__module__
    return name.partition(".")[0] == _PACKAGE


def _value(value: Any, name: str, code: CodeType, function: FunctionType, seen: set[int]) -> Iterator[bytes]:
    """What a global adds to the digest."""
    if isinstance(value, Dispatcher) or (isinstance(value, FunctionType) and _is_ours(value)):
        yield from _parts(value, seen)
    elif isinstance(value, _Intrinsic):
        yield from _parts(value._defn, seen)
    elif isinstance(value, ModuleType):
        # Of a module of constants, those that may be meant; other libraries by their name.
        if _is_ours(value):
            for attribute in code.co_names:
                if hasattr(value, attribute):
                    yield from _value(getattr(value, attribute), f"{name}.{attribute}", code, function, seen)
    elif isinstance(value, np.ndarray):
        yield repr((value.dtype, value.shape)).encode() + value.tobytes()
    elif isinstance(value, FunctionType) and value.__module__.partition(".")[0] in _COMPILERS:
        # By name: what it prints as tells its address, another one in each process.
        yield f"{value.__module__}.{value.__qualname__}".encode()
    elif isinstance(value, tuple) and not _is_plain(value):
        raise TypeError(
            f"{function.__qualname__} reads {name}, a tuple of more than numbers and texts, which prints as another "
            "one in each process: give each part a name"
        )
    elif isinstance(value, _VALUES) or getattr(value, "__module__", "").partition(".")[0] in _COMPILERS:
        yield repr(value).encode()
    else:
        raise TypeError(f"{function.__qualname__} reads {name}, a {type(value).__name__}: numba cannot freeze it")


class _Cache(FunctionCache):  # type: ignore[misc]
    """numba's cache of one function; a disk that takes nothing more costs its user time, not the run.

    Its files are valid for the kernel's digest, in place of the time and size of a module.  The digest is made when the
    kernel is first called: a process calls few of those that it imports, and digests of all take a tenth of a second.
    """

    unstamped: Dispatcher | None = None
    """The kernel, as long as it has no digest."""

    def make_stamp(self) -> None:
        """Make the digest, once."""
        if self.unstamped is not None:
            self._cache_file._source_stamp, self.unstamped = content_stamp(self.unstamped), None

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        """Tell apart named tuples by the order of their fields, which numba does by name and types only."""
        fields = tuple(kind.fields for kind in sig if isinstance(kind, BaseNamedTuple))
        return super()._index_key(sig, codegen) + ((fields,) if fields else ())

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Take machine code from the disk; what names a module that has moved since is compiled anew."""
        self.make_stamp()
        try:
            return super().load_overload(sig, target_context)
        except ImportError:
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep machine code, or warn that it could not be kept."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _warn_uncached(f"{error.strerror or error}: {self.cache_path}")
        except RuntimeError as error:
            # LLVM hands machine code over by a callback, in which Python swallows what a signal raises, such as the
            # end of a time limit: the code runs, but numba has no copy to keep.
            if "no compiled object" not in str(error):
                raise
            _warn_uncached(f"an interrupt came between: {error}")


@functools.cache
def _warn_uncached(why: str) -> None:
    """Say once why compiled code is not kept."""
    warnings.warn(
        f"compiled code cannot be kept ({why}), so every process compiles it anew, for up to a minute: set "
        "NUMBA_CACHE_DIR to a folder that can be written",
        UncachedKernelWarning,
        stacklevel=2,
    )


def _compile(function: Any, **options: Any) -> Any:
    """Compile with the settings that all kernels share: integer arithmetic needs no fast-math, no parallel loops.

    Kernels may make no arrays, unless they say so (`allocating`): numba would count the references to every array,
    with two calls for each slice, which is more than many of our loops.

    Raises
    ------
    ConfigError
        If numba is told to compile nothing: what a kernel says in LLVM's own terms cannot be interpreted.
    """
    if numba.config.DISABLE_JIT:
        raise ConfigError("NUMBA_DISABLE_JIT is set, but lava-ed's kernels run compiled only: unset it")
    return numba.njit(nogil=True, error_model="numpy", **{"_nrt": False, **options})(function)


def _stamped(function: Any, **options: Any) -> Any:
    """The compiled kernel, kept on disk with its digest in place of its file's time and size."""
    compiled = _compile(function, **options)
    try:
        compiled.enable_caching()
    except RuntimeError as error:  # numba's way to say that neither the package's nor the user's folder is writable
        _warn_uncached(str(error).rpartition(": ")[2])
        return compiled
    # No public hook exists for the stamp; tests/kernels/test_jit.py fails if this one goes away.
    compiled._cache.__class__ = _Cache
    compiled._cache.unstamped = compiled
    return compiled


def kernel(function: F) -> F:
    """Compile a function on its first call and cache the machine code on disk; it may not make arrays."""
    return _stamped(function)  # type: ignore[no-any-return]


def allocating(function: F) -> F:
    """Compile and cache a kernel that makes arrays."""
    return _stamped(function, _nrt=True)  # type: ignore[no-any-return]


def inlined_kernel(function: F) -> F:
    """Compile and cache a kernel that LLVM merges into its caller, since a call with many arrays costs dear.

    Large kernels with loops of their own stay calls: among so much code LLVM finds their vectors no longer.
    """
    return _stamped(function, forceinline=True)  # type: ignore[no-any-return]


def kernel_part(function: F) -> F:
    """Compile a small helper that LLVM merges into the loops that call it; it is not cached on its own."""
    return _compile(function, inline="never")  # type: ignore[no-any-return]


def inlined_source(function: F) -> F:
    """Compile a helper that LLVM would rather call: numba copies its code to where it is called."""
    return _compile(function, inline="always")  # type: ignore[no-any-return]

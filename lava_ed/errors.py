"""Exceptions of lava-ed: each message gives the value, the limit and the way out."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import fields
from importlib import import_module
from numbers import Integral
from typing import Any, TypeGuard

__all__ = [
    "BackendError",
    "CheckpointError",
    "ChipLimitError",
    "ClusterError",
    "ConfigError",
    "DataError",
    "DataNotFoundError",
    "ExchangeError",
    "ExchangeWarning",
    "FixedPointCutWarning",
    "FixedPointOverflowError",
    "FixedPointOverflowWarning",
    "HostedModelWarning",
    "LavaEDError",
    "LavaNotInstalledError",
    "PriceListError",
    "RunFolderError",
    "ShapeError",
    "UncachedKernelWarning",
    "UnrepresentableRateError",
    "UnsupportedProcessError",
    "WeightError",
]


class LavaEDError(Exception):
    """Base class of every error that lava-ed raises on purpose."""


class ConfigError(LavaEDError, ValueError):
    """A setting is outside what the library, or the chip, can do."""


class ChipLimitError(ConfigError):
    """A net or rule does not fit the number formats or tables of the chip."""


class UnrepresentableRateError(ConfigError):
    """A learning rate is not a 4-bit mantissa times a power of two in range."""


class WeightError(ConfigError):
    """Weights are out of range, odd in mixed-sign mode, or not integers."""


class ShapeError(ConfigError):
    """Two shapes that must agree do not."""


class DataError(LavaEDError, ValueError):
    """A data set is malformed: wrong magic, size, label range or pixel value."""


class DataNotFoundError(DataError, FileNotFoundError):
    """A data file is not where it was looked for."""


class ExchangeError(LavaEDError, ValueError):
    """A file of another format cannot be read, or a net cannot be expressed in it."""


class RunFolderError(LavaEDError):
    """A run folder cannot be written, is not a run, or already holds one."""


class CheckpointError(LavaEDError):
    """A checkpoint is unreadable, or was written by another version or for another net."""


class PriceListError(LavaEDError, ValueError):
    """A price list is malformed or names counters that do not exist."""


class ClusterError(LavaEDError):
    """Workers of a long command cannot be had, or cannot do their jobs."""


class BackendError(LavaEDError):
    """A back end cannot do what was asked of it."""


class LavaNotInstalledError(LavaEDError, ImportError):
    """Something needs lava-nc, which only runs on Python 3.10."""


class UnsupportedProcessError(BackendError, NotImplementedError):
    """The engine has no lowering for a process of the graph."""


class NotCompiledError(BackendError):
    """The engine cannot compile a node as it is connected; whoever can do without runs it in another way."""

    def __init__(self, message: str, node: str) -> None:
        super().__init__(message)
        self.node = node


class FixedPointOverflowError(LavaEDError, ArithmeticError):
    """A state left its 24-bit register under the overflow policy "raise"."""


class EnergyEstimateWarning(UserWarning):
    """Figures that read like a chip's measurements are estimates at the prices of a list."""


class FixedPointOverflowWarning(UserWarning):
    """A state left its 24-bit register under the overflow policy "warn"."""


class HostedModelWarning(UserWarning):
    """Some processes of a Lava graph run by their own Python models, step by step, beside the compiled engine."""


class UncachedKernelWarning(UserWarning):
    """Compiled code cannot be kept on disk, so that every process compiles it anew."""


class ExchangeWarning(UserWarning):
    """A file of another format was read otherwise than it says, as the tool that it belongs to reads it."""


class FixedPointCutWarning(UserWarning):
    """A value was cut to what fixed point can hold: a fraction is gone, or it was outside its range."""


def lava_is_here() -> bool:
    """Whether the program has imported lava-nc; `lava_ed.graph`, which can stand in for it, is no Lava."""
    # Modules that stand in are made of no file.
    return hasattr(sys.modules.get("lava.magma.core.process.process"), "__file__")


def without_engine() -> str:
    """How a graph is run that the engine refuses, as an advice without its end."""
    if lava_is_here():
        return "run the graph on Lava's own runtime (without attach)"
    return "run the graph with lava-nc, on Python 3.10"


def is_integer(value: object) -> TypeGuard[int]:
    """Whether a value is an integer, Python's or NumPy's; a truth value is none, though Python counts it as 0 or 1."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def check_integer(name: str, value: Any, low: float = -math.inf) -> None:
    """Raise a ConfigError where a setting is no integer, or too small."""
    if not is_integer(value):
        raise ConfigError(f"{name} is {value!r}: an integer is needed")
    if value < low:
        raise ConfigError(f"{name} is {value}, it must be at least {low}")


def settle_integers(settings: Any, where: str = "") -> None:
    """Make Python's integers of the fields of a dataclass that are annotated as an integer, or as several.

    Another value raises a ConfigError: nothing is rounded behind the user's back, and no yes is counted as 1.
    """
    for field in fields(settings):
        value, kind = getattr(settings, field.name), str(field.type)
        if kind == "int" or (kind == "int | None" and value is not None):
            check_integer(f"{where}{field.name}", value)
            object.__setattr__(settings, field.name, int(value))
        elif kind in ("tuple[int, ...]", "tuple[int, int]"):
            several = isinstance(value, Sequence) and all(map(is_integer, value))
            if not several or (kind == "tuple[int, int]" and len(value) != 2):
                raise ConfigError(f"{where}{field.name} is {value!r}: integers are needed")
            object.__setattr__(settings, field.name, tuple(map(int, value)))


def required(module: str, extra: str, what: str, error: type[LavaEDError] = LavaEDError) -> Any:
    """A module that an extra of lava-ed brings; where it is missing, the error says what for, and how to get it."""
    try:
        return import_module(module)
    except ImportError as missing:
        raise error(f"{what}: pip install 'lava-ed[{extra}]'") from missing

"""Settings that are integers: Python's or NumPy's, and no truth values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from numbers import Integral
from typing import Any, TypeGuard, get_type_hints

from lava_ed.errors import ConfigError


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
    kinds = _kinds(settings.__class__)
    for field in fields(settings):
        value, kind = getattr(settings, field.name), kinds[field.name]
        if kind is int or (kind == int | None and value is not None):
            check_integer(f"{where}{field.name}", value)
            object.__setattr__(settings, field.name, int(value))
        elif kind in (tuple[int, ...], tuple[int, int]):
            several = isinstance(value, Sequence) and all(map(is_integer, value))
            if not several or (kind == tuple[int, int] and len(value) != 2):
                raise ConfigError(f"{where}{field.name} is {value!r}: integers are needed")
            object.__setattr__(settings, field.name, tuple(map(int, value)))


@cache
def _kinds(settings: Any) -> Mapping[str, Any]:
    """The types of a dataclass's fields."""
    return get_type_hints(settings)

"""Some entries of a Var, named as numpy names them; and the names of Vars themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.errors import BackendError, ShapeError
from lava_ed.files.reading import brief
from lava_ed.network.values import numbers_of

__all__ = ["entries_at", "named", "with_entries"]


def entries_at(values: npt.NDArray[Any], idx: Any, name: str) -> npt.NDArray[Any]:
    """The entries values[idx].

    Raises
    ------
    ShapeError
        If numpy has no such entries.
    """
    try:
        return np.array(values[idx])
    except Exception as error:  # an index is any object, whose methods numpy calls
        raise _refused(values, idx, name, error) from error


def with_entries(values: npt.NDArray[Any], idx: Any, new: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    """A copy of the values with others in the entries that `idx` names, in a type that holds them all unchanged.

    Raises
    ------
    ShapeError
        If there are no such entries, or `new` has another shape than they have.
    ConfigError
        If `new` is no array of numbers.
    """
    numbers = numbers_of(new, name)
    # An integer type would wrap what does not fit a Var, and that has to be told.
    wide = np.int64 if values.dtype.kind in "biu" and np.can_cast(numbers.dtype, np.int64) else np.float64
    changed = values.astype(wide)
    try:
        changed[idx] = numbers
    except Exception as error:  # as above
        raise _refused(values, idx, name, error) from error
    return changed


def _refused(values: npt.NDArray[Any], idx: Any, name: str, error: Exception) -> ShapeError:
    return ShapeError(f"{name} of shape {values.shape} takes no index {brief(idx)} with such a value: {error}")


def named(name: Any) -> tuple[str, str]:
    """The name of a Var as (node, Var).

    Raises
    ------
    BackendError
        If the name is none.
    """
    if not (isinstance(name, tuple) and len(name) == 2 and all(isinstance(part, str) for part in name)):
        raise BackendError(f"{brief(name)} is no name of a Var: a pair (node, Var) is needed")
    return name

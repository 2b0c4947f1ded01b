"""Numbers that a caller hands over, as arrays and counts; what is none is refused in the caller's own terms."""

from __future__ import annotations

import operator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.errors import ConfigError, DataError, ShapeError
from lava_ed.files.reading import brief

__all__ = ["check_presented", "count_of", "numbers_of", "plain_of", "whole_of"]

DEPENDENCIES: Final = ("x0", "y0", "u0")
"""What makes a learning engine visit a synapse: a spike before it, an error behind it, the end of an epoch."""


def numbers_of(
    value: Any, what: str = "the value", needed: str = "real numbers", error: type[ConfigError] = ConfigError
) -> npt.NDArray[Any]:
    """An array of bools, integers or floats.

    Integers beyond 64 bits become floats, which every range check refuses where they do not fit.  Anything else
    raises the `error`, or a `ShapeError` where rows have different lengths; its message names the value by `what`, and
    says what is `needed`.

    Examples
    --------
    >>> numbers_of([1, 2.5]).tolist()
    [1.0, 2.5]
    """
    try:
        array = np.asarray(value)
    except Exception as failure:  # numpy runs the caller's own conversions
        if isinstance(failure, ValueError) and isinstance(value, (list, tuple)):
            raise ShapeError(
                f"{what} {brief(value)} is no array ({failure}): give each row the same length"
            ) from failure
        raise error(f"{what} {brief(value)} is no array of {needed}: {failure}") from failure
    if array.dtype.kind == "O" and array.size and all(_is_real(item) for item in array.flat):
        array = _as_floats(array, what)
    if array.dtype.kind not in "biuf":
        raise error(f"{what} of type {array.dtype} are not {needed}: {brief(value)}")
    return array


def _is_real(item: Any) -> bool:
    """Whether an object of an array is a number of Python's or numpy's."""
    return isinstance(item, (int, float, np.integer, np.floating))


def _as_floats(array: npt.NDArray[Any], what: str) -> npt.NDArray[np.float64]:
    """Objects that are numbers, in 64 bits."""
    try:
        return array.astype(np.float64)
    except OverflowError as error:
        raise ConfigError(f"{what} holds an integer beyond the largest float: give a smaller one") from error


def whole_of(value: Any) -> int | None:
    """A number without a fraction as an int, from a float too; None for anything else.

    Examples
    --------
    >>> whole_of(2.0), whole_of(2.5), whole_of("2")
    (2, None, None)
    """
    try:
        whole = None if isinstance(value, (str, bytes)) else int(value)
        return whole if whole is not None and value == whole else None
    except (OverflowError, TypeError, ValueError):
        return None


def plain_of(value: Any) -> Any:
    """A setting with Python's numbers and truth values in place of numpy's, and tuples in place of lists.

    Examples
    --------
    >>> plain_of([np.int8(3), (np.float64(0.5), "x")])
    (3, (0.5, 'x'))
    """
    if isinstance(value, np.generic):
        return value.item()
    return tuple(map(plain_of, value)) if isinstance(value, (list, tuple)) else value


def count_of(value: Any, what: str, least: int | None = 0) -> int:
    """A whole number of at least `least`, or any with None, from Python or numpy.

    Anything else, a bool too, is a `ConfigError`.

    Examples
    --------
    >>> count_of(np.int64(3), "steps")
    3
    """
    try:
        number = operator.index(value)
    except Exception:  # `__index__` may be the caller's code
        number = None
    if number is None or isinstance(value, (bool, np.bool_)):
        raise ConfigError(f"{what} is {brief(value)}: an integer{f' of at least {least}' if least else ''} is needed")
    if least is not None and number < least:
        wanted = "it must not be negative" if least == 0 else f"at least {least} is needed"
        raise ConfigError(f"{what} is {number}: {wanted}")
    return number


def check_presented(indices: npt.NDArray[Any], labels: npt.NDArray[Any], rows: int, outputs: int) -> None:
    """Raise a ShapeError or a DataError unless samples to be presented have a row and a label each, and these exist."""
    for name, values, stop in (("indices", indices, rows), ("labels", labels, outputs)):
        if values.ndim != 1 or values.shape != indices.shape:
            raise ShapeError(f"{name} have shape {values.shape}, expected ({indices.size},): one a sample")
        if len(values) and not (values.dtype.kind in "iu" and values.min() >= 0 and values.max() < stop):
            raise DataError(
                f"{name} span {values.min()} … {values.max()} ({values.dtype}): integers 0 … {stop - 1} are needed"
            )

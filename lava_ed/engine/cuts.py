"""Fixed point cuts fractions and large values.  Lava's models do so silently; this module finds and names them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.errors import FixedPointCutWarning

_SHOWN: Final = 2
"""Values that a message shows of each parameter."""
WHOLE: Final = "The graph computes with integers; round or scale them"
"""Way out of a message about fractions that are written to a graph that is lowered."""


@dataclass(frozen=True)
class Cut:
    """What became of the values of one parameter.

    Parameters
    ----------
    name : str
        Process and Var.
    given, taken : tuple
        The first different values that do not stay, and what stands in their place.
    count, size : int
        Values that do not stay, and all of them.
    fractions : bool
        Whether a value has a fraction, or is no number.
    """

    name: str
    given: tuple[Any, ...]
    taken: tuple[Any, ...]
    count: int
    size: int
    fractions: bool

    def __str__(self) -> str:
        """The cut in words, such as ``dense.weights (0.9 → 0, 3 of 9 values)``."""
        pairs = [f"{given:g} → {taken:g}" for given, taken in zip(self.given, self.taken, strict=True)]
        return f"{self.name} ({', '.join(pairs)}; {self.count} of {self.size} values)"


def cut_of(name: str, given: npt.NDArray[Any], taken: npt.NDArray[Any]) -> Cut | None:
    """The cut of one parameter, from two arrays of the same size; None where every value stays.

    Whole numbers in an array of floats stay.
    """
    before, after = given.reshape(-1), taken.reshape(-1)
    lost = (before != after) & ~((before != before) & (after != after))
    if not lost.any():
        return None
    _, first = np.unique(before[lost], return_index=True)
    shown = np.flatnonzero(lost)[np.sort(first)[:_SHOWN]]
    fractions = before.dtype.kind == "f" and bool(np.any(before[lost] != np.trunc(before[lost])))
    pairs = tuple(before[shown].tolist()), tuple(after[shown].tolist())
    return Cut(name, *pairs, int(lost.sum()), int(lost.size), fractions)


def cut_of_fractions(name: str, values: npt.NDArray[Any], held: np.dtype[Any]) -> Cut | None:
    """What becomes of fractions that are written to a Var of integers; other values that do not fit are refused."""
    if values.dtype.kind != "f" or held.kind in "fb" or not np.all(np.isfinite(values)):
        return None
    return cut_of(name, values, np.trunc(values))


def warn_of(cuts: Sequence[Cut | None], way_out: str, stacklevel: int) -> None:
    """Warn once, of all parameters.

    Parameters
    ----------
    cuts : sequence of Cut or None
        Nothing is said where there are none.
    way_out : str
        A sentence without its end.
    stacklevel : int
        As `warnings.warn`, counted from the caller.
    """
    found = [str(cut) for cut in cuts if cut is not None]
    if found:
        warnings.warn(
            f"fixed point cannot hold these values: {'; '.join(found)}. {way_out}",
            FixedPointCutWarning,
            stacklevel=stacklevel + 1,
        )

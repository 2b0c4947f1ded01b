"""Numbers that are kept in fewer bits than they come in: checked before, never cut on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.errors import ExchangeError


def narrow(values: npt.ArrayLike, dtype: npt.DTypeLike, what: str) -> npt.NDArray[Any]:
    """Values as integers of a type, each of them the same as before.

    One that is not whole, or does not fit the type, raises an `ExchangeError` that begins with ``what`` they are.

    Examples
    --------
    >>> narrow([1.0, -2.0], np.int8, "bias").tolist()
    [1, -2]
    """
    found, info = np.asarray(values), np.iinfo(np.dtype(dtype))
    if found.dtype.kind not in "biuf" or (found.dtype.kind == "f" and not np.all(found == np.trunc(found))):
        raise ExchangeError(f"{what}: {found.dtype} values that are not whole: integers are needed")
    if found.size and not (found.min() >= info.min and found.max() <= info.max):
        raise ExchangeError(
            f"{what}: values span {found.min()} … {found.max()}, {info.bits} bits hold {info.min:,} … {info.max:,}: "
            "scale them"
        )
    return found.astype(dtype)

"""Tables from grey level to spike value, one for each encoder."""

from __future__ import annotations

from typing import Final, get_args

import numpy as np
import numpy.typing as npt

from lava_ed.errors import ConfigError
from lava_ed.kernels.fixed_point import BIN_STEPS
from lava_ed.network.settings import EncoderKind

ENCODERS: Final[tuple[EncoderKind, ...]] = get_args(EncoderKind)
GREY_LEVELS: Final = 256
CURRENT_MAX: Final = 15
"""Largest payload of a graded input spike: with all 7 bits the smallest learning rate would be too large."""

DROP_MAX: Final = 255
"""Largest share of the inputs that may be dropped in training, in 1/256."""


def encoder_table(kind: EncoderKind, steps: int) -> npt.NDArray[np.int32]:
    """Value of each grey level p = 0 … 255.

    ttfs: x = round(p/255·(T − 1)), spike at T − x, black stays silent; rate: x = round(p/255·T)
    spikes, evenly spread; current: x = round(p/255·15), a 4-bit graded spike in every step; binary:
    x = 1 from p = 128 on, one spike; bins: x = p, whose bit t mod 8 is a spike in step t, p being byte t div 8 of the
    input.

    Raises
    ------
    ConfigError
        If the kind is unknown.

    Examples
    --------
    >>> encoder_table("ttfs", 16)[[0, 128, 255]].tolist()
    [0, 8, 15]
    """
    grey = np.arange(GREY_LEVELS, dtype=np.int64)
    if kind == "ttfs":
        values = (2 * grey * (steps - 1) + 255) // 510
    elif kind == "rate":
        values = (2 * grey * steps + 255) // 510
    elif kind == "current":
        values = (2 * grey * CURRENT_MAX + 255) // 510
    elif kind == "binary":
        values = grey // 128
    elif kind == "bins":
        values = grey & ((1 << min(steps, BIN_STEPS)) - 1)
    else:
        raise ConfigError(f"encoder {kind!r} is unknown: use one of {', '.join(ENCODERS)}")
    return values.astype(np.int32)

"""Constants that tell apart the random streams of one layer, and the scale of gathered updates."""

from __future__ import annotations

from typing import Final

import numpy as np

from lava_ed.kernels._jit import kernel
from lava_ed.kernels.fixed_point import stream_key

PORT_STREAM: Final = 1 << 16
"""Added to a layer's number: rounding at the learning ports y1, y2."""
TAG_STREAM: Final = 1 << 17
"""Added to a layer's number: rounding of updates that gather in the tag."""
DROP_STREAM: Final = 1 << 18
"""Stream of the inputs that are dropped in training."""
TAG_EXPONENT: Final = -2
"""Updates gather as dt = 2^-2·x0·y1 − 2^-2·x0·y2, so that a tag's ±255 spans ±1020 units of y."""


@kernel
def _compiled_key(seed, presentation, layer, step):
    return stream_key(seed, presentation, layer, step)


def layer_key(seed: int, presentation: int, layer: int, step: int) -> np.uint64:
    """`stream_key` for callers outside compiled code, typed so that it can be passed back in."""
    return np.uint64(_compiled_key(seed, presentation, layer, step))

"""Baselines: published rules run with the same nets, data, integers and counters, in loops of their own.

Importing this room registers the loops with `lava_ed.network.loops`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.baselines.backend import SampleLoop
from lava_ed.baselines.dense import BaselineBackend
from lava_ed.baselines.map_single_spikes import SingleSpikeMaps
from lava_ed.baselines.map_surrogate import SurrogateMaps
from lava_ed.network.loops import runs
from lava_ed.network.spec import NetworkSpec

__all__ = ["BaselineBackend"]


@runs("mpd-ed", "relpsp", "renner")
def _baseline(spec: NetworkSpec, weights: Sequence[npt.NDArray[np.int8]] | None = None) -> SampleLoop:
    """The back end of a baseline's net: dense, or with convolutions."""
    kind: Any = (SurrogateMaps if spec.rule.timing.replays else SingleSpikeMaps) if spec.arch else BaselineBackend
    loop: SampleLoop = kind(spec, weights)
    return loop

"""By which spikes learning visits synapses: chosen by what is fewer, as weights are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.backends.backend import make_backend
from lava_ed.energy.dependency import Visits, counts_of, fewest
from lava_ed.network.spec import NetworkSpec

SAMPLES: Final = 1000


def visits_of(spec: NetworkSpec, state: Mapping[str, npt.NDArray[Any]]) -> Visits:
    """Synapses of each connection that training visited under x0 and y0, whichever of them it was counted by.

    None of a net that has no choice: with convolutions, or with samples longer than an epoch.
    """
    if spec.arch or spec.schedule.learning_epoch[1] == "u0":
        return {}
    names = {f"dense{layer}": {by: f"dense{layer}.visits_{by}" for by in ("x0", "y0")} for layer in spec.layers}
    return {
        node: {by: int(state[name][0]) for by, name in each.items()}
        for node, each in names.items()
        if each["x0"] in state
    }


def chosen(
    spec: NetworkSpec, images: npt.NDArray[np.uint8], labels: npt.NDArray[Any], rows: npt.NDArray[np.int64]
) -> tuple[NetworkSpec, str]:
    """The net with the dependency that visits least while it learns from its first samples, and the counts that say so.

    It learns from them in the engine, and is thrown away: the choice depends on the net, its seed and the samples.
    """
    epoch, engine = spec.schedule.learning_epoch
    if engine == "u0":
        return spec, f"dependency u0: a sample of {spec.schedule.period} steps is longer than an epoch, now {epoch}"
    rows = rows[:SAMPLES]
    backend = make_backend("engine", spec)
    backend.bind(images)
    backend.present(rows, labels[rows])
    visits = visits_of(spec, backend.state())
    dependency = fewest(visits)
    reason = f"dependency {dependency}: {counts_of(visits, len(rows))} (the first {len(rows):,} samples)"
    changed: dict[str, Any] = {"dependency": dependency}
    return replace(spec, **changed), reason

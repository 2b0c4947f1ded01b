"""Energy: operations are counted first and priced later, each figure under the name of its price list."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from lava_ed.energy.chips import CHIPS, LOIHI1, LOIHI2, ChipLimits, Hops, mesh_hops
from lava_ed.energy.counting import per_sample, subtract, total
from lava_ed.energy.estimate import estimate_sample, sample_counts
from lava_ed.energy.learning_cost import learning_cost
from lava_ed.energy.prices import KINDS, Price, PriceList, StaticPower, Time, built_in_price_lists, load_price_list
from lava_ed.energy.report import energy_range, energy_report

if TYPE_CHECKING:
    from lava_ed.energy.chip_net import ChipNet, Inlet
    from lava_ed.energy.conv_estimate import conv_sample_counts, estimate_convolutions
    from lava_ed.energy.learning_meter import LearningCostMeter
    from lava_ed.energy.mapping import Mapping, Traffic, Usage, Utilisation, map_network
    from lava_ed.energy.timing import busy_seconds
    from lava_ed.lava_graphs.energy_profiler import EnergyProfiler
    from lava_ed.lava_graphs.profiler import Loihi2SimProfiler

__all__ = [
    "CHIPS",
    "KINDS",
    "LOIHI1",
    "LOIHI2",
    "ChipLimits",
    "ChipNet",
    "EnergyProfiler",
    "Hops",
    "Inlet",
    "LearningCostMeter",
    "Loihi2SimProfiler",
    "Mapping",
    "Price",
    "PriceList",
    "StaticPower",
    "Time",
    "Traffic",
    "Usage",
    "Utilisation",
    "built_in_price_lists",
    "busy_seconds",
    "conv_sample_counts",
    "energy_range",
    "energy_report",
    "estimate_convolutions",
    "estimate_sample",
    "learning_cost",
    "load_price_list",
    "map_network",
    "mesh_hops",
    "per_sample",
    "sample_counts",
    "subtract",
    "total",
]

_LATE: Final = {
    **dict.fromkeys(("ChipNet", "Inlet"), "lava_ed.energy.chip_net"),
    **dict.fromkeys(("Mapping", "Traffic", "Usage", "Utilisation", "map_network"), "lava_ed.energy.mapping"),
    **dict.fromkeys(("conv_sample_counts", "estimate_convolutions"), "lava_ed.energy.conv_estimate"),
    "EnergyProfiler": "lava_ed.lava_graphs.energy_profiler",
    "LearningCostMeter": "lava_ed.energy.learning_meter",
    "Loihi2SimProfiler": "lava_ed.lava_graphs.profiler",
    "busy_seconds": "lava_ed.energy.timing",
}
"""Names that need numpy or Lava, which pricing does not: imported when they are first asked for."""


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATE[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATE})

"""Energy: operations are counted first and priced later, each figure under the name of its price list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lava_ed.energy.chips import CHIPS, LOIHI1, LOIHI2, ChipLimits, Hops, mesh_hops
from lava_ed.energy.counting import per_sample, subtract, total
from lava_ed.energy.prices import KINDS, Price, PriceList, StaticPower, built_in_price_lists, load_price_list
from lava_ed.energy.profiler import EnergyProfiler
from lava_ed.energy.report import energy_report

if TYPE_CHECKING:
    from lava_ed.energy.mapping import Mapping, Traffic, Usage, Utilisation, map_network

__all__ = [
    "CHIPS",
    "KINDS",
    "LOIHI1",
    "LOIHI2",
    "ChipLimits",
    "EnergyProfiler",
    "Hops",
    "Mapping",
    "Price",
    "PriceList",
    "StaticPower",
    "Traffic",
    "Usage",
    "Utilisation",
    "built_in_price_lists",
    "energy_report",
    "load_price_list",
    "map_network",
    "mesh_hops",
    "per_sample",
    "subtract",
    "total",
]

_OF_MAPPING: Final = ("Mapping", "Traffic", "Usage", "Utilisation", "map_network")
"""Names that need numpy, which pricing does not: imported when they are first asked for."""


def __getattr__(name: str) -> Any:
    if name not in _OF_MAPPING:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from lava_ed.energy import mapping

    return getattr(mapping, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_OF_MAPPING})

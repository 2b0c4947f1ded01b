"""Energy: operations are counted first and priced later, each figure under the name of its price list."""

from __future__ import annotations

from lava_ed.energy.counting import per_sample, subtract, total
from lava_ed.energy.prices import KINDS, Price, PriceList, StaticPower, built_in_price_lists, load_price_list
from lava_ed.energy.profiler import EnergyProfiler
from lava_ed.energy.report import energy_report

__all__ = [
    "KINDS",
    "EnergyProfiler",
    "Price",
    "PriceList",
    "StaticPower",
    "built_in_price_lists",
    "energy_report",
    "load_price_list",
    "per_sample",
    "subtract",
    "total",
]

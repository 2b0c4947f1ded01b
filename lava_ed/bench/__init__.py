"""Measurements of the engine beside stock Lava; the commands are in `lava_ed.cli.bench`."""

from __future__ import annotations

from lava_ed.bench.energy import CountingCost, bench_energy
from lava_ed.bench.engine import NetTiming, bench_engine

__all__ = ["CountingCost", "NetTiming", "bench_energy", "bench_engine"]

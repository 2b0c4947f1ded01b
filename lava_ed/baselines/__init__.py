"""Baselines: published rules run with the same nets, data, integers and counters, in compiled loops of their own.

Importing this room registers the loops with `lava_ed.network.loops`.
"""

from lava_ed.baselines.backend import BaselineBackend

__all__ = ["BaselineBackend"]

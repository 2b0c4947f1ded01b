"""Plots of runs, nets and measurements; matplotlib is loaded when one is drawn."""

from lava_ed.viz.curves import learning_curves
from lava_ed.viz.raster import Raster, spike_raster

__all__ = ["Raster", "learning_curves", "spike_raster"]

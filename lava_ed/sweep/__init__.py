"""Sweeps search settings: every rule gets the same number of trials, judged on validation samples only."""

from lava_ed.config.settings_file import read_settings
from lava_ed.sweep.space import SPACES, Space, draw, training_settings
from lava_ed.sweep.study import SweepConfig, sweep

__all__ = ["SPACES", "Space", "SweepConfig", "draw", "read_settings", "sweep", "training_settings"]

"""Configurations decide the outcome of a training run; presets fill what a user leaves out."""

from lava_ed.config.presets import NAMED, named_preset, preset
from lava_ed.config.settings_file import read_settings
from lava_ed.config.training import TrainConfig

__all__ = ["NAMED", "TrainConfig", "named_preset", "preset", "read_settings"]

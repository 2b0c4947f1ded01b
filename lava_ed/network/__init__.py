"""Descriptions of nets: layers, rule, schedule, number formats. Only `classifier` needs Lava."""

from lava_ed.network.adaptation import Adaptation
from lava_ed.network.schedule import Schedule
from lava_ed.network.spec import NetworkSpec

__all__ = ["Adaptation", "NetworkSpec", "Schedule"]

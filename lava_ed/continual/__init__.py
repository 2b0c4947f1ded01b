"""Learning one task after the other, and what is left of the first when the last is learned."""

from lava_ed.continual.consolidation import Consolidation
from lava_ed.continual.learner import ContinualConfig, learn_tasks
from lava_ed.continual.scenario import INCREMENTAL, Scenario, Task, make_scenario, parse_scenario

__all__ = [
    "INCREMENTAL",
    "Consolidation",
    "ContinualConfig",
    "Scenario",
    "Task",
    "learn_tasks",
    "make_scenario",
    "parse_scenario",
]

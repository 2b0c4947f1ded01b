"""Runs of several rules and seeds are set beside each other at equal accuracy."""

from lava_ed.comparison.entries import REFERENCE, TOLERANCE, compare
from lava_ed.comparison.groups import FREEDOMS, ComparedRun, Group, group_runs, read_run
from lava_ed.comparison.ratios import CLAIMED, RATIOS

__all__ = [
    "CLAIMED",
    "FREEDOMS",
    "RATIOS",
    "REFERENCE",
    "TOLERANCE",
    "ComparedRun",
    "Group",
    "compare",
    "group_runs",
    "read_run",
]

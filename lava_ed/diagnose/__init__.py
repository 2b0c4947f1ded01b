"""Diagnosis of a net that learns: silence, saturation, reversed and exploding gradients are measured."""

from lava_ed.diagnose.measure import Diagnosis, diagnose_model
from lava_ed.diagnose.run import diagnose_run

__all__ = ["Diagnosis", "diagnose_model", "diagnose_run"]

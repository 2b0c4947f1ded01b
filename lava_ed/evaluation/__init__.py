"""Evaluation: a trained net is judged, and looked at sample by sample, with learning switched off."""

from lava_ed.evaluation.evaluate import Evaluation, evaluate, evaluate_run

__all__ = ["Evaluation", "evaluate", "evaluate_run"]

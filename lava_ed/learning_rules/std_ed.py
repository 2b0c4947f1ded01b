"""STD-ED: learning from precise spike times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lava_ed.kernels.fixed_point import TRACE_MAX
from lava_ed.learning_rules.rule import LearningRule
from lava_ed.learning_rules.timing import Timing


@dataclass(frozen=True)
class STDED(LearningRule):
    """Spike-time event-driven rule: dw_ij = η·x_i·δ_j, at the end of each sample.

    x_i = T − t_i is the value of the one pre-synaptic spike (trace x1), δ_j the error of a neuron
    that fired strictly inside its window (y1 its positive, y2 its negative part).  As a Loihi rule:
    ``2^a*x0*x1*y1 - 2^a*x0*x1*y2``, which the 15-bit accumulator makes η = m·2^(a − 3 − s).

    Parameters
    ----------
    learning_rate : float
        Default 2^-10, the smallest rate without a shift at the learning port.
    decay : tuple of (float, float)
        See `LearningRule`.

    Notes
    -----
    A reconstruction of the rule of Wei et al., "Event-Driven Learning for Spiking Neural Networks"
    (arXiv 2403.00270), from its abstract; the published equations may differ.
    """

    learning_rate: float = 2.0**-10

    name: ClassVar[str] = "std-ed"
    timing: ClassVar[Timing] = Timing(
        "std-ed", 2, TRACE_MAX, "the 7-bit trace x1 holds T − s", in_turn=True, ramps=True, spikes_once=True
    )
    encoders: ClassVar[tuple[str, ...]] = ("ttfs",)
    neuron: ClassVar[str] = "AFTIF"
    with_x1: ClassVar[bool] = True

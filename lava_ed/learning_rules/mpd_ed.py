"""MPD-ED: learning from the membrane potential at spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lava_ed.kernels.fixed_point import HISTORY_BITS
from lava_ed.learning_rules.rule import LearningRule
from lava_ed.learning_rules.timing import Timing


@dataclass(frozen=True)
class MPDED(LearningRule):
    """Membrane-potential event-driven rule: dw_jk = η·Σ_t s_j[t]·D_k[t], while spikes replay in reversed time.

    D_k[t] is the error of neuron k's next spike at or after t, leaked back to t, and zero unless the
    membrane at that spike lay inside the surrogate's support; y1 and y2 are the top 7 bits of its
    parts.  As a Loihi rule: ``2^a*x0*y1 - 2^a*x0*y2`` in every replay step, η = m·2^(a − s).

    Parameters
    ----------
    learning_rate : float
        Default 2^-7, the smallest rate without a shift at the learning port.
    decay : tuple of (float, float)
        See `LearningRule`.

    Notes
    -----
    A reconstruction of the rule of Wei et al., "Event-Driven Learning for Spiking Neural Networks"
    (arXiv 2403.00270), from its abstract; the published equations may differ.
    """

    learning_rate: float = 2.0**-7

    name: ClassVar[str] = "mpd-ed"
    timing: ClassVar[Timing] = Timing("mpd-ed", 2, HISTORY_BITS, "a spike history is one 32-bit word", replays=True)
    neuron: ClassVar[str] = "AFTLIF"

"""MPD-ED: learning from the membrane potential at spikes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from lava_ed.errors import ConfigError
from lava_ed.integers import is_integer
from lava_ed.kernels.fixed_point import HISTORY_BITS, HISTORY_WORDS
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
    timing: ClassVar[Timing] = Timing(
        "mpd-ed", 2, HISTORY_WORDS * HISTORY_BITS, "a spike history is two words of 32 bits", replays=True
    )
    encoders: ClassVar[tuple[str, ...]] = ("rate", "ttfs", "current", "bins")
    neuron: ClassVar[str] = "AFTLIF"

    def learning_as(self, learning: str) -> LearningRule:
        """The same rule, with weights that change in every step of the replay, or once a sample."""
        kind: type[MPDED] = {"replayed": MPDED, "aggregated": AggregatedMPDED}[learning]
        return self if type(self) is kind else kind(self.learning_rate, self.decay)


@dataclass(frozen=True)
class AggregatedMPDED(MPDED):
    """MPD-ED that visits a synapse once a sample: dw_ik = η·x_i·A_k, A_k = (Σ_t D_k[t]) / 2^⌈log₂ T⌉.

    x_i is the payload of a graded input, or the number of spikes of neuron i (trace x1), and y1 and y2 are the top
    7 bits of A_k's parts; at the readout A_o is its error e_o.  As a Loihi rule: ``2^a*x0*x1*y1 - 2^a*x0*x1*y2`` at
    the sample's end, η = m·2^(a − 3 − s).

    Σ_t s_i[t]·D_k[t] = x_i·Σ_t D_k[t] holds exactly where the input is constant, and at the readout, whose D is
    constant.  Between spikes that come at a rate the product of means takes the place of the mean of products.

    Parameters
    ----------
    learning_rate : float
    decay : tuple of (float, float)
        See `LearningRule`.
    count_shift : int
        A spike adds 2^count_shift to x1 (which saturates at 127), 0 … 3, and η = m·2^(a − 3 + count_shift − s): of the
        3 bits that the learning engine cuts off a product, as many hold nothing.

    Raises
    ------
    ConfigError
        If count_shift is no integer 0 … 3.

    See Also
    --------
    MPDED : the same errors, with weights that change in every step of the replay.
    """

    count_shift: int = 0

    timing: ClassVar[Timing] = replace(MPDED.timing, kind="mpd-ed-aggregated", aggregates=True)
    with_x1: ClassVar[bool] = True
    x1_counts: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not is_integer(self.count_shift) or not 0 <= self.count_shift <= 3:
            raise ConfigError(f"count_shift is {self.count_shift!r}, allowed is an integer 0 … 3")
        object.__setattr__(self, "count_shift", int(self.count_shift))
        super().__post_init__()

    @property
    def excess(self) -> int:
        """Right shift of a product of the number of spikes and an error."""
        return super().excess - self.count_shift

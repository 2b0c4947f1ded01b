"""What every learning rule is: a sum-of-products string, a rate and its schedule, and its chip limits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from lava_ed.errors import ConfigError, LavaNotInstalledError
from lava_ed.kernels.fixed_point import ACCUMULATOR_BITS, MANTISSA_BITS, TRACE_BITS
from lava_ed.learning_rules.rate import LearningRate
from lava_ed.learning_rules.timing import Timing

if TYPE_CHECKING:
    from lava.magma.core.learning.learning_rule import Loihi3FLearningRule

HOLD_TAU = 2**32
"""Trace time constant that holds a trace in Lava's LearningDense (0 clears it, inf crashes)."""


def halvings(*progress: float) -> tuple[tuple[float, float], ...]:
    """Decay that halves the rate at each of these shares of training.

    Examples
    --------
    >>> halvings(0.5, 0.75)
    ((0.5, 0.5), (0.75, 0.25))
    """
    return tuple((p, math.ldexp(1.0, -k)) for k, p in enumerate(progress, start=1))


@dataclass(frozen=True)
class LearningRule:
    """A supervised event-driven rule: one sum of products, its rate, and how the rate falls.

    Parameters
    ----------
    learning_rate : float
        η; rounded to the nearest rate that the chip holds (`rate` has the result).
    decay : tuple of (float, float)
        (progress, factor) pairs: from that share of training on, the rate is η·factor.  Default: halved after 50 and
        75 % of training.

    Raises
    ------
    UnrepresentableRateError
        If η, or η times a factor, is outside what the chip holds.
    ConfigError
        If progress values are not increasing within 0 … 1.
    """

    learning_rate: float = 0.0
    decay: tuple[tuple[float, float], ...] = halvings(0.5, 0.75)

    name: ClassVar[str] = ""
    timing: ClassVar[Timing]
    kind: ClassVar[str] = ""
    """Name of the schedule that the rule learns by, taken from its timing."""
    encoders: ClassVar[tuple[str, ...]] = ("rate", "ttfs", "current")
    """Encoders whose spikes the rule can learn from; the first is taken where none is given."""
    neuron: ClassVar[str] = ""
    """Kind of node of a hidden layer; that of a baseline has no Lava process."""
    with_x1: ClassVar[bool] = False
    x1_counts: ClassVar[bool] = False
    """Whether x1 is a number of spikes, not the value of the only one."""
    count_shift = 0
    """Then each spike adds 2^count_shift."""
    baseline: ClassVar[bool] = False
    """Whether the rule is a baseline, which runs in a loop of its own and has no Lava processes."""
    output_spikes: ClassVar[bool] = False
    """Whether output neurons have a threshold, whatever the readout."""
    hidden_layers: ClassVar[int | None] = None
    """Number of hidden layers that the rule was published for; None: any number."""
    unread: ClassVar[tuple[str, ...]] = ()
    """Settings of a net that the rule's own loop does not read."""

    def __init_subclass__(cls) -> None:
        cls.kind = cls.timing.kind

    def __post_init__(self) -> None:
        pairs = tuple((float(p), float(f)) for p, f in self.decay)
        object.__setattr__(self, "decay", pairs)
        progress = [p for p, _ in pairs]
        if any(not 0 < p < 1 for p in progress) or progress != sorted(set(progress)):
            raise ConfigError(
                f"decay {self.decay}: the progress values must increase strictly between 0 and 1, "
                "for example ((0.5, 0.5), (0.75, 0.25))"
            )
        object.__setattr__(self, "learning_rate", self.rate.value)
        for _, factor in pairs:
            LearningRate.nearest(self.learning_rate * factor, self.excess)

    @property
    def factor_bits(self) -> int:
        """Summed widths of the trace factors of one product."""
        return TRACE_BITS * (2 if self.with_x1 else 1)

    @property
    def excess(self) -> int:
        """Right shift that brings a product back into the 15-bit accumulator."""
        return max(0, self.factor_bits + MANTISSA_BITS - ACCUMULATOR_BITS)

    @property
    def rate(self) -> LearningRate:
        """The rate at the start of training, after rounding."""
        return LearningRate.nearest(self.learning_rate, self.excess)

    def learning_as(self, learning: str) -> LearningRule:
        """The rule for the setting `learning` of a net, which has a meaning for MPD-ED only.

        Raises
        ------
        ConfigError
        """
        if learning != "replayed":
            raise ConfigError(f"learning {learning!r} is a way of mpd-ed: with {self.name} leave learning out")
        return self

    def rate_at(self, progress: float) -> LearningRate:
        """The rate after this share (0 … 1) of training, after rounding."""
        factor = 1.0
        for start, value in self.decay:
            if progress >= start:
                factor = value
        return LearningRate.nearest(self.learning_rate * factor, self.excess)

    def dw(self, dependency: str = "x0", rate: LearningRate | None = None) -> str:
        """The rule in Loihi's language.

        Parameters
        ----------
        dependency : {"x0", "y0", "u0"}
            What makes the learning engine visit a synapse; with u0, x0 is implied by x1 = 0.
        rate : LearningRate, optional
            Default: the rate at the start of training.
        """
        scale = (rate or self.rate).scale
        factors = "x1*" if self.with_x1 else ""
        return f"{scale}*{dependency}*{factors}y1 - {scale}*{dependency}*{factors}y2"

    def to_lava(
        self, t_epoch: int = 1, seed: int | None = None, rate: LearningRate | None = None, graded: bool = False
    ) -> Loihi3FLearningRule:
        """The rule as a `Loihi3FLearningRule` for Lava's own LearningDense.

        y1 and y2 come from the post-synaptic process.  x1, where the rule has it, is written by
        graded spikes under ``GradedSpikeCfg.OVERWRITE`` (payload 2·x) and held between spikes; where it is a number
        of spikes (`x1_counts`) and the input is not `graded`, each spike adds 2^`count_shift`, and
        whoever runs the net sets x1 to 0 at a sample's start, as no trace of Lava's both holds and ends.  A
        rate's `port_shift` is not in the string: the neuron shifts what it sends.

        Raises
        ------
        LavaNotInstalledError
            Where lava-nc is absent.
        ConfigError
            If the rule is a baseline.
        """
        if self.baseline:
            raise ConfigError(f"{self.name} is a baseline without Lava processes: only std-ed and mpd-ed have them")
        try:
            from lava.magma.core.learning.learning_rule import Loihi3FLearningRule
        except ImportError as error:
            raise LavaNotInstalledError(
                "to_lava() needs lava-nc, which runs on Python 3.10 only: pip install lava-nc==0.10.0 there"
            ) from error
        impulse = (1 << self.count_shift) if self.x1_counts and not graded else 0
        traces: dict[str, Any] = {"x1_impulse": impulse, "x1_tau": HOLD_TAU} if self.with_x1 else {}
        return Loihi3FLearningRule(dw=self.dw("x0", rate), t_epoch=t_epoch, rng_seed=seed, **traces)

    def to_dict(self) -> dict[str, Any]:
        """Plain description, as saved in a run's config.json."""
        return {
            "name": self.name,
            "learning_rate": self.learning_rate,
            "decay": [list(p) for p in self.decay],
        }

"""The phases of one sample: who integrates, fires, replays and learns when.

``phase = (time_step − 1) mod period``.  Layers count from 0, the input, to ``layers``, the output;
connection l leads from layer l − 1 to layer l.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from lava_ed.errors import ConfigError
from lava_ed.integers import settle_integers
from lava_ed.kernels.fixed_point import ERROR_FRACTION_BITS
from lava_ed.learning_rules import TIMINGS, Timing
from lava_ed.network.settings import ReadoutKind

Kind = Literal["std-ed", "mpd-ed", "mpd-ed-aggregated", "relpsp", "renner"]

READOUTS: Final[tuple[ReadoutKind, ...]] = get_args(ReadoutKind)
MAX_EPOCH: Final = 63
"""Longest learning epoch: spike times within it are 6-bit numbers, 0 meaning none."""


@dataclass(frozen=True)
class Schedule:
    """Phases of a sample for one rule: T steps a window, W weight layers, one readout.

    STD-ED: layer l fires in phases l·T … l·T + T − 1, the error arrives at E = W·T, layer l has
    its δ at E + W − l, and all layers learn in the last phase, S = E + W.
    MPD-ED: layer l takes its step t at phase l + t; the error arrives at E = W + T − 1; layer l
    replays step t at E + (T − 1 − t) + (W − l), and S = E + T + W − 1.  Aggregated, all layers learn in its last phase.
    The baseline relpsp: layer l takes its step t at phase l + t, up to t = T; E = W + T, layer l has its
    δ at E + W − l, and S = E + W.  The baseline renner: one step a layer, S = 12.
    A first-spike readout fires for T more steps before the error: E grows by T − 1.

    Parameters
    ----------
    steps : int
        T, at most 127 for STD-ED (7-bit x1) and 64 for MPD-ED (two words of history).
    layers : int
        W, at least 1.
    kind : {"std-ed", "mpd-ed", "mpd-ed-aggregated", "relpsp", "renner"}
    readout : {"membrane", "first-spike"}

    Raises
    ------
    ConfigError
        If T or W is out of range, or a name is unknown.

    Examples
    --------
    >>> Schedule(steps=30, layers=2, kind="std-ed").period
    62
    >>> Schedule(steps=8, layers=2, kind="mpd-ed").period
    18
    """

    steps: int
    layers: int
    kind: Kind = "std-ed"
    readout: ReadoutKind = "membrane"

    def __post_init__(self) -> None:
        settle_integers(self)
        if self.kind not in TIMINGS:
            raise ConfigError(f"schedule kind {self.kind!r} is unknown: use one of {', '.join(TIMINGS)}")
        if self.readout not in READOUTS:
            raise ConfigError(f"readout {self.readout!r} is unknown: use one of {', '.join(READOUTS)}")
        if self.layers < 1:
            raise ConfigError(f"a net needs at least 1 weight layer, got {self.layers}")
        timing = self.timing
        if not timing.least <= self.steps <= timing.most:
            raise ConfigError(
                f"{self.kind} takes T = {timing.least} … {timing.most} time steps ({timing.why}), got {self.steps}: "
                "choose a shorter window"
            )

    @property
    def timing(self) -> Timing:
        """What the rule makes of the time steps."""
        return TIMINGS[self.kind]

    @property
    def membrane_phase(self) -> int:
        """Phase in which the output membranes have their final value."""
        return self.integrate_stop(self.layers) - 1 + self.timing.late

    @property
    def error_phase(self) -> int:
        """E, the phase in which the output error is computed and sent."""
        return self.membrane_phase + (self.steps - 1 if self.readout == "first-spike" else 0)

    @property
    def period(self) -> int:
        """S, the number of time steps of one sample."""
        backward = self.timing.learning_steps or self.layers + (self.steps - 1 if self.timing.replays else 0)
        return self.error_phase + backward

    @property
    def learning_phase(self) -> int:
        """Last phase of a sample: STD-ED learns here, MPD-ED empties its tags."""
        return self.period - 1

    def fire_start(self, layer: int) -> int:
        """First phase in which `layer` may spike in the forward pass."""
        return layer * self.steps if self.timing.in_turn else layer

    def integrate_start(self, layer: int) -> int:
        """First phase in which `layer` takes input."""
        return self.fire_start(layer - 1) + (0 if self.timing.in_turn else 1)

    def integrate_stop(self, layer: int) -> int:
        """Phase after the last one in which `layer` takes input, which comes a step after its source fired."""
        return self.fire_start(layer - 1) + self.steps + 1

    def error_arrival(self, layer: int) -> int:
        """Phase in which `layer` has its δ (STD-ED), or replays its last step (MPD-ED)."""
        return self.error_phase + self.layers - layer

    def error_phases(self, layer: int) -> range:
        """Phases in which `layer` sends its errors back: one, or where they are replayed one for each step.

        The output layer has its errors at once.
        """
        first = self.error_arrival(layer)
        return range(first, first + (self.steps if self.timing.replays and layer < self.layers else 1))

    def learning_phases(self, layer: int) -> range:
        """Phases in which connection `layer` learns."""
        if not self.timing.replays_spikes:
            return range(self.learning_phase, self.period)
        first = self.error_arrival(layer)
        return range(first, first + self.steps)

    @property
    def error_fraction_bits(self) -> int:
        """Bits after the point of an error that travels."""
        return ERROR_FRACTION_BITS if self.timing.replays else 0

    @property
    def learning_epoch(self) -> tuple[int, str]:
        """(t_epoch, dependency): the epoch that ends with the sample, and x0, or u0 if it must be shorter.

        An STD-ED period above 63 does not fit the 6-bit epoch counter, so the epoch is the longest
        divisor of the period that does, and x0, which would be cleared too early, becomes u0.
        MPD-ED learns in every replay step: t_epoch is 1.
        """
        if not self.timing.learns_once:
            return 1, "x0"
        if self.period <= MAX_EPOCH:
            return self.period, "x0"
        return max(d for d in range(1, MAX_EPOCH + 1) if self.period % d == 0), "u0"

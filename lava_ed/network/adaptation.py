"""How an adaptive threshold moves in training."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from lava_ed.errors import ConfigError
from lava_ed.integers import settle_integers


@dataclass(frozen=True)
class Adaptation:
    """Steps of a threshold κ = (4 + q mod 4)·2^(q div 4), moved from counts every N samples.

    Parameters
    ----------
    initial_step : int
        q at the start.
    interval : int
        N, samples between moves; 0 keeps the threshold fixed.
    low, high : int
        Band for the share of neurons that fire, in 1/128.
    ceiling : int
        Largest share of neurons at the ceiling, in 1/128: above it the threshold rises.

    Raises
    ------
    ConfigError
        If a number is no integer, a share is outside 0 … 128, the band is empty, or a number is negative.
    """

    initial_step: int = 32
    interval: int = 64
    low: int = 38
    high: int = 77
    ceiling: int = 13

    def __post_init__(self) -> None:
        settle_integers(self, "adaptation: ")
        if not 0 <= self.low < self.high <= 128 or not 0 <= self.ceiling <= 128:
            raise ConfigError(
                f"adaptation band {self.low} … {self.high}, ceiling {self.ceiling}: shares are in 1/128, "
                "0 ≤ low < high ≤ 128 and 0 ≤ ceiling ≤ 128"
            )
        if self.interval < 0 or not 0 <= self.initial_step <= self.highest_step:
            raise ConfigError(
                f"interval {self.interval} must not be negative, and the initial step {self.initial_step} "
                f"lies in 0 … {self.highest_step}"
            )

    @property
    def highest_step(self) -> int:
        """Largest q: κ stays below 2^16, so that κ·T fits a 24-bit register for T up to 127."""
        from lava_ed.kernels.fixed_point import (
            STATE_BITS,  # numba comes with it, which a command's help need not wait for
        )

        return 4 * (STATE_BITS - 10) - 1

    def to_dict(self) -> dict[str, Any]:
        """Plain description, as saved in a run's config.json."""
        return asdict(self)

"""Learning rates that the chip can hold: a 4-bit mantissa, an exponent, and a shift at the learning port."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real
from typing import Final

from lava_ed.errors import UnrepresentableRateError
from lava_ed.integers import settle_integers
from lava_ed.kernels.fixed_point import SCALE_EXPONENT_MAX, SCALE_EXPONENT_MIN

MAX_MANTISSA: Final = 7
"""Both signs of the scale are needed (+m for y1, −m for y2), so m is 1 … 7 of the mantissa's −8 … 7."""
MAX_PORT_SHIFT: Final = 7


@dataclass(frozen=True)
class LearningRate:
    """η = m·2^(a − excess − s), with every part in the chip's range.

    Parameters
    ----------
    mantissa : int
        m, 1 … 7.
    exponent : int
        a, −7 … 8: the scale in the rule's string is m·2^a.
    port_shift : int
        s, 0 … 7: the neuron sends |δ| » s, rounded stochastically, to y1 and y2.
    excess : int
        Right shift that the learning engine itself applies (3 for x1·y1, 0 for y1 alone).
    """

    mantissa: int
    exponent: int
    port_shift: int = 0
    excess: int = 0

    def __post_init__(self) -> None:
        settle_integers(self)
        if not (
            1 <= self.mantissa <= MAX_MANTISSA
            and SCALE_EXPONENT_MIN <= self.exponent <= SCALE_EXPONENT_MAX
            and 0 <= self.port_shift <= MAX_PORT_SHIFT
        ):
            raise UnrepresentableRateError(
                f"m={self.mantissa}, a={self.exponent}, s={self.port_shift} is no learning rate of the chip: "
                f"m is 1 … {MAX_MANTISSA}, a is {SCALE_EXPONENT_MIN} … {SCALE_EXPONENT_MAX}, "
                f"s is 0 … {MAX_PORT_SHIFT}"
            )

    @property
    def value(self) -> float:
        """η, in weight units per unit of x·δ."""
        return math.ldexp(self.mantissa, self.exponent - self.excess - self.port_shift)

    @property
    def scale(self) -> str:
        """The scale as Loihi's rule language writes it."""
        return f"{self.mantissa}*2^{self.exponent}" if self.mantissa != 1 else f"2^{self.exponent}"

    @classmethod
    def limits(cls, excess: int = 0) -> tuple[float, float]:
        """Smallest and largest rate for a rule with this excess."""
        low = math.ldexp(1, SCALE_EXPONENT_MIN - excess - MAX_PORT_SHIFT)
        return low, math.ldexp(MAX_MANTISSA, SCALE_EXPONENT_MAX - excess)

    @classmethod
    def nearest(cls, value: float, excess: int = 0) -> LearningRate:
        """The representable rate nearest to `value`; its `value` is what is printed and saved.

        Raises
        ------
        UnrepresentableRateError
            If `value` is not a positive number between the smallest and the largest rate.

        Examples
        --------
        >>> LearningRate.nearest(0.003, excess=3).value
        0.0029296875
        """
        low, high = cls.limits(excess)
        if not (isinstance(value, Real) and math.isfinite(value) and low <= value <= high):
            raise UnrepresentableRateError(
                f"learning rate {value} is not representable: this rule holds m·2^k with m = 1 … {MAX_MANTISSA} "
                f"between {low:g} and {high:g}; choose a rate in that range"
            )
        # Of equal values the smallest mantissa: 1·2^1 rather than 2·2^0.
        return min(_representable(excess), key=lambda entry: (abs(entry[0] - value), entry[1].mantissa))[1]


@lru_cache
def _representable(excess: int) -> tuple[tuple[float, LearningRate], ...]:
    """Every rate of a rule with this excess, behind its value."""
    rates = (
        LearningRate(mantissa, max(a, SCALE_EXPONENT_MIN), max(SCALE_EXPONENT_MIN - a, 0), excess)
        for a in range(SCALE_EXPONENT_MIN - MAX_PORT_SHIFT, SCALE_EXPONENT_MAX + 1)
        for mantissa in range(1, MAX_MANTISSA + 1)
    )
    return tuple((rate.value, rate) for rate in rates)

"""Lava's learning rules as integer tables that compiled code can walk.

Source: lava-nc 0.10.0, `lava/magma/core/learning/learning_rule_applier.py` and `product_series.py`.
"""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lava_ed.kernels.fixed_point import ACCUMULATOR_BITS, MANTISSA_BITS, TAG_MAX, TRACE_BITS
from lava_ed.kernels.stock.dense import weight_limits

TARGETS: Final = ("dw", "dd", "dt")
"""Rows of `RuleTable.ranges` and of `synapse_limits`: weights, tag_2 (delay), tag_1 (tag)."""
Dependencies = namedtuple("Dependencies", "x0 y0 u")
Sources = namedtuple("Sources", "x0 x1 x2 y0 y1 y2 y3 w d t")
Columns = namedtuple("Columns", "dependency multiplier shift_right shift_left first stop source constant sign limit")
DEP: Final = Dependencies(*range(3))
"""What a product waits for: a pre spike, a post spike, the decimated clock."""
SRC: Final = Sources(*range(10))
"""What a factor reads: spikes and traces, weight, tag_2 (delay), tag_1 (tag)."""
COL: Final = Columns(*range(6), *range(4))
"""Columns of `RuleTable.products`, whose last two delimit rows of `RuleTable.factors`, and from `source` on of these.

Constants are in halves, limits are 2^width; see `real_product` for others.
"""
SPIKE_FACTOR_BITS: Final = 1
SYNAPSE_FACTOR_BITS: Final = 9
CONSTANT_BITS: Final = 8
SOURCE_BITS: Final = (SPIKE_FACTOR_BITS, TRACE_BITS, TRACE_BITS, SPIKE_FACTOR_BITS) + (
    (TRACE_BITS,) * 3 + (SYNAPSE_FACTOR_BITS,) * 3
)
"""Width that each source adds to a product, in the order of `Sources`."""
MANTISSA_OF_FLOATS: Final = 53
"""Bits."""
SCALE_SHIFT: Final = 7
"""Lava's exponents of scales begin at 0 for 2^−7."""
CONSTANT_CLAMP: Final = 2**28
"""Keeps sums in 32 bits; factors are cut to 2^9 anyway."""


class RuleTable(NamedTuple):
    """A learning rule as integer tables that compiled code can walk.

    Attributes
    ----------
    products : int64 (n_products, 6)
        Columns `COL.dependency` … `COL.stop`.
    factors : int64 (n_factors, 4)
        Columns `COL.source` … `COL.limit`.
    ranges : int64 (3, 2)
        First and last + 1 product of weights, tag_2 and tag_1; equal where there is no rule.
    decimate_exponent : int
        k of a u_k dependency, −1 where there is none.
    """

    products: NDArray[np.int64]
    factors: NDArray[np.int64]
    ranges: NDArray[np.int64]
    decimate_exponent: int


ParseRule = Callable[[Mapping[str, str]], RuleTable]
"""Texts of dw, dd and dt → their tables; raises anything where a text is no rule."""


def compile_rule(rule: Any, real: bool = False) -> RuleTable:
    """Compile a Lava learning rule (``active_product_series``, ``decimate_exponent``) into a `RuleTable`.

    Parameters
    ----------
    rule : LoihiLearningRule
    real : bool
        Whether it is for floating-point models, by `real_product`.
    """
    row = real_product if real else _compile_product
    products: list[list[int]] = []
    factors: list[list[int]] = []
    ranges = np.zeros((len(TARGETS), 2), dtype=np.int64)
    for target, series in rule.active_product_series.items():
        first = len(products)
        for product in series.products:
            products.append(row(product, factors))
        ranges[TARGETS.index(target)] = first, len(products)
    exponent = rule.decimate_exponent
    return RuleTable(
        products=np.array(products, dtype=np.int64).reshape(-1, 6),
        factors=np.array(factors, dtype=np.int64).reshape(-1, 4),
        ranges=ranges,
        decimate_exponent=-1 if exponent is None else int(exponent),
    )


def _compile_product(product: Any, factors: list[list[int]]) -> list[int]:
    """Row of one product; its factors are appended, constant ones folded into the multiplier."""
    first = len(factors)
    width = MANTISSA_BITS
    multiplier = int(product.s_mantissa)
    for factor in product.factors:
        constant = 0 if factor.const is None else factor.const
        if factor.state_var == "C":
            width += CONSTANT_BITS
            limit = 2**CONSTANT_BITS
            multiplier *= int(min(max(constant, -limit), limit - 1))
            continue
        source = SRC._fields.index(factor.state_var)
        width += SOURCE_BITS[source]
        # Lava truncates x + constant towards zero: only the floor and "not whole" matter.
        halves = 2 * math.floor(constant) + int(constant != math.floor(constant))
        halves = min(max(halves, -CONSTANT_CLAMP), CONSTANT_CLAMP)
        factors.append([source, halves, int(factor.is_sgn), 2 ** SOURCE_BITS[source]])
    wrapped = (multiplier + 2**31) % 2**32 - 2**31
    right = min(max(0, width - ACCUMULATOR_BITS), 31)
    dependency = DEP._fields.index(product.dependency)
    return [dependency, wrapped, right, int(product.s_exp), first, len(factors)]


def real_product(product: Any, factors: list[list[int]]) -> list[int]:
    """Row of one product of a floating-point model; its factors are appended.

    ``COL.multiplier`` times 2 to the power of ``COL.shift_left`` is the scale, ``COL.constant`` times 2 to that of
    ``COL.limit`` the constant of a factor: what texts can say, to the last bit.

    Raises
    ------
    ValueError
        If a factor is a spike, with which Lava's model fails.
    """
    first = len(factors)
    for factor in product.factors:
        if factor.state_var in ("x0", "y0", "C"):
            raise ValueError(f"{factor.state_var} is a second condition, of which floating-point models know one only")
        fraction, exponent = math.frexp(factor.const or 0)
        constant = int(math.ldexp(fraction, MANTISSA_OF_FLOATS))
        source = SRC._fields.index(factor.state_var)
        factors.append([source, constant, int(factor.is_sgn), exponent - MANTISSA_OF_FLOATS])
    scale = int(product.s_mantissa), 0, int(product.s_exp) - SCALE_SHIFT
    return [DEP._fields.index(product.dependency), *scale, first, len(factors)]


def synapse_limits(sign_mode: int) -> NDArray[np.int64]:
    """Smallest and largest weight, tag_2 (0 … 255) and tag_1 (−257 … 255, Lava's own) after a learning step.

    `sign_mode` is a value of Lava's `SignMode`; NULL, with which stock learning crashes, counts as excitatory.
    """
    return np.array([weight_limits(sign_mode), (0, TAG_MAX), (-TAG_MAX - 2, TAG_MAX)], dtype=np.int64)

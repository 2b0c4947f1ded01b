"""The text of a learning rule becomes the sum of products that the chip computes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

_MANTISSA: Final = (-8, 7)
_EXPONENT: Final = (-7, 8)
"""Ranges of a product's scale, mantissa times a power of two."""
_STATES: Final = re.compile(r"x[0-2]|y[0-3]|[wdt]")
_TOKEN: Final = re.compile(
    r"(?P<sign>[+-])|(?P<times>\*)|(?P<dependency>x0|y0|u\d)|(?P<variable>x[12]|y[123]|[wdt])"
    r"|(?P<bracket>(?:sgn)?\()|(?P<literal>\d+\*2\^[+-]?\d+|2\^[+-]?\d+|\d+)"
)
"""The parts of a rule without spaces, each tried in this order."""


@dataclass(frozen=True)
class Factor:
    """A state plus a constant, or the sign of that."""

    state_var: str
    const: float | None = None
    is_sgn: bool = False


@dataclass(frozen=True)
class Product:
    """``s_mantissa · 2^(s_exp − 7)`` times factors, computed where the dependency holds."""

    target: str
    dependency: str
    s_mantissa: int
    s_exp: int
    factors: list[Factor]
    decimate_exponent: int | None = None


@dataclass(frozen=True)
class ProductSeries:
    """The products of one target, `dw`, `dd` or `dt`."""

    target: str
    products: list[Product]
    decimate_exponent: int | None = None


@dataclass(frozen=True)
class _Part:
    kind: str
    text: str
    inner: Sequence[_Part] = ()

    @property
    def sign(self) -> int:
        return -1 if self.text == "-" else 1

    @property
    def scale(self) -> tuple[int, int]:
        """Mantissa and exponent of a literal: 3*2^-4, 2^-4 or 3."""
        if "^" not in self.text:
            return int(self.text), 0
        head, _, exponent = self.text.partition("2^")
        return int(head.rstrip("*") or 1), int(exponent)


def _parts(text: str) -> Iterator[_Part]:
    while text:
        found = _TOKEN.match(text)
        if found is None:
            raise ValueError(f"{text!r} in a learning rule cannot be read")
        kind, token, text = str(found.lastgroup), found.group(), text[found.end() :]
        if kind != "bracket":
            yield _Part(kind, token)
            continue
        depth, end = 1, 0
        while depth:
            if end == len(text):
                raise ValueError(f"the bracket before {text[:30]!r} in a learning rule is not closed")
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        yield _Part(kind, token, list(_parts(text[: end - 1])))
        text = text[end:]


def parse(target: str, text: str) -> ProductSeries:
    """Read a rule such as ``2^-3 * x1 * y0 - u2 * (w + 4)``, of the target dw, dd or dt.

    What is no sum of products, or has one without a dependency or of a scale that no chip holds, is a ValueError.
    """
    products: list[list[_Part]] = [[]]
    for part in _parts(text.replace(" ", "")):
        if part.kind == "sign" and products[-1]:
            products.append([])
        if part.kind != "times":
            products[-1].append(part)
    found = [_product(target, parts) for parts in products]
    exponents = {product.decimate_exponent for product in found} - {None}
    if len(exponents) > 1:
        raise ValueError(f"the products of {target} hold u{exponents}: all of them need the same decimation")
    return ProductSeries(target, found, exponents.pop() if exponents else None)


class _Scale:
    """The scale of a product, and its factors, while it is read."""

    def __init__(self) -> None:
        self.mantissa, self.exponent = 1, 0
        self.factors: list[Factor] = []

    def times(self, literal: _Part, sign: int = 1) -> None:
        mantissa, exponent = literal.scale
        self.mantissa, self.exponent = self.mantissa * mantissa * sign, self.exponent + exponent

    def add_factor(self, state: str, constant: float | None = None, of_sign: bool = False) -> None:
        if of_sign and state not in ("w", "d", "t"):
            raise ValueError(f"sgn({state}) in a learning rule: only the signs of w, d and t can be taken")
        if not _STATES.fullmatch(state):
            raise ValueError(f"Unknown state_var {state!r} in Factor.")
        self.factors.append(Factor(state, constant, of_sign))


def _product(target: str, parts: Sequence[_Part]) -> Product:
    scale, dependency, decimate = _Scale(), None, None
    for part in parts:
        if part.kind == "sign":
            scale.mantissa *= part.sign
        elif part.kind == "literal":
            scale.times(part)
        elif part.kind == "variable":
            scale.add_factor(part.text)
        elif part.kind == "bracket":
            _bracket(scale, part)
        elif part.text[0] == "u":
            decimate, dependency = int(part.text[1:]), dependency or "u"
        elif dependency is None:
            dependency = part.text
        else:
            scale.add_factor(part.text)
    while abs(scale.mantissa) > 7 and scale.mantissa % 2 == 0 and scale.exponent < _EXPONENT[1]:
        scale.mantissa, scale.exponent = scale.mantissa // 2, scale.exponent + 1
    if dependency is None:
        raise ValueError("a product of a learning rule depends on nothing: multiply it by x0, y0 or u_k")
    if (decimate is None) == (dependency == "u"):
        raise ValueError("A product depends on u_k, or on x0 or y0, not on both.")
    for value, (low, high), what in ((scale.mantissa, _MANTISSA, "mantissa"), (scale.exponent, _EXPONENT, "exponent")):
        if not low <= value <= high:
            raise ValueError(f"The {what} of a product's scale is {value}, outside {low} … {high}.")
    return Product(target, dependency, scale.mantissa, scale.exponent - _EXPONENT[0], scale.factors, decimate)


def _bracket(scale: _Scale, bracket: _Part) -> None:
    """A literal; a state, whose sign Lava does not look at; or a state plus a constant, or the sign of that."""
    of_sign, inner = bracket.text == "sgn(", list(bracket.inner)
    if not inner or inner[0].kind != "sign":
        inner.insert(0, _Part("sign", "+"))
    if len(inner) == 2:
        sign, only = inner
        if only.kind == "literal" and not of_sign:
            scale.times(only, sign.sign)
        elif only.kind == "variable" or of_sign:
            scale.add_factor(only.text, None, of_sign)
        return
    pairs: list[Any] = [(inner[k], inner[k + 1]) for k in (0, 2) if k + 1 < len(inner)]
    states = [pair for pair in pairs if pair[1].kind in ("dependency", "variable")]
    constants = [pair for pair in pairs if pair[1].kind == "literal"]
    if len(states) != 1 or len(constants) != 1:
        raise ValueError("A bracket in a learning rule must be of type [+,-]var[+,-]const.")
    (state_sign, state), (constant_sign, literal) = states[0], constants[0]
    if of_sign and state_sign.sign < 0:
        raise ValueError(f"sgn(-{state.text}) in a learning rule: take the minus out of the bracket")
    mantissa, exponent = literal.scale
    constant = mantissa * 2**exponent * constant_sign.sign * state_sign.sign
    scale.mantissa *= state_sign.sign
    scale.add_factor(state.text, constant, of_sign)

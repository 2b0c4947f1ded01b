"""The chip's limits for a rule in a net, as a table a person can read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lava_ed.errors import ChipLimitError
from lava_ed.kernels.fixed_point import COLUMNS_MAX, STATE_MAX, WEIGHT_MAX, WEIGHT_MIN

LAYERS_MAX: Final = 64
"""Layers of a net, input and output included: a core or more each, and as many as the files of a net hold."""


@dataclass(frozen=True)
class Limit:
    """One (used, limit) pair and what to do where the first passes the second."""

    what: str
    used: int
    limit: int
    remedy: str

    @property
    def holds(self) -> bool:
        """Whether the limit is kept."""
        return self.used <= self.limit


def largest_membrane(fan_in: int, window: int) -> int:
    """fan-in·256·T: the largest membrane that any weights can build up in a window."""
    return fan_in * max(WEIGHT_MAX, -WEIGHT_MIN) * window


def membrane_limit(layer: int, fan_in: int, window: int) -> Limit:
    """The limit that keeps every reachable membrane of a layer inside 24 bits."""
    return Limit(
        f"layer {layer}: membrane, fan-in {fan_in} × |weight| {-WEIGHT_MIN} × T {window}",
        largest_membrane(fan_in, window),
        STATE_MAX,
        "take fewer time steps or a smaller fan-in",
    )


def sum_limit(layer: int, fan_in: int, payload: int, exponent: int) -> Limit:
    """The limit that keeps the sum of one step, before the neuron takes it, inside the 32 bits of a message."""
    return Limit(
        f"connection {layer}: sum of one step, fan-in {fan_in} × |weight| {-WEIGHT_MIN} × payload {payload}",
        (fan_in * -WEIGHT_MIN * payload) << max(exponent, 0),
        2**31 - 1,
        "take a smaller fan-in or weight exponent",
    )


def columns_limit(layer: int, fan_out: int) -> Limit:
    """The limit that keeps what the learning kernel counts in a row of synapses inside 16 bits."""
    return Limit(
        f"connection {layer}: post-synaptic neurons", fan_out, COLUMNS_MAX, "divide the layer into several connections"
    )


def report(limits: Iterable[Limit]) -> str:
    """Used and limit of every entry, one a line, offenders marked with their remedy.

    Examples
    --------
    >>> print(report([Limit("window T", 200, 127, "shorten it")]))
    window T: 200 of 127  ← too large: shorten it
    """
    return "\n".join(
        f"{item.what}: {item.used:,} of {item.limit:,}" + ("" if item.holds else f"  ← too large: {item.remedy}")
        for item in limits
    )


def check(limits: Iterable[Limit]) -> None:
    """Raise `ChipLimitError` with the whole report if any limit is broken."""
    items = list(limits)
    if not all(item.holds for item in items):
        raise ChipLimitError("the net does not fit the chip:\n" + report(items))

"""What is searched for each rule, as data.

An entry is ``(kind, *values)``: ``("power", low, high)`` is 2^k, ``("int", low, high)`` an integer,
``("choice", …)`` one of some values.  Names are fields of `TrainConfig`, or of its adaptation with the
prefix ``threshold_``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from lava_ed.config.presets import search_spaces
from lava_ed.learning_rules import halvings
from lava_ed.network.adaptation import Adaptation

Space = dict[str, tuple[Any, ...]]
"""Name of a setting → kind and values."""

DECAYS: Final = {
    "constant": (),
    "half": halvings(0.5, 0.75),
    "late": halvings(0.5, 0.75, 0.9),
    "early": halvings(0.25, 0.5, 0.75, 0.9),
}
"""Schedules of the rate by name."""

SPACES: Final[dict[str, Space]] = search_spaces()
"""Search space of every rule."""


def draw(trial: Any, space: Space) -> dict[str, Any]:
    """One value of every entry out of a trial of optuna, powers as their exponents."""
    return {
        name: trial.suggest_categorical(name, values) if kind == "choice" else trial.suggest_int(name, *values)
        for name, (kind, *values) in space.items()
    }


def training_settings(
    drawn: Mapping[str, Any], space: Space, adaptation: Adaptation, lowest: float = 0.0
) -> dict[str, Any]:
    """Values drawn, as fields of `TrainConfig`; a rate falls no further than to the lowest of the chip.

    Parameters
    ----------
    drawn : mapping
        As `draw` returns it.
    space : Space
    adaptation : Adaptation
        The preset's, of which the drawn ``threshold_`` entries replace a part.
    lowest : float
        Smallest rate that the rule holds.

    Examples
    --------
    >>> space = {"learning_rate": ("power", -9, -3), "init_limit": ("choice", 8, 16)}
    >>> training_settings({"learning_rate": -4, "init_limit": 8}, space, Adaptation())["learning_rate"]
    0.0625
    """
    result: dict[str, Any] = {}
    thresholds: dict[str, int] = {}
    for name, value in drawn.items():
        if name.startswith("threshold_"):
            thresholds[name.removeprefix("threshold_")] = value
        elif name == "decay":
            result["decay"] = DECAYS[value]
        elif name == "init_limit":
            result["init_limits"] = (value,)
        else:
            result[name] = 2.0**value if space[name][0] == "power" else value
    if "decay" in result:
        floor = lowest / result["learning_rate"]
        result["decay"] = tuple((p, max(f, floor)) for p, f in result["decay"])
    result["adaptation"] = replace(adaptation, **thresholds)
    return result

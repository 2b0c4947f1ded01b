"""Limits of a net in terms of the settings of a run, which is what its user can change."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from lava_ed.errors import ConfigError
from lava_ed.kernels.fixed_point import COLUMNS_MAX, STATE_MAX
from lava_ed.learning_rules.limits import LAYERS_MAX, largest_membrane

NEURONS = f"1 … {COLUMNS_MAX:,}"
"""How many neurons a layer may have."""


def check_hidden(hidden: Any) -> None:
    """Hidden layers are a sequence of integers within what one connection holds, and not too many.

    Raises
    ------
    ConfigError
    """
    if isinstance(hidden, str) or not isinstance(hidden, Sequence):
        raise ConfigError(f"hidden is {hidden!r}: the neurons of each hidden layer are needed, for example (256, 128)")
    if len(hidden) > LAYERS_MAX - 2:
        raise ConfigError(f"hidden names {len(hidden)} layers: a net has at most {LAYERS_MAX - 2} hidden ones")
    for n in hidden:
        if not isinstance(n, Integral) or isinstance(n, bool):
            raise ConfigError(
                f"hidden has {n!r} among its layers: an integer of {NEURONS} neurons is needed for each hidden layer"
            )
        if not 1 <= int(n) <= COLUMNS_MAX:
            raise ConfigError(f"hidden has a layer of {int(n):,} neurons: a layer has {NEURONS}")


def too_large(sizes: Sequence[int], steps: int, exponents: Sequence[int]) -> str | None:
    """What is wrong with a net whose membranes could leave their 24 bits, and what to change; None if nothing.

    Parameters
    ----------
    sizes : sequence of int
        Inputs, hidden layers, classes.
    steps : int
        T.
    exponents : sequence of int
        Weight exponent of each connection.
    """
    for k, (neurons, exponent) in enumerate(zip(sizes, exponents, strict=False)):
        scaled = steps << max(exponent, 0)
        if largest_membrane(neurons, scaled) <= STATE_MAX:
            continue
        largest, longest = (STATE_MAX // largest_membrane(1, n << max(exponent, 0)) for n in (steps, neurons))
        layer = f"hidden layer {k} has {neurons:,} neurons" if k else f"the data have {neurons:,} inputs"
        fewer = [f"at most {largest:,} neurons in it (--hidden)"] * (k > 0 and largest > 0)
        fewer += [f"at most {longest:,} time steps (--steps)"] * (longest > 0)
        return (
            f"{layer}, steps is {steps}: with the largest weights the layer behind it sums up to "
            f"{largest_membrane(neurons, scaled):,}, a membrane holds {STATE_MAX:,}; take {' or '.join(fewer)}"
        )
    return None

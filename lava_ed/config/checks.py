"""Checks in terms of what the user of a run typed: names, layers, back ends."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from lava_ed.errors import ConfigError
from lava_ed.files.reading import brief
from lava_ed.integers import is_integer
from lava_ed.kernels.fixed_point import COLUMNS_MAX, STATE_MAX
from lava_ed.learning_rules import LearningRule
from lava_ed.learning_rules.limits import LAYERS_MAX, largest_membrane

BACKENDS: Final = ("engine", "lava")
"""Names of the back ends."""
NEURONS = f"1 … {COLUMNS_MAX:,}"
"""How many neurons a layer may have."""


def check_names(given: Iterable[object], known: Collection[str], what: str) -> None:
    """Raise a ConfigError where a name is not among the known ones; a message calls each of them `what`.

    Examples
    --------
    >>> try:
    ...     check_names(["epoch"], {"epochs", "seed"}, "setting of a training run")
    ... except ConfigError as error:
    ...     print(error)
    'epoch' is no setting of a training run: did you mean 'epochs'? There are epochs, seed
    """
    for name in given:
        if name in known:
            continue
        near = difflib.get_close_matches(str(name)[:60], known, n=1)
        hint = f"did you mean {near[0]!r}? There are " if near else "there are "
        raise ConfigError(f"{brief(name, 60)} is no {what}: {hint}{', '.join(sorted(known))}")


def check_hidden(hidden: Any) -> None:
    """Raise a ConfigError unless hidden layers are integers within what one connection holds, and not too many."""
    if isinstance(hidden, str) or not isinstance(hidden, Sequence):
        raise ConfigError(f"hidden is {hidden!r}: the neurons of each hidden layer are needed, for example (256, 128)")
    if len(hidden) > LAYERS_MAX - 2:
        raise ConfigError(f"hidden names {len(hidden)} layers: a net has at most {LAYERS_MAX - 2} hidden ones")
    for n in hidden:
        if not is_integer(n):
            raise ConfigError(
                f"hidden has {n!r} among its layers: an integer of {NEURONS} neurons is needed for each hidden layer"
            )
        if not 1 <= int(n) <= COLUMNS_MAX:
            raise ConfigError(f"hidden has a layer of {int(n):,} neurons: a layer has {NEURONS}")


def too_large(sizes: Sequence[int], steps: int, exponents: Sequence[int]) -> str | None:
    """What is wrong with a net whose membranes could leave their 24 bits, and what to change; None if nothing.

    The sizes are those of inputs, hidden layers and classes, the exponents those of the weights of each connection.
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


def check_backend(name: str, rule: LearningRule) -> None:
    """Raise a ConfigError for an unknown back end, and for a baseline on any but the engine."""
    if name not in BACKENDS:
        raise ConfigError(f"back end {name!r} is unknown: use one of {', '.join(BACKENDS)}")
    if name == "lava" and rule.baseline:
        raise ConfigError(f"{rule.name} is a baseline, which has no Lava processes: use the back end engine")

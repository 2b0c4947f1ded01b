"""Registry of the rules that the engine does not run, and of the back ends with their compiled loops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from lava_ed.errors import ConfigError
from lava_ed.network.spec import NetworkSpec

Loop = TypeVar("Loop", bound=Callable[..., Any])

_LOOPS: dict[str, Callable[..., Any]] = {}


def runs(*kinds: str) -> Callable[[Loop], Loop]:
    """Register a back end for rules of these kinds; it is called with a spec and stored weights."""

    def register(loop: Loop) -> Loop:
        _LOOPS.update(dict.fromkeys(kinds, loop))
        return loop

    return register


def loop_of(spec: NetworkSpec, weights: Sequence[npt.NDArray[np.int8]] | None = None) -> Any:
    """The back end with the loop that was registered for a spec's rule; a ConfigError where there is none."""
    if spec.rule.kind not in _LOOPS:
        raise ConfigError(f"{spec.rule.name} has no loop of its own: the engine runs it")
    return _LOOPS[spec.rule.kind](spec, weights)

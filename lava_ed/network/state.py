"""The saved state of a net, held against the net that it is to be loaded into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.errors import CheckpointError
from lava_ed.kernels.fixed_point import BIAS_MAX
from lava_ed.learning_rules import LearningRate
from lava_ed.network.kinds import limits_of
from lava_ed.network.spec import NetworkSpec

State = dict[str, npt.NDArray[Any]]
"""Vars by name, ``"node.var"``."""
_WIDE: Final = np.dtype(np.int64)
RANGES: Final = limits_of()
"""Smallest and largest value of a Var, by its name: shifts, rows of tables, registers of 24 bits, counts."""


def learning_vars(spec: NetworkSpec, learning: bool) -> dict[str, int]:
    """Value of every Var, by its name, that has to do with whether a net learns."""
    return {"learning": int(learning), "adapting": int(learning), "drop": spec.input_drop if learning else 0}


def rate_vars(spec: NetworkSpec, rate: LearningRate) -> dict[tuple[str, str], int]:
    """Value of every Var, by its node and name, that holds the learning rate: each connection's own."""
    values: dict[tuple[str, str], int] = {}
    for layer in spec.layers:
        synapses, teacher = spec.synapses(layer), "error" if layer == len(spec.layers) else f"hidden{layer}"
        if spec.connections[layer - 1].is_conv:
            values[synapses, "rate_mantissa"] = rate.mantissa
            values[synapses, "rate_shift"] = spec.rate_shift(layer, rate)
            continue
        own = spec.rate_of(layer, rate)
        values[synapses, "rate_mantissa"], values[synapses, "rate_exponent"] = own.mantissa, own.exponent
        values[teacher, "port_shift"] = own.port_shift
    return values


_LATER: Final = {"visits_x0": 0, "visits_y0": 0, "bias": 0, "rest": -BIAS_MAX}
"""Vars, and what they are at first, that came after states had been saved."""


def check_state(state: Mapping[str, npt.NDArray[Any]], expected: Mapping[str, npt.NDArray[Any]]) -> State:
    """Compare a saved state with that of a net: names, types and shapes, and the ranges that compiled code relies on.

    Lava's runtime hands every Var over in 64 bits; such a state and others go for one another where the values fit.
    Returns the saved state, with counters of 0 where it was saved before they were counted.  Raises a CheckpointError
    where a Var is missing, unknown, of another type or shape, or out of its range.
    """
    later = {name: name.rpartition(".")[2] for name in expected.keys() - state.keys()}
    state = {**state, **{n: np.full_like(expected[n], _LATER[var]) for n, var in later.items() if var in _LATER}}
    missing, extra = sorted(expected.keys() - state.keys()), sorted(state.keys() - expected.keys())
    if missing or extra:
        raise CheckpointError(
            f"the saved state lacks {', '.join(missing) or 'nothing'} and has the unknown Vars "
            f"{', '.join(extra) or 'none'}: it belongs to another net or version, train anew"
        )
    for name, value in expected.items():
        found = state[name]
        same = found.dtype == value.dtype or (found.dtype.kind == "i" and _WIDE in (found.dtype, value.dtype))
        if found.shape != value.shape or not same:
            raise CheckpointError(
                f"the saved {name} is {found.dtype} of shape {found.shape}, this net has {value.dtype} of shape "
                f"{value.shape}: the state belongs to another net, train anew"
            )
        _check_range(name, found, value.dtype)
    if len({int(value[0]) for name, value in state.items() if name.endswith(".presentation")}) > 1:
        raise CheckpointError("the processes of the saved state stand at different samples: restore it, or train anew")
    return dict(state)


def _check_range(name: str, found: npt.NDArray[Any], dtype: np.dtype[Any]) -> None:
    low, high = RANGES.get(name.rpartition(".")[2], (-(2**31), 2**31 - 1))
    limits = np.iinfo(dtype)
    low, high = max(low, int(limits.min)), min(high, int(limits.max))
    if found.size and not low <= int(found.min()) <= int(found.max()) <= high:
        raise CheckpointError(
            f"the saved {name} spans {found.min()} … {found.max()}, of {low} … {high}: restore it, or train anew"
        )

"""The saved state of a net, held against the net that it is to be loaded into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.errors import CheckpointError
from lava_ed.kernels.fixed_point import SCALE_EXPONENT_MAX, SCALE_EXPONENT_MIN, STATE_MAX, STATE_MIN, TRACE_MAX
from lava_ed.learning_rules.rate import MAX_MANTISSA, MAX_PORT_SHIFT
from lava_ed.network.adaptation import Adaptation
from lava_ed.network.encoding import DROP_MAX

_WIDE: Final = np.dtype(np.int64)
_COUNT: Final = (0, 2**62)
"""Far below where 64 bits wrap."""
_SMALL: Final = (0, 2**31 - 1)
RANGES: Final[dict[str, tuple[int, int]]] = {
    "counters": _COUNT,
    "overflows": _COUNT,
    "seen": _COUNT,
    "correct": _COUNT,
    "triggered": _COUNT,
    "fired": _SMALL,
    "saturated": _SMALL,
    "samples_counted": _SMALL,
    "presentation": (-1, 2**62),
    "learning": (0, 1),
    "adapting": (0, 1),
    "gate": (0, 1),
    "drop": (0, DROP_MAX),
    "rate_mantissa": (1, MAX_MANTISSA),
    "rate_exponent": (SCALE_EXPONENT_MIN, SCALE_EXPONENT_MAX),
    "port_shift": (0, MAX_PORT_SHIFT),
    "x0": (0, 1),
    "x1": (0, TRACE_MAX),
    "threshold_step": (0, Adaptation().highest_step),
    "u": (STATE_MIN, STATE_MAX),
    "v": (STATE_MIN, STATE_MAX),
    "label": _SMALL,
    "prediction": _SMALL,
}
"""Smallest and largest value of a Var, by its name: shifts, rows of tables, registers of 24 bits, counts."""


def check_state(state: Mapping[str, npt.NDArray[Any]], expected: Mapping[str, npt.NDArray[Any]]) -> None:
    """Compare a saved state with that of a net: names, types and shapes, and the ranges that compiled code relies on.

    Lava's runtime hands every Var over in 64 bits; such a state and others go for one another where the values fit.

    Parameters
    ----------
    state : mapping of "node.var" to array
    expected : mapping of "node.var" to array
        The state of the net as it stands.

    Raises
    ------
    CheckpointError
        If a Var is missing, unknown, of another type or shape, or out of its range.
    """
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


def _check_range(name: str, found: npt.NDArray[Any], dtype: np.dtype[Any]) -> None:
    low, high = RANGES.get(name.rpartition(".")[2], (-(2**31), 2**31 - 1))
    limits = np.iinfo(dtype)
    low, high = max(low, int(limits.min)), min(high, int(limits.max))
    if found.size and not low <= int(found.min()) <= int(found.max()) <= high:
        raise CheckpointError(
            f"the saved {name} spans {found.min()} … {found.max()}, of {low} … {high}: restore it, or train anew"
        )

"""The output error: a base-2 softmax in integers."""

from __future__ import annotations

from typing import Final

import numpy as np

from lava_ed.kernels._jit import kernel
from lava_ed.kernels.fixed_point import ERROR_MAX

FLOOR: Final = 0
NEAREST: Final = 1
CARRY: Final = 2
"""How shares are rounded, in the order of ``network.settings.ROUNDINGS``."""


@kernel
def softmax_error(v, label, shift, dead_zone, rounding, e):
    """e_o = 127·[o = label] − p_o, p_o = ⌊127·q_o/Σq⌋ with q_o = 2^(15 − n_o), n_o = (max V − V_o) » shift.

    q_o is 0 from n_o = 16 on.  Where no |e_o| passes the dead zone, every e_o is 0.  Floors leave Σe > 0,
    a push upwards on every output in every sample; `NEAREST` rounds: p_o = ⌊(127·q_o + ⌊Σq/2⌋)/Σq⌋, which
    of many classes still loses the many small shares.  Under `CARRY` what is left over goes on to the next class:
    p_o = P_o − P_(o−1), P_o = ⌊(127·Σ_(i ≤ o) q_i + ⌊Σq/2⌋)/Σq⌋, so that Σp = 127.
    Returns how many errors are not 0.

    Parameters
    ----------
    v : int32 (n,) or (n + 1,)
        Membranes of the output layer, and what else takes a share, but no error.
    e : int32 (n,)
        The error, −127 … 127.
    """
    top = v[0]
    for o in range(v.size):
        top = max(top, v[o])
    total = np.int64(0)
    for o in range(v.size):
        n = (top - v[o]) >> shift
        total += (np.int64(1) << (15 - n)) if n < 16 else 0
    half = (total >> 1) if rounding != FLOOR else np.int64(0)
    worst = 0
    reached, before = np.int64(0), np.int64(0)
    for o in range(e.size):
        n = (top - v[o]) >> shift
        q = (np.int64(1) << (15 - n)) if n < 16 else np.int64(0)
        reached = reached + q if rounding == CARRY else q
        share = (ERROR_MAX * reached + half) // total
        error = (ERROR_MAX if o == label else 0) - (share - before)
        before = share if rounding == CARRY else before
        e[o] = error
        worst = max(worst, abs(error))
    live = 0
    for o in range(e.size):
        if worst <= dead_zone:
            e[o] = 0
        live += e[o] != 0
    return live


@kernel
def winner(v):
    """Index of the largest value, the lowest index where several tie."""
    best = 0
    for o in range(1, v.size):
        if v[o] > v[best]:
            best = o
    return best

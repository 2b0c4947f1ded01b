"""A whole window of STD-ED for a block of neurons, whose currents and membranes stay in registers."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from lava_ed.kernels._jit import inline
from lava_ed.kernels.lanes import are_rows_of, constant, mask_bits, place
from lava_ed.kernels.row_sums import FEW, NARROW, WIDE, block_total, shifted

__all__ = ["integrate_lanes"]


def _code(width: int, arrays: Any) -> Any:
    """Signature and code of the intrinsics below; None where the arrays are of another kind."""
    weights, order, starts, u, v = arrays
    if not are_rows_of(types.int8, weights) or not are_rows_of(types.int32, order, starts, u, v):
        return None
    words, long = ir.VectorType(ir.IntType(32), width), ir.IntType(64)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        steps, updates, left, right, start, skip = args[5:]

        def end_of(value: Any) -> Any:
            found = builder.load(place(context, builder, signature, args, 2, value, ir.IntType(32)))
            return builder.sext(found, steps.type)

        current, membrane = (cgutils.alloca_once_value(builder, ir.Constant(words, None)) for _ in range(2))
        active = cgutils.alloca_once_value(builder, ir.Constant(long, 0))
        with cgutils.for_range(builder, updates, intp=steps.type) as loop:
            value = builder.sub(steps, loop.index)
            first, last = end_of(value), end_of(builder.add(value, ir.Constant(steps.type, 1)))
            total = block_total(context, builder, signature, args, (first, last, start), width)
            a, old = shifted(builder, total, left, right), builder.load(current)
            acting = mask_bits(builder, builder.icmp_signed("!=", builder.or_(a, old), constant(0, words)))
            counted = builder.ctpop(builder.lshr(acting, skip))
            builder.store(builder.add(builder.load(active), counted), active)
            new = builder.add(old, a)
            builder.store(new, current)
            builder.store(builder.add(builder.load(membrane), new), membrane)
        for k, held in ((3, current), (4, membrane)):
            builder.store(builder.load(held), place(context, builder, signature, args, k, start, words), align=4)
        return builder.load(active)

    places = (types.intp, types.intp, types.int32, types.int32, types.intp, types.uint64)
    return types.uint64(weights, order, starts, u, v, *places), codegen


@intrinsic
def integrate_wide(  # type: ignore[no-untyped-def]
    typing_context, weights, order, starts, u, v, steps, updates, left, right, start, skip
):
    """`integrate_lanes` for WIDE neurons from `start` on, the first `skip` of which are not counted."""
    return _code(WIDE, (weights, order, starts, u, v))


@intrinsic
def integrate_narrow(  # type: ignore[no-untyped-def]
    typing_context, weights, order, starts, u, v, steps, updates, left, right, start, skip
):
    """`integrate_wide` for NARROW neurons."""
    return _code(NARROW, (weights, order, starts, u, v))


@intrinsic
def integrate_few(  # type: ignore[no-untyped-def]
    typing_context, weights, order, starts, u, v, steps, updates, left, right, start, skip
):
    """`integrate_wide` for FEW neurons."""
    return _code(FEW, (weights, order, starts, u, v))


@inline
def integrate_lanes(weights, order, starts, steps, updates, left, right, u, v):  # type: ignore[no-untyped-def]
    """a ← (Σ rows of the spikes of step s « left) » right; u ← u + a; v ← v + u, for `updates` steps from u = v = 0.

    Parameters
    ----------
    weights, order, starts, steps, updates
        As in `window.integrate_window`.
    left, right : int
        Shifts of the row sums.
    u, v : int32[n_post]
        At least FEW; overwritten.

    Returns
    -------
    int : active neuron updates, those with an input or a current.
    """
    n = u.size
    left, right = np.int32(left), np.int32(right)
    none = np.uint64(0)
    active = none
    start = 0
    while start + WIDE <= n:
        active += integrate_wide(weights, order, starts, u, v, steps, updates, left, right, start, none)
        start += WIDE
    while start + NARROW <= n:
        active += integrate_narrow(weights, order, starts, u, v, steps, updates, left, right, start, none)
        start += NARROW
    if start + FEW <= n:
        active += integrate_few(weights, order, starts, u, v, steps, updates, left, right, start, none)
        start += FEW
    if start < n:
        # The last block begins anew with some neurons of the one before it.
        known = np.uint64(start - (n - FEW))
        active += integrate_few(weights, order, starts, u, v, steps, updates, left, right, n - FEW, known)
    return np.int64(active)

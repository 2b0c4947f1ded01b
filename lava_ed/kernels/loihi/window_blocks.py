"""A whole window of STD-ED for a block of neurons, whose currents and membranes stay in registers."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from lava_ed.kernels._jit import kernel_part
from lava_ed.kernels.counting import COUNTING
from lava_ed.kernels.vectors.lanes import FEW, are_rows_of, constant, mask_bits, place
from lava_ed.kernels.vectors.row_sums import NARROW, WIDE, block_total, shifted


@intrinsic(prefer_literal=True)
def integrate_block(typing_context, weights, order, starts, u, v, steps, updates, left, right, start, skip, width):
    """Do `integrate_blocks` to `width` neurons from `start` on, the first `skip` of which are not counted."""
    arrays = are_rows_of(types.int8, weights) and are_rows_of(types.int32, order, starts, u, v)
    if not (arrays and isinstance(width, types.IntegerLiteral)):
        return None
    words, long = ir.VectorType(ir.IntType(32), width.literal_value), ir.IntType(64)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        steps, updates, left, right, start, skip = args[5:11]

        def end_of(value: Any) -> Any:
            found = builder.load(place(context, builder, signature, args, 2, value, ir.IntType(32)))
            return builder.sext(found, steps.type)

        current, membrane = (cgutils.alloca_once_value(builder, ir.Constant(words, None)) for _ in range(2))
        active = cgutils.alloca_once_value(builder, ir.Constant(long, 0))
        with cgutils.for_range(builder, updates, intp=steps.type) as loop:
            value = builder.sub(steps, loop.index)
            first, last = end_of(value), end_of(builder.add(value, ir.Constant(steps.type, 1)))
            total = block_total(context, builder, signature, args, (first, last, start), words.count)
            a, old = shifted(builder, total, left, right), builder.load(current)
            if COUNTING:
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
    return types.uint64(weights, order, starts, u, v, *places, width), codegen


@kernel_part
def integrate_blocks(weights, order, starts, steps, updates, left, right, u, v):
    """Do `updates` steps from u = v = 0: a ← (Σ rows of the spikes of step s « left) » right; u ← u + a; v ← v + u.

    Returns the active neuron updates, those with an input or a current.

    Parameters
    ----------
    weights, order, starts, steps, updates
        As in `window.integrate_window`.
    u, v : int32 (n_post,)
        At least FEW neurons.
    """
    n = u.size
    left, right = np.int32(left), np.int32(right)
    none = np.uint64(0)
    active = none
    start = 0
    while start + WIDE <= n:
        active += integrate_block(weights, order, starts, u, v, steps, updates, left, right, start, none, WIDE)
        start += WIDE
    while start + NARROW <= n:
        active += integrate_block(weights, order, starts, u, v, steps, updates, left, right, start, none, NARROW)
        start += NARROW
    if start + FEW <= n:
        active += integrate_block(weights, order, starts, u, v, steps, updates, left, right, start, none, FEW)
        start += FEW
    if start < n:
        # The last block begins anew with some neurons of the one before it.
        known = np.uint64(start - (n - FEW))
        active += integrate_block(weights, order, starts, u, v, steps, updates, left, right, n - FEW, known, FEW)
    return np.int64(active)

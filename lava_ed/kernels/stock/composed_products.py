"""What the products of a rule, each a scalar times a vector, do to the accumulators of a row or a column.

An update of the accumulator by one product is x ↦ clip(x + c), and such maps compose to
x ↦ min(max(x + C, L), U) with C, L and U that do not depend on x; rounding is monotone and a weight is a multiple
of 2^7, so that

    w_j ← min(max(w_j + D_j, L_j), U_j)

with three vectors D, L and U in weights: a slot of `clipped_changes`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from lava_ed.kernels._jit import kernel_part
from lava_ed.kernels.fixed_point import ACCUMULATOR_MAX, ACCUMULATOR_MIN
from lava_ed.kernels.stock.clipped_changes import BOUNDED, CHANGE, HIGHEST, IDLE, LOWEST, PLAIN
from lava_ed.kernels.stock.learning import SYNAPSE_SHIFT
from lava_ed.kernels.stock.rule_table import COL
from lava_ed.kernels.vectors.events import number_of_bits
from lava_ed.kernels.vectors.lanes import LANES, WORDS, are_rows_of, constant, everywhere, mask_bits, place

ACTING: Final = 3
ACTS: Final = 2**LANES - 1
MOVES: Final = ACTS << LANES
"""Bits of what `fill_block` tells."""
WORK_ROWS: Final = 4
"""Rows of the scratch: C, L, U, and whether some product is not 0."""


@kernel_part
def change_of(a, b, right, left):
    """Compute what a product adds to the accumulator: clip((a·b mod 2^32 » right) « left)."""
    # The mask tells LLVM that shifts of 32 bits do, or numba's 64-bit ones stay.
    change = np.int32(np.int32(np.int32(a * b) >> (right & 31)) << (left & 31))
    return np.int32(min(max(change, np.int32(ACCUMULATOR_MIN)), np.int32(ACCUMULATOR_MAX)))


@intrinsic
def fill_block(
    typing_context, part, other_part, changes, lowest, highest, start, a, right, left, other_a, other_right, other_left,
    offset, low, high,
):  # fmt: skip
    """Write D, L and U of LANES synapses from `start` on, in one pass; L and U only where `other_a` is not 0.

    Bit k of the result tells that synapse k acts, bit 16 + k that it moves, bit 32 + k that it has its own limits.
    """
    if not are_rows_of(types.int32, part, other_part) or not are_rows_of(types.int16, changes, lowest, highest):
        return None
    word, long = ir.IntType(32), ir.IntType(64)
    shorts = ir.VectorType(ir.IntType(16), LANES)
    signature = types.uint64(part, other_part, changes, lowest, highest, types.intp, *(types.int32 for _ in range(9)))

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, right, left, other_a, other_right, other_left, offset, low, high = args[6:]
        low_end, high_end = ir.Constant(word, ACCUMULATOR_MIN), ir.Constant(word, ACCUMULATOR_MAX)

        def at(k: int, kind: Any = WORDS) -> Any:
            return place(context, builder, signature, args, k, args[5], kind)

        def each(value: Any) -> Any:
            return everywhere(builder, value)

        def cut(value: Any, least: Any, most: Any) -> Any:
            value = builder.select(builder.icmp_signed("<", value, each(least)), each(least), value)
            return builder.select(builder.icmp_signed(">", value, each(most)), each(most), value)

        def change(k: int, factor: Any, right: Any, left: Any) -> Any:
            product = builder.mul(builder.load(at(k), align=4), each(factor))
            shifted = builder.shl(builder.ashr(product, each(right)), each(left))
            return cut(shifted, low_end, high_end)

        def rounded(value: Any) -> Any:
            return builder.ashr(builder.add(value, each(offset)), constant(SYNAPSE_SHIFT))

        def differ(value: Any, other: Any) -> Any:
            return builder.icmp_signed("!=", value, other)

        def store(value: Any, k: int) -> None:
            builder.store(builder.trunc(value, shorts), at(k, shorts), align=2)

        def as_bits(mask: Any, shift: int) -> Any:
            return builder.shl(mask_bits(builder, mask), ir.Constant(long, shift))

        zeros = constant(0)
        first = change(0, a, right, left)
        alone = builder.block
        with builder.if_then(differ(other_a, ir.Constant(word, 0))):
            second = change(1, other_a, other_right, other_left)
            rising = builder.select(builder.icmp_signed(">", second, zeros), second, zeros)
            falling = builder.sub(second, rising)
            lower = cut(rounded(builder.add(each(low_end), rising)), low, high)
            upper = cut(rounded(builder.add(each(high_end), falling)), low, high)
            store(lower, 3)
            store(upper, 4)
            own = as_bits(builder.or_(differ(lower, each(low)), differ(upper, each(high))), 32)
            either = builder.or_(first, second)
            both = builder.add(first, second)
            paired = builder.block
        total, acting, bounded = builder.phi(WORDS), builder.phi(WORDS), builder.phi(long)
        for phi, single, pair in ((total, first, both), (acting, first, either), (bounded, ir.Constant(long, 0), own)):
            phi.add_incoming(single, alone)
            phi.add_incoming(pair, paired)
        moved = rounded(total)
        store(moved, 2)
        seen = builder.or_(as_bits(differ(acting, zeros), 0), as_bits(differ(moved, zeros), LANES))
        return builder.or_(seen, bounded)

    return signature, codegen


@kernel_part
def fill_pair(a, part, product, other_a, other_part, other, offset, low, high, slot):
    """Fill a slot with the map of two products, or of one alone where `other_a` is 0; returns (acting, kind).

    With one product, L and U are the limits of the weights and are not written.
    """
    right, left = np.int32(product[COL.shift_right] & 31), np.int32(product[COL.shift_left] & 31)
    other_right, other_left = np.int32(other[COL.shift_right] & 31), np.int32(other[COL.shift_left] & 31)
    changes, lowest, highest = slot[CHANGE], slot[LOWEST], slot[HIGHEST]
    offset, floor, ceiling = np.int32(offset), np.int32(low), np.int32(high)
    acting, seen = np.int64(0), np.uint64(0)
    whole = part.size - part.size % LANES
    for start in range(0, whole, LANES):
        bits = fill_block(
            part, other_part, changes, lowest, highest, start, a, right, left, other_a, other_right, other_left,
            offset, floor, ceiling,
        )  # fmt: skip
        acting += number_of_bits(np.uint32(bits & np.uint64(ACTS)))
        seen |= bits
    moving, bounded = np.int32((seen & np.uint64(MOVES)) != 0), np.int32((seen >> np.uint64(2 * LANES)) != 0)
    least, most = np.int32(np.int32(ACCUMULATOR_MIN) + offset), np.int32(np.int32(ACCUMULATOR_MAX) + offset)
    for j in range(whole, part.size):
        first, second = change_of(a, part[j], right, left), np.int32(0)
        if other_a != 0:
            second = change_of(other_a, other_part[j], other_right, other_left)
            lower = np.int32(np.int32(least + max(second, np.int32(0))) >> SYNAPSE_SHIFT)
            upper = np.int32(np.int32(most + min(second, np.int32(0))) >> SYNAPSE_SHIFT)
            lower, upper = min(max(lower, floor), ceiling), min(max(upper, floor), ceiling)
            lowest[j], highest[j] = lower, upper
            bounded |= np.int32(lower ^ floor) | np.int32(upper ^ ceiling)
        rounded = np.int32(np.int32(np.int32(first + second) + offset) >> SYNAPSE_SHIFT)
        changes[j] = rounded
        moving |= rounded
        acting += np.int64(np.int32(first | second) != 0)
    if bounded:
        return np.int32(acting), BOUNDED
    return np.int32(acting), (PLAIN if moving != 0 else IDLE)


@kernel_part
def add_change(first, a, part, product, work):
    """Compose the map so far, ``work`` = (C, L, U), with that of one product; the first one begins it."""
    low, high = np.int32(ACCUMULATOR_MIN), np.int32(ACCUMULATOR_MAX)
    right, left = product[COL.shift_right], product[COL.shift_left]
    changes, lowest, highest, acting = work[CHANGE], work[LOWEST], work[HIGHEST], work[ACTING]
    # Several loops: with more arrays LLVM has too many pairs to check for overlap, and gives up.
    if first:
        for j in range(part.size):
            change = change_of(a, part[j], right, left)
            changes[j] = change
            acting[j] = change
        for j in range(part.size):
            lowest[j] = low
            highest[j] = high
        return
    for j in range(part.size):
        change = change_of(a, part[j], right, left)
        lowest[j] = np.int32(min(max(np.int32(lowest[j] + change), low), high))
        highest[j] = np.int32(min(max(np.int32(highest[j] + change), low), high))
    for j in range(part.size):
        change = change_of(a, part[j], right, left)
        changes[j] = np.int32(changes[j] + change)
        acting[j] |= change


@kernel_part
def round_slot(work, size, offset, low, high, slot):
    """Round a map of accumulators to one of weights; returns (acting, kind)."""
    acting, moving, bounded = np.int32(0), np.int32(0), np.int32(0)
    low, high, offset = np.int16(low), np.int16(high), np.int32(offset)
    for k in range(3):
        source, target = work[k], slot[k]
        for j in range(size):
            target[j] = np.int32(np.int32(source[j] + offset) >> SYNAPSE_SHIFT)
    changes, lowest, highest = slot[CHANGE], slot[LOWEST], slot[HIGHEST]
    for j in range(size):
        moving |= changes[j]
        least = np.int16(min(max(lowest[j], low), high))
        most = np.int16(min(max(highest[j], low), high))
        lowest[j] = least
        highest[j] = most
        bounded |= np.int16(least ^ low) | np.int16(most ^ high)
    for j in range(size):
        acting += np.int32(work[ACTING, j] != 0)
    if bounded:
        return acting, BOUNDED
    return acting, (PLAIN if moving != 0 else IDLE)


@kernel_part
def compose(products, scalars, parts, size, offset, low, high, work, slot):
    """Compose the map of all products, ``scalars[p]·parts[p]`` each, in their order.

    Returns (acting, kind): for how many synapses some product is not 0, and `IDLE` where no weight within the limits
    changes. A `PLAIN` slot has the limits as L and U, which are not written.

    Parameters
    ----------
    products : int64 (n, 6)
        `rule_table.compile_rule`.
    scalars, parts : int32 (n,), int32 (n, at least size)
        A scalar is 0 where its product takes no part.
    offset : int32
        `rounding_offset`.
    low, high : int
        Limits of the weights.
    work, slot : int32 (WORK_ROWS, at least size), int16 (3, at least size)
    """
    count, first, last = 0, 0, 0
    for p in range(products.shape[0]):
        if scalars[p] != 0:
            first = p if count == 0 else first
            last = p
            count += 1
    if count == 0:
        return np.int32(0), IDLE
    lowest = np.int32(np.int32(np.int32(ACCUMULATOR_MIN) + np.int32(offset)) >> SYNAPSE_SHIFT)
    highest = np.int32(np.int32(np.int32(ACCUMULATOR_MAX) + np.int32(offset)) >> SYNAPSE_SHIFT)
    if count == 2 or (count == 1 and lowest <= low and highest >= high):
        other = scalars[last] if count == 2 else np.int32(0)
        return fill_pair(
            scalars[first], parts[first, :size], products[first], other, parts[last, :size], products[last],
            offset, low, high, slot,
        )  # fmt: skip
    for p in range(first, products.shape[0]):
        if scalars[p] != 0:
            add_change(p == first, scalars[p], parts[p, :size], products[p], work)
    return round_slot(work, size, offset, low, high, slot)

"""Sums that a convolution makes for blocks of values at a time, which stay in registers until all is added."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from lava_ed.kernels._jit import kernel_part
from lava_ed.kernels.vectors.lanes import LANES, WORDS, are_rows_of, constant, everywhere, place, store_some

GROUP: Final = 4
"""Bytes of a word that are multiplied at once."""
POSITIONS: Final = 4
"""Windows side by side that share a load of weights."""
BYTES: Final = ir.VectorType(ir.IntType(8), GROUP * LANES)
"""The four bytes of each lane."""


def _every_second(builder: Any, values: Any, first: int) -> Any:
    """Lanes first, first + 2 … of a vector."""
    places = list(range(first, values.type.count, 2))
    kind = ir.VectorType(ir.IntType(32), len(places))
    return builder.shuffle_vector(values, ir.Constant(values.type, ir.Undefined), ir.Constant(kind, places))


def add_products_of_bytes(context: Any, builder: Any, total: Any, word: Any, weights: Any) -> Any:
    """Code of total_k + Σ_b x_b·w_kb over the four bytes b of a word: x in 0 … 127, w signed, lane by lane.

    Processors with AVX-512 VNNI have one instruction for it.
    """
    x = everywhere(builder, word)
    if "+avx512vnni" not in context.codegen().magic_tuple()[2]:
        return add_products_in_pairs(builder, total, builder.bitcast(x, BYTES), weights)
    kind = ir.FunctionType(WORDS, [WORDS, WORDS, WORDS])
    add = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.avx512.vpdpbusd.512")
    return builder.call(add, [total, x, builder.bitcast(weights, WORDS)])


def add_products_in_pairs(builder: Any, total: Any, x: Any, weights: Any) -> Any:
    """Code of the same where x is there for each lane; two products fit 16 bits, and are summed first."""
    shorts = ir.VectorType(ir.IntType(16), BYTES.count)
    products = builder.mul(builder.zext(x, shorts), builder.sext(weights, shorts))
    pairs = builder.add(_every_second(builder, products, 0), _every_second(builder, products, 1))
    pairs = builder.sext(pairs, ir.VectorType(ir.IntType(32), pairs.type.count))
    return builder.add(total, builder.add(_every_second(builder, pairs, 0), _every_second(builder, pairs, 1)))


@intrinsic(prefer_literal=True)
def sum_windows_block(
    typing_context, x8, first, step, line, weights, block, blocks, rows, words, total, at, channels, positions, width
):
    """Do `sum_windows` to `positions` windows and `width` blocks of channels from `block` on."""
    literal = isinstance(positions, types.IntegerLiteral) and isinstance(width, types.IntegerLiteral)
    if not (literal and are_rows_of(types.int8, x8, weights) and are_rows_of(types.int32, total)):
        return None
    windows, wide = range(positions.literal_value), range(width.literal_value)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        first, step, line = args[1:4]
        block, blocks, rows, words = args[5:9]
        at, channels = args[10:12]
        kind = first.type

        def number(value: int) -> Any:
            return ir.Constant(kind, value)

        totals = [[cgutils.alloca_once_value(builder, constant(0)) for _ in wide] for _ in windows]
        with cgutils.for_range(builder, rows, intp=kind) as row:
            here = builder.add(first, builder.mul(row.index, line))
            word_of_row = builder.mul(row.index, words)
            with cgutils.for_range(builder, words, intp=kind) as word:
                group = builder.add(builder.mul(builder.add(word_of_row, word.index), blocks), block)
                loaded = []
                for b in wide:
                    weight_at = builder.mul(builder.add(group, number(b)), number(BYTES.count))
                    loaded.append(builder.load(place(context, builder, signature, args, 4, weight_at, BYTES), align=1))
                byte = builder.add(here, builder.mul(word.index, number(GROUP)))
                for p in windows:
                    source = builder.add(byte, builder.mul(step, number(p)))
                    x = builder.load(place(context, builder, signature, args, 0, source, ir.IntType(32)), align=1)
                    for b in wide:
                        old = builder.load(totals[p][b])
                        builder.store(add_products_of_bytes(context, builder, old, x, loaded[b]), totals[p][b])
        for p in windows:
            for b in wide:
                channel = builder.mul(builder.add(block, number(b)), number(LANES))
                there = builder.add(builder.add(at, builder.mul(channels, number(p))), channel)
                pointer = place(context, builder, signature, args, 9, there, WORDS)
                doubled = builder.shl(builder.load(totals[p][b]), constant(1))
                store_some(builder, doubled, pointer, builder.sub(channels, channel))
        return context.get_dummy_value()

    places = (types.intp,) * 3, (types.intp,) * 4, (types.intp,) * 2
    return types.void(x8, *places[0], weights, *places[1], total, *places[2], positions, width), codegen


@kernel_part
def sum_windows(x8, first, step, line, weights, blocks, rows, words, total, at, channels, positions):
    """total[at + p·channels + c] ← 2·Σ_r Σ_n x8[first + p·step + r·line + n]·w_rnc of some windows p side by side.

    Parameters
    ----------
    x8 : int8
        Values in 0 … 127.
    weights : int8 (rows, words, blocks, LANES, GROUP)
        The lanes of all blocks are the channels, the words' bytes the values n of a row.
    total : int32
    positions : int
        POSITIONS, or fewer, which takes longer.
    """
    block = 0
    if positions < POSITIONS:
        for p in range(positions):
            for b in range(blocks):
                sum_windows_block(
                    x8, first + p * step, step, line, weights, b, blocks, rows, words, total, at + p * channels,
                    channels, 1, 1,
                )  # fmt: skip
        return
    while block + 4 <= blocks:
        sum_windows_block(x8, first, step, line, weights, block, blocks, rows, words, total, at, channels, POSITIONS, 4)
        block += 4
    if block + 3 == blocks:
        sum_windows_block(x8, first, step, line, weights, block, blocks, rows, words, total, at, channels, POSITIONS, 3)
    elif block + 2 == blocks:
        sum_windows_block(x8, first, step, line, weights, block, blocks, rows, words, total, at, channels, POSITIONS, 2)
    elif block + 1 == blocks:
        sum_windows_block(x8, first, step, line, weights, block, blocks, rows, words, total, at, channels, POSITIONS, 1)


@intrinsic(prefer_literal=True)
def sum_scaled_block(typing_context, source, bases, factors, first, last, offset, target, at, count, width):
    """Do `sum_scaled` to `width` vectors, the last of which ends after `count` values."""
    numbers = are_rows_of(types.int8, source) or are_rows_of(types.int32, source)
    lists = are_rows_of(types.int32, bases, factors, target)
    if not (numbers and lists and isinstance(width, types.IntegerLiteral)):
        return None
    wide, stored = range(width.literal_value), ir.VectorType(ir.IntType(source.dtype.bitwidth), LANES)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        first, last, offset = args[3:6]
        at, count = args[7:9]
        kind = first.type

        def number(value: int) -> Any:
            return ir.Constant(kind, value)

        def entry(k: int, index: Any) -> Any:
            return builder.load(place(context, builder, signature, args, k, index, ir.IntType(32)), align=4)

        totals = [cgutils.alloca_once_value(builder, constant(0)) for _ in wide]
        with cgutils.for_range(builder, last, start=first, intp=kind) as loop:
            begin = builder.add(builder.zext(entry(1, loop.index), kind), offset)
            factor = everywhere(builder, entry(2, loop.index))
            for b in wide:
                where = builder.add(begin, number(b * LANES))
                values = builder.load(place(context, builder, signature, args, 0, where, stored), align=1)
                values = values if stored == WORDS else builder.sext(values, WORDS)
                builder.store(builder.add(builder.load(totals[b]), builder.mul(values, factor)), totals[b])
        for b in wide:
            pointer = place(context, builder, signature, args, 6, builder.add(at, number(b * LANES)), WORDS)
            if b < width.literal_value - 1:
                builder.store(builder.load(totals[b]), pointer, align=4)
            else:
                store_some(builder, builder.load(totals[b]), pointer, builder.sub(count, number(b * LANES)))
        return context.get_dummy_value()

    places = (types.intp,) * 3, (types.intp,) * 2
    return types.void(source, bases, factors, *places[0], target, *places[1], width), codegen


@kernel_part
def sum_scaled(source, bases, factors, first, last, offset, n, target, at):
    """target[at + k] ← Σ_e factors_e·source[bases_e + offset + k], e in first … last − 1, k < n.

    Parameters
    ----------
    source : int8[] or int32[]
        LANES values are read behind the last one that counts.
    bases, factors : int32[]
    target : int32[]
        Overwritten.
    """
    k = 0
    while k < n:
        vectors = (n - k + LANES - 1) // LANES
        here, there = offset + k, at + k
        if vectors >= 8:
            sum_scaled_block(source, bases, factors, first, last, here, target, there, n - k, 8)
            k += 8 * LANES
        elif vectors >= 6:
            sum_scaled_block(source, bases, factors, first, last, here, target, there, n - k, 6)
            k += 6 * LANES
        elif vectors >= 4:
            sum_scaled_block(source, bases, factors, first, last, here, target, there, n - k, 4)
            k += 4 * LANES
        elif vectors >= 2:
            sum_scaled_block(source, bases, factors, first, last, here, target, there, n - k, 2)
            k += 2 * LANES
        else:
            sum_scaled_block(source, bases, factors, first, last, here, target, there, n - k, 1)
            k += LANES


@intrinsic
def copy_word(typing_context, source, first, target, at):
    """target[at : at + GROUP] ← source[first : first + GROUP], bytes that lie inside."""
    if not are_rows_of(types.int8, source, target):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word = ir.IntType(8 * GROUP)
        value = builder.load(place(context, builder, signature, args, 0, args[1], word), align=1)
        builder.store(value, place(context, builder, signature, args, 2, args[3], word), align=1)
        return context.get_dummy_value()

    return types.void(source, types.intp, target, types.intp), codegen


@kernel_part
def count_of_nonzeros(values, first, n):
    """How many of the n values from `first` on are not 0."""
    count = np.int32(0)
    for k in range(n):
        count = np.int32(count + np.int32(values[np.uint32(first + k)] != 0))
    return count

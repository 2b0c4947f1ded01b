"""Vectors in LLVM's own terms, for the loops that it leaves at half the machine's width or gives up on.

Helpers for intrinsics whose arguments are numba's: each handles a fixed number of neurons or synapses at a time, and
the kernel around it the rest, one by one.
"""

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils

from lava_ed.kernels.fixed_point import DECAY_BITS, DECAY_UNITY

LANES: Final = 16
"""32-bit values in the widest vector that machines have."""
SHORT_LANES: Final = 32
"""16-bit values in the widest vector that machines have."""
FEW: Final = 8
"""Lanes of the last, shorter vector of a row; intrinsics that take their width as an argument want a constant."""
WORDS: Final = ir.VectorType(ir.IntType(32), LANES)
_LONG: Final = ir.IntType(64)


def are_rows_of(dtype: Any, *arrays: Any) -> bool:
    """Whether these types are arrays of `dtype` whose values lie side by side."""
    return all(isinstance(each, types.Array) and each.layout == "C" and each.dtype == dtype for each in arrays)


def place(context: Any, builder: Any, signature: Any, args: Any, k: int, start: Any, kind: Any) -> Any:
    """Pointer to the vector of type `kind` that begins at value `start` of the array that is argument k."""
    data = context.make_array(signature.args[k])(context, builder, args[k]).data
    return builder.bitcast(builder.gep(data, [start]), kind.as_pointer())


def in_row(context: Any, builder: Any, signature: Any, args: Any, k: int, row: Any, column: Any) -> Any:
    """Where entry (row, column) of the matrix that is argument k lies, as `place` counts."""
    matrix = context.make_array(signature.args[k])(context, builder, args[k])
    return builder.add(builder.mul(row, builder.extract_value(matrix.shape, 1)), column)


def everywhere(builder: Any, value: Any, kind: Any = WORDS) -> Any:
    """A vector of type `kind` with the same value in each lane."""
    undefined = ir.Constant(kind, ir.Undefined)
    one = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, undefined, ir.Constant(ir.VectorType(ir.IntType(32), kind.count), None))


def constant(value: int, kind: Any = WORDS) -> Any:
    """A vector of type `kind` with the same value in each lane, known at compile time."""
    return ir.Constant(kind, [value] * kind.count)


def mask_bits(builder: Any, mask: Any, width: int = 64) -> Any:
    """The lanes of a mask as the low bits of an integer."""
    bits = builder.bitcast(mask, ir.IntType(mask.type.count))
    return bits if width == mask.type.count else builder.zext(bits, ir.IntType(width))


def count_lanes(builder: Any, mask: Any) -> Any:
    """Count the lanes of a mask that are set, with the scalar units, as the vector ones are busy; in 64 bits."""
    bits = builder.ctpop(mask_bits(builder, mask, mask.type.count))
    return bits if bits.type.width == _LONG.width else builder.zext(bits, _LONG)


def two_halves(builder: Any, low: Any, high: Any) -> Any:
    """Pack two numbers of at most 32 bits into one of 64, which an intrinsic returns."""
    return builder.or_(low, builder.shl(high, ir.Constant(_LONG, 32)))


def decayed(builder: Any, x: Any, kept: Any) -> Any:
    """Decay 32-bit lanes as `fixed_point.decay` does: sign(x)·(|x|·kept » 12), 0 ≤ kept ≤ 4096.

    |x|·kept » 12 is the high half of |x|·(kept « 20), for each second lane at a time; kept = 2^12, which leaves no
    room for the shift, keeps all.
    """
    word, long = ir.IntType(32), ir.IntType(64)
    words, halves = x.type, ir.VectorType(long, x.type.count // 2)
    sign = builder.ashr(x, constant(31, words))
    size = builder.sub(builder.xor(x, sign), sign)
    all_kept = builder.icmp_unsigned("==", kept, ir.Constant(word, DECAY_UNITY))
    factor = builder.shl(kept, ir.Constant(word, 32 - DECAY_BITS))
    factor = everywhere(builder, builder.zext(factor, long), halves)
    pairs = builder.bitcast(size, halves)
    even = builder.mul(builder.and_(pairs, constant(2**32 - 1, halves)), factor)
    odd = builder.mul(builder.lshr(pairs, constant(32, halves)), factor)
    even, odd = builder.lshr(even, constant(32, halves)), builder.and_(odd, constant(-(2**32), halves))
    high = builder.bitcast(builder.or_(even, odd), words)
    high = builder.or_(high, builder.and_(size, everywhere(builder, builder.sext(all_kept, word), words)))
    return builder.sub(builder.xor(high, sign), sign)


def store_some(builder: Any, values: Any, pointer: Any, count: Any) -> None:
    """Store the first `count` lanes, which may be more than there are."""
    lanes = ir.Constant(WORDS, list(range(LANES)))
    inside = builder.icmp_signed("<", lanes, everywhere(builder, builder.trunc(count, ir.IntType(32))))
    kind = ir.FunctionType(ir.VoidType(), [WORDS, pointer.type, ir.IntType(32), inside.type])
    store = cgutils.get_or_insert_function(builder.module, kind, f"llvm.masked.store.v{LANES}i32.p0")
    builder.call(store, [values, pointer, ir.Constant(ir.IntType(32), 4), inside])

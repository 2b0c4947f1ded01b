"""Vectors of messages and lists of the neurons that sent one."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from llvmlite.binding import llvm_version_info
from numba import types
from numba.core import cgutils
from numba.core.codegen import get_host_cpu_features
from numba.extending import intrinsic

from lava_ed.kernels._jit import inlined_source, kernel, kernel_part
from lava_ed.kernels.vectors.lanes import LANES, WORDS, are_rows_of, constant, everywhere, mask_bits, place, store_some

COMPRESSES: Final = llvm_version_info >= (20,) and "+avx512f" in get_host_cpu_features()
"""Whether one instruction brings some lanes of a vector together, and LLVM knows of it."""
AT_ONCE: Final = 4
"""So many of them are listed without looking whether there are any."""


def _which(values: Any, comparison: str) -> Any:
    """Code of a mask of LANES values that compare so with 0; for intrinsics of (values, start)."""
    if values.layout != "C":
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = ir.VectorType(context.get_data_type(values.dtype), LANES)
        loaded = builder.load(place(context, builder, signature, args, 0, args[1], lanes), align=1)
        # What is no number differs from 0, as in numpy.
        compare = builder.fcmp_unordered if isinstance(values.dtype, types.Float) else builder.icmp_signed
        return mask_bits(builder, compare(comparison, loaded, constant(0, lanes)), 32)

    return types.uint32(values, types.intp), codegen


@intrinsic
def which_act(typing_context: Any, values: Any, start: Any) -> Any:
    """Bit k tells whether values[start + k] is not 0, k < LANES; the values lie side by side."""
    return _which(values, "!=")


@intrinsic
def which_are_positive(typing_context: Any, values: Any, start: Any) -> Any:
    """Bit k tells whether values[start + k] is above 0, as `which_act` does for values that are not 0."""
    return _which(values, ">")


@intrinsic
def lowest_bit(typing_context: Any, mask: Any) -> Any:
    """Place of the lowest bit of a mask; 32 where there is none."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.uint32(types.uint32), codegen


@intrinsic
def number_of_bits(typing_context: Any, mask: Any) -> Any:
    """How many bits of a mask are set."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.zext(builder.ctpop(args[0]), ir.IntType(64))

    return types.intp(types.uint32), codegen


@intrinsic
def store_places(typing_context: Any, acting: Any, start: Any, events: Any, count: Any) -> Any:
    """Append start + k for each bit k of a mask of LANES bits to `count` events, and write nothing behind them."""
    if not are_rows_of(types.int32, events):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        masks = ir.VectorType(ir.IntType(1), LANES)
        mask = builder.bitcast(builder.trunc(args[0], ir.IntType(LANES)), masks)
        first = everywhere(builder, builder.trunc(args[1], WORDS.element))
        places = builder.add(first, ir.Constant(WORDS, list(range(LANES))))
        kind = ir.FunctionType(WORDS, [WORDS, masks, WORDS])
        name = f"llvm.experimental.vector.compress.v{LANES}i32"
        compress = cgutils.get_or_insert_function(builder.module, kind, name)
        listed = builder.call(compress, [places, mask, constant(0)])
        count = builder.zext(builder.ctpop(args[0]), ir.IntType(64))
        store_some(builder, listed, place(context, builder, signature, args, 2, args[3], WORDS), count)
        return context.get_dummy_value()

    return types.void(acting, types.intp, events, types.intp), codegen


@inlined_source
def list_bits(acting, start, events, count):
    """Append start + k for each bit k of a mask of LANES bits to `count` events; returns how many there are now."""
    stop = count + number_of_bits(acting)
    if COMPRESSES:
        store_places(acting, start, events, count)
    else:
        # Without a branch, as it would often be mispredicted; what is written in vain lies within the lanes' room.
        for k in range(AT_ONCE):
            events[count + k] = start + lowest_bit(acting)
            acting &= np.uint32(acting - np.uint32(1))
        for at in range(count + AT_ONCE, stop):
            events[at] = start + lowest_bit(acting)
            acting &= np.uint32(acting - np.uint32(1))
    return stop


@kernel
def list_events(values, events):
    """Write the indices of the values that are not 0; returns how many.

    Parameters
    ----------
    values : integer[n] or float[n]
    events : int32[n]
        Overwritten up to the count.
    """
    count = 0
    whole = values.size - values.size % LANES
    for start in range(0, whole, LANES):
        count = list_bits(which_act(values, start), start, events, count)
    for i in range(whole, values.size):
        if values[i] != 0:
            events[count] = i
            count += 1
    return count


@kernel_part
def count_positive(values):
    """How many values are above 0."""
    count = np.int64(0)
    whole = values.size - values.size % LANES
    for start in range(0, whole, LANES):
        count += number_of_bits(which_are_positive(values, start))
    for i in range(whole, values.size):
        count += np.int64(values[i] > 0)
    return count


@kernel
def list_rows_of_events(rows, pointers, events):
    """`list_events` of each row, one list behind the other.

    Parameters
    ----------
    rows : integer[k, n]
    pointers : int32[k + 1]
        Overwritten: the events of row r are ``events[pointers[r] : pointers[r + 1]]``.
    events : int32[k·n]
        Overwritten up to the last pointer.
    """
    count = 0
    pointers[0] = 0
    for r in range(rows.shape[0]):
        for i in range(rows.shape[1]):
            if rows[r, i] != 0:
                events[count] = i
                count += 1
        pointers[r + 1] = count


@kernel_part
def copy_vector(source, target):
    """target_k ← source_k; numba's own assignment would make an array in between."""
    for k in range(target.size):
        target[k] = source[k]


@kernel
def take_message(message, values, events):
    """values_k ← message_k, and list the indices of those that are not 0; returns how many.

    Parameters
    ----------
    message : [n]
    values : int32[n] or float64[n]
        Overwritten.
    events : int32[n]
        Overwritten up to the count.
    """
    copy_vector(message, values)
    return list_events(values, events)


@kernel_part
def add_counts(values, total):
    """total_k ← total_k + values_k; returns the sum of the values, in 32 bits."""
    added = np.int32(0)
    for k in range(total.size):
        total[k] += values[k]
        added = np.int32(added + values[k])
    return added


@kernel_part
def copy_rows(source, target):
    """Copy an array of two dimensions."""
    for k in range(target.shape[0]):
        copy_vector(source[k], target[k])


@kernel
def add_vector(values, index, total):
    """total_k ← total_k + values_{index_k} modulo 2^32.

    Parameters
    ----------
    values : int32[n]
    index : int32[n] or int32[0]
        Empty for the identity.
    total : int32[n]
        Changed.
    """
    if index.size == 0:
        for k in range(total.size):
            total[k] += values[k]
    else:
        for k in range(total.size):
            total[k] += values[index[k]]


@kernel
def add_events(events, count, payloads, places, total):
    """Add the payload of each event at its place, modulo 2^32.

    Parameters
    ----------
    events : int32[k]
        Senders; the first `count` are read.
    count : int
    payloads : int32[n] or int32[0]
        Payload of every sender; empty where each is 1.
    places : int32[n] or int32[0]
        Where the message of each sender goes; empty for the identity.
    total : int32[n]
        Changed.
    """
    for k in range(count):
        sender = events[k]
        place = sender if places.size == 0 else places[sender]
        total[place] += 1 if payloads.size == 0 else payloads[sender]

"""Parts of the flat state as arrays of their own.

A slice of numba's is brought inside its array first, and a reshape asks a routine that knows every layout, which costs
a small op more than its arithmetic.  Offsets of an op table are known to lie inside; nothing is checked here.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array


def _view(arena: Any, rank: int) -> Any:
    """Signature and code of an array that begins at a value of another, for intrinsics of (arena, first, *shape)."""
    if not (isinstance(arena, types.Array) and arena.ndim == 1 and arena.layout == "C"):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        whole = context.make_array(signature.args[0])(context, builder, args[0])
        view = context.make_array(signature.return_type)(context, builder)
        first, *shape = args[1:]
        size = context.get_constant(types.intp, arena.dtype.bitwidth // 8)
        strides = [size]
        for length in reversed(shape[1:]):
            strides.insert(0, builder.mul(length, strides[0]))
        data = builder.gep(whole.data, [first])
        populate_array(view, data=data, shape=shape, strides=strides, itemsize=size, meminfo=None)
        return view._getvalue()

    return types.Array(arena.dtype, rank, "C")(arena, *(types.intp,) * (1 + rank)), codegen


@intrinsic
def segment(typing_context: Any, arena: Any, first: Any, size: Any) -> Any:
    """arena[first : first + size], which must lie inside."""
    return _view(arena, 1)


@intrinsic
def matrix(typing_context: Any, arena: Any, first: Any, rows: Any, columns: Any) -> Any:
    """arena[first : first + rows·columns] as rows × columns, which must lie inside."""
    return _view(arena, 2)


@intrinsic
def cube(typing_context: Any, arena: Any, first: Any, layers: Any, rows: Any, columns: Any) -> Any:
    """arena[first : first + layers·rows·columns] as layers × rows × columns, which must lie inside."""
    return _view(arena, 3)

"""Parts of the flat state as arrays of their own.

A slice of numba's is brought inside its array first, and a reshape asks a routine that knows every layout, which costs
a small op more than its arithmetic.  Offsets of an op table are known to lie inside; nothing is checked here.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

__all__ = ["cube", "matrix", "part"]


def _flat(arena: Any) -> bool:
    """Whether an array is a row of values side by side."""
    return isinstance(arena, types.Array) and arena.ndim == 1 and arena.layout == "C"


def _view(context: Any, builder: Any, signature: Any, args: Any, shape: list[Any]) -> Any:
    """An array of a shape that begins at value args[1] of the array that is argument 0."""
    whole = context.make_array(signature.args[0])(context, builder, args[0])
    view = context.make_array(signature.return_type)(context, builder)
    size = context.get_constant(types.intp, signature.args[0].dtype.bitwidth // 8)
    strides = [size]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(length, strides[0]))
    populate_array(
        view, data=builder.gep(whole.data, [args[1]]), shape=shape, strides=strides, itemsize=size, meminfo=None
    )
    return view._getvalue()


@intrinsic
def part(typing_context: Any, arena: Any, first: Any, size: Any) -> Any:
    """arena[first : first + size], which must lie inside."""
    if not _flat(arena):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _view(context, builder, signature, args, list(args[2:]))

    return types.Array(arena.dtype, 1, "C")(arena, types.intp, types.intp), codegen


@intrinsic
def matrix(typing_context: Any, arena: Any, first: Any, rows: Any, columns: Any) -> Any:
    """arena[first : first + rows·columns] as rows × columns, which must lie inside."""
    if not _flat(arena):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _view(context, builder, signature, args, list(args[2:]))

    return types.Array(arena.dtype, 2, "C")(arena, *(types.intp,) * 3), codegen


@intrinsic
def cube(typing_context: Any, arena: Any, first: Any, layers: Any, rows: Any, columns: Any) -> Any:
    """As `matrix`, of layers × rows × columns."""
    if not _flat(arena):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _view(context, builder, signature, args, list(args[2:]))

    return types.Array(arena.dtype, 3, "C")(arena, *(types.intp,) * 4), codegen

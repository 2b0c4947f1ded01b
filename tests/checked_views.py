"""Parts of the flat state that must lie inside, for a run of the tests in which numba checks every index.

Importing this changes how kernels are compiled from now on, so that it comes before them.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.np.arrayobj import populate_array

from lava_ed.kernels import views


def checked_view(arena: Any, rank: int) -> Any:
    """As `views._view`, with an IndexError where the part does not lie inside the arena."""
    if not (isinstance(arena, types.Array) and arena.ndim == 1 and arena.layout == "C"):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        whole = context.make_array(signature.args[0])(context, builder, args[0])
        view = context.make_array(signature.return_type)(context, builder)
        first, *shape = args[1:]
        zero, bad = context.get_constant(types.intp, 0), None
        size = context.get_constant(types.intp, arena.dtype.bitwidth // 8)
        strides, span = [size], shape[-1]
        for length in reversed(shape[1:]):
            strides.insert(0, builder.mul(length, strides[0]))
        for length in reversed(shape[:-1]):
            span = builder.mul(length, span)
        behind = builder.add(first, span)
        for wrong in (
            *(builder.icmp_signed("<", number, zero) for number in (first, *shape)),
            builder.icmp_signed(">", behind, whole.nitems),
        ):
            bad = wrong if bad is None else builder.or_(bad, wrong)
        with builder.if_then(bad, likely=False):
            context.call_conv.return_user_exc(builder, IndexError, ("a part lies outside its array",))
        data = builder.gep(whole.data, [first])
        populate_array(view, data=data, shape=shape, strides=strides, itemsize=size, meminfo=None)
        return view._getvalue()

    return types.Array(arena.dtype, rank, "C")(arena, *(types.intp,) * (1 + rank)), codegen


# A kernel's cache is stamped with what it is made of, if that is ours.
checked_view.__module__ = views.__name__
views._view = checked_view  # type: ignore[assignment]

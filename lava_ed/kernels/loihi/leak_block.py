"""The step of `neuron.leak_and_fire` in vectors as wide as the machine has them."""

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from lava_ed.kernels.fixed_point import DECAY_UNITY, STATE_BITS
from lava_ed.kernels.vectors.lanes import LANES, WORDS, are_rows_of, constant, decayed, everywhere, mask_bits, place

ACTIVE_SHIFT: Final = LANES
OVERFLOW_SHIFT: Final = 2 * LANES
"""First bits of what `leak_block` tells of the neurons that were active, and that left their register."""


@intrinsic
def leak_block(typing_context, a_in, v, spike_word, support_word, start, kept, leaks, threshold, half_width, bit):
    """Do one step of LANES neurons from `start` on; the low LANES bits of the result tell who fired.

    `kept` is 4096 − dv, `leaks` −1 where dv is not 0.  A sum that leaves 32 bits has left 24 as well: what becomes
    of it modulo 2^32 still lies outside of them.
    """
    if not are_rows_of(types.int32, a_in, v, spike_word, support_word):
        return None
    long = ir.IntType(64)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kept, leaks, threshold, half_width, bit = args[5:]

        def at(k: int) -> Any:
            return place(context, builder, signature, args, k, args[4], WORDS)

        def bits(mask: Any, shift: int) -> Any:
            return builder.shl(mask_bits(builder, mask), ir.Constant(long, shift))

        def mark(k: int, mask: Any) -> None:
            marked = builder.select(mask, everywhere(builder, bit), constant(0))
            builder.store(builder.or_(builder.load(at(k), align=4), marked), at(k), align=4)

        inputs, old = builder.load(at(0), align=4), builder.load(at(1), align=4)
        moving = builder.or_(inputs, builder.and_(old, everywhere(builder, leaks)))
        before = builder.block
        with builder.if_then(builder.icmp_unsigned("!=", kept, ir.Constant(kept.type, DECAY_UNITY))):
            leaked = decayed(builder, old, kept)
            inside = builder.block
        left = builder.phi(WORDS)
        left.add_incoming(old, before)
        left.add_incoming(leaked, inside)
        raw = builder.add(left, inputs)
        spare = constant(32 - STATE_BITS)
        new = builder.ashr(builder.shl(raw, spare), spare)
        fired = builder.icmp_signed(">=", new, everywhere(builder, threshold))
        above = builder.sub(new, everywhere(builder, threshold))
        mark(2, fired)
        mark(3, builder.and_(fired, builder.icmp_signed("<", above, everywhere(builder, half_width))))
        builder.store(builder.select(fired, constant(0), new), at(1), align=4)
        active = builder.or_(fired, builder.icmp_signed("!=", moving, constant(0)))
        told = builder.or_(bits(fired, 0), bits(active, ACTIVE_SHIFT))
        return builder.or_(told, bits(builder.icmp_signed("!=", raw, new), OVERFLOW_SHIFT))

    places = (types.intp, types.uint32, types.int32, types.int32, types.int32, types.int32)
    return types.uint64(a_in, v, spike_word, support_word, *places), codegen

"""Lava's Dense: event-driven sums over stored weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import Assembler
from lava_ed.engine.families.inputs import event_input, want_vector_with
from lava_ed.engine.families.synapses import SPIKES, STORED_MAX, SUMS, WeightedNode
from lava_ed.engine.families.tallies import add_reads
from lava_ed.engine.memory import Memory, Pending, Variable
from lava_ed.engine.op import NOWHERE, each, number, op, reads
from lava_ed.kernels._jit import inlined_kernel
from lava_ed.kernels.stock.dense import (
    accumulate_bytes,
    accumulate_events,
    accumulate_graded_events,
    pack_bytes,
    scale_accumulator,
)
from lava_ed.kernels.views import matrix, segment

SPIKES_FORWARD = op(
    "spikes_forward",
    "core",
    **SPIKES,
    **SUMS,
    weights=reads("i16", "n_pre * n_post"),
    weight_exp=number(),
    packed=reads("i8", "n_pre * n_post", optional=True),
    **each(reads("i32", optional=True), "packs", "pack_shift", "pack_offset"),
)
"""`packed` are the weights in bytes, as `pack_bytes` makes them, if they fit into such (`packs`)."""
PACKED: Final = ("packed", "packs", "pack_shift", "pack_offset")


@inlined_kernel
def spikes_forward(a, i8, i16, i32, i64):  # type: ignore[no-untyped-def]
    """Sum the weights of the spikes, and scale the sums."""
    f = SPIKES_FORWARD
    n_pre, n_post, count = a[f.n_pre], a[f.n_post], i32[a[f.count]]
    a_buff = segment(i32, a[f.a_buff], n_post)
    if count == 0:
        if i32[a[f.filled]]:
            a_buff[:] = 0
            i32[a[f.filled]] = 0
        return
    i32[a[f.filled]] = 1
    events = segment(i32, a[f.events], count)
    graded = i32[a[f.message_bits]] > 0 and a[f.payloads] >= 0
    if not graded and a[f.packed] >= 0 and i32[a[f.packs]]:
        packed = matrix(i8, a[f.packed], n_pre, n_post)
        accumulate_bytes(packed, events, count, i32[a[f.pack_shift]], i32[a[f.pack_offset]], a_buff)
    else:
        weights = matrix(i16, a[f.weights], n_pre, n_post)
        if graded:
            accumulate_graded_events(weights, events, segment(i32, a[f.payloads], n_pre), count, a_buff)
        else:
            accumulate_events(weights, events, count, a_buff)
    if a[f.weight_exp] != 0:
        scale_accumulator(a_buff, a[f.weight_exp], a_buff)
    add_reads(a[f.counters], i32[a[f.message_bits]] > 0, segment(i32, a[f.nonzeros], n_pre), events, count, i64)


@dataclass(kw_only=True)
class DenseNode(WeightedNode):
    """All-to-all synapses with fixed weights.

    Parameters
    ----------
    weights : int32 (n_post, n_pre)
        As given to the process.
    """

    weights: npt.NDArray[np.int32]

    fixed: ClassVar[bool] = True
    """Whether no step changes the weights."""

    def declare(self, asm: Assembler) -> None:
        """Vars weights, a_buff, num_message_bits; OutPort a_out."""
        self._declare_dense(asm)
        self._declare_sums(asm)
        self.at.update(dict.fromkeys(PACKED, NOWHERE))
        if self.fixed:
            self._declare_packed(asm)

    def _declare_dense(self, asm: Assembler) -> None:
        """The Var `weights`, and the non-zero ones of each pre neuron."""
        slot = asm.memory.allocate("i16", self.weights.shape[::-1])
        nonzeros = asm.memory.allocate("i32", slot.shape[:1])

        def count(memory: Memory) -> None:
            """Follow the weights."""
            memory.view(nonzeros)[...] = np.count_nonzero(memory.view(slot), axis=1)

        n_pre, n_post = slot.shape
        self.at.update(n_pre=n_pre, n_post=n_post, nonzeros=nonzeros.offset)
        variable = Variable(slot, transposed=True, pending=Pending(self.weights), after_write=count)
        self._declare_weights(asm, variable, n_pre, STORED_MAX)

    def _declare_packed(self, asm: Assembler) -> None:
        """A copy of `weights` in one byte each, kept up to date, for binary spikes; weights may not fit such bytes."""
        weights = asm.variables[self.name, "weights"].slot
        packed = asm.memory.allocate("i8", weights.shape)
        form = asm.memory.allocate("i32", (3,))

        def pack(memory: Memory) -> None:
            """Follow the weights."""
            result = pack_bytes(memory.view(weights))
            memory.view(form)[...] = 0
            if result is not None:
                memory.view(packed)[...] = result[0]
                memory.view(form)[...] = 1, *result[1:]

        asm.follow(self, ["weights"], pack)
        first = form.offset
        self.at.update(zip(PACKED, (packed.offset, first, first + 1, first + 2), strict=True))

    def emit(self, asm: Assembler) -> None:
        """Sum in every step."""
        pre = event_input(asm, self, "s_in", self.at["n_pre"], with_payload=self.message_bits > 0)
        want_vector_with(asm, pre, self.name, "num_message_bits")
        self._emit_sums(asm, pre, SPIKES_FORWARD)

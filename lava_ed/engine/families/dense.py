"""Lava's Dense: event-driven sums over stored weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import SYNAPSES, Assembler, Node, Signal
from lava_ed.engine.families.joins import event_input, want_vector_with
from lava_ed.engine.families.synapses import SPIKES, SUMS, SynapsesNode
from lava_ed.engine.families.tallies import add_reads, recount
from lava_ed.engine.memory import Limits, Memory, Pending, Variable, also
from lava_ed.engine.op import NOWHERE, number, op, reads
from lava_ed.errors import ConfigError
from lava_ed.kernels._jit import inlined_kernel
from lava_ed.kernels.stock.dense import (
    MIXED_MIN,
    accumulate_bytes,
    accumulate_events,
    accumulate_graded_events,
    clip_weights,
    dominant_sign_mode,
    pack_bytes,
    scale_accumulator,
    truncate_weights,
)
from lava_ed.kernels.views import matrix, segment

SUM_LIMIT: Final = 2**31 - 1
"""Sums and buffers are 32 bits wide; Lava's are wider for binary spikes."""
STORED_MAX: Final = 2**15 - 1


SPIKES_FORWARD = op(
    "spikes_forward",
    "core",
    **SPIKES,
    **SUMS,
    weights=reads("i16", "n_pre * n_post"),
    weight_exp=number(),
    packed=reads("i8", "n_pre * n_post", optional=True),
    packs=reads("i32", optional=True),
    pack_shift=reads("i32", optional=True),
    pack_offset=reads("i32", optional=True),
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


@dataclass(frozen=True)
class WeightFormat:
    """How stock Lava stores weights.

    Parameters
    ----------
    sign_mode : int or None
        None: that of the weights in the first step.
    bits : int
        Bits of a weight.
    clip : bool
        Whether they are clipped; LearningDense leaves that to its first epoch.
    """

    sign_mode: int | None = None
    bits: int = 8
    clip: bool = True

    def stored(self, weights: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Weights as they are from the first step on."""
        mode = dominant_sign_mode(weights) if self.sign_mode is None else self.sign_mode
        if self.clip:
            weights = clip_weights(weights, mode)
        return truncate_weights(weights, mode, self.bits)


def largest_weight(n_pre: int, exponent: int) -> int:
    """Largest weight for which no sum of binary spikes leaves 32 bits, at most 2^15 − 1."""
    return min(STORED_MAX, SUM_LIMIT // (max(n_pre, 1) << max(exponent, 0)))


def declare_weights(
    node: Node, asm: Assembler, weights: npt.NDArray[np.int32], weight_format: WeightFormat, exponent: int
) -> tuple[int, int]:
    """The Var `weights` (n_post, n_pre), cut to its format in the first step.

    Returns
    -------
    (weights, row_nonzeros)
        Their offset (i16), and that (i32) of the non-zero ones of each pre neuron.

    Raises
    ------
    ConfigError
        If sums could leave 32 bits.
    """
    n_post, n_pre = weights.shape
    largest = largest_weight(n_pre, exponent)
    if largest < -MIXED_MIN:
        raise ConfigError(
            f"{node.name}: {n_pre} weights times 2^{exponent} can leave the 32 bits of the engine's sums: lower "
            "weight_exp, or run the graph on Lava's own runtime (without attach)"
        )
    slot = asm.memory.allocate("i16", (n_pre, n_post))
    nonzeros = asm.memory.allocate("i32", (n_pre,))
    pending = Pending(weights)

    def store(memory: Memory) -> None:
        """Cut the weights to their format, once, as Lava does in the first step."""
        assert pending.values is not None
        stored = weight_format.stored(pending.values)
        if stored.size and max(stored.max(), -stored.min()) > largest:
            raise ConfigError(
                f"{node.name}.weights lie outside ±{largest}, which the engine's sums can hold: lower them, or run "
                "the graph on Lava's own runtime (without attach)"
            )
        memory.view(slot)[...] = stored.T
        pending.values = None
        recount(memory, slot, nonzeros)

    asm.prologue.append(store)
    asm.variables[node.name, "weights"] = Variable(
        slot,
        transposed=True,
        pending=pending,
        limits=Limits(-largest, largest),
        after_write=lambda memory: recount(memory, slot, nonzeros),
    )
    return slot.offset, nonzeros.offset


@dataclass
class DenseNode(SynapsesNode):
    """All-to-all synapses with fixed weights.

    Parameters
    ----------
    weights : int32 (n_post, n_pre)
        As given to the process.
    weight_format : WeightFormat
    exponent : int
        weight_exp.
    """

    weights: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros((1, 1), np.int32))
    weight_format: WeightFormat = field(default_factory=WeightFormat)
    exponent: int = 0

    fixed: ClassVar[bool] = True
    """Whether no step changes the weights."""

    def declare(self, asm: Assembler) -> None:
        """Vars weights, a_buff, num_message_bits; OutPort a_out."""
        self._declare_weights(asm)
        self._declare_sums(asm)
        self._columns.update(dict.fromkeys(PACKED, NOWHERE))
        if self.fixed:
            self._declare_packed(asm)

    def _declare_weights(self, asm: Assembler) -> None:
        """The Var `weights`, and the sizes."""
        c = self._columns
        c["n_post"], c["n_pre"] = self.weights.shape
        c["weights"], c["nonzeros"] = declare_weights(self, asm, self.weights, self.weight_format, self.exponent)

    def _declare_packed(self, asm: Assembler) -> None:
        """A copy of `weights` in one byte each, kept up to date, for binary spikes; weights may not fit such bytes."""
        variable = asm.variables[self.name, "weights"]
        packed = asm.memory.allocate("i8", variable.slot.shape)
        form = asm.memory.allocate("i32", (3,))

        def pack(memory: Memory) -> None:
            """Follow the weights."""
            result = pack_bytes(memory.view(variable.slot))
            memory.view(form)[...] = 0
            if result is not None:
                memory.view(packed)[...] = result[0]
                memory.view(form)[...] = 1, *result[1:]

        asm.followers.append(pack)
        asm.variables[self.name, "weights"] = also(variable, pack)
        first = form.offset
        self._columns.update(zip(PACKED, (packed.offset, first, first + 1, first + 2), strict=True))

    def forward(self, asm: Assembler, pre: Signal) -> None:
        """Write the op of the sums."""
        fields = self._columns | self._incoming(pre)
        asm.counted_step(SYNAPSES, SPIKES_FORWARD, self, fields, weight_exp=self.exponent)

    def emit(self, asm: Assembler) -> None:
        """Sum in every step."""
        pre = event_input(asm, self, "s_in", self._columns["n_pre"], with_payload=self.message_bits > 0)
        want_vector_with(asm, pre, self.name, "num_message_bits")
        self.forward(asm, pre)

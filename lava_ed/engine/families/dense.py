"""Lava's Dense: event-driven sums over stored weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import SYNAPSES, Assembler, Node, Signal
from lava_ed.engine.families import opcodes
from lava_ed.engine.families.joins import event_input, want_vector_with
from lava_ed.engine.families.tallies import add_reads, recount
from lava_ed.engine.memory import Limits, Memory, Pending, Slot, Variable, also
from lava_ed.errors import ConfigError
from lava_ed.kernels._jit import inlined_kernel
from lava_ed.kernels.dense import (
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


@inlined_kernel
def spikes_forward(a, i8, i16, i32, i64):  # type: ignore[no-untyped-def]
    """Sum the rows of the spikes into a_buff, and scale it.

    Columns: 1 n_pre, 2 n_post, 3 weights (i16), 4 event count, 5 events, 6 payloads or −1 (all 1),
    7 message bits, 8 exponent, 9 a_buff, 10 its flag, 11 weights as bytes (i8) or −1, 12 their form: valid (0/1),
    shift, offset, 13 row non-zeros, 14 counters (i64).
    """
    count = i32[a[4]]
    a_buff = segment(i32, a[9], a[2])
    if count == 0:
        if i32[a[10]]:
            a_buff[:] = 0
            i32[a[10]] = 0
        return
    i32[a[10]] = 1
    events = segment(i32, a[5], count)
    graded = i32[a[7]] > 0 and a[6] >= 0
    if not graded and a[11] >= 0 and i32[a[12]]:
        packed = matrix(i8, a[11], a[1], a[2])
        accumulate_bytes(packed, events, count, i32[a[12] + 1], i32[a[12] + 2], a_buff)
    else:
        weights = matrix(i16, a[3], a[1], a[2])
        if graded:
            accumulate_graded_events(weights, events, segment(i32, a[6], a[1]), count, a_buff)
        else:
            accumulate_events(weights, events, count, a_buff)
    if a[8] != 0:
        scale_accumulator(a_buff, a[8], a_buff)
    add_reads(a[14], i32[a[7]] > 0, segment(i32, a[13], a[1]), events, count, i64)


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


def declare_bytes(node: Node, asm: Assembler) -> dict[str, int]:
    """A copy of `weights` in one byte each, kept up to date, for binary spikes; weights may not fit such bytes."""
    variable = asm.variables[node.name, "weights"]
    packed = asm.memory.allocate("i8", variable.slot.shape)
    form = asm.memory.allocate("i32", (3,))

    def pack(memory: Memory) -> None:
        """Follow the weights."""
        result = pack_bytes(memory.view(variable.slot))
        if result is None:
            memory.view(form)[...] = 0
        else:
            memory.view(packed)[...] = result[0]
            memory.view(form)[...] = 1, *result[1:]

    asm.followers.append(pack)
    asm.variables[node.name, "weights"] = also(variable, pack)
    return {"packed": packed.offset, "form": form.offset}


@dataclass
class DenseNode(Node):
    """All-to-all synapses with fixed weights.

    Parameters
    ----------
    weights : int32 (n_post, n_pre)
        As given to the process.
    weight_format : WeightFormat
    exponent : int
        weight_exp.
    message_bits : int
        0 for binary spikes.
    a_buff : int32 (n_post,)
        Initial sums.
    """

    weights: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros((1, 1), np.int32))
    weight_format: WeightFormat = field(default_factory=WeightFormat)
    exponent: int = 0
    message_bits: int = 0
    a_buff: npt.NDArray[Any] = field(default_factory=lambda: np.zeros(1, np.int32))
    _columns: dict[str, int] = field(default_factory=dict)

    delayed = True
    fixed: ClassVar[bool] = True
    """Whether no step changes the weights."""

    def declare(self, asm: Assembler) -> None:
        """Vars weights, a_buff, num_message_bits; OutPort a_out."""
        c = self._columns
        n_post, n_pre = self.weights.shape
        c["weights"], c["nonzeros"] = declare_weights(self, asm, self.weights, self.weight_format, self.exponent)
        asm.counters(self)
        c["bits"] = asm.var(self, "num_message_bits", (1,), self.message_bits)
        c["a_buff"] = asm.var(self, "a_buff", (n_post,), self.a_buff)
        flag = asm.memory.allocate("i32", (1,), 1)

        def touch(memory: Memory) -> None:
            """A buffer that was written is not known to be zero."""
            memory.view(flag)[0] = 1

        slot = Slot("i32", c["a_buff"], (n_post,))
        asm.variables[self.name, "a_buff"] = Variable(slot, after_write=touch)
        c.update(n_pre=n_pre, n_post=n_post, flag=flag.offset)
        asm.signals[self.name, "a_out"] = Signal(n_post, flag.offset, -1, c["a_buff"], c["a_buff"])
        c.update(declare_bytes(self, asm) if self.fixed else {"packed": -1, "form": 0})

    def forward(self, asm: Assembler, pre: Signal) -> None:
        """Write the op of the sums."""
        c = self._columns
        asm.counted_step(
            SYNAPSES, opcodes.SPIKES_FORWARD, self,
            c["n_pre"], c["n_post"], c["weights"], pre.count, pre.events, pre.payloads, c["bits"], self.exponent,
            c["a_buff"], c["flag"], c["packed"], c["form"], c["nonzeros"],
        )  # fmt: skip

    def emit(self, asm: Assembler) -> None:
        """Sum in every step."""
        c = self._columns
        pre = event_input(asm, self, "s_in", c["n_pre"], with_payload=self.message_bits > 0)
        want_vector_with(asm, pre, self.name, "num_message_bits")
        self.forward(asm, pre)

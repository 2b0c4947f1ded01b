"""What the synapses of Lava's own processes have in common: spikes that come in, sums that go out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import SYNAPSES, Assembler, Node, Signal, raise_flag
from lava_ed.engine.families.tallies import COUNTERS
from lava_ed.engine.memory import Limits, Memory, Slot, Variable, check_range, range_of, write_variable
from lava_ed.engine.op import each, number, reads, updates, writes
from lava_ed.errors import ConfigError
from lava_ed.installed import without_engine
from lava_ed.kernels.stock.dense import MIXED_MIN, clip_weights, dominant_sign_mode, truncate_weights

MAX_DELAY: Final = 63
STORED_MAX: Final = 2**15 - 1
"""Largest magnitude of a weight or tag that is kept in 16 bits."""
SUM_LIMIT: Final = 2**31 - 1
"""Sums and buffers are 32 bits wide; Lava's are wider for binary spikes."""

SPIKES: Final = {
    "n_pre": number(),
    "n_post": number(),
    **each(reads("i32"), "count", "message_bits"),
    **each(reads("i32", "n_pre"), "events", "nonzeros"),
    "payloads": reads("i32", "n_pre", optional=True),
    "counters": COUNTERS,
}
"""Fields: what comes in, without payloads where all are 1; and the non-zero weights of each pre neuron, to count."""
SUMS: Final = {"a_buff": writes("i32", "n_post"), "filled": updates("i32")}
"""Fields: the sums, and whether some may not be 0."""
SLOTS: Final = {
    "slots": number("of sums: one for each delay"),
    "a_buff": updates("i32", "n_post * slots"),
    "sent": writes("i32", "n_post"),
}
"""Fields: the sums of the steps to come, and those of this step."""


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


@dataclass(kw_only=True)
class SynapsesNode(Node):
    """Synapses: spikes come in, and sums are sent one step later.

    Parameters
    ----------
    message_bits : int
        0 for binary spikes.
    a_buff : int32 or float64
        Initial sums; with delays (n_post, max_delay + 1).
    """

    message_bits: int = 0
    a_buff: npt.NDArray[Any]

    delayed = True
    buffer: ClassVar[str] = "a_buff"
    """The Var of the sums."""
    arena: ClassVar[str] = "i32"
    """Where the sums lie."""

    def _declare_sums(self, asm: Assembler) -> None:
        """Vars of the message bits and of the sums, which OutPort a_out sends."""
        slot, filled = self._declare_buffer(asm), asm.memory.allocate("i32", (1,), 1)
        # A buffer that was written is not known to be zero.
        asm.after_write(self.name, self.buffer, partial(raise_flag, filled))
        self.at["filled"] = filled.offset
        self._send(asm, slot, filled.offset)

    def _declare_slots(self, asm: Assembler) -> None:
        """Vars of the message bits and of the sums, of which OutPort a_out sends those of the first slot."""
        slot, (n_post, slots) = self._declare_buffer(asm), self.a_buff.shape
        sent = asm.memory.allocate(self.arena, (n_post,), self.a_buff[:, 0])

        def set_out(memory: Memory) -> None:
            """Send what the user wrote."""
            memory.view(sent)[...] = memory.view(slot)[:, 0]

        asm.after_write(self.name, self.buffer, set_out)
        self.at.update(slots=slots, sent=sent.offset)
        self._send(asm, sent, asm.scratch(1))

    def _declare_buffer(self, asm: Assembler) -> Slot:
        """What `_declare_sums` and `_declare_slots` share."""
        at = self.at
        at["message_bits"] = asm.var(self, "num_message_bits", (1,), self.message_bits)
        at["a_buff"] = asm.var(self, self.buffer, self.a_buff.shape, self.a_buff, self.arena)
        if self.arena == "i32":  # floating-point models count nothing
            asm.counters(self)
        return asm.variables[self.name, self.buffer].slot

    def _send(self, asm: Assembler, values: Slot, flag: int) -> None:
        """OutPort a_out."""
        at, real = values.offset, self.arena == "f64"
        signal = Signal(values.size, -1, real=at) if real else Signal(values.size, flag, -1, at, at)
        asm.signals[self.name, "a_out"] = signal

    def _check_delays(self, delays: Slot, memory: Memory) -> None:
        """Refuse delays that are too long, in the first step only, as Lava does."""
        if memory.view(delays).max(initial=0) > MAX_DELAY:
            raise ConfigError(f"{self.name}.delays exceed {MAX_DELAY}, the longest delay of Loihi 2: shorten them")

    def _incoming(self, pre: Signal) -> dict[str, int]:
        """Values of the fields that say where the spikes lie."""
        return {"count": pre.count, "events": pre.events, "payloads": pre.payloads}


@dataclass(kw_only=True)
class WeightedNode(SynapsesNode):
    """Synapses whose weights have the format of Lava's Dense and Sparse.

    Parameters
    ----------
    weight_format : WeightFormat
    exponent : int
        weight_exp.
    """

    weight_format: WeightFormat = field(default_factory=WeightFormat)
    exponent: int = 0

    def _declare_weights(self, asm: Assembler, variable: Variable, fan_in: int, most: int) -> None:
        """The Var `weights` of at most a magnitude, cut to its format in the first step.

        Raises
        ------
        ConfigError
            If sums could leave 32 bits.
        """
        largest = min(most, SUM_LIMIT // (max(fan_in, 1) << max(self.exponent, 0)))
        if largest < -MIXED_MIN:
            raise ConfigError(
                f"{self.name}: {fan_in} weights times 2^{self.exponent} can leave the 32 bits of the engine's sums: "
                f"lower weight_exp, or {without_engine()}"
            )
        variable = replace(variable, limits=Limits(-largest, largest))
        pending = variable.pending
        assert pending is not None

        def store(memory: Memory) -> None:
            """Cut the weights to their format, once, as Lava does in the first step."""
            assert pending.values is not None
            check_range(pending.values, range_of(np.int32), f"{self.name}.weights")
            given = pending.values.astype(np.int32)
            stored = self.weight_format.stored(given) if given.size else given
            if stored.size and max(stored.max(), -stored.min()) > largest:
                raise ConfigError(
                    f"{self.name}.weights lie outside ±{largest}, which the engine can hold: lower them, or "
                    f"{without_engine()}"
                )
            pending.values = None
            write_variable(memory, variable, stored)

        asm.prologue.append(store)
        asm.variables[self.name, "weights"] = variable
        self.at["weights"] = variable.slot.offset

    def _emit_sums(self, asm: Assembler, pre: Signal, what: Any) -> None:
        """Write the op of the sums."""
        asm.counted_step(SYNAPSES, what, self, self.at | self._incoming(pre), weight_exp=self.exponent)

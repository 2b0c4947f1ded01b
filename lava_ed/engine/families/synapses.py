"""What the integer synapses of Lava's own processes have in common: spikes that come in, sums that go out."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import Assembler, Node, Signal, raise_flag
from lava_ed.engine.families.tallies import COUNTERS
from lava_ed.engine.memory import Memory, Slot, Variable
from lava_ed.engine.op import number, reads, updates, writes
from lava_ed.errors import ConfigError

MAX_DELAY: Final = 63

SPIKES: Final = {
    "n_pre": number(),
    "n_post": number(),
    "count": reads("i32"),
    "events": reads("i32", "n_pre"),
    "payloads": reads("i32", "n_pre", optional=True),
    "message_bits": reads("i32"),
    "nonzeros": reads("i32", "n_pre"),
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


@dataclass
class SynapsesNode(Node):
    """Synapses that sum integers.

    Parameters
    ----------
    message_bits : int
        0 for binary spikes.
    a_buff : int32
        Initial sums; with delays (n_post, max_delay + 1).
    """

    message_bits: int = 0
    a_buff: npt.NDArray[Any] = field(default_factory=lambda: np.zeros(1, np.int32))
    _columns: dict[str, int] = field(default_factory=dict)

    delayed = True
    buffer: ClassVar[str] = "a_buff"
    """The Var of the sums."""

    def _declare_sums(self, asm: Assembler) -> None:
        """Vars of the message bits and of the sums, which OutPort a_out sends."""
        slot, filled = self._declare_buffer(asm), asm.memory.allocate("i32", (1,), 1)
        # A buffer that was written is not known to be zero.
        asm.variables[self.name, self.buffer] = Variable(slot, after_write=partial(raise_flag, filled))
        asm.signals[self.name, "a_out"] = Signal(slot.size, filled.offset, -1, slot.offset, slot.offset)
        self._columns["filled"] = filled.offset

    def _declare_slots(self, asm: Assembler, accumulator: str) -> None:
        """Vars of the message bits and of the sums, of which OutPort a_out sends those of the first slot."""
        slot, (n_post, slots) = self._declare_buffer(asm), self.a_buff.shape
        sent = asm.memory.allocate("i32", (n_post,), self.a_buff[:, 0])

        def set_out(memory: Memory) -> None:
            """Send what the user wrote."""
            memory.view(sent)[...] = memory.view(slot)[:, 0]

        asm.variables[self.name, self.buffer] = Variable(slot, after_write=set_out)
        asm.vector_signal(self, "a_out", n_post, sent.offset)
        self._columns.update(slots=slots, sent=sent.offset)
        self._columns["accumulator"] = asm.scratch(n_post * slots, accumulator)
        self._columns["scaled"] = asm.scratch(slots, accumulator)

    def _declare_buffer(self, asm: Assembler) -> Slot:
        """What `_declare_sums` and `_declare_slots` share."""
        c = self._columns
        c["message_bits"] = asm.var(self, "num_message_bits", (1,), self.message_bits)
        c["a_buff"] = asm.var(self, self.buffer, self.a_buff.shape, self.a_buff)
        asm.counters(self)
        return asm.variables[self.name, self.buffer].slot

    def _check_delays(self, delays: Slot, memory: Memory) -> None:
        """Refuse delays that are too long, in the first step only, as Lava does."""
        if memory.view(delays).max(initial=0) > MAX_DELAY:
            raise ConfigError(f"{self.name}.delays exceed {MAX_DELAY}, the longest delay of Loihi 2: shorten them")

    def _incoming(self, pre: Signal) -> dict[str, int]:
        """Values of the fields that say where the spikes lie."""
        return {"count": pre.count, "events": pre.events, "payloads": pre.payloads}

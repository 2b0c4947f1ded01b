"""Lava's DelayDense: each synapse delivers after its own delay."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import SYNAPSES, Assembler
from lava_ed.engine.families import opcodes
from lava_ed.engine.families.dense import DenseNode, declare_weights
from lava_ed.engine.families.joins import event_input
from lava_ed.engine.families.tallies import add_reads
from lava_ed.engine.memory import Memory, Slot, Variable
from lava_ed.errors import ConfigError
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.dense import accumulate_delayed, advance_delays
from lava_ed.kernels.views import matrix, segment

MAX_DELAY = 63


@kernel
def spikes_delayed(a, i16, i32, i64):  # type: ignore[no-untyped-def]
    """Sum the spikes into the slots of their delays, move the slots on, and set out the first.

    Columns: 1 n_pre, 2 n_post, 3 slots, 4 weights (i16), 5 delays (i16), 6 event count, 7 events,
    8 vector of messages, 9 message bits, 10 exponent, 11 a_buff, 12 sent, 13 accumulator (i64),
    14 scaled (i64), 15 ones, 16 row non-zeros, 17 counters (i64).
    """
    n_pre, n_post, slots = a[1], a[2], a[3]
    weights = matrix(i16, a[4], n_pre, n_post)
    delays = matrix(i16, a[5], n_pre, n_post)
    a_buff = matrix(i32, a[11], n_post, slots)
    accumulator = matrix(i64, a[13], n_post, slots)
    first = a[8] if i32[a[9]] > 0 else a[15]
    count = i32[a[6]]
    events = segment(i32, a[7], count)
    accumulate_delayed(weights, delays, events, segment(i32, first, n_pre), count, accumulator)
    add_reads(a[17], i32[a[9]] > 0, segment(i32, a[16], n_pre), events, count, i64)
    advance_delays(accumulator, a[10], segment(i64, a[14], slots), a_buff)
    for j in range(n_post):
        i32[a[12] + j] = a_buff[j, 0]


@dataclass
class DelayDenseNode(DenseNode):
    """As DenseNode, with `delays` (n_post, n_pre); `a_buff` is (n_post, max_delay + 1)."""

    delays: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros((1, 1), np.int32))

    def declare(self, asm: Assembler) -> None:
        """Vars weights, delays, a_buff, num_message_bits; OutPort a_out."""
        c = self._columns
        n_post, n_pre = self.weights.shape
        slots = self.a_buff.shape[1]
        c["weights"], c["nonzeros"] = declare_weights(self, asm, self.weights, self.weight_format, self.exponent)
        asm.counters(self)
        delays = asm.memory.allocate("i16", (n_pre, n_post), self.delays.T)
        asm.variables[self.name, "delays"] = Variable(delays, transposed=True)
        c["bits"] = asm.var(self, "num_message_bits", (1,), self.message_bits)
        c["a_buff"] = asm.var(self, "a_buff", (n_post, slots), self.a_buff)
        sent = asm.memory.allocate("i32", (n_post,), self.a_buff[:, 0])
        a_buff = Slot("i32", c["a_buff"], (n_post, slots))

        def set_out(memory: Memory) -> None:
            """What is sent next is slot 0 of the buffer."""
            memory.view(sent)[...] = memory.view(a_buff)[:, 0]

        def check(memory: Memory) -> None:
            """Lava checks the delays in the first step only."""
            if memory.view(delays).max() > MAX_DELAY:
                raise ConfigError(f"{self.name}.delays exceed {MAX_DELAY}, the longest delay of Loihi 2: shorten them")

        asm.prologue.append(check)
        asm.variables[self.name, "a_buff"] = Variable(a_buff, after_write=set_out)
        c.update(n_pre=n_pre, n_post=n_post, slots=slots, delays=delays.offset, sent=sent.offset)
        c["accumulator"] = asm.scratch(n_post * slots, "i64")
        c["scaled"] = asm.scratch(slots, "i64")
        c["ones"] = asm.memory.allocate("i32", (n_pre,), 1).offset
        asm.vector_signal(self, "a_out", n_post, sent.offset)

    def emit(self, asm: Assembler) -> None:
        """Sum in every step."""
        c = self._columns
        pre = event_input(asm, self, "s_in", c["n_pre"])
        asm.counted_step(
            SYNAPSES, opcodes.SPIKES_DELAYED, self,
            c["n_pre"], c["n_post"], c["slots"], c["weights"], c["delays"], pre.count, pre.events,
            pre.payloads if pre.payloads >= 0 else c["ones"], c["bits"], self.exponent, c["a_buff"], c["sent"],
            c["accumulator"], c["scaled"], c["ones"], c["nonzeros"],
        )  # fmt: skip

"""Lava's DelayDense: each synapse delivers after its own delay."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import Assembler
from lava_ed.engine.families.dense import DenseNode
from lava_ed.engine.families.inputs import event_input
from lava_ed.engine.families.synapses import SLOTS, SPIKES
from lava_ed.engine.families.tallies import add_reads
from lava_ed.engine.memory import Variable
from lava_ed.engine.op import each, number, op, reads, updates
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.stock.dense import accumulate_delayed, advance_delays
from lava_ed.kernels.views import matrix, segment

SPIKES_DELAYED = op(
    "spikes_delayed",
    "others",
    **SPIKES | SLOTS,
    **each(reads("i16", "n_pre * n_post"), "weights", "delays"),
    weight_exp=number(),
    accumulator=updates("i64", "n_post * slots"),
    scaled=updates("i64", "slots"),
    ones=reads("i32", "n_pre"),
)


@kernel
def spikes_delayed(a, i16, i32, i64):  # type: ignore[no-untyped-def]
    """Sum the weights of the spikes into the slots of their delays, move the slots on, and send the first."""
    f = SPIKES_DELAYED
    n_pre, n_post, slots, count = a[f.n_pre], a[f.n_post], a[f.slots], i32[a[f.count]]
    weights = matrix(i16, a[f.weights], n_pre, n_post)
    delays = matrix(i16, a[f.delays], n_pre, n_post)
    a_buff = matrix(i32, a[f.a_buff], n_post, slots)
    accumulator = matrix(i64, a[f.accumulator], n_post, slots)
    graded = i32[a[f.message_bits]] > 0
    messages = a[f.payloads] if graded and a[f.payloads] >= 0 else a[f.ones]
    events = segment(i32, a[f.events], count)
    accumulate_delayed(weights, delays, events, segment(i32, messages, n_pre), count, accumulator)
    add_reads(a[f.counters], graded, segment(i32, a[f.nonzeros], n_pre), events, count, i64)
    advance_delays(accumulator, a[f.weight_exp], segment(i64, a[f.scaled], slots), a_buff)
    for j in range(n_post):
        i32[a[f.sent] + j] = a_buff[j, 0]


@dataclass(kw_only=True)
class DelayDenseNode(DenseNode):
    """All-to-all synapses with fixed weights and `delays` (n_post, n_pre)."""

    delays: npt.NDArray[np.int32]

    def declare(self, asm: Assembler) -> None:
        """Vars weights, delays, a_buff, num_message_bits; OutPort a_out."""
        self._declare_dense(asm)
        self._declare_slots(asm)
        delays = asm.memory.allocate("i16", self.delays.shape[::-1], self.delays.T)
        asm.variables[self.name, "delays"] = Variable(delays, transposed=True)
        asm.prologue.append(partial(self._check_delays, delays))
        ones = asm.memory.allocate("i32", (self.at["n_pre"],), 1)
        n_post, slots = self.a_buff.shape
        accumulator, scaled = asm.scratch(n_post * slots, "i64"), asm.scratch(slots, "i64")
        self.at.update(delays=delays.offset, ones=ones.offset, accumulator=accumulator, scaled=scaled)

    def emit(self, asm: Assembler) -> None:
        """Sum in every step."""
        pre = event_input(asm, self, "s_in", self.at["n_pre"])
        self._emit_sums(asm, pre, SPIKES_DELAYED)

"""FeedbackDense: fixed synapses that carry the output error to a hidden layer."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import RUN, Assembler, Node
from lava_ed.engine.families.phased import declare_phased
from lava_ed.engine.families.plastic_dense import DENSE_RESET, declare_weights, emit_backward


@dataclass
class FeedbackNode(Node, kinds=("FeedbackDense",)):
    """Fixed synapses from the output error to one hidden layer, with an axonal delay."""

    layer: int = 1
    weights: npt.NDArray[np.int8] = field(default_factory=lambda: np.zeros((1, 1), np.int8))
    error_shift: int = 0

    delayed = True

    def declare(self, asm: Assembler) -> None:
        """Vars weights, e_buff; OutPort e_out."""
        at, n_pre = self.at, self.weights.shape[0]
        declare_weights(self, asm, self.weights)
        asm.var(self, "e_buff", (n_pre,))
        declare_phased(self, asm)
        at["live_e"] = asm.vector_signal(self, "e_out", n_pre, at["e_buff"]).count
        at.update(dict.fromkeys(("x0_count", "x0_list", "x0", "x1"), asm.scratch(1)))

    def emit(self, asm: Assembler) -> None:
        """Read the output error, which holds until the sample's end, one phase before the layer needs it."""
        phase = asm.schedule.error_arrival(self.layer) - 1
        asm.op(RUN, 0, 1, DENSE_RESET, self.at, n=0)
        emit_backward(self, asm, asm.required(self, "e_in"), (phase, phase + 1), self.error_shift)

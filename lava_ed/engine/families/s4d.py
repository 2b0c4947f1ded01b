"""Lava's S4d with complex parameters; with real ones it is a case of the sigma-delta neurons in floating point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import Assembler
from lava_ed.engine.families.neurons import REAL_LAYER, NeuronNode, send_real_layer
from lava_ed.engine.memory import Memory
from lava_ed.engine.op import each, number, op, reads, updates
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.stock.state_space import state_space_step
from lava_ed.kernels.views import segment

PARAMETERS: Final = ("a", "b", "c")
COMPLEX_S4D = op(
    "complex_s4d",
    "floating",
    REAL_LAYER,
    a_in=reads("f64", "n"),
    **each(updates("f64", "n"), "s4_state", "s4_state_imag"),
    **{f"{name}{part}": reads("f64", "n") for name in PARAMETERS for part in ("", "_imag")},
    real_b=number("1 where b is real"),
    is_fused=number("1 where numpy fuses the sums of a complex product with its products"),
)


@kernel
def complex_s4d(a, i32, f64):  # type: ignore[no-untyped-def]
    """Advance the states by one step, and send what they make."""
    f = COMPLEX_S4D
    n = a[f.n]
    state_space_step(
        segment(f64, a[f.a_in], n), (segment(f64, a[f.s4_state], n), segment(f64, a[f.s4_state_imag], n)),
        (segment(f64, a[f.a], n), segment(f64, a[f.a_imag], n)),
        (segment(f64, a[f.b], n), segment(f64, a[f.b_imag], n)),
        (segment(f64, a[f.c], n), segment(f64, a[f.c_imag], n)),
        a[f.real_b] != 0, a[f.is_fused] != 0, segment(f64, a[f.s_out], n),
    )  # fmt: skip
    send_real_layer(a, i32, f64)


@dataclass(kw_only=True)
class ComplexS4dNode(NeuronNode):
    """A layer of S4d with complex parameters: Vars show real parts, as Lava's do, and are real once they are written.

    Parameters
    ----------
    imaginary : mapping of str to float64 array
        Imaginary parts of s4_state, a, b and c.
    """

    step: Any = COMPLEX_S4D
    imaginary: Mapping[str, npt.NDArray[np.float64]]

    def declare(self, asm: Assembler) -> None:
        """Vars of the process, real and imaginary; OutPort s_out."""
        super().declare(asm)
        for name, values in self.imaginary.items():
            asm.var(self, f"{name}_imag", values.shape, values, "f64")
            slot = asm.variables[self.name, f"{name}_imag"].slot

            def clear(memory: Memory, slot: Any = slot) -> None:
                memory.view(slot)[...] = 0

            asm.after_write(self.name, name, clear)

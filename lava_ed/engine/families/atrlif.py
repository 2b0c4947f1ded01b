"""Lava's ATRLIF."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from lava_ed.engine.assembler import Assembler
from lava_ed.engine.families.neurons import LAYER, REAL_LAYER, NeuronNode, send_layer, send_real_layer
from lava_ed.engine.memory import Limits, Memory, Pending, check_range
from lava_ed.engine.op import each, number, op, reads, updates, writes
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.fixed_point import DECAY_UNITY
from lava_ed.kernels.stock.atrlif import adaptive_step, adaptive_step_real
from lava_ed.kernels.stock.lif import INPUT_SHIFT
from lava_ed.kernels.vectors.events import copy_vector
from lava_ed.kernels.views import segment

ATRLIF_STEP = op(
    "atrlif_step",
    "neurons",
    LAYER,
    a_in=reads("i32", "n"),
    **each(updates("i32", "n"), "i", "v", "theta", "r"),
    s=writes("i32", "n"),
    **each(reads("i16", "n"), "bias_mant", "bias_exp"),
    keep_i=reads("f64"),
    keep=reads("i64", 3),
    whole=number("1 where delta_i is an integer"),
    **each(reads("i32"), "theta_0", "theta_step"),
)
"""What a step keeps, in parts of 4096: `keep` is of v, theta and r."""
REAL_ATRLIF = op(
    "real_atrlif",
    "floating",
    REAL_LAYER,
    a_in=reads("f64", "n"),
    **each(updates("f64", "n"), "i", "v", "theta", "r"),
    s=writes("i32", "n"),
    bias_mant=reads("f64", "n"),
    **each(reads("f64"), "delta_i", "delta_v", "delta_theta", "delta_r", "theta_0", "theta_step"),
)
DELTAS: Final = ("delta_i", "delta_v", "delta_theta", "delta_r")
SCALED: Final = ("theta_0", "theta_step")
_DELTA: Final = Limits(-(2**40), 2**40, "4096 times a decay is computed with in 64 bits")
_THETA: Final = Limits(-(2**25), 2**25 - 1, "2^6 times a threshold is held in 32 bits")


@kernel
def atrlif_step(a, i16, i32, i64, f64):  # type: ignore[no-untyped-def]
    """Update the neurons and list those that spike."""
    f = ATRLIF_STEP
    n, s = a[f.n], segment(i32, a[f.s], a[f.n])
    adaptive_step(
        (segment(i32, a[f.i], n), segment(i32, a[f.v], n), segment(i32, a[f.theta], n), segment(i32, a[f.r], n), s),
        segment(i32, a[f.a_in], n), segment(i16, a[f.bias_mant], n), segment(i16, a[f.bias_exp], n),
        f64[a[f.keep_i]], a[f.whole] != 0, segment(i64, a[f.keep], 3),
        np.int64(i32[a[f.theta_0]]), np.int64(i32[a[f.theta_step]]),
    )  # fmt: skip
    copy_vector(s, segment(i32, a[f.s_out], n))
    send_layer(a, i32, i64)


@kernel
def real_atrlif(a, i32, f64):  # type: ignore[no-untyped-def]
    """Update the neurons and list those that spike."""
    f = REAL_ATRLIF
    n, s, sent = a[f.n], segment(i32, a[f.s], a[f.n]), segment(f64, a[f.s_out], a[f.n])
    adaptive_step_real(
        (segment(f64, a[f.i], n), segment(f64, a[f.v], n), segment(f64, a[f.theta], n), segment(f64, a[f.r], n), s),
        segment(f64, a[f.a_in], n), segment(f64, a[f.bias_mant], n),
        (f64[a[f.delta_i]], f64[a[f.delta_v]], f64[a[f.delta_theta]], f64[a[f.delta_r]]),
        f64[a[f.theta_0]], f64[a[f.theta_step]],
    )  # fmt: skip
    for i in range(n):
        sent[i] = s[i]
    send_real_layer(a, i32, f64)


@dataclass(kw_only=True)
class ATRLIFNode(NeuronNode):
    """A layer of fixed-point ATRLIF; its first step scales the thresholds, as Lava's does.

    Parameters
    ----------
    thresholds : (theta_0, theta_step)
        As they are given.
    """

    thresholds: tuple[float, float]

    def declare(self, asm: Assembler) -> None:
        """Vars of the process; OutPort s_out."""
        super().declare(asm)
        for name, value in zip(SCALED, self.thresholds, strict=True):
            asm.var(self, name, (1,))
            variable = asm.variables[self.name, name]
            asm.variables[self.name, name] = replace(variable, pending=Pending(np.array([value])))
        asm.prologue.append(lambda memory: self._scale(asm, memory))
        deltas = [asm.variables[self.name, name].slot for name in DELTAS]
        keep_i, keep = asm.memory.allocate("f64", (1,)), asm.memory.allocate("i64", (3,))
        self.at.update(keep_i=keep_i.offset, keep=keep.offset, whole=int(deltas[0].arena == "i64"))

        def follow(memory: Memory) -> None:
            """What the decays leave."""
            with np.errstate(invalid="ignore", over="ignore"):
                lost = [memory.view(slot) * DECAY_UNITY for slot in deltas]
                memory.view(keep_i)[:] = DECAY_UNITY - (lost[0] + 1)
                for k in range(3):
                    memory.view(keep)[k : k + 1] = DECAY_UNITY - lost[1 + k]

        for name, slot in zip(DELTAS, deltas, strict=True):
            if slot.arena == "i64":
                asm.variables[self.name, name] = replace(asm.variables[self.name, name], limits=_DELTA)
        asm.follow(self, DELTAS, follow)

    def _scale(self, asm: Assembler, memory: Memory) -> None:
        """Multiply the thresholds by 2^6, and let all neurons start from the first one."""
        variables = [asm.variables[self.name, name] for name in SCALED]
        pending = [variable.pending for variable in variables]
        values = [item.values for item in pending if item is not None and item.values is not None]
        for name, value in zip(SCALED, values, strict=True):
            check_range(value, _THETA, f"{self.name}.{name}")
        for variable, item, value in zip(variables, pending, values, strict=True):
            memory.view(variable.slot)[:] = (value * (1 << INPUT_SHIFT)).astype(np.int32)
            assert item is not None
            item.values = None
        memory.view(asm.variables[self.name, "theta"].slot)[...] = memory.view(variables[0].slot)

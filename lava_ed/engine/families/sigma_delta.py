"""Lava's Sigma, Delta and SigmaDelta, and SigmaS4dDelta in floating point."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from lava_ed.engine.assembler import Assembler
from lava_ed.engine.families.neurons import LAYER, REAL_LAYER, NeuronNode, send_layer, send_real_layer
from lava_ed.engine.memory import Limits
from lava_ed.engine.op import each, number, op, reads, updates, writes
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.stock.sigma_delta import activations, add_to_sigma, delta_step, real_delta_step, scale_up
from lava_ed.kernels.vectors.events import copy_vector
from lava_ed.kernels.views import segment

SIGMA_STEP = op("sigma_step", "neurons", LAYER, a_in=reads("i32", "n"), sigma=updates("i32", "n"))
DELTA_SEND = op(
    "delta_send",
    "neurons",
    LAYER,
    a_in=reads("i32", "n"),
    **each(updates("i32", "n"), "sigma", "act", "residue", "error"),
    bias=reads("i32", "n_bias"),
    n_bias=number("n of SigmaDelta, 0 of Delta, which sums nothing"),
    relu=number("1 where activations are not less than 0"),
    new=writes("i32", "n"),
    **each(reads("i32"), "vth", "spike_exp", "state_exp", "cum_error"),
)
REAL_DELTA = op(
    "real_delta",
    "floating",
    REAL_LAYER,
    a_in=reads("f64", "n"),
    sigma=updates("f64", "n_sigma"),
    bias=reads("f64", "n_bias"),
    s4_state=updates("f64", "n_s4"),
    **{name: reads("f64", "n_s4") for name in ("a", "b", "c")},
    **{name: updates("f64", "n_act") for name in ("act", "residue", "error")},
    **{f"n_{name}": number(f"n, or 0 without {name}") for name in ("sigma", "bias", "s4", "act")},
    vth=reads("f64", optional=True),
    cum_error=reads("i32", optional=True),
    relu=number("1 where activations are not less than 0"),
)
FLAG: Final = Limits(0, 1, "whether errors are summed")


@kernel
def sigma_step(a, i32, i64):  # type: ignore[no-untyped-def]
    """Sum what comes in and send the sums."""
    f = SIGMA_STEP
    n = a[f.n]
    sigma = segment(i32, a[f.sigma], n)
    add_to_sigma(sigma, segment(i32, a[f.a_in], n))
    copy_vector(sigma, segment(i32, a[f.s_out], n))
    send_layer(a, i32, i64)


@kernel
def delta_send(a, i32, i64):  # type: ignore[no-untyped-def]
    """Send changes of the activations."""
    f = DELTA_SEND
    n, state_exp = a[f.n], np.int64(i32[a[f.state_exp]])
    a_in, new = segment(i32, a[f.a_in], n), segment(i32, a[f.new], n)
    if a[f.n_bias] > 0:
        sigma = segment(i32, a[f.sigma], n)
        add_to_sigma(sigma, a_in)
        activations(sigma, segment(i32, a[f.bias], n), a[f.relu] != 0, new)
    else:
        scale_up(a_in, np.int64(np.int32(i32[a[f.spike_exp]] + state_exp)), new)
    delta_step(
        new, segment(i32, a[f.act], n), segment(i32, a[f.residue], n), segment(i32, a[f.error], n),
        np.int64(i32[a[f.vth]]), i32[a[f.cum_error]] != 0, state_exp, segment(i32, a[f.s_out], n),
    )  # fmt: skip
    send_layer(a, i32, i64)


@kernel
def real_delta(a, i32, f64):  # type: ignore[no-untyped-def]
    """Sum what comes in, and send the sums or changes of the activations."""
    f = REAL_DELTA
    n, n_s4, n_act = a[f.n], a[f.n_s4], a[f.n_act]
    real_delta_step(
        segment(f64, a[f.a_in], n), segment(f64, a[f.sigma], a[f.n_sigma]), segment(f64, a[f.bias], a[f.n_bias]),
        a[f.relu] != 0, segment(f64, a[f.s4_state], n_s4),
        (segment(f64, a[f.a], n_s4), segment(f64, a[f.b], n_s4), segment(f64, a[f.c], n_s4)),
        (segment(f64, a[f.act], n_act), segment(f64, a[f.residue], n_act), segment(f64, a[f.error], n_act)),
        f64[a[f.vth]] if n_act else 0.0, n_act > 0 and i32[a[f.cum_error]] != 0, segment(f64, a[f.s_out], n),
    )  # fmt: skip
    send_real_layer(a, i32, f64)


@dataclass(kw_only=True)
class SigmaDeltaNode(NeuronNode):
    """A layer of Sigma, Delta or SigmaDelta; every neuron counts as active in every step, as its sum is always needed.

    Parameters
    ----------
    state : mapping of str to int32 array
        All Vars by name; those of Sigma are sigma alone, and only SigmaDelta has a bias.
    relu : bool
        Whether SigmaDelta's activations are not less than 0.
    """

    step: Any = None
    shape: tuple[int, ...] = ()
    relu: bool = False

    def __post_init__(self) -> None:
        self.step, self.shape = DELTA_SEND if "act" in self.state else SIGMA_STEP, self.state["sigma"].shape

    def declare(self, asm: Assembler) -> None:
        """Vars of the process; OutPort s_out."""
        super().declare(asm)
        at, n = self.at, self.at["n"]
        if "act" in self.state:
            at.update(new=asm.scratch(n), bias=at.get("bias", 0), n_bias=n if "bias" in at else 0, relu=int(self.relu))
            asm.variables[self.name, "cum_error"] = replace(asm.variables[self.name, "cum_error"], limits=FLAG)

"""Lava's Sigma, Delta and SigmaDelta, and SigmaS4dDelta in floating point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.assembler import RUN, Assembler, Node, Signal
from lava_ed.engine.families.inputs import vector_input
from lava_ed.engine.families.neurons import real_layer, send_real
from lava_ed.engine.families.tallies import COUNTERS, add_spikes
from lava_ed.engine.memory import Limits
from lava_ed.engine.op import number, op, reads, updates, writes
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.counting import N_PHASES, NEURON_ACTIVE
from lava_ed.kernels.stock.sigma_delta import activations, add_to_sigma, delta_step, real_delta_step, shifted_left
from lava_ed.kernels.vectors.events import copy_vector, list_events
from lava_ed.kernels.views import segment

_MESSAGE: Final = {
    "n": number("neurons"),
    "a_in": reads("i32", "n"),
    "sent": writes("i32", "n"),
    "count": writes("i32"),
    "events": writes("i32", "n"),
    "destinations": number("InPorts that a message is delivered to"),
    "counters": COUNTERS,
}
SIGMA_STEP = op("sigma_step", "neurons", **_MESSAGE, sigma=updates("i32", "n"))
DELTA_SEND = op(
    "delta_send",
    "neurons",
    **_MESSAGE,
    sigma=updates("i32", "n"),
    bias=reads("i32", "n_bias"),
    n_bias=number("n of SigmaDelta, 0 of Delta, which sums nothing"),
    relu=number("1 where activations are not less than 0"),
    new=writes("i32", "n"),
    act=updates("i32", "n"),
    residue=updates("i32", "n"),
    error=updates("i32", "n"),
    vth=reads("i32"),
    spike_exp=reads("i32"),
    state_exp=reads("i32"),
    cum_error=reads("i32"),
)
REAL_DELTA = op(
    "real_delta",
    "floating",
    **real_layer("a_in"),
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
    sigma, sent = segment(i32, a[f.sigma], n), segment(i32, a[f.sent], n)
    add_to_sigma(sigma, segment(i32, a[f.a_in], n))
    copy_vector(sigma, sent)
    count = list_events(sent, segment(i32, a[f.events], n))
    i32[a[f.count]] = count
    if a[f.counters] >= 0:
        i64[a[f.counters] + NEURON_ACTIVE * N_PHASES] += n
        add_spikes(a[f.counters], count, a[f.destinations], i64)


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
        by = np.int64(np.int32(i32[a[f.spike_exp]] + state_exp))
        for i in range(n):
            new[i] = shifted_left(np.int64(a_in[i]), by)
    sent = segment(i32, a[f.sent], n)
    delta_step(
        new, segment(i32, a[f.act], n), segment(i32, a[f.residue], n), segment(i32, a[f.error], n),
        np.int64(i32[a[f.vth]]), i32[a[f.cum_error]] != 0, state_exp, sent,
    )  # fmt: skip
    count = list_events(sent, segment(i32, a[f.events], n))
    i32[a[f.count]] = count
    if a[f.counters] >= 0:
        i64[a[f.counters] + NEURON_ACTIVE * N_PHASES] += n
        add_spikes(a[f.counters], count, a[f.destinations], i64)


@kernel
def real_delta(a, i32, f64):  # type: ignore[no-untyped-def]
    """Sum what comes in, and send the sums or changes of the activations."""
    f = REAL_DELTA
    n, n_s4, n_act = a[f.n], a[f.n_s4], a[f.n_act]
    real_delta_step(
        segment(f64, a[f.a_in], n), segment(f64, a[f.sigma], a[f.n_sigma]), segment(f64, a[f.bias], a[f.n_bias]),
        a[f.relu] != 0, segment(f64, a[f.s4_state], n_s4),
        (segment(f64, a[f.a], n_s4), segment(f64, a[f.b], n_s4), segment(f64, a[f.c], n_s4)),
        segment(f64, a[f.act], n_act), segment(f64, a[f.residue], n_act), segment(f64, a[f.error], n_act),
        f64[a[f.vth]] if n_act else 0.0, n_act > 0 and i32[a[f.cum_error]] != 0, segment(f64, a[f.s_out], n),
    )  # fmt: skip
    send_real(n, a[f.s_out], a[f.s_out_count], a[f.s_out_events], i32, f64)


@dataclass(kw_only=True)
class SigmaDeltaNode(Node):
    """A layer of Sigma, Delta or SigmaDelta; every neuron counts as active in every step, as its sum is always needed.

    Parameters
    ----------
    state : mapping of str to int32 array
        All Vars by name; those of Sigma are sigma alone, and only SigmaDelta has a bias.
    relu : bool
        Whether SigmaDelta's activations are not less than 0.
    """

    state: dict[str, npt.NDArray[Any]]
    relu: bool = False

    def declare(self, asm: Assembler) -> None:
        """Vars of the process; OutPort s_out."""
        at, n = self.at, self.state["sigma"].size
        for name, values in self.state.items():
            at[name] = asm.var(self, name, values.shape, values, limits=FLAG if name == "cum_error" else None)
        sent = asm.scratch(n)
        signal = Signal(n, asm.scratch(1), asm.scratch(n), vector=sent)
        asm.signals[self.name, "s_out"] = signal
        at.update(n=n, sent=sent, count=signal.count, events=signal.events)
        if "act" in at:
            at.update(new=asm.scratch(n), bias=at.get("bias", 0), n_bias=n if "bias" in at else 0, relu=int(self.relu))
        asm.counters(self, n)

    def emit(self, asm: Assembler) -> None:
        """Run in every step."""
        asm.counted_step(
            RUN, DELTA_SEND if "act" in self.at else SIGMA_STEP, self, self.at,
            a_in=vector_input(asm, self, "a_in", self.at["n"]), destinations=asm.destinations(self, "s_out"),
        )  # fmt: skip

"""Lava's RF, RF_IZ and RFZero."""

from __future__ import annotations

import numpy as np

from lava_ed.engine.families.neurons import LAYER, REAL_LAYER, send_layer, send_real_layer
from lava_ed.engine.op import each, number, op, reads, updates
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.stock.resonators import resonate, resonate_real, resonate_to_zero
from lava_ed.kernels.views import segment

_IZHIKEVICH = number("1 for RF_IZ")
RF_STEP = op(
    "rf_step",
    "neurons",
    LAYER,
    **each(reads("i32", "n"), "a_real_in", "a_imag_in"),
    **each(updates("i32", "n"), "real", "imag"),
    **each(reads("i32"), "cos_decay", "sin_decay", "state_exp", "decay_bits", "vth"),
    izhikevich=_IZHIKEVICH,
)
REAL_RF = op(
    "real_rf",
    "floating",
    REAL_LAYER,
    **each(reads("f64", "n"), "a_real_in", "a_imag_in"),
    **each(updates("f64", "n"), "real", "imag"),
    **each(reads("f64"), "cos_decay", "sin_decay", "vth"),
    izhikevich=_IZHIKEVICH,
)
RF_ZERO_STEP = op(
    "rf_zero_step",
    "neurons",
    LAYER,
    **each(reads("i32", "n"), "u_in", "v_in"),
    **each(updates("i32", "n"), "u", "v"),
    **each(reads("i32", "n"), "lct", "lst"),
    uth=reads("i32"),
)


@kernel
def rf_step(a, i32, i64):  # type: ignore[no-untyped-def]
    """Turn the states, and list the neurons that spike."""
    f = RF_STEP
    n = a[f.n]
    resonate(
        (segment(i32, a[f.real], n), segment(i32, a[f.imag], n)),
        (segment(i32, a[f.a_real_in], n), segment(i32, a[f.a_imag_in], n)),
        (np.int64(i32[a[f.cos_decay]]), np.int64(i32[a[f.sin_decay]])), np.int64(i32[a[f.state_exp]]),
        np.int64(i32[a[f.decay_bits]]), np.int64(i32[a[f.vth]]), a[f.izhikevich] != 0, segment(i32, a[f.s_out], n),
    )  # fmt: skip
    send_layer(a, i32, i64)


@kernel
def real_rf(a, i32, f64):  # type: ignore[no-untyped-def]
    """Turn the states, and list the neurons that spike."""
    f = REAL_RF
    n = a[f.n]
    resonate_real(
        (segment(f64, a[f.real], n), segment(f64, a[f.imag], n)),
        (segment(f64, a[f.a_real_in], n), segment(f64, a[f.a_imag_in], n)),
        (f64[a[f.cos_decay]], f64[a[f.sin_decay]]), f64[a[f.vth]], a[f.izhikevich] != 0, segment(f64, a[f.s_out], n),
    )  # fmt: skip
    send_real_layer(a, i32, f64)


@kernel
def rf_zero_step(a, i32, i64):  # type: ignore[no-untyped-def]
    """Turn the states, and send the amplitudes of those that cross 0."""
    f = RF_ZERO_STEP
    n = a[f.n]
    resonate_to_zero(
        segment(i32, a[f.u], n), segment(i32, a[f.v], n), segment(i32, a[f.u_in], n), segment(i32, a[f.v_in], n),
        segment(i32, a[f.lct], n), segment(i32, a[f.lst], n), np.int64(i32[a[f.uth]]), segment(i32, a[f.s_out], n),
    )  # fmt: skip
    send_layer(a, i32, i64)

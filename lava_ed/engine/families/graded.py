"""Lava's GradedVec, GradedReluVec, NormVecDelay, InvSqrt and ProdNeuron."""

from __future__ import annotations

import numpy as np

from lava_ed.engine.families.neurons import (
    LAYER,
    REAL_LAYER,
    message_fields,
    send,
    send_layer,
    send_real_layer,
)
from lava_ed.engine.op import each, number, op, reads, updates
from lava_ed.kernels._jit import kernel
from lava_ed.kernels.stock.graded import graded_vector, inverse_root, inverse_roots, norm_vector, products
from lava_ed.kernels.views import segment

GRADED_SEND = op(
    "graded_send",
    "neurons",
    LAYER,
    a_in=reads("i32", "n"),
    v=updates("i32", "n"),
    vth=reads("i32"),
    relu=number("1 where negative sums are not sent"),
)
NORM_SEND = op(
    "norm_send",
    "neurons",
    LAYER,
    **each(reads("i32", "n"), "a_in1", "a_in2"),
    **message_fields("s2_out"),
    **each(updates("i32", "n"), "v", "v2"),
    vth=reads("i32"),
)
PRODUCT_SEND = op(
    "product_send",
    "neurons",
    LAYER,
    **each(reads("i32", "n"), "a_in1", "a_in2"),
    **each(reads("i32"), "vth", "exp"),
)
ROOT_SEND = op("root_send", "neurons", LAYER, a_in=reads("i32", "n"))
REAL_ROOT_SEND = op("real_root_send", "floating", REAL_LAYER, a_in=reads("f64", "n"))


@kernel
def graded_send(a, i32, i64):  # type: ignore[no-untyped-def]
    """Send the sums of a step."""
    f = GRADED_SEND
    n = a[f.n]
    v, a_in, sent = segment(i32, a[f.v], n), segment(i32, a[f.a_in], n), segment(i32, a[f.s_out], n)
    graded_vector(v, a_in, np.int64(i32[a[f.vth]]), a[f.relu] != 0, sent)
    send_layer(a, i32, i64)


@kernel
def norm_send(a, i32, i64):  # type: ignore[no-untyped-def]
    """Send squares, and products with what came in a step before."""
    f = NORM_SEND
    n = a[f.n]
    norm_vector(
        segment(i32, a[f.v], n), segment(i32, a[f.v2], n), segment(i32, a[f.a_in1], n), segment(i32, a[f.a_in2], n),
        np.int64(i32[a[f.vth]]), segment(i32, a[f.s_out], n), segment(i32, a[f.s2_out], n),
    )  # fmt: skip
    send_layer(a, i32, i64)
    send(n, a[f.s2_out], a[f.s2_out_count], a[f.s2_out_events], a[f.s2_out_to], a[f.counters], i32, i64)


@kernel
def product_send(a, i32, i64):  # type: ignore[no-untyped-def]
    """Send the products of two inputs."""
    f = PRODUCT_SEND
    n = a[f.n]
    a_in1, a_in2, sent = segment(i32, a[f.a_in1], n), segment(i32, a[f.a_in2], n), segment(i32, a[f.s_out], n)
    products(a_in1, a_in2, np.int64(i32[a[f.vth]]), np.int64(i32[a[f.exp]]), sent)
    send_layer(a, i32, i64)


@kernel
def root_send(a, i32, i64):  # type: ignore[no-untyped-def]
    """Send the inverse square root of the one input."""
    f = ROOT_SEND
    i32[a[f.s_out]] = np.int32(inverse_root(np.int64(i32[a[f.a_in]])))
    send_layer(a, i32, i64)


@kernel
def real_root_send(a, i32, f64):  # type: ignore[no-untyped-def]
    """Send the inverse square roots."""
    f = REAL_ROOT_SEND
    n = a[f.n]
    inverse_roots(segment(f64, a[f.a_in], n), segment(f64, a[f.s_out], n))
    send_real_layer(a, i32, f64)

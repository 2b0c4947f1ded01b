"""Gradients of nets with convolutions, under both rules: the exact adjoint of all weights as matrices, and differences.

Convolutions and pooling by sum are linear, so that the references of dense nets hold with the matrices of both.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from reference import mpd_ed
from reference.convolution import matrix_of, pooled
from reference.std_ed import threshold

from lava_ed.engine.build import build_program
from lava_ed.kernels.fixed_point import MAP_FRACTION_BITS
from lava_ed.learning_rules import MPDED, STDED
from lava_ed.network.adaptation import Adaptation
from lava_ed.network.spec import NetworkSpec

ARCH, IMAGE = "4c3p1-p2-8c2-5", (1, 6, 5)
UNIT = 1 << MAP_FRACTION_BITS
FREE = {
    "arch": ARCH, "image": IMAGE, "init_limits": (40, 40, 20), "weight_rounding": "carry", "error_shift": 0,
    "error_limit": 2**23 - 1, "overflow": "wrap", "dead_zone": 0, "softmax_shift": 12,
}  # fmt: skip
"""Nothing is shifted, cut or rounded on the way back."""


SHIFT = 4
"""Bits by which the sums of taps are shifted, rounded to the nearest, into the weights."""


def net(rule: Any, thresholds: tuple[int, ...], **settings: Any) -> tuple[NetworkSpec, Any, list[Any], Any]:
    """A spec, its program behind a sample that it did not learn, the matrices of all its weights, and the image."""
    spec = NetworkSpec((), rule, adaptation=Adaptation(interval=0), threshold_steps=thresholds, **FREE, **settings)
    program, image = build_program(spec), np.random.default_rng(1).integers(60, 256, (1, 30)).astype(np.uint8)
    program.bind(image)
    program.set("error", "learning", [0])
    program.present(np.array([0]), np.array([0]))
    program.set("error", "learning", [1])
    for name in ("conv1", "conv2"):
        program.set(name, "rate_mantissa", [1])
        program.set(name, "rate_shift", [SHIFT])
    stored = [program.get(spec.synapses(layer), "weights").T.astype(np.int64) // 2 for layer in spec.layers]
    matrices = [matrix_of(w, c) for w, c in zip(stored[:2], spec.connections, strict=False)]
    return spec, program, [*matrices, 2 * stored[2].T], image[0]


def words(spec: NetworkSpec, program: Any, layer: int, name: str) -> Any:
    """History words as booleans (T, n)."""
    found = program.get(f"hidden{layer}", f"{name}_word").astype(np.uint32)
    return (found[None, :] >> np.arange(spec.steps, dtype=np.uint32)[:, None] & 1).astype(bool)


def carried(program: Any, name: str) -> Any:
    """Stored weights with the carry behind them, rows of taps."""
    return 128 * program.get(name, "weights").T.astype(np.int64) + program.get(name, "tag_1").T


def moved_by(spec: NetworkSpec, layer: int, x: Any, delta: Any) -> Any:
    """By how much the weights move: Σ x·δ over the synapses of each tap, shifted and rounded."""
    geometry, shape = spec.connections[layer - 1], spec.weights_shape(layer)
    taps = matrix_of(np.arange(1, 1 + np.prod(shape)).reshape(shape), geometry) // 2
    sums = np.bincount(taps[taps > 0], np.outer(delta, x)[taps > 0], minlength=1 + np.prod(shape))[1:].astype(np.int64)
    return (np.sign(sums) * ((np.abs(sums) + 2 ** (SHIFT - 1)) >> SHIFT)).reshape(shape)


def lively() -> tuple[NetworkSpec, Any, list[Any], Any, list[Any], list[Any]]:
    """A net of MPD-ED whose neurons spike inside and outside the support of the surrogate; its spikes and supports."""
    for thresholds in itertools.product((24, 26, 22, 20), repeat=2):
        spec, program, w, image = net(MPDED(2.0**-7), thresholds, learning="aggregated", steps=4, half_width=4)
        s, h = ([words(spec, program, layer, name) for layer in spec.hidden] for name in ("spike", "support"))
        shares = [(x.mean(), inside.sum() / max(x.sum(), 1)) for x, inside in zip(s, h, strict=True)]
        if all(0.05 < fired < 0.7 and 0.1 < inside < 0.95 for fired, inside in shares):
            return spec, program, w, image, [mpd_ed.encode_rate(image / 255, 4), *s], [None, *h]
    raise AssertionError(f"no thresholds leave the net lively: {shares}")


def test_mpd_ed_replays_the_exact_adjoint_and_learns_from_its_sums():
    spec, program, (w1, w2, w3), _, s, h = lively()
    before = [carried(program, name) for name in ("conv1", "conv2")]
    d = [np.zeros((4, n), np.int64) for n in spec.sizes[1:3]]
    for phase in range(spec.schedule.period):
        program.run(1)
        for layer in spec.hidden:
            t = 3 - (phase - spec.schedule.error_arrival(layer))
            if 0 <= t < 4:
                d[layer - 1][t] = program.get(f"hidden{layer}", "d")
    squares = spec.connections[0].squares
    pool = (np.arange(spec.connections[0].pooled.size)[:, None] == squares[None, :]).astype(np.int64)
    weights, error = [w1, w2 @ pool, w3], program.get("error", "e").astype(np.int64)
    exact = mpd_ed.adjoint(weights, s, h, error, [1.0, 1.0])
    x = s[0].sum(axis=0), pool @ s[1].sum(axis=0)
    for k in range(2):
        assert np.count_nonzero(d[k]) > 10
        np.testing.assert_array_equal(d[k], UNIT * exact.voltage[k])
        mean = exact.voltage[k].sum(axis=0)
        y = np.clip(np.sign(mean) * ((np.abs(mean) + 2) // 4), -127, 127).astype(np.int64)
        np.testing.assert_array_equal(program.get(f"hidden{k + 1}", "y"), y)
        change = carried(program, f"conv{k + 1}") - before[k]
        np.testing.assert_array_equal(change, moved_by(spec, k + 1, x[k], y))
    run, here = mpd_ed.Forward(s, [None] * 3, h, w3 @ s[2].sum(axis=0)), [w.astype(float) for w in weights]
    for k, (j, i) in ((0, (d[0].any(axis=0).argmax(), 7)), (1, (d[1].any(axis=0).argmax(), s[1].any(axis=0).argmax()))):
        moved = [[w.copy() for w in here] for _ in range(2)]
        moved[0][k][j, i] += 1
        moved[1][k][j, i] -= 1
        below, above = (mpd_ed.masked_loss(w, run, here, error.astype(float), [1.0, 1.0]) for w in moved)
        assert (above - below) / 2 == pytest.approx(d[k][:, j] @ s[k][:, i] / UNIT, rel=1e-8)


def test_std_ed_sends_the_exact_adjoint_back_and_learns_from_it():
    """With the masks and winners frozen the net is linear: its differences are what the processes send and gather."""
    spec, program, (w1, w2, w3), image = net(STDED(2.0**-10), (26, 20), steps=12)
    before = [carried(program, name) for name in ("conv1", "conv2")]
    program.run(spec.schedule.period)
    v = [program.get(f"hidden{layer}", "v").astype(np.int64) for layer in spec.hidden]
    kappa = [threshold(step) for step in spec.threshold_steps]
    x0 = np.rint(image / 255 * 11).astype(np.int64)
    np.testing.assert_array_equal(v[0], w1 @ x0)
    best, winner = pooled(v[0], spec.connections[0])
    x1 = np.clip(best // kappa[0], 0, 12)
    np.testing.assert_array_equal(v[1], w2 @ x1)
    x2 = np.clip(v[1] // kappa[1], 0, 12)
    error = program.get("error", "e").astype(np.int64)

    def loss(w: list[Any]) -> float:
        """−Σ e·V with the winners, masks and what rounding left over as they were."""
        first = (w[0] @ x0 - w1 @ x0)[winner] * ((x1 > 0) & (x1 < 12))
        second = (w[1] @ (x1 + first) - w2 @ x1) * ((x2 > 0) & (x2 < 12))
        return -float(error @ (w3 @ (x2 + second)))

    delta2 = (w3.T @ error) * ((x2 > 0) & (x2 < 12))
    back, delta1 = w2.T @ delta2, np.zeros_like(v[0])
    delta1[winner] = back * ((x1 > 0) & (x1 < 12))
    for k, (delta, x) in enumerate(((delta1, x0), (delta2, x1))):
        assert np.count_nonzero(delta) >= 5
        np.testing.assert_array_equal(program.get(f"hidden{k + 1}", "delta"), delta)
        after = np.clip(before[k] + moved_by(spec, k + 1, x, delta), -(2**15), 2**15 - 1)
        np.testing.assert_array_equal(carried(program, f"conv{k + 1}"), after)
        for j, i in ((np.flatnonzero(at)[end] for at in (delta, x)) for end in (0, -1)):
            moved = [[w1.astype(float), w2.astype(float)] for _ in range(2)]
            moved[0][k][j, i] += 1
            moved[1][k][j, i] -= 1
            assert (loss(moved[1]) - loss(moved[0])) / 2 == pytest.approx(delta[j] * x[i], rel=1e-8)

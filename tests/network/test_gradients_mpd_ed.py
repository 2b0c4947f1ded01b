"""MPD-ED in the compiled engine against the independent reference: forward, replay, learning step.

With shift 0, D and B are the exact adjoint in units of 2^-8 where nothing leaks (λ = 1).  Where the
membranes leak, each decay of D and B drops less than one unit, and `error_bounds` adds that up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from reference import mpd_ed
from reference.std_ed import base2_softmax_error, threshold

from lava_ed.engine.build import build_program
from lava_ed.engine.program import Program
from lava_ed.learning_rules import MPDED
from lava_ed.network.adaptation import Adaptation
from lava_ed.network.spec import NetworkSpec

UNIT = 2**8
ONE = (12, 16, 5)
TWO = (12, 16, 14, 5)
THREE = (12, 16, 14, 12, 4)
WINDOWS = [*((window, sizes) for window in (12, 32) for sizes in (ONE, TWO, THREE)), (33, TWO), (64, ONE)]
"""Without a shift, more steps of more layers would leave 24 bits."""
SEEDS = range(6)
PRESENTATIONS = 1000


@dataclass
class Sample:
    """A net, its thresholds and one sample, with what the reference says of it; not yet presented."""

    spec: NetworkSpec
    grey: np.ndarray
    label: int
    w: list[np.ndarray]
    steps: list[int]
    run: mpd_ed.Forward
    error: np.ndarray

    def program(self) -> Program:
        program = build_program(self.spec)
        for layer, step in zip(self.spec.hidden, self.steps, strict=True):
            program.set(f"hidden{layer}", "threshold_step", [step])
        program.bind(self.grey)
        return program

    def present(self, program: Program) -> None:
        program.present(np.array([0]), np.array([self.label]))

    @property
    def leak(self) -> list[float]:
        return [1 - self.spec.dv / 4096] * len(self.spec.hidden)


def leak_by(dv: int):
    """λ·v with λ = 1 − dv/4096, rounded towards zero: the fixed-point LIF's decay."""
    return lambda v: np.sign(v) * ((np.abs(v) * (4096 - dv)) >> 12)


def forward(spec: NetworkSpec, w: list[np.ndarray], s_in: np.ndarray, steps: list[int]) -> mpd_ed.Forward:
    theta = [threshold(q) for q in steps]
    width = [(t * spec.half_width) >> 3 for t in theta]
    return mpd_ed.forward(w, s_in, theta, width, [leak_by(spec.dv)] * len(theta))


def lively_steps(spec: NetworkSpec, w: list[np.ndarray], s_in: np.ndarray) -> list[int]:
    """Threshold steps with which about a quarter of each layer's neurons fires in a step."""
    steps: list[int] = []
    for layer in spec.hidden:
        unread = np.zeros((1, spec.sizes[layer]), np.int64)
        rates = []
        for step in range(32):
            run = forward(spec, [*w[:layer], unread], s_in, [*steps, step])
            rates.append(abs(run.s[-1].mean() - 0.25))
        steps.append(int(np.argmin(rates)))
    return steps


def make(sizes: tuple[int, ...], seed: int, window: int = 12, **settings) -> Sample:
    """Draw a net and a sample, and choose thresholds and softmax for them."""
    rng = np.random.default_rng(2000 + seed)
    grey = rng.integers(0, 256, (1, sizes[0])).astype(np.uint8)
    plain = {
        "adaptation": Adaptation(interval=0),
        "init_limits": (10, *(2,) * (len(sizes) - 2)),
        "error_shift": 0,
        "dead_zone": 0,
        "half_width": 10,
    }
    spec = NetworkSpec(sizes, steps=window, seed=seed, **{"rule": MPDED(), **plain, **settings})
    first = build_program(spec)
    w = [first.get(f"dense{layer}", "weights").astype(np.int64) for layer in spec.layers]
    s_in = mpd_ed.encode_rate(grey[0] / 255, window)
    steps = lively_steps(spec, w, s_in)
    run = forward(spec, w, s_in, steps)
    spread = int(run.readout.max() - np.median(run.readout))
    spec = replace(spec, softmax_shift=max(0, spread.bit_length() - 2))
    label = int(np.argmax(run.readout))
    error = base2_softmax_error(run.readout, label, shift=spec.softmax_shift, dead_zone=0)
    return Sample(spec, grey, label, w, steps, run, error)


def bits(words: np.ndarray, window: int) -> np.ndarray:
    """History words as booleans (T, n), bit t mod 32 of word t div 32 = step t."""
    t = np.arange(window, dtype=np.uint32)
    of_steps = words.astype(np.uint32).reshape(-(-window // 32), -1)[t // 32]
    return (of_steps >> (t % 32)[:, None] & 1).astype(bool)


def replayed(sample: Sample, program: Program) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """D and B of hidden layers 1 … W − 1 at every t, (T, n) each, recorded step by step during a replay."""
    window, schedule = sample.spec.steps, sample.spec.schedule
    d = [np.zeros((window, sample.spec.sizes[layer]), np.int64) for layer in sample.spec.hidden]
    b = [record.copy() for record in d]
    program.set("error", "learning", [0])
    sample.present(program)  # leaves the sample and its label selected; nothing learns
    program.set("error", "learning", [1])
    for phase in range(schedule.period):
        program.run(1)
        for k, layer in enumerate(sample.spec.hidden):
            t = window - 1 - (phase - schedule.error_arrival(layer))
            if 0 <= t < window:
                d[k][t] = program.get(f"hidden{layer}", "d")
                b[k][t] = program.get(f"hidden{layer}", "b")
    return d, b


# ------------------------------------------------------------------------------------------------- forward


@pytest.mark.parametrize("dv", [0, 300, 2048])
@pytest.mark.parametrize(("window", "sizes"), [*((2, sizes) for sizes in (ONE, TWO, THREE)), *WINDOWS])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_forward_equals_the_reference_exactly(seed, sizes, window, dv):
    sample = make(sizes, seed, window, dv=dv, error_shift=8)
    program = sample.program()
    sample.present(program)
    for layer in sample.spec.hidden:
        name, spikes, support = f"hidden{layer}", sample.run.s[layer], sample.run.h[layer]
        np.testing.assert_array_equal(bits(program.get(name, "spike_word"), window), spikes)
        np.testing.assert_array_equal(bits(program.get(name, "support_word"), window), support)
        after_reset = np.where(spikes[-1], 0, sample.run.v[layer][-1])
        np.testing.assert_array_equal(program.get(name, "v"), after_reset)
    np.testing.assert_array_equal(program.get("readout", "v"), sample.run.readout)
    np.testing.assert_array_equal(program.get("error", "e"), sample.error)


@pytest.mark.parametrize("dv", [0, 300, 2048])
@pytest.mark.parametrize("sizes", [ONE, TWO, THREE])
def test_membranes_equal_the_reference_in_every_step(sizes, dv):
    sample = make(sizes, 5, dv=dv)
    program, schedule = sample.program(), sample.spec.schedule
    program.set("error", "learning", [0])
    sample.present(program)
    for phase in range(schedule.error_phase):
        program.run(1)
        for layer in sample.spec.hidden:
            t = phase - schedule.fire_start(layer)
            if 0 <= t < sample.spec.steps:
                expected = np.where(sample.run.s[layer][t], 0, sample.run.v[layer][t])
                np.testing.assert_array_equal(program.get(f"hidden{layer}", "v"), expected)


@pytest.mark.parametrize("sizes", [ONE, TWO, THREE])
def test_samples_have_spikes_inside_and_outside_the_support(sizes):
    runs = [make(sizes, seed).run for seed in SEEDS]
    for layer in range(1, len(sizes) - 1):
        spikes = np.concatenate([run.s[layer] for run in runs])
        support = np.concatenate([run.h[layer] for run in runs])
        assert 0.1 < spikes.mean() < 0.6
        assert 0.1 < support.sum() / spikes.sum() < 0.95


# ------------------------------------------------------------------------------------------------ gradient


@pytest.mark.parametrize(("window", "sizes"), WINDOWS)
@pytest.mark.parametrize("seed", SEEDS)
def test_replay_without_leak_equals_the_exact_adjoint(seed, sizes, window):
    sample = make(sizes, seed, window)
    exact = mpd_ed.adjoint(sample.w, sample.run.s, sample.run.h, sample.error, sample.leak)
    program = sample.program()
    d, b = replayed(sample, program)
    for k, layer in enumerate(sample.spec.hidden):
        np.testing.assert_array_equal(d[k], UNIT * exact.voltage[k])
        np.testing.assert_array_equal(b[k], UNIT * exact.spike[k + 1])
        np.testing.assert_array_equal(program.get(f"hidden{layer}", "d"), d[k][0])
        np.testing.assert_array_equal(program.get(f"hidden{layer}", "b"), b[k][0])


@pytest.mark.parametrize(("window", "sizes"), WINDOWS)
@pytest.mark.parametrize("seed", SEEDS)
def test_weight_gradient_without_leak_equals_the_exact_adjoint(seed, sizes, window):
    sample = make(sizes, seed, window)
    exact = mpd_ed.adjoint(sample.w, sample.run.s, sample.run.h, sample.error, sample.leak)
    program = sample.program()
    d, _ = replayed(sample, program)
    s = [sample.run.s[0]]
    s += [bits(program.get(f"hidden{layer}", "spike_word"), window) for layer in sample.spec.hidden]
    d.append(np.tile(UNIT * program.get("error", "e").astype(np.int64), (window, 1)))
    for k, expected in enumerate(exact.weight):
        product = d[k].T @ s[k].astype(np.int64)
        assert np.count_nonzero(product) > product.size // 20
        np.testing.assert_array_equal(product, UNIT * expected)


@pytest.mark.parametrize("sizes", [ONE, TWO])
@pytest.mark.parametrize("seed", [0, 1])
def test_weight_gradient_equals_finite_differences_of_the_masked_net(seed, sizes):
    sample = make(sizes, seed)
    numeric = mpd_ed.finite_differences(sample.w, sample.run, sample.error, sample.leak, step=1.0)
    d, _ = replayed(sample, sample.program())
    for k, gradient in enumerate(d):
        product = gradient.T @ sample.run.s[k].astype(np.int64) / UNIT
        scale = np.abs(product).max()
        np.testing.assert_allclose(product, numeric[k], rtol=1e-8, atol=1e-8 * scale)


def error_bounds(sample: Sample) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Bounds of |D| and |B| errors in units of 2^-8, for hidden layers 1 … W − 1, (T, n) each.

    A decay drops less than one unit.  Between spikes D is only decayed: err_D ← λ·err_D + 1; at a spike
    D ← h·B: err_D ← h·err_B.  The messages carry the engine's own D, so B differs from Σ w·D by what the
    separate decays of B and D dropped: err_B ≤ Σ|w|·err_D + (1 + Σ|w|)·(1 + λ + λ² + …), and B of the
    last hidden layer, whose source does not leak, is exact.
    """
    window, d_bounds, b_bounds = sample.spec.steps, [], []
    for layer in reversed(sample.spec.hidden):
        leak, spikes, support = sample.leak[layer - 1], sample.run.s[layer], sample.run.h[layer]
        b = np.zeros(spikes.shape)
        if d_bounds:
            size = np.abs(sample.w[layer])
            dropped = np.cumsum(leak ** np.arange(window)) - 1  # the first step has nothing to decay
            b = d_bounds[0] @ size + (1 + size.sum(axis=0)) * dropped[::-1, None]
        d, following = np.zeros(spikes.shape), np.zeros(spikes.shape[1])
        for t in reversed(range(window)):
            decayed = np.where(spikes[t:].any(axis=0), leak * following + 1, 0.0)
            following = d[t] = np.where(spikes[t], support[t] * b[t], decayed)
        d_bounds.insert(0, d)
        b_bounds.insert(0, b)
    return d_bounds, b_bounds


@pytest.mark.parametrize("dv", [128, 512, 2048])
@pytest.mark.parametrize("sizes", [ONE, TWO, THREE])
@pytest.mark.parametrize("seed", SEEDS)
def test_replay_with_leak_stays_within_its_rounding(seed, sizes, dv):
    sample = make(sizes, seed, dv=dv)
    exact = mpd_ed.adjoint(sample.w, sample.run.s, sample.run.h, sample.error, sample.leak)
    d, b = replayed(sample, sample.program())
    d_bounds, b_bounds = error_bounds(sample)
    for k in range(len(d)):
        assert (np.abs(d[k] - UNIT * exact.voltage[k]) <= d_bounds[k]).all()
        assert (np.abs(b[k] - UNIT * exact.spike[k + 1]) <= b_bounds[k]).all()
        s = sample.run.s[k].astype(np.int64)
        product, expected = d[k].T @ s, UNIT * exact.weight[k]
        assert (np.abs(product - expected) <= d_bounds[k].T @ s).all()
        # The bound must mean something: it is small against the gradient, and the gradient is there.
        assert np.count_nonzero(expected) > expected.size // 20
        assert np.linalg.norm(product - expected) <= 0.02 * np.linalg.norm(expected)
        assert np.linalg.norm(d_bounds[k].T @ s) <= 0.25 * np.linalg.norm(expected)


# ------------------------------------------------------------------------------ one visit a synapse and sample


def summed(sample: Sample) -> list[np.ndarray]:
    """y = A_k of each connection, in units of 2^-8, at a sample's end."""
    program = sample.program()
    sample.present(program)
    hidden = [program.get(f"hidden{layer}", "v").astype(np.int64) for layer in sample.spec.hidden]
    return [*hidden, UNIT * program.get("error", "e").astype(np.int64)]


@pytest.mark.parametrize("window", [8, 12])
@pytest.mark.parametrize("sizes", [ONE, TWO])
def test_summed_errors_equal_the_sum_of_the_exact_adjoint(sizes, window):
    """The mean of D over 2^⌈log₂ T⌉ steps, cut towards zero; the readout's error as it is."""
    sample = make(sizes, 3, window, learning="aggregated")
    exact = mpd_ed.adjoint(sample.w, sample.run.s, sample.run.h, sample.error, sample.leak)
    mean = 8 if window == 8 else 16
    *hidden, output = summed(sample)
    for k, found in enumerate(hidden):
        assert np.count_nonzero(found) > found.size // 4
        np.testing.assert_array_equal(found, np.trunc(UNIT * exact.voltage[k].sum(axis=0) / mean))
    # A sum over a constant error is that error times the number of spikes: nothing is lost at the readout.
    spikes = sample.run.s[-1].sum(axis=0)
    np.testing.assert_array_equal(np.outer(output, spikes), UNIT * exact.weight[-1])


def test_one_visit_of_a_constant_input_is_the_exact_gradient():
    """Σ_t x_i·D_k[t] = x_i·Σ_t D_k[t]: the direction is that of the exact adjoint, synapse for synapse."""
    rng = np.random.default_rng(5)
    w = [rng.integers(-8, 9, (16, 12)).astype(float), rng.integers(-4, 5, (5, 16)).astype(float)]
    s_in = np.tile(rng.integers(0, 16, 12), (4, 1))
    v, spikes, support = np.zeros(16), np.zeros((4, 16), bool), np.zeros((4, 16), bool)
    for t in range(4):
        v = v + w[0] @ s_in[t]
        spikes[t], support[t] = v >= 60, (v >= 60) & (v < 120)
        v = np.where(spikes[t], 0, v)
    error = rng.integers(-100, 101, 5).astype(float)
    exact = mpd_ed.adjoint(w, [s_in, spikes], [None, support], error, [1.0])
    record = mpd_ed.replay(w, [s_in, spikes], [None, support], error, [1.0])
    visited = mpd_ed.aggregate(record, [s_in, spikes], mean=4)
    assert np.count_nonzero(exact.weight[0]) > 30
    np.testing.assert_allclose(4 * visited[0], exact.weight[0])
    np.testing.assert_allclose(visited[1], exact.weight[1])


@pytest.mark.parametrize(("window", "least"), [(4, 0.95), (12, 0.98)])
def test_one_visit_between_rates_keeps_the_direction(window, least):
    """Of inputs that come at a rate the product of means is an approximation, whose cosine is measured."""
    cosines = []
    for seed in SEEDS:
        sample = make(TWO, seed, window, learning="aggregated")
        exact = mpd_ed.adjoint(sample.w, sample.run.s, sample.run.h, sample.error, sample.leak)
        record = mpd_ed.replay(sample.w, sample.run.s, sample.run.h, sample.error, sample.leak)
        for k, found in enumerate(mpd_ed.aggregate(record, [s.astype(int) for s in sample.run.s], window)):
            a, b = found.ravel(), exact.weight[k].ravel()
            if np.any(a) and np.any(b):
                cosines.append(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    assert len(cosines) == 3 * len(SEEDS)
    assert np.mean(cosines) > least


# ------------------------------------------------------------------------------------------- learning step


def changes_of(sample: Sample, program: Program) -> list[np.ndarray]:
    """Changes of every connection's weights, each from the same weights, over many presentations."""
    result: list[list[np.ndarray]] = [[] for _ in sample.w]
    for _ in range(PRESENTATIONS):
        for k, w in enumerate(sample.w):
            program.set(f"dense{k + 1}", "weights", w)
        sample.present(program)
        for k, w in enumerate(sample.w):
            result[k].append(program.get(f"dense{k + 1}", "weights") - w)
    return [np.array(changes) for changes in result]


def assert_unbiased(changes: np.ndarray, expected: np.ndarray) -> None:
    """Each entry's mean, the slope of the changes against `expected`, and their overall mean.

    Slope and mean are taken per presentation, because synapses share the rounding at the port.
    A few changes that did not happen are added to each variance, for entries that change rarely.
    """

    def standard_error(values: np.ndarray, pseudo: float = 0.0) -> np.ndarray:
        return np.sqrt((values.var(axis=0, ddof=1) + pseudo) / len(values))

    assert np.count_nonzero(expected) > expected.size // 20
    assert (changes[:, expected == 0] == 0).all()
    difference = changes.mean(axis=0) - expected
    assert (np.abs(difference) < 5.5 * standard_error(changes, pseudo=16 / len(changes))).all()
    flat = changes.reshape(len(changes), -1)
    slope = flat @ expected.ravel() / np.sum(expected**2)
    assert standard_error(slope) < 0.05
    assert abs(slope.mean() - 1) < 4.5 * standard_error(slope)
    mean = flat.mean(axis=1) - expected.mean()
    assert abs(mean.mean()) < 4.5 * standard_error(mean)


@pytest.mark.parametrize(("sizes", "port_shift"), [(ONE, 4), (TWO, 6), (THREE, 7)])
def test_mean_change_is_the_exact_gradient(sizes, port_shift):
    """Every connection, gathered in the tag or not: port, tag and weight round without a bias."""
    eta = 7 * 2.0 ** (-7 - port_shift)
    sample = make(sizes, 1, rule=MPDED(learning_rate=eta, decay=()))
    assert sample.spec.rule.rate.port_shift == port_shift
    exact = mpd_ed.adjoint(sample.w, sample.run.s, sample.run.h, sample.error, sample.leak)
    for k, changes in enumerate(changes_of(sample, sample.program())):
        assert np.abs(exact.voltage[k]).max() < 126 * 2**port_shift  # y has 7 bits
        assert_unbiased(changes, eta * exact.weight[k])


@pytest.mark.parametrize("eta", [2.0**-7, 3 * 2.0**-7, 2.0**-5])
def test_mean_change_follows_the_rate(eta):
    """Without a shift at the port, and with shifts of the error sums that keep D within 7 bits."""
    sample = make(TWO, 2, rule=MPDED(learning_rate=eta), error_shift=3)
    assert sample.spec.rule.rate.port_shift == 0
    program = sample.program()
    d, _ = replayed(sample, program)
    d.append(np.tile(UNIT * sample.error, (sample.spec.steps, 1)))
    for k, changes in enumerate(changes_of(sample, program)):
        assert 10 * UNIT < np.abs(d[k]).max() < 126 * UNIT
        product = d[k].T @ sample.run.s[k].astype(np.int64) / UNIT
        assert np.abs(product).max() < 1000  # what a tag holds
        assert_unbiased(changes, eta * product)

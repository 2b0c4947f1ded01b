"""STD-ED in the compiled engine against the independent reference: forward, gradient, learning step.

Shifts are 0 and nothing saturates, so the engine's δ is the exact gradient times the κ that it passed,
and x1·δ is the weight gradient before rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from reference import std_ed

from lava_ed.engine.build import build_program
from lava_ed.engine.program import Program
from lava_ed.learning_rules import STDED
from lava_ed.network.adaptation import Adaptation
from lava_ed.network.spec import NetworkSpec

TWO = (14, 30, 6)
THREE = (14, 40, 32, 6)
FOUR = (12, 32, 28, 24, 5)
SEEDS = range(5)
PRESENTATIONS = 300


@dataclass
class Sample:
    """One presentation: the program after it, and what the reference says of the weights before it."""

    spec: NetworkSpec
    program: Program
    label: int
    w: list[np.ndarray]
    run: std_ed.Forward
    error: np.ndarray


def weights_of(program: Program, spec: NetworkSpec) -> list[np.ndarray]:
    return [program.get(f"dense{layer}", "weights").astype(np.int64) for layer in spec.layers]


def lively_steps(w: list[np.ndarray], x: np.ndarray, window: int) -> list[int]:
    """Threshold steps with which every layer has silent, inside and (nearly always) saturated neurons."""
    steps: list[int] = []
    for weights in w[:-1]:
        v = weights @ x
        wanted = 2 * np.median(v[v > 0]) / window
        steps.append(min(range(56), key=lambda q: abs(std_ed.threshold(q) - wanted)))
        x = std_ed.fire_closed_form(v, std_ed.threshold(steps[-1]), window)
    return steps


def present(sizes: tuple[int, ...], seed: int, window: int = 16, **settings) -> Sample:
    """Build a net, choose its thresholds and softmax for it, and present one random sample."""
    rng = np.random.default_rng(1000 + seed)
    grey = rng.integers(0, 256, (1, sizes[0])).astype(np.uint8)
    label = int(rng.integers(sizes[-1]))
    plain = {
        "adaptation": Adaptation(interval=0),
        "init_limits": (60, *(6,) * (len(sizes) - 2)),
        "error_shift": 0,
        "error_limit": 2**23 - 1,
        "dead_zone": 0,
    }
    spec = NetworkSpec(sizes, steps=window, seed=seed, **{"rule": STDED(), **plain, **settings})
    w = weights_of(build_program(spec), spec)
    x = std_ed.encode_times(grey[0] / 255, window)
    steps = lively_steps(w, x, window)
    run = std_ed.forward(w, x, [std_ed.threshold(q) for q in steps], window)
    spread = int(run.readout.max() - np.median(run.readout))
    spec = replace(spec, softmax_shift=max(0, spread.bit_length() - 2))
    error = std_ed.base2_softmax_error(run.readout, label, shift=spec.softmax_shift, dead_zone=0)
    program = build_program(spec)
    for layer, step in zip(spec.hidden, steps, strict=True):
        program.set(f"hidden{layer}", "threshold_step", [step])
    program.bind(grey)
    program.present(np.array([0]), np.array([label]))
    return Sample(spec, program, label, w, run, error)


def message_of(sample: Sample, layer: int) -> np.ndarray:
    """What connection `layer` learns from: δ of a hidden layer, or the output error."""
    last = sample.spec.layers[-1]
    name = ("error", "e") if layer == last else (f"hidden{layer}", "delta")
    return sample.program.get(*name).astype(np.int64)


# ------------------------------------------------------------------------------------------------- forward


@pytest.mark.parametrize("window", [2, 7, 16, 40])
@pytest.mark.parametrize("sizes", [TWO, THREE, FOUR])
@pytest.mark.parametrize("seed", SEEDS)
def test_forward_equals_the_reference_exactly(seed, sizes, window):
    sample = present(sizes, seed, window)
    by_steps = std_ed.forward(sample.w, sample.run.x[0], sample.run.kappa, window, by_steps=True)
    for expected in (sample.run, by_steps):
        np.testing.assert_array_equal(sample.program.get("encoder", "x"), expected.x[0])
        for layer in sample.spec.hidden:
            np.testing.assert_array_equal(sample.program.get(f"hidden{layer}", "v"), expected.v[layer])
            np.testing.assert_array_equal(sample.program.get(f"hidden{layer}", "x"), expected.x[layer])
        np.testing.assert_array_equal(sample.program.get("readout", "v"), expected.readout)
    np.testing.assert_array_equal(sample.program.get("error", "e"), sample.error)


@pytest.mark.parametrize("sizes", [TWO, THREE, FOUR])
def test_samples_have_silent_inside_and_saturated_neurons(sizes):
    for layer in range(1, len(sizes) - 1):
        x = np.concatenate([present(sizes, seed).run.x[layer] for seed in SEEDS])
        assert np.mean(x == 0) > 0.1
        assert np.mean(std_ed.fired_inside(x, 16)) > 0.15
        assert np.mean(x == 16) > 0.02


@pytest.mark.parametrize("shift", [0, 2, 6])
@pytest.mark.parametrize("dead_zone", [0, 100])
@pytest.mark.parametrize("seed", SEEDS)
def test_output_error_equals_the_reference(seed, shift, dead_zone):
    sample = present(TWO, seed)
    spec = replace(sample.spec, softmax_shift=shift + 4, dead_zone=dead_zone)
    program = build_program(spec)
    program.set("hidden1", "threshold_step", sample.program.get("hidden1", "threshold_step"))
    program.bind(np.zeros((1, TWO[0]), np.uint8) + 140)
    for label in range(TWO[-1]):
        program.present(np.array([0]), np.array([label]))
        v = program.get("readout", "v").astype(np.int64)
        expected = std_ed.base2_softmax_error(v, label, shift=shift + 4, dead_zone=dead_zone)
        np.testing.assert_array_equal(program.get("error", "e"), expected)


# ------------------------------------------------------------------------------------------------ gradient


@pytest.mark.parametrize("sizes", [TWO, THREE, FOUR])
@pytest.mark.parametrize("seed", SEEDS)
def test_messages_equal_the_reference_exactly(seed, sizes):
    sample = present(sizes, seed)
    expected = std_ed.integer_messages(sample.w, sample.run, sample.error)
    for layer in sample.spec.layers:
        np.testing.assert_array_equal(message_of(sample, layer), expected[layer - 1])
    for layer in sample.spec.hidden:
        assert np.count_nonzero(expected[layer - 1]) >= 3
        assert np.abs(expected[layer - 1]).max() > 127  # more than 7 bits: nothing was cut


@pytest.mark.parametrize("sizes", [TWO, THREE])
@pytest.mark.parametrize("seed", SEEDS)
def test_weight_gradient_equals_finite_differences_of_the_frozen_net(seed, sizes):
    sample = present(sizes, seed)
    numeric = std_ed.finite_differences(sample.w, sample.run, sample.error, step=2.0**10)
    exact = std_ed.gradient(sample.w, sample.run, sample.error)
    for layer in sample.spec.layers:
        passed = float(np.prod(sample.run.kappa[layer - 1 :]))
        x1 = sample.program.get(f"dense{layer}", "x1").astype(np.int64)
        product = np.outer(message_of(sample, layer), x1) / passed
        assert np.count_nonzero(product) > product.size // 8
        np.testing.assert_allclose(product, exact.weight[layer - 1], rtol=1e-12)
        np.testing.assert_allclose(product, numeric[layer - 1], rtol=1e-8, atol=1e-8 * np.abs(product).max())


@pytest.mark.parametrize("shift", [3, 8])
@pytest.mark.parametrize("seed", SEEDS)
def test_shift_rounds_each_error_sum_towards_zero(seed, shift):
    sample = present(THREE, seed, error_shift=shift)
    for layer in sample.spec.hidden:
        total = sample.w[layer].T @ message_of(sample, layer + 1)
        inside = std_ed.fired_inside(sample.run.x[layer], 16)
        expected = np.where(inside, np.sign(total) * (np.abs(total) >> shift), 0)
        np.testing.assert_array_equal(message_of(sample, layer), expected)


# ------------------------------------------------------------------------------------------- learning step


def stored_changes(sample: Sample, layer: int) -> np.ndarray:
    """Changes of a connection's weights, each from the same weights, over many presentations."""
    program, result = sample.program, []
    for _ in range(PRESENTATIONS):
        for k in sample.spec.layers:
            program.set(f"dense{k}", "weights", sample.w[k - 1])
        program.present(np.array([0]), np.array([sample.label]))
        result.append(program.get(f"dense{layer}", "weights") - sample.w[layer - 1])
    return np.array(result)


def assert_unbiased(changes: np.ndarray, expected: np.ndarray) -> None:
    """Mean of each entry within 5 standard errors, and the mean of all z-scores within 5 of theirs.

    A change has the step 2, so rounding one to a step has the variance 4·f·(1 − f), f = its fraction.
    """
    fraction = np.mod(expected / 2, 1)
    error = np.sqrt(4 * fraction * (1 - fraction) / len(changes))
    difference = changes.mean(axis=0) - expected
    certain = error == 0
    assert (difference[certain] == 0).all()
    z = difference[~certain] / error[~certain]
    assert np.abs(z).max() < 5
    assert abs(z.mean()) * np.sqrt(z.size) < 5
    assert abs(np.mean(z * np.sign(expected[~certain]))) * np.sqrt(z.size) < 5


@pytest.mark.parametrize(("learning_rate", "exponent"), [(2.0**-10, -7), (2.0**-8, -5), (3 * 2.0**-10, -7)])
@pytest.mark.parametrize("layer", [1, 2, 3])
def test_mean_change_is_the_product(layer, learning_rate, exponent):
    sample = present(THREE, 3, rule=STDED(learning_rate=learning_rate), error_shift=4, error_limit=127)
    product = np.outer(message_of(sample, layer), sample.run.x[layer - 1])
    mantissa = round(learning_rate * 2.0**3 / 2.0**exponent)
    # The learning engine drops the three lowest bits of x1·y·m, then scales: η = m·2^(a − 3).
    expected = np.sign(product) * (np.abs(product * mantissa) >> 3) * 2.0**exponent
    assert np.count_nonzero(expected) > expected.size // 8
    assert np.abs(expected - learning_rate * product).max() < 2.0**exponent
    assert_unbiased(stored_changes(sample, layer), expected)


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_weights_change_in_the_direction_of_the_exact_gradient(layer):
    sample = present(THREE, 4, error_shift=4, error_limit=127, rule=STDED(learning_rate=2.0**-8))
    exact = std_ed.gradient(sample.w, sample.run, sample.error).weight[layer - 1]
    mean = stored_changes(sample, layer).mean(axis=0)
    assert np.sum(mean * exact) / np.linalg.norm(mean) / np.linalg.norm(exact) > 0.97


@pytest.mark.parametrize("port_shift", [1, 4])
def test_shift_at_the_learning_port_rounds_without_bias(port_shift):
    rule = STDED(learning_rate=2.0 ** (-10 - port_shift), decay=())
    sample = present(THREE, 3, rule=rule, error_shift=4, error_limit=127)
    assert rule.rate.port_shift == port_shift
    for layer in sample.spec.layers:
        delta, ports = message_of(sample, layer), []
        for _ in range(PRESENTATIONS):
            for k in sample.spec.layers:
                sample.program.set(f"dense{k}", "weights", sample.w[k - 1])
            sample.program.present(np.array([0]), np.array([sample.label]))
            y1, y2 = (sample.program.get(f"dense{layer}", name) for name in ("y1", "y2"))
            assert ((y1 == 0) | (y2 == 0)).all()
            ports.append(y1 - y2)
        expected = delta / 2**port_shift
        fraction = np.mod(np.abs(expected), 1)
        error = np.sqrt(fraction * (1 - fraction) / PRESENTATIONS)
        assert np.count_nonzero(fraction) >= 3
        assert (np.abs(np.mean(ports, axis=0) - expected) <= 4.5 * error).all()

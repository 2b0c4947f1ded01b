"""Kernels of a convolution against a matrix of all weights, made slowly: forward, adjoint, sums of taps, carry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from reference.convolution import kernels_of, matrix_of, pooled

from lava_ed.kernels.loihi.convolution import (
    apply_sums,
    count_errors,
    mark_reached,
    reached_steps,
    scatter_errors,
    scatter_spikes,
    sum_taps,
    turn_weights,
)
from lava_ed.kernels.loihi.map_neuron import fire_best, fire_window_best, gate_pooled_errors, pool_membranes
from lava_ed.network.layers import Layer, layers_of, tables_of

CASES = [
    pytest.param(text, image, shared, id=f"{text}-{shared}")
    for text, image in (
        ("24c5-2", (1, 8, 7)),
        ("6c3p1g2-2", (4, 5, 6)),
        ("9c3s2p1-2", (2, 7, 6)),
        ("5c4s3p2-2", (3, 6, 5)),
        ("2c2p1-2", (3, 4, 3)),
    )
    for shared in (True, False)
]


def stored_of(layer: Layer, shared: bool, seed: int = 0) -> Any:
    """Random stored weights, some of them 0."""
    generator = np.random.default_rng(seed)
    weights = generator.integers(-128, 128, layer.weights_shape(shared), dtype=np.int8)
    weights[generator.random(weights.shape) < 0.2] = 0
    return weights


@pytest.mark.parametrize(("text", "image", "shared"), CASES)
def test_directions_agree_with_the_matrix(text: str, image: tuple[int, int, int], shared: bool) -> None:
    """Sums of spikes are W·x, of errors the exact adjoint Wᵀ·δ, of taps the outer product gathered tap by tap."""
    layer = layers_of(text, image)[0]
    stored, generator = stored_of(layer, shared), np.random.default_rng(1)
    tables, matrix = tables_of(layer, shared, False), matrix_of(stored, layer, shared)
    x = (generator.integers(0, 30, layer.source.size) * (generator.random(layer.source.size) < 0.4)).astype(np.int32)
    delta = generator.integers(-127, 128, layer.shape.size) * (generator.random(layer.shape.size) < 0.3)
    delta = delta.astype(np.int32)
    events, errors = (np.flatnonzero(values).astype(np.int32) for values in (x, delta))
    weights, nonzeros = stored.reshape(-1), np.count_nonzero(stored, axis=1).astype(np.int32)

    total = np.zeros(layer.shape.size, np.int32)
    synops = scatter_spikes(weights, nonzeros, tables, events, 0, events.size, x, 1, total)
    np.testing.assert_array_equal(total, matrix @ x)
    assert synops == np.count_nonzero(matrix[:, x != 0])

    turned, back = np.zeros(layer.turned_size(shared), np.int8), np.zeros(layer.source.size, np.int32)
    turn_weights(weights, tables, turned)
    synops, overflows = scatter_errors(turned, tables, errors, errors.size, delta, 0, back)
    np.testing.assert_array_equal(back, matrix.T @ delta)
    assert (synops, overflows) == (np.count_nonzero(matrix[delta != 0]), 0)
    scatter_errors(turned, tables, errors, errors.size, delta, 3, back)
    exact = matrix.T @ delta
    np.testing.assert_array_equal(back, np.sign(exact) * ((abs(exact) + 4) >> 3))

    live, sums = np.zeros(layer.shape.height * (layer.shape.width + 1), np.int32), np.zeros(weights.size, np.int32)
    count_errors(tables, errors, errors.size, live)
    products = sum_taps(tables, events, events.size, x, delta, live, sums)
    # Stored weights that are numbers of taps give, in place of a synapse's weight, the tap that it is of.
    taps = matrix_of(np.arange(1, weights.size + 1).reshape(stored.shape), layer, shared) // 2
    outer, gathered = np.outer(delta, x), np.zeros(weights.size, np.int64)
    np.add.at(gathered, taps[taps > 0] - 1, outer[taps > 0])
    pairs = np.count_nonzero(outer[taps > 0])
    np.testing.assert_array_equal(sums, gathered)
    assert products == pairs


def test_kernels_are_read_as_they_are_written() -> None:
    """A kernel of 3 whose taps are stored from the right to the left, by hand."""
    layer = layers_of("1c3-2", (1, 3, 4))[0]
    stored = np.arange(1, 10, dtype=np.int8).reshape(9, 1)
    assert kernels_of(stored, layer)[0, :, :, 0].tolist() == [[6, 4, 2], [12, 10, 8], [18, 16, 14]]


def test_reached_neurons_are_counted_from_their_first_spike() -> None:
    """A spike of value x makes the neurons whose window it lies in active for x steps."""
    layer = layers_of("2c2-2", (1, 2, 3))[0]
    tables, x = tables_of(layer, True, True), np.array([0, 5, 0, 3, 0, 0], np.int32)
    assert reached_steps(tables, x, np.zeros(6, np.int32), np.zeros(4, np.int32)) == 2 * (5 + 5)
    reached = np.zeros(2, np.int32)
    assert mark_reached(tables, np.array([3], np.int32), 1, reached) == 2
    assert mark_reached(tables, np.array([3, 1], np.int32), 2, reached) == 2
    assert reached.tolist() == [1, 1]


def test_sums_are_rounded_and_carried() -> None:
    """W = 2^8·w + carry moves by the rounded sum, saturates, and the sums are 0 afterwards; by hand."""
    weights, tag = np.array([0, 0, 127, -128], np.int8), np.array([250, 3, 255, 0], np.int16)
    sums, nonzeros = np.array([21, -22, 9999, -9999], np.int32), np.zeros(2, np.int32)
    # 21·3 = 63, » 2 rounded 16: 250 + 16 = 266; −66 » 2 rounded −17: 3 − 17 = −14 = −256 + 242; the ends stay.
    assert apply_sums(weights, tag, sums, nonzeros, 0, 2, 2, 3, 2) == (4, 2)
    assert weights.tolist() == [1, -1, 127, -128]
    assert tag.tolist() == [10, 242, 255, 0]
    assert sums.tolist() == [0, 0, 0, 0]
    assert nonzeros.tolist() == [2, 2]


@pytest.mark.parametrize("pool", [1, 2, 3])
def test_pooling_lets_the_first_spike_of_a_square_through(pool: int) -> None:
    """Steps of a falling threshold and the whole window agree, and errors go to the neuron that fired."""
    layer = Layer("", layers_of("5c1-2", (1, 7, 8))[0].source, layers_of("5c1-2", (1, 7, 8))[0].shape, 1, pool=pool)
    generator, steps, kappa = np.random.default_rng(pool), 9, 12
    v = generator.integers(-60, 150, layer.shape.size).astype(np.int32)
    best = np.zeros(layer.pooled.size, np.int32)
    pool_membranes(v, 7, 8, 5, pool, best)
    largest, winner = pooled(v, layer)
    np.testing.assert_array_equal(best, largest)
    x, events, whole = np.zeros_like(best), np.zeros_like(best), np.zeros_like(best)
    spikes = [fire_best(best, kappa, steps - s, x, events) for s in range(steps)]
    assert fire_window_best(best, kappa, steps, whole) == (sum(spikes), spikes[0])
    np.testing.assert_array_equal(whole, x)
    np.testing.assert_array_equal(x, np.clip(largest // kappa, 0, steps))
    e_in, delta, errors = generator.integers(-200, 200, x.size).astype(np.int32), np.zeros_like(v), np.zeros_like(v)
    messages, active = gate_pooled_errors(e_in, x, steps, 127, 30, v, best, 7, 8, 5, pool, delta, errors)
    expected = np.zeros_like(v)
    open_ = (x > 0) & (x < steps) & (np.abs(e_in) > 30)
    expected[winner[open_]] = np.clip(e_in, -127, 127)[open_]
    np.testing.assert_array_equal(delta, expected)
    assert (messages, active) == (np.count_nonzero(expected), np.count_nonzero(e_in))

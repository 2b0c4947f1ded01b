"""Sums by windows against those spike by spike and error by error, which `test_convolution` compares with a matrix."""

from __future__ import annotations

import numpy as np
import pytest

from lava_ed.kernels.loihi import conv_counts as counts
from lava_ed.kernels.loihi import conv_windows as windows
from lava_ed.kernels.loihi import convolution as single
from lava_ed.network.layers import layers_of, tables_of, window_order

CASES = [
    pytest.param(text, image, planar, id=text)
    for text, image, planar in (
        ("24c5-2", (1, 8, 7), True),
        ("70c3p1-2", (3, 6, 9), True),
        ("49c2-2", (24, 4, 6), False),
        ("9c3s2p1-2", (2, 7, 6), False),
        ("5c4s3p2-2", (38, 6, 5), False),
    )
]


@pytest.mark.parametrize(("text", "image", "planar"), CASES)
def test_windows_agree_with_single_spikes_and_errors(text: str, image: tuple[int, int, int], planar: bool) -> None:
    """Sums, synapses, active steps, errors, products, weights, carries and writes are the same, sample after sample."""
    layer = layers_of(text, image)[0]
    generator, tables, channels = np.random.default_rng(0), tables_of(layer, True, planar), layer.shape.channels
    stored = generator.integers(-128, 128, layer.weights_shape(True), dtype=np.int8)
    stored[generator.random(stored.shape) < 0.2] = 0
    tag = generator.integers(0, 256, stored.size).astype(np.int16)
    nonzeros, order, n = np.count_nonzero(stored, axis=1).astype(np.int32), window_order(layer), stored.size

    rows8, carries = np.zeros(n + windows.SLACK, np.int8), np.zeros(n, np.int16)
    rows8[order], carries[order] = stored.reshape(-1), tag
    of_channel = np.count_nonzero(rows8[:n].reshape(channels, -1), axis=1).astype(np.int32)
    n_padded, n_packed = windows.sizes_of(layer.source, channels, layer.kernel, layer.padding)
    taps, fan_out = np.zeros(layer.kernel**2 * image[0], np.int32), np.zeros(n_padded, np.int32)
    inputs8, padded, packed = np.zeros(n_padded, np.int8), np.zeros(n_padded, np.int32), np.zeros(n_packed, np.int8)
    places = np.zeros((image[1] + 2 * layer.padding) * (image[2] + 2 * layer.padding), np.int32)
    across, sums = np.zeros_like(places), np.zeros(n + windows.SLACK, np.int32)
    for channel in range(channels):
        windows.pack_weights(rows8, tables, channel, packed)

    for share in (0.3, 0.7):
        x = (generator.integers(1, 128, layer.source.size) * (generator.random(layer.source.size) < share)).astype(
            np.int32
        )
        delta = generator.integers(-127, 128, layer.shape.size) * (generator.random(layer.shape.size) < share / 2)
        delta = delta.astype(np.int32)
        events, errors = (np.flatnonzero(values).astype(np.int32) for values in (x, delta))

        total, expected = (np.full(layer.shape.size, fill, np.int32) for fill in (99, 0))
        counts.count_weights(rows8, tables, taps)
        counts.spread_taps(taps, tables, fan_out)
        windows.pad_map(tables, x, inputs8)
        windows.sum_map(inputs8, packed, tables, total)
        synops = single.scatter_spikes(stored.reshape(-1), nonzeros, tables, events, 0, events.size, x, 1, expected)
        np.testing.assert_array_equal(total, expected)
        assert counts.synapses_read(inputs8, fan_out, 0) == synops
        steps = single.reached_steps(tables, x, np.zeros(x.size, np.int32), np.zeros(9 * x.size, np.int32))
        assert counts.steps_reached(x, tables, places, across) == steps

        origins, factors, split = (np.zeros(layer.shape.size, np.int32) for _ in range(3))
        if not planar:  # errors reach maps only
            turned, back, found = np.zeros_like(stored.reshape(-1)), np.zeros_like(x), np.zeros_like(x)
            single.turn_weights(stored.reshape(-1), tables, turned)
            one_by_one = single.scatter_errors(turned, tables, errors, errors.size, delta, 3, back)
            read = windows.read_back(rows8, of_channel, tables, delta, origins, factors, sums, padded, 3, found)
            assert read == one_by_one
            np.testing.assert_array_equal(found, back)

        live, gathered = np.zeros(layer.shape.height * (layer.shape.width + 1), np.int32), np.zeros(n, np.int32)
        single.count_errors(tables, errors, errors.size, live)
        products = single.sum_taps(tables, events, events.size, x, delta, live, gathered)
        moved = single.apply_sums(stored.reshape(-1), tag, gathered, nonzeros, 0, *stored.shape, 5, 11)
        inside, ends = np.zeros(layer.corners.size, np.int32), np.zeros(channels, np.int32)
        counts.count_windows(x, tables, places, across, inside)
        corners = layer.corners.astype(np.int32)
        sort = corners, inside, errors, errors.size, delta, split, ends, origins, factors
        assert windows.by_channel(tables, *sort) == products
        padded[:] = 0
        windows.pad_map(tables, x, padded)
        learned = windows.learn_windows(
            rows8, carries, sums, of_channel, tables, padded, ends, origins, factors, 5, 11, packed
        )
        assert learned == moved
        assert moved[1] > 0
        np.testing.assert_array_equal(rows8[order], stored.reshape(-1))
        np.testing.assert_array_equal(carries[order], tag)

    shown, shown_tag, counted = np.zeros(n, np.int8), np.zeros(n, np.int16), np.zeros(stored.shape[0], np.int32)
    windows.store_weights(rows8, carries, tables, shown, shown_tag, counted)
    np.testing.assert_array_equal(shown, stored.reshape(-1))
    np.testing.assert_array_equal(shown_tag, tag)
    np.testing.assert_array_equal(counted, nonzeros)

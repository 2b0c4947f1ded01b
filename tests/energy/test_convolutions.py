"""Convolutions on cores: synapses against a matrix made slowly, memory by hand, squares that stay together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from nets import small_spec
from reference.convolution import matrix_of

from lava_ed.energy import LOIHI1, LOIHI2, map_network
from lava_ed.energy.convolutions import squares_of, synapses_of
from lava_ed.errors import ChipLimitError
from lava_ed.network.layers import layers_of


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize(
    ("text", "image"), [("6c3p1g2-2", (4, 5, 6)), ("9c3s2p1-2", (2, 7, 6)), ("5c4s3p2-2", (3, 6, 5))]
)
def test_synapses_are_those_of_the_matrix(text, image, shared):
    layer, generator = layers_of(text, image)[0], np.random.default_rng(0)
    stored = generator.integers(-1, 2, layer.weights_shape(shared), dtype=np.int8)
    matrix = matrix_of(stored, layer, shared) != 0
    behind, before = synapses_of(layer, stored, shared, planar=False)
    np.testing.assert_array_equal(behind, matrix.sum(axis=1))
    np.testing.assert_array_equal(before, matrix.sum(axis=0))

    channels = layer.source.channels
    planar = np.arange(layer.source.size).reshape(-1, channels).T.ravel()  # position by position → channel by channel
    by_input = stored if shared else stored.reshape(layer.source.size, -1)[planar].reshape(stored.shape)
    behind, before = synapses_of(layer, by_input, shared, planar=True)
    np.testing.assert_array_equal(behind, matrix.sum(axis=1))
    np.testing.assert_array_equal(before, matrix.sum(axis=0)[planar])


def test_squares_of_a_map():
    layer = layers_of("2c1-p2-2", (1, 3, 5))[0]
    assert squares_of(layer).reshape(3, 5, 2)[..., 1].tolist() == [[1, 1, 3, 3, -1], [1, 1, 3, 3, -1], [-1] * 5]


def net(sharing="accumulated", **changes):
    return small_spec(arch="4c3p1-p2-6c2-3", image=(1, 8, 8), sharing=sharing, **changes)


class TestByHand:
    """4×8×8 neurons in squares of 2×2, 6×3×3 neurons, 3 outputs; kernels of 36 and 96 weights."""

    def used(self, chip, **changes):
        rows = map_network(net(**changes), chip).utilisation()[1:3]
        return [(row.neurons.used, row.synaptic_bits.used, row.axons_in.used, row.axons_out.used) for row in rows]

    def test_shared_kernels_are_stored_once_a_core(self):
        # hidden1: 36 weights, 64 x1 of 7 bits, 96 weights mirrored; its errors stay on its core.
        first, second = self.used(LOIHI2)
        assert first == (256, 36 * 8 + 64 * 7 + 96 * 8, 64 + 54, 64)
        assert second[0] == 54
        assert second[2:] == (64 + 3, 54 + 54)

    def test_without_sharing_each_synapse_is_stored_with_its_carry(self):
        # 22 of 24 taps of a row lie inside: 22² pairs of tap and position, 4 channels.
        synapses, mirrored = 22**2 * 4, 9 * 4 * 4 * 6
        first, _ = self.used(LOIHI2, sharing="none")
        assert first[1] == synapses * 17 + 64 * 7 + mirrored * 17

    def test_a_chip_without_shared_kernels_stores_every_copy(self):
        first, _ = self.used(LOIHI1)
        assert first[1] == (22**2 * 4 + 9 * 4 * 4 * 6) * 8 + 64 * 7

    def test_frozen_kernels_have_no_trace_no_carry_and_no_copy_that_errors_read(self):
        (_, bits, axons, _), _ = self.used(LOIHI2, freeze=(1,))
        assert (bits, axons) == (36 * 8, 64)


def test_a_square_is_on_one_core():
    spec = small_spec(arch="32c3p1-p3-3", image=(1, 32, 32))
    mapping = map_network(spec, LOIHI2)
    squares, cores = mapping.net.squares[1], mapping.core_of[1]
    # 3,200 squares of 9, and 3,968 neurons around them: 3,641 groups; a core of 8,192 neurons holds 910.
    assert len(mapping.cores[1]) == 5
    first = {square: core for square, core in zip(squares[::-1], cores[::-1], strict=True)}
    assert all(first[square] == core for square, core in zip(squares, cores, strict=True) if square >= 0)


def test_kernels_that_no_core_holds_are_refused_with_what_would_fit():
    spec = small_spec(arch="8c3-400c20-p2-3", image=(1, 24, 24), steps=4)
    with pytest.raises(ChipLimitError, match=r"1,280,000 weights of conv2's kernels.*of 130,496 weights in all"):
        map_network(spec, LOIHI2)


@pytest.mark.parametrize(
    ("arch", "sharing", "match"),
    [
        ("8c3-100c12-p8-3", "none", r"64 neurons of a square of hidden2.*bits of synaptic memory.*pool smaller"),
        ("2c1p0-p16-3", "accumulated", "256 neurons of a square of hidden1.* room for 200: 56 too many"),
    ],
)
def test_pooled_neurons_that_no_core_holds_together_are_refused(arch, sharing, match):
    chip = replace(LOIHI2, neurons=200) if sharing == "accumulated" else LOIHI2
    with pytest.raises(ChipLimitError, match=match):
        map_network(small_spec(arch=arch, image=(1, 28, 28), steps=4, sharing=sharing), chip)

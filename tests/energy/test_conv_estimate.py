"""What nets with convolutions would cost, against a hand calculation and against a run that was counted."""

from __future__ import annotations

import numpy as np
import pytest
from nets import samples, small_spec

from lava_ed.energy import LOIHI2, conv_sample_counts, estimate_convolutions, map_network
from lava_ed.engine import build_program
from lava_ed.errors import ConfigError
from lava_ed.network.layers import layers_of

ARCH, IMAGE, SPIKES = "4c3p1-p2-6c2-3", (1, 8, 8), (32, 16, 27)


class TestByHand:
    """4×8×8 neurons of 9 taps, 22² · 4 = 1,936 synapses of 64 inputs; 6×3×3 of 16, 864 of 64 squares; 54 · 3."""

    def test_directions_do_not_depend_on_sharing(self):
        for sharing in ("accumulated", "none"):
            counts = conv_sample_counts(layers_of(ARCH, IMAGE), SPIKES, 24, sharing)
            forward = [counts[name]["synops"]["forward"] for name in ("conv1", "conv2", "dense3")]
            assert forward == [32 * 1936 / 64, 16 * 864 / 64, 27 * 3]
            assert "graded_synops" not in counts["conv1"]
            assert counts["conv2"]["graded_synops"]["backward"] == 27 * 864 / 54
            assert counts["dense3"]["graded_synops"]["backward"] == 3 * 54
            sent = [counts[name]["spike_messages"] for name in ("encoder", "hidden1", "hidden2", "error")]
            assert [sum(each.values()) for each in sent] == [32, 2 * 16, 2 * 27, 3]
            assert counts["hidden1"]["neuron_updates_active"]["forward"] == 256 * 24

    def test_shared_kernels(self):
        counts = conv_sample_counts(layers_of(ARCH, IMAGE), SPIKES, 24, "accumulated")
        # products: 32 · 16 · 1,936 / (64 · 256) = 60.5; 16 · 27 · 864 / (64 · 54) = 108
        assert counts["conv1"]["host_ops"]["update"] == 60 + 36
        assert counts["conv1"]["synaptic_updates"]["update"] == 36
        assert counts["conv2"]["host_ops"]["update"] == 108 + 96
        assert counts["conv2"]["weight_writes"]["update"] == 96

    def test_each_position_its_own(self):
        counts = conv_sample_counts(layers_of(ARCH, IMAGE), SPIKES, 24, "none")
        assert counts["conv1"]["synaptic_updates"]["update"] == 32 * 9 * 4
        assert counts["conv2"]["synaptic_updates"]["update"] == 16 * 4 * 6
        assert counts["conv2"]["weight_writes"]["update"] == 108
        assert "host_ops" not in counts["conv2"]


def test_a_run_that_was_counted_costs_as_much():
    """Where all inputs spike, every neuron behind them reads all its synapses: no even spread is assumed."""
    spec = small_spec(arch="4c3p1-p2-3", image=IMAGE, error_shift=1)
    weights = [np.full(spec.weights_shape(layer), 5, np.int8) for layer in spec.layers]
    program, (_, labels) = build_program(spec, weights), samples(1, inputs=64)
    program.bind(np.full((1, 64), 255, np.uint8))
    program.present(np.zeros(1, np.int64), labels)
    counted = program.counters()
    fired = counted["hidden1"]["spikes"]["forward"]
    counts = conv_sample_counts(spec.connections, (64, fired), spec.steps, "accumulated")
    assert counted["conv1"]["synops"]["forward"] == counts["conv1"]["synops"]["forward"]
    assert counted["dense2"]["synops"]["forward"] == counts["dense2"]["synops"]["forward"]
    assert counted["conv1"]["synaptic_updates"]["update"] == counts["conv1"]["synaptic_updates"]["update"]


def test_both_ways_are_priced_and_placed():
    value = estimate_convolutions(ARCH, IMAGE, SPIKES, 6)["sharing"]
    assert value["none"]["microjoules"]["low"] > value["accumulated"]["microjoules"]["low"]
    assert value["accumulated"]["microjoules"]["high"] > value["accumulated"]["microjoules"]["low"]
    spec = small_spec(arch=ARCH, image=IMAGE)
    bits = map_network(spec, LOIHI2).synaptic_bits(1)
    assert value["accumulated"]["chip"]["synapse_kib"] > sum(bits.values()) / 8192
    assert value["none"]["chip"]["synapse_kib"] > value["accumulated"]["chip"]["synapse_kib"]


@pytest.mark.parametrize(("spikes", "steps"), [((32, 16), 6), ((65, 16, 27), 6), ((32, 65, 27), 6), (SPIKES, 0)])
def test_numbers_that_do_not_fit(spikes, steps):
    with pytest.raises(ConfigError, match="sharing 'some' is unknown"):
        conv_sample_counts(layers_of(ARCH, IMAGE), SPIKES, 6, "some")
    with pytest.raises(ConfigError):
        conv_sample_counts(layers_of(ARCH, IMAGE), spikes, steps, "none")

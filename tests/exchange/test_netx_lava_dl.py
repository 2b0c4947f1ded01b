"""Exported nets in lava-dl on Lava's runtime, and lava-dl's files in the engine."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, given

pytest.importorskip("lava.lib.dl", reason="the oracle is lava-dl: make test-dl")

import h5py
import torch
from lava.lib.dl import slayer
from lava.lib.dl.netx import hdf5
from lava.lib.dl.netx.utils import optimize_weight_bits
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.source import RingBuffer
from nets import samples, small_model

from lava_ed.data import load_dataset
from lava_ed.exchange import netx_decisions, netx_of_model, netx_program, read_netx, spike_trains, write_netx
from lava_ed.exchange.netx.network import NetxConvolution, NetxLayer, NetxNetwork, NetxNeuron
from lava_ed.exchange.netx.program import window
from lava_ed.exchange.netx.synapse import fit_weights
from lava_ed.train import Model, TrainConfig, train

pytestmark = [pytest.mark.dl, pytest.mark.lava]
FIXED = Loihi2SimCfg(select_tag="fixed_pt")


@given(hnp.arrays(np.int64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=4), elements=st.integers(-256, 254)))
def test_weights_are_fitted_as_lava_dl_fits_them(weights):
    assume(weights.any())
    # lava-dl divides by a largest weight of 0 where the others are negative, and goes on with infinity.
    with np.errstate(divide="ignore"):
        expected, bits, exponent, _ = optimize_weight_bits(weights)
    found = fit_weights(weights)
    assert np.array_equal(found.weights, expected)
    assert (found.bits, found.exponent) == (bits, exponent)


def in_lava_dl(path, trains):
    """u, v of every layer after each step, loaded and run by lava-dl."""
    samples_, n, steps = trains.shape
    net = read_netx(path)
    period = window(net, steps)
    data = np.zeros((n, samples_ * period), np.int32)
    for k in range(samples_):
        data[:, k * period : k * period + steps] = trains[k]
    network = hdf5.Network(net_config=str(path), reset_interval=period)
    source = RingBuffer(data=data)
    source.s_out.connect(network.inp)
    rows = []
    try:
        for _ in range(samples_ * period):
            network.run(RunSteps(1), FIXED)
            rows.append([(layer.neuron.u.get(), layer.neuron.v.get()) for layer in network.layers])
    finally:
        network.stop()
    return data, period, rows


def assert_steps_agree(path, trains):
    """Every state of every layer, in every step."""
    data, period, rows = in_lava_dl(path, trains)
    program = netx_program(read_netx(path), data, period)
    for t, row in enumerate(rows):
        program.run(1)
        for k, (u, v) in enumerate(row, start=1):
            assert np.array_equal(program.get(f"neuron{k}", "u"), u), f"u of layer {k}, step {t + 1}"
            assert np.array_equal(program.get(f"neuron{k}", "v"), v), f"v of layer {k}, step {t + 1}"
    return program


def test_an_exported_net_gives_the_same_states_in_every_step(tmp_path):
    model = small_model(hidden=(8, 7))
    write_netx(netx_of_model(model), tmp_path / "a.net")
    images, _ = samples(4)
    assert_steps_agree(tmp_path / "a.net", spike_trains(images, "rate", model.spec.steps))


def test_a_trained_net_decides_the_same_in_lava_dl(tmp_path):
    train(TrainConfig.create("mpd-ed", "digits", epochs=2, dv=0), tmp_path / "run")
    model = Model.read(tmp_path / "run" / "model.safetensors")
    path = tmp_path / "digits.net"
    write_netx(netx_of_model(model), path)
    trains = spike_trains(np.ascontiguousarray(load_dataset("digits").test_images[:30]), "rate", model.spec.steps)
    _, period, rows = in_lava_dl(path, trains)
    decided = [int(np.argmax(rows[(k + 1) * period - 1][-1][1])) for k in range(len(trains))]
    assert netx_decisions(read_netx(path), trains).tolist() == decided
    assert len(set(decided)) > 5


@pytest.mark.parametrize("fields", ["all", "fewest"])
def test_a_file_that_lava_dl_wrote_runs_in_the_engine(tmp_path, fields):
    path = tmp_path / "slayer.net"
    neuron = {"threshold": 1.0, "current_decay": 0.25, "voltage_decay": 0.1}
    blocks = [slayer.block.cuba.Dense(neuron, *shape, weight_scale=3) for shape in ((12, 8), (8, 3))]
    signal = torch.zeros(1, 12, 4)
    for block in blocks:  # a block knows its shape after a forward pass
        signal = block(signal)
    with h5py.File(path, "w") as file:
        for k, block in enumerate(blocks):
            block.export_hdf5(file.create_group(f"layer/{k}"))
        if fields == "fewest":
            del file["layer/1/neuron"]
    rng = np.random.default_rng(0)
    trains = (rng.random((3, 12, 10)) < 0.5).astype(np.int8)
    assert_steps_agree(path, trains)


def test_a_convolutional_net_gives_the_same_states_in_every_step(tmp_path):
    """Values as the bias of input neurons, a convolution in groups, a flattened one into a dense layer."""
    rng = np.random.default_rng(5)
    path, period, steps = tmp_path / "conv.net", 12, 24
    layers = (
        NetxLayer("input", (2, 9, 7), NetxNeuron(4096, 512, 30), transform=(40, 3)),
        NetxLayer(
            *("conv", (4, 9, 3), NetxNeuron(4096, 100, 25), rng.integers(-30, 31, (4, 1, 3, 2))),
            bias=rng.integers(-10, 10, 4),
            convolution=NetxConvolution((1, 2), (1, 0), (1, 2), 2),
        ),
        NetxLayer("flatten", (108, 1, 1)),
        NetxLayer("dense", (5,), NetxNeuron(4096, 0, 40), rng.integers(-40, 60, (5, 108))),
    )
    write_netx(NetxNetwork(layers), path)
    bias = rng.integers(0, 60, (7, 9, 2))
    program = netx_program(read_netx(path), bias.reshape(-1, 1), period)
    network = hdf5.Network(net_config=str(path), reset_interval=period)
    network.in_layer.neuron.bias_mant.init = bias
    try:
        for t in range(steps):
            network.run(RunSteps(1), FIXED)
            program.run(1)
            for k, layer in enumerate(network.layers):
                node = f"neuron{k}" if k else "input"
                for var in ("u", "v"):
                    found = getattr(layer.neuron, var).get().reshape(-1)
                    assert np.array_equal(program.get(node, var), found), f"{var} of {node}, step {t + 1}"
    finally:
        network.stop()


def test_fields_that_are_left_out_mean_the_same_in_both(tmp_path):
    path = tmp_path / "few.net"
    rng = np.random.default_rng(1)
    with h5py.File(path, "w") as file:
        file["layer/0/type"] = np.bytes_("dense")
        file["layer/0/shape"] = np.array([4])
        file["layer/0/weight"] = rng.integers(-20, 20, 24)
        file["layer/1/type"] = np.bytes_("dense")
        file["layer/1/shape"] = np.array([2])
        file["layer/1/weight"] = rng.integers(-20, 20, (2, 4))
        file["layer/1/delay"] = np.int64(2)
    assert_steps_agree(path, (rng.random((2, 6, 6)) < 0.5).astype(np.int8))

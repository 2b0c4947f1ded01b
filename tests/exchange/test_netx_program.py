"""The engine's program of a netx net against Lava's own processes, wired as lava-dl wires them."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

pytest.importorskip("lava", reason="the oracle is lava-nc, which needs Python 3.10")

from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.conv.process import Conv
from lava.proc.dense.process import DelayDense, Dense
from lava.proc.io.source import RingBuffer
from lava.proc.lif.process import LIFReset
from lava.proc.sdn.process import Delta, Sigma, SigmaDelta

from lava_ed.errors import ExchangeError, ShapeError
from lava_ed.exchange import NetxLayer, NetxNetwork, NetxNeuron, netx_program, read_netx
from lava_ed.exchange.netx.network import NetxConvolution
from lava_ed.exchange.netx.synapse import fit_weights

pytestmark = pytest.mark.lava
STEPS = 24
RESET = 8


def random_net(rng):
    """A dense layer with delays, a recurrent one with a bias, and one with single-sign weights."""
    delays = rng.integers(0, 4, (6, 5))
    return NetxNetwork(
        (
            NetxLayer("input", (5,)),
            NetxLayer("dense", (6,), NetxNeuron(1024, 128, 40), rng.integers(-128, 128, (6, 5)), delay=delays),
            NetxLayer(
                *("dense_rec", (4,), NetxNeuron(4096, 0, 30)),
                *(rng.integers(-60, 61, (4, 6)), rng.integers(-60, 61, (4, 4))),
                bias=np.array([0, 1, 5, -3]),
            ),
            NetxLayer("dense", (3,), NetxNeuron(0, 4096, 100), rng.integers(0, 20, (3, 4))),
        )
    )


def dense_of(weight, fitted_with, message_bits=0):
    bits, exponent = fit_weights(fitted_with)[1:]
    how = {"weight_exp": exponent, "num_weight_bits": bits, "num_message_bits": message_bits}
    return Dense(weights=weight << -exponent, **how)


def on_lava(net, data):
    """u and v of all layers in every step, on Lava's runtime."""
    source = RingBuffer(data=data)
    neurons, previous = [], source.s_out
    for k, layer in enumerate(net.synaptic_layers, start=1):
        both = layer.weight if layer.weight_rec is None else np.hstack([layer.weight, layer.weight_rec])
        if layer.delay is None:
            synapse = dense_of(layer.weight, both)
        else:
            weights, bits, exponent = fit_weights(layer.weight)
            synapse = DelayDense(
                weights=weights, delays=layer.delay, max_delay=62, weight_exp=exponent, num_weight_bits=bits
            )
        bias = {} if layer.bias is None else {"bias_mant": layer.bias}
        neuron = LIFReset(
            shape=(layer.size,),
            vth=layer.neuron.v_th_mant,
            du=layer.neuron.i_decay - 1,
            dv=layer.neuron.v_decay,
            bias_exp=6,
            reset_interval=RESET,
            reset_offset=k,
            **bias,
        )
        previous.connect(synapse.s_in)
        synapse.a_out.connect(neuron.a_in)
        if layer.weight_rec is not None:
            again = dense_of(layer.weight_rec, both)
            neuron.s_out.connect(again.s_in)
            again.a_out.connect(neuron.a_in)
        neurons.append(neuron)
        previous = neuron.s_out
    rows = []
    try:
        for _ in range(STEPS):
            source.run(RunSteps(1), Loihi2SimCfg(select_tag="fixed_pt"))
            rows.append([(neuron.u.get(), neuron.v.get()) for neuron in neurons])
    finally:
        source.stop()
    return rows


def test_states_equal_those_of_lava_in_every_step():
    rng = np.random.default_rng(3)
    net = random_net(rng)
    data = (rng.random((5, STEPS)) < 0.4).astype(np.int32)
    program = netx_program(net, data, RESET)
    spikes = 0
    for t, row in enumerate(on_lava(net, data)):
        program.run(1)
        for k, (u, v) in enumerate(row, start=1):
            assert np.array_equal(program.get(f"neuron{k}", "u"), u), f"u of layer {k}, step {t + 1}"
            assert np.array_equal(program.get(f"neuron{k}", "v"), v), f"v of layer {k}, step {t + 1}"
        spikes += int(program.get("output", "data")[:, t % RESET].sum())
    assert spikes > 0, "the last layer was silent"


def convolutional_net(rng):
    """Input neurons, a convolution in groups with a bias, a plain one, and a dense layer behind them."""
    grouped = NetxConvolution((1, 2), (1, 0), (1, 2), 2)
    return NetxNetwork(
        (
            NetxLayer("input", (2, 9, 7), NetxNeuron(4096, 512, 30)),
            NetxLayer(
                *("conv", (4, 9, 3), NetxNeuron(4096, 100, 25), rng.integers(-30, 31, (4, 1, 3, 2))),
                bias=rng.integers(-10, 10, 4),
                convolution=grouped,
            ),
            NetxLayer(
                *("conv", (3, 4, 1), NetxNeuron(2000, 0, 30), rng.integers(-30, 31, (3, 4, 3, 3))),
                convolution=NetxConvolution((2, 2)),
            ),
            NetxLayer("flatten"),
            NetxLayer("dense", (5,), NetxNeuron(4096, 0, 40), rng.integers(-40, 60, (5, 12))),
        )
    )


def convolutional_on_lava(net, bias):
    """u and v of all layers in every step on Lava's runtime, wired as lava-dl wires them."""
    neurons = []
    for k, layer in enumerate(layer for layer in net.layers if layer.kind != "flatten"):
        size = layer.shape[::-1] if layer.kind != "dense" else layer.shape
        given = bias if k == 0 else None if layer.bias is None else np.broadcast_to(layer.bias, size)
        neuron = LIFReset(
            shape=size,
            vth=layer.neuron.v_th_mant,
            du=layer.neuron.i_decay - 1,
            dv=layer.neuron.v_decay,
            bias_exp=6,
            reset_interval=RESET,
            reset_offset=k + 1,
            **({} if given is None else {"bias_mant": given}),
        )
        if layer.kind == "conv":
            how = layer.convolution
            synapse = Conv(
                weight=layer.weight[:, :, ::-1, ::-1].transpose(0, 3, 2, 1),
                input_shape=neurons[-1].s_out.shape,
                stride=how.stride[::-1],
                padding=how.padding[::-1],
                dilation=how.dilation[::-1],
                groups=how.groups,
            )
            neurons[-1].s_out.connect(synapse.s_in)
        elif layer.kind == "dense":
            synapse = dense_of(layer.weight, layer.weight)
            neurons[-1].s_out.transpose([2, 1, 0]).flatten().connect(synapse.s_in)
        if k:
            synapse.a_out.connect(neuron.a_in)
        neurons.append(neuron)
    rows = []
    try:
        for _ in range(STEPS):
            neurons[0].run(RunSteps(1), Loihi2SimCfg(select_tag="fixed_pt"))
            rows.append([(neuron.u.get().reshape(-1), neuron.v.get().reshape(-1)) for neuron in neurons])
    finally:
        neurons[0].stop()
    return rows


def test_convolutions_and_input_neurons_equal_those_of_lava_in_every_step():
    rng = np.random.default_rng(4)
    net = convolutional_net(rng)
    bias = rng.integers(0, 60, (7, 9, 2))
    program = netx_program(net, bias.reshape(-1, 1), RESET)
    seen = np.zeros(4, np.int64)
    for t, row in enumerate(convolutional_on_lava(net, bias)):
        program.run(1)
        for k, (u, v) in enumerate(row):
            node = f"neuron{k}" if k else "input"
            assert np.array_equal(program.get(node, "u"), u), f"u of {node}, step {t + 1}"
            assert np.array_equal(program.get(node, "v"), v), f"v of {node}, step {t + 1}"
            seen[k] += np.count_nonzero(v)
    assert seen.min() > 10, "a layer was silent"


def sigma_delta_file(path, rng):
    """Delta, a convolution with a bias, a recurrent layer and a last one of Sigma, in the types of lava-dl."""
    with h5py.File(path, "w") as file:
        shapes = {"input": [2, 5, 4], "conv": [3, 2, 3], "flatten": [18, 1, 1], "dense_rec": [6], "dense": [4]}
        for k, (kind, shape) in enumerate(shapes.items()):
            file[f"layer/{k}/type"], file[f"layer/{k}/shape"] = np.array([kind.encode()], "S10"), shape
            if kind != "flatten":
                file[f"layer/{k}/neuron/type"], file[f"layer/{k}/neuron/vThMant"] = np.bytes_("SDNN"), 2 * k
        file["layer/1/weight"], file["layer/1/stride"] = rng.integers(-20, 30, (3, 2, 3, 2)), [2, 1]
        file["layer/1/bias"], file["layer/3/bias"] = rng.integers(-9, 20, 3), rng.integers(-9, 20, 6)
        file["layer/3/weight"], file["layer/3/weight_rec"] = rng.integers(-9, 12, (6, 18)), rng.integers(-3, 4, (6, 6))
        file["layer/4/weight"], file["layer/4/neuron/sigma_output"] = rng.integers(-9, 12, (4, 6)), True


def sigma_delta_on_lava(path, data):
    """Sums and activations of all layers in every step, on Lava's runtime, wired as lava-dl wires them."""
    code = {"spike_exp": 6, "state_exp": 6}
    with h5py.File(path) as file:
        layers = [file[f"layer/{k}"] for k in (0, 1, 3, 4)]
        of_kernel, weight, weight_rec, last = (
            layers[k][name][()] for k, name in ((1, "weight"), (2, "weight"), (2, "weight_rec"), (3, "weight"))
        )
        bias, bias_rec = layers[1]["bias"][()], layers[2]["bias"][()]
    source, delta = RingBuffer(data=data), Delta(shape=(4, 5, 2), vth=0, **code)
    kernel = of_kernel[:, :, ::-1, ::-1].transpose(0, 3, 2, 1)
    conv = Conv(weight=kernel, input_shape=(4, 5, 2), stride=(1, 2), num_message_bits=16)
    maps = SigmaDelta(shape=(3, 2, 3), vth=2, bias=np.broadcast_to(bias, (3, 2, 3)), **code)
    both = np.hstack([weight, weight_rec])
    dense, again = dense_of(weight, both, 16), dense_of(weight_rec, both, 16)
    hidden = SigmaDelta(shape=(6,), vth=6, bias=bias_rec, **code)
    readout, sums = dense_of(last, last, 16), Sigma(shape=(4,))
    source.s_out.connect(delta.a_in)
    delta.s_out.connect(conv.s_in)
    conv.a_out.connect(maps.a_in)
    maps.s_out.transpose([2, 1, 0]).flatten().connect(dense.s_in)
    hidden.s_out.connect(again.s_in)
    for synapse in (dense, again):
        synapse.a_out.connect(hidden.a_in)
    hidden.s_out.connect(readout.s_in)
    readout.a_out.connect(sums.a_in)
    rows = []
    try:
        for _ in range(STEPS):
            source.run(RunSteps(1), Loihi2SimCfg(select_tag="fixed_pt"))
            rows.append([delta.act.get(), maps.sigma.get(), maps.residue.get(), hidden.act.get(), sums.sigma.get()])
    finally:
        source.stop()
    return rows


def test_a_file_of_sigma_delta_layers_equals_lava_in_every_step(tmp_path):
    rng = np.random.default_rng(5)
    sigma_delta_file(tmp_path / "a.net", rng)
    data = np.repeat(rng.integers(-100, 100, (4, 5, 2, STEPS // 3)), 3, axis=3)
    program = netx_program(read_netx(tmp_path / "a.net"), data.reshape(40, STEPS), STEPS)
    names = [("neuron0", "act"), ("neuron1", "sigma"), ("neuron1", "residue"), ("neuron2", "act"), ("neuron3", "sigma")]
    seen = 0
    for t, row in enumerate(sigma_delta_on_lava(tmp_path / "a.net", data)):
        program.run(1)
        for name, values in zip(names, row, strict=True):
            assert np.array_equal(program.get(*name), values.reshape(-1)), f"{name}, step {t + 1}"
        seen += np.count_nonzero(row[2]) and np.count_nonzero(row[4])
    assert seen, "a layer was silent, or nothing fell short of a threshold"


def test_values_of_an_image_reach_their_input_neurons():
    """Value (c, y, x) of an image belongs to neuron (x, y, c)."""
    net = convolutional_net(np.random.default_rng(4))
    image = np.arange(2 * 9 * 7).reshape(2, 9, 7)
    program = netx_program(net, image.reshape(-1)[net.input_order, None], RESET)
    assert program.get("input", "bias_mant").reshape(7, 9, 2)[6, 3, 1] == image[1, 3, 6]


def test_more_steps_than_fit_are_refused_before_they_are_laid_out():
    net = random_net(np.random.default_rng(0))
    with pytest.raises(ExchangeError, match=r"3 outputs over 10,000,000,000 steps are .* values, at most 33,554,432"):
        netx_program(net, np.zeros((5, 1)), 10**10)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"delay": np.full((2, 3), 63)}, "delays of synapse1 span 63 … 63"),
        ({"delay": np.full((2, 3), -1)}, "delays of synapse1 span -1"),
        ({"delay": np.full((2, 3), 2**32)}, "delays of synapse1: values span"),
        ({"weight": np.full((2, 3), 0.5)}, "weights: float64 values that are not whole"),
        ({"bias": np.array([40_000, 0])}, "bias of neuron1: values span 0 … 40000, 16 bits hold"),
    ],
)
def test_numbers_of_a_net_of_ones_own_are_not_cut(changes, message):
    layer = NetxLayer("dense", (2,), NetxNeuron(), **{"weight": np.ones((2, 3), np.int64), **changes})
    with pytest.raises(ExchangeError, match=message):
        netx_program(NetxNetwork((layer,)), np.zeros((3, 1)), RESET)


def test_input_that_is_not_whole_is_refused():
    with pytest.raises(ExchangeError, match="input spikes: float64 values that are not whole"):
        netx_program(random_net(np.random.default_rng(0)), np.full((5, 2), 0.5), RESET)


def test_input_of_another_size_is_refused():
    with pytest.raises(ShapeError, match=r"shape \(4, 2\), the net takes \(5, steps\)"):
        netx_program(random_net(np.random.default_rng(0)), np.zeros((4, 2)), RESET)

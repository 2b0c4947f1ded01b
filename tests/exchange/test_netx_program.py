"""The engine's program of a netx net against Lava's own processes, wired as lava-dl wires them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("lava", reason="the oracle is lava-nc, which needs Python 3.10")

from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import DelayDense, Dense
from lava.proc.io.source import RingBuffer
from lava.proc.lif.process import LIFReset

from lava_ed.errors import ShapeError
from lava_ed.exchange import NetxLayer, NetxNetwork, NetxNeuron, netx_program
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


def dense_of(weight, fitted_with):
    bits, exponent = fit_weights(fitted_with)[1:]
    return Dense(weights=weight << -exponent, weight_exp=exponent, num_weight_bits=bits)


def on_lava(net, data):
    """u and v of all layers in every step, on Lava's runtime."""
    source = RingBuffer(data=data)
    neurons, previous = [], source.s_out
    for k, layer in enumerate(net.dense_layers, start=1):
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


def test_input_of_another_size_is_refused():
    with pytest.raises(ShapeError, match=r"shape \(4, 2\), the net takes \(5, steps\)"):
        netx_program(random_net(np.random.default_rng(0)), np.zeros((4, 2)), RESET)

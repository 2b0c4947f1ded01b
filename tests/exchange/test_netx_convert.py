"""The exported net decides, spikes and integrates as the trained one; what cannot be held is refused by name."""

from __future__ import annotations

import numpy as np
import pytest
from nets import samples, small_model

from lava_ed.engine import build_program
from lava_ed.errors import ExchangeError
from lava_ed.exchange import netx_decisions, netx_of_model, netx_program, spike_trains
from lava_ed.exchange.netx.program import window
from lava_ed.learning_rules import MPDED
from lava_ed.network import Adaptation, NetworkSpec
from lava_ed.train import Model


def trained_trajectory(model, image):
    """v of every layer and spikes of the hidden ones in each step of the forward pass, from our own processes."""
    spec = model.spec
    program = build_program(spec, [model.weights[f"dense{layer}"] for layer in spec.layers])
    for node, step in model.threshold_steps.items():
        program.set(node, "threshold_step", step)
    program.set("error", "learning", 0)
    program.bind(image[None])
    names = [f"hidden{layer}" for layer in spec.hidden] + ["readout"]
    rows = {name: [] for name in names}
    words = {name: [] for name in names[:-1]}
    for _ in range(spec.steps + len(spec.layers)):
        program.run(1)
        for name in names:
            rows[name].append(program.get(name, "v"))
        for name in words:
            words[name].append(program.get(name, "spike_word"))
    return rows, {name: [w.astype(np.int64) & 0xFFFFFFFF for w in series] for name, series in words.items()}


@pytest.mark.parametrize("hidden", [(8,), (8, 7)])
@pytest.mark.parametrize("exponents", [0, -1, 2])
@pytest.mark.parametrize("encoder", ["rate", "ttfs"])
def test_membranes_and_spikes_agree_step_by_step(hidden, exponents, encoder):
    layers = len(hidden) + 1
    # A threshold whose quotient by 2^(e+1) is not whole shows the rounding.
    adaptation = Adaptation(initial_step=21 + 4 * exponents, interval=0)
    model = small_model(hidden=hidden, weight_exponents=(exponents,) * layers, encoder=encoder, adaptation=adaptation)
    net = netx_of_model(model)
    images, _ = samples(5)
    unit = 2 ** (exponents + 1)
    fired = 0
    for image in images:
        rows, words = trained_trajectory(model, image)
        train = spike_trains(image[None], encoder, model.spec.steps)[0]
        period = window(net, model.spec.steps)
        data = np.zeros((train.shape[0], period), np.int32)
        data[:, : train.shape[1]] = train
        program = netx_program(net, data, period)
        for t in range(model.spec.steps + layers):
            program.run(1)
            for layer, (name, series) in enumerate(rows.items(), start=1):
                found = program.get(f"neuron{layer}", "v")
                assert np.array_equal(found * unit, series[t] * 64), f"{name}, step {t + 1}"
        for series in words.values():
            fired += sum(int(word).bit_count() for word in series[-1])
    assert fired > 20, "too few spikes for a comparison"


def test_decisions_agree():
    model = small_model()
    images, labels = samples(40)
    program = build_program(model.spec, [model.weights[f"dense{layer}"] for layer in model.spec.layers])
    for node, step in model.threshold_steps.items():
        program.set(node, "threshold_step", step)
        program.set(node, "adapting", 0)
    program.set("error", "learning", 0)
    program.bind(images)
    expected = program.present(np.arange(40), labels)
    found = netx_decisions(netx_of_model(model), spike_trains(images, "rate", model.spec.steps))
    assert np.array_equal(found, expected)
    assert len(set(expected)) > 1


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: small_model("std-ed"), "falling threshold of AFT-IF"),
        (lambda: small_model(dv=300), "leak dv = 300"),
        (lambda: small_model(readout="first-spike"), "first-spike readout"),
        (lambda: small_model(encoder="current", weight_exponents=(-6, 0)), "graded spikes.*weight exponents"),
        (lambda: small_model(weight_exponents=(0, -2)), r"weight exponents \[-2\]"),
    ],
)
def test_what_the_format_cannot_hold_is_refused_by_name(model, message):
    with pytest.raises(ExchangeError, match=message):
        netx_of_model(model())


def test_membranes_that_could_leave_the_register_are_refused():
    model = small_model(hidden=(8,), steps=32)
    model.weights["dense2"][:] = -128
    model.weights["dense2"][0, 0] = 1
    netx_of_model(model)
    wide = small_model(hidden=(40,), steps=32)
    wide.weights["dense2"][:] = -128
    wide.weights["dense2"][0, 0] = 1
    with pytest.raises(ExchangeError, match=r"layer 2 T = 32 steps of input can sum up to ±163,840"):
        netx_of_model(wide)


def strongly_inhibited(positive):
    """96 inputs: half of them pull hidden neurons below −2^23 within T = 32 steps, the others push them up."""
    spec = NetworkSpec((96, 4, 3), MPDED(2.0**-4), steps=32, adaptation=Adaptation(initial_step=30, interval=0))
    rng = np.random.default_rng(2)
    first = np.where(
        np.arange(96) < 60, rng.integers(-127, -90, (4, 96)), rng.integers(positive // 2, positive, (4, 96))
    )
    weights = {"dense1": first.T.astype(np.int8), "dense2": rng.integers(-90, 90, (4, 3)).astype(np.int8)}
    return Model(spec, weights, {"hidden1": np.array([30], np.int32)})


def test_a_hidden_membrane_that_is_cut_too_late_to_spike_again_is_exact():
    model = strongly_inhibited(100)
    net = netx_of_model(model)
    rng = np.random.default_rng(3)
    rates = np.stack([rng.integers(0, 256, 12), rng.integers(0, 256, 12)])
    cut = fired = 0
    for low, high in (*rates.T, (255, 0), (255, 255), (0, 255)):
        image = np.where(np.arange(96) < 60, low, high).astype(np.uint8)
        rows, words = trained_trajectory(model, image)
        data = np.zeros((96, period := window(net, 32)), np.int32)
        data[:, :32] = spike_trains(image[None], "rate", 32)[0]
        program = netx_program(net, data, period, record=True)
        for t in range(34):
            program.run(1)
            cut += int(np.any(program.get("neuron1", "v") != 32 * rows["hidden1"][t]))
        spikes = program.get("spikes1", "data")[:, 1:33]
        expected = (words["hidden1"][-1][:, None] >> np.arange(32)) & 1
        assert np.array_equal(spikes, expected)
        assert np.array_equal(program.get("neuron2", "v"), 32 * rows["readout"][-1])
        fired += int(spikes.sum())
    assert cut > 10, "no membrane was cut"
    assert fired > 10


def test_a_hidden_membrane_that_could_spike_after_it_was_cut_is_refused():
    """Cut after 9 of 32 steps at the earliest, then brought up by 23·150·127."""
    spec = NetworkSpec((300, 4, 3), MPDED(2.0**-4), steps=32, adaptation=Adaptation(initial_step=30, interval=0))
    first = np.where(np.arange(300)[:, None] < 150, -100, 127) * np.ones((1, 4), np.int8)
    weights = {"dense1": first.astype(np.int8), "dense2": np.array([[1, -1, 2]] * 4, np.int8)}
    with pytest.raises(ExchangeError, match=r"layer 1 T = 32 steps .* ±480,000.*with these weights 8 would fit"):
        netx_of_model(Model(spec, weights, {"hidden1": np.array([30], np.int32)}))


def test_a_layer_of_zeros_is_refused():
    model = small_model()
    model.weights["dense2"][:] = 0
    with pytest.raises(ExchangeError, match="weights of 0 only"):
        netx_of_model(model)

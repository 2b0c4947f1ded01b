"""NIR files: our nets lose no bit on the way, graphs of others become integers as they should, or are refused."""

from __future__ import annotations

import inspect
import io
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import nir
import numpy as np
import pytest
from nets import samples, small_model

from lava_ed.errors import ExchangeError
from lava_ed.exchange import (
    NetxLayer,
    NetxNetwork,
    NetxNeuron,
    NirRun,
    evaluate_netx,
    evaluate_nir,
    export_run,
    measure_loss,
    netx_of_model,
    nir_data,
    read_nir,
    record_golden,
    write_netx,
    write_nir,
)
from lava_ed.exchange.netx.decisions import netx_decisions
from lava_ed.exchange.netx.network import NetxConvolution, Pair
from lava_ed.exchange.nir.data import write_nir_data
from lava_ed.exchange.nir.run import run_floats


def _chain(path: Path, *nodes: Any, extra: tuple[tuple[str, Any, list[tuple[str, str]]], ...] = ()) -> Path:
    """A file of nodes n0, n1, … in a chain, and further ones with their edges."""
    names = [f"n{k}" for k in range(len(nodes))]
    named = dict(zip(names, nodes, strict=True)) | {name: node for name, node, _ in extra}
    edges = [*pairwise(names), *(edge for _, _, more in extra for edge in more)]
    nir.write(path / "a.nir", nir.NIRGraph(named, edges, type_check=False))
    return path / "a.nir"


def _if(n: int, threshold: float = 1.0) -> Any:
    return nir.IF(np.ones(n), np.full(n, threshold))


def _by_the_standard(graph: Any, train: Any, floats: type = np.float64) -> list[tuple[Any, Any]]:
    """Spikes and membranes (n, T) of every layer of a graph that nir has read, by its equations and forward Euler."""
    found = []
    rows = train.astype(floats)
    for k in range(1, 1 + sum(name.startswith("neurons") for name in graph.nodes)):
        neuron, weight = graph.nodes[f"neurons{k}"], graph.nodes[f"synapses{k}"].weight
        u, v = np.zeros((2, len(weight)), floats)
        spikes, membranes = np.zeros((2, len(weight), rows.shape[1]), floats)
        for t in range(rows.shape[1]):
            a = (weight @ rows[:, t]).astype(floats)
            if isinstance(neuron, nir.CubaLIF):
                u = u + floats(1e-4) / neuron.tau_syn.astype(floats) * (neuron.w_in.astype(floats) * a - u)
                v = v + floats(1e-4) / neuron.tau_mem.astype(floats) * (neuron.r.astype(floats) * u - v)
            else:
                v = v + neuron.r.astype(floats) * a
            spikes[:, t] = v > neuron.v_threshold
            v[spikes[:, t] > 0] = 0
            membranes[:, t] = v
        found.append((spikes, membranes))
        rows = spikes
    return found


@pytest.mark.parametrize("neurons", ["cubalif", "simplest"])
def test_a_trained_net_loses_no_bit_and_the_graph_is_right_without_our_notes(tmp_path: Path, neurons: str) -> None:
    net = netx_of_model(small_model("mpd-ed", (8, 5), dv=0), {"seed": 3})
    write_nir(net, tmp_path / "a.nir", neurons=neurons)
    found = read_nir(tmp_path / "a.nir")
    trains = (np.random.default_rng(0).random((20, 12, 6)) < 0.4).astype(np.int8)
    graph = nir.read(tmp_path / "a.nir")
    assert found.notes["seed"] == 3
    for layer, ours in zip(net.synaptic_layers, found.layers, strict=True):
        assert ours.exact
        assert np.array_equal(ours.forward.weight * 2**ours.forward.exponent, layer.synapses)
        assert ours.v_th_mant == layer.lif.v_th_mant
    np.testing.assert_array_equal(NirRun(found, 6).decide(trains, "membrane"), netx_decisions(net, trains))
    assert type(graph.nodes["neurons1"]) is (nir.IF if neurons == "simplest" else nir.CubaLIF)
    spikes, membrane = NirRun(found, 6).run(trains)
    for floats in (np.float64, np.float32):  # nir's own reader, and neurons as the standard has them
        layers = _by_the_standard(graph, trains[0], floats)
        for ours, (theirs, _) in zip(spikes, layers, strict=True):
            np.testing.assert_array_equal(ours[0], theirs)
        np.testing.assert_array_equal(membrane[0], 64 * layers[-1][1][:, -1])


def test_golden_vectors_are_nir_data_of_the_graph(tmp_path: Path) -> None:
    """The standard's equations, from the spikes of the input alone, find all that nir's own reader reads."""
    model, (images, labels) = small_model("mpd-ed", (8, 5), dv=0), samples(3)
    write_nir(netx_of_model(model), tmp_path / "a.nir")
    golden = record_golden(model, images, labels, learning=False)
    write_nir_data(tmp_path / "a.nirdata", golden)
    data, graph = nir.read_data(tmp_path / "a.nirdata"), nir.read(tmp_path / "a.nir")
    data.check_nodes(graph)
    spiked = 0
    for k in range(3):
        layers = _by_the_standard(graph, data.nodes["input"].observables["spikes"].data[k].T)
        for layer, (spikes, v) in enumerate(layers, start=1):
            found = data.nodes[f"neurons{layer}"].observables
            np.testing.assert_array_equal(found["v"].data[k].T, v)
            assert ("spikes" in found) == (layer < 3)
            if layer < 3:
                np.testing.assert_array_equal(found["spikes"].data[k].T, spikes)
                spiked += int(spikes.sum())
    assert spiked > 20
    assert found["v"].dt == 1e-4
    # by hand: in MPD-ED, layer 2 takes step t in phase 2 + t of a sample, and row 0 of the states is before all steps
    with h5py.File(io.BytesIO(golden)) as file:
        states, period = file["processes/hidden2/states/v"][()], model.spec.schedule.period
    rows = data.nodes["neurons2"].observables["v"].data
    np.testing.assert_array_equal(2 * rows[1, 4], states[1 + period + 2 + 4])


def test_golden_vectors_of_std_ed_are_nir_data_without_a_graph() -> None:
    """Layer l takes its input a step after layer l − 1 fired, and fires in phases l·T … l·T + T − 1."""
    model = small_model("std-ed", (8,))
    golden = record_golden(model, *samples(2), learning=False)
    data = nir_data(golden)
    with h5py.File(io.BytesIO(golden)) as file:
        sent, held = file["processes/hidden1/messages/s_out"][()], file["processes/readout/states/v"][()]
    period = model.spec.schedule.period
    hidden, readout = (data.nodes[name].observables for name in ("neurons1", "neurons2"))
    for k in range(2):
        np.testing.assert_array_equal(hidden["spikes"].data[k], sent[k * period + 6 : k * period + 12])
        np.testing.assert_array_equal(
            2 * readout["v"].data[k, -1], held[1 + k * period + model.spec.schedule.membrane_phase]
        )
    assert hidden["spikes"].data.sum() == sent.sum() > 5


def test_lif_of_netx_come_back_as_they_were(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    layers = (
        NetxLayer("input", (3,)),
        NetxLayer(
            "dense_rec", (4,), NetxNeuron(1024, 512, 40), rng.integers(-9, 9, (4, 3)), rng.integers(-9, 9, (4, 4))
        ),
        NetxLayer("dense", (2,), NetxNeuron(4096, 2048, 7), rng.integers(-9, 9, (2, 4))),
    )
    write_nir(NetxNetwork(layers), tmp_path / "a.nir")
    found = read_nir(tmp_path / "a.nir").layers
    for ours, layer in zip(found, layers[1:], strict=True):
        assert (ours.i_decay, ours.v_decay, ours.v_th_mant) == (
            layer.lif.i_decay, layer.lif.v_decay, layer.lif.v_th_mant,
        )  # fmt: skip
        np.testing.assert_array_equal(ours.forward.weight, layer.weight)
    assert found[0].recurrent is not None
    np.testing.assert_array_equal(found[0].recurrent.weight, layers[1].weight_rec)


def test_floats_follow_the_equations_by_hand(tmp_path: Path) -> None:
    one = np.ones(1)
    cuba = nir.CubaLIF(2e-4 * one, 4e-4 * one, 4 * one, 0 * one, one, w_in=2 * one)
    file = _chain(tmp_path, nir.Input([1]), nir.Linear(np.array([[0.625]])), cuba, nir.Output([1]))
    # u = ½u + 0.625·z, v = ¾v + u: 0.625; 0.3125 + 0.46875 = 0.78125; 0.15625 + 0.5859375
    spikes, v = run_floats(read_nir(file), np.array([[1, 0, 0]]))
    assert spikes[0].tolist() == [[0, 0, 0]]
    assert v.tolist() == [0.7421875]
    spikes, v = run_floats(read_nir(file), np.array([[1, 1, 0]]))
    assert spikes[0].tolist() == [[0, 1, 0]]  # 0.9375 + 0.46875 > 1
    assert v.tolist() == [0.46875]


def test_pools_scales_and_flattening_become_weights(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weight = rng.integers(-9, 9, (2, 4)).astype(float)
    pool = nir.AvgPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0]))
    nodes = (nir.Input([1, 5, 4]), pool, nir.Flatten({"input": [1, 2, 2]}, 0), nir.Scale(np.full(4, 8.0)))
    found = read_nir(_chain(tmp_path, *nodes, nir.Linear(weight), _if(2, 30), nir.Output([2]))).layers[0]
    image = rng.integers(0, 2, (1, 5, 4))
    sums = image[0, :4].reshape(2, 2, 2, 2).sum(axis=(1, 3)).reshape(-1)
    assert found.exact
    np.testing.assert_array_equal(found.forward.weight @ image.reshape(-1), 2 * weight @ sums)


def test_integers_are_near_the_graph_on_every_kind_of_layer(tmp_path: Path) -> None:
    from fuzz.exchange_formats import write_foreign_nir

    write_foreign_nir(tmp_path)
    net = read_nir(tmp_path / "a.nir")
    train = (np.random.default_rng(1).random((16, 40)) < 0.3).astype(np.int64)
    ours, membrane = NirRun(net, 40).run(train[None])
    floats, v = run_floats(net, train)
    assert floats[0].sum() > 50
    for a, b in zip(ours, floats, strict=True):
        assert (a[0] != b).mean() < 0.05
    np.testing.assert_allclose(membrane[0] / 64 / net.layers[-1].scale, v, atol=0.05 * np.abs(v).max())
    assert [layer.kind for layer in net.layers] == ["IF", "CubaLIF", "LI"]


def _pooled(pool: Pair, kernel: Any, bias: Any = (1, 0, -2, 3)) -> NetxNetwork:
    """A convolution in two groups that sums over windows before it, and a dense layer."""
    rng = np.random.default_rng(0)
    wide = np.kron(kernel, np.ones((1, 1, *pool), np.int64))
    how = NetxConvolution((2 * pool[0], pool[1]), (pool[0], 0), groups=2)
    size = (5 * pool[0], 4 * pool[1])
    out = (4, *how.sizes(size, wide.shape[2:]))
    layers = (
        NetxLayer("input", (2, *size)),
        NetxLayer(
            "conv", out, NetxNeuron(4096, 0, 9), wide, bias=None if bias is None else np.array(bias), convolution=how
        ),
        NetxLayer("flatten"),
        NetxLayer("dense", (3,), NetxNeuron(4096, 1024, 20), rng.integers(-9, 9, (3, math.prod(out)))),
    )
    return NetxNetwork(layers)


@pytest.mark.parametrize("pool", [(2, 2), (1, 3), (1, 1)])
def test_sums_over_windows_are_written_as_a_pool(tmp_path: Path, pool: Pair) -> None:
    rng = np.random.default_rng(1)
    kernel = rng.integers(-9, 9, (4, 1, 3, 3))
    net = _pooled(pool, kernel)
    write_netx(net, tmp_path / "a.net")
    export_run(tmp_path / "a.net", "nir")
    graph, found = nir.read(tmp_path / "a.nir"), read_nir(tmp_path / "a.nir")
    assert ("pool1" in graph.nodes) == (pool != (1, 1))
    assert pool == (1, 1) or tuple(graph.nodes["pool1"].kernel_size) == pool
    written = graph.nodes["synapses1"].weight
    for channel in range(4):
        np.testing.assert_array_equal(written[channel, channel // 2], kernel[channel, 0])
        assert not written[channel, 1 - channel // 2].any()
    assert found.layers[0].exact
    held = found.layers[0].bias_mant * 2 ** found.layers[0].bias_exp
    np.testing.assert_array_equal(held.reshape(4, -1), 64 * np.outer([1, 0, -2, 3], np.ones(held.size // 4)))
    # lava-dl's biases act a step before the first input, so that nets with some are not compared
    net = _pooled(pool, kernel, bias=None)
    write_nir(net, tmp_path / "b.nir")
    trains = (rng.random((20, found.sizes[0], 6)) < 0.3).astype(np.int8)
    spikes, membrane = NirRun(read_nir(tmp_path / "b.nir"), 6).run(trains)
    assert spikes[0].sum() > 100
    theirs = netx_decisions(net, np.ascontiguousarray(trains[:, net.input_order]))
    np.testing.assert_array_equal(np.argmax(membrane, axis=1), theirs)


def test_a_kernel_that_is_not_square_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="layer 1: NIR cannot hold a kernel that is not square"):
        write_nir(_pooled((1, 1), np.arange(24).reshape(4, 1, 3, 2)), tmp_path / "a.nir")
    assert not (tmp_path / "a.nir").exists()


def _chains() -> dict[str, tuple[str, Any]]:
    """Every primitive → what it shall be, and a graph with it whose other parts are integers."""
    one, rng = np.ones(4), np.random.default_rng(0)
    whole, part = rng.integers(1, 8, (4, 4)).astype(float), rng.normal(size=(4, 4))
    tau, rest, image = 1e-3 * one, (one, 0.01 * one), nir.Input([1, 4, 4])
    ints, fire, pool = (nir.Linear(whole), _if(4, 9), [np.array(pair) for pair in ((2, 2), (2, 2), (0, 0))])
    flat, (one_d, two_d) = (
        nir.Flatten({"input": np.array([1, 2, 2])}, 0),
        (rng.normal(size=(1, 1, *[3] * d)) for d in (1, 2)),
    )
    conv2 = nir.Conv2d((4, 4), two_d, 1, 0, 1, 1, np.zeros(1))
    return {
        "Input": ("exact", (nir.Input([4]), ints, fire)),
        "Output": ("exact", (nir.Input([4]), ints, fire)),
        "Flatten": ("exact", (nir.Input([1, 2, 2]), flat, ints, fire)),
        "SumPool2d": ("exact", (image, nir.SumPool2d(*pool), flat, ints, fire)),
        "AvgPool2d": ("exact", (image, nir.AvgPool2d(*pool), flat, nir.Linear(4 * whole), fire)),
        "Scale": ("exact", (nir.Input([4]), nir.Scale(2 * one), ints, fire)),
        "Linear": ("loss", (nir.Input([4]), nir.Linear(part), fire)),
        "Affine": ("loss", (nir.Input([4]), nir.Affine(part, 0.1 * one), fire)),
        "Conv1d": ("loss", (nir.Input([1, 6]), nir.Conv1d(6, one_d, 1, 0, 1, 1, np.zeros(1)), _if(4))),
        "Conv2d": ("loss", (image, conv2, nir.IF(np.ones((1, 2, 2)), np.ones((1, 2, 2))))),
        "I": ("loss", (nir.Input([4]), ints, nir.I(one / 3))),
        "IF": ("loss", (nir.Input([4]), ints, nir.IF(one / 3, one))),
        "LI": ("loss", (nir.Input([4]), ints, nir.LI(tau, *rest))),
        "LIF": ("loss", (nir.Input([4]), ints, nir.LIF(tau, *rest, one))),
        "CubaLI": ("loss", (nir.Input([4]), ints, nir.CubaLI(0.3 * tau, tau, *rest))),
        "CubaLIF": ("loss", (nir.Input([4]), ints, nir.CubaLIF(0.3 * tau, tau, *rest, one))),
        "Threshold": ("loss", (nir.Input([4]), ints, nir.Threshold(0.7 * one))),
        "Delay": ("refused", (nir.Input([4]), nir.Delay(one), ints, fire)),
        "NIRGraph": ("refused", (nir.Input([4]), nir.NIRGraph({"i": nir.Input([4]), "o": nir.Output([4])}, []), fire)),
    }


@pytest.mark.parametrize("kind", sorted({*nir.ir.__all__} - {"NIRNode", "str2NIRNode", "dict2NIRNode"}))
def test_every_primitive_is_mapped_exactly_or_with_a_loss_or_refused_by_name(tmp_path: Path, kind: str) -> None:
    """One that a later nir brings has no chain here, and fails."""
    outcome, nodes = _chains()[kind]
    file = _chain(tmp_path, *nodes, nir.Output([4]))
    if outcome == "refused":
        with pytest.raises(ExchangeError, match=rf"\({kind}\)"):
            read_nir(file)
        return
    net = read_nir(file)
    assert net.layers[0].exact == (outcome == "exact")
    assert (max(net.layers[0].errors.values()) > 0) == (outcome == "loss")
    assert measure_loss(net)[0]["differ"] <= (0 if outcome == "exact" else 8)


def test_weights_that_are_integers_are_those_of_the_engine(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    conv = nir.Conv2d((6, 5), rng.integers(-9, 9, (4, 1, 3, 2)).astype(float), (2, 1), (1, 0), (1, 2), 2, np.zeros(4))
    # strides, padding, dilation and groups differ from each other and between axes
    layer = nir.IF(np.ones((4, 3, 3)), np.full((4, 3, 3), 10.0))
    net = read_nir(_chain(tmp_path, nir.Input([2, 6, 5]), conv, layer, nir.Output([4, 3, 3])))
    assert net.layers[0].exact
    assert [loss["differ"] for loss in measure_loss(net)] == [0]
    assert measure_loss(net)[0]["spikes_of_graph"] > 10


_LIN = nir.Linear(np.ones((2, 2)))
_TWO = np.ones(2)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ((nir.Delay(_TWO), _LIN, _if(2)), r"node 'n1' \(Delay\) cannot be part"),
        ((_LIN, _LIN, _if(2)), "n2.*follows other weights"),
        ((_LIN, nir.IF(_TWO, _TWO, _TWO)), "v_reset is not 0"),
        ((_LIN, nir.LIF(_TWO, _TWO, _TWO, _TWO)), "which 12 bits of decay cannot hold"),
        ((_LIN, nir.LIF(1e-5 * _TWO, _TWO, _TWO, _TWO)), "less than a time step"),
        ((_LIN, nir.LIF(np.array([1e-3, 2e-3]), _TWO, _TWO, _TWO)), "has one: split it"),
        ((_LIN, _if(2, -1)), "not positive"),
        ((_LIN, _if(2), _LIN), "put an I or LI behind it"),
        ((_LIN, nir.I(_TWO), _LIN, _if(2)), "membranes of neurons that never spike"),
        ((nir.Linear(np.ones((2, 3))), _if(2)), r"shape \(2, 3\) for an input of shape \(2,\)"),
    ],
)
def test_what_is_not_mapped_is_refused_by_name(nodes: Any, message: str, tmp_path: Path) -> None:
    file = _chain(tmp_path, nir.Input([2]), *nodes, nir.Output([2]))
    with pytest.raises(ExchangeError, match=message):
        read_nir(file)


def test_recurrence_over_two_layers_is_refused(tmp_path: Path) -> None:
    loop = ("back", _LIN, [("n4", "back"), ("back", "n2")])
    file = _chain(tmp_path, nir.Input([2]), _LIN, _if(2), _LIN, _if(2), nir.Output([2]), extra=(loop,))
    with pytest.raises(ExchangeError, match="recurrence over more than one layer"):
        read_nir(file)


@pytest.mark.parametrize(("kind", "dv"), [("std-ed", 0), ("mpd-ed", 300)])
def test_nets_that_lif_neurons_cannot_be_are_refused(kind: str, dv: int) -> None:
    with pytest.raises(ExchangeError, match=r"NIR cannot hold the (falling threshold of AFT-IF|leak)"):
        netx_of_model(small_model(kind, dv=dv), format_name="NIR")


@pytest.mark.parametrize("renamed", [b"metadata", b"lava_ed\0"])
def test_notes_under_a_damaged_name_are_not_passed_over(renamed: bytes, tmp_path: Path) -> None:
    """A group whose name has lost a bit would make our sealed file that of somebody else."""
    write_nir(netx_of_model(small_model("mpd-ed", (8, 5), dv=0), {"seed": 3}), tmp_path / "a.nir")
    content = (tmp_path / "a.nir").read_bytes()
    assert content.count(renamed) == 1
    # The last letter, so that the names stay in the order in which the file is searched.
    last = len(renamed.rstrip(b"\0")) - 1
    other = renamed[:last] + bytes([renamed[last] ^ 2]) + renamed[last + 1 :]
    (tmp_path / "a.nir").write_bytes(content.replace(renamed, other))
    with pytest.raises(ExchangeError, match="holds the notes of lava-ed, but not as metadata/lava_ed"):
        read_nir(tmp_path / "a.nir")


def test_files_of_both_formats_are_judged_with_the_same_settings() -> None:
    """Editors and type checkers see them by name."""
    expected = ["path", "dataset", "data_dir", "encoder", "steps", "readout", "limit", "other_data"]
    for judge in (evaluate_netx, evaluate_nir):
        assert list(inspect.signature(judge).parameters) == expected


@pytest.mark.parametrize("noted", [False, True])
@pytest.mark.parametrize(("write", "judge"), [(write_netx, evaluate_netx), (write_nir, evaluate_nir)])
def test_spikes_of_neurons_that_never_spike_decide_nothing(write, judge, noted, tmp_path) -> None:
    """Their sums are 0 for every class, of which the first one would win."""
    how = {"dataset": "digits", "encoder": "rate", "steps": 4}
    neuron = NetxNeuron(4096, 0, 2**17)
    layer = NetxLayer("dense", (10,), neuron, np.arange(-320, 320).reshape(10, 64) // 3)
    path = tmp_path / "net"
    write(NetxNetwork((layer,), {"readout": "spikes"} if noted else {}), path)
    with pytest.raises(ExchangeError, match="never spike: take membrane"):
        judge(path, **how, readout=None if noted else "spikes", limit=3)
    assert judge(path, **how, readout="membrane", limit=3)["samples"] == 3

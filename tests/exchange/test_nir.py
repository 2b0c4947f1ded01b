"""NIR files: our nets lose no bit on the way, graphs of others become integers as they should, or are refused."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
from nets import small_model

from lava_ed.errors import ExchangeError
from lava_ed.exchange import (
    NetxLayer,
    NetxNetwork,
    NetxNeuron,
    NirRun,
    measure_loss,
    netx_of_model,
    read_nir,
    write_nir,
)
from lava_ed.exchange.netx.decisions import netx_decisions
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


def test_a_trained_net_loses_no_bit_and_the_graph_is_right_without_our_notes(tmp_path: Path) -> None:
    net = netx_of_model(small_model("mpd-ed", (8, 5), dv=0), {"seed": 3})
    write_nir(net, tmp_path / "a.nir")
    found = read_nir(tmp_path / "a.nir")
    trains = (np.random.default_rng(0).random((20, 12, 6)) < 0.4).astype(np.int8)
    graph = nir.read(tmp_path / "a.nir")
    assert found.notes["seed"] == 3
    for layer, ours in zip(net.synaptic_layers, found.layers, strict=True):
        assert ours.exact
        assert np.array_equal(ours.forward.weight * 2**ours.forward.exponent, layer.synapses)
        assert ours.v_th_mant == layer.lif.v_th_mant
    np.testing.assert_array_equal(NirRun(found, 6).decide(trains, "membrane"), netx_decisions(net, trains))
    v = [np.zeros(n) for n in (8, 5, 3)]
    for t in range(6):  # nir's own reader, and IF as the standard has it
        a = trains[0, :, t].astype(float)
        for k in range(3):
            v[k] += graph.nodes[f"synapses{k + 1}"].weight @ a
            a = (v[k] > graph.nodes[f"neurons{k + 1}"].v_threshold).astype(float)
            v[k][a > 0] = 0
    np.testing.assert_array_equal(NirRun(found, 6).run(trains)[1][0], 64 * v[2])


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

"""lava-dl's netx networks, read from files and attached: every step equal to Lava's own models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava.lib.dl", reason="the networks are lava-dl's: make test-dl")

import h5py
from lava.lib.dl.netx import hdf5
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.dataloader import StateDataloader
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.monitor.process import Monitor
from stock_lava import StockGraph

from lava_ed.engine import attach
from lava_ed.errors import UnsupportedProcessError

pytestmark = [pytest.mark.dl, pytest.mark.lava]
FIXED = Loihi2SimCfg(select_tag="fixed_pt")
NEURON = {"type": "CUBA", "iDecay": 1024, "vDecay": 300, "vThMant": 70}

Layer = dict[str, Any]


def write(path: Path, layers: list[Layer]) -> str:
    """A netx file with these fields."""
    with h5py.File(path, "w") as file:
        for k, layer in enumerate(layers):
            group = file.create_group(f"layer/{k}")
            for name, value in layer.items():
                if name == "neuron":
                    for key, setting in value.items():
                        group[f"neuron/{key}"] = np.bytes_(setting) if key == "type" else setting
                else:
                    group[name] = np.bytes_(value) if name == "type" else value
    return str(path)


def dense(rng: Any, n_out: int, n_in: int, low: int = -90, **more: Any) -> Layer:
    """A dense layer."""
    weight = rng.integers(low, 120, (n_out, n_in))
    return {"type": "dense", "shape": np.array([n_out]), "weight": weight, "neuron": NEURON, **more}


def conv(rng: Any, shape: tuple[int, int, int], weight: tuple[int, ...], **more: Any) -> Layer:
    """A convolution to (C, H, W) by a kernel (out, in / groups, kH, kW)."""
    fields = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1} | more
    values = 2 * rng.integers(-40, 60, weight)
    return {"type": "conv", "shape": np.array(shape), "weight": values, "neuron": NEURON, **fields}


def two_dense(rng: Any) -> list[Layer]:
    return [dense(rng, 8, 6, bias=rng.integers(-20, 30, 8)), dense(rng, 3, 8, low=1)]


def delayed(rng: Any) -> list[Layer]:
    """Delays of neurons, of inputs, and one for all."""
    first = dense(rng, 8, 6, delay=rng.integers(0, 5, 8))
    second = dense(rng, 5, 8, delay=rng.integers(0, 4, 8))
    return [first, second, dense(rng, 3, 5, delay=2)]


def recurrent(rng: Any) -> list[Layer]:
    layer = dense(rng, 7, 6, weight_rec=rng.integers(-60, 60, (7, 7)))
    return [{**layer, "type": "dense_rec"}, dense(rng, 3, 7)]


def convolutional(rng: Any) -> list[Layer]:
    """Strides, padding, dilation and groups, (C, H, W) in the file; then flattened."""
    return [
        {"type": "input", "shape": np.array([2, 6, 5])},
        conv(rng, (4, 6, 5), (4, 1, 3, 3), padding=1, groups=2, bias=rng.integers(-20, 30, 4)),
        conv(rng, (3, 2, 2), (3, 4, 3, 2), stride=np.array([2, 2]), dilation=np.array([1, 2])),
        {"type": "flatten"},
        dense(rng, 3, 12),
    ]


NETS: dict[str, tuple[Callable[[Any], list[Layer]], tuple[int, ...], dict[str, Any]]] = {
    "dense, with a bias": (two_dense, (6,), {}),
    "dense, graded input": (two_dense, (6,), {"input_message_bits": 8}),
    "dense, reset": (two_dense, (6,), {"reset_interval": 6, "reset_offset": 2}),
    "dense, some layers": (delayed, (8,), {"skip_layers": 1, "num_layers": 3}),
    "dense, delays": (delayed, (6,), {}),
    "sparse": (two_dense, (6,), {"sparse_fc_layer": True}),
    "sparse, delays": (delayed, (6,), {"sparse_fc_layer": True}),
    "recurrent": (recurrent, (6,), {}),
    "conv": (convolutional, (5, 6, 2), {}),
    "conv, reset": (convolutional, (5, 6, 2), {"reset_interval": 5}),
}


def build(path: Path, name: str) -> tuple[Any, list[Any]]:
    """The network with a source and a sink, and its leaf processes in order."""
    layers, shape, arguments = NETS[name]
    net = hdf5.Network(net_config=write(path, layers(np.random.default_rng(3))), **arguments)
    rng = np.random.default_rng(4)
    data = (rng.random((*shape, 30)) < 0.6).astype(int)
    if "graded" in name:
        data *= rng.integers(0, 40, data.shape)
    source, sink = Source(data=data), Sink(shape=net.out.shape, buffer=30)
    source.s_out.connect(net.inp)
    net.out.connect(sink.a_in)
    parts = [
        part for layer in net.layers for part in (layer.synapse, getattr(layer, "synapse_rec", None), layer.neuron)
    ]
    return net, [source, *(part for part in parts if part is not None), sink]


def compare(stock: list[Any], read: Any, fused: list[Any], step: int) -> None:
    """Every Var of every process."""
    for one, other in zip(stock, fused, strict=True):
        for var in one.vars.members:
            mine, theirs = (
                value.toarray() if hasattr(value, "toarray") else value
                for value in (getattr(other, var.name).get(), read(var))
            )
            np.testing.assert_array_equal(mine, theirs, err_msg=f"{type(one).__name__}.{var.name}, step {step}")


@pytest.mark.parametrize("name", NETS)
def test_every_step_equals_lavas_models(tmp_path: Path, name: str) -> None:
    (_, stock), (net, fused) = (build(tmp_path / f"{k}.net", name) for k in range(2))
    oracle = StockGraph(stock)
    attach(net)
    for step in range(30):
        oracle.step()
        net.run(RunSteps(num_steps=1), FIXED)
        compare(stock, oracle.get, fused, step)
    assert fused[-1].data.get().any(), "no spike came out"
    net.stop()


def test_an_input_block_takes_its_bias_from_a_dataloader(tmp_path: Path) -> None:
    """As lava-dl's users do it; its InPort leads to nothing, and connecting it is refused."""

    class Images:
        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> tuple[Any, int]:
            return np.full((5, 6, 2), 300 * index + 60), index

    def network(path: Path) -> tuple[Any, list[Any]]:
        rng = np.random.default_rng(0)
        layers = convolutional(rng)
        layers[0] |= {"neuron": NEURON, "weight": 64}
        net = hdf5.Network(net_config=write(path, layers))
        loader = StateDataloader(dataset=Images(), interval=5)
        loader.connect_var(net.in_layer.neuron.bias_mant)
        monitor = Monitor()
        monitor.probe(net.layers[1].neuron.u, 20)
        sink = Sink(shape=net.out.shape, buffer=20)
        net.out.connect(sink.a_in)
        parts = [part for layer in net.layers[1:] for part in (layer.synapse, layer.neuron)]
        return net, [net.in_layer.neuron, *parts, sink, monitor, loader]

    (_, stock), (net, fused) = network(tmp_path / "a.net"), network(tmp_path / "b.net")
    oracle = StockGraph(stock)
    attach(net)
    for step in range(20):
        oracle.step()
        net.run(RunSteps(num_steps=1))
        compare(stock[:-2], oracle.get, fused[:-2], step)
    np.testing.assert_array_equal(fused[-2].var_read_0.get(), oracle.get(stock[-2].var_read_0))
    assert fused[-2].var_read_0.get().any()
    Source(data=np.ones((5, 6, 2, 3))).s_out.connect(net.inp)
    with pytest.raises(UnsupportedProcessError, match="leads to nothing inside that Input"):
        attach(net)


def test_other_neurons_are_refused_by_name(tmp_path: Path) -> None:
    """The network alone, without a source: its leaf processes are found all the same."""
    layer = dense(np.random.default_rng(0), 3, 4)
    layer["neuron"] = {"type": "SDNN", "vThMant": 10}
    net = hdf5.Network(net_config=write(tmp_path / "other.net", [layer]))
    with pytest.raises(UnsupportedProcessError, match=r"no lowering for .*SigmaDelta.*tags: .*without attach"):
        attach(net)
    assert net.runtime is None


def test_a_network_without_a_source_runs(tmp_path: Path) -> None:
    net = hdf5.Network(net_config=write(tmp_path / "alone.net", two_dense(np.random.default_rng(0))))
    runtime = attach(net)
    assert len(runtime.program.node_names) == 4
    net.run(RunSteps(num_steps=9))
    assert net.layers[0].neuron.v.get().any()

"""netx files: what is written is read, what lava-dl may leave out is filled, what is wrong is named."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from lava_ed.errors import ExchangeError
from lava_ed.exchange import NetxLayer, NetxNetwork, NetxNeuron, read_netx, write_netx
from lava_ed.exchange.netx.file import netx_bytes
from lava_ed.exchange.netx.network import NEVER

WEIGHT = np.array([[1, -2, 3], [4, 5, -6]])


def full_net() -> NetxNetwork:
    layers = (
        NetxLayer("input", (3,)),
        NetxLayer(
            *("dense", (2,), NetxNeuron(4096, 128, 40), WEIGHT),
            bias=np.array([3, -4]),
            delay=np.array([[0, 1, 2], [3, 4, 62]]),
        ),
        NetxLayer("dense_rec", (2,), NetxNeuron(100, 0, 7), np.array([[1, -1], [2, 3]]), np.array([[0, 1], [-1, 0]])),
    )
    return NetxNetwork(layers, {"encoder": "rate", "steps": 8})


def same(one: NetxLayer, other: NetxLayer) -> bool:
    arrays = ("weight", "weight_rec", "bias", "delay")
    plain = (one.kind, one.shape, one.neuron) == (other.kind, other.shape, other.neuron)
    pairs = [(getattr(one, name), getattr(other, name)) for name in arrays]
    return plain and all(
        (a is None) == (b is None) and (a is None or b is None or np.array_equal(a, b)) for a, b in pairs
    )


def test_a_net_survives_the_file(tmp_path):
    net = full_net()
    write_netx(net, tmp_path / "a.net")
    found = read_netx(tmp_path / "a.net")
    assert all(same(*pair) for pair in zip(net.layers, found.layers, strict=True))
    assert found.notes["encoder"] == "rate"
    assert found.sizes == (3, 2, 2)


def test_the_same_net_gives_the_same_bytes():
    assert netx_bytes(full_net()) == netx_bytes(full_net())


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path):
    with pytest.raises(Exception, match="cannot be written"):
        write_netx(full_net(), tmp_path / "missing" / "a.net")
    assert list(tmp_path.iterdir()) == []


def foreign(path, change=None):
    """A file in the types of lava-dl, with the fewest fields it can do with."""
    with h5py.File(path, "w") as file:
        file["layer/0/type"] = np.bytes_("dense")
        file["layer/0/shape"] = 2
        file["layer/0/weight"] = WEIGHT.astype(np.float32).reshape(-1)
        if change is not None:
            change(file)


def test_omitted_fields_take_the_values_of_lava_dl(tmp_path):
    foreign(tmp_path / "a.net")
    (layer,) = read_netx(tmp_path / "a.net").layers
    assert layer.neuron == NetxNeuron(0, 4096, NEVER)
    assert (layer.bias, layer.delay) == (None, None)
    assert np.array_equal(layer.weight, WEIGHT)


@pytest.mark.parametrize(
    ("delay", "expected"),
    [
        (5, [[5, 5, 5], [5, 5, 5]]),
        ([1, 2], [[1, 1, 1], [2, 2, 2]]),
        ([1, 2, 3], [[1, 2, 3], [1, 2, 3]]),
        ([[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4, 5, 6]]),
    ],
)
def test_delays_are_spread_as_lava_dl_does(tmp_path, delay, expected):
    foreign(tmp_path / "a.net", lambda file: file.create_dataset("layer/0/delay", data=delay))
    assert read_netx(tmp_path / "a.net").layers[0].delay.tolist() == expected


def put(name, value):
    def change(file):
        if name in file:
            del file[name]
        file[name] = value

    return change


def complex_weights(file):
    del file["layer/0/weight"]
    file["layer/0/weight/real"] = file["layer/0/weight/imag"] = WEIGHT


def neuron(**fields):
    def change(file):
        values = {"type": np.bytes_("CUBA"), "iDecay": 4096, "vDecay": 0, "vThMant": 1, **fields}
        for name, value in values.items():
            file[f"layer/0/neuron/{name}"] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("layer/0/type", np.bytes_("pool")), "type 'pool'"),
        (put("layer/0/weight", np.zeros((3, 3))), r"shape \(3, 3\) for 2 neurons"),
        (put("layer/0/weight", np.full((2, 3), np.nan)), "numbers are needed"),
        (put("layer/0/bias", [1, 2, 3]), "3 values for 2 neurons"),
        (put("layer/0/delay", 63), "the chip holds 0 … 62"),
        (put("layer/0/delay", [1, 2, 3, 4]), r"delay has shape \(4,\)"),
        (complex_weights, "complex"),
        (put("layer/2/type", np.bytes_("dense")), r"numbered \[0, 2\]"),
        (neuron(type=np.bytes_("RF")), "type 'RF'"),
        (neuron(vDecay=5000), "vDecay is 5000, the chip holds 0 … 4096"),
        (neuron(vThMant=-1), "vThMant is -1"),
        (neuron(messageBits=8), "messageBits must be 0"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, change, message):
    foreign(tmp_path / "a.net", change)
    with pytest.raises(ExchangeError, match=message):
        read_netx(tmp_path / "a.net")


def test_an_input_layer_with_neurons_is_refused(tmp_path):
    def change(file):
        file["layer/1/type"] = np.bytes_("input")
        file["layer/1/neuron/type"] = np.bytes_("CUBA")

    foreign(tmp_path / "a.net", change)
    with pytest.raises(ExchangeError, match="layer/1: an input layer with neurons"):
        read_netx(tmp_path / "a.net")


def test_layers_that_do_not_fit_are_refused():
    with pytest.raises(ExchangeError, match="takes 3 inputs, the layer before it has 4"):
        NetxNetwork((NetxLayer("input", (4,)), NetxLayer("dense", (2,), None, WEIGHT)))


def test_a_net_without_synapses_is_refused():
    with pytest.raises(ExchangeError, match="no dense layer"):
        NetxNetwork((NetxLayer("input", (4,)),))


@pytest.mark.parametrize("content", [b"", b"no HDF5", netx_bytes(full_net())[:-200]])
def test_damaged_files_are_named(tmp_path, content):
    (tmp_path / "a.net").write_bytes(content)
    with pytest.raises(ExchangeError, match=r"a\.net is not a netx file, or is damaged"):
        read_netx(tmp_path / "a.net")


def test_another_hdf5_file_is_named(tmp_path):
    h5py.File(tmp_path / "a.net", "w").close()
    with pytest.raises(ExchangeError, match='no group "layer"'):
        read_netx(tmp_path / "a.net")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ExchangeError, match="does not exist"):
        read_netx(tmp_path / "a.net")

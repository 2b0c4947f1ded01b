"""netx files: what is written is read, what lava-dl may leave out is filled, what is wrong is named."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from lava_ed.errors import ExchangeError, ExchangeWarning
from lava_ed.exchange import NetxLayer, NetxNetwork, NetxNeuron, netx_program, read_netx, write_netx
from lava_ed.exchange.netx import file
from lava_ed.exchange.netx.fields import NEVER
from lava_ed.exchange.netx.file import netx_bytes
from lava_ed.exchange.netx.network import NetxConvolution

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


def neuron(where="layer/0", **fields):
    def change(file):
        values = {"type": np.bytes_("CUBA"), "iDecay": 4096, "vDecay": 0, "vThMant": 1, **fields}
        for name, value in values.items():
            file[f"{where}/neuron/{name}"] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("layer/0/type", np.bytes_("pool")), "type 'pool'"),
        (put("layer/0/weight", np.zeros((3, 3))), r"shape \(3, 3\) for 2 neurons"),
        (put("layer/0/weight", np.full((2, 3), np.nan)), "numbers are needed"),
        (put("layer/0/bias", [1, 2, 3]), "3 values for 2 neurons"),
        (put("layer/0/delay", -1), "the chip holds 0 … 62"),
        (put("layer/0/delay", [1, 2, 3, 4]), r"delay has shape \(4,\)"),
        (complex_weights, "complex"),
        (put("layer/2/type", np.bytes_("dense")), r"numbered \[0, 2\]"),
        (neuron(type=np.bytes_("RF")), "type 'RF'"),
        (neuron(vDecay=5000), "vDecay is 5000, the chip holds 0 … 4096"),
        (neuron(vThMant=-1), "vThMant is -1"),
        (neuron(messageBits=8), "messageBits must be 0"),
        (neuron(vThMant=2**31), "vThMant spans"),
        (neuron(vThMant=[1, 2]), r"vThMant has shape \(2,\): one number"),
        (neuron(iDecay=0.5), "fractions"),
        (put("layer/0/bias", 1 << 20), "bias spans 1048576 … 1048576, the chip holds -32768 … 32767"),
        (put("layer/0/bias", [40_000, 0]), "bias spans 0 … 40000"),
        (put("layer/0/bias", [0, -32_769]), "bias spans -32769 … 0"),
        (put("layer/0/bias", np.nan), "numbers are needed"),
        (put("layer/0/bias", [True, False]), "numbers are needed"),
        (put("layer/0/shape", -2), "shape spans -2"),
        (put("layer/0/shape", [-1, -2]), "shape spans -2"),
        (put("layer/0/shape", 0), "shape spans 0"),
        (put("layer/0/shape", 10**8), "shape spans 100000000"),
        (put("layer/0/shape", [1024, 1024, 1024]), "which are no rows for 1073741824 neurons"),
        (put("layer/0/shape", [[2]]), r"shape has shape \(1, 1\)"),
        (put("layer/0/shape", "two"), "numbers are needed"),
        (put("layer/0/weight", np.zeros((2, 0))), r"shape \(2, 0\) for 2 neurons"),
        (put("layer/0/weight", np.ones(7)), "7 values, which are no rows for 2 neurons"),
        (put("layer/0/weight", np.full((2, 3), 1e30)), "weight spans"),
        (put("layer/0/type", 3), "type is no text"),
        (put("layer/0/type", np.bytes_("de\nse")), "is no name"),
        (put("layer/0/neuron", 3), "neuron is no group"),
        (put("layer/x/type", np.bytes_("dense")), r"numbered \['0', 'x'\]"),
        (put("layer/01/type", np.bytes_("dense")), r"numbered \['0', '01'\]"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, change, message):
    foreign(tmp_path / "a.net", change)
    with pytest.raises(ExchangeError, match=message):
        read_netx(tmp_path / "a.net")


def test_an_input_layer_with_neurons_keeps_its_scale(tmp_path):
    def change(file):
        file.move("layer/0", "layer/1")
        file["layer/0/type"] = np.bytes_("input")
        file["layer/0/shape"] = [3]
        file["layer/0/weight"] = np.float32([36.9])
        neuron(where="layer/0", vThMant=25)(file)

    foreign(tmp_path / "a.net", change)
    net = read_netx(tmp_path / "a.net")
    assert net.input_layer is net.layers[0]
    assert (net.layers[0].neuron, net.layers[0].transform) == (NetxNeuron(4096, 0, 25), (36, 0))


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


def read_with_remarks(path):
    """A net that is read otherwise than its file says, and what is said of it."""
    with pytest.warns(ExchangeWarning) as caught:
        net = read_netx(path)
    assert [str(warning.message).partition(": ")[2] for warning in caught] == list(net.remarks)
    return net


def test_a_delay_beyond_62_is_clamped_as_lava_dl_clamps_it(tmp_path):
    foreign(tmp_path / "a.net", put("layer/0/delay", [[70, 62, 1], [0, 200, -3]]))
    net = read_with_remarks(tmp_path / "a.net")
    assert net.layers[0].delay.tolist() == [[62, 62, 1], [0, 62, 0]]
    assert "spans -3 … 200 and is clamped to 0 … 62" in net.remarks[0]


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        ([[352, -1, 3], [4, 5, -6]], [[254, -1, 3], [4, 5, -6]]),
        ([[-300, 7, 3], [4, 5, -6]], [[-256, 7, 3], [4, 5, -6]]),
    ],
)
def test_mixed_weights_are_clipped_as_lava_dl_clips_them(tmp_path, weight, expected):
    foreign(tmp_path / "a.net", put("layer/0/weight", np.array(weight, np.float32)))
    net = read_with_remarks(tmp_path / "a.net")
    assert net.layers[0].weight.tolist() == expected
    assert "are clipped to -256 … 254" in net.remarks[0]


def test_a_threshold_beyond_every_membrane_is_one_that_is_never_reached(tmp_path):
    foreign(tmp_path / "a.net", neuron(vThMant=1 << 18))
    net = read_with_remarks(tmp_path / "a.net")
    assert net.layers[0].neuron.v_th_mant == 1 << 18
    assert "the neuron never spikes" in net.remarks[0]


@pytest.mark.parametrize("name", ["weight", "bias", "delay"])
def test_fractions_are_cut_as_lava_dl_cuts_them(tmp_path, name):
    foreign(
        tmp_path / "a.net",
        put(
            f"layer/0/{name}",
            np.array([[1.9, -2.9, 3], [4, 5, 6]]).reshape(-1)[:6] if name == "weight" else np.array([1.9, 2.0]),
        ),
    )
    net = read_with_remarks(tmp_path / "a.net")
    found = getattr(net.layers[0], name)
    assert found.reshape(-1)[:2].tolist() == ([1, -2] if name == "weight" else [1, 2] if name == "bias" else [1, 1])


def sigma_delta(file):
    for name in ("type", "shape", "weight"):
        del file[f"layer/0/{name}"]
    file["layer/0/type"], file["layer/0/shape"] = np.bytes_("input"), [3]
    for k, outs, ins in ((1, 4, 3), (2, 2, 4)):
        file[f"layer/{k}/type"], file[f"layer/{k}/shape"] = np.bytes_("dense"), [outs]
        file[f"layer/{k}/weight"] = np.ones((outs, ins))
    for k in range(3):
        file[f"layer/{k}/neuron/type"], file[f"layer/{k}/neuron/vThMant"] = np.bytes_("SDNN"), k
    file["layer/2/neuron/sigma_output"] = True


def test_sigma_delta_layers_are_named_and_run(tmp_path):
    """By hand, without thresholds to speak of: layer 1 sums its inputs, layer 2 that, a step later for each layer."""
    foreign(tmp_path / "a.net", sigma_delta)
    net = read_netx(tmp_path / "a.net")
    assert [layer.neuron.name for layer in net.layers] == ["Delta", "SigmaDelta", "Sigma"]
    program = netx_program(net, np.array([[1], [2], [3]]), 4)
    program.run(4)
    assert program.get("neuron1", "act").tolist() == [6 << 6] * 4
    assert program.get("output", "data")[0].tolist() == [0, 0, 0, 0]


def conv_net(**changes) -> NetxNetwork:
    kernel = np.arange(-18, 18).reshape(4, 1, 3, 3)
    fields = {
        "shape": (4, 3, 2),
        "weight": kernel,
        "convolution": NetxConvolution((1, 2), (0, 1), (1, 1), 2),
        **changes,
    }
    conv = NetxLayer("conv", neuron=NetxNeuron(4096, 0, 9), bias=np.array([1, 2, 3, 4]), **fields)
    first = NetxLayer("input", (2, 5, 4), NetxNeuron(4096, 0, 3), transform=(40, 3))
    dense = NetxLayer("dense", (3,), NetxNeuron(), np.ones((3, 24), np.int64))
    return NetxNetwork((first, conv, NetxLayer("flatten", (24, 1, 1)), dense))


def test_a_convolutional_net_survives_the_file(tmp_path):
    net = conv_net()
    write_netx(net, tmp_path / "a.net")
    found = read_netx(tmp_path / "a.net")
    assert found.sizes == (40, 24, 3)
    for one, other in zip(net.layers, found.layers, strict=True):
        assert same(one, other)
        assert (one.convolution, one.transform) == (other.convolution, other.transform)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape": (4, 3, 3)}, r"has shape \(4, 3, 3\), its convolution of \(2, 5, 4\) gives \(4, 3, 2\)"),
        ({"weight": np.ones((4, 2, 3, 3))}, "in 2 groups, for 2 channels"),
        ({"weight": np.ones((4, 1, 9, 3))}, r"gives \(4, -3, 2\)"),
    ],
)
def test_a_convolution_that_does_not_fit_is_refused(changes, message):
    with pytest.raises(ExchangeError, match=message):
        conv_net(**changes)


def test_values_that_do_not_fit_their_fields_are_not_written(tmp_path):
    for name, value in (("weight", WEIGHT * 10_000), ("bias", np.array([40_000, 0])), ("weight", WEIGHT * 0.5)):
        layer = NetxLayer("dense", (2,), NetxNeuron(), **{"weight": WEIGHT, name: value})
        with pytest.raises(ExchangeError, match=f"layer/0/{name}: .*values"):
            write_netx(NetxNetwork((layer,)), tmp_path / "a.net")
    assert list(tmp_path.iterdir()) == []


def test_no_more_is_written_than_is_read(tmp_path, monkeypatch):
    write_netx(full_net(), tmp_path / "a.net")
    with h5py.File(tmp_path / "a.net") as opened:
        sizes: list[int] = []
        opened.visititems(lambda _, item: sizes.append(item.size) if isinstance(item, h5py.Dataset) else None)
    monkeypatch.setattr(file, "MOST_VALUES", sum(sizes))
    write_netx(full_net(), tmp_path / "b.net")
    assert read_netx(tmp_path / "b.net").sizes == full_net().sizes
    monkeypatch.setattr(file, "MOST_VALUES", sum(sizes) - 1)
    with pytest.raises(ExchangeError, match=f"has {sum(sizes)} numbers"):
        write_netx(full_net(), tmp_path / "c.net")
    with pytest.raises(ExchangeError, match="values"):
        read_netx(tmp_path / "b.net")


@pytest.mark.parametrize("name", ["layer/1/weight", "layer/1/bias", "layer/1/neuron/vThMant", "layer/2/weight_rec"])
def test_a_changed_value_of_our_own_file_is_noticed(tmp_path, name):
    write_netx(full_net(), tmp_path / "a.net")
    with h5py.File(tmp_path / "a.net", "r+") as file:
        file[name][...] = file[name][...] + 1
    with pytest.raises(ExchangeError, match="its digest does not fit"):
        read_netx(tmp_path / "a.net")
    with h5py.File(tmp_path / "a.net", "r+") as file:
        del file.attrs["lava_ed"]
    read_netx(tmp_path / "a.net")


def test_notes_under_a_damaged_name_are_not_passed_over(tmp_path):
    write_netx(full_net(), tmp_path / "a.net")
    with h5py.File(tmp_path / "a.net", "r+") as file:
        file.attrs["lavb_ed"] = file.attrs["lava_ed"]
        del file.attrs["lava_ed"]
    with pytest.raises(ExchangeError, match="under the name 'lavb_ed', not lava_ed"):
        read_netx(tmp_path / "a.net")


@pytest.mark.parametrize("notes", [3, [1], "[1]", "{", '{"a": NaN}', "[" * 1000, '{"steps": ' + "9" * 400 + "}"])
def test_notes_that_are_no_object_are_refused(tmp_path, notes):
    foreign(tmp_path / "a.net", lambda file: file.attrs.update({"lava_ed": notes}))
    with pytest.raises(ExchangeError, match="the attribute lava_ed"):
        read_netx(tmp_path / "a.net")

"""`lava-ed export`, `lava-ed import` and `lava-ed eval` of a netx file."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import nir
import numpy as np
import pytest

from lava_ed.cli import main
from lava_ed.data import load_dataset
from lava_ed.exchange import NetxLayer, NetxNetwork, NetxNeuron, read_netx, replay
from lava_ed.exchange.netx.decisions import NetxRun
from lava_ed.exchange.netx.evaluate import biases


def run(capsys, *arguments):
    """Exit code and JSON of a command."""
    code = main([*map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A short MPD-ED run on digits."""
    out = tmp_path_factory.mktemp("runs") / "run"
    settings = ("--rule", "mpd-ed", "--hidden", "24", "--epochs", "1", "--limit", "400", "--out", str(out))
    assert main(["train", *settings, "--json"]) == 0
    return out


def test_the_exported_net_is_as_good_as_the_run(trained, capsys):
    code, exported = run(capsys, "export", trained, "--format", "netx")
    assert (code, exported["files"]) == (0, [str(trained / "model.net")])
    _, expected = run(capsys, "eval", trained)
    code, found = run(capsys, "eval", trained / "model.net")
    assert (code, found["correct"]) == (0, expected["correct"])
    assert found["samples"] == 359


def test_a_nir_file_is_as_good_as_the_run(trained, capsys):
    for neurons in ("simplest", "cubalif"):
        run(capsys, "export", trained, "--format", "nir", "--neurons", neurons)
        assert run(capsys, "eval", trained / "model.nir")[1]["correct"] == run(capsys, "eval", trained)[1]["correct"]
    code, value = run(capsys, "export", trained, "--format", "nirdata", "--samples", "3")
    assert (code, value["files"], value["learning"]) == (0, [str(trained / "golden.nirdata")], False)
    data = nir.read_data(trained / "golden.nirdata")
    data.check_nodes(nir.read(trained / "model.nir"))
    assert data.nodes["neurons1"].observables["spikes"].shape == (3, 8, 24)


def test_import_shows_the_layers(trained, capsys, tmp_path):
    run(capsys, "export", trained, "--format", "netx", "--out", tmp_path / "a.net")
    code, value = run(capsys, "import", tmp_path / "a.net")
    assert code == 0
    assert value["sizes"] == [64, 24, 10]
    assert [layer["type"] for layer in value["layers"]] == ["input", "dense", "dense"]
    assert value["layers"][1]["synapses"] == 64 * 24


def test_golden_vectors_are_written_with_their_replayer(trained, capsys, tmp_path):
    code, value = run(capsys, "export", trained, "--format", "golden", "--samples", "2", "--out", tmp_path / "g.h5")
    assert code == 0
    assert [Path(name).name for name in value["files"]] == ["g.h5", "replay.py"]
    assert "dense1" in replay(tmp_path / "g.h5")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("export", "RUN", "--format", "onnx"), "format 'onnx' is unknown: use one of netx, golden, nir"),
        (("import", "a.net", "--dt", "0.1"), "NIR files only"),
        (
            ("export", "RUN", "--format", "golden", "--samples", "9999"),
            "9999 samples were asked for, digits has 1293 to learn from",
        ),
        (("export", "nowhere", "--format", "netx"), "nowhere"),
        (("import", "nowhere.net"), "nowhere.net does not exist"),
        (("eval", "RUN", "--steps", "3"), "--steps: only for netx files"),
        (("export", "RUN", "--format", "golden", "--samples", "0"), "samples is 0: golden vectors take 1 … 1,000"),
        (("export", "RUN", "--format", "golden", "--samples", "-3"), "samples is -3"),
        (("export", "RUN", "--format", "netx", "--out", "/"), "/ is a folder: name a file to write"),
        (("export", "RUN", "--format", "netx", "--out", "RUN"), "is a folder: name a file to write"),
        (("export", "RUN", "--format", "golden", "--out", "/dev/null"), "/dev/null is a device"),
        (("export", "RUN", "--format", "netx", "--out", "RUN/nowhere/a.net"), "nowhere is no folder"),
        (
            ("export", "RUN", "--format", "netx", "--out", "RUN/config.json"),
            "config.json exists and is not a netx file",
        ),
        (
            ("export", "RUN", "--format", "golden", "--out", "RUN/model.safetensors"),
            "exists and is not a file of golden",
        ),
        (("export", "RUN", "--format", "golden", "--out", "RUN/replay.py"), "choose another one"),
        (("export", "RUN", "--format", "nirdata", "--out", "RUN/config.json"), "is not a file of NIRData"),
        (("export", "RUN", "--format", "nir", "--neurons", "lif"), "neurons 'lif': NIR files are written with cubalif"),
        (("export", "RUN", "--format", "nirdata", "--learning"), "learning is for golden only: leave it out"),
        (("export", "RUN", "--format", "golden", "--neurons", "simplest"), "neurons is for nir only"),
        (("export", "RUN", "--format", "nir", "--samples", "4"), "samples is for golden and nirdata only"),
        (("export", "RUN", "--format", "netx", "--data-dir", "X"), "data_dir is for golden and nirdata only"),
        (("export", "RUN", "--format", "nir", "--other-data"), "other_data is for golden and nirdata only"),
        (("eval", "RUN/model.safetensors"), "is not a netx file"),
    ],
)
def test_bad_input_is_told_and_nothing_is_written(trained, capsys, arguments, message):
    before = sorted(trained.iterdir())
    code, value = run(capsys, *(text.replace("RUN", str(trained)) for text in arguments))
    assert code == 2
    assert message in value["error"]["message"]
    assert sorted(trained.iterdir()) == before


def test_a_std_ed_run_is_refused_by_name(capsys, tmp_path):
    main(["train", "--hidden", "8", "--epochs", "1", "--limit", "50", "--out", str(tmp_path / "run"), "--json"])
    capsys.readouterr()
    code, value = run(capsys, "export", tmp_path / "run", "--format", "netx")
    assert code == 2
    assert "falling threshold" in value["error"]["message"]
    assert "--format golden" in value["error"]["message"]
    assert "--rule mpd-ed" in value["error"]["message"]


def test_a_baseline_is_not_sent_to_golden_vectors_which_refuse_it(capsys, tmp_path):
    arguments = ["--rule", "renner", "--hidden", "8", "--epochs", "1", "--limit", "50", "--out", str(tmp_path / "run")]
    assert main(["train", *arguments, "--json"]) == 0
    capsys.readouterr()
    code, value = run(capsys, "export", tmp_path / "run", "--format", "netx")
    assert code == 2
    assert "--rule mpd-ed" in value["error"]["message"]
    assert "golden" not in value["error"]["message"]


def test_an_export_may_be_repeated(trained, capsys, tmp_path):
    for file_format in ("netx", "golden", "nir", "nirdata"):
        for _ in range(2):
            code, _ = run(capsys, "export", trained, "--format", file_format, "--out", tmp_path / f"a.{file_format}")
            assert code == 0


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--limit", 0, "limit is 0: test on at least 1 sample"),
        ("--limit", -5, "limit is -5: test on at least 1 sample"),
        ("--steps", 0, "steps is 0: show a sample for 1 … 4,096 steps"),
        ("--steps", 10**7, "steps is 10000000"),
        ("--encoder", "bias", "encoder 'bias' is not one of rate, ttfs"),
    ],
)
def test_settings_of_a_test_have_a_range(trained, capsys, tmp_path, option, value, message):
    run(capsys, "export", trained, "--format", "netx", "--out", tmp_path / "a.net")
    code, found = run(capsys, "eval", tmp_path / "a.net", option, value)
    assert code == 2
    assert message in found["error"]["message"]


def convolutional(path, neuron="LOIHI", threshold=60):
    """Digits as the bias of 8×8 input neurons, four kernels, ten classes, in the types of lava-dl."""
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        for k, (kind, shape) in enumerate(
            (("input", [1, 8, 8]), ("conv", [4, 6, 6]), ("flatten", [144, 1, 1]), ("dense", [10]))
        ):
            file[f"layer/{k}/type"] = np.array([kind.encode()], "S10")
            file[f"layer/{k}/shape"] = shape
            if kind != "flatten":
                for name, value in (("type", neuron), ("iDecay", 4096), ("vDecay", 512), ("vThMant", threshold)):
                    file[f"layer/{k}/neuron/{name}"] = value
        file["layer/0/weight"], file["layer/0/bias"] = 40.0, 5.0
        file["layer/1/weight"] = rng.integers(-20, 30, (4, 1, 3, 3))
        file["layer/3/weight"] = rng.integers(-20, 30, (10, 144))


HOW = ("--dataset", "digits", "--encoder", "bias", "--steps", "12", "--readout", "spikes", "--limit", "6")


def test_a_convolutional_net_is_shown_and_judged(capsys, tmp_path):
    convolutional(tmp_path / "a.net")
    code, value = run(capsys, "import", tmp_path / "a.net")
    assert (code, value["sizes"]) == (0, [64, 144, 10])
    assert [layer["kernel"] for layer in value["layers"]] == [None, [3, 3], None, None]
    code, value = run(capsys, "eval", tmp_path / "a.net", *HOW)
    assert code == 0
    assert len(set(value["predictions"])) > 1
    assert main(["import", str(tmp_path / "a.net")]) == 0
    assert "4×6×6" in capsys.readouterr().out


def test_a_sigma_delta_net_is_shown_and_judged_whatever_came_before(capsys, tmp_path):
    convolutional(tmp_path / "a.net", "SDNN", 2)
    assert main(["import", str(tmp_path / "a.net")]) == 0
    assert "SigmaDelta" in capsys.readouterr().out
    code, value = run(capsys, "eval", tmp_path / "a.net", *HOW[:-3], "membrane", "--limit", "9")
    assert code == 0
    assert len(set(value["predictions"])) > 1
    net = read_netx(tmp_path / "a.net")
    images = load_dataset("digits").test_images[:9, net.input_order]
    alone = [NetxRun(net, 12, "membrane").decide(biases(net, image[None]))[0] for image in images]
    assert value["predictions"] == alone


def test_what_lava_dl_would_clip_is_told_below_the_layers(capsys, tmp_path):
    convolutional(tmp_path / "a.net")
    with h5py.File(tmp_path / "a.net", "r+") as file:
        file["layer/3/weight"][0, 0] = 352
    assert main(["import", str(tmp_path / "a.net")]) == 0
    assert "Note: layer/3: weights span -20 … 352 and are clipped to -256 … 254" in capsys.readouterr().out


def test_pixels_become_biases_as_an_input_block_scales_them():
    """weight·p/255 + bias, the product cut towards zero: by hand for weight −40 and bias 5."""
    net = NetxNetwork(
        (
            NetxLayer("input", (4,), NetxNeuron(), transform=(-40, 5)),
            NetxLayer("dense", (1,), NetxNeuron(), np.ones((1, 4), np.int64)),
        )
    )
    assert biases(net, np.array([[0, 6, 7, 255]], np.uint8)).tolist() == [[5, 5, 4, -35]]

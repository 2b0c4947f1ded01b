"""`lava-ed export`, `lava-ed import` and `lava-ed eval` of a netx file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lava_ed.cli import main
from lava_ed.exchange import replay


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
        (("export", "RUN", "--format", "onnx"), "format 'onnx' is unknown: use one of netx, golden"),
        (("export", "RUN", "--format", "nir"), "not available yet"),
        (
            ("export", "RUN", "--format", "golden", "--samples", "9999"),
            "9999 samples were asked for, digits has 1293 to learn from",
        ),
        (("export", "nowhere", "--format", "netx"), "nowhere"),
        (("import", "nowhere.net"), "nowhere.net does not exist"),
        (("eval", "RUN", "--steps", "3"), "--steps: only for netx files"),
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

"""The commands: what they print, and which bad input is told how."""

from __future__ import annotations

import gzip
import json
import os
import signal
import struct
import subprocess
import sys
import time

import pytest

from lava_ed.cli.train import layer_sizes
from lava_ed.errors import ConfigError
from lava_ed.runs.folder import RunFolder

TRAIN_KEYS = {
    "test_accuracy", "validation_accuracy", "samples_per_second", "backend", "counters", "learning_rate",
    "lava_ed_version", "seed", "rule", "sizes", "thresholds", "run", "seconds",
}  # fmt: skip


def error_of(outcome):
    """Type of the error that a command printed as JSON, after a check of its exit code."""
    assert outcome.code == 2, outcome
    return outcome.value["error"]["type"]


class TestTrain:
    @pytest.mark.parametrize("rule", ["std-ed", "mpd-ed"])
    def test_json(self, lava_ed, tiny, tmp_path, rule):
        outcome = lava_ed("train", "--rule", rule, *tiny, "--seed", 3, "--out", tmp_path / "run", "--json")
        assert outcome.code == 0
        value = outcome.value
        assert value.keys() >= TRAIN_KEYS
        assert (value["rule"], value["seed"], value["sizes"]) == (rule, 3, [64, 16, 10])
        assert "epoch 1/1" in outcome.err

    def test_table(self, lava_ed, tiny, tmp_path):
        outcome = lava_ed("train", *tiny, "--out", tmp_path / "run")
        assert outcome.code == 0
        assert "test accuracy" in outcome.out

    def test_options_reach_the_configuration(self, lava_ed, tiny, tmp_path):
        options = (
            *("--rule", "mpd-ed", "--steps", 6, "--learning-rate", 0.003, "--feedback", "random"),
            *("--readout", "first-spike", "--encoder", "current", "--validation", 0.2),
            *("--shift", 2, "--flip"),
        )
        value = lava_ed("train", *tiny, *options, "--out", tmp_path / "run", "--json").value
        assert value["learning_rate"] == 3 * 2.0**-10
        config = json.loads((tmp_path / "run" / "config.json").read_text())
        for name, expected in (
            ("steps", 6), ("feedback", "random"), ("readout", "first-spike"), ("encoder", "current"),
            ("validation", 0.2), ("limit", 200), ("hidden", [16]), ("shift", 2), ("flip", True),
        ):  # fmt: skip
            assert {**config, **config["net"]}[name] == expected

    def test_resume_needs_no_settings(self, lava_ed, run):
        assert lava_ed("train", "--out", run, "--resume", "--json").value["sizes"] == [64, 16, 10]

    def test_resume_with_other_settings(self, lava_ed, run):
        outcome = lava_ed("train", "--out", run, "--resume", "--seed", 7, "--json")
        assert error_of(outcome) == "CheckpointError"
        assert "seed" in outcome.value["error"]["message"]

    def test_a_folder_that_holds_a_run(self, lava_ed, tiny, run):
        assert error_of(lava_ed("train", *tiny, "--out", run, "--json")) == "RunFolderError"

    def test_a_folder_that_cannot_be_written(self, lava_ed, tiny, tmp_path):
        (tmp_path / "file").write_text("")
        assert error_of(lava_ed("train", *tiny, "--out", tmp_path / "file" / "run", "--json")) == "RunFolderError"

    @pytest.mark.parametrize(
        ("options", "kind"),
        [
            (("--rule", "backprop"), "ConfigError"),
            (("--rule", "ssgd", "--backend", "lava"), "ConfigError"),
            (("--dataset", "cifar"), "ConfigError"),
            (("--backend", "gpu"), "ConfigError"),
            (("--hidden", "many"), "ConfigError"),
            (("--threshold-steps", "high"), "ConfigError"),
            (("--threshold-steps", "28,24"), "ConfigError"),
            (("--steps", "500"), "ConfigError"),
            (("--validation", "2"), "ConfigError"),
            (("--learning-rate", "1e-12"), "UnrepresentableRateError"),
            (("--learning-rate", "nan"), "UnrepresentableRateError"),
            (("--steps", "127", "--hidden", "3000"), "ChipLimitError"),
        ],
    )
    def test_bad_settings(self, lava_ed, tmp_path, options, kind):
        assert error_of(lava_ed("train", *options, "--out", tmp_path / "run", "--json")) == kind
        assert not (tmp_path / "run").exists()

    def test_a_folder_of_something_else_is_not_resumed(self, lava_ed, tmp_path):
        (tmp_path / "thesis.tex").write_text("")
        assert error_of(lava_ed("train", "--out", tmp_path, "--resume", "--json")) == "CheckpointError"

    def test_a_folder_that_does_not_exist_is_not_resumed(self, lava_ed, tiny, tmp_path):
        outcome = lava_ed("train", *tiny, "--out", tmp_path / "tpyo", "--resume", "--json")
        assert error_of(outcome) == "RunFolderError"
        assert "start the run without --resume" in outcome.value["error"]["message"]
        assert not (tmp_path / "tpyo").exists()

    def test_a_finished_run_takes_more_epochs(self, lava_ed, run):
        value = lava_ed("train", "--out", run, "--resume", "--epochs", 2, "--json").value
        assert (value["epochs"], value["extended_from"]) == (2, [1])
        assert error_of(lava_ed("train", "--out", run, "--resume", "--epochs", 1, "--json")) == "CheckpointError"
        shown = lava_ed("train", "--out", run, "--resume").out
        assert "Note: extended from 1 to 2 epochs" in shown

    def test_resume_after_a_kill_before_the_first_checkpoint(self, lava_ed, tmp_path):
        (tmp_path / "run").mkdir()
        options = ("--hidden", "8", "--epochs", "1", "--limit", "50", "--json")
        done = lava_ed("train", "--out", tmp_path / "run", "--resume", *options)
        assert done.code == 0
        assert "no checkpoint was written yet" in done.err

    def test_a_damaged_checkpoint(self, lava_ed, run):
        (run / "checkpoint.safetensors").write_bytes(b"garbage")
        assert error_of(lava_ed("train", "--out", run, "--resume", "--json")) == "CheckpointError"

    def test_a_configuration_of_another_version(self, lava_ed, run):
        path = run / "config.json"
        path.write_text(path.read_text().replace('"format": 2', '"format": 8', 1))
        for command in (("train", "--resume", "--out", run), ("eval", run), ("info", run)):
            assert error_of(lava_ed(*command, "--json")) == "ConfigError"


class TestDataFiles:
    @pytest.fixture
    def mnist(self, tmp_path):
        """A tiny data set in IDX files, and a way to spoil it."""
        labels = [5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 6, 7, 8, *range(10), *range(10)]

        def write(part, labels):
            n = len(labels)
            pixels = bytes((7 * k) % 256 for k in range(n * 784))
            (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(
                gzip.compress(b"\0\0\x08\x03" + struct.pack(">3I", n, 28, 28) + pixels)
            )
            (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01" + struct.pack(">I", n) + bytes(labels))

        write("train", labels)
        write("t10k", list(range(10)))
        return tmp_path

    def train(self, lava_ed, mnist):
        return lava_ed(
            "train", "--dataset", "mnist", "--data-dir", mnist, "--hidden", 4, "--epochs", 1,
            "--validation", 0, "--out", mnist / "run", "--json",
        )  # fmt: skip

    def test_good_files(self, lava_ed, mnist):
        assert self.train(lava_ed, mnist).value["sizes"] == [784, 4, 10]

    def test_missing_file(self, lava_ed, mnist):
        (mnist / "t10k-labels-idx1-ubyte").unlink()
        assert error_of(self.train(lava_ed, mnist)) == "DataNotFoundError"
        assert not (mnist / "run").exists()

    @pytest.mark.parametrize("content", [b"", b"garbage", b"\0\0\x08\x01\0\0\0\x09ab", b"\x1f\x8b\x08\x00zz"])
    def test_garbled_file(self, lava_ed, mnist, content):
        (mnist / "train-labels-idx1-ubyte").write_bytes(content)
        assert error_of(self.train(lava_ed, mnist)) == "DataError"

    def test_label_out_of_range(self, lava_ed, mnist):
        path = mnist / "train-labels-idx1-ubyte"
        path.write_bytes(path.read_bytes()[:-1] + b"\x0a")
        assert error_of(self.train(lava_ed, mnist)) == "DataError"


class TestEval:
    def test_agrees_with_training(self, lava_ed, run):
        value = lava_ed("eval", run, "--json").value
        result = json.loads((run / "result.json").read_text())
        assert value["test_accuracy"] == result["test_accuracy"]
        assert value["thresholds"] == result["thresholds"]
        assert "test accuracy" in lava_ed("eval", run).out

    def test_no_run(self, lava_ed, tmp_path):
        assert error_of(lava_ed("eval", tmp_path, "--json")) == "RunFolderError"

    def test_a_run_that_has_not_ended(self, lava_ed, run):
        (run / "model.safetensors").unlink()
        assert error_of(lava_ed("eval", run, "--json")) == "RunFolderError"

    def test_a_damaged_model(self, lava_ed, run):
        (run / "model.safetensors").write_bytes(b"garbage")
        assert error_of(lava_ed("eval", run, "--json")) == "CheckpointError"


class TestEnergy:
    def test_names_its_prices(self, lava_ed, run):
        value = lava_ed("energy", run, "--json").value
        assert value["price_list"] == "loihi1-davies2018"
        training, test = (value[part]["microjoules_per_sample"] for part in ("training", "test"))
        assert training["dynamic"] > test["dynamic"] > 0
        assert test["update"] == 0
        text = lava_ed("energy", run, "--price-list", "cmos45-int8").out
        assert "cmos45-int8" in text
        assert "µJ per sample" in text

    def test_explains_backward_energy_in_inference(self, lava_ed, run):
        test = lava_ed("energy", run, "--json").value["test"]
        assert test["microjoules_per_sample"]["backward"] > 0
        idle = test["counts"]["neuron_updates_idle"]["backward"]
        assert f"Note, test: no error was sent: what backward has is {idle:,} idle" in lava_ed("energy", run).out

    def test_a_list_that_lacks_nothing_has_no_table_of_it(self, lava_ed, run, tmp_path):
        (tmp_path / "own.toml").write_text(
            'name = "own"\ntitle = "own"\nkind = "assumption"\nsource = "own"\ncaveat = "own"\n'
            '[entries.spikes]\npj = 1.0\ncounters = ["spikes"]\nsource = "own"\n'
        )
        told = "what the sum of"
        assert told in lava_ed("energy", run).out
        outcome = lava_ed("energy", run, "--price-list", tmp_path / "own.toml")
        assert (outcome.code, told in outcome.out) == (0, False)

    def test_unknown_price_list(self, lava_ed, run):
        assert error_of(lava_ed("energy", run, "--price-list", "loihi9", "--json")) == "PriceListError"

    def test_counts_that_are_missing(self, lava_ed, run):
        (run / "energy.json").write_text('{"training": {"samples": 3}}')
        assert error_of(lava_ed("energy", run, "--json")) == "RunFolderError"

    def test_no_run(self, lava_ed, tmp_path):
        assert error_of(lava_ed("energy", tmp_path, "--json")) == "RunFolderError"


class TestInfo:
    def test_of_a_run(self, lava_ed, run):
        value = lava_ed("info", run, "--json").value
        assert value["rule_string"] == "dw = 2^-6*x0*x1*y1 - 2^-6*x0*x1*y2"
        assert value["schedule"]["period"] == 2 * value["schedule"]["steps"] + 2
        assert all(limit["holds"] for limit in value["limits"])
        assert "dw = 2^-6" in lava_ed("info", run).out

    def test_no_run(self, lava_ed, tmp_path):
        assert error_of(lava_ed("info", tmp_path, "--json")) == "RunFolderError"


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to another process")
def test_ctrl_c_leaves_a_run_that_resumes(lava_ed, tmp_path):
    out = tmp_path / "run"
    command = [
        sys.executable,
        "-m",
        "lava_ed.cli",
        "train",
        "--epochs",
        "2000",
        "--hidden",
        "16",
        "--out",
        str(out),
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    metrics, deadline = out / "metrics.jsonl", time.monotonic() + 100
    while not (metrics.exists() and metrics.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"--out {out} --resume" in err.splitlines()[-1]
    assert "Traceback" not in err
    assert error_of(lava_ed("train", "--out", out, "--resume", "--epochs", 1, "--json")) == "CheckpointError"


def test_settings_of_a_net_are_options(lava_ed, tiny, tmp_path):
    options = ("--rule", "mpd-ed", "--learning", "aggregated", "--encoder", "current", "--threshold-steps", "20")
    options += ("--weight-exponents", "-4,0", "--error-shift", "7", "--softmax-shift", "9", "--dead-zone", "30")
    value = lava_ed("train", *tiny, *options, "--out", tmp_path / "run", "--json").value
    assert value["thresholds"] == {"hidden1": 4 << 5}
    config = RunFolder(tmp_path / "run").read_config()
    assert (config.weight_exponents, config.error_shift, config.softmax_shift) == ((-4, 0), 7, 9)
    assert (config.learning, config.encoder, config.dead_zone) == ("aggregated", "current", 30)


def test_layer_sizes():
    assert layer_sizes("256,128") == (256, 128)
    for text in ("", "a", "3,", "0", "-4", "2.5"):
        with pytest.raises(ConfigError):
            layer_sizes(text)

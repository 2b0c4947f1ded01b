"""Every command that judges a net asks whether the data are those that the net was trained for."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from idx_files import write_idx_set

from lava_ed.data import load_dataset
from lava_ed.diagnose import diagnose_run
from lava_ed.errors import DataError
from lava_ed.evaluation.evaluate import evaluate_run
from lava_ed.exchange import export_run, read_netx, write_netx
from lava_ed.report.facts import read_facts
from lava_ed.train import TrainConfig, train

NAMED = ("--dataset", "mnist")
TRAIN = ("train", "--rule", "mpd-ed", *NAMED, "--hidden", 4, "--epochs", 1, "--validation", 0)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Three folders of data: the run's, a copy of it, and other data under the same file names."""
    top = tmp_path_factory.mktemp("data")
    own = write_idx_set(top / "own", seed=0)
    shutil.copytree(own, top / "copy")
    return {"own": own, "copy": top / "copy", "other": write_idx_set(top / "other", seed=1)}


@pytest.fixture(scope="module")
def trained(folders, tmp_path_factory):
    """A run on the first folder, with its net as a netx file."""
    run = tmp_path_factory.mktemp("runs") / "run"
    settings = {"hidden": (4,), "epochs": 1, "validation": 0.0, "data_dir": str(folders["own"])}
    train(TrainConfig.create("mpd-ed", "mnist", **settings), run)
    export_run(run, "netx")
    return run


@pytest.fixture
def run(trained, tmp_path):
    """A copy of the run that a test may write into."""
    return shutil.copytree(trained, tmp_path / "run")


def command(name, run):
    """Arguments of a command that needs the run's data."""
    return {
        "eval": ("eval", run),
        "eval netx": ("eval", run / "model.net"),
        "diagnose": ("diagnose", run, "--samples", 2, "--components", 2),
        "golden": ("export", run, "--format", "golden", "--samples", 1),
        "report": ("report", run, "--samples", 0),
        "report netx": ("report", run / "model.net", "--samples", 0),
        "resume": ("train", "--out", run, "--resume"),
    }[name]


COMMANDS = ("eval", "eval netx", "diagnose", "golden", "report", "report netx", "resume")


@pytest.mark.parametrize("name", COMMANDS)
def test_other_data_are_refused_with_both_digests(lava_ed, run, folders, name):
    before = sorted(path.name for path in run.iterdir())
    outcome = lava_ed(*command(name, run), "--data-dir", folders["other"], "--json")
    assert outcome.code == 2
    message = outcome.value["error"]["message"]
    for folder in ("own", "other"):
        assert f"digest {load_dataset('mnist', folders[folder]).digest[:12]}…" in message
    assert "--data-dir" in message
    assert ("--other-data" in message) == (not name.startswith(("report", "resume")))
    assert sorted(path.name for path in run.iterdir()) == before, "something was written"


@pytest.mark.parametrize("name", [name for name in COMMANDS if not name.startswith("report")])
def test_a_copy_of_the_data_elsewhere_passes(lava_ed, run, folders, name):
    assert lava_ed(*command(name, run), "--data-dir", folders["copy"], "--json").code == 0


def test_a_report_takes_a_copy_of_the_data(run, folders):
    """Without drawing its page."""
    assert read_facts(run, folders["copy"]).data.digest == load_dataset("mnist", folders["own"]).digest


@pytest.mark.parametrize("name", ["eval", "eval netx"])
def test_accuracy_on_other_data_has_another_name(lava_ed, run, folders, name):
    there = ("--data-dir", folders["other"], "--other-data")
    value = lava_ed(*command(name, run), *there, "--json").value
    assert "test_accuracy" not in value
    assert value["accuracy_on_other_data"] == value["correct"] / 20
    assert value["data_sha256"] == load_dataset("mnist", folders["other"]).digest
    assert "accuracy on other data" in lava_ed(*command(name, run), *there).out
    # The flag permits other data, it does not rename the run's own.
    own = lava_ed(*command(name, run), "--other-data", "--data-dir", folders["copy"], "--json").value
    assert "test_accuracy" in own
    assert "other_data" not in own


def test_a_diagnosis_on_other_data_leaves_the_runs_own_alone(lava_ed, run, folders):
    assert lava_ed(*command("diagnose", run), "--json").code == 0
    own = (run / "diagnosis.json").read_bytes()
    value = lava_ed(*command("diagnose", run), "--data-dir", folders["other"], "--other-data", "--json").value
    assert str(folders["other"]) in value["other_data"]
    assert (run / "diagnosis.json").read_bytes() == own
    assert json.loads((run / "diagnosis-other-data.json").read_text())["other_data"] == value["other_data"]
    assert (run / "diagnosis-other-data.png").exists()


def test_golden_vectors_of_other_data_say_so(lava_ed, run, folders):
    there = ("--data-dir", folders["other"], "--other-data")
    assert str(folders["other"]) in lava_ed(*command("golden", run), *there, "--json").value["other_data"]


def test_a_relative_folder_is_not_another_folder_of_that_name(lava_ed, folders, tmp_path, monkeypatch):
    here, there = tmp_path / "here", tmp_path / "there"
    shutil.copytree(folders["own"], here / "data")
    shutil.copytree(folders["other"], there / "data")
    monkeypatch.chdir(here)
    assert lava_ed(*TRAIN, "--data-dir", "data", "--out", here / "run").code == 0
    monkeypatch.chdir(there)
    outcome = lava_ed("eval", here / "run", "--json")
    assert (outcome.code, outcome.value["error"]["type"]) == (2, "DataError")
    shutil.rmtree(there / "data")
    outcome = lava_ed("eval", here / "run", "--json")
    assert outcome.value["error"]["type"] == "DataNotFoundError"
    assert "data_dir 'data' being relative" in outcome.value["error"]["message"]


class TestDataOfOnesOwn:
    @pytest.fixture
    def own(self, tmp_path):
        """A run on half of the digits, that calls itself one on digits."""
        digits = load_dataset("digits")
        half = replace(
            digits, train_images=digits.train_images[::2].copy(), train_labels=digits.train_labels[::2], source="half"
        )
        run = tmp_path / "half"
        summary = train(TrainConfig.create("std-ed", "digits", hidden=(8,), epochs=1, limit=50), run, dataset=half)
        return half, run, summary

    def test_the_data_set_of_that_name_is_refused(self, lava_ed, own):
        _, run, _ = own
        for arguments in (("eval", run), ("diagnose", run), ("export", run, "--format", "golden"), ("report", run)):
            message = lava_ed(*arguments, "--json").value["error"]["message"]
            assert "(half, digest" in message

    def test_the_data_themselves_are_taken(self, own):
        half, run, summary = own
        assert evaluate_run(run, dataset=half)["test_accuracy"] == summary["test_accuracy"]
        assert "other_data" not in diagnose_run(run, samples=2, components=2, dataset=half)
        assert "other_data" not in export_run(run, "golden", samples=1, dataset=half)
        with pytest.raises(DataError, match="not those"):
            evaluate_run(run, dataset=replace(half, test_labels=np.roll(half.test_labels, 1)))


class TestNetxFiles:
    def test_the_digest_goes_with_the_net(self, run, folders):
        assert read_netx(run / "model.net").notes["data_sha256"] == load_dataset("mnist", folders["own"]).digest

    def test_a_file_without_a_digest_goes_by_the_name_of_its_data(self, lava_ed, run, folders, tmp_path):
        net = read_netx(run / "model.net")
        notes = {key: value for key, value in net.notes.items() if key != "data_sha256"}
        write_netx(replace(net, notes=notes), tmp_path / "named.net")
        data = ("--data-dir", folders["other"], "--json")
        assert "test_accuracy" in lava_ed("eval", tmp_path / "named.net", *data).value
        write_netx(replace(net, notes={**notes, "dataset": "fashion-mnist"}), tmp_path / "other.net")
        message = lava_ed("eval", tmp_path / "other.net", *NAMED, *data).value["error"]["message"]
        assert "trained on other data (fashion-mnist) than mnist" in message
        value = lava_ed("eval", tmp_path / "other.net", *NAMED, "--other-data", *data).value
        assert "accuracy_on_other_data" in value

    @pytest.mark.parametrize("limit", [0, -3])
    def test_a_test_on_no_samples(self, lava_ed, run, limit):
        outcome = lava_ed("eval", run / "model.net", "--limit", limit, "--json")
        assert (outcome.code, outcome.value["error"]["message"][:8]) == (2, "limit is")


def test_a_sweep_goes_on_with_its_own_data_only(lava_ed, folders, tmp_path):
    pytest.importorskip("optuna", reason="the extra sweep is not installed")
    out = ("--out", tmp_path / "sweep", "--hidden", 4, "--epochs", 1, "--limit", 20)

    def sweep(trials, folder):
        rule = ("--rule", "mpd-ed", *NAMED, "--trials", trials, "--data-dir", folders[folder])
        return lava_ed("sweep", *rule, *out, "--json")

    assert sweep(1, "own").value["data_sha256"] == load_dataset("mnist", folders["own"]).digest
    outcome = sweep(2, "other")
    assert (outcome.code, outcome.value["error"]["type"]) == (2, "DataError")
    assert len(sweep(2, "copy").value["trials"]) == 2

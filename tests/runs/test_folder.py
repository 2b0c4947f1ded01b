"""Run folders: whole files, one owner, and named errors."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lava_ed.errors import CheckpointError, ConfigError, RunFolderError
from lava_ed.runs.folder import CHECKPOINT, CONFIG, ENERGY, METRICS, RESULT
from lava_ed.train import RunFolder, TrainConfig

WRITTEN = Path(__file__).parent / "written_2026_11_28" / "std-ed"
"""A run that was written by version 0.1.0 of that day."""


def row(epoch, **changes):
    """Metrics of an epoch."""
    return {**json.loads((WRITTEN / METRICS).read_text().splitlines()[0]), "epoch": epoch, **changes}


@pytest.fixture
def folder(tmp_path):
    """A folder that is claimed and released again."""
    result = RunFolder(tmp_path / "run")
    yield result
    result.release()


def test_a_folder_below_a_file_cannot_be_created(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="cannot be created"):
        RunFolder(tmp_path / "file" / "run").claim_new()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(RunFolderError, match="cannot be created"):
        RunFolder(tmp_path / "run").claim_new()


@pytest.mark.parametrize("name", [CONFIG, CHECKPOINT])
def test_a_folder_that_holds_a_run_is_not_taken(folder, name):
    folder.path.mkdir()
    folder.file(name).write_text("{}")
    with pytest.raises(RunFolderError, match="already holds a run"):
        folder.claim_new()


def test_two_processes_cannot_share_a_folder(folder):
    folder.claim_new()
    other = RunFolder(folder.path)
    with pytest.raises(RunFolderError, match="in use"):
        other.claim_new()
    folder.release()
    other.claim_new()
    other.release()


def test_who_is_refused_leaves_the_owner_its_folder(tmp_path, monkeypatch):
    """Both found the folder missing: the one that got the lock goes on, and removes it if nothing came into it."""
    owner, refused = RunFolder(tmp_path / "run"), RunFolder(tmp_path / "run")
    owner.claim_new()
    monkeypatch.setattr("lava_ed.runs.folder.make_folders", lambda path: [path])
    with pytest.raises(RunFolderError, match="in use"):
        refused.claim()
    refused.release()
    assert owner.path.is_dir()
    owner.release()
    assert not owner.path.exists()


def test_a_run_that_ends_between_the_first_look_and_the_lock(folder, monkeypatch):
    claim = folder._claim

    def late():
        folder.file(CONFIG).write_text("{}")
        claim()

    monkeypatch.setattr(folder, "_claim", late)
    with pytest.raises(RunFolderError, match="already holds a run"):
        folder.claim_new()
    RunFolder(folder.path)._claim()  # the lock is free again


def test_nothing_to_resume(folder):
    with pytest.raises(RunFolderError, match="nothing to resume"):
        folder.claim_existing()
    folder.path.mkdir()
    with pytest.raises(CheckpointError, match="holds no checkpoint"):
        folder.claim_existing()


def test_a_configuration_comes_back(folder):
    folder.claim_new()
    config = TrainConfig.create("mpd-ed", "digits", seed=5)
    folder.write_config(config, {"learning_rate": 0.5})
    assert folder.read_config() == config
    assert folder.entry(folder.read_json(CONFIG), CONFIG, "facts", "learning_rate") == 0.5


def test_a_configuration_of_another_version(folder):
    folder.claim_new()
    folder.write_config(TrainConfig.create(), {})
    folder.write_json(CONFIG, {**folder.read_json(CONFIG), "format": 3})
    with pytest.raises(ConfigError, match="format 3"):
        folder.read_config()


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1', "\x00"])
def test_a_damaged_configuration(folder, content):
    folder.path.mkdir()
    folder.file(CONFIG).write_text(content)
    with pytest.raises(RunFolderError):
        folder.read_config()


def test_missing_files_and_entries(folder):
    with pytest.raises(RunFolderError, match="not the folder of a run"):
        folder.read_config()
    with pytest.raises(RunFolderError):
        folder.read_metrics()
    with pytest.raises(RunFolderError, match=r"lacks training\.counters"):
        folder.entry({"training": {}}, "energy.json", "training", "counters")


def test_metrics_are_one_object_a_line(folder):
    folder.claim_new()
    rows = [row(1, validation_accuracy=None), row(2, validation_accuracy=0.5, later="\u2028")]
    folder.write_metrics(rows)
    lines = folder.file(METRICS).read_text().splitlines()
    assert [json.loads(line) for line in lines] == rows == folder.read_metrics()


def with_entry(value, path, new):
    """A JSON value with another one at a path of keys; Ellipsis: without it."""
    *keys, last = path.split(".")
    inner = value
    for key in keys:
        inner = inner[int(key) if isinstance(inner, list) else key]
    if new is ...:
        del inner[last]
    else:
        inner[int(last) if isinstance(inner, list) else last] = new
    return value


class TestEveryFileHasASchema:
    @pytest.mark.parametrize(
        ("name", "path", "new"),
        [
            (RESULT, "test_accuracy", ...),
            (RESULT, "test_accuracy", "0.9"),
            (RESULT, "test_accuracy", 1.5),
            (RESULT, "test_accuracy", True),
            (RESULT, "sizes", 3),
            (RESULT, "sizes.0", -1),
            (RESULT, "sizes.0", 1e300),
            (RESULT, "seed", 2**32),
            (RESULT, "samples_per_second", 1e300),
            (RESULT, "samples_per_second", None),
            (RESULT, "thresholds", {"$\\frac$": 1}),
            (RESULT, "learning_rate", 0),
            (RESULT, "notes", 3),
            (RESULT, "notes", [3]),
            (ENERGY, "training", None),
            (ENERGY, "training.samples", 0),
            (ENERGY, "training.samples", 1.0),
            (ENERGY, "training.counters.dense1", []),
            (ENERGY, "training.visits", [[]]),
            (RESULT, "extended_from", [[]]),
            (ENERGY, "training.counters.dense1.spikes", ...),
            (ENERGY, "test.counters.dense1.spikes.forward", -1),
            (ENERGY, "test.counters.dense1.spikes.forward", 2**63),
            (ENERGY, "test.counters.dense1.spikes.forward", "1"),
            (ENERGY, "test.counters.dense1.spikes.sideways", 1),
            (ENERGY, "test.counters", {"dense" + "9" * 400: {}}),
            (CONFIG, "facts", 3),
            (CONFIG, "facts.data.sha256", 3),
            (CONFIG, "facts.data.chance", [0.1]),
            (CONFIG, "facts.network", []),
            (CONFIG, "facts.network", None),
            (CONFIG, "lava_ed_version", None),
        ],
    )
    def test_a_wrong_entry_is_named(self, tmp_path, name, path, new):
        folder = RunFolder(tmp_path)
        value = with_entry(json.loads((WRITTEN / name).read_text()), path, new)
        folder.file(name).write_text(json.dumps(value))
        with pytest.raises(RunFolderError, match=rf"{name}.*restore the file, or train anew") as caught:
            folder.read_json(name)
        assert path.rpartition(".")[2][:5] in str(caught.value)

    @pytest.mark.parametrize("text", ['{"test_accuracy": NaN}', "[" * 100_000, '{"a": 1, "a": 2}', "\ufeff{}", "{}"])
    @pytest.mark.parametrize("name", [RESULT, ENERGY, CONFIG])
    def test_no_json_of_ours(self, tmp_path, name, text):
        folder = RunFolder(tmp_path)
        folder.file(name).write_text(text)
        with pytest.raises(RunFolderError, match=name):
            folder.read_json(name)

    @pytest.mark.parametrize(
        ("lines", "words"),
        [
            ([row(1), "null"], "line 2: it is None"),
            ([row(1), ""], "line 2 is not JSON"),
            ([row(2)], "line 1 is epoch 2, not 1"),
            ([row(1), row(1)], "line 2 is epoch 1, not 2"),
            ([row(1, counters={})], "line 1 lacks counters.spikes"),
            ([row(1, samples=0)], "samples is 0"),
            ([row(1, spikes_per_neuron={"hidden1": -1})], "hidden1 is -1"),
            ([row(1, validation_accuracy="x")], "validation_accuracy is 'x'"),
            ([row(1, thresholds=[1])], r"thresholds is \[1\]"),
        ],
    )
    def test_metrics(self, tmp_path, lines, words):
        folder = RunFolder(tmp_path)
        text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
        folder.file(METRICS).write_text(text)
        with pytest.raises(RunFolderError, match=words):
            folder.read_metrics()

    @pytest.mark.parametrize(
        ("path", "new", "words"),
        [
            ("hidden", 3, "hidden is 3"),
            ("hidden", [6.0], r"hidden\.0 is 6\.0"),
            ("hidden", [True], "hidden.0 is True"),
            ("hidden", [0], "layer of 0 neurons"),
            ("epochs", "3", "epochs is '3'"),
            ("decay", [[0.5]], "decay.0.1"),
            ("decay", [["0.5", 1]], "decay.0.0 is '0.5'"),
            ("adaptation.interval", 2.5, r"adaptation\.interval is 2\.5"),
            ("adaptation.interval", None, "adaptation.interval is None"),
            ("validation", "x", "validation is 'x'"),
            ("data_dir", 3, "data_dir is 3"),
            ("rule", [], r"rule is \[\]"),
            ("rule", "backprop", "backprop"),
            ("seed", 2**32, "seed is 4294967296"),
            ("steps", 10**15, "steps is 10"),
            ("encoder", {}, "encoder is {}"),
            ("speed", 1, "'speed' is no entry"),
            ("steps", ..., "lacks steps"),
        ],
    )
    def test_configurations(self, tmp_path, path, new, words):
        folder = RunFolder(tmp_path)
        value = with_entry(json.loads((WRITTEN / CONFIG).read_text()), path, new)
        folder.file(CONFIG).write_text(json.dumps(value))
        with pytest.raises(ConfigError, match=words):
            folder.read_config()

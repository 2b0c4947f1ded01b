"""Run folders: whole files, one owner, and named errors."""

from __future__ import annotations

import json
import os

import pytest

from lava_ed.errors import CheckpointError, ConfigError, RunFolderError
from lava_ed.train import RunFolder, TrainConfig
from lava_ed.train.run_folder import CHECKPOINT, CONFIG, METRICS


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
    folder.write_json(CONFIG, {**folder.read_json(CONFIG), "format": 2})
    with pytest.raises(ConfigError, match="format 2"):
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
    rows = [{"epoch": 1, "validation_accuracy": None}, {"epoch": 2, "validation_accuracy": 0.5}]
    folder.write_metrics(rows)
    lines = folder.file(METRICS).read_text().splitlines()
    assert [json.loads(line) for line in lines] == rows == folder.read_metrics()

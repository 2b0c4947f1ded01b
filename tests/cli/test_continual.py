"""`lava-ed continual` on digits."""

from __future__ import annotations

import json
import os

import numpy as np

from lava_ed.continual.learner import Learner

OPTIONS = ("--scenario", "split-digits", "--hidden", "8", "--limit", "60", "--strength", "16", "--observed", "20")


def test_files_hold_what_is_printed(lava_ed, tmp_path):
    outcome = lava_ed("continual", *OPTIONS, "--own-outputs", "--out", tmp_path / "tasks", "--json")
    assert outcome.code == 0, outcome
    value = outcome.value
    kept = json.loads((tmp_path / "tasks" / "tasks.json").read_text())
    assert kept == {name: item for name, item in value.items() if name != "folder"}
    assert (tmp_path / "tasks" / "tasks.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "tasks" / "model.safetensors").stat().st_size > 8 * 64
    r = np.array(value["accuracies"], float)
    assert np.isnan(r[np.triu_indices(5, 1)]).all()
    assert value["average_accuracy"] == np.mean(r[-1])
    assert value["backward_transfer"] == np.mean(r[-1, :4] - np.diag(r)[:4])
    assert (value["judged_on"], value["samples_per_task"], value["incremental"]) == ("test", 60, "class")


def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(lava_ed, tmp_path, monkeypatch):
    given = (*OPTIONS, "--own-outputs", "--json", "--out")
    whole = lava_ed("continual", *given, tmp_path / "whole").value
    told, learn = [], Learner.learn

    def interrupted(self, task):
        told.append(len(self.learned))
        if told == [0, 1, 2]:
            raise KeyboardInterrupt
        learn(self, task)

    monkeypatch.setattr(Learner, "learn", interrupted)
    for others in ([], ["--resume"]):
        outcome = lava_ed("continual", *given, tmp_path / "tasks", *others)
    assert told == [0, 1, 2, 2, 3, 4], "the last finished task is not learned again"
    changed = {name for name in whole if whole[name] != outcome.value[name]}
    assert changed == {"samples_per_second", "folder"}
    models = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "tasks")]
    assert models[0] == models[1]
    for other, error in ((("--seed", "1"), "CheckpointError"), (("--strength", "8"), "CheckpointError")):
        assert lava_ed("continual", *given, tmp_path / "tasks", "--resume", *other).value["error"]["type"] == error
    outcome = lava_ed("continual", *OPTIONS, "--resume", "--json")
    assert outcome.value["error"]["type"] == "ConfigError"


def test_a_folder_that_holds_something_is_left_as_it_is(lava_ed, tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"trained")
    outcome = lava_ed("continual", *OPTIONS, "--out", tmp_path, "--json")
    assert outcome.value["error"]["type"] == "RunFolderError"
    assert "task 1 of" not in outcome.err
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]
    assert (tmp_path / "model.safetensors").read_bytes() == b"trained"


def test_a_wrong_scenario_is_named(lava_ed):
    outcome = lava_ed("continual", "--scenario", "rotated-digits", "--json")
    assert (outcome.code, outcome.value["error"]["type"]) == (2, "ConfigError")
    assert "permuted-DATASET" in outcome.value["error"]["message"]


def test_a_refused_command_touches_nothing_in_the_folder(lava_ed, tmp_path):
    """Neither what killed processes of ours left there, which only a command that goes on may remove."""
    left = tmp_path / ".lava-ed-elsewhere-1-00.tmp"
    for path in (left, tmp_path / "notes.txt"):
        path.write_bytes(b"kept")
        os.utime(path, (0, 0))
    os.utime(tmp_path, (0, 0))
    assert lava_ed("continual", *OPTIONS, "--out", tmp_path, "--json").value["error"]["type"] == "RunFolderError"
    assert {path.name: path.stat().st_mtime for path in tmp_path.iterdir()} == {left.name: 0, "notes.txt": 0}
    assert tmp_path.stat().st_mtime == 0
    (tmp_path / "notes.txt").unlink()
    assert lava_ed("continual", *OPTIONS, "--out", tmp_path, "--json").code == 0, "nothing else is in the folder"
    assert not left.exists()

"""Sweeps: judged on validation samples only, resumable, their best settings usable."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from lava_ed.cli import main
from lava_ed.errors import ConfigError, RunFolderError
from lava_ed.learning_rules import RULES, LearningRate
from lava_ed.network import Adaptation
from lava_ed.sweep import SPACES, SweepConfig, read_settings, sweep, training_settings
from lava_ed.sweep import study as study_module
from lava_ed.sweep.score import validation_accuracy
from lava_ed.sweep.storage import StudyFile
from lava_ed.train import RunFolder, TrainConfig, train

pytest.importorskip("optuna", reason="the extra sweep is not installed")


def small(**changes):
    """A sweep of seconds."""
    return SweepConfig(**{"rule": "renner", "dataset": "digits", "trials": 4, "hidden": (16,), "epochs": 1,
                          "limit": 200, **changes})  # fmt: skip


def comparable(value):
    """What two sweeps must share: all but times and places."""
    trials = [{k: v for k, v in trial.items() if k != "seconds"} for trial in value["trials"]]
    return {**{k: v for k, v in value.items() if k != "run"}, "trials": trials}


def test_a_trial_is_scored_as_train_scores_it(digits, tmp_path):
    config = TrainConfig.create("ssgd", "digits", hidden=(16,), epochs=2, limit=300)
    wanted = train(config, tmp_path / "run", dataset=digits)["validation_accuracy"]
    assert validation_accuracy(config, digits) == wanted > 0.5


def test_the_test_set_has_no_influence(digits):
    config = TrainConfig.create("renner", "digits", hidden=(16,), epochs=1, limit=200)
    spoilt = dataclasses.replace(
        digits, test_images=np.zeros_like(digits.test_images), test_labels=np.zeros_like(digits.test_labels)
    )
    assert validation_accuracy(config, digits) == validation_accuracy(config, spoilt)


def test_no_validation_samples_is_an_error(digits):
    with pytest.raises(ConfigError, match="held out"):
        validation_accuracy(TrainConfig.create("renner", "digits", validation=0.0), digits)


def test_a_sweep_that_was_killed_ends_in_the_same_trials(digits, tmp_path, monkeypatch):
    whole = sweep(small(), tmp_path / "whole", dataset=digits)
    original, calls = study_module.guarded_accuracy, []

    def dying(config, data, folder):
        calls.append(config)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(config, data, folder)

    monkeypatch.setattr(study_module, "guarded_accuracy", dying)
    with pytest.raises(KeyboardInterrupt):
        sweep(small(), tmp_path / "killed", dataset=digits)
    monkeypatch.undo()
    assert comparable(sweep(small(), tmp_path / "killed", dataset=digits)) == comparable(whole)
    assert [trial["number"] for trial in whole["trials"]] == [0, 1, 2, 3]
    assert whole["trials"][0]["settings"] == {}
    assert whole["validation_accuracy"] == max(trial["validation_accuracy"] for trial in whole["trials"])


def test_another_sweep_in_the_folder_is_refused(digits, tmp_path):
    sweep(small(trials=1), tmp_path, dataset=digits)
    with pytest.raises(ConfigError, match="seed"):
        sweep(small(trials=1, seed=3), tmp_path, dataset=digits)
    assert len(sweep(small(trials=2), tmp_path, dataset=digits)["trials"]) == 2


def test_best_settings_train(digits, tmp_path, capsys):
    value = sweep(small(trials=3), tmp_path / "sweep", dataset=digits)
    rule, dataset, settings = read_settings(tmp_path / "sweep" / "best.json")
    assert {"init_limits", "half_width", "adaptation", "decay"} <= settings.keys(), "a changed preset would matter"
    assert {"hidden", "epochs", "seed"}.isdisjoint(settings)
    config = TrainConfig.create(rule, dataset, hidden=(16,), epochs=1, limit=200, **settings)
    assert validation_accuracy(config, digits) == value["validation_accuracy"]
    arguments = ["--settings", str(tmp_path / "sweep" / "best.json"), "--out", str(tmp_path / "run")]
    assert main(["train", *arguments, "--hidden", "16", "--epochs", "1", "--limit", "200", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["rule"], summary["validation_accuracy"]) == ("renner", value["validation_accuracy"])


@pytest.mark.parametrize("text", ["", "{}", '{"rule": "ssgd", "dataset": "digits", "settings": {"decay": 3}}'])
def test_a_file_that_holds_no_settings(tmp_path, text):
    path = tmp_path / "best.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match="no file of settings"):
        read_settings(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_settings(tmp_path / "none.json")


@pytest.mark.parametrize("rule", SPACES)
def test_every_corner_of_a_space_is_a_configuration(rule):
    space = SPACES[rule]
    preset = TrainConfig.create(rule, "mnist").adaptation
    lowest, _ = LearningRate.limits(RULES[rule]().excess)
    for end in (0, -1):
        drawn = {name: values[end] for name, (_, *values) in space.items()}
        for decay in ("constant", "early"):
            settings = training_settings({**drawn, "decay": decay}, space, preset, lowest)
            config = TrainConfig.create(rule, "mnist", **settings)
            assert config.spec(784, 10).rule.decay == settings["decay"]
    assert SPACES.keys() == RULES.keys()


def test_settings_by_hand():
    space = {"learning_rate": ("power", -14, -3), "decay": ("choice", "half"), "threshold_interval": ("choice", 0)}
    drawn = {"learning_rate": -13, "decay": "half", "threshold_interval": 0}
    assert training_settings(drawn, space, Adaptation(initial_step=9), 2.0**-14) == {
        "learning_rate": 2.0**-13,
        "decay": ((0.5, 0.5), (0.75, 0.5)),
        "adaptation": Adaptation(initial_step=9, interval=0),
    }


def test_the_command(tmp_path, capsys):
    arguments = ["--rule", "renner", "--dataset", "digits", "--trials", "2", "--hidden", "8", "--epochs", "1"]
    assert main(["sweep", *arguments, "--limit", "100", "--out", str(tmp_path / "s"), "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value == json.loads((tmp_path / "s" / "sweep.json").read_text())
    assert main(["sweep", "--rule", "nothing", "--out", str(tmp_path / "t"), "--json"]) == 2


@pytest.fixture(scope="module")
def two_trials(digits, tmp_path_factory):
    """A sweep of two trials."""
    folder = tmp_path_factory.mktemp("sweep")
    sweep(small(trials=2), folder, dataset=digits)
    return folder


class TestTheFileOfTrials:
    """Whatever has become of study.db is one sentence, and nothing is lost or done twice."""

    @pytest.fixture
    def done(self, two_trials, tmp_path):
        """A copy, to be damaged."""
        return Path(shutil.copytree(two_trials, tmp_path / "sweep"))

    def again(self, folder, digits, **changes):
        return sweep(small(**{"trials": 2, **changes}), folder, dataset=digits)

    def change(self, folder, *statements):
        with closing(sqlite3.connect(folder / "study.db")) as database:
            for statement in statements:
                database.execute(statement)
            database.commit()

    @pytest.mark.parametrize("content", [b"garbage" * 100, b"SQLite format 3\0" + b"x" * 4096, "half"])
    def test_no_file_of_sqlite(self, done, digits, content):
        path = done / "study.db"
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2] if content == "half" else content)
        with pytest.raises(RunFolderError, match=r"study\.db cannot be read or written"):
            self.again(done, digits)

    @pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
    def test_no_file_at_all(self, digits, tmp_path, make):
        make(tmp_path / "study.db")
        with pytest.raises(RunFolderError, match=r"study\.db"):
            self.again(tmp_path, digits)

    @pytest.mark.parametrize(
        ("statement", "words"),
        [
            ("DELETE FROM trial_values", "study.db"),
            ("UPDATE trial_values SET value = 1.5", "accuracy is 1.5"),
            ("UPDATE trial_values SET value = 'x'", "study.db"),
            ("UPDATE trial_user_attributes SET value_json = '7' WHERE key = 'number'", "trials 7, 7, some twice"),
            ("UPDATE trial_user_attributes SET value_json = '0' WHERE key = 'number'", "trials 0, 0, some twice"),
            ("UPDATE trial_user_attributes SET value_json = '[' WHERE key = 'settings'", "study.db"),
            ("UPDATE trial_user_attributes SET value_json = '3' WHERE key = 'settings'", "settings is 3"),
            ("UPDATE trial_user_attributes SET value_json = 'NaN' WHERE key = 'seconds'", "seconds is nan"),
            ("DELETE FROM trial_user_attributes WHERE key = 'error'", "lacks error"),
            ("UPDATE trials SET state = 'NONSENSE'", "study.db"),
            ("UPDATE study_directions SET direction = 'MINIMIZE'", "another direction"),
            ("UPDATE study_user_attributes SET value_json = '[]' WHERE key = 'config'", "another sweep"),
        ],
    )
    def test_rows_that_no_sweep_writes(self, done, digits, statement, words):
        self.change(done, statement)
        with pytest.raises((RunFolderError, ConfigError), match=words):
            self.again(done, digits)

    def test_settings_that_are_none(self, done, digits):
        self.change(done, """UPDATE trial_user_attributes SET value_json = '{"dv": "x"}' WHERE key = 'settings'""")
        with pytest.raises(ConfigError, match="dv is 'x'"):
            self.again(done, digits)

    def test_two_sweeps_do_not_share_a_folder(self, done, digits):
        other = RunFolder(done)
        other.claim()
        try:
            with pytest.raises(RunFolderError, match="in use"):
                self.again(done, digits, trials=3)
        finally:
            other.release()
        assert len(self.again(done, digits, trials=3)["trials"]) == 3

    def test_a_trial_that_cannot_be_recorded_ends_the_sweep(self, done, digits, monkeypatch):
        monkeypatch.setattr(StudyFile, "tell", lambda self, trial, told: None)
        with pytest.raises(RunFolderError, match="trial 3 could not be recorded"):
            self.again(done, digits, trials=3)

    def test_a_file_that_cannot_be_written(self, done, digits, monkeypatch):
        import sqlalchemy.exc

        def full(self, trial, told):
            with self._guarded():
                raise sqlalchemy.exc.OperationalError(
                    "INSERT", {}, sqlite3.OperationalError("database or disk is full")
                )

        monkeypatch.setattr(StudyFile, "tell", full)
        with pytest.raises(RunFolderError, match=r"study\.db cannot be read or written .*disk is full"):
            self.again(done, digits, trials=3)


@pytest.mark.parametrize("seed", [42_949, 2**32 - 1])
def test_large_seeds(digits, tmp_path, seed):
    assert len(sweep(small(trials=2, seed=seed), tmp_path, dataset=digits)["trials"]) == 2


@pytest.mark.parametrize(
    ("change", "words"), [({"seed": 2**32}, "seed is 4294967296"), ({"trials": 1.5}, "trials is 1.5")]
)
def test_numbers_out_of_range(change, words):
    with pytest.raises(ConfigError, match=words):
        small(**change)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"speed": 1}, "'speed' is no setting"),
        ({"dv": "1"}, "dv is '1'"),
        ({"dv": True}, "dv is True"),
        ({"adaptation": {"interval": 2.5}}, "adaptation.interval is 2.5"),
        ({"adaptation": 3}, "adaptation is 3"),
        ({"decay": [[1]]}, "decay"),
        ({"hidden": [10**12]}, "hidden.0 is 1000000000000"),
        ({"rule": "ssgd"}, "'rule' is no setting"),
        ({"learning_rate": None}, "learning_rate is None"),
        ([], "missing or of another type"),
    ],
)
def test_settings_of_another_type(tmp_path, settings, words):
    path = tmp_path / "best.json"
    path.write_text(json.dumps({"rule": "ssgd", "dataset": "digits", "settings": settings}))
    with pytest.raises(ConfigError, match=words):
        read_settings(path)


@pytest.mark.parametrize("text", ["[" * 100_000, "NaN", '{"rule": "ssgd", "rule": "ssgd"}', '"x"'])
def test_settings_that_are_no_json_of_ours(tmp_path, text):
    (tmp_path / "best.json").write_text(text)
    with pytest.raises(ConfigError, match="no file of settings"):
        read_settings(tmp_path / "best.json")

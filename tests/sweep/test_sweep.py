"""Sweeps: judged on validation samples only, resumable, their best settings usable."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from lava_ed.cli import main
from lava_ed.data import load_dataset
from lava_ed.errors import ConfigError
from lava_ed.learning_rules import RULES, LearningRate
from lava_ed.network import Adaptation
from lava_ed.sweep import SPACES, SweepConfig, read_settings, sweep, training_settings
from lava_ed.sweep import study as study_module
from lava_ed.sweep.score import validation_accuracy
from lava_ed.train import TrainConfig, train

pytest.importorskip("optuna", reason="the extra sweep is not installed")


@pytest.fixture(scope="module")
def digits():
    """The digits, loaded once."""
    return load_dataset("digits")


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

    def dying(config, data):
        calls.append(config)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(config, data)

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

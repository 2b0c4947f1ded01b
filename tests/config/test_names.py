"""Unknown entries of a configuration: ours, with the nearest known one."""

from __future__ import annotations

import json

import pytest

from lava_ed.errors import ConfigError
from lava_ed.sweep import read_settings
from lava_ed.train import TrainConfig, train


def test_create():
    with pytest.raises(ConfigError, match="'learningrate' is no setting of a training run: did you mean 'learning_rat"):
        TrainConfig.create(learningrate=1)
    with pytest.raises(ConfigError, match=r"'zzzz' is no setting of a training run: there are adaptation, .*, weight_"):
        TrainConfig.create(zzzz=1)


def test_from_dict():
    with pytest.raises(ConfigError, match="'epoch' is no entry of a configuration: did you mean 'epochs'"):
        TrainConfig.from_dict({**TrainConfig.create().to_dict(), "epoch": 3})


@pytest.mark.parametrize("config", [None, {"rule": "std-ed"}, "digits"])
def test_train_takes_a_configuration(config, tmp_path):
    with pytest.raises(ConfigError, match=r"config is \w+: make a configuration with TrainConfig.create"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"stepss": 3}, "'stepss' is no setting of a training run: did you mean 'steps'"),
        ({"rule": "ssgd"}, "'rule' is no setting of a training run"),
        ({"adaptation": {"intervall": 3}}, "'intervall' is no entry of adaptation: did you mean 'interval'"),
    ],
)
def test_files_of_settings(tmp_path, settings, said):
    path = tmp_path / "best.json"
    path.write_text(json.dumps({"rule": "std-ed", "dataset": "digits", "settings": settings}))
    with pytest.raises(ConfigError, match=said):
        read_settings(path)

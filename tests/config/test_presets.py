"""Named presets, and what they are chosen to avoid."""

from __future__ import annotations

import math

import pytest

from lava_ed.cli.train import with_preset
from lava_ed.config.presets import NAMED, named_preset
from lava_ed.errors import ConfigError
from lava_ed.train import TrainConfig, train


@pytest.mark.parametrize("name", NAMED)
def test_every_named_preset_is_a_net_that_fits_the_chip(name):
    preset = named_preset(name)
    config = TrainConfig.create(preset.rule, preset.dataset, **preset.settings)
    shapes = {"mnist-binary-20": (20, 20), "nmnist": (2, 34, 34)}
    shape = (6, 32, 32) if "cifar" in preset.dataset else shapes.get(preset.dataset, (28, 28))
    classes = 100 if "cifar100" in preset.dataset else 10
    spec = config.spec(math.prod(shape), classes, shape)
    if not config.arch:
        assert spec.sizes == (math.prod(shape), *config.hidden, classes)
    assert len(spec.init_limits) == len(spec.layers)
    assert config.epochs <= 60
    assert config.validation > 0


def test_unknown_preset():
    with pytest.raises(ConfigError, match="std-ed-mnist-400"):
        named_preset("std-ed-mnist")


def test_the_command_line_has_the_last_word():
    rule, dataset, settings = with_preset("mpd-ed-fashion-400", None, None, {"epochs": 2, "seed": None})
    assert (rule, dataset) == ("mpd-ed", "fashion-mnist")
    assert settings["epochs"] == 2
    assert settings["hidden"] == (400,)
    assert "seed" not in settings


@pytest.mark.parametrize("given", [{"rule": "std-ed"}, {"dataset": "mnist"}])
def test_a_preset_of_another_rule_or_data_set_is_refused(given):
    with pytest.raises(ConfigError, match="leave --"):
        with_preset("mpd-ed-fashion-400", given.get("rule"), given.get("dataset"), {})


@pytest.mark.parametrize("hidden", [50, 100])
def test_narrow_layers_do_not_collapse(rule, hidden, digits, tmp_path):
    """A surrogate that ignores spikes is reported to end at chance, 10 %, with 100 hidden neurons."""
    config = TrainConfig.create(rule, "digits", hidden=(hidden,), epochs=12)
    summary = train(config, tmp_path / "run", dataset=digits)
    assert summary["test_accuracy"] > 0.9

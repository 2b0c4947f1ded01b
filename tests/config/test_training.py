"""Configurations: presets, checks, and the dictionary form."""

from __future__ import annotations

import json

import pytest

from lava_ed.data import DATASETS
from lava_ed.errors import ConfigError, UnrepresentableRateError
from lava_ed.learning_rules import RULES
from lava_ed.train import TrainConfig, preset, train

INPUTS = {
    **{name: 3072 if name.startswith("cifar") else 784 for name in DATASETS},
    "digits": 64,
    "mnist-binary-20": 400,
}


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("name", RULES)
def test_every_preset_is_a_net_that_fits_the_chip(name, dataset):
    config = TrainConfig.create(name, dataset)
    spec = config.spec(INPUTS[dataset], 10)
    assert spec.sizes == (INPUTS[dataset], *config.hidden, 10)
    assert spec.rule.name == name


@pytest.mark.parametrize("name", RULES)
def test_the_dictionary_form_survives_json(name):
    hidden = (20,) if name == "renner" else (20, 11)
    readout = "membrane" if RULES[name].baseline else "first-spike"
    config = TrainConfig.create(name, "digits", hidden=hidden, learning_rate=0.003, limit=17, readout=readout)
    assert TrainConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_a_rate_is_rounded_to_what_the_chip_holds():
    spec = TrainConfig.create("std-ed", "digits", learning_rate=0.003).spec(64, 10)
    assert spec.rule.rate.value == 3 * 2.0**-10  # 0.0029296875 is nearer than 2^-8 and 5·2^-11


def test_another_format_is_named():
    data = {**TrainConfig.create().to_dict(), "format": 99}
    with pytest.raises(ConfigError, match="format 99"):
        TrainConfig.from_dict(data)


@pytest.mark.parametrize("change", [{"extra": 1}, {"decay": 3}, {"adaptation": {"speed": 1}}])
def test_unknown_entries_are_an_error(change):
    with pytest.raises(ConfigError):
        TrainConfig.from_dict({**TrainConfig.create().to_dict(), **change})


def test_missing_entries_are_an_error():
    data = TrainConfig.create().to_dict()
    del data["hidden"]
    with pytest.raises(ConfigError, match="not complete"):
        TrainConfig.from_dict(data)


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 0},
        {"seed": -1},
        {"limit": 0},
        {"shift": -1},
        {"snapshot_interval": 0},
        {"checkpoint_interval": 0},
        {"validation": 1.0},
        {"validation": -0.1},
        {"backend": "gpu"},
        {"hidden": (0,)},
        {"steps": 1},
        {"steps": 128},
        {"encoder": "rate"},
        {"readout": "loud"},
        {"feedback": "none"},
        {"init_limits": (1, 2, 3)},
        {"speed": 3},
    ],
)
def test_settings_out_of_range(change):
    with pytest.raises(ConfigError):
        TrainConfig.create("std-ed", "digits", **change)


@pytest.mark.parametrize("name", ["epochs", "seed", "limit", "checkpoint_interval", "shift", "snapshot_interval"])
@pytest.mark.parametrize("value", [1.5, "1", True])
def test_counts_are_integers(name, value):
    with pytest.raises(ConfigError, match=rf"{name} is {value!r}: (an integer is|integers are) needed"):
        TrainConfig.create("std-ed", "digits", **{name: value})


@pytest.mark.parametrize("rate", [0.0, -1.0, 1e-9, 1e9, float("nan")])
def test_rates_that_the_chip_does_not_hold(rate):
    with pytest.raises(UnrepresentableRateError):
        TrainConfig.create("mpd-ed", "digits", learning_rate=rate)


def test_unknown_names():
    with pytest.raises(ConfigError, match="std-ed, mpd-ed"):
        preset("backprop", "digits")
    with pytest.raises(ConfigError, match="digits, mnist, fashion-mnist"):
        preset("std-ed", "cifar")


@pytest.mark.parametrize("name", ["relpsp-fixed", "ssgd", "sg-bptt", "renner"])
def test_a_baseline_has_no_lava_processes(name):
    with pytest.raises(ConfigError, match="no Lava processes"):
        TrainConfig.create(name, "digits", backend="lava")


@pytest.mark.parametrize("name", ["error_shift", "softmax_shift", "dead_zone"])
def test_what_renner_does_not_read_is_refused_where_a_run_begins(name, tmp_path):
    """An earlier version's run that holds such a value still loads."""
    config = TrainConfig.create("renner", "digits", **{name: 5})
    assert TrainConfig.from_dict(config.to_dict()) == config
    with pytest.raises(ConfigError, match=f"{name} is 5: renner does not read it"):
        train(config, tmp_path / "run")
    assert not list(tmp_path.iterdir())
    TrainConfig.create("renner", "fashion-mnist").check_read()
    TrainConfig.create("sg-bptt", "digits", **{name: 5}).check_read()


def test_connections_frozen_twice_are_frozen_once():
    assert TrainConfig.create(arch="4c3-4c3-10", dataset="digits", freeze=(2, 1, 1)).to_dict()["net"]["freeze"] == (
        1,
        2,
    )


def test_differences_name_what_changes_the_result():
    one = TrainConfig.create("std-ed", "digits")
    other = TrainConfig.create("std-ed", "digits", seed=3, data_dir="x", checkpoint_interval=7, epochs=99)
    assert one.differences(other) == ["epochs", "seed"]


def test_recurrent_layers_are_refused_by_name():
    from lava_ed.cli.train import layer_sizes

    for refused in (lambda: TrainConfig.create("mpd-ed", "digits", arch="r128-10"), lambda: layer_sizes("64,r128")):
        with pytest.raises(ConfigError, match="r128 is recurrent"):
            refused()

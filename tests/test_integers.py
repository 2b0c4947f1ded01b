"""A setting that is an integer takes no truth value and no fraction, whichever class declares it."""

from __future__ import annotations

import json
from dataclasses import fields, make_dataclass, replace
from typing import get_type_hints

import numpy as np
import pytest

from lava_ed.cluster import Place
from lava_ed.config.training import TrainConfig
from lava_ed.continual import ContinualConfig
from lava_ed.data.events.code import EventCode
from lava_ed.data.events.simulate import Camera
from lava_ed.energy.chips import LOIHI1
from lava_ed.errors import ConfigError, ExchangeError
from lava_ed.exchange.netx.network import NetxConvolution, NetxNeuron, NetxSigmaDelta
from lava_ed.integers import settle_integers
from lava_ed.learning_rules import AggregatedMPDED, LearningRate
from lava_ed.network.adaptation import Adaptation
from lava_ed.network.schedule import Schedule
from lava_ed.network.settings import NetSettings
from lava_ed.sweep import SweepConfig

GOOD = [
    Adaptation(), AggregatedMPDED(), LearningRate(1, 0), Schedule(30, 2), LOIHI1, Place(), Camera(), EventCode(),
    NetSettings(), SweepConfig(rule="std-ed", dataset="digits"), NetxNeuron(), NetxSigmaDelta("Sigma", 1),
    NetxConvolution(), ContinualConfig(TrainConfig.create("std-ed", "digits"), "split-digits", 5),
    TrainConfig.create("std-ed", "digits", limit=5),
]  # fmt: skip
"""One of each class, whose integers are all in range."""
CASES = [
    pytest.param(good, field.name, id=f"{type(good).__name__}.{field.name}")
    for good in GOOD
    for field in fields(good)
    if get_type_hints(type(good))[field.name] in (int, int | None)
]


def test_every_class_has_an_integer():
    assert {type(case.values[0]) for case in CASES} == set(map(type, GOOD))
    assert len(CASES) > 50


@pytest.mark.parametrize("wrong", [True, False, np.True_, 1.0, "1"])
@pytest.mark.parametrize(("good", "name"), CASES)
def test_what_is_no_integer_is_refused(good, name, wrong):
    with pytest.raises((ConfigError, ExchangeError)):
        replace(good, **{name: wrong})


@pytest.mark.parametrize(("good", "name"), CASES)
def test_an_integer_of_numpy_is_one(good, name):
    value = getattr(good, name)
    if value is not None:
        found = getattr(replace(good, **{name: np.int64(value)}), name)
        assert found == value
        # JSON, in which settings are kept, knows Python's only; netx records are kept in another way.
        assert type(found) is int or type(good).__name__.startswith("Netx")


@pytest.mark.parametrize("wrong", [(True,), (1.0,), (np.True_,)])
def test_so_is_each_of_several(wrong):
    for good, name in ((NetSettings(), "init_limits"), (GOOD[-2], "strength")):
        with pytest.raises(ConfigError, match="integers are needed"):
            replace(good, **{name: wrong})


def test_settings_of_numpy_are_kept_as_pythons():
    """A run could not write the configuration that it had checked."""
    settings = {
        "hidden": [np.int16(12)], "epochs": np.int8(2), "seed": np.uint8(3), "init_limits": (np.int8(9), np.int8(9)),
        "flip": np.True_, "learning_rate": np.float32(0.5), "decay": [[np.float32(0.5), np.float32(0.25)]],
    }  # fmt: skip
    plain = {
        "hidden": (12,), "epochs": 2, "seed": 3, "init_limits": (9, 9), "flip": True, "learning_rate": 0.5,
        "decay": ((0.5, 0.25),),
    }  # fmt: skip
    found = TrainConfig.create("mpd-ed", "digits", **settings)
    assert found == TrainConfig.create("mpd-ed", "digits", **plain)
    assert json.loads(json.dumps(found.to_dict()))["hidden"] == [12]


@pytest.mark.parametrize(("good", "name"), [(GOOD[-2], "strength"), (LOIHI1, "routers")])
@pytest.mark.parametrize("wrong", [3, None, "3"])
def test_one_integer_is_not_several(good, name, wrong):
    with pytest.raises(ConfigError, match="integers are needed"):
        replace(good, **{name: wrong})


@pytest.mark.parametrize("wrong", [(8,), (8, 4, 1), (8.0, 4)])
def test_a_mesh_has_two_sides(wrong):
    with pytest.raises(ConfigError, match="integers are needed"):
        replace(LOIHI1, routers=wrong)


def test_types_count_as_they_are_not_as_they_are_written() -> None:
    settings = make_dataclass("Settings", [("n", int), ("sizes", tuple[int, ...])])
    settle_integers(settings(3, [np.int64(4)]))
    for n, sizes in ((True, (4,)), (3, (4.0,))):
        with pytest.raises(ConfigError, match="integer"):
            settle_integers(settings(n, sizes))

"""The dependency that learning visits by is chosen by a count, and changes nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from lava_ed.energy.dependency import fewest
from lava_ed.errors import ConfigError
from lava_ed.network import NetworkSpec
from lava_ed.train import Model, RunFolder, TrainConfig, train

SETTINGS = {"hidden": (6,), "epochs": 1, "limit": 150, "decay": (), "dead_zone": 20}


@pytest.mark.parametrize(
    ("visits", "expected"),
    [
        ({"dense1": (3, 2)}, "y0"),
        ({"dense1": (9, 4), "dense2": (1, 2)}, "y0-x0"),
        ({"dense1": (4, 9), "dense2": (2, 1)}, "x0-y0"),
        ({"dense1": (9, 4), "dense2": (1, 5), "dense3": (2, 2)}, "y0-x0"),
        ({"dense1": (4, 4), "dense2": (1, 1)}, "x0"),
    ],
)
def test_the_fewest_visits_of_the_hidden_connections_together_and_of_the_last(visits, expected):
    assert fewest({node: {"x0": x0, "y0": y0} for node, (x0, y0) in visits.items()}) == expected


@pytest.mark.parametrize("rule", ["std-ed", "sg-bptt"])
def test_auto_is_what_the_counts_of_the_run_say(rule, tmp_path):
    """The run is as long as the measurement, so that it visits what was measured; weights are as under x0."""
    states = {}
    for dependency in ("auto", "x0"):
        folder = RunFolder(tmp_path / dependency)
        result = train(TrainConfig.create(rule, dependency=dependency, **SETTINGS), folder.path)
        saved = folder.read_json("energy.json")["training"]
        states[dependency] = Model.read(folder.path / "model.safetensors").weights
        if dependency == "auto":
            chosen, visits = folder.read_json("config.json")["facts"]["network"]["dependency"], saved["visits"]
            assert chosen == fewest(visits)
            first = f"dense1 visits {visits['dense1']['x0'] / 150:,.0f} synapses a sample under x0"
            assert any(note.startswith(f"dependency {chosen}: {first}") for note in result["notes"])
    hidden, _, output = chosen.partition("-")
    for node, by in (("dense1", hidden), ("dense2", output or hidden)):
        counted = saved["visits"][node]
        assert counted == visits[node]
        assert min(counted.values()) == counted[by]
    for layer, weights in states["auto"].items():
        assert np.array_equal(weights, states["x0"][layer])


def test_a_long_sample_has_no_choice(tmp_path):
    result = train(TrainConfig.create("std-ed", dependency="auto", **{**SETTINGS, "steps": 40, "limit": 20}), tmp_path)
    assert any("dependency u0: a sample of 82 steps is longer than an epoch" in note for note in result["notes"])


def test_a_net_itself_has_no_choice():
    with pytest.raises(ConfigError, match="chosen where a net is trained"):
        NetworkSpec((4, 2), dependency="auto")

"""Runs that learned nothing say so, and none of the rules is one of them by its settings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lava_ed.comparison import compare, read_run
from lava_ed.data import load_dataset
from lava_ed.errors import ConfigError
from lava_ed.learning_rules import RULES
from lava_ed.network import Adaptation
from lava_ed.network.encoding import ENCODERS
from lava_ed.sweep.score import validation_accuracy
from lava_ed.train import TrainConfig, train
from lava_ed.train.chance import chance_of, is_chance, learned_nothing


def takes(rule, encoder):
    """Whether a rule takes an encoder at all."""
    try:
        TrainConfig.create(rule, "digits", encoder=encoder)
    except ConfigError:
        return False
    return True


TAKEN = [(rule, encoder) for rule in RULES for encoder in ENCODERS if encoder != "bins" and takes(rule, encoder)]
"""Bins are of recordings, not of images."""


def test_what_is_taken():
    assert set(TAKEN) == {
        ("std-ed", "ttfs"), ("relpsp-fixed", "ttfs"), ("renner", "binary"),
        *((rule, encoder) for rule in ("mpd-ed", "ssgd", "sg-bptt") for encoder in ("ttfs", "rate", "current")),
    }  # fmt: skip


@pytest.mark.parametrize(("rule", "encoder"), TAKEN)
def test_every_rule_learns_the_digits_with_every_encoder(rule, encoder, digits):
    """Held-out accuracy after ten epochs of 600 samples; chance is a tenth."""
    config = TrainConfig.create(rule, "digits", encoder=encoder, epochs=10, limit=600)
    assert validation_accuracy(config, digits) > 0.7


@pytest.mark.parametrize("dataset", ["mnist", "fashion-mnist"])
def test_every_rule_learns_the_large_data_sets(dataset, shared_data):
    """1,350 samples, twice: far from the end, and far from chance."""
    whole = load_dataset(dataset, shared_data)
    data = replace(whole, train_images=whole.train_images[:1500], train_labels=whole.train_labels[:1500])
    for rule, encoder in TAKEN:
        config = TrainConfig.create(rule, dataset, encoder=encoder, epochs=2, hidden=(64,))
        assert validation_accuracy(config, data) > 0.3, (rule, encoder)


def test_chance_by_hand():
    assert chance_of(np.array([3, 3, 3, 0])) == 0.75
    # 0.1 + 3·√(0.1·0.9/100) = 0.19
    assert is_chance(0.19, 0.1, 100)
    assert not is_chance(0.191, 0.1, 100)


def row(validation, train_accuracy=0.1, spikes=1.0):
    """Metrics of a last epoch."""
    return {
        "validation_accuracy": validation,
        "train_accuracy": train_accuracy,
        "spikes_per_neuron": {"hidden1": spikes},
    }


def test_what_is_said():
    assert learned_nothing(row(0.5), writes=3, chance=0.1, samples=100) is None
    assert "no weight was ever written, and hidden1 never spiked" in learned_nothing(row(0.5, spikes=0), 0, 0.1, 100)
    assert "validation accuracy, 9.66 % of 145 samples" in learned_nothing(row(0.0966), 3, 0.1, 145)
    assert "train accuracy, 9.00 %" in learned_nothing(row(None, 0.09), 3, 0.1, 145)
    assert learned_nothing(row(None, 0.9), 3, 0.1, 145) is None


class TestARunThatLearnsNothing:
    @pytest.fixture
    def silent(self, digits, tmp_path):
        """A run whose thresholds no sum reaches."""
        settings = {"init_limits": (1,), "adaptation": Adaptation(initial_step=40, interval=0)}
        config = TrainConfig.create("mpd-ed", "digits", hidden=(8,), epochs=1, limit=100, **settings)
        return tmp_path / "run", train(config, tmp_path / "run", dataset=digits)

    def test_it_says_so(self, silent):
        assert "no weight was ever written, and hidden1 never spiked" in silent[1]["notes"][0]

    def test_no_equal_accuracy_is_found_at_chance(self, silent, digits, tmp_path):
        path, _ = silent
        learning = tmp_path / "learning"
        train(TrainConfig.create("renner", "digits", hidden=(32,), epochs=4), learning, dataset=digits)
        runs = [read_run(path), read_run(learning)]
        with pytest.raises(ConfigError, match=f"{path} learned nothing") as caught:
            compare(runs, [])
        assert "name a higher --target" in str(caught.value)
        value = compare(runs, [], target=0.5)
        assert [entry["reached"] for entry in value["rules"]] == [0, 1]

"""Small runs that several tests of training share."""

from __future__ import annotations

import pytest

from lava_ed.data import load_dataset
from lava_ed.network import Adaptation
from lava_ed.train import TrainConfig

RULES = ("std-ed", "mpd-ed")


@pytest.fixture(scope="session")
def digits():
    """The digits, loaded once."""
    return load_dataset("digits")


@pytest.fixture(params=RULES)
def rule(request):
    """Each rule in turn."""
    return request.param


@pytest.fixture
def small(rule):
    """A configuration that trains in a fraction of a second; MPD-ED with a tag between hidden layers."""

    def make(**changes):
        settings = {
            "hidden": (24, 16),
            "epochs": 2,
            "limit": 300,
            "checkpoint_interval": 128,
            # Low enough that both layers spike, and learn, from the first samples on.
            "adaptation": Adaptation(initial_step=20, interval=16),
            **changes,
        }
        return TrainConfig.create(rule, "digits", **settings)

    return make

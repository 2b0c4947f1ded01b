"""Small nets of every baseline."""

from __future__ import annotations

import numpy as np
import pytest
from nets import INPUTS, OUTPUTS, samples

from lava_ed.learning_rules import MPDED, RULES
from lava_ed.network import Adaptation, NetworkSpec

BASELINES = ("relpsp-fixed", "ssgd", "sg-bptt", "renner")


def baseline_spec(name: str, hidden: tuple[int, ...] = (8,), **changes):
    """A net of a baseline that spikes and learns within a few samples."""
    sizes = (INPUTS, *hidden, OUTPUTS)
    settings = {
        "steps": {"relpsp-fixed": 10, "renner": 1}.get(name, 6),
        "adaptation": Adaptation(initial_step={"relpsp-fixed": 26, "renner": 20}.get(name, 22), interval=0),
        "error_shift": {"relpsp-fixed": 4}.get(name, 8),
        "softmax_shift": 7,
        "dead_zone": 0,
        "init_limits": (90,) * (len(sizes) - 1),
        **changes,
    }
    if RULES[name].kind == "mpd-ed":
        settings.setdefault("dv", 300)
    rate = settings.pop("rate", {"relpsp-fixed": 2.0**-8, "renner": 2.0}.get(name, 2.0**-4))
    return NetworkSpec(sizes, RULES[name](rate), **settings)


def mpd_spec(**changes):
    """The net that the surrogate baselines share, under MPD-ED itself."""
    settings = {
        "steps": 6, "adaptation": Adaptation(initial_step=22, interval=2), "error_shift": 8, "softmax_shift": 7,
        "dead_zone": 0, "init_limits": (90, 90), "dv": 300, **changes,
    }  # fmt: skip
    return NetworkSpec((INPUTS, 8, OUTPUTS), MPDED(2.0**-4), **settings)


@pytest.fixture(params=BASELINES)
def baseline(request):
    """Each baseline in turn."""
    return request.param


@pytest.fixture(scope="session")
def some_samples():
    """Images and labels."""
    images, labels = samples(30)
    return images, labels.astype(np.int64)

"""Counters of our nets against counts made by hand from recorded spikes, states, traces and weights."""

from __future__ import annotations

import numpy as np
import pytest
from ed_counters import counts_by_hand, record
from nets import samples, small_spec

from lava_ed.engine import build_program
from lava_ed.kernels.counting import COUNTERS, PHASES
from lava_ed.learning_rules import MPDED, STDED
from lava_ed.network import Adaptation, NetworkSpec

SAMPLES = 6
CASES = [
    *(
        (kind, hidden, {"feedback": feedback})
        for kind in ("std-ed", "mpd-ed")
        for hidden in ((8,), (8, 7), (8, 7, 6))
        for feedback in ("symmetric", "random")
    ),
    *(
        # A low threshold, which outputs reach while their last input arrives.
        (kind, (9, 8), {"readout": "first-spike", "feedback": feedback, "readout_adaptation": Adaptation(10)})
        for kind in ("std-ed", "mpd-ed")
        for feedback in ("symmetric", "random")
    ),
    ("std-ed", (), {}),
    # Outputs that spike in the last step of a sample.
    ("std-ed", (), {"readout": "first-spike", "readout_adaptation": Adaptation(25, interval=0)}),
    ("std-ed", (), {"readout": "first-spike", "readout_adaptation": Adaptation(29, interval=0)}),
    ("mpd-ed", (), {}),
    ("std-ed", (8,), {"steps": 33}),
    ("std-ed", (8, 7), {"weight_rounding": "carry"}),
    ("mpd-ed", (8,), {"weight_rounding": "carry"}),
    ("std-ed", (8,), {"dead_zone": 60}),
    ("mpd-ed", (8, 7), {"dead_zone": 60}),
    ("std-ed", (8,), {"input_drop": 90}),
    ("mpd-ed", (8, 7), {"input_drop": 90, "dv": 0}),
    ("mpd-ed", (8,), {"encoder": "current", "weight_exponents": (-6, 0)}),
    ("mpd-ed", (8, 7), {"encoder": "ttfs"}),
    ("mpd-ed", (8,), {"rule": MPDED(2.0**-9), "steps": 32}),
]


def named(case):
    kind, hidden, changes = case
    shown = (f"{name}={value}" for name, value in changes.items() if name not in ("rule", "readout_adaptation"))
    return "-".join([kind, *map(str, hidden), *shown])


@pytest.mark.parametrize("learning", [True, False], ids=["training", "inference"])
@pytest.mark.parametrize("case", CASES, ids=named)
def test_every_counter_is_what_the_definitions_say(case, learning):
    """Step by step, and the samples at once, where windows are jumped over."""
    kind, hidden, changes = case
    images, labels = samples(SAMPLES)
    check(small_spec(kind, hidden, **changes), images, labels, learning=learning)


def check(spec, images, labels, *, learning=True, weights=None):
    """The counters of the samples step by step, and of all at once, against those by hand."""
    stepped, whole = build_program(spec, weights), build_program(spec, weights)
    for program in (stepped, whole):
        program.bind(images)
        if not learning:
            for node, var in program.variables:
                if var == "adapting" or (node, var) == ("error", "learning"):
                    program.set(node, var, 0)
    whole.present(np.arange(len(labels)), labels)
    queue = stepped.get("labels", "labels")
    queue[: len(labels)] = labels
    stepped.set("labels", "labels", queue)
    expected = counts_by_hand(spec, record(stepped, spec, len(labels) * spec.schedule.period))
    assert whole.counters() == stepped.counters()
    found = stepped.counters()
    assert set(found) == set(expected)
    for node, counts in found.items():
        for counter in COUNTERS:
            by_hand = {phase: expected[node][counter, phase] for phase in PHASES}
            assert counts[counter] == by_hand, f"{node} {counter}"
    return found


@pytest.mark.parametrize("neurons", [1, 9])
def test_a_neuron_whose_current_its_last_input_cancels_is_counted_once(neurons):
    """Weights 200 and −200, values 5 and 1: u ends at 0 with an input, V = 200·5 − 200·1, and the spike is at once."""
    spec = NetworkSpec((2, neurons, 2), STDED(), steps=6, adaptation=Adaptation(initial_step=0, interval=0))
    signs = np.array([[100], [-100]], np.int8)
    weights = [np.tile(signs, neurons), np.zeros((neurons, 2), np.int8)]
    images = np.array([[255, 51]], np.uint8)  # x = 5 and 1
    counts = check(spec, images, np.zeros(1, np.int64), weights=weights)
    # The spikes are sent in steps 1 and 5 and arrive one later: a current from step 2 to 5, an input in step 6.
    assert counts["hidden1"]["neuron_updates_active"]["forward"] == 5 * neurons

"""The known collapse of SSGD in small deep nets: dead gradients, seen as such, and not shared by MPD-ED."""

from __future__ import annotations

from lava_ed.diagnose import diagnose_run
from lava_ed.network import Adaptation
from lava_ed.train import TrainConfig, train


def outcome(digits, folder, rule, **settings):
    """Test accuracy and the last epoch's diagnosis of 64-100-100-10 after a short training."""
    config = TrainConfig.create(rule, "digits", hidden=(100, 100), epochs=4, limit=800, init_limits=(8,), **settings)
    accuracy = train(config, folder / "run", dataset=digits)["test_accuracy"]
    return accuracy, diagnose_run(folder / "run", samples=40, components=8, dataset=digits)["epochs"][-1]


def test_a_narrow_band_leaves_ssgd_at_chance(digits, tmp_path):
    """The second layer is silent and too far from its threshold: no error comes back, and nothing moves."""
    fixed = Adaptation(initial_step=28, interval=0)
    accuracy, last = outcome(digits, tmp_path, "ssgd", half_width=1, adaptation=fixed)
    assert accuracy < 0.15
    assert last["silent"]["hidden2"] == last["dead"]["hidden2"] == 1.0
    assert last["gradient_norms"]["dense1"] == {}


def test_a_wide_band_does_not(digits, tmp_path):
    fixed = Adaptation(initial_step=28, interval=0)
    accuracy, last = outcome(digits, tmp_path, "ssgd", half_width=24, adaptation=fixed)
    assert accuracy > 0.7
    assert last["gradient_norms"]["dense1"]["p50"] > 0


def test_adaptive_thresholds_do_not(digits, tmp_path):
    """MPD-ED from the same weights and thresholds: these fall until the layer fires."""
    adaptive = Adaptation(initial_step=28, interval=8, low=26, high=115, ceiling=128)
    accuracy, last = outcome(digits, tmp_path, "mpd-ed", adaptation=adaptive)
    assert accuracy > 0.7
    assert last["silent"]["hidden2"] < 0.9

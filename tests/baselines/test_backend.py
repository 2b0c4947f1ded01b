"""Every baseline in the training loop: state, resume, what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest
from baselines.conftest import baseline_spec

from lava_ed.backends.backend import make_backend
from lava_ed.baselines import BaselineBackend
from lava_ed.engine import build_program
from lava_ed.errors import BackendError, CheckpointError, ConfigError, DataError, FixedPointOverflowError, ShapeError
from lava_ed.learning_rules import RULES
from lava_ed.network import Adaptation, NetworkSpec
from lava_ed.runs.folder import MODEL
from lava_ed.train import RunFolder, TrainConfig, TrainingInterrupted, train
from lava_ed.train.progress import Reporter


def bound(name, some_samples, **changes):
    """A back end with images."""
    backend = BaselineBackend(baseline_spec(name, **changes))
    backend.bind(some_samples[0])
    return backend


def assert_equal_states(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


def test_a_loaded_state_goes_on_as_the_saved_one(baseline, some_samples):
    labels = some_samples[1]
    one, twin = bound(baseline, some_samples), bound(baseline, some_samples)
    start = one.state()
    one.present(np.arange(15), labels[:15])
    twin.load_state(one.state())
    assert_equal_states(one.state(), twin.state())
    rows = np.arange(15, 30)
    np.testing.assert_array_equal(one.present(rows, labels[rows]), twin.present(rows, labels[rows]))
    assert_equal_states(one.state(), twin.state())
    assert one.counters() == twin.counters()
    assert np.any(one.state()["dense1.weights"] != start["dense1.weights"])
    assert np.any(one.state()["dense2.weights"] != start["dense2.weights"])


def test_each_hidden_layer_has_its_own_threshold():
    state = BaselineBackend(baseline_spec("sg-bptt", (8, 5), threshold_steps=(20, 23))).state()
    assert [int(state[f"hidden{layer}.threshold_step"][0]) for layer in (1, 2)] == [20, 23]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: state.pop("dense1.weights"),
        lambda state: state.update({"dense1.weights": state["dense1.weights"].T}),
        lambda state: state.update({"dense2.weights": state["dense2.weights"] | 1}),
        lambda state: state.update({"hidden1.threshold_step": np.array([99], np.int32)}),
    ],
    ids=["missing", "transposed", "odd", "out of range"],
)
def test_a_state_that_does_not_fit_changes_nothing(some_samples, spoil):
    backend = bound("ssgd", some_samples)
    backend.present(np.arange(9), some_samples[1][:9])
    saved, before = backend.state(), backend.state()
    spoil(saved)
    with pytest.raises(CheckpointError):
        backend.load_state(saved)
    assert_equal_states(before, backend.state())


def test_nothing_learns_while_learning_is_off(baseline, some_samples):
    backend = bound(baseline, some_samples, adaptation=Adaptation(initial_step=22, interval=2))
    backend.set_learning(False)
    before = backend.state()
    backend.present(np.arange(30), some_samples[1])
    after = backend.state()
    for name in before:
        if name.endswith((".weights", ".threshold_step", ".triggered", ".fired")):
            np.testing.assert_array_equal(before[name], after[name], err_msg=name)
    for counter in ("synaptic_updates", "weight_writes", "graded_synops", "host_ops"):
        assert sum(sum(node[counter].values()) for node in backend.counters().values()) == 0
    assert all(v >= 0 for node in backend.counters().values() for row in node.values() for v in row.values())


class Stopping(Reporter):
    """Presses Ctrl-C after so many samples of an epoch."""

    def __init__(self, epoch, done):
        self.at = (epoch, done)

    def chunk(self, epoch, epochs, done, samples):
        import signal

        if (epoch, done) >= self.at:
            signal.raise_signal(signal.SIGINT)


def test_a_stopped_run_resumes_to_the_same_bytes(baseline, digits, tmp_path):
    config = TrainConfig.create(baseline, "digits", hidden=(16,), epochs=2, limit=300, checkpoint_interval=128)
    with pytest.raises(TrainingInterrupted):
        train(config, tmp_path / "run", dataset=digits, reporter=Stopping(1, 100))
    train(config, tmp_path / "run", resume=True, dataset=digits)
    summary = train(config, tmp_path / "whole", dataset=digits)
    assert (tmp_path / "run" / MODEL).read_bytes() == (tmp_path / "whole" / MODEL).read_bytes()
    rows = RunFolder(tmp_path / "whole").read_metrics()
    assert rows[0].keys() >= {"train_accuracy", "spikes_per_neuron", "backward_messages", "synaptic_updates"}
    json.dumps(summary, allow_nan=False)


def test_every_baseline_learns_the_digits(baseline, digits, tmp_path):
    settings = {"init_limits": (8,), "learning_rate": 0.25, "adaptation": Adaptation(initial_step=18, interval=0)}
    extra = settings if baseline == "renner" else {}
    config = TrainConfig.create(baseline, "digits", hidden=(64,), epochs=4, **extra)
    assert train(config, tmp_path / "run", dataset=digits)["test_accuracy"] > 0.7


def test_bad_samples_are_refused(some_samples):
    backend = BaselineBackend(baseline_spec("ssgd"))
    with pytest.raises(BackendError, match="bind"):
        backend.present(np.arange(2), np.arange(2))
    with pytest.raises(ShapeError, match="uint8"):
        backend.bind(np.zeros((3, 5), np.uint8))
    backend.bind(some_samples[0])
    with pytest.raises(DataError, match="indices span"):
        backend.present(np.array([30]), np.array([0]))
    with pytest.raises(DataError, match="labels span"):
        backend.present(np.array([0]), np.array([3]))
    with pytest.raises(ShapeError, match="one a sample"):
        backend.present(np.arange(2), np.arange(3))


def test_overflow_follows_the_policy(some_samples):
    images = np.full((2, 12), 255, np.uint8)
    weights = [np.full((12, 8), -128, np.int8), np.full((8, 3), 100, np.int8)]
    for policy in ("raise", "wrap"):
        spec = baseline_spec("ssgd", steps=32, weight_exponents=(7, 0), overflow=policy, dv=0)
        backend = BaselineBackend(spec, weights)
        backend.bind(images)
        if policy == "raise":
            with pytest.raises(FixedPointOverflowError, match="24-bit"):
                backend.present(np.arange(2), np.zeros(2, np.int64))
            assert backend.state()["encoder.presentation"][0] == 0
        else:
            backend.present(np.arange(2), np.zeros(2, np.int64))
            assert backend.state()["encoder.presentation"][0] == 1


def test_a_baseline_has_no_program_and_no_processes(baseline):
    spec = baseline_spec(baseline)
    with pytest.raises(ConfigError, match="baseline"):
        build_program(spec)
    with pytest.raises(ConfigError, match="no Lava processes"):
        make_backend("lava", spec)
    with pytest.raises(ConfigError, match="without Lava processes"):
        spec.rule.to_lava()


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("ssgd", {"readout": "first-spike"}, "readout='membrane'"),
        ("sg-bptt", {"feedback": "random"}, "feedback='symmetric'"),
        ("relpsp-fixed", {"encoder": "rate"}, "ttfs"),
        ("renner", {"encoder": "rate"}, "binary"),
        ("ssgd", {"encoder": "binary"}, "no other rule"),
        ("renner", {"hidden": (8, 8)}, "one hidden layer"),
        ("renner", {"steps": 2}, "T = 1 … 1"),
    ],
)
def test_settings_that_a_baseline_does_not_have(name, changes, message):
    with pytest.raises(ConfigError, match=message):
        baseline_spec(name, **changes)


def test_a_spec_survives_its_dictionary(baseline):
    spec = baseline_spec(baseline)
    assert NetworkSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
    assert RULES[baseline].baseline


def test_published_rule_strings():
    assert RULES["renner"]().dw() == "4*y0*x0*y1 - 2*y0*x0"
    assert "x_i - x_j" in RULES["relpsp-fixed"]().dw()


def test_a_dependency_changes_what_is_visited_and_nothing_else(baseline, some_samples):
    images, labels = some_samples
    counted, weights = {}, []
    for dependency in ("x0", "y0"):
        backend = BaselineBackend(baseline_spec(baseline, (8,), dependency=dependency))
        backend.bind(images)
        backend.present(np.arange(6), labels[:6])
        counts = backend.counters()
        counted[dependency] = [counts[f"dense{layer}"]["synaptic_updates"]["update"] for layer in (1, 2)]
        weights.append(backend.weights(1).tolist())
    visits = backend.net.visits[1:]
    assert (counted["y0"][0], counted["x0"][0]) == (visits[0, 1], visits[0, 0])
    assert weights[0] == weights[1]
    if baseline == "renner":  # an error wakes three copies of its neuron, in the step of its sign
        assert visits[0, 1] % (3 * backend.spec.sizes[0]) == 0

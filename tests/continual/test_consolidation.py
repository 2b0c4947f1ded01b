"""Counters, importances and pulls by hand; and that Lava's runtime learns tasks with the engine's integers."""

from __future__ import annotations

import signal
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from lava_ed.config import TrainConfig
from lava_ed.continual import Consolidation, ContinualConfig, learn_tasks
from lava_ed.continual import learner as learning
from lava_ed.continual.consolidation import OBSERVED_MAX, STRENGTH_MAX
from lava_ed.continual.learner import Learner
from lava_ed.data import Dataset, load_dataset
from lava_ed.errors import ConfigError, DataError
from lava_ed.kernels.loihi.consolidation import balance
from lava_ed.train import TrainingInterrupted


class Vars(dict):
    """A back end that is only its Vars."""

    def read(self, node, var):
        return np.array(self[node, var])

    def write(self, node, var, value):
        self[node, var] = value


def one_layer(weights, strength=64):
    net = Vars({("dense1", "weights"): np.array(weights), ("error", "gate"): [1]})
    spec = SimpleNamespace(seed=3, layers=range(1, 2), synapses=lambda layer: f"dense{layer}")
    return net, Consolidation(spec, net, (strength,))


def test_importance_is_the_product_of_the_counters_over_their_means():
    net, consolidation = one_layer(np.zeros((2, 3), int))
    net["dense1", "x1"] = [1, 2, 0]
    net["dense1", "y1"], net["dense1", "y2"] = [0, 3], [1, 0]
    consolidation.observe()
    net["error", "gate"] = [0]
    net["dense1", "x1"] = [9, 9, 9]
    consolidation.observe()  # nothing was learned from this sample
    consolidation.end_task()
    # x²: 1, 4, 0 of mean 5/3; y²: 1, 9 of mean 5.
    exact = 4 * np.outer([1 / 5, 9 / 5], [3 / 5, 12 / 5, 0])
    assert np.abs(consolidation.importance[0] - exact).max() < 1
    assert consolidation.importance[0].tolist() == [[0, 1, 0], [4, 17, 0]]
    for _ in range(40):
        net["error", "gate"] = [1]
        consolidation.observe()
        consolidation.end_task()
    assert consolidation.importance[0].max() == 255


def test_the_largest_strength_and_counters_saturate():
    _, consolidation = one_layer(np.zeros((1, 1 << 15), int), STRENGTH_MAX)
    consolidation._pre[0][-1] = consolidation._post[0][0] = OBSERVED_MAX * 254**2
    assert consolidation._post[0][0] < 1 << 32
    consolidation.end_task()
    assert consolidation.importance[0][0, -1] == 255
    assert not consolidation.importance[0][0, :-1].any()


def test_a_pull_divides_the_way_from_the_anchor_and_rounds_without_bias():
    n = 4000
    net, consolidation = one_layer(np.zeros((2, n), int))
    consolidation.anchors[0][:] = 5
    consolidation.importance[0][1] = 3
    net["dense1", "weights"] = np.full((2, n), 2 * -2)
    consolidation.pull()
    free, held = net["dense1", "weights"] // 2
    assert (free == -2).all()  # importance 0
    assert set(held.tolist()) == {5 - 1, 5 - 2}  # 7/4
    assert abs(held.mean() - (5 - 7 / 4)) < 0.04  # five standard deviations
    assert consolidation.cost()["visits"] == n
    before = held.copy()
    consolidation.pull()
    assert (net["dense1", "weights"][1] // 2 != before).any()  # other random bits


def test_balanced_weights_are_shifted_by_the_mean_drive():
    weights = np.array([[4, 4, 4], [1, 0, 0], [-127, -128, -127], [-128, 127, 127]], np.int32)
    words = np.full(weights.shape, 3 << 14, np.uint16)  # r = 3/4
    words[:, 0] = 0
    balance(weights, np.array([1, 2, 1]), words)
    # Drives over the sum of inputs: 4, 1/4, -127.5, 63.25.
    assert weights.tolist() == [[0, 0, 0], [1, -1, -1], [1, -1, 0], [-128, 63, 63]]


@pytest.mark.parametrize("rule", ["std-ed", "mpd-ed"])
def test_samples_that_are_seen_first_drive_no_neuron_on_average(rule):
    learner = Learner(config(rule, hidden=50), few())
    learner.backend.bind(learner.data.train_images)
    drives = []
    for _ in range(2):
        weights = learner.backend.read("dense1", "weights") // 2
        learner._balance(np.arange(40))
        drives.append(weights @ learner.data.train_images[:40].mean(axis=0) / 255)
    assert np.abs(drives[1]).mean() < np.abs(drives[0]).mean() / 4


def few(count: int = 40, tests: int = 200) -> Dataset:
    data = load_dataset("digits")
    return replace(
        data,
        train_images=data.train_images[:count], train_labels=data.train_labels[:count],
        test_images=data.test_images[:tests], test_labels=data.test_labels[:tests],
    )  # fmt: skip


def config(rule: str, backend: str = "engine", hidden: int = 8, **settings) -> ContinualConfig:
    own = {"learning": "aggregated", "encoder": "current", "steps": 4} if rule == "mpd-ed" else {}
    training = TrainConfig.create(rule, "digits", hidden=(hidden,), epochs=1, validation=0.0, backend=backend, **own)
    kept = {"strength": (128,), "interval": 3, "observed": 4, "own_outputs": True, "rest": 5000}
    return ContinualConfig(training, **{"scenario": "split-digits", "tasks": 2, **kept, **settings})


@pytest.mark.lava
@pytest.mark.parametrize("rule", ["std-ed", "mpd-ed"])
def test_lava_learns_tasks_with_the_same_integers(rule):
    pytest.importorskip("lava_ed.lava_graphs.backend")
    (here, model), (there, other) = (
        learn_tasks(config(rule, backend, balance=3), few(14, 20)) for backend in ("engine", "lava")
    )
    assert here["consolidation"]["visits"] > 0
    assert here["balancing"] == {"visits": 64 * 8, "host_ops": 2 * 64 * 8}
    assert here["microjoules_per_sample"]["balancing"] > 0
    assert [here[name] for name in ("accuracies", "consolidation", "synaptic_updates")] == [
        there[name] for name in ("accuracies", "consolidation", "synaptic_updates")
    ]
    for one, two in zip(model.weights, other.weights, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("rule", ["std-ed", "mpd-ed"])
def test_an_earlier_task_is_forgotten_less_with_consolidation(rule):
    settings = {"scenario": "permuted-digits", "tasks": 3, "own_outputs": False, "rest": None, "observed": 200}
    plain, _ = learn_tasks(config(rule, hidden=64, **settings, strength=()), few(1400))
    kept, _ = learn_tasks(config(rule, hidden=64, **settings, strength=(32,), interval=100), few(1400))
    assert plain["consolidation"] is None
    assert plain["microjoules_per_sample"]["consolidation"] == plain["microjoules_per_sample"]["balancing"] == 0
    assert plain["balancing"] is None
    assert 0 < kept["microjoules_per_sample"]["consolidation"] < kept["microjoules_per_sample"]["learning"]
    assert kept["forgetting"] < plain["forgetting"] / 2
    assert kept["average_accuracy"] > plain["average_accuracy"]


def test_outputs_of_other_tasks_do_not_learn_when_only_own_ones_do():
    learner = Learner(config("std-ed", strength=(), rest=None), few())
    begun = learner.backend.read("dense2", "weights")
    learner.learn(learner.scenario.tasks[0])
    changed = (learner.backend.read("dense2", "weights") != begun).any(axis=1)
    assert changed[:5].any()
    assert not changed[5:].any()


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"strength": (1, 2, 3)}, "one value"),
        ({"strength": (-1,)}, "from 0 on"),
        ({"strength": (1, STRENGTH_MAX + 1)}, "at most 65,536"),
        ({"interval": 0}, "at least 1"),
        ({"observed": 0}, "at least 1"),
        ({"observed": OBSERVED_MAX + 1}, "at most 65,536"),
        ({"scenario": "permuted-digits"}, "class-incremental"),
        ({"incremental": "task"}, "class-incremental"),
        ({"training": TrainConfig.create("std-ed", "digits", dependency="auto")}, "x0, y0, y0-x0 or x0-y0"),
        ({"own_outputs": False}, "own outputs"),
        ({"balance": -1}, "number of samples"),
        ({"balance": 5, "strength": (), "training": TrainConfig.create("mpd-ed", "digits")}, "leave it out"),
        ({"training": TrainConfig.create("renner", "mnist")}, "std-ed or mpd-ed"),
        ({"training": TrainConfig.create("mpd-ed", "digits")}, "aggregated"),
    ],
)
def test_what_cannot_be_learned_so(settings, complaint):
    with pytest.raises(ConfigError, match=complaint):
        replace(config("std-ed"), **settings)


def test_samples_that_are_not_there_cannot_be_balanced_on():
    with pytest.raises(ConfigError, match="balance 30: the first task has fewer"):
        Learner(config("std-ed", balance=30), few(40))


def test_samples_of_other_windows_are_refused_before_a_net_is_made():
    training = TrainConfig.create("mpd-ed", "digits", encoder="bins", steps=16, validation=0.0)
    with pytest.raises(ConfigError, match="have 64 bytes, 1 an input, and encoder bins with 16 steps takes 128, 2 an"):
        Learner(ContinualConfig(training, "split-digits", 2), few())


@pytest.fixture
def closed(monkeypatch):
    """How often a back end was closed."""
    calls = []

    def made(*settings, make=learning.make_backend):
        backend = make(*settings)
        monkeypatch.setattr(backend, "close", lambda close=backend.close: calls.append(close()))
        return backend

    monkeypatch.setattr(learning, "make_backend", made)
    return calls


def test_a_signal_ends_the_task_and_the_back_end(closed):
    said = []

    def tell(text):
        said.append(text)
        signal.raise_signal(signal.SIGTERM)

    with pytest.raises(TrainingInterrupted, match="after 1 of 2 tasks") as caught:
        learn_tasks(config("std-ed"), few(), tell)
    assert caught.value.number == signal.SIGTERM
    assert (len(said), len(closed)) == (1, 1)


def test_the_back_end_is_closed_where_consolidation_cannot_begin(closed, monkeypatch):
    def full(*settings):
        raise MemoryError

    monkeypatch.setattr(learning, "Consolidation", full)
    with pytest.raises(MemoryError):
        learn_tasks(config("std-ed"), few())
    assert len(closed) == 1


def test_data_that_do_not_make_tasks(closed):
    data = few()
    low, high, windows = data.train_labels < 5, data.test_labels > 4, replace(data, windows=2)
    unlearned = replace(data, train_images=data.train_images[low], train_labels=data.train_labels[low])
    unjudged = replace(data, test_images=data.test_images[high], test_labels=data.test_labels[high])
    for other, error, complaint in (
        (windows, ConfigError, "leave events windows=N out"),
        (unlearned, DataError, "task 2, classes 5, 6, 7, 8, 9, has no samples to learn from"),
        (unjudged, DataError, "task 1, classes 0, 1, 2, 3, 4, has no samples to be judged on"),
    ):
        with pytest.raises(error, match=complaint):
            learn_tasks(config("std-ed"), other)
    assert not closed

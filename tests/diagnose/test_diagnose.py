"""`lava-ed diagnose` on small runs of every rule, and on nets that are broken on purpose."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from lava_ed.backends.backend import EngineBackend, make_backend
from lava_ed.cli import main
from lava_ed.diagnose import diagnose_model, diagnose_run
from lava_ed.diagnose.probes import probe_of
from lava_ed.errors import ConfigError, RunFolderError
from lava_ed.network import Adaptation
from lava_ed.runs.folder import MODEL
from lava_ed.train import Model, TrainConfig, train
from lava_ed.viz.diagnosis import diagnosis_plots

RULES = ("std-ed", "mpd-ed", "relpsp-fixed", "ssgd", "sg-bptt", "renner")
SETTINGS = {
    "std-ed": {"adaptation": Adaptation(initial_step=20, interval=16)},
    "mpd-ed": {"adaptation": Adaptation(initial_step=20, interval=16)},
    "renner": {"init_limits": (8,), "learning_rate": 0.25, "adaptation": Adaptation(initial_step=18, interval=0)},
}


@pytest.fixture(scope="module", params=RULES)
def run(request, digits, tmp_path_factory):
    """Rule and folder of a short run with snapshots."""
    out = tmp_path_factory.mktemp("runs") / request.param
    config = TrainConfig.create(
        request.param, "digits", hidden=(24,), epochs=2, limit=300, snapshots=True, **SETTINGS.get(request.param, {})
    )
    train(config, out, dataset=digits)
    return request.param, out


def test_a_run_is_measured_epoch_by_epoch(run, digits):
    rule, out = run
    value = diagnose_run(out, samples=40, components=12, dataset=digits)
    assert [row["epoch"] for row in value["epochs"]] == [0, 1, 2]
    assert json.loads((out / "diagnosis.json").read_text()) == value
    for row in value["epochs"]:
        assert 0 <= row["dead"]["hidden1"] <= row["silent"]["hidden1"] <= 1
        assert 0 <= row["saturated"]["hidden1"] <= 1 - row["silent"]["hidden1"]
    last = value["epochs"][-1]
    assert last["reversal"]["compared"] > 20
    assert last["gradient_norms"]["dense2"]["p50"] > 0
    # The event-driven rules are the gradient of their smooth nets, but for rounding.
    if rule in ("std-ed", "mpd-ed", "ssgd"):
        assert last["reversal"]["share"] < 0.02
    assert value["dead_neuron_growth"]["hidden1"] == last["dead"]["hidden1"] - value["epochs"][0]["dead"]["hidden1"]


def test_probing_leaves_the_net_as_it_was(run, digits):
    _, out = run
    model = Model.read(out / MODEL)
    first = diagnose_model(model, digits.train_images[:25], digits.train_labels[:25], components=8)
    assert diagnose_model(model, digits.train_images[:25], digits.train_labels[:25], components=8) == first


def test_activity_is_that_of_the_backend(run, digits):
    """Forward spikes of the probe, summed, are those that the back end counts."""
    rule, out = run
    model = Model.read(out / MODEL)
    backend = make_backend("engine", model.spec)
    backend.load_state(model.put_into(backend.state()))
    backend.set_learning(False)
    backend.bind(digits.train_images)
    rows = np.arange(20)
    backend.present(rows, digits.train_labels[rows])
    probe, fired = probe_of(model), 0
    for row in rows:
        fired += int(np.count_nonzero(probe(digits.train_images[row], int(digits.train_labels[row])).fired[0]))
    spikes = backend.counters()["hidden1"]["spikes"]["forward"]
    if rule in ("std-ed", "relpsp-fixed", "renner"):
        assert fired == spikes > 0
    else:
        assert 0 < fired <= spikes


def test_a_dead_net_is_seen(digits):
    spec = TrainConfig.create("ssgd", "digits", hidden=(12,)).spec(64, 10)
    model = Model.of_state(spec, make_backend("engine", spec).state())
    model.weights["dense1"][:] = -1
    found = diagnose_model(model, digits.train_images[:10], digits.train_labels[:10], components=4)
    assert (found.silent["hidden1"], found.dead["hidden1"]) == (1.0, 1.0)
    assert found.gradient_norms["dense1"] == {}
    assert found.explosion["dense1"] is None


def test_a_saturated_net_is_seen(digits):
    spec = TrainConfig.create("std-ed", "digits", hidden=(12,)).spec(64, 10)
    model = Model.of_state(spec, EngineBackend(spec).state())
    model.weights["dense1"][:] = 127
    model.threshold_steps["hidden1"][:] = 0
    found = diagnose_model(model, digits.train_images[:10], digits.train_labels[:10], components=4)
    assert (found.saturated["hidden1"], found.silent["hidden1"]) == (1.0, 0.0)


def test_a_reversed_gradient_is_seen(digits, monkeypatch):
    """Every sign turned round: all components that are compared are reversed."""
    from lava_ed.diagnose import measure

    config = TrainConfig.create("std-ed", "digits", hidden=(24,), adaptation=Adaptation(initial_step=28, interval=0))
    spec = config.spec(64, 10)
    model = Model.of_state(spec, EngineBackend(spec).state())
    samples = digits.train_images[:12], digits.train_labels[:12]
    upright = diagnose_model(model, *samples, components=16)

    def turned(model):
        probe = probe_of(model)

        class Turned:
            weights = probe.weights

            def __call__(self, image, label):
                sample = probe(image, label)
                return dataclasses.replace(sample, gradient=[-g for g in sample.gradient])

        return Turned()

    monkeypatch.setattr(measure, "probe_of", turned)
    found = diagnose_model(model, *samples, components=16).reversal
    assert found["compared"] > 50
    assert found["share"] + upright.reversal["share"] == 1.0
    assert found["share"] > 0.95


def test_the_command(run, capsys):
    rule, out = run
    if rule != "renner":
        pytest.skip("one rule is enough")
    assert main(["diagnose", str(out), "--samples", "20", "--components", "6", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["rule"] == "renner"
    assert (out / "diagnosis.png").read_bytes()[:4] == b"\x89PNG"


def test_what_cannot_be_diagnosed(digits, tmp_path):
    with pytest.raises(RunFolderError):
        diagnose_run(tmp_path, dataset=digits)
    train(
        TrainConfig.create("std-ed", "digits", hidden=(8,), epochs=1, limit=60, feedback="random"),
        tmp_path / "run", dataset=digits,
    )  # fmt: skip
    with pytest.raises(ConfigError, match="no smooth net"):
        diagnose_run(tmp_path / "run", dataset=digits)


def test_explosion_by_hand():
    from lava_ed.diagnose.measure import _explosion

    # Gains 2, 2, 2 and 200: the median is 2; the size of the error itself has no influence.
    assert _explosion([2.0, 20.0, 200.0], [1.0, 10.0, 100.0]) == 1.0
    assert _explosion([2.0, 2.0, 2.0, 200.0], [1.0] * 4) == pytest.approx(np.percentile([2, 2, 2, 200], 99) / 2)
    assert _explosion([], []) is None
    assert _explosion([0.0, 0.0], [1.0, 1.0]) is None


def test_a_run_without_gradients_is_drawn(digits, tmp_path):
    """A silent net that was never corrected: no norm to draw, no sign to compare, and no warning."""
    settings = {"init_limits": (1,), "adaptation": Adaptation(initial_step=40, interval=0)}
    config = TrainConfig.create("renner", "digits", hidden=(8,), epochs=1, limit=50, **settings)
    train(config, tmp_path / "run", dataset=digits)
    value = diagnose_run(tmp_path / "run", samples=5, components=4, dataset=digits)
    for row in value["epochs"]:
        row["gradient_norms"] = {key: {} for key in row["gradient_norms"]}
    diagnosis_plots(value, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 1000

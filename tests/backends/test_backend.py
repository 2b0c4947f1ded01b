"""The engine as a back end: its state is all that matters, and can be put back."""

from __future__ import annotations

import numpy as np
import pytest

from lava_ed.errors import BackendError, CheckpointError, ConfigError, LavaNotInstalledError
from lava_ed.learning_rules import LearningRate
from lava_ed.train import EngineBackend, make_backend


@pytest.fixture
def backend(small, digits):
    """A back end with the digits bound."""
    result = EngineBackend(small().spec(64, 10))
    result.bind(digits.train_images)
    return result


def present(backend, digits, start, stop):
    """Present a range of the training samples."""
    rows = np.arange(start, stop)
    return backend.present(rows, digits.train_labels[rows])


def assert_equal_states(one, other):
    """All Vars are equal."""
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


def test_a_loaded_state_goes_on_as_the_saved_one(backend, small, digits):
    present(backend, digits, 0, 150)
    other = EngineBackend(small(seed=9).spec(64, 10))
    other.load_state(backend.state())
    assert_equal_states(backend.state(), other.state())
    assert other.program.time_step == backend.program.time_step
    # The random streams are keyed by the net's seed, which is no Var.
    twin = EngineBackend(small().spec(64, 10))
    twin.bind(digits.train_images)
    twin.load_state(backend.state())
    np.testing.assert_array_equal(present(backend, digits, 150, 300), present(twin, digits, 150, 300))
    assert_equal_states(backend.state(), twin.state())
    assert backend.counters() == twin.counters()


def test_loading_before_the_first_sample(backend, small, digits):
    twin = EngineBackend(small().spec(64, 10))
    twin.bind(digits.train_images)
    twin.load_state(backend.state())
    assert twin.program.time_step == 0
    present(backend, digits, 0, 40)
    present(twin, digits, 0, 40)
    assert_equal_states(backend.state(), twin.state())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: state.pop("dense1.weights"),
        lambda state: state.update({"dense9.weights": np.zeros(3, np.int8)}),
        lambda state: state.update({"dense1.weights": state["dense1.weights"].T}),
        lambda state: state.update({"dense1.weights": state["dense1.weights"] / 2}),
        lambda state: state.update({"dense2.weights": state["dense2.weights"] | 1}),
        lambda state: state.update({"hidden1.threshold_step": np.array([2**40])}),
        lambda state: state["hidden1.threshold_step"].fill(-(2**31)),
        lambda state: state["hidden2.threshold_step"].fill(56),
        lambda state: state["hidden1.counters"].fill(-1),
        lambda state: state["dense1.rate_exponent"].fill(64),
        lambda state: state["dense1.rate_mantissa"].fill(-1),
        lambda state: state["error.port_shift"].fill(32),
        lambda state: state["hidden1.fired"].fill(-1),
        lambda state: state["dense1.x0"].fill(2),
        lambda state: state["hidden1.v"].fill(2**23),
        lambda state: state["hidden1.presentation"].fill(7),
        lambda state: state.update({"hidden1.v": state["hidden1.v"].astype(np.uint32)}),
        lambda state: state.update({"hidden1.y1": np.full_like(state["hidden1.y1"], 2**31, dtype=np.int64)}),
        lambda state: state.update({"hidden1.v": state["hidden1.v"].astype(bool)}),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(backend, digits, spoil):
    present(backend, digits, 0, 20)
    saved = backend.state()
    present(backend, digits, 20, 60)
    before = backend.state()
    spoil(saved)
    with pytest.raises(CheckpointError):
        backend.load_state(saved)
    assert_equal_states(before, backend.state())


def test_a_program_loads_between_samples_only(backend):
    with pytest.raises(BackendError, match="not the end of a sample"):
        backend.program.load({}, 7)
    with pytest.raises(BackendError, match="no Var"):
        backend.program.load({("dense1", "nothing"): 0}, 0)


def test_nothing_learns_while_learning_is_off(backend, digits):
    present(backend, digits, 0, 100)
    before = backend.state()
    backend.set_learning(False)
    present(backend, digits, 100, 300)
    after = backend.state()
    for name in before:
        if name.endswith((".weights", ".threshold_step", ".triggered", ".fired", ".samples_counted")):
            np.testing.assert_array_equal(before[name], after[name], err_msg=name)
    backend.set_learning(True)
    present(backend, digits, 300, 400)
    assert np.any(backend.state()["dense1.weights"] != after["dense1.weights"])


def test_first_spike_readout_stops_adapting_too(small, digits):
    backend = EngineBackend(small(readout="first-spike").spec(64, 10))
    backend.set_learning(False)
    assert backend.state()["readout.adapting"][0] == 0


def test_a_rate_reaches_every_learning_connection(backend):
    backend.set_rate(LearningRate(3, -5, 2))
    state = backend.state()
    for layer in (1, 2, 3):
        assert state[f"dense{layer}.rate_mantissa"][0] == 3
        assert state[f"dense{layer}.rate_exponent"][0] == -5
    for node in ("hidden1", "hidden2", "error"):
        assert state[f"{node}.port_shift"][0] == 2


def test_unknown_back_end(small):
    with pytest.raises(ConfigError, match="engine, lava"):
        make_backend("gpu", small().spec(64, 10))


def test_lava_absent_is_said_in_one_line(small, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "lava", None)
    with pytest.raises(LavaNotInstalledError, match=r"Python 3\.10") as caught:
        make_backend("lava", small().spec(64, 10))
    assert "\n" not in str(caught.value)

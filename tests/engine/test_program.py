"""A program: what can be read and written, in which pieces it may run, and what it counts."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import INPUTS, OUTPUTS, samples, small_spec
from strategies import edged

from lava_ed.engine import Program, build, build_program
from lava_ed.engine.loops import ours
from lava_ed.engine.memory import ARENAS
from lava_ed.errors import (
    BackendError,
    ConfigError,
    DataError,
    FixedPointOverflowError,
    FixedPointOverflowWarning,
    LavaEDError,
    ShapeError,
    WeightError,
)
from lava_ed.kernels.counting import COUNTERS, NEURON_ACTIVE, NEURON_IDLE
from lava_ed.network.wiring import connections_of, initial_weights

RULES = ("std-ed", "mpd-ed")
NOT_STATE = ("samples", "labels")


def program_of(kind: str = "std-ed", hidden: tuple[int, ...] = (8,), **changes: Any) -> Program:
    """A small program with images bound."""
    program = build_program(small_spec(kind, hidden, **changes))
    program.bind(samples()[0])
    return program


def learn(program: Program, n: int, first: int = 0) -> Any:
    """Present n samples, from number `first` on, in turn."""
    rows = np.arange(first, first + n) % 8
    return program.present(rows, samples()[1][rows])


def state_of(program: Program) -> dict[tuple[str, str], Any]:
    """Copies of all Vars."""
    return {name: program.get(*name) for name in program.variables}


def assert_same(one: dict[tuple[str, str], Any], other: dict[tuple[str, str], Any]) -> None:
    """Two states agree in every Var."""
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=str(name))


@pytest.fixture(params=RULES)
def program(request: pytest.FixtureRequest) -> Program:
    """A program of each rule that has learned a little."""
    result = program_of(request.param, (8, 7))
    learn(result, 5)
    return result


# Reading and writing


def test_weights_are_even_integers_post_synaptic_first(program: Program) -> None:
    weights = program.get("dense1", "weights")
    assert weights.shape == (8, INPUTS)
    assert not np.any(weights % 2)
    assert np.any(weights)


@given(rows=st.lists(st.lists(edged(-128, 127), min_size=8, max_size=8), min_size=3, max_size=3))
@settings(max_examples=30)
def test_weights_come_back_as_they_were_written(rows: list[list[int]]) -> None:
    program = program_of()
    program.set("dense2", "weights", 2 * np.array(rows))
    np.testing.assert_array_equal(program.get("dense2", "weights"), 2 * np.array(rows))


def test_what_was_read_is_a_copy(program: Program) -> None:
    before = state_of(program)
    for name in program.variables:
        program.get(*name)[...] = 1
    assert_same(before, state_of(program))


def changed(matrix: Any, value: Any) -> Any:
    """A matrix with another value in one place."""
    result = matrix.astype(object if isinstance(value, str) else np.float64)
    result[1, 2] = value
    return result


@pytest.mark.parametrize(
    ("var", "spoil", "error"),
    [
        ("weights", lambda w: w + 1, WeightError),
        ("weights", lambda w: changed(w, 256), WeightError),
        ("weights", lambda w: changed(w, -258), WeightError),
        ("weights", lambda w: changed(w, 2.5), WeightError),
        ("weights", lambda w: changed(w, np.nan), WeightError),
        ("weights", lambda w: changed(w, np.inf), WeightError),
        ("weights", lambda w: changed(w, 2**16 + 2), WeightError),
        ("weights", lambda w: changed(w, "two"), WeightError),
        ("weights", lambda w: w.T, ShapeError),
        ("weights", lambda w: w[:-1], ShapeError),
        ("weights", lambda w: w.reshape(-1), ShapeError),
        ("a_buff", lambda a: np.append(a, 0), ShapeError),
        ("a_buff", lambda a: a + 2.0**31, ConfigError),
        ("a_buff", lambda a: a + np.nan, ConfigError),
        ("a_buff", lambda a: a - np.inf, ConfigError),
        ("a_buff", lambda a: a + 1j, ConfigError),
        ("a_buff", lambda a: ["x"] * a.size, ConfigError),
        ("a_buff", lambda a: [None] * a.size, ConfigError),
    ],
)
def test_a_value_that_does_not_fit_changes_nothing(program: Program, var: str, spoil: Any, error: type) -> None:
    before = state_of(program)
    with pytest.raises(error):
        program.set("dense1", var, spoil(program.get("dense1", var)))
    assert_same(before, state_of(program))


@pytest.mark.parametrize("name", [("dense1", "nothing"), ("nobody", "weights")])
def test_unknown_vars_are_named(program: Program, name: tuple[str, str]) -> None:
    for access in (lambda: program.get(*name), lambda: program.set(*name, 0)):
        with pytest.raises(BackendError, match=r"\.".join(name)):
            access()


def test_new_weights_are_counted_as_they_are() -> None:
    """Synaptic operations follow the non-zero weights of now."""
    program = program_of()
    program.set("error", "learning", 0)
    program.set("dense1", "weights", np.zeros((8, INPUTS), int))
    learn(program, 3)
    assert program.counters()["dense1"]["synops"]["forward"] == 0
    one = np.zeros((8, INPUTS), int)
    one[5] = 2
    program.set("dense1", "weights", one)
    before = program.counters()["encoder"]["spikes"]["forward"]
    learn(program, 3)
    counters = program.counters()
    assert counters["dense1"]["synops"]["forward"] == counters["encoder"]["spikes"]["forward"] - before > 0


@pytest.mark.parametrize("kind", RULES)
@pytest.mark.parametrize("offset", [0, 1, 7, 13])
def test_counts_go_on_from_what_was_written(kind: str, offset: int) -> None:
    """Counters written in the middle of a sample: what is added to them is what an untouched twin counts."""
    program, twin = program_of(kind), program_of(kind)
    for each in (program, twin):
        each.run(2 * each.schedule.period + offset)
    names = [name for name in program.variables if name[1] == "counters"]
    before = {name: twin.get(*name) for name in names}
    for k, name in enumerate(names):
        program.set(*name, np.arange(before[name].size).reshape(before[name].shape) * 1000 + k)
    for each in (program, twin):
        each.run(31)
    for k, name in enumerate(names):
        written = np.arange(before[name].size).reshape(before[name].shape) * 1000 + k
        np.testing.assert_array_equal(program.get(*name) - written, twin.get(*name) - before[name], err_msg=str(name))


def test_counters_can_be_reset(program: Program) -> None:
    twin = program_of(program.schedule.kind, (8, 7))
    learn(twin, 5)
    before = {name: twin.get(*name) for name in twin.variables if name[1] == "counters"}
    program.reset_counters()
    assert all(not np.any(program.get(*name)) for name in before)
    for each in (program, twin):
        learn(each, 4, 5)
    for name, old in before.items():
        np.testing.assert_array_equal(program.get(*name), twin.get(*name) - old, err_msg=str(name))


# Pieces of a run


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    """State of a run at once, for each rule."""
    result = {}
    for kind in RULES:
        program = program_of(kind, (8, 7))
        program.run(5 * program.schedule.period + 3)
        result[kind] = state_of(program)
    return result


@pytest.mark.parametrize("kind", RULES)
@given(data=st.data())
@settings(max_examples=30)
def test_a_run_in_pieces_is_the_run_at_once(whole: dict[str, Any], kind: str, data: st.DataObject) -> None:
    program = program_of(kind, (8, 7))
    steps = 5 * program.schedule.period + 3
    cuts = data.draw(st.lists(st.integers(0, steps), max_size=12).map(sorted), label="cuts")
    for start, stop in zip([0, *cuts], [*cuts, steps], strict=True):
        program.run(stop - start)
    assert program.time_step == steps
    assert_same(whole[kind], state_of(program))


def test_counters_of_a_run_are_the_sum_of_those_of_its_parts(whole: dict[str, Any]) -> None:
    for kind in RULES:
        program = program_of(kind, (8, 7))
        total: dict[tuple[str, str], Any] = Counter()
        for steps in (1, 2 * program.schedule.period, 11, 3 * program.schedule.period - 9):
            program.reset_counters()
            program.run(steps)
            total.update({name: program.get(*name) for name in program.variables if name[1] == "counters"})
        for name, value in total.items():
            np.testing.assert_array_equal(value, whole[kind][name], err_msg=str(name))


def test_a_run_returns_the_number_of_decisions(program: Program) -> None:
    period = program.schedule.period
    assert program.run(0) == 0
    assert program.run(3 * period) == 3
    assert program.run(program.schedule.error_phase) == 0
    assert program.run(1) == 1


def test_negative_steps(program: Program) -> None:
    with pytest.raises(ConfigError, match="-1"):
        program.run(-1)


def test_an_interrupt_loses_no_step(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is heard right behind the compiled loop, whose steps have been run by then."""
    real = ours.run_ours

    def interrupted(*args: Any) -> None:
        real(*args)
        raise KeyboardInterrupt

    start, steps = program.time_step, 2 * program.schedule.period + 5
    with monkeypatch.context() as patch:
        patch.setattr(program, "_loop", interrupted)
        with pytest.raises(KeyboardInterrupt):
            program.run(steps)
    assert program.time_step == start + steps
    program.run(40)
    twin = program_of(program.schedule.kind, (8, 7))
    learn(twin, 5)
    twin.run(steps + 40)
    assert_same(state_of(twin), state_of(program))


def test_an_interrupt_while_idle_updates_are_counted(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    twin = program_of(program.schedule.kind, (8, 7))
    learn(twin, 5)
    with monkeypatch.context() as patch:
        patch.setattr(program._idle, "_steps", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            program.run(33)
    twin.run(33)
    assert program.counters() == twin.counters()


# Samples


def test_present_refuses_the_middle_of_a_sample(program: Program) -> None:
    program.run(1)
    before = state_of(program)
    with pytest.raises(BackendError, match=rf"phase 1 of {program.schedule.period}"):
        learn(program, 1)
    assert_same(before, state_of(program))
    program.run(program.schedule.period - 1)
    assert learn(program, 2).size == 2


@pytest.mark.parametrize(
    ("rows", "labels", "error", "text"),
    [
        ([0, 8], [0, 0], DataError, "indices span 0 … 8"),
        ([-1], [0], DataError, "indices span -1"),
        ([0.0], [0], DataError, "float64"),
        ([0], [3], DataError, "labels span 3"),
        ([0], [-1], DataError, "labels span -1"),
        ([0, 1], [0], ShapeError, "labels"),
        ([[0]], [0], ShapeError, "indices"),
    ],
)
def test_samples_that_do_not_exist(program: Program, rows: Any, labels: Any, error: type, text: str) -> None:
    before = state_of(program)
    with pytest.raises(error, match=text):
        program.present(np.array(rows), np.array(labels))
    assert_same(before, state_of(program))


def test_no_samples_are_no_steps(program: Program) -> None:
    start = program.time_step
    assert program.present(np.zeros(0, int), np.zeros(0, int)).size == 0
    assert program.time_step == start


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((4, INPUTS), np.int32),
        np.zeros((4, INPUTS + 1), np.uint8),
        np.zeros((4, INPUTS - 1), np.uint8),
        np.zeros((0, INPUTS), np.uint8),
        np.zeros(INPUTS, np.uint8),
        np.zeros((2, 2, INPUTS), np.uint8),
        np.zeros((8, INPUTS), np.uint8)[::2],
        np.zeros((INPUTS, 4), np.uint8).T,
    ],
    ids=["dtype", "too-wide", "too-narrow", "none", "vector", "cube", "strided", "transposed"],
)
def test_images_that_do_not_fit(program: Program, images: Any) -> None:
    with pytest.raises(ShapeError):
        program.bind(images)
    learn(program, 1)


def test_nothing_runs_before_images_are_bound() -> None:
    program = build_program(small_spec())
    for run in (lambda: program.run(1), lambda: learn(program, 1)):
        with pytest.raises(BackendError, match="bind"):
            run()
    assert program.time_step == 0
    program.run(0)


def test_images_bound_are_taken_in_turn() -> None:
    """Without `present`, and without a look beyond the last row."""
    program, images = program_of(), samples()[0]
    table_of = {}
    for k in range(11):
        program.run(program.schedule.period)
        value = program.get("encoder", "x")
        np.testing.assert_array_equal(table_of.setdefault(k % 8, value), value)
    program.bind(images[3:5])
    for k in (3, 4, 3):
        program.run(program.schedule.period)
        np.testing.assert_array_equal(program.get("encoder", "x"), table_of[k])


def test_images_are_not_copied() -> None:
    images = samples()[0].copy()
    program = build_program(small_spec())
    program.bind(images)
    images[0] = 0
    program.run(1)
    assert not np.any(program.get("encoder", "x"))


@pytest.mark.parametrize("readout", ["membrane", "first-spike"])
@pytest.mark.parametrize("kind", RULES)
def test_the_decision_is_the_largest_output(kind: str, readout: str) -> None:
    program = program_of(kind, readout=readout)
    right = 0
    for k in range(24):
        (decided,) = learn(program, 1, k)
        values = program.get("readout", "v" if readout == "membrane" else "x")
        assert decided == np.argmax(values) == program.get("error", "prediction")[0]
        right += decided == samples()[1][k % 8] == program.get("error", "label")[0]
    assert program.get("error", "seen")[0] == 24
    assert program.get("error", "correct")[0] == right


@pytest.mark.parametrize("kind", RULES)
def test_more_samples_than_fit_at_a_time(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in (4, 5, 6, 10, 17):
        wide = program_of(kind)
        with monkeypatch.context() as patch:
            patch.setattr(build, "CAPACITY", 5)
            narrow = program_of(kind)
        np.testing.assert_array_equal(learn(narrow, n), learn(wide, n))
        np.testing.assert_array_equal(learn(narrow, 3, n), learn(wide, 3, n))
        one, other = state_of(narrow), state_of(wide)
        for state in (one, other):
            del state["labels", "labels"]
        assert_same(one, other)


# Overflow


def overflowing(policy: str) -> Program:
    """An MPD-ED net whose error sums pass 24 bits: unshifted, and all of one sign for label 1."""
    spec = small_spec("mpd-ed", error_shift=0, overflow=policy)
    last = np.full((8, OUTPUTS), -128, np.int8)
    last[:, 0] = 127
    program = build_program(spec, [initial_weights(spec, 1), last])
    program.bind(samples()[0])
    return program


def test_overflow_raises_and_the_program_goes_on() -> None:
    program = overflowing("raise")
    with pytest.raises(FixedPointOverflowError, match=r"24-bit register by time step \d+ in dense2"):
        present_label(program, 1, 12)
    assert program.phase == program.schedule.error_phase + 1
    assert program.get("dense2", "overflows")[0] > 0
    assert np.abs(program.get("dense2", "e_buff")).max() < 2**23
    counters = program.counters()["encoder"]["barrier_steps"]
    assert counters["forward"] + counters["backward"] == program.time_step
    with pytest.raises(BackendError, match="run to the sample's end"):
        present_label(program, 1, 1)
    program.set("dense2", "weights", program.get("dense2", "weights") // 32 * 2)
    program.run(program.schedule.period - program.phase)
    assert present_label(program, 1, 3).size == 3


def present_label(program: Program, label: int, n: int) -> Any:
    """Samples that all carry one label."""
    return program.present(np.arange(n) % 8, np.full(n, label))


def test_overflow_warns() -> None:
    program = overflowing("warn")
    with pytest.warns(FixedPointOverflowWarning, match="dense2") as caught:
        present_label(program, 1, 12)
    assert len(caught) == 1
    assert program.phase == 0


def test_overflow_wraps_silently_and_as_under_warn() -> None:
    wrapped, warned = overflowing("wrap"), overflowing("warn")
    present_label(wrapped, 1, 12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FixedPointOverflowWarning)
        present_label(warned, 1, 12)
    assert wrapped.get("dense2", "overflows")[0] > 0
    assert_same(state_of(wrapped), state_of(warned))


def test_raise_stops_where_the_others_are_after_as_many_steps() -> None:
    raised, wrapped = overflowing("raise"), overflowing("wrap")
    with pytest.raises(FixedPointOverflowError):
        present_label(raised, 1, 12)
    rows = np.arange(12) % 8
    wrapped._order_samples(rows, np.ones(12, int))
    wrapped.run(raised.time_step)
    assert_same(state_of(wrapped), state_of(raised))


@pytest.mark.parametrize("kind", RULES)
def test_without_overflow_the_policies_agree(kind: str) -> None:
    states = []
    for policy in ("raise", "warn", "wrap"):
        program = program_of(kind, (8, 7), overflow=policy)
        learn(program, 20)
        states.append(state_of(program))
    assert all(value[0] == 0 for (_, var), value in states[0].items() if var == "overflows")
    assert_same(states[0], states[1])
    assert_same(states[0], states[2])


def test_unknown_policy() -> None:
    with pytest.raises(ConfigError, match="raise, warn, wrap"):
        Program([], [], small_spec().schedule, "clip")


# Saving and loading


def test_a_loaded_program_goes_on_as_the_saved_one(program: Program) -> None:
    twin = program_of(program.schedule.kind, (8, 7))
    learn(twin, 2, 3)
    values = {name: value for name, value in state_of(program).items() if name[1] not in NOT_STATE}
    twin.load(values, program.time_step)
    np.testing.assert_array_equal(learn(twin, 9, 5), learn(program, 9, 5))
    assert twin.time_step == program.time_step
    assert_same(state_of(program), state_of(twin))


def test_a_program_with_two_words_of_history_goes_on() -> None:
    one, twin = (program_of("mpd-ed", steps=40, error_shift=9) for _ in range(2))
    one.run(2 * one.period)
    assert one.get("hidden1", "spike_word")[8:].any()
    twin.load({name: value for name, value in state_of(one).items() if name[1] not in NOT_STATE}, one.time_step)
    one.run(2 * one.period)
    twin.run(2 * one.period)
    assert_same(state_of(one), state_of(twin))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (("dense2", "weights"), 1),
        (("dense2", "weights"), np.zeros((2, 2))),
        (("hidden1", "v"), [1, 2]),
        (("error", "seen"), np.nan),
    ],
)
def test_a_load_that_fails_changes_nothing(program: Program, name: tuple[str, str], value: Any) -> None:
    before, step = state_of(program), program.time_step
    values = {key: np.zeros_like(old) for key, old in before.items() if key[1] not in NOT_STATE}
    values[name] = value
    with pytest.raises(LavaEDError):
        program.load(values, 0)
    assert_same(before, state_of(program))
    assert program.time_step == step


def test_a_clock_alone_can_be_loaded(program: Program) -> None:
    """Idle counts go on from where they stand, whatever the clock says."""
    before = program.get("hidden1", "counters")
    program.load({}, 0)
    np.testing.assert_array_equal(program.get("hidden1", "counters"), before)
    program.run(program.schedule.period)
    grown = program.get("hidden1", "counters") - before
    assert grown[[NEURON_ACTIVE, NEURON_IDLE]].sum() == 8 * program.schedule.period


# What is counted


def bits(words: Any, neurons: int) -> Any:
    """Spike histories (words·n,) as a table (n, 32·words)."""
    of_neurons = words.astype(np.uint32).reshape(-1, neurons).T
    return (of_neurons[:, :, None] >> np.arange(32, dtype=np.uint32) & 1).astype(bool).reshape(neurons, -1)


class Ledger:
    """Spikes seen from outside, step by step, and what they must cost."""

    def __init__(self, spec: Any, program: Program) -> None:
        self.spec, self.program, self.schedule = spec, program, spec.schedule
        edges = list(connections_of(spec))
        self.fan_out = Counter((source, port) for source, port, _, _ in edges)
        self.counts: Counter[tuple[str, str, str]] = Counter()

    def neurons(self, layer: int) -> str:
        return "encoder" if layer == 0 else f"hidden{layer}"

    def step(self) -> None:
        """Run one step and book what happened in it."""
        program, s = self.program, self.schedule
        phase = program.phase
        weights = {layer: program.get(f"dense{layer}", "weights") for layer in self.spec.layers}
        history = "x" if s.kind == "std-ed" else "spike_word"
        before = {layer: program.get(self.neurons(layer), history) for layer in self.spec.hidden}
        program.run(1)
        self.counts["encoder", "barrier_steps", "forward" if phase <= s.error_phase else "backward"] += 1
        gate = s.kind == "mpd-ed" and bool(program.get("error", "gate")[0])
        for layer in range(len(self.spec.sizes) - 1):
            after = program.get(self.neurons(layer), "x" if layer == 0 else history)
            forward = self.encoded(phase) if layer == 0 else self.fired(before[layer], after, self.spec.sizes[layer])
            self.spikes(layer, forward, weights[layer + 1], "forward")
            offset = phase - s.error_arrival(layer + 1)
            if gate and 0 <= offset < s.steps:
                t = s.steps - 1 - offset
                again = self.encoded(t) if layer == 0 else bits(after, self.spec.sizes[layer])[:, t]
                self.spikes(layer, again, weights[layer + 1], "backward")
        self.errors(phase, weights, gate)

    def encoded(self, t: int) -> Any:
        """Inputs that spike in step t of their window."""
        x, steps = self.program.get("encoder", "x"), self.schedule.steps
        if not 0 <= t < steps:
            return np.zeros(x.shape, bool)
        if self.spec.encoder == "ttfs":
            return (x > 0) & (x == steps - t)
        if self.spec.encoder == "current":
            return x > 0
        return (t + 1) * x // steps > t * x // steps

    def fired(self, before: Any, after: Any, neurons: int) -> Any:
        """Hidden neurons whose record shows a new spike."""
        if self.schedule.kind == "std-ed":
            return (after != 0) & (before == 0)
        return (bits(after, neurons) & ~bits(before, neurons)).any(axis=1)

    def spikes(self, layer: int, fired: Any, weights: Any, phase: str) -> None:
        name, n = self.neurons(layer), int(fired.sum())
        self.counts[name, "spikes", phase] += n
        self.counts[name, "spike_messages", phase] += n * self.fan_out[name, "s_out"]
        counter = "graded_synops" if self.spec.graded_input and layer == 0 else "synops"
        self.counts[f"dense{layer + 1}", counter, phase] += int(np.count_nonzero(weights[:, fired]))

    def errors(self, phase: int, weights: Any, gate: bool) -> None:
        """Graded messages that go backwards, and the synapses that they read."""
        s, last = self.schedule, len(self.spec.sizes) - 1
        if phase == s.error_phase:
            e = self.program.get("error", "e")
            self.message("error", e, self.fan_out["error", "gate_out"] * bool(e.any()))
            if last > 1:
                self.read_back(last, e, weights[last])
        for layer in self.spec.hidden:
            offset = phase - s.error_arrival(layer)
            if offset == 0 if s.kind == "std-ed" else gate and 0 <= offset < s.steps:
                delta = self.program.get(f"hidden{layer}", "delta")
                self.message(f"hidden{layer}", delta, 0)
                if layer > 1:
                    self.read_back(layer, delta, weights[layer])

    def message(self, name: str, errors: Any, more: int) -> None:
        n = int(np.count_nonzero(errors))
        self.counts[name, "spikes", "backward"] += n
        self.counts[name, "spike_messages", "backward"] += n * self.fan_out[name, "e_out"] + more

    def read_back(self, layer: int, errors: Any, weights: Any) -> None:
        self.counts[f"dense{layer}", "graded_synops", "backward"] += int(np.count_nonzero(weights[errors != 0]))


@pytest.mark.parametrize(
    ("kind", "hidden", "changes"),
    [
        ("std-ed", (8, 7), {"error_shift": 1}),
        ("std-ed", (), {}),
        ("mpd-ed", (8, 7), {}),
        ("mpd-ed", (8,), {"encoder": "ttfs"}),
        ("mpd-ed", (8,), {"steps": 40, "error_shift": 9}),
        ("mpd-ed", (8, 7), {"encoder": "current", "weight_exponents": (-6, 0, 0)}),
    ],
)
def test_counts_are_conserved(kind: str, hidden: tuple[int, ...], changes: dict[str, Any]) -> None:
    """Messages = spikes × destinations; synops = Σ spikes × non-zero fan-out; booked from outside, step by step."""
    spec = small_spec(kind, hidden, **changes)
    program = build_program(spec)
    program.bind(samples()[0])
    weights = program.get("dense1", "weights")
    weights[:, ::3] = 0  # so that non-zero synapses are fewer than synapses
    program.set("dense1", "weights", weights)
    program._order_samples(np.arange(8), samples()[1])
    ledger = Ledger(spec, program)
    steps = 10 * spec.schedule.period + 7
    for _ in range(steps):
        ledger.step()
    counted = program.counters()
    found = {
        (node, counter, phase): n
        for node, counters in counted.items()
        for counter in ("spikes", "spike_messages", "synops", "graded_synops", "barrier_steps")
        for phase, n in counters[counter].items()
    }
    assert {key: n for key, n in found.items() if n} == {key: n for key, n in ledger.counts.items() if n}
    sizes = {**{f"hidden{layer}": spec.sizes[layer] for layer in spec.hidden}, "readout": OUTPUTS}
    for node, size in sizes.items():
        for phase in ("forward", "backward"):
            total = sum(counted[node][f"neuron_updates_{share}"][phase] for share in ("active", "idle"))
            assert total == size * ledger.counts["encoder", "barrier_steps", phase], (node, phase)
    assert sum(counted["encoder"]["barrier_steps"].values()) == program.time_step == steps
    backward = "error" if not hidden else "hidden1"
    assert counted[backward]["spikes"]["backward"] > 0, "no error travelled, the comparison is empty"


@pytest.mark.parametrize("hidden", [(8,), (8, 7)])
@pytest.mark.parametrize("kind", RULES)
def test_a_sample_that_is_right_sends_nothing_backwards(kind: str, hidden: tuple[int, ...]) -> None:
    """Inside the dead zone there is no message, no gate, no learning; outside there is."""
    program = program_of(kind, hidden, dead_zone=80)
    kinds = Counter()
    for k in range(32):
        weights = [program.get(f"dense{layer}", "weights") for layer in range(1, len(hidden) + 2)]
        triggered = program.get("error", "triggered")[0]
        program.reset_counters()
        learn(program, 1, k)
        silent = program.get("error", "triggered")[0] == triggered
        kinds[silent] += 1
        for node, counters in program.counters().items():
            for name in COUNTERS:
                if silent and name not in ("host_ops", "barrier_steps", "neuron_updates_idle"):
                    assert counters[name]["backward"] == 0, (node, name)
        if silent:
            assert not np.any(program.get("error", "e"))
            for layer, old in enumerate(weights, start=1):
                np.testing.assert_array_equal(program.get(f"dense{layer}", "weights"), old)
                assert program.counters()[f"dense{layer}"]["synaptic_updates"]["update"] == 0
        else:
            assert program.counters()["error"]["spike_messages"]["backward"] > 0
    assert min(kinds[True], kinds[False]) > 3


def test_nothing_learns_while_learning_is_off(program: Program) -> None:
    program.set("error", "learning", 0)
    before = state_of(program)
    program.reset_counters()
    learn(program, 20)
    for name, value in before.items():
        if name[1] in ("weights", "triggered"):
            np.testing.assert_array_equal(program.get(*name), value, err_msg=str(name))
    for node, counters in program.counters().items():
        assert counters["spikes"]["backward"] == 0, node
        assert counters["synaptic_updates"]["update"] == 0, node
    program.set("error", "learning", 1)
    learn(program, 20)
    assert np.any(program.get("dense1", "weights") != before["dense1", "weights"])


# Building


def test_weights_that_do_not_fit_the_spec() -> None:
    spec = small_spec()
    good = [initial_weights(spec, layer) for layer in spec.layers]
    with pytest.raises(ShapeError, match="1 weight matrices"):
        build_program(spec, good[:1])
    with pytest.raises(ShapeError, match="connection 2"):
        build_program(spec, [good[0], good[1].T])
    with pytest.raises(WeightError, match="connection 1 are int64"):
        build_program(spec, [good[0].astype(np.int64), good[1]])


def test_weights_given_are_the_ones_used_and_are_not_shared() -> None:
    spec = small_spec()
    given_weights = [np.full((spec.sizes[k - 1], spec.sizes[k]), 3, np.int8) for k in spec.layers]
    program = build_program(spec, given_weights)
    program.bind(samples()[0])
    assert np.all(program.get("dense2", "weights") == 6)
    learn(program, 20)
    assert all(np.all(matrix == 3) for matrix in given_weights)


def test_the_state_is_integers_only(program: Program) -> None:
    assert {value.dtype.kind for value in state_of(program).values()} == {"i"}
    # The one float arena holds trace decays and random numbers of Lava's own learning synapses.
    assert {name for name, t in ARENAS.items() if np.dtype(t).kind not in "iu"} == {"f64"}
    assert program._memory.arrays["f64"].size == 0

"""The phases of a sample: tables written out by hand for T = 3, W = 2, and what holds for all."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_ed.errors import ConfigError
from lava_ed.network.schedule import READOUTS, Schedule

# One row a phase: who integrates, who may fire, what happens to errors.
TABLES = {
    ("std-ed", "membrane"): """
        0  integrate 1    fire 0
        1  integrate 1    fire 0
        2  integrate 1    fire 0
        3  integrate 1 2  fire 1
        4  integrate 2    fire 1
        5  integrate 2    fire 1
        6  integrate 2    -       membrane error arrive 2
        7  -              -       arrive 1 learn
    """,
    ("std-ed", "first-spike"): """
        0  integrate 1    fire 0
        1  integrate 1    fire 0
        2  integrate 1    fire 0
        3  integrate 1 2  fire 1
        4  integrate 2    fire 1
        5  integrate 2    fire 1
        6  integrate 2    fire 2  membrane
        7  -              fire 2
        8  -              fire 2  error arrive 2
        9  -              -       arrive 1 learn
    """,
    ("mpd-ed", "membrane"): """
        0  -              fire 0
        1  integrate 1    fire 0 1
        2  integrate 1 2  fire 0 1
        3  integrate 1 2  fire 1
        4  integrate 2    -       membrane error arrive 2
        5  -              -       arrive 1
        6  -              -
        7  -              -       learn
    """,
    ("mpd-ed", "first-spike"): """
        0  -              fire 0
        1  integrate 1    fire 0 1
        2  integrate 1 2  fire 0 1
        3  integrate 1 2  fire 1
        4  integrate 2    fire 2  membrane
        5  -              fire 2
        6  -              fire 2  error arrive 2
        7  -              -       arrive 1
        8  -              -
        9  -              -       learn
    """,
}


def row_of(s: Schedule, phase: int) -> str:
    """The same row, from the schedule's properties."""
    layers = range(1, s.layers + 1)
    taking = [n for n in layers if s.integrate_start(n) <= phase < s.integrate_stop(n)]
    starts = {n: s.fire_start(n) for n in range(s.layers)}
    if s.readout == "first-spike":  # a membrane readout never fires, this one once its membranes are final
        starts[s.layers] = s.membrane_phase
    firing = [n for n, start in starts.items() if start <= phase < start + s.steps]
    words = [str(phase), "integrate", *taking] if taking else [str(phase), "-"]
    words += ["fire", *firing] if firing else ["-"]
    words += ["membrane"] * (phase == s.membrane_phase) + ["error"] * (phase == s.error_phase)
    for n in reversed(layers):
        words += ["arrive", n] if phase == s.error_arrival(n) else []
    words += ["learn"] * (phase == s.learning_phase)
    return " ".join(map(str, words))


@pytest.mark.parametrize(("kind", "readout"), TABLES)
def test_tables_by_hand(kind, readout):
    s = Schedule(3, 2, kind, readout)
    expected = [" ".join(line.split()) for line in TABLES[kind, readout].strip().splitlines()]
    assert [row_of(s, phase) for phase in range(s.period)] == expected


@pytest.mark.parametrize(
    ("arguments", "period", "error", "epoch"),
    [
        ((16, 2, "std-ed"), 34, 32, (34, "x0")),
        ((16, 3, "std-ed"), 51, 48, (51, "x0")),
        ((32, 2, "std-ed"), 66, 64, (33, "u0")),
        ((2, 21, "std-ed"), 63, 42, (63, "x0")),
        ((31, 2, "std-ed"), 64, 62, (32, "u0")),
        ((66, 1, "std-ed"), 67, 66, (1, "u0")),  # a prime
        ((127, 3, "std-ed", "first-spike"), 510, 507, (51, "u0")),
        ((8, 2, "mpd-ed"), 18, 9, (1, "x0")),
        ((32, 3, "mpd-ed", "first-spike"), 99, 65, (1, "x0")),
    ],
)
def test_periods_and_epochs_by_hand(arguments, period, error, epoch):
    s = Schedule(*arguments)
    assert (s.period, s.error_phase, s.learning_epoch) == (period, error, epoch)


@st.composite
def schedules(draw):
    kind = draw(st.sampled_from(["std-ed", "mpd-ed"]))
    steps = draw(st.integers(2, 127 if kind == "std-ed" else 32))
    return Schedule(steps, draw(st.integers(1, 6)), kind, draw(st.sampled_from(READOUTS)))


@given(s=schedules())
def test_windows_lie_within_the_period(s):
    for layer in range(1, s.layers + 1):
        assert 0 <= s.integrate_start(layer) < s.integrate_stop(layer) <= s.period
        assert 0 <= s.fire_start(layer - 1) < s.fire_start(layer - 1) + s.steps <= s.error_phase
        assert s.integrate_stop(layer) - 1 <= s.membrane_phase <= s.error_phase
        last = s.error_arrival(layer) + (s.steps - 1 if s.kind == "mpd-ed" and layer < s.layers else 0)
        assert s.error_phase <= s.error_arrival(layer) <= last <= s.learning_phase == s.period - 1


@given(s=schedules())
def test_every_spike_is_taken_one_step_later_at_most(s):
    """A Dense sends at t what it summed at t − 1, so that input is open one step longer than its source fires."""
    for layer in range(1, s.layers + 1):
        source = s.fire_start(layer - 1)
        assert s.integrate_start(layer) <= source + 1
        assert s.integrate_stop(layer) == source + 1 + s.steps


@given(s=schedules())
def test_errors_climb_one_layer_a_step(s):
    arrivals = [s.error_arrival(layer) for layer in range(s.layers, 0, -1)]
    assert arrivals[0] == s.error_phase
    assert all(later == earlier + 1 for earlier, later in itertools.pairwise(arrivals))
    # The first layer is the last to have its error: STD-ED at once, MPD-ED after T replayed steps.
    assert arrivals[-1] + (0 if s.kind == "std-ed" else s.steps - 1) == s.learning_phase


@given(s=schedules())
def test_an_epoch_divides_the_period(s):
    epoch, dependency = s.learning_epoch
    assert 1 <= epoch <= 63
    assert s.period % epoch == 0
    if s.kind == "std-ed":
        assert dependency == ("x0" if epoch == s.period else "u0")
        assert all(s.period % d for d in range(epoch + 1, 64))


@given(s=schedules())
def test_a_first_spike_readout_waits_a_window(s):
    other = Schedule(s.steps, s.layers, s.kind, "membrane")
    extra = s.steps - 1 if s.readout == "first-spike" else 0
    assert s.error_phase - other.error_phase == s.period - other.period == extra
    assert s.membrane_phase == other.membrane_phase == other.error_phase


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((128, 1, "std-ed"), "T = 2 … 127"),
        ((1, 1, "std-ed"), "T = 2 … 127"),
        ((65, 1, "mpd-ed"), "T = 2 … 64"),
        ((0, 1, "mpd-ed"), "T = 2 … 64"),
        ((8, 0, "std-ed"), "at least 1 weight layer, got 0"),
        ((8, 2, "bptt"), "kind 'bptt' is unknown: use one of std-ed, mpd-ed"),
        ((8, 2, "std-ed", "spikes"), "readout 'spikes' is unknown: use one of membrane, first-spike"),
    ],
)
def test_bad_schedules_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        Schedule(*arguments)


def test_longest_windows_are_accepted():
    assert Schedule(127, 1, "std-ed").steps == 127
    assert Schedule(32, 1, "mpd-ed").steps == 32


def test_schedules_of_the_baselines_by_hand():
    # T = 10, W = 2: layer 2 takes its last step at phase 2 + 10, where the error arrives; layer 1 has δ one later.
    relpsp = Schedule(10, 2, "relpsp")
    assert (relpsp.error_phase, relpsp.error_arrival(1), relpsp.period) == (12, 13, 14)
    renner = Schedule(1, 2, "renner")
    assert (renner.error_phase, renner.period, renner.learning_epoch) == (3, 12, (1, "x0"))

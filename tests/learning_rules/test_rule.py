"""Rules as strings and schedules, and Lava's own reading of every scale."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_ed.errors import ConfigError, LavaNotInstalledError, UnrepresentableRateError
from lava_ed.kernels.loihi.plasticity import product
from lava_ed.learning_rules import MPDED, RULES, STDED, AggregatedMPDED, LearningRate, halvings

KINDS = (STDED, MPDED)


def test_strings_by_hand():
    assert STDED(2.0**-10).dw() == "2^-7*x0*x1*y1 - 2^-7*x0*x1*y2"
    assert STDED(2.0**-10).dw("u0") == "2^-7*u0*x1*y1 - 2^-7*u0*x1*y2"
    assert MPDED(3 * 2.0**-7).dw() == "3*2^-7*x0*y1 - 3*2^-7*x0*y2"
    assert MPDED().dw(rate=LearningRate(7, 2)) == "7*2^2*x0*y1 - 7*2^2*x0*y2"


def test_defaults_by_hand():
    """The smallest rates without a shift at the port: x1·y1 loses 3 bits, y1 alone none."""
    assert (STDED().excess, MPDED().excess) == (3, 0)
    assert (STDED().factor_bits, MPDED().factor_bits) == (14, 7)
    for rule, value in ((STDED(), 2.0**-10), (MPDED(), 2.0**-7)):
        assert rule.rate == LearningRate(1, -7, 0, rule.excess)
        assert rule.learning_rate == value
        assert [rule.rate_at(p).value / value for p in (0, 0.49, 0.5, 0.74, 0.75, 1)] == [
            1,
            1,
            0.5,
            0.5,
            0.25,
            0.25,
        ]


def test_a_spike_may_count_more_than_one():
    """One spike and an error of 1 at 7·2^-10, cut: 7 » 3 = 0; of 8 a spike at 2^-7: 8 » 3 = 1."""
    one, eight = AggregatedMPDED(7 * 2.0**-10), AggregatedMPDED(2.0**-7, count_shift=3)
    assert (one.rate, eight.rate) == (LearningRate(7, -7, 0, 3), LearningRate(1, -7, 0, 0))
    assert [product(1 << r.count_shift, r.rate.mantissa, r.rate.exponent, 3) for r in (one, eight)] == [0, 1]


@pytest.mark.parametrize("shift", [-1, 4, 1.5, "3"])
def test_a_spike_counts_as_1_to_8(shift):
    with pytest.raises(ConfigError, match=f"count_shift is {shift!r}, allowed is an integer 0 … 3"):
        AggregatedMPDED(count_shift=shift)


def test_names_lead_to_rules():
    assert list(RULES) == ["std-ed", "mpd-ed", "relpsp-fixed", "ssgd", "sg-bptt", "renner"]
    assert all(rule.name == name for name, rule in RULES.items())
    assert {name for name, rule in RULES.items() if not rule.baseline} == {STDED.kind, MPDED.kind}


def test_the_rate_is_kept_as_rounded():
    rule = STDED(0.003)
    assert rule.learning_rate == rule.rate.value == 3 * 2.0**-10
    assert STDED(rule.learning_rate) == rule


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_description_round_trip(kind, data):
    shares = data.draw(st.lists(st.floats(0.01, 0.99), max_size=4, unique=True))
    factors = data.draw(st.lists(st.floats(0.5, 2), min_size=len(shares), max_size=len(shares)))
    rule = kind(data.draw(st.floats(2.0**-9, 1)), tuple(zip(sorted(shares), factors, strict=True)))
    description = rule.to_dict()
    assert description.pop("name") == kind.name
    assert kind(**description) == rule


@pytest.mark.parametrize(
    "decay",
    [((0.0, 0.5),), ((1.0, 0.5),), ((0.5, 0.5), (0.5, 0.25)), ((0.6, 0.5), (0.5, 0.25)), ((-0.1, 1),)],
)
def test_bad_decay_is_refused(decay):
    with pytest.raises(ConfigError, match="increase strictly between 0 and 1"):
        STDED(decay=decay)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("rate", "decay"), [(0.0, ()), (1e9, ()), (2.0**-10, ((0.5, 1e-9),)), (1.0, ((0.5, 1e9),))])
def test_rates_that_do_not_fit_are_refused(kind, rate, decay):
    with pytest.raises(UnrepresentableRateError):
        kind(rate, decay)


@pytest.mark.parametrize("kind", KINDS)
@given(unit=st.floats(1, 4), factor=st.floats(0.2, 1))
def test_an_accepted_schedule_can_be_followed(kind, unit, factor):
    """Near the lowest rate, where rounding η decides whether η times a factor still fits."""
    low = LearningRate.limits(kind().excess)[0]
    try:
        rule = kind(unit * low, ((0.5, factor),))
    except UnrepresentableRateError:
        return
    assert rule.rate_at(0.6).value >= low


def test_factors_are_checked_on_the_rounded_rate():
    """2.49·0.41 is above 1, but 2.49 is rounded to 2, and 2·0.41 is not."""
    with pytest.raises(UnrepresentableRateError):
        MPDED(2.49 * 2.0**-14, ((0.5, 0.41),))


def test_halvings():
    assert halvings() == ()
    assert halvings(0.5, 0.75, 0.9) == ((0.5, 0.5), (0.75, 0.25), (0.9, 0.125))


def test_without_lava_one_line_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "lava.magma.core.learning.learning_rule", None)
    with pytest.raises(LavaNotInstalledError, match=r"Python 3\.10 only"):
        STDED().to_lava()


@pytest.mark.lava
@pytest.mark.parametrize("kind", KINDS)
def test_lava_reads_every_scale(kind):
    """Both products of the string, as Lava's parser holds them: m·2^(e − 7), dependency and factors."""
    rule = kind(1.0)
    traces = ["x1"] * rule.with_x1
    for mantissa in range(1, 8):
        for exponent in range(-7, 9):
            lava = rule.to_lava(rate=LearningRate(mantissa, exponent, excess=rule.excess))
            products = lava.dw.products
            assert [p.s_mantissa * 2.0 ** (p.s_exp - 7) for p in products] == [
                mantissa * 2.0**exponent,
                -mantissa * 2.0**exponent,
            ]
            assert [p.dependency for p in products] == ["x0", "x0"]
            assert [[f.state_var for f in p.factors] for p in products] == [[*traces, "y1"], [*traces, "y2"]]


@pytest.mark.lava
@pytest.mark.parametrize("kind", KINDS)
def test_lava_reads_u0(kind):
    from lava.magma.core.learning.learning_rule import Loihi3FLearningRule

    rule = Loihi3FLearningRule(dw=kind().dw("u0"), t_epoch=31)
    assert [p.dependency for p in rule.dw.products] == ["u", "u"]
    assert rule.decimate_exponent == 0


@pytest.mark.lava
def test_settings_that_lava_gets():
    """x1 has no impulse of its own and is held; epoch and seed pass through."""
    rule = STDED().to_lava(t_epoch=34, seed=5)
    assert (rule.t_epoch, rule.rng_seed, rule.x1_impulse, rule.x1_tau) == (34, 5, 0, 2**32)
    assert MPDED().to_lava().t_epoch == 1

"""The figure of a net that was never run, against the hand calculation of 784-400-10."""

from __future__ import annotations

import pytest

from lava_ed.energy import energy_range, estimate_sample, sample_counts, total
from lava_ed.errors import ConfigError, PriceListError

NET = ((784, 400, 10), (150, 120), 32)


class TestBackOfTheEnvelope:
    """150·400 + 120·10 = 61,200 synops, 410 neurons · 32 steps, 150·120 + 120·10 = 19,200 effective updates."""

    def test_counts(self):
        counts = total(sample_counts(*NET))
        assert counts["synops"]["forward"] == 61_200
        assert counts["neuron_updates_active"]["forward"] == 410 * 32
        assert counts["effective_updates"]["update"] == 19_200
        assert counts["spike_messages"]["forward"] == 270

    def test_dynamic_energy_lies_in_its_range(self):
        cost = estimate_sample(*NET)["microjoules"]["effective"]
        assert cost["low"] == pytest.approx((61_200 * 23.6 + 13_120 * 52 + 19_200 * 120 + 270 * 1.7) * 1e-6)
        assert cost["high"] == pytest.approx((61_200 * 23.6 + 13_120 * 81 + 19_200 * 120 + 270 * 1.7) * 1e-6)
        assert 4.4 <= cost["low"] <= cost["high"] <= 4.85

    @pytest.mark.parametrize(("visits", "microjoules"), [("x0", 7.3), ("y0", 11.8), ("u0", 38.1)])
    def test_visited_synapses_cost_more_than_effective_ones(self, visits, microjoules):
        assert estimate_sample(*NET)["microjoules"][visits]["updates"] == pytest.approx(microjoules, abs=0.06)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (((784,), (), 32), "at least two layers"),
        (((784, 0), (1,), 32), "at least two layers"),
        (((784, 10), (1, 2), 32), "2 layers need 1 numbers"),
        (((784, 10), (-1,), 32), "2 layers need 1 numbers"),
        (((784, 10), (1,), 0), "steps is 0"),
        (((784, 10), (1,), 32, "z0"), "visits is 'z0'"),
    ],
)
def test_numbers_that_do_not_fit(arguments, match):
    with pytest.raises(ConfigError, match=match):
        sample_counts(*arguments)


class TestRange:
    COUNTERS = {"fc": {"synops": {"forward": 1_000_000}, "hops": {"forward": 5}}}  # noqa: RUF012

    def test_by_hand(self):
        found = energy_range(self.COUNTERS, 10, ["anp-i", "loihi1-davies2018"])
        assert found["low"] == ["anp-i", pytest.approx(0.15)]
        assert found["high"] == ["loihi1-davies2018", pytest.approx(2.36 + 5 * 4e-7)]
        assert found["microjoules_per_sample"]["anp-i"]["unpriced"] == ["hops"]
        assert set(energy_range(self.COUNTERS, 10)["microjoules_per_sample"]) > {"cmos45-int8", "loihi1-silicon-fit"}

    def test_no_list_or_an_unknown_one(self):
        with pytest.raises(ConfigError, match="no price list"):
            energy_range(self.COUNTERS, 10, [])
        with pytest.raises(PriceListError, match="no price list 'mine'"):
            energy_range(self.COUNTERS, 10, ["mine"])


class TestSpikesThatFit:
    def test_one_a_neuron_and_step(self):
        """64 neurons in 8 steps: 512."""
        sample_counts((64, 32, 10), (512, 256), 8)
        with pytest.raises(ConfigError, match="layer 0 has 513 spikes, but 64 neurons spike at most 512 times"):
            sample_counts((64, 32, 10), (513, 5), 8)
        with pytest.raises(ConfigError, match="layer 1 has 257 spikes"):
            estimate_sample((64, 32, 10), (5, 257), 8)

    @pytest.mark.parametrize("rule", ["std-ed", "relpsp-fixed", "renner"])
    def test_one_a_neuron(self, rule):
        sample_counts((64, 32, 10), (64, 32), 8, rule=rule)
        with pytest.raises(ConfigError, match=f"at most 32 times .one each under {rule}."):
            sample_counts((64, 32, 10), (64, 33), 8, rule=rule)

    def test_rules(self):
        sample_counts((64, 32, 10), (512, 256), 8, rule="mpd-ed")
        with pytest.raises(ConfigError, match="rule 'ed' is unknown"):
            sample_counts((64, 32, 10), (1, 1), 8, rule="ed")

"""The profiler counts what ran inside its block, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from lava_ed.energy import EnergyProfiler, energy_report, load_price_list
from lava_ed.errors import ConfigError, PriceListError


class Net:
    """Counts 100 synops a step, and hands out the same dictionaries each time."""

    def __init__(self, period: int = 10) -> None:
        self.time_step = 0
        self.schedule = SimpleNamespace(period=period)
        self._counters = {"dense1": {"synops": {"forward": 0, "backward": 0, "update": 0}}}

    def run(self, steps: int) -> None:
        self.time_step += steps
        self._counters["dense1"]["synops"]["forward"] += 100 * steps

    def counters(self):
        return self._counters


def test_only_the_block_is_counted():
    net = Net()
    net.run(70)
    with EnergyProfiler(net, price_list="anp-i") as profiler:
        net.run(30)
    net.run(500)
    report = profiler.report()
    assert profiler.counters()["dense1"]["synops"] == {"forward": 3000, "backward": 0, "update": 0}
    assert report == energy_report({"dense1": {"synops": {"forward": 3000}}}, 3, "anp-i")
    assert report["microjoules_per_sample"]["dynamic"] == pytest.approx(3000 * 1.5 / 3 / 1e6)


def test_report_inside_the_block_is_so_far():
    net = Net()
    with EnergyProfiler(net) as profiler:
        net.run(10)
        assert profiler.report()["counts"]["synops"]["forward"] == 1000
        net.run(10)
    report = profiler.report()
    assert report["counts"]["synops"]["forward"] == 2000
    assert report["samples"] == 2
    assert report["price_list"]["name"] == "loihi1-davies2018"


def test_a_second_block_starts_from_zero():
    net = Net()
    profiler = EnergyProfiler(net)
    for steps in (10, 40):
        with profiler:
            net.run(steps)
        assert profiler.report()["samples"] == steps // 10


def test_an_exception_passes_through_and_what_ran_is_counted():
    net = Net()
    profiler = EnergyProfiler(net)

    def interrupted() -> None:
        with profiler:
            net.run(20)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    net.run(10)
    assert profiler.report()["counts"]["synops"]["forward"] == 2000


@pytest.mark.parametrize("steps", [0, 9, 11])
def test_samples_that_are_not_whole_have_to_be_given(steps):
    net = Net()
    with EnergyProfiler(net) as profiler:
        net.run(steps)
    with pytest.raises(ConfigError, match=f"{steps} steps ran, which is no whole number of samples of 10 steps"):
        profiler.report()
    assert profiler.report(samples=1)["counts"]["synops"]["forward"] == 100 * steps


def test_without_a_clock_samples_have_to_be_given():
    net = SimpleNamespace(counters=lambda: {"a": {"synops": {"forward": 5}}})
    with EnergyProfiler(net) as profiler:
        pass
    with pytest.raises(ConfigError, match=r"report\(samples=…\)"):
        profiler.report()
    assert profiler.report(samples=2)["counts"]["synops"]["forward"] == 0


def test_counters_that_are_reset_inside_are_told():
    net = Net()
    net.run(10)
    with EnergyProfiler(net) as profiler:
        net._counters["dense1"]["synops"]["forward"] = 0
    with pytest.raises(ConfigError, match="went down from 1000 to 0"):
        profiler.report(samples=1)


def test_before_the_block_there_is_nothing():
    with pytest.raises(ConfigError, match="nothing was counted yet"):
        EnergyProfiler(Net()).report(samples=1)


@pytest.mark.parametrize("program", [object(), SimpleNamespace(counters={})])
def test_what_does_not_count(program):
    with pytest.raises(ConfigError, match="does not count"):
        EnergyProfiler(program)


def test_the_list_is_checked_at_once():
    with pytest.raises(PriceListError, match="no price list 'loihi2'"):
        EnergyProfiler(Net(), price_list="loihi2")
    prices = load_price_list("anp-i")
    assert EnergyProfiler(Net(), price_list=prices).price_list is prices


def test_around_an_engine_program():
    from lava_ed.engine.build import build_program
    from lava_ed.learning_rules import STDED
    from lava_ed.network.spec import NetworkSpec

    program = build_program(NetworkSpec(sizes=(16, 8, 4), rule=STDED(), steps=8))
    images = np.random.default_rng(0).integers(0, 256, (6, 16), dtype=np.uint8)
    program.bind(images)
    program.present(np.arange(2), np.zeros(2, np.int64))
    before = program.counters()
    with EnergyProfiler(program) as presented:
        program.present(np.arange(2, 5), np.arange(3))
    with EnergyProfiler(program, price_list="cmos45-int8") as ran:
        program.run(program.schedule.period)
    assert presented.report()["samples"] == 3
    assert ran.report()["samples"] == 1
    counted = presented.report()["counts"]
    assert counted["barrier_steps"]["forward"] + counted["barrier_steps"]["backward"] == 3 * program.schedule.period
    assert counted["synops"]["forward"] > 0
    assert presented.report()["microjoules_per_sample"]["dynamic"] > 0
    spikes = [c["encoder"]["spikes"]["forward"] for c in (before, presented.counters(), ran.counters())]
    assert sum(spikes) == program.counters()["encoder"]["spikes"]["forward"]


def test_import_needs_no_lava_and_no_numba():
    code = "import sys, lava_ed.energy; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert {"lava", "numba", "numpy", "torch"}.isdisjoint(done.stdout.split())

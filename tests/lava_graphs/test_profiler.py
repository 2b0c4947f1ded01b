"""Lava's own profiler with a Loihi2SimCfg: probes and results of the chip's, as estimates."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava", reason="Lava's profiler needs Python 3.10")

from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi1SimCfg, Loihi2SimCfg

from lava_ed.energy import EnergyProfiler, Loihi2SimProfiler
from lava_ed.energy.counting import total
from lava_ed.errors import BackendError, ConfigError, EnergyEstimateWarning, PriceListError

pytestmark = [
    pytest.mark.lava,
    # Lava says that the chip's own profiler is not installed.
    pytest.mark.filterwarnings("ignore:Loihi2HWProfiler could not be imported"),
]
STEPS = 6


def net() -> list[Any]:
    """Two inputs that always spike, on one LIF each."""
    from lava.proc.dense.process import Dense
    from lava.proc.io.source import RingBuffer
    from lava.proc.lif.process import LIF

    source = RingBuffer(data=np.ones((2, 1), int))
    dense, lif = Dense(weights=np.full((3, 2), 4)), LIF(shape=(3,), vth=100)
    source.s_out.connect(dense.s_in)
    dense.a_out.connect(lif.a_in)
    return [source, dense, lif]


def profiled(**probes: dict[str, Any]) -> Any:
    """A profiler whose net ran."""
    from lava.utils.profiler import Profiler

    run_cfg = Loihi2SimCfg(select_tag="fixed_pt")
    profiler = Profiler.init(run_cfg)
    for probe, arguments in probes.items():
        getattr(profiler, probe)(**arguments)
    net()[0].run(condition=RunSteps(num_steps=STEPS), run_cfg=run_cfg)
    return profiler


@pytest.mark.parametrize("first", ["import lava_ed", "import lava.utils.profiler"])
def test_import_in_any_order_and_without_lava_at_first(first):
    code = f"""
import warnings, sys
warnings.simplefilter("ignore")
{first}
assert {first != "import lava_ed"} or not any(name.split(".")[0] == "lava" for name in sys.modules)
import lava_ed
from lava.utils.profiler import Profiler
from lava.magma.core.run_configs import Loihi2SimCfg
assert type(Profiler.init(Loihi2SimCfg())).__name__ == "Loihi2SimProfiler"
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=250)


def test_figures_by_hand():
    profiler = profiled(
        execution_time_probe={"num_steps": STEPS, "dt": 2}, energy_probe={"num_steps": STEPS}, activity_probe={}
    )
    with pytest.warns(EnergyEstimateWarning, match="no measurement"):
        joules = profiler.dynamic_energy
    counts = total(profiler.counters)
    # 12 spikes, each read by 3 synapses; 3 neurons of 6 steps, idle only before the first input arrives.
    assert counts["synops"]["forward"] == 36
    assert (counts["neuron_updates_idle"]["forward"], counts["neuron_updates_active"]["forward"]) == (3, 15)
    assert joules == pytest.approx(1e-12 * (36 * 23.6 + 3 * 52 + 15 * 81 + 12 * 1.7))
    # The layer's one core does its synapses and neurons one after the other, and each step has a barrier.
    seconds = 1e-9 * (36 * 3.5 + 3 * 5.3 + 15 * 8.4 + STEPS * 465)
    assert profiler.execution_time.shape == (STEPS // 2,)
    assert np.sum(profiler.execution_time) == pytest.approx(seconds)
    assert profiler.static_energy == pytest.approx(0.1044 * seconds)
    assert profiler.energy == pytest.approx(joules + 0.1044 * seconds)
    assert profiler.power == pytest.approx(profiler.energy / seconds)
    assert sum(profiler.power_breakdown().values()) == pytest.approx(profiler.power)
    assert profiler.learning_time.sum() == 0
    assert np.isnan(profiler.host_time).all()
    assert np.isnan([profiler.vdd_power, profiler.vddm_power, profiler.vddio_power]).all()
    assert profiler.num_alloc_chips == 1
    assert "loihi1-davies2018" in profiler.statement
    assert "never a Loihi 2 figure" in profiler.label


def test_results_need_their_probe_and_a_run():
    profiler = profiled(activity_probe={})
    with pytest.raises(ConfigError, match="energy_probe was not set"):
        _ = profiler.energy
    with pytest.raises(ConfigError, match="execution_time_probe was not set"):
        _ = profiler.execution_time
    idle = Loihi2SimProfiler(Loihi2SimCfg())
    idle.energy_probe(num_steps=1)
    with pytest.raises(ConfigError, match="nothing ran yet"):
        _ = idle.energy


def test_bad_arguments():
    with pytest.raises(PriceListError, match="no price list"):
        Loihi2SimProfiler(Loihi2SimCfg(), price_list="loihi3")
    profiler = Loihi2SimProfiler(Loihi2SimCfg())
    with pytest.raises(ConfigError, match="num_steps is 0"):
        profiler.energy_probe(num_steps=0)
    with pytest.raises(ConfigError, match="dt is 0"):
        profiler.execution_time_probe(num_steps=1, dt=0)


def test_list_without_times_has_no_time():
    run_cfg = Loihi2SimCfg(select_tag="fixed_pt")
    profiler = Loihi2SimProfiler(run_cfg, price_list="anp-i")
    profiler.energy_probe(num_steps=STEPS)
    net()[0].run(RunSteps(num_steps=STEPS), run_cfg)
    with pytest.warns(EnergyEstimateWarning):
        assert profiler.dynamic_energy == pytest.approx(36 * 1.5e-12)
    assert np.isnan(profiler.static_power)
    with pytest.raises(PriceListError, match="says nothing of time"):
        _ = profiler.power


def test_other_run_configs_are_left_alone():
    from lava.utils.profiler import Profiler

    with pytest.raises(NotImplementedError):
        Profiler.init(Loihi1SimCfg())


def test_pictures(tmp_path):
    profiler = profiled(execution_time_probe={"num_steps": STEPS}, activity_probe={}, memory_probe={})
    with pytest.warns(EnergyEstimateWarning):
        profiler.plot_activity(tmp_path / "activity")
    profiler.plot_memory_util(str(tmp_path / "memory.png"))
    profiler.plot_execution_time(tmp_path / "time.png")
    for name in ("activity.png", "memory.png", "time.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_energy_profiler_takes_a_process():
    lif = net()[2]
    with EnergyProfiler(lif, price_list="anp-i") as profiler:
        lif.run(RunSteps(num_steps=STEPS))
    assert profiler.report(samples=1)["microjoules_per_sample"]["dynamic"] == pytest.approx(36 * 1.5e-6)


def one_step() -> float:
    """Seconds of a step after the first, whose spikes arrive: by hand, 6 synapses, 3 active neurons, a barrier."""
    return 1e-9 * (6 * 3.5 + 3 * 8.4 + 465)


@pytest.mark.parametrize(
    ("window", "bins"),
    [
        ({}, [1] * 10),
        ({"t_start": 2, "dt": 2}, [2, 2, 2, 2, 1]),
        ({"t_start": 4, "t_end": 8, "dt": 3}, [3, 2]),
        ({"t_start": 10, "dt": 5}, [1]),
        ({"t_start": 3, "t_end": 3}, [1]),
        ({"t_start": 11}, []),
        ({"t_start": 100, "t_end": 200, "dt": 7}, []),
    ],
)
@pytest.mark.parametrize("runs", [(10,), (3, 1, 6)])
def test_a_window_holds_exactly_its_steps(window, bins, runs):
    from lava.utils.profiler import Profiler

    run_cfg = Loihi2SimCfg(select_tag="fixed_pt")
    profiler, source = Profiler.init(run_cfg), net()[0]
    profiler.execution_time_probe(num_steps=10, **window)
    for steps in runs:
        source.run(condition=RunSteps(num_steps=steps), run_cfg=run_cfg)
    with pytest.warns(EnergyEstimateWarning):
        times = profiler.execution_time
    expected = [steps * one_step() for steps in bins]
    if expected and not window:
        # The neurons are idle in the first step.
        expected[0] += 1e-9 * 3 * (5.3 - 8.4)
    assert times == pytest.approx(expected)
    assert times.shape == profiler.host_time.shape == (len(bins),)


def test_a_window_of_a_run_in_the_background():
    """What is counted does not depend on how the steps are run."""
    from lava.utils.profiler import Profiler

    run_cfg = Loihi2SimCfg(select_tag="fixed_pt")
    profiler, source = Profiler.init(run_cfg), net()[0]
    profiler.execution_time_probe(num_steps=9, t_start=3, t_end=6, dt=2)
    source.run(condition=RunSteps(num_steps=9, blocking=False), run_cfg=run_cfg)
    source.wait()
    with pytest.warns(EnergyEstimateWarning):
        assert profiler.execution_time == pytest.approx([2 * one_step()] * 2)
    assert source.runtime.run_batch({source.data: np.ones((2, 2, 1))}, 3, []) == {}


@pytest.mark.parametrize(
    "window", [{"t_start": 0}, {"t_end": 0}, {"t_start": 3, "t_end": 2}, {"dt": 1.5}, {"t_start": "2"}, {"dt": True}]
)
def test_a_window_that_is_none(window):
    with pytest.raises(ConfigError, match=next(reversed(window))):
        Loihi2SimProfiler(Loihi2SimCfg()).execution_time_probe(num_steps=3, **window)


def test_a_run_config_of_floating_point_is_not_run_in_fixed_point():
    """Its operations cannot be counted: refused, not computed in other numbers."""
    run_cfg = Loihi2SimCfg(select_tag="floating_pt")
    Loihi2SimProfiler(run_cfg).energy_probe(num_steps=STEPS)
    with pytest.raises(BackendError, match=r"floating-point models.*fractions are cut"):
        net()[0].run(RunSteps(num_steps=STEPS), run_cfg)

"""`lava-ed bench`: what it compares and prints; never how fast it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lava", reason="stock Lava is what is measured, and needs Python 3.10")

from lava_ed.bench import engine as bench
from lava_ed.bench import nets, scale
from lava_ed.bench.nets import NETS
from lava_ed.engine import attach
from lava_ed.viz.scale import scale_plot

pytestmark = pytest.mark.lava


def test_group_lists_its_commands(lava_ed):
    outcome = lava_ed("bench", "--help")
    assert outcome.code == 0
    assert "engine" in outcome.out


def test_a_group_without_a_command_is_bad_usage(lava_ed):
    assert lava_ed("bench").code == 2


def test_json(lava_ed):
    outcome = lava_ed("bench", "engine", "--quick", "--json", "--net", "stdp", "--net", "forward")
    assert outcome.code == 0, outcome
    assert [net["name"] for net in outcome.value["nets"]] == ["stdp", "forward"]
    for net in outcome.value["nets"]:
        assert net["equal"]
        assert net["differing"] == []
        assert net["compared"] > 10
        assert 0 < net["spikes"] < sum(net["sizes"])
        assert net["additions"] >= net["spikes"]
    assert [net["post_spikes"] is None for net in outcome.value["nets"]] == [False, True]
    assert [outcome.value[name] for name in ("rates", "scale", "first_call")] == [[], [], []]


def test_both_runtimes_begin_with_what_was_learned():
    """The weights after the settling run, not those of the plan."""
    plan = NETS["stdp"]
    first, settled = (bench.builder(plan, plan.small, steps)() for steps in (0, 100))
    assert np.any(first.plastic[0].weights.init != settled.plastic[0].weights.init)
    attached = bench.builder(plan, plan.small, 0)()
    attach(attached.processes[0])
    bench.run_steps(attached, 100)
    np.testing.assert_array_equal(attached.plastic[0].weights.get(), settled.plastic[0].weights.init)


def test_without_net_it_measures_more(lava_ed, monkeypatch):
    """Rates, scale and first call; the nets once more are another test's."""
    monkeypatch.setattr(nets, "STDP_RATES", {"no x0": nets.STDP_RATES["no x0"]})
    monkeypatch.setattr(bench, "STDP_RATES", nets.STDP_RATES)
    monkeypatch.setattr(bench, "NETS", {"stdp": NETS["stdp"]})
    monkeypatch.setattr(nets, "NETS", bench.NETS)
    monkeypatch.setattr(scale, "SWEEPS", {"layers": scale.SWEEPS["layers"]})
    outcome = lava_ed("bench", "engine", "--quick", "--json")
    assert outcome.code == 0, outcome
    (rate,) = outcome.value["rates"]
    assert rate["equal"]
    assert rate["post_spikes"] > 0
    assert len(outcome.value["scale"]) == 2
    for call in outcome.value["first_call"]:
        assert call["cached_seconds"] > 0
        assert call["cold_seconds"] is None, "compiling everything is not quick"


def test_table_and_exit_code_tell_of_a_difference(lava_ed, monkeypatch):
    monkeypatch.setattr(bench, "differing_vars", lambda one, other: ["LIF.v"])
    outcome = lava_ed("bench", "engine", "--quick", "--net", "forward")
    assert outcome.code == 1
    assert "LIF.v" in outcome.out


def test_files_hold_the_figures_and_the_plot(lava_ed, tmp_path):
    """Two values of each quantity; the engine alone."""
    outcome = lava_ed("bench", "engine", "--quick", "--net", "forward", "--json", "--out", tmp_path / "new" / "folder")
    assert outcome.code == 0
    (file,) = outcome.value["files"]
    assert json.loads(Path(file).read_text())["nets"] == outcome.value["nets"]
    points = scale.bench_scale(quick=True)
    assert [p["sweep"] for p in points] == [name for name in scale.SWEEPS for _ in range(2)]
    assert points[0]["spikes"] == 0  # no input spikes, no bias: nothing fires
    assert points[1]["spikes"] > 0.4 * 784
    scale_plot(points, {name: sweep.title for name, sweep in scale.SWEEPS.items()}, tmp_path / "scale.png")
    assert (tmp_path / "scale.png").read_bytes().startswith(b"\x89PNG")


def test_folder_that_cannot_be_made(lava_ed, tmp_path):
    (tmp_path / "file").write_text("")
    outcome = lava_ed("bench", "engine", "--quick", "--net", "forward", "--out", tmp_path / "file" / "below", "--json")
    assert outcome.code == 2
    assert outcome.value["error"]["type"] == "RunFolderError"


def test_unknown_net(lava_ed):
    outcome = lava_ed("bench", "engine", "--net", "nothing", "--json")
    assert outcome.code == 2
    assert outcome.value["error"]["type"] == "ConfigError"


def test_cost_of_counting(lava_ed):
    outcome = lava_ed("bench", "energy", "--quick", "--json", "--net", "stdp")
    assert outcome.code == 0, outcome
    (net,) = outcome.value["nets"]
    assert net["low"] <= net["ratio"] <= net["high"]
    assert 0 < net["counts"]["synops"] < 40 * 20
    assert net["counts"]["synaptic_updates"] > 0
    assert net["counts"]["barrier_steps"] == 1
    shown = lava_ed("bench", "energy", "--quick", "--net", "stdp").out
    assert "stdp" in shown
    assert lava_ed("bench", "energy", "--net", "nothing").code == 2


def test_cost_of_counting_in_training(lava_ed, monkeypatch):
    """Both processes count here, as compiling one without counters takes a minute; the bench itself does that."""
    from lava_ed.bench import energy

    monkeypatch.setattr(energy, "_uncounted", lambda cache: {})
    (net,) = lava_ed("bench", "energy", "--quick", "--json", "--net", "std-ed").value["nets"]
    assert net["unit"] == "sample"
    assert net["low"] <= net["ratio"] <= net["high"]
    assert net["counts"]["barrier_steps"] >= 2 * 4, "two windows of T = 4 steps"
    monkeypatch.setattr(energy, "_uncounted", lambda cache: {"PYTHONPATH": "/nowhere", "PYTHONHOME": "/nowhere"})
    assert lava_ed("bench", "energy", "--quick", "--json", "--net", "std-ed").value["error"]["type"] == "BackendError"


def test_counters_of_a_process_without_them_are_refused():
    program = (
        "from lava_ed.engine import build_program; from lava_ed import NetworkSpec, STDED\n"
        "program = build_program(NetworkSpec((4, 3, 2), STDED(), steps=4))\n"
        "for read in (program.counters, lambda: program.get('dense1', 'counters')):\n"
        "    try:\n        read()\n    except Exception as error:\n        print(type(error).__name__, error)\n"
    )
    environment = {**os.environ, "LAVA_ED_UNCOUNTED": "1"}
    told = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    lines = told.stdout.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("BackendError") and "LAVA_ED_UNCOUNTED=1" in line for line in lines)

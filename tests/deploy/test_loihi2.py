"""The script for the board: it says what is missing before Lava is asked, and runs in simulation."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lava_ed.train import TrainConfig, train

SCRIPT = Path(__file__).parents[2] / "deploy" / "loihi2" / "run.py"


def load():
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("loihi2_run", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["loihi2_run"] = module  # dataclasses look it up there
    spec.loader.exec_module(module)
    return module


def call(*arguments):
    return subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, timeout=280)


@pytest.mark.skipif(importlib.util.find_spec("nxcore") is not None, reason="a board may be here")
def test_what_is_missing_is_named_and_lava_is_not_asked():
    done = call("nowhere.net")
    assert done.returncode == 3
    for name in ("lava.magma.core.model.nc.model", "lava.proc.embedded_io", "nxcore", "NXSDKHOST"):
        assert any(line.startswith("MISSING") and name in line for line in done.stdout.splitlines()), name
    assert "NameError" not in done.stdout + done.stderr


def test_a_need_that_is_met_is_told_as_found(monkeypatch, capsys):
    script = load()
    monkeypatch.setenv("LOIHI_GEN", "N3B3")
    found = {need.what: need.found for need in script.needs()}
    assert found["environment LOIHI_GEN"]
    assert script.tell([script.Need("x", True, "y")])
    assert "MISSING" not in capsys.readouterr().out


@pytest.mark.lava
def test_the_simulation_decides_as_the_engine_does(tmp_path):
    from lava_ed.exchange import evaluate_netx, export_run

    train(TrainConfig.create("mpd-ed", "digits", hidden=(24,), epochs=2, dv=0), tmp_path / "run")
    (path,) = export_run(tmp_path / "run", "netx")["files"]
    done = call(path, "--samples", "12", "--simulate")
    assert done.returncode == 0, done.stderr
    expected = evaluate_netx(path, limit=12)
    assert f"{expected['correct']} of 12 test samples right on Lava's simulation" in done.stdout
    assert len(np.unique(expected["predictions"])) > 2

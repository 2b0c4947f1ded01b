"""Scripts in Lava's own names: on Lava's runtime, and without Lava, where this file also runs on newer Pythons.

What they must print, in `user_graphs/scripts/*.txt`, was written by Lava's own runtime (lava-nc 0.10.0, Python 3.10).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parent.parent / "user_graphs" / "scripts").glob("*.py"))
UNKNOWN = """
import lava_ed.graph
lava_ed.graph.stand_in()
from lava.proc.lif.process import LIF
from lava_ed.errors import UnsupportedProcessError
from lava_ed.graph import AbstractProcess, InPort, Loihi2SimCfg, RunSteps
class Stranger(AbstractProcess):
    def __init__(self):
        super().__init__(name="odd")
        self.a_in = InPort(shape=(2,))
lif, stranger = LIF(shape=(2,)), Stranger()
lif.s_out.connect(stranger.a_in)
for attempt in (lambda: lif.run(RunSteps(1), Loihi2SimCfg()), lambda: __import__("lava.proc.clp")):
    try:
        attempt()
    except (UnsupportedProcessError, ModuleNotFoundError) as error:
        print(type(error).__name__, error)
print(type(lif).__module__, lif.runtime)
"""

WITHOUT_A_MODEL = """
import lava_ed.graph
lava_ed.graph.stand_in()
import numpy as np
from lava.proc.io.sink import Read
from lava.proc.lif.process import LIF
from lava_ed.errors import UnsupportedProcessError
from lava_ed.graph import Loihi2SimCfg, RunSteps

read, apart = Read(buffer=3), LIF(shape=(2,), vth=np.array([3, 4]), name="apart")
read.connect_var(LIF(shape=(1,)).v)
for process in (read, apart):
    try:
        process.run(RunSteps(1), Loihi2SimCfg(select_tag="fixed_pt"))
    except UnsupportedProcessError as error:
        print(error)
"""


def printed(*arguments: str) -> str:
    """What a Python without our paths but the package prints; Lava's own noise goes to standard error."""
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        env=os.environ | {"PYTHONWARNINGS": ""},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
class TestScriptsPrintWhatTheyPrintOnLava:
    def test_without_lava(self, script):
        assert printed("-m", "lava_ed.graph", str(script)) == script.with_suffix(".txt").read_text()

    @pytest.mark.lava
    def test_on_lavas_own_runtime(self, script):
        assert printed(str(script)) == script.with_suffix(".txt").read_text()


def test_unknown_processes_and_modules_are_refused_by_name():
    process, module, last = printed("-c", UNKNOWN).splitlines()
    assert process.startswith("UnsupportedProcessError")
    assert "'odd' of class __main__.Stranger" in process
    assert module.startswith("ModuleNotFoundError lava.proc.clp is no part of lava_ed.graph")
    assert last == "lava_ed.graph.neurons None"


def test_what_only_lavas_own_models_run_is_refused_with_that_way_out():
    """Lava hosts these two by its own Python models, of which there is none here; no runtime of Lava's is promised."""
    read, apart = printed("-c", WITHOUT_A_MODEL).splitlines()
    assert read.startswith("Run this graph with lava-nc, on Python 3.10")
    assert "Read" in read
    assert "without attach" not in read
    assert apart.startswith("apart.vth has 2 values that differ. Run this graph with lava-nc, on Python 3.10")

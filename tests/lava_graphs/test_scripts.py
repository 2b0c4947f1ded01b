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

REFUSED = """
import warnings
import lava_ed.graph
lava_ed.graph.stand_in()
import numpy as np
from scipy.sparse import csr_matrix
from lava.magma.core.model.model import AbstractProcessModel
from lava.magma.core.learning.learning_rule import LoihiLearningRule
from lava_ed.errors import LavaEDError
from lava_ed.graph import (
    LIF, AbstractProcess, DelayDense, DelaySparse, Dense, InPort, LearningDense, Loihi2SimCfg, PyLifModelFloat, RefPort,
    Reset, RunSteps, VarPort, implements, tag,
)
warnings.simplefilter("ignore")

FIXED = Loihi2SimCfg(select_tag="fixed_pt")

class Chip(AbstractProcess):
    def __init__(self):
        super().__init__()
        self.a_in = InPort(shape=(2,))

@implements(proc=Chip)
@tag("fixed_pt")
class ChipModel(AbstractProcessModel):
    pass

def reshaped():
    lif, reset = LIF(shape=(2,)), Reset()
    reset.state = RefPort((1, 2))
    reset._post_init()
    lif.port = VarPort(lif.v)
    lif._post_init()
    reset.state.reshape((2,)).connect(lif.port)
    return reset

def to_chip():
    lif, chip = LIF(shape=(2,)), Chip()
    lif.s_out.connect(chip.a_in)
    return lif

def mixed():
    lif, dense = LIF(shape=(2,)), Dense(weights=np.eye(2))
    lif.s_out.connect(dense.s_in)
    return lif, Loihi2SimCfg(
        select_tag="fixed_pt", exception_proc_model_map={LIF: PyLifModelFloat}
    )

for made in (
    lambda: Dense(weights=np.ones((2, 2)), weight_exp=30),
    lambda: DelayDense(weights=np.ones((2, 2)), delays=40_000),
    lambda: DelaySparse(weights=csr_matrix(np.eye(2)), delays=csr_matrix(np.eye(2, dtype=int) * 40_000)),
    lambda: LearningDense(weights=np.eye(2), learning_rule=LoihiLearningRule(dw="x0*y1")),
    reshaped, to_chip, mixed,
):
    found = made()
    process, config = found if isinstance(found, tuple) else (found, FIXED)
    try:
        process.run(RunSteps(1), config)
        print("RAN", made)
    except LavaEDError as error:
        print(type(error).__name__, error)
lif = LIF(shape=(2,))
lif.run(RunSteps(1), FIXED)
try:
    lif.run(RunSteps(1), Loihi2SimCfg(exception_proc_model_map={LIF: ChipModel}))
except LavaEDError as error:
    print(type(error).__name__, error)
"""

WITHOUT_A_MODEL = """
import lava_ed.graph
lava_ed.graph.stand_in()
import numpy as np
from lava.proc.lif.process import LIF
from lava_ed.errors import UnsupportedProcessError
from lava_ed.graph import Loihi2SimCfg, RunSteps

try:
    LIF(shape=(2,), vth=np.array([3, 4]), name="apart").run(RunSteps(1), Loihi2SimCfg(select_tag="fixed_pt"))
except UnsupportedProcessError as error:
    print(error)
try:
    from lava.proc.io.sink import Read
except ImportError as error:
    print(error)
import lava.proc.io.sink as sink
print(hasattr(sink, "__path__"), sink.RingBuffer.__name__)
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
    """Lava hosts them by its own Python models, of which there is none here; no runtime of Lava's is promised."""
    apart, read, sink = printed("-c", WITHOUT_A_MODEL).splitlines()
    assert apart.startswith("apart.vth has 2 values that differ. Run this graph with lava-nc, on Python 3.10")
    assert read == (
        "lava.proc.io.sink.Read is no part of lava_ed.graph, which stands in for lava-nc here; run this graph with "
        "lava-nc, on Python 3.10"
    )
    assert sink == "False RingBuffer"


def test_no_refusal_of_a_graph_without_lava_promises_lavas_runtime():
    found = printed("-c", REFUSED).splitlines()
    assert len(found) == 8
    for line in found:
        assert "the graph with lava-nc, on Python 3.10" in line.replace("Run this graph", "run the graph"), line
        assert "without attach" not in line
        assert "own runtime" not in line

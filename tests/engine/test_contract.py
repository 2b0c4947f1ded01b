"""The runtime contract on graphs of Lava's own processes, and what it leaves behind: nothing."""

from __future__ import annotations

import gc
import logging
import os
import signal
import threading
import tracemalloc
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava", reason="the contract is that of lava-nc, which needs Python 3.10")

from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
from lava.magma.core.process.process import ProcessServer
from lava.magma.core.process.variable import VarServer
from lava.magma.core.run_conditions import RunContinuous, RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import LearningDense
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF

from lava_ed.engine import EngineRuntime, attach
from lava_ed.errors import BackendError, LavaEDError

pytestmark = pytest.mark.lava
FIXED, FLOAT = (Loihi2SimCfg(select_tag=f"{kind}_pt") for kind in ("fixed", "floating"))
RULE = {"dw": "2^-2*x0*y1*x1 - 2^-4*y0*x2*w", "x1_impulse": 20.6, "x1_tau": 10, "x2_impulse": 30, "x2_tau": 5}
FOREVER = 10**12


class Net:
    """Source → LearningDense → LIF, whose spikes go back to the learning port."""

    def __init__(self, seed: int = 5) -> None:
        rng = np.random.default_rng(seed)
        rule = Loihi2FLearningRule(**RULE, y1_impulse=33.3, y1_tau=7, t_epoch=2, rng_seed=3)
        self.source = Source(data=(rng.random((6, 11)) < 0.4).astype(int))
        self.dense = LearningDense(weights=rng.integers(0, 100, (4, 6)), learning_rule=rule)
        self.lif = LIF(shape=(4,), vth=5, du=2000, dv=500, bias_mant=50)
        self.source.s_out.connect(self.dense.s_in)
        self.dense.a_out.connect(self.lif.a_in)
        self.lif.s_out.connect(self.dense.s_in_bap)

    @property
    def processes(self) -> list[Any]:
        return [self.source, self.dense, self.lif]

    def run(self, steps: int, **more: Any) -> None:
        self.lif.run(RunSteps(num_steps=steps), **more)

    def state(self) -> dict[str, Any]:
        """Every Var that a test compares, on either runtime."""
        names = {"dense": ("weights", "x1", "x2", "y1", "tx", "a_buff", "tag_1"), "lif": ("u", "v")}
        return {f"{p}.{v}": getattr(getattr(self, p), v).get() for p, vs in names.items() for v in vs}


def after(steps: int, seed: int = 5) -> dict[str, Any]:
    """State of a fresh net after so many steps at once."""
    net = Net(seed)
    attach(net.source)
    net.run(steps)
    return net.state()


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


# create_runtime


def test_create_runtime_keeps_the_engine() -> None:
    """Lava's scripts create a runtime in order to write Vars before the first step."""
    net = Net()
    runtime = attach(net.source)
    net.dense.create_runtime(FIXED)
    net.lif.create_runtime(run_cfg=FIXED)
    assert {id(process.runtime) for process in net.processes} == {id(runtime)}
    net.lif.v.set(np.arange(4))
    assert net.lif.v.get().tolist() == [0, 1, 2, 3]
    net.lif.v.set(np.zeros(4))
    net.run(9)
    assert_same(net.state(), after(9))


def test_create_runtime_refuses_what_it_cannot_do() -> None:
    net = Net()
    runtime = attach(net.source)
    with pytest.raises(BackendError, match=r"belongs to Lava's own runtime.*call detach"):
        net.lif.create_runtime(executable=object())
    with pytest.raises(LavaEDError, match="floating_pt"):
        net.lif.create_runtime(FLOAT)
    net.run(3)
    with pytest.raises(BackendError, match=r"at time step 3: call attach\(\) again"):
        net.lif.create_runtime(FIXED)
    net.lif.stop()
    with pytest.raises(BackendError, match="which was stopped: call attach"):
        net.lif.create_runtime(FIXED)
    runtime.detach()
    assert "create_runtime" not in vars(net.lif)


def test_attach_after_lavas_create_runtime_says_what_to_do() -> None:
    net = Net()
    net.lif.create_runtime(FIXED)
    with pytest.raises(BackendError, match=r"attach\(\) before create_runtime\(\)"):
        attach(net.source)
    assert not isinstance(net.lif.runtime, EngineRuntime)
    net.run(9)
    assert_same(net.state(), after(9))
    net.lif.stop()
    attach(net.source)
    net.run(9)
    assert_same(net.state(), after(9))


# Several graphs, several runtimes


def test_a_stock_run_then_the_engine_then_no_way_back() -> None:
    net = Net()
    net.run(13, run_cfg=FIXED)
    with pytest.raises(BackendError, match=r"call stop\(\) before attach"):
        attach(net.lif)
    assert_same(net.state(), after(13))
    net.lif.stop()
    attach(net.lif)
    net.run(13)
    assert_same(net.state(), after(13))


def test_detach_and_run_on_lava() -> None:
    net = Net()
    runtime = attach(net.lif)
    net.run(4)
    runtime.detach()
    try:
        net.run(13, run_cfg=FIXED)
        assert not isinstance(net.lif.runtime, EngineRuntime)
        assert_same(net.state(), after(13))
    finally:
        net.lif.stop()


def test_two_graphs_in_one_program_do_not_meet() -> None:
    """Interleaved, one of them in the background; each as if it were alone."""
    one, other = Net(5), Net(6)
    first, second = attach(one.source), attach(other.source)
    one.run(7)
    other.run(3)
    one.lif.run(RunContinuous())
    other.run(30)
    one.lif.pause()
    other.run(7)
    assert_same(other.state(), after(40, 6))
    done = first.num_steps
    assert done >= 7
    if done < 10**6:
        assert_same(one.state(), after(done))
    first.stop()
    other.run(5)
    assert second.num_steps == 45
    assert one.lif.v.get().shape == (4,)


def test_a_runtime_is_a_context() -> None:
    net = Net()
    with attach(net.source) as runtime:
        net.run(2)
    with pytest.raises(BackendError, match="stopped"):
        net.run(1)
    assert runtime.num_steps == 2


# Failures


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
def test_ctrl_c_at_any_moment_leaves_whole_steps() -> None:
    """Many interrupts of one run; the random stream of the rule goes on where the clock stands."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    net = Net()
    runtime = attach(net.source)
    net.run(1)
    previous = signal.signal(signal.SIGVTALRM, interrupt)
    try:
        for k in range(12):
            signal.setitimer(signal.ITIMER_VIRTUAL, 0.002 + 0.0007 * k)
            with pytest.raises(KeyboardInterrupt):
                net.run(FOREVER)
            assert np.all(np.isfinite(net.lif.v.get()))
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)
    net.run(5)
    assert runtime.num_steps > 6
    assert_same(net.state(), after(runtime.num_steps))


@pytest.mark.parametrize(
    ("process", "var", "value"),
    [
        ("lif", "v", np.full(4, 2.0**40)),
        ("lif", "v", np.full(5, 1)),
        ("lif", "v", np.full(4, np.nan)),
        ("lif", "du", np.array([1, 2])),
        ("dense", "weights", np.full((4, 6), 40000)),
        ("dense", "x1_tau", np.array([[1, 2]])),
        ("source", "data", np.zeros((6, 10))),
    ],
)
def test_a_bad_write_changes_nothing(process: str, var: str, value: Any) -> None:
    net = Net()
    attach(net.source)
    net.run(7)
    before = net.state()
    with pytest.raises(LavaEDError):
        getattr(getattr(net, process), var).set(value)
    assert_same(before, net.state())
    net.run(6)
    assert_same(net.state(), after(13))


# What is left behind


def children() -> set[str]:
    """Ids of the processes that this one has started."""
    return {name for task in Path("/proc/self/task").glob("*/children") for name in task.read_text().split()}


@pytest.fixture
def forgetful_lava() -> Iterator[None]:
    """Lava's servers keep every process and Var for ever, and each process adds a log handler: take them out."""
    processes, variables, root = ProcessServer(), VarServer(), logging.getLogger()
    kept = len(processes.processes), len(variables.vars), list(root.handlers)

    def forget() -> None:
        del processes.processes[kept[0] :]
        del variables.vars[kept[1] :]
        root.handlers[:] = kept[2]

    Net.forget = staticmethod(forget)
    yield
    forget()
    del Net.forget


def round_trip() -> Any:
    """Build, run in both ways, stop; a weak reference to the program."""
    net = Net()
    runtime = attach(net.source)
    net.run(20)
    net.lif.run(RunSteps(num_steps=20, blocking=False))
    net.lif.wait()
    net.lif.run(RunContinuous())
    net.lif.stop()
    return weakref.ref(runtime.program)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
@pytest.mark.usefixtures("forgetful_lava")
def test_a_hundred_rounds_leave_nothing_behind() -> None:
    """No thread, process, file or memory, once Lava's own lists are emptied."""

    def rounds(number: int) -> list[Any]:
        programs = []
        for _ in range(number):
            programs.append(round_trip())
            Net.forget()
        gc.collect()
        return programs

    rounds(5)
    before = threading.active_count(), children(), len(os.listdir("/proc/self/fd"))
    tracemalloc.start()
    try:
        start = tracemalloc.get_traced_memory()[0]
        programs = rounds(100)
        grown = tracemalloc.get_traced_memory()[0] - start
    finally:
        tracemalloc.stop()
    assert not any(program() for program in programs)
    assert (threading.active_count(), children(), len(os.listdir("/proc/self/fd"))) == before
    # The references above and what the interpreter caches; a graph takes over 100 kB.
    assert grown < 150_000


def test_detach_frees_the_program_though_lava_keeps_the_processes() -> None:
    net = Net()
    runtime = attach(net.source)
    net.run(3)
    program = weakref.ref(runtime.program)
    runtime.detach()
    del runtime
    gc.collect()
    assert program() is None
    assert net.lif.v.get() == net.lif.v.init

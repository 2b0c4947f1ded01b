"""What Lava's interface promises, kept by the engine that `attach` puts behind it."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava")

from lava.magma.core.run_conditions import AbstractRunCondition, RunContinuous, RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from nets import samples, small_spec

from lava_ed import EDClassifier, attach
from lava_ed.engine import EngineRuntime
from lava_ed.errors import BackendError, ConfigError, FixedPointOverflowError, LavaEDError, ShapeError, WeightError

CONFIG = Loihi2SimCfg(select_tag="fixed_pt")
RULES = ("std-ed", "mpd-ed")
FOREVER = 10**12


def net_of(kind: str = "std-ed", hidden: tuple[int, ...] = (8,), **changes: Any) -> EDClassifier:
    """A classifier of small random samples."""
    return EDClassifier(small_spec(kind, hidden, **changes), *samples())


def run(net: EDClassifier, steps: int, blocking: bool = True) -> None:
    """Run without a RunConfig, as an attached graph may."""
    net.run(RunSteps(num_steps=steps, blocking=blocking))


def state_of(net: EDClassifier) -> dict[str, Any]:
    """Every Var of every process."""
    return {f"{n}.{var.name}": getattr(p, var.name).get() for n, p in net.processes.items() for var in p.vars}


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Two states agree in every Var."""
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


def state_after(kind: str, steps: int) -> dict[str, Any]:
    """State of a fresh net after so many steps at once."""
    net = net_of(kind)
    attach(net)
    run(net, steps)
    return state_of(net)


@pytest.fixture(params=RULES)
def net(request: pytest.FixtureRequest) -> Iterator[EDClassifier]:
    """An attached classifier of each rule."""
    result = net_of(request.param)
    runtime = attach(result)
    yield result
    runtime.stop()


def kind_of(net: EDClassifier) -> str:
    """Its rule."""
    return net.spec.rule.kind


# Running


def test_attach_puts_one_runtime_on_every_process(net: EDClassifier) -> None:
    runtime = net.runtime
    assert isinstance(runtime, EngineRuntime)
    assert {id(process.runtime) for process in net.processes.values()} == {id(runtime)}
    assert runtime.num_steps == 0


def test_attach_through_a_part_reaches_the_whole() -> None:
    net = net_of()
    runtime = attach(net.hidden1)
    assert net.runtime is runtime
    run(net, 5)
    assert runtime.num_steps == 5


def test_any_process_runs_the_whole_graph(net: EDClassifier) -> None:
    net.hidden1.run(RunSteps(num_steps=3))
    net.encoder.run(RunSteps(num_steps=4), CONFIG)
    assert net.runtime.num_steps == 7
    assert_same(state_of(net), state_after(kind_of(net), 7))


def test_runs_add_up(net: EDClassifier) -> None:
    for steps in (1, 0, 40, 2, 57):
        run(net, steps)
    assert_same(state_of(net), state_after(kind_of(net), 100))


def test_a_run_that_does_not_block_is_waited_for(net: EDClassifier) -> None:
    run(net, 20_000, blocking=False)
    net.wait()
    assert net.runtime.num_steps == 20_000
    net.wait()
    run(net, 10)
    assert_same(state_of(net), state_after(kind_of(net), 20_010))


def test_a_run_that_does_not_block_is_paused_and_resumed(net: EDClassifier) -> None:
    net.run(RunContinuous())
    while net.runtime.num_steps == 0:
        time.sleep(0.001)
    net.pause()
    done = net.runtime.num_steps
    assert done > 0
    time.sleep(0.02)
    assert net.runtime.num_steps == done
    run(net, 3)
    net.run(RunContinuous())
    net.pause()
    total = net.runtime.num_steps
    assert total >= done + 3
    if total < 10**6:
        assert_same(state_of(net), state_after(kind_of(net), total))


def test_pause_drops_what_is_left_of_a_finite_run(net: EDClassifier) -> None:
    run(net, FOREVER, blocking=False)
    net.pause()
    assert net.runtime.num_steps < FOREVER
    net.pause()
    net.wait()


@pytest.mark.parametrize("condition", [RunSteps(num_steps=FOREVER, blocking=False), RunContinuous()])
def test_while_a_run_is_going_on(net: EDClassifier, condition: AbstractRunCondition) -> None:
    net.run(condition)
    try:
        for act in (
            lambda: run(net, 1),
            lambda: net.run(RunContinuous()),
            lambda: net.hidden1.v.get(),
            lambda: net.hidden1.v.set(np.zeros(8)),
        ):
            with pytest.raises(BackendError, match="a run is going on: call wait"):
                act()
    finally:
        net.pause()
    assert net.hidden1.v.get().shape == (8,)


def test_stop_ends_a_run_and_leaves_everything_readable(net: EDClassifier) -> None:
    net.run(RunContinuous())
    net.stop()
    assert state_of(net)
    steps = net.runtime.num_steps
    net.stop()
    with pytest.raises(BackendError, match=r"attach\(\) again"):
        run(net, 1)
    assert net.runtime.num_steps == steps


def test_a_with_block_stops(net: EDClassifier) -> None:
    with net:
        run(net, 5)
    with pytest.raises(BackendError, match="stopped"):
        run(net, 1)
    assert net.encoder.presentation.get()[0] == 0
    with pytest.raises(ZeroDivisionError), net:
        raise ZeroDivisionError


def test_unknown_run_conditions_and_steps(net: EDClassifier) -> None:
    class Until(AbstractRunCondition):
        pass

    with pytest.raises(BackendError, match="Until is unknown: use RunSteps or RunContinuous"):
        net.run(Until(blocking=True))
    with pytest.raises(ConfigError, match="-1"):
        run(net, -1)
    run(net, -1, blocking=False)
    with pytest.raises(ConfigError, match="-1"):
        net.wait()
    run(net, 1)


@pytest.mark.parametrize("steps", [2.5, "3", None, np.nan, np.inf])
def test_a_number_of_steps_is_whole(net: EDClassifier, steps: Any) -> None:
    for blocking in (True, False):
        with pytest.raises(ConfigError, match=r"num_steps of RunSteps is .*whole number"):
            net.run(RunSteps(num_steps=steps, blocking=blocking))
    run(net, 2.0)
    assert net.runtime.num_steps == 2


def test_one_runtime_in_two_threads(net: EDClassifier) -> None:
    """A second run is refused, not lost; so is reading while the other thread runs, whether that run blocks or not."""
    refused, done = [], []

    def work() -> None:
        for _ in range(200):
            try:
                run(net, 20)
            except BackendError as error:
                refused.append(str(error))
            else:
                done.append(20)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert net.runtime.num_steps == sum(done) >= 20
    assert set(refused) <= {"a run is going on: call wait() or pause() first"}
    assert_same(state_of(net), state_after(kind_of(net), net.runtime.num_steps))


def test_while_another_threads_run_is_going_on(net: EDClassifier) -> None:
    other = threading.Thread(target=run, args=(net, FOREVER))
    other.start()
    while not net.runtime.num_steps:
        time.sleep(0.001)
    try:
        for act in (
            lambda: run(net, 1),
            lambda: net.hidden1.v.get(),
            lambda: net.hidden1.v.set(np.zeros(8)),
            net.runtime.counters,
            lambda: net.runtime.run_batch({net.hidden1.v: np.zeros((1, 8))}, 1, [net.hidden1.v]),
            lambda: net.create_runtime(CONFIG),
        ):
            with pytest.raises(BackendError, match=r"a run is going on|at time step"):
                act()
    finally:
        net.pause()
        other.join(10)
    assert not other.is_alive()
    done = net.runtime.num_steps
    assert 0 < done < FOREVER
    run(net, 3)
    assert net.runtime.num_steps == done + 3


def test_two_threads_may_read_at_once(net: EDClassifier) -> None:
    run(net, 30)
    variables = [var for process in net.processes.values() for var in process.vars.members]
    expected, found = [var.get() for var in variables], []
    threads = [threading.Thread(target=lambda: found.append([var.get() for var in variables])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for values in found:
        for value, other in zip(values, expected, strict=True):
            np.testing.assert_array_equal(value, other)


def test_a_signal_handler_may_pause_the_run_that_it_interrupts(net: EDClassifier) -> None:
    previous = signal.signal(signal.SIGVTALRM, lambda *_: net.pause())
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.02)
    try:
        run(net, FOREVER)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)
    assert 0 < net.runtime.num_steps < FOREVER
    run(net, 1)


# Vars


def test_values_come_as_float64_of_the_shape_of_the_var(net: EDClassifier) -> None:
    run(net, 30)
    for process in net.processes.values():
        for var in process.vars:
            value = var.get()
            assert value.dtype == np.float64, var.name
            assert value.shape == var.shape, var.name


def test_vars_are_readable_and_writable_before_the_first_run(net: EDClassifier) -> None:
    np.testing.assert_array_equal(net.dense1.weights.get(), net.dense1.weights.init)
    net.dense1.weights.set(np.full((8, 12), 4))
    assert np.all(net.dense1.weights.get() == 4)
    run(net, 1)
    assert np.all(net.dense1.weights.get() == 4)


def test_get_with_an_index(net: EDClassifier) -> None:
    run(net, 9)
    weights = net.dense1.weights.get()
    for index in ((2, 3), (slice(None), 1), [0, 4], np.array([7, 7, 0]), weights > 0, 0):
        value = net.dense1.weights.get(index)
        np.testing.assert_array_equal(value, weights[index])
        assert value.dtype == np.float64


def test_set_with_an_index(net: EDClassifier) -> None:
    expected = net.dense1.weights.get()
    for index, value in (((2, 3), 8), ((slice(None), 1), -256), ([0, 4], np.full(12, 254)), (expected > 0, 2)):
        net.dense1.weights.set(value, index)
        expected[index] = value
        np.testing.assert_array_equal(net.dense1.weights.get(), expected)


@pytest.mark.parametrize(
    ("value", "index", "error"),
    [
        (3, (0, 0), WeightError),
        (256, (0, 0), WeightError),
        (2**16 + 2, (0, 0), WeightError),
        (np.nan, (0, 0), WeightError),
        (2, (8, 0), ShapeError),
        (2, "first", ShapeError),
        ([2, 4, 6], (slice(None), 0), ShapeError),
        ("two", (0, 0), LavaEDError),
        (np.full((8, 12), 3), None, WeightError),
        (np.full((12, 8), 2), None, ShapeError),
        (2, None, ShapeError),
    ],
)
def test_a_write_that_does_not_fit_leaves_everything(net: EDClassifier, value: Any, index: Any, error: type) -> None:
    run(net, 47)
    before = state_of(net)
    with pytest.raises(error):
        net.dense1.weights.set(value, index)
    assert_same(before, state_of(net))
    run(net, 53)
    assert_same(state_of(net), state_after(kind_of(net), 100))


def test_a_write_out_of_range(net: EDClassifier) -> None:
    with pytest.raises(ConfigError, match="int32"):
        net.hidden1.v.set(np.full(8, 2.0**40))
    with pytest.raises(ConfigError, match="int32"):
        net.hidden1.v.set(2.0**40, 3)
    assert not np.any(net.hidden1.v.get())


def test_a_var_of_another_graph(net: EDClassifier) -> None:
    with pytest.raises(BackendError, match="not part of this graph"):
        net.runtime.get_var(net_of().dense1.weights.id)


@pytest.fixture(scope="module")
def stock() -> Iterator[EDClassifier]:
    """A classifier on Lava's own runtime."""
    net = net_of()
    net.run(RunSteps(num_steps=9), CONFIG)
    yield net
    net.stop()


def test_reading_with_an_index_is_as_on_lava(stock: EDClassifier) -> None:
    fused = net_of()
    attach(fused)
    run(fused, 9)
    for index in (None, (2, 3), (slice(None), 1), [0, 4]):
        value = stock.dense1.weights.get(index)
        np.testing.assert_array_equal(fused.dense1.weights.get(index), value)
        assert value.dtype == np.float64
    with pytest.raises(ValueError, match="ambiguous"):
        stock.dense1.weights.get(np.array([0, 4]))


def test_writing_with_an_index_is_not_as_on_lava(stock: EDClassifier) -> None:
    """Lava sends value[idx] and writes it to the head of the Var, whatever the index; so we do not follow it."""
    fused = net_of()
    attach(fused)
    value = np.arange(10, 18)
    for net in (stock, fused):
        net.hidden1.v.set(np.zeros(8))
    stock.hidden1.v.set(value, [5, 6])
    assert stock.hidden1.v.get().tolist() == [15, 16, 0, 0, 0, 0, 0, 0]
    fused.hidden1.v.set(value[[5, 6]], [5, 6])
    assert fused.hidden1.v.get().tolist() == [0, 0, 0, 0, 0, 15, 16, 0]


WORKING = {"a_buff", "e_buff", "delta", "gate", "x0", "x1"}
"""Computed anew by their process; `EngineRuntime` says how a write to them differs."""
UNTOUCHED = {"presentation", "samples", "labels"}
VALUES = {"rate_mantissa": 3, "rate_exponent": -5, "port_shift": 1, "scalar": 77, "threshold_step": 19, "prediction": 2}


def another(name: str, value: Any) -> Any:
    """A value that the Var can hold, and that is not the one it has."""
    if name in ("learning", "adapting"):
        return value  # written, but as it is: without learning the comparison would be empty
    if name in VALUES:
        return np.full(value.shape, VALUES[name])
    step = 2 if name == "weights" else 1
    return np.clip(np.roll(value, 1) + step, -200, 2**20)


@pytest.mark.parametrize("kind", RULES)
def test_a_write_at_any_step_does_what_it_does_on_lava(kind: str) -> None:
    """Each Var but the working ones, in the middle of samples; then on, and all Vars are compared."""
    nets = [net_of(kind, (8, 7), overflow="wrap") for _ in range(2)]
    stock, fused = nets
    period = stock.spec.schedule.period
    attach(fused)
    names = [(n, var.name) for n, p in stock.processes.items() for var in p.vars]
    names = [(n, var) for n, var in names if var not in WORKING | UNTOUCHED]
    try:
        for part, phase in enumerate((0, 4, period // 2, period - 3, period - 1)):
            for net in nets:
                net.run(RunSteps(num_steps=2 * period + phase), CONFIG)
            for node, var in names[part % 2 :: 2]:
                value = another(var, getattr(stock.processes[node], var).get())
                for net in nets:
                    getattr(net.processes[node], var).set(value)
            for net in nets:
                net.run(RunSteps(num_steps=2 * period - phase), CONFIG)
            assert_same(state_of(stock), state_of(fused))
    finally:
        for net in nets:
            net.stop()


# Failures


def overflowing() -> EDClassifier:
    """A net whose error sums pass 24 bits."""
    spec = small_spec("mpd-ed", error_shift=0)
    weights = [np.zeros((8, 12), int) + 20, np.full((3, 8), -256)]
    weights[1][0] = 254
    images, labels = samples()
    return EDClassifier(spec, images, np.ones_like(labels), weights)


def test_an_error_in_a_run_is_raised_and_leaves_everything_readable() -> None:
    net = overflowing()
    attach(net)
    with pytest.raises(FixedPointOverflowError, match="dense2"):
        run(net, 1000)
    assert 0 < net.runtime.num_steps < 1000
    assert net.dense2.overflows.get()[0] > 0
    net.dense2.weights.set(np.full((3, 8), 2))
    run(net, 100)


@pytest.mark.parametrize("end", ["wait", "pause", "stop", "run", "detach"])
def test_an_error_in_the_background_is_raised_by_what_comes_next(end: str) -> None:
    net = overflowing()
    runtime = attach(net)
    run(net, 1000, blocking=False)
    while runtime._running:
        time.sleep(0.001)
    act = {
        "wait": net.wait,
        "pause": net.pause,
        "stop": net.stop,
        "run": lambda: run(net, 1),
        "detach": runtime.detach,
    }
    with pytest.raises(FixedPointOverflowError, match="dense2"):
        act[end]()
    net.wait()
    if end == "detach":
        assert net.runtime is None
        return
    assert net.dense2.overflows.get()[0] > 0
    if end == "stop":
        with pytest.raises(BackendError, match="stopped"):
            run(net, 1)
        return
    net.dense2.weights.set(np.full((3, 8), 2))
    run(net, 10)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
def test_an_interrupt_leaves_everything_readable_and_usable(net: EDClassifier) -> None:
    """A virtual timer in place of Ctrl-C: SIGALRM belongs to the test timeout."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    run(net, 10)
    previous = signal.signal(signal.SIGVTALRM, interrupt)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.02)
    try:
        with pytest.raises(KeyboardInterrupt):
            run(net, FOREVER)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)
    done = net.runtime.num_steps
    assert 10 < done < FOREVER
    assert_same(state_of(net), state_after(kind_of(net), done))
    net.dense1.rate_mantissa.set(np.array([1]))
    run(net, 7)
    assert net.runtime.num_steps == done + 7


def test_a_run_that_is_never_stopped_does_not_hold_the_interpreter() -> None:
    code = (
        "import numpy as np\n"
        "from lava.magma.core.run_conditions import RunContinuous\n"
        "from lava_ed import EDClassifier, NetworkSpec, STDED, attach\n"
        "net = EDClassifier(NetworkSpec((4, 3, 2), STDED()), np.ones((1, 4), np.uint8), [0])\n"
        "attach(net)\n"
        "net.run(RunContinuous())\n"
        "print('running')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout == "running\n"
    assert done.returncode == 0, done.stderr


# Attaching and detaching


def test_attach_twice_starts_afresh(net: EDClassifier) -> None:
    first = net.runtime
    run(net, 100)
    net.run(RunContinuous())
    second = attach(net)
    assert net.runtime is second is not first
    assert not first._running
    assert second.num_steps == 0
    np.testing.assert_array_equal(net.dense1.weights.get(), net.dense1.weights.init)
    run(net, 100)
    assert_same(state_of(net), state_after(kind_of(net), 100))


def test_attach_after_stop(net: EDClassifier) -> None:
    run(net, 30)
    net.stop()
    attach(net)
    run(net, 100)
    assert_same(state_of(net), state_after(kind_of(net), 100))


@pytest.mark.parametrize("kind", RULES)
def test_attach_after_a_run_on_lava(kind: str) -> None:
    net = net_of(kind)
    steps = RunSteps(num_steps=2 * net.spec.schedule.period)
    expected = state_after(kind, steps.num_steps)
    try:
        net.run(steps, CONFIG)
        with pytest.raises(BackendError, match=r"call stop\(\) before attach"):
            attach(net)
        assert_same(state_of(net), expected)
        net.stop()
        attach(net)
        net.run(steps)
        assert_same(state_of(net), expected)
    finally:
        net.stop()


@pytest.mark.parametrize("kind", RULES)
def test_a_run_on_lava_after_detach(kind: str) -> None:
    net = net_of(kind)
    steps = RunSteps(num_steps=2 * net.spec.schedule.period)
    try:
        runtime = attach(net)
        run(net, 99)
        runtime.detach()
        assert net.runtime is None
        assert all(process.runtime is None for process in net.processes.values())
        with pytest.raises(ValueError, match="run_cfg"):
            net.run(steps)
        net.run(steps, CONFIG)
        assert not isinstance(net.runtime, EngineRuntime)
        assert_same(state_of(net), state_after(kind, steps.num_steps))
    finally:
        net.stop()


def test_attaching_anew_frees_the_earlier_engine() -> None:
    """Its memory, with the samples: what attach remembers of the processes holds none of it."""
    net = net_of()
    earlier = []
    for _ in range(3):
        runtime = attach(net)
        earlier.append((weakref.ref(runtime), weakref.ref(runtime.program)))
        run(net, 3)
        del runtime
    gc.collect()
    assert [(one() is None, other() is None) for one, other in earlier] == [(True, True)] * 2 + [(False, False)]
    net.runtime.detach()
    gc.collect()
    assert earlier[-1][0]() is None


def test_detach_leaves_other_runtimes_alone(net: EDClassifier) -> None:
    first = net.runtime
    second = attach(net)
    first.detach()
    assert net.runtime is second


def test_many_rounds_leave_nothing_behind() -> None:
    def round_trip() -> None:
        net = net_of()
        attach(net)
        net.run(RunSteps(num_steps=20, blocking=False))
        net.wait()
        net.run(RunContinuous())
        net.stop()

    def open_things() -> tuple[int, int]:
        gc.collect()
        files = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
        return threading.active_count(), files

    for _ in range(3):
        round_trip()
    before = open_things()
    for _ in range(100):
        round_trip()
    threads, files = open_things()
    assert threads <= before[0]
    assert files <= before[1]

"""Stock Lava processes on the engine: what random graphs do not show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava", reason="the oracle is lava-nc, which needs Python 3.10")

from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import Dense, LearningDense
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF, LearningLIF, TernaryLIF
from lava.proc.monitor.process import Monitor
from nets import samples, small_spec
from stock_lava import StockGraph

from lava_ed.engine import attach, supported
from lava_ed.errors import (
    BackendError,
    ConfigError,
    FixedPointCutWarning,
    HostedModelWarning,
    ShapeError,
    UnsupportedProcessError,
)
from lava_ed.proc import AFTIF, Labels, MembraneReadout, PlasticDense, SoftmaxError

pytestmark = pytest.mark.lava
FIXED = Loihi2SimCfg(select_tag="fixed_pt")
RULE = {"dw": "2^-2*x0*y1*x1 - 2^-4*y0*x2*w", "x1_impulse": 20.6, "x1_tau": 10, "x2_impulse": 30, "x2_tau": 5}


def learning_net(t_epoch: int = 2) -> list[Any]:
    """Source → LearningDense → LIF, whose spikes go back to the learning port."""
    rng = np.random.default_rng(5)
    rule = Loihi2FLearningRule(**RULE, y1_impulse=33.3, y1_tau=7, t_epoch=t_epoch, rng_seed=3)
    source = Source(data=(rng.random((6, 11)) < 0.4).astype(int))
    dense = LearningDense(weights=rng.integers(0, 100, (4, 6)), learning_rule=rule)
    lif = LIF(shape=(4,), vth=5, du=2000, dv=500, bias_mant=50)
    source.s_out.connect(dense.s_in)
    dense.a_out.connect(lif.a_in)
    lif.s_out.connect(dense.s_in_bap)
    return [source, dense, lif]


def test_all_are_listed_once() -> None:
    names = supported()
    assert len(names) == len(set(names))
    expected = {"LIF", "LIFReset", "TernaryLIF", "LearningLIF", "Dense", "DelayDense", "LearningDense", "RingBuffer"}
    assert expected | {"Monitor"} <= set(names)


def test_weights_are_cut_in_the_first_step_only() -> None:
    """By hand: mixed weights lose the lowest bit and are clipped once; later writes stay as they are."""
    dense = Dense(weights=np.array([[7, -300], [1, 2]]))
    with pytest.warns(FixedPointCutWarning, match="-300 → -256; 1 of 4 values"):
        attach(dense)
    assert dense.weights.get().tolist() == [[7, -300], [1, 2]]
    dense.weights.set(np.array([[9, -1000], [1, 3]]))
    assert dense.weights.get().tolist() == [[9, -1000], [1, 3]]
    dense.run(RunSteps(num_steps=1))
    assert dense.weights.get().tolist() == [[8, -256], [0, 2]]
    dense.weights.set(np.array([[9, -1000], [1, 3]]))
    dense.run(RunSteps(num_steps=2))
    assert dense.weights.get().tolist() == [[9, -1000], [1, 3]]
    with pytest.raises(ConfigError, match="range -32767 … 32767"):
        dense.weights.set(np.full((2, 2), 40000))


def test_threshold_is_taken_in_the_first_step() -> None:
    """v = 640 exceeds 9·2^6; a threshold set before the first step counts, a later one does not."""
    lif = LIF(shape=(1,), v=640, vth=100)
    sink = Sink(shape=(1,), buffer=2)
    lif.s_out.connect(sink.a_in)
    attach(lif)
    lif.vth.set(np.array([9]))
    lif.run(RunSteps(num_steps=1))
    lif.vth.set(np.array([1000]))
    lif.v.set(np.array([640]))
    lif.run(RunSteps(num_steps=1))
    assert lif.vth.get()[0] == 1000
    assert sink.data.get().tolist() == [[1, 1]]


def test_long_learning_run_equals_stock_models() -> None:
    """More steps than random numbers are drawn ahead at a time."""
    stock, fused = learning_net(3), learning_net(3)
    oracle = StockGraph(stock)
    attach(fused[0])
    for steps in (1500, 700):
        fused[0].run(RunSteps(num_steps=steps))
        for _ in range(steps):
            oracle.step()
        for var in ("weights", "x1", "x2", "y1", "tx", "ty"):
            np.testing.assert_array_equal(getattr(fused[1], var).get(), oracle.get(getattr(stock[1], var)))
    assert np.any(fused[1].weights.get() != fused[1].weights.init)


def test_rule_is_readable_and_settings_become_whole_after_a_write() -> None:
    """As in Lava: the Var x1_impulse holds 20, and after any write the rule uses it."""
    stock, fused = learning_net(), learning_net()
    oracle = StockGraph(stock)
    attach(fused[0])
    assert fused[1].dw.get() == RULE["dw"]
    assert fused[1].x1_impulse.get()[0] == 20
    for name, value in (("x1_impulse", 101), ("y1_tau", 2)):
        oracle.set(getattr(stock[1], name), np.array([value]))
        getattr(fused[1], name).set(np.array([value]))
    for _ in range(30):
        oracle.step()
    fused[0].run(RunSteps(num_steps=30))
    np.testing.assert_array_equal(fused[1].weights.get(), oracle.get(stock[1].weights))


def test_a_rule_is_rewritten_between_runs() -> None:
    """A longer text, a shorter one, another decimation; what is no rule changes nothing."""
    stock, fused = learning_net(), learning_net()
    oracle = StockGraph(stock)
    attach(fused[0])
    before = fused[1].weights.get()
    for text in ("2^-1*x0*y1*(w+3) - 2^-2*y0*x1*sgn(w) + 2^-3*u1*x2*y1", "x0*x1", "3*u2*x1 - 2^-2*x0*w", RULE["dw"]):
        oracle.set(stock[1].dw, text)
        fused[1].dw.set(text)
        assert fused[1].dw.get() == text
        for bad, error in (("x0*z9", ConfigError), ("x1*y1", ConfigError), ("u1*x1+u2*x1", ConfigError)):
            with pytest.raises(error, match=r"cannot become .*stays as it was"):
                fused[1].dw.set(bad)
        with pytest.raises(ShapeError, match="257 characters"):
            fused[1].dw.set("x0" + " " * 255)
        with pytest.raises(ConfigError, match="str of ASCII"):
            fused[1].dw.set(np.array([900]))
        assert fused[1].dw.get() == text
        for _ in range(9):
            oracle.step()
        fused[0].run(RunSteps(num_steps=9))
        np.testing.assert_array_equal(fused[1].weights.get(), oracle.get(stock[1].weights))
        assert np.any(fused[1].weights.get() != before)
        before = fused[1].weights.get()
    with pytest.raises(BackendError, match="holds nothing in it"):
        fused[1].dt.set("x0*x1")


def monitored_net() -> tuple[list[Any], dict[str, tuple[Any, Any]]]:
    """The learning net, with Monitors on Vars and OutPorts."""
    net = learning_net()
    probes = {}
    for name, target in {
        "v": net[2].v, "weights": net[1].weights, "x1": net[1].x1, "s_out": net[2].s_out, "a_out": net[1].a_out,
    }.items():  # fmt: skip
        monitor = Monitor()
        monitor.probe(target, 9)
        probes[name] = monitor, target
    return net, probes


def test_monitors_equal_lavas_runtime() -> None:
    """get_data() of Monitors on Vars and OutPorts, after runs in pieces."""
    (stock, theirs), (fused, mine) = monitored_net(), monitored_net()
    attach(fused[1])
    try:
        for steps in (2, 7):
            for net in (stock, fused):
                net[0].run(RunSteps(num_steps=steps), FIXED)
            for name, (monitor, target) in mine.items():
                found = monitor.get_data()[target.process.name][target.name]
                other, their_target = theirs[name]
                expected = other.get_data()[their_target.process.name][their_target.name]
                assert found.any(), name
                np.testing.assert_array_equal(found, expected, err_msg=name)
    finally:
        stock[0].stop()
    with pytest.raises(BackendError, match="larger num_steps"):
        fused[0].run(RunSteps(num_steps=1))


def mixed_net() -> list[Any]:
    """A net of ours, wired by hand, whose input is Lava's and whose spikes and sums feed Lava's processes."""
    spec = small_spec("std-ed", (8,))
    _, labels = samples(8)
    rng = np.random.default_rng(2)
    common = {"schedule": spec.schedule, "seed": spec.seed}
    data = np.zeros((12, 3 * spec.schedule.period), int)
    data[:, [1, 2, spec.schedule.period + 3]] = rng.random((12, 3)) < 0.6
    source, target = Source(data=data), Labels(labels=labels, **common)
    into = PlasticDense(weights=2 * rng.integers(0, 90, (8, 12)), rule=spec.rule, layer=1, **common)
    hidden = AFTIF(shape=(8,), layer=1, adaptation=spec.adaptation, **common)
    out = PlasticDense(weights=2 * rng.integers(-90, 90, (3, 8)), rule=spec.rule, layer=2, error_shift=3, **common)
    readout = MembraneReadout(shape=(3,), layer=2, **common)
    error = SoftmaxError(shape=(3,), shift=7, dead_zone=0, **common)
    dense, lif = Dense(weights=rng.integers(-60, 100, (5, 8))), LIF(shape=(5,), vth=3, du=1000, dv=200)
    sinks = [Sink(shape=(size,), buffer=300) for size in (8, 5, 3)]
    for port, ports in (
        (source.s_out, into.s_in),
        (into.a_out, hidden.a_in),
        (hidden.s_out, [out.s_in, dense.s_in, sinks[0].a_in]),
        (dense.a_out, lif.a_in),
        (lif.s_out, sinks[1].a_in),
        (out.a_out, [readout.a_in, sinks[2].a_in]),
        (readout.v_out, error.v_in),
        (target.label_out, error.label_in),
        (error.e_out, out.e_in),
        (out.e_out, hidden.e_in),
        (error.s_out_y1, out.s_in_y1),
        (error.s_out_y2, out.s_in_y2),
        (hidden.s_out_y1, into.s_in_y1),
        (hidden.s_out_y2, into.s_in_y2),
    ):
        port.connect(ports)
    monitor = Monitor()
    monitor.probe(hidden.v, 300)
    return [source, target, into, hidden, out, readout, error, dense, lif, *sinks, monitor]


def test_mixed_graph_equals_lavas_runtime() -> None:
    """Our net keeps its schedule; Lava's processes run in every phase of it."""
    stock, fused = mixed_net(), mixed_net()
    attach(fused[0])
    try:
        for steps in (3, 60):
            for net in (stock, fused):
                net[0].run(RunSteps(num_steps=steps), FIXED)
        for one, other in zip(stock, fused, strict=True):
            for var in list(one.vars):
                name = f"{type(one).__name__}.{var.name}"
                unused = isinstance(one, Monitor) and var.name not in one.target_names
                if not unused:
                    np.testing.assert_array_equal(getattr(other, var.name).get(), var.get(), err_msg=name)
        assert all(fused[k].data.get().any() for k in (9, 10, 11))
        assert np.any(fused[4].weights.get() != fused[4].weights.init)
    finally:
        stock[0].stop()


def test_what_cannot_be_run_says_so() -> None:
    """The process, and the way out."""
    _, dense, _ = learning_net()
    silent = LearningLIF(shape=(4,), learning_rule=dense.proc_params["learning_rule"])
    silent.s_out_y1.connect(dense.s_in_y1)
    with pytest.raises(UnsupportedProcessError, match="waits for ever"):
        attach(silent)
    with pytest.raises(ConfigError, match="lower weight_exp"):
        attach(Dense(weights=np.ones((2, 2)), weight_exp=30))
    source, ternary = Source(data=np.ones((2, 3))), TernaryLIF(shape=(2,))
    both = Dense(weights=np.ones((2, 2)), num_message_bits=8)
    source.s_out.connect(both.s_in)
    ternary.s_out.connect(both.s_in)
    with pytest.raises(HostedModelWarning, match="PyDenseModelBitAcc"):
        attach(both)
    error = mixed_net()[6]
    error.e_out.connect(Sink(shape=(3,), buffer=2).a_in)
    with pytest.raises(BackendError, match="read a Var instead"):
        attach(error)
    monitor = Monitor()
    monitor.probe(source.data, 3)
    monitor.probe(ternary.u, 3)
    with pytest.raises(UnsupportedProcessError, match="one Monitor for each"):
        attach(monitor)

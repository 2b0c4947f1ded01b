"""Batches: what each sample gives is what it gives alone, whatever runs beside it."""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava", reason="batches run graphs of lava-nc, which needs Python 3.10")

from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
from lava.magma.core.run_conditions import RunContinuous, RunSteps
from lava.proc.dense.process import Dense, LearningDense
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF
from lava.proc.monitor.process import Monitor
from nets import samples, small_spec
from stock_graphs import Case, is_sparse

from lava_ed import EDClassifier, attach
from lava_ed.engine import batch
from lava_ed.errors import BackendError, ConfigError, FixedPointOverflowError, ShapeError

pytestmark = [
    pytest.mark.lava,
    # Lava's own builder of sparse Vars.
    pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning"),
    # What fixed point cuts, or clips at the limits of a weight, is a part of what is compared.
    pytest.mark.filterwarnings("ignore::lava_ed.errors.FixedPointCutWarning"),
]
STEPS = 12
RULE = {"dw": "2^-2*x0*y1*x1 - 2^-4*y0*x2*w", "x1_impulse": 20.6, "x1_tau": 10, "x2_impulse": 30, "x2_tau": 5}


class Net:
    """Source → learning or fixed synapses → LIF → sink, with a Monitor; recurrent."""

    def __init__(self, learns: bool) -> None:
        rng = np.random.default_rng(7)
        weights = rng.integers(0, 100, (4, 6))
        self.source = Source(data=np.zeros((6, STEPS), int))
        if learns:
            rule = Loihi2FLearningRule(**RULE, y1_impulse=33.3, y1_tau=7, t_epoch=2, rng_seed=3)
            self.dense: Any = LearningDense(weights=weights, learning_rule=rule)
        else:
            self.dense = Dense(weights=weights)
        self.lif, self.back = LIF(shape=(4,), vth=5, du=2000, dv=500), Dense(weights=rng.integers(-40, 40, (4, 4)))
        self.sink, self.monitor = Sink(shape=(4,), buffer=STEPS), Monitor()
        self.source.s_out.connect(self.dense.s_in)
        self.dense.a_out.connect(self.lif.a_in)
        self.lif.s_out.connect([self.back.s_in, self.sink.a_in])
        self.back.a_out.connect(self.lif.a_in)
        if learns:
            self.lif.s_out.connect(self.dense.s_in_bap)
        self.monitor.probe(self.lif.v, 40)
        self.runtime = attach(self.source)

    @property
    def vars(self) -> list[Any]:
        return [self.lif.u, self.lif.v, self.dense.weights, self.dense.a_buff, self.sink.data, self.record]

    @property
    def record(self) -> Any:
        return getattr(self.monitor, next(iter(self.monitor.target_names)))


def spikes(count: int) -> Any:
    return (np.random.default_rng(1).random((count, 6, STEPS)) < 0.4).astype(int)


def alone(learns: bool, data: Any, before: int) -> list[Any]:
    """The Vars of a fresh net after `before` steps without spikes, and one sample."""
    net = Net(learns)
    net.source.run(RunSteps(num_steps=before))
    net.source.data.set(data)
    net.source.run(RunSteps(num_steps=STEPS))
    return [var.get() for var in net.vars]


@pytest.mark.parametrize("before", [0, 5])
@pytest.mark.parametrize("learns", [False, True])
def test_each_sample_is_as_if_it_were_alone(learns: bool, before: int) -> None:
    """In any order, on any number of threads, with the weights that it has learned itself."""
    net, data = Net(learns), spikes(7)
    net.source.run(RunSteps(num_steps=before))
    unchanged = [var.get() for var in net.vars]
    expected = [alone(learns, sample, before) for sample in data]
    assert expected[0][0].any()
    if learns:
        assert np.any(expected[0][2] != expected[1][2])
    for order, threads in ((np.arange(7), 1), (np.arange(7), 3), (np.arange(7)[::-1], 2), (np.arange(7), None)):
        found = net.runtime.run_batch({net.source.data: data[order]}, STEPS, net.vars, threads)
        for k, var in enumerate(net.vars):
            assert found[var].dtype == np.float64
            np.testing.assert_array_equal(found[var], np.stack([expected[i][k] for i in order]), err_msg=var.name)
    for before_call, var in zip(unchanged, net.vars, strict=True):
        np.testing.assert_array_equal(var.get(), before_call)
    assert net.runtime.num_steps == before


def test_a_batch_leaves_the_run_that_follows_as_it_was() -> None:
    """Random streams included: they are copied, not drawn from."""
    nets, data = [Net(True), Net(True)], spikes(3)
    nets[0].runtime.run_batch({nets[0].source.data: data}, 30, [nets[0].lif.v])
    for net in nets:
        net.source.data.set(data[0])
        net.source.run(RunSteps(num_steps=30))
    for one, other in zip(nets[0].vars, nets[1].vars, strict=True):
        np.testing.assert_array_equal(one.get(), other.get(), err_msg=one.name)


def test_a_monitor_stands_for_its_record_and_any_var_can_differ() -> None:
    net = Net(False)
    v = np.arange(8).reshape(2, 4) * 100
    net.source.run(RunSteps(num_steps=1))
    found = net.runtime.run_batch({net.lif.v: v, net.lif.bias_mant: np.zeros((2, 4))}, 1, [net.monitor, net.lif.v])
    assert found[net.monitor].shape == (2, 40, 4)
    np.testing.assert_array_equal(found[net.monitor][:, 1], found[net.lif.v])
    assert np.any(found[net.lif.v][0] != found[net.lif.v][1])


def test_a_net_of_ours_learns_from_each_sample_alone() -> None:
    """Encoder samples and labels as inputs; weights as results."""
    images, labels = samples(4)
    spec = small_spec("mpd-ed", (8,))
    period = spec.schedule.period

    def net_of(image: Any, label: Any) -> EDClassifier:
        return EDClassifier(spec, image[None], label[None])

    expected = []
    for image, label in zip(images, labels, strict=True):
        one = net_of(image, label)
        attach(one)
        one.run(RunSteps(num_steps=period))
        expected.append(one.dense1.weights.get())
    net = net_of(images[0], labels[0])
    inputs = {net.encoder.samples: images[:, None], net.labels.labels: labels[:, None]}
    found = attach(net).run_batch(inputs, period, [net.dense1.weights])
    np.testing.assert_array_equal(found[net.dense1.weights], np.stack(expected))
    assert np.any(expected[0] != expected[1])


def test_what_does_not_fit_is_refused_before_anything_runs() -> None:
    net, data = Net(False), spikes(3)
    run, read = net.runtime.run_batch, [net.lif.v]
    for inputs, steps, threads, error, text in (
        ({}, 3, None, ConfigError, "no inputs"),
        ({net.source.data: data[:, :5]}, 3, None, ShapeError, r"has shape \(3, 5, 12\), expected \(N, 6, 12\)"),
        ({net.source.data: data, net.lif.v: np.zeros((2, 4))}, 3, None, ShapeError, "different numbers of samples"),
        ({net.source.data: data}, -1, None, ConfigError, "number of steps is -1: it must not be negative"),
        ({net.source.data: data}, 3, 0, ConfigError, "number of threads is 0: at least 1 is needed"),
        ({Net(False).lif.v: np.zeros((2, 4))}, 3, None, BackendError, "not part of this graph"),
        ({net.dense.weights: np.zeros((2, 4, 6))}, 3, None, BackendError, "run one step"),
        ({net.lif.vth: np.zeros((2, 1))}, 3, None, BackendError, "run one step"),
        ({net.source.data: data}, 41, None, BackendError, "sample 0: .*larger num_steps"),
        ({net.source.data: np.full((3, 6, STEPS), 2.0**40)}, 3, None, ConfigError, "sample 0: .*int32 range"),
    ):
        with pytest.raises(error, match=text):
            run(inputs, steps, read, threads)
    assert run({net.source.data: data[:0]}, 3, read)[net.lif.v].shape == (0, 4)
    lif = LIF(shape=(4,))
    alone = attach(lif)
    lif.run(RunContinuous())
    with pytest.raises(BackendError, match="a run is going on"):
        alone.run_batch({lif.v: np.zeros((2, 4))}, 3, [lif.v])
    lif.stop()
    with pytest.raises(BackendError, match="stopped"):
        alone.run_batch({lif.v: np.zeros((2, 4))}, 3, [lif.v])


def test_the_first_sample_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same one on any number of threads."""
    spec = small_spec("mpd-ed", error_shift=0)
    weights = [np.full((8, 12), 20), np.full((3, 8), -256)]
    weights[1][0] = 254
    images, labels = samples(6)
    net = EDClassifier(spec, images[:1], labels[:1], weights)
    runtime = attach(net)
    many = {net.encoder.samples: np.zeros((6, 1, 12), np.uint8), net.labels.labels: np.ones((6, 1))}
    many[net.encoder.samples][4:] = 255
    run, fifth_failed = batch._Batch._run, threading.Event()

    def fifth_fails_first(work: Any, program: Any, k: int) -> None:
        """Sample 4 begins when sample 5 has failed, if they run at once."""
        if k == 4:
            fifth_failed.wait(60)
        try:
            run(work, program, k)
        finally:
            if k == 5:
                # The failure is noted by the caller, a moment after this.
                threading.Timer(0.2, fifth_failed.set).start()

    def first_failure(threads: int) -> None:
        with pytest.raises(FixedPointOverflowError, match=r"^sample 4: "):
            runtime.run_batch(many, spec.schedule.period, [net.dense1.weights], threads)

    first_failure(1)
    first_failure(4)
    monkeypatch.setattr(batch._Batch, "_run", fifth_fails_first)
    first_failure(2)
    assert fifth_failed.is_set()
    assert runtime.num_steps == 0


def test_threads_end_with_the_batch() -> None:
    net, before = Net(False), threading.active_count()
    files = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(20):
        net.runtime.run_batch({net.source.data: spikes(4)}, 2, [net.lif.v], 4)
    assert threading.active_count() == before
    assert not files or len(os.listdir("/proc/self/fd")) <= files


@pytest.mark.parametrize("seed", range(8))
def test_any_graph_gives_in_a_batch_what_it_gives_alone(seed: int) -> None:
    """Random graphs with recurrence, delays, learning, resets and Monitors; the data of their first source differ."""
    case, data = Case.from_seed(seed), []

    def fresh() -> Any:
        graph, _ = case.build()
        return graph, attach(graph.sources[0])

    def held(graph: Any, runtime: Any) -> list[Any]:
        return [var for var in graph.vars if var.process.runtime is runtime and not is_sparse(var)]

    graph, runtime = fresh()
    source = graph.sources[0]
    for k in range(3):
        data.append(np.random.default_rng(k).integers(-2, 3, source.data.shape))
    expected = []
    for one in data:
        other, alone = fresh()
        other.sources[0].run(RunSteps(num_steps=2))
        other.sources[0].data.set(one)
        other.sources[0].run(RunSteps(num_steps=9))
        expected.append([var.get() for var in held(other, alone)])
    source.run(RunSteps(num_steps=2))
    found = runtime.run_batch({source.data: np.stack(data)}, 9, held(graph, runtime), 2)
    for k, var in enumerate(held(graph, runtime)):
        np.testing.assert_array_equal(found[var], np.stack([values[k] for values in expected]), err_msg=var.name)

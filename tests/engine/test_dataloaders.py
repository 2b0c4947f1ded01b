"""SpikeDataloader, StateDataloader and Reset on the engine, against Lava's models and Lava's runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava", reason="the oracle is lava-nc, which needs Python 3.10")

from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
from lava.magma.core.process.ports.ports import RefPort
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.conv.process import Conv
from lava.proc.dense.process import Dense, LearningDense
from lava.proc.io.dataloader import SpikeDataloader, StateDataloader
from lava.proc.io.reset import Reset
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.lif.process import LIF
from lava.proc.monitor.process import Monitor
from stock_counters import CountingStockGraph, totals
from stock_lava import StockGraph

from lava_ed.energy import LOIHI1, map_network, total
from lava_ed.engine import attach
from lava_ed.errors import BackendError, ConfigError, DataError, HostedModelWarning
from lava_ed.kernels.counting import COUNTERS

pytestmark = pytest.mark.lava
FIXED = Loihi2SimCfg(select_tag="fixed_pt")


class Samples:
    """A data set with reproducible samples of any kind."""

    def __init__(self, shape: tuple[int, ...], count: int = 4, truth: int = 0, scale: float = 1.0) -> None:
        rng = np.random.default_rng(count)
        self.data = [np.trunc(rng.integers(-3, 4, shape) * scale) for _ in range(count)]
        self.truth = [rng.integers(0, 50, truth) if truth else int(rng.integers(0, 50)) for _ in range(count)]
        self.read: list[int] = []

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        self.read.append(index)
        return self.data[index], self.truth[index]


def spike_net(steps: int, interval: int, offset: int, truth: int = 0) -> list[Any]:
    """SpikeDataloader → Dense → LIF, and what was sent in a Sink each."""
    loader = SpikeDataloader(dataset=Samples((3, 2, steps), truth=truth), interval=interval, offset=offset)
    dense = Dense(weights=np.arange(24).reshape(4, 6), num_message_bits=8)
    lif = LIF(shape=(4,), vth=40, du=900, dv=100)
    sinks = [Sink(shape=port.shape, buffer=9) for port in (loader.s_out, loader.ground_truth)]
    loader.s_out.flatten().connect(dense.s_in)
    dense.a_out.connect(lif.a_in)
    loader.s_out.connect(sinks[0].a_in)
    loader.ground_truth.connect(sinks[1].a_in)
    return [loader, dense, lif, *sinks]


def state_net(interval: int = 3, offset: int = 1) -> list[Any]:
    """StateDataloaders that write a bias, weights and a buffer; their values are cut to integers."""
    lif = LIF(shape=(2, 3), vth=30, du=400, dv=50, bias_exp=2)
    dense = Dense(weights=np.ones((6, 6), int))
    lif.s_out.flatten().connect(dense.s_in)
    loaders = []
    for var, scale in ((lif.bias_mant, 5.5), (dense.weights, 9.25), (dense.a_buff, 2.5)):
        samples = Samples(var.shape)
        samples.data = [data * scale for data in samples.data]
        loaders.append(StateDataloader(dataset=samples, interval=interval, offset=offset))
        loaders[-1].connect_var(var)
    sink = Sink(shape=(1,), buffer=9)
    loaders[0].ground_truth.connect(sink.a_in)
    return [lif, dense, *loaders, sink]


def reset_net() -> list[Any]:
    """Resets of Vars of every kind; Monitors come before them, where Lava leaves the order open."""
    rng = np.random.default_rng(1)
    rule = Loihi2FLearningRule(dw="2^-2*x1*y0", x1_impulse=20, x1_tau=9, y1_impulse=5, y1_tau=3, rng_seed=3)
    learning = LearningDense(weights=rng.integers(-40, 90, (4, 6)), learning_rule=rule)
    lif = LIF(shape=(4,), vth=10, du=300, dv=70, bias_mant=90)
    conv = Conv(weight=rng.integers(-9, 60, (2, 1, 2, 1)), input_shape=(2, 2, 1))
    loader = SpikeDataloader(dataset=Samples((6, 4)), interval=4)
    loader.s_out.connect(learning.s_in)
    learning.a_out.connect(lif.a_in)
    lif.s_out.connect(learning.s_in_bap)
    lif.s_out.reshape((2, 2, 1)).connect(conv.s_in)
    monitors, resets = [], []
    for var, value, interval, offset in (
        (lif.v, 0, 4, 0), (lif.u, -70, 3, 5), (learning.x1, 3, 5, 1), (learning.weights, 12, 7, 6),
        (learning.a_buff, 1, 6, 2), (lif.bias_mant, 77, 9, 0), (conv.weight, 21, 8, 3), (learning.tag_1, 5, 2, 0),
    ):  # fmt: skip
        monitors.append(Monitor())
        monitors[-1].probe(var, 40)
        resets.append(Reset(reset_value=value, interval=interval, offset=offset))
        resets[-1].connect_var(var)
    return [loader, learning, lif, conv, *monitors, *resets]


NETS = {
    "as long as the interval": lambda: spike_net(5, 5, 2),
    "shorter than the interval": lambda: spike_net(3, 5, 2),
    "longer than the interval": lambda: spike_net(8, 5, 2),
    "every step": lambda: spike_net(2, 1, 0),
    "offset beyond the interval, wide ground truth": lambda: spike_net(4, 4, 7, truth=3),
    "state": state_net,
    "state in every step": lambda: state_net(1, 0),
    "resets": reset_net,
}


def compare(stock: list[Any], fused: list[Any], oracle: StockGraph) -> int:
    """Every Var that holds numbers; returns how many differ from their start."""
    moved = 0
    for one, other in zip(stock, fused, strict=True):
        for var in one.vars.members:
            unused = isinstance(one, Monitor) and var.name not in one.target_names
            if var.name in ("dw", "dd", "dt") or unused:
                continue
            found = getattr(other, var.name).get()
            np.testing.assert_array_equal(found, oracle.get(var), err_msg=f"{type(one).__name__}.{var.name}")
            moved += bool(np.any(found != var.init))
    return moved


@pytest.mark.parametrize("name", NETS)
def test_equals_lavas_models(name: str) -> None:
    """After each of several runs, one of them long enough for the data set to start again."""
    stock, fused = NETS[name](), NETS[name]()
    oracle = StockGraph(stock)
    attach(fused[0])
    moved = 0
    for steps in (1, 2, 4, 26, 7):
        for _ in range(steps):
            oracle.step()
        fused[0].run(RunSteps(num_steps=steps))
        moved = compare(stock, fused, oracle)
    assert moved >= 3


@pytest.mark.parametrize("name", ["shorter than the interval", "state"])
def test_equals_lavas_runtime(name: str) -> None:
    stock, fused = NETS[name](), NETS[name]()
    attach(fused[0])
    try:
        for steps in (3, 11):
            for net in (stock, fused):
                net[0].run(RunSteps(num_steps=steps), FIXED)
            for one, other in zip(stock, fused, strict=True):
                for var in one.vars.members:
                    np.testing.assert_array_equal(getattr(other, var.name).get(), var.get(), err_msg=var.name)
    finally:
        stock[0].stop()


def test_settings_can_be_written_between_runs() -> None:
    """The phase of a loader, and all three settings of a Reset."""
    nets = [spike_net(4, 4, 1), spike_net(4, 4, 1)]
    for net in nets:
        net.append(Reset(interval=50))
        net[-1].connect_var(net[2].v)
    stock, fused = nets
    oracle = StockGraph(stock)
    attach(fused[0])
    for k, name, value in ((0, "offset", 3), (-1, "interval", 3), (-1, "offset", 2), (-1, "reset_value", -9)):
        oracle.set(getattr(stock[k], name), np.array([value]))
        getattr(fused[k], name).set(np.array([value]))
        for _ in range(7):
            oracle.step()
        fused[0].run(RunSteps(num_steps=7))
        compare(stock, fused, oracle)
    with pytest.raises(ConfigError, match=r"length of .*data"):
        fused[0].interval.set(np.array([5]))


def test_samples_are_read_once_and_only_when_due() -> None:
    """Step t loads where (t − 1) % 5 == 2, so after steps 3, 8, 13; never ahead."""
    net = spike_net(5, 5, 2)
    samples = net[0].proc_params["saved_dataset"]
    samples.read.clear()
    attach(net[0])
    for steps, expected in ((2, []), (1, [0]), (4, [0]), (16, [0, 1, 2, 3, 0])):
        net[0].run(RunSteps(num_steps=steps))
        assert samples.read == expected


def test_a_data_set_that_fails_can_be_read_again() -> None:
    """The step has been run; the sample is loaded when the next run starts."""
    stock, fused = spike_net(5, 5, 2), spike_net(5, 5, 2)
    samples = fused[0].proc_params["saved_dataset"]
    good = samples.data[1]
    attach(fused[0])
    samples.data[1] = good + 0.5
    with pytest.raises(DataError, match=r"sample 1 of .* integers of 32 bits"):
        fused[0].run(RunSteps(num_steps=12))
    assert fused[0].runtime.num_steps == 8
    samples.data[1] = good[..., :0, :]
    with pytest.raises(DataError, match=r"sample 1 of .* has shape \(3, 0, 5\)"):
        fused[0].run(RunSteps(num_steps=4))
    samples.data[1] = good
    fused[0].run(RunSteps(num_steps=4))
    oracle = StockGraph(stock)
    for _ in range(12):
        oracle.step()
    compare(stock, fused, oracle)


def test_monitor_sees_a_var_before_it_is_reset() -> None:
    """By hand: v counts 5 a step and is 3 after steps 2, 6, 10; on Lava's runtime either may come first."""
    lif = LIF(shape=(1,), bias_mant=5, vth=1000, du=0, dv=0)
    reset, monitor = Reset(reset_value=3, interval=4, offset=1), Monitor()
    reset.connect_var(lif.v)
    monitor.probe(lif.v, 8)
    attach(lif)
    lif.run(RunSteps(num_steps=6))
    assert lif.v.get().tolist() == [3]
    lif.run(RunSteps(num_steps=2))
    assert monitor.get_data()[lif.name]["v"].ravel().tolist() == [5, 10, 8, 13, 18, 23, 8, 13]


def test_what_cannot_be_written_is_refused() -> None:
    lif = LIF(shape=(3,), name="cells")
    far = Reset(reset_value=2**40)
    far.name = "far"
    far.connect_var(lif.u)
    with pytest.raises(ConfigError, match=r"far resets cells\.u to 1099511627776"):
        attach(lif)
    reshaped, other = Reset(), LIF(shape=(1, 1))
    reshaped.state.reshape((1, 1)).connect(RefPort.create_implicit_var_port(other.v))
    with pytest.raises(HostedModelWarning, match="PyResetFixed"):
        attach(reshaped)


def test_an_unconnected_reset_does_nothing() -> None:
    reset = Reset(interval=2)
    attach(reset)
    reset.run(RunSteps(num_steps=5))
    assert reset.interval.get().tolist() == [2]


def test_batches_take_resets_and_refuse_dataloaders() -> None:
    """A Reset is part of the compiled step, so each sample has its own."""
    lif = LIF(shape=(1,), bias_mant=5, vth=1000, du=0, dv=0)
    reset = Reset(reset_value=3, interval=4, offset=1)
    reset.connect_var(lif.v)
    runtime = attach(lif)
    found = runtime.run_batch({lif.bias_mant: np.array([[5], [7]])}, steps=4, read=[lif.v])[lif.v]
    assert found.tolist() == [[13], [17]]
    net = spike_net(5, 5, 2)
    with pytest.raises(BackendError, match="cannot serve several samples"):
        attach(net[0]).run_batch({net[2].v: np.zeros((2, 4))}, steps=1, read=[net[2].v])


@pytest.mark.parametrize("name", NETS)
def test_counts_what_lavas_models_do(name: str) -> None:
    """Spikes, messages, synapses read and neurons, from what goes through the ports of Lava's own models.

    Also where a Reset or a dataloader writes states of another process, which is no work of the latter.
    """
    stock, fused = NETS[name](), NETS[name]()
    oracle, runtime = CountingStockGraph(stock), attach(fused[0])
    for _ in range(23):
        oracle.step()
    fused[0].run(RunSteps(num_steps=23), FIXED)
    found = runtime.counters()
    names = {one: other.name for one, other in zip(stock, fused, strict=True)}
    assert set(found) == {names[process] for process in oracle.counts}
    for process, counts in oracle.counts.items():
        for counter in COUNTERS:
            if counter != "barrier_steps":
                where = f"{type(process).__name__} {counter}"
                assert found[names[process]][counter] == totals(counts, counter), where
    assert total(found)["neuron_updates_active"]["forward"] > 0
    assert total(found)["spike_messages"]["forward"] > 0 or name.startswith("state"), "biases too small for spikes"
    assert map_network(runtime, LOIHI1).message_counts(found)
    fused[0].stop()

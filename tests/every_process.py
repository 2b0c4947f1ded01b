"""One small graph, or a few, with every process that the engine lowers: for what has to hold for all Vars."""

from __future__ import annotations

from typing import Any

import numpy as np
from nets import samples, small_spec

from lava_ed.network import NetworkSpec

T_EPOCH = 3
OURS: dict[str, dict[str, Any]] = {
    "std-ed": {},
    "std-ed, first spike, random feedback, carry": {
        "hidden": (8, 7), "readout": "first-spike", "feedback": "random", "weight_rounding": "carry",
    },
    "std-ed, convolutions": {"arch": "4c2p1-p2-5c2-3", "error_shift": 1, "rate_shifts": (2, 1, 1)},
    "mpd-ed, convolutions": {
        "kind": "mpd-ed", "arch": "4c2p1-p2-5c2-3", "learning": "aggregated", "encoder": "current", "dv": 0,
    },
    "mpd-ed": {"kind": "mpd-ed", "hidden": (8, 7)},
    "mpd-ed, graded input": {"kind": "mpd-ed", "encoder": "current"},
}  # fmt: skip
"""Settings of nets that have all of our processes, between them."""


def our_spec(name: str) -> NetworkSpec:
    """One of `OURS`; its states wrap."""
    return small_spec(**OURS[name], overflow="wrap")


def our_graph(name: str) -> Any:
    """An `EDClassifier` with one of `OURS`."""
    from lava_ed import EDClassifier

    images, labels = samples()
    return EDClassifier(our_spec(name), images=images, labels=labels)


class Samples:
    """A data set of two samples."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return np.arange(np.prod(self.shape)).reshape(self.shape) % (2 + index), index


def rule(**texts: str) -> Any:
    """A rule with traces of both sides."""
    from lava.magma.core.learning.learning_rule import Loihi2FLearningRule

    return Loihi2FLearningRule(
        **texts, x1_impulse=20, x1_tau=10, x2_impulse=30, x2_tau=5, y1_impulse=33, y1_tau=7, y2_impulse=9, y2_tau=3,
        y3_impulse=5, y3_tau=2, t_epoch=T_EPOCH, rng_seed=3,
    )  # fmt: skip


def fixed_graph(monitored: bool = True) -> list[Any]:
    """All of Lava's fixed-point processes: a source, its synapses side by side, neurons behind them, what watches."""
    from lava.proc.dense.process import LearningDense
    from lava.proc.io.dataloader import SpikeDataloader, StateDataloader
    from lava.proc.io.reset import Reset
    from lava.proc.lif.process import LIF, LearningLIF, LIFReset, TernaryLIF
    from lava.proc.monitor.process import Monitor
    from lava.proc.sparse.process import LearningSparse
    from scipy.sparse import csr_matrix

    synapses, layers, chain = _synapses(), [], []
    full = np.arange(12).reshape(3, 4) * 9
    learning = {"t": "2^-1*x0*y1 - 2^-2*y0*x1 + u1*x2", "w": "2^-2*x0*y1*x1 - 2^-4*y0*x2*w"}
    synapses["LearningDense"] = LearningDense(
        weights=full, learning_rule=rule(dw=learning["w"], dt="x0*y1", dd="y0*x1"), tag_1=full, tag_2=full
    )
    synapses["LearningSparse"] = LearningSparse(
        weights=csr_matrix(full + 3), learning_rule=rule(dw=learning["t"], dt="x0*y1", dd="y0*x1"),
        tag_1=csr_matrix(full + 1), tag_2=csr_matrix(full + 1),
    )  # fmt: skip
    neurons = [
        LIF(shape=(3,), vth=5, du=2000, dv=500), LIFReset(shape=(3,), vth=5, reset_interval=4, reset_offset=1),
        TernaryLIF(shape=(3,), vth_lo=-3, vth_hi=4), LearningLIF(shape=(3,), vth=5),
    ]  # fmt: skip
    source = _source()
    for k, synapse in enumerate(synapses.values()):
        _feed(source, synapse)
        layer = neurons[k] if k < len(neurons) else LIF(shape=(3,), vth=20 + k)
        (synapse.a_out.flatten() if len(synapse.a_out.shape) > 1 else synapse.a_out).connect(layer.a_in)
        if hasattr(synapse, "s_in_bap"):
            layer.s_out.connect(synapse.s_in_bap)
        layers.append(layer)
    loader = SpikeDataloader(dataset=Samples((4, 5)), interval=5, offset=1)
    loader.s_out.connect(synapses["Dense"].s_in)
    state, reset = StateDataloader(dataset=Samples((3,)), interval=4), Reset(reset_value=2, interval=5, offset=1)
    state.connect_var(layers[0].bias_mant)
    reset.connect_var(layers[-1].v)
    monitors = [Monitor()] if monitored else []
    for monitor in monitors:
        monitor.probe(layers[0].v, 20000)
    chain += [_sink(layers[0].s_out), loader, state, reset, *monitors]
    return [source, *synapses.values(), *layers, *chain]


def neurons_graph() -> list[Any]:
    """Lava's fixed-point neurons other than LIF, which have a loop of their own."""
    from lava.proc.atrlif.process import ATRLIF
    from lava.proc.dense.process import Dense
    from lava.proc.graded.process import GradedReluVec, GradedVec, InvSqrt, NormVecDelay
    from lava.proc.prodneuron.process import ProdNeuron
    from lava.proc.resfire.process import RFZero
    from lava.proc.rf.process import RF
    from lava.proc.rf_iz.process import RF_IZ
    from lava.proc.sdn.process import Delta, Sigma, SigmaDelta

    source, dense = _source(), Dense(weights=np.arange(12).reshape(3, 4) * 9)
    one = Dense(weights=np.arange(4).reshape(1, 4))
    scales = {"vth": 20, "cum_error": True, "spike_exp": 2, "state_exp": 3}
    turning = {"shape": (3,), "period": 5, "alpha": 0.1, "state_exp": 4, "decay_bits": 12, "vth": 20}
    neurons = [
        Sigma(shape=(3,)), Delta(shape=(3,), **scales), SigmaDelta(shape=(3,), bias=4, **scales),
        GradedVec(shape=(3,)), GradedReluVec(shape=(3,)), NormVecDelay(shape=(3,)), ProdNeuron(shape=(3,), exp=1),
        RF(**turning), RF_IZ(**turning), RFZero(shape=(3,), freqs=np.full(3, 90.0), decay_tau=np.full(3, 0.5)),
        ATRLIF(shape=(3,), theta_0=2), InvSqrt(shape=(1,)),
    ]  # fmt: skip
    for synapses in (dense, one):
        _feed(source, synapses)
    for neuron in neurons:
        for port in neuron.in_ports:
            (one if port.shape == (1,) else dense).a_out.connect(port)
    return [source, dense, one, *neurons, *(_sink(port) for neuron in neurons for port in neuron.out_ports)]


def float_graph() -> list[Any]:
    """All of Lava's floating-point processes that can be lowered."""
    from lava.proc.atrlif.process import ATRLIF
    from lava.proc.graded.process import InvSqrt
    from lava.proc.lif.process import LIF, LearningLIF, LIFRefractory, LIFReset, TernaryLIF
    from lava.proc.rf.process import RF
    from lava.proc.rf_iz.process import RF_IZ
    from lava.proc.s4d.process import S4d, SigmaS4dDelta
    from lava.proc.sdn.process import Delta, Sigma, SigmaDelta

    source, layers = _source(), []
    turning = {"shape": (3,), "period": 5, "alpha": 0.1, "vth": 20}
    others = [
        ATRLIF(shape=(3,)), InvSqrt(shape=(3,)), RF(**turning), RF_IZ(**turning), Sigma(shape=(3,)),
        Delta(shape=(3,), vth=2, cum_error=True), SigmaDelta(shape=(3,), vth=2, bias=3),
        SigmaS4dDelta(shape=(3,), vth=2, a=0.5, b=2, c=0.25), S4d(shape=(3,), a=0.9j, b=2, c=0.25),
    ]  # fmt: skip
    neurons = [
        LIF(shape=(3,), vth=5.0, du=0.5, dv=0.25), LIFReset(shape=(3,), vth=5.0, reset_interval=4, reset_offset=1),
        TernaryLIF(shape=(3,), vth_lo=-3.0, vth_hi=4.0), LIFRefractory(shape=(3,), vth=5.0, refractory_period=3),
        LearningLIF(shape=(3,), vth=5.0),
    ]  # fmt: skip
    synapses = list(_synapses().values())
    for k, synapse in enumerate(synapses):
        _feed(source, synapse)
        layer = neurons[k]
        (synapse.a_out.flatten() if len(synapse.a_out.shape) > 1 else synapse.a_out).connect(layer.a_in)
        layers.append(layer)
    for neuron in others:
        for port in neuron.in_ports:
            synapses[0].a_out.connect(port)
    return [source, *synapses, *layers, *others, _sink(layers[0].s_out)]


def _synapses() -> dict[str, Any]:
    """Of 4 neurons to 3, those of both tags."""
    from lava.proc.conv.process import Conv
    from lava.proc.dense.process import DelayDense, Dense
    from lava.proc.sparse.process import DelaySparse, Sparse
    from scipy.sparse import csr_matrix

    full = np.arange(12).reshape(3, 4) * 9
    delays = np.arange(12).reshape(3, 4) % 3
    return {
        "Dense": Dense(weights=full),
        "DelayDense": DelayDense(weights=full, delays=delays),
        "Sparse": Sparse(weights=csr_matrix(full)),
        "DelaySparse": DelaySparse(weights=csr_matrix(full + 1), delays=delays, max_delay=2),
        "Conv": Conv(weight=np.arange(12).reshape(3, 2, 2, 1), input_shape=(2, 2, 1)),
    }


def _source() -> Any:
    """Spikes and silence of 4 neurons."""
    from lava.proc.io.source import RingBuffer

    return RingBuffer(data=np.array([[1, 0, 1, 1, 0], [0, 1, 0, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 1, 0]]))


def _feed(source: Any, synapse: Any) -> None:
    """Connect, as an image where that is what the synapse takes."""
    port = source.s_out
    (port if port.shape == synapse.s_in.shape else port.reshape(synapse.s_in.shape)).connect(synapse.s_in)


def _sink(port: Any) -> Any:
    from lava.proc.io.sink import RingBuffer

    sink = RingBuffer(shape=port.shape, buffer=4)
    port.connect(sink.a_in)
    return sink

"""Laws that counts obey, on graphs of Lava's own processes and on nets of ours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava", reason="graphs of Lava processes need Python 3.10")

from hypothesis import given, settings
from hypothesis import strategies as st
from nets import samples, small_spec

from lava_ed.energy import LOIHI2, ChipLimits, map_network, total
from lava_ed.engine import attach, build_program

pytestmark = pytest.mark.lava
TINY = ChipLimits("tiny", "Tiny", cores=64, neurons=2, synaptic_bits=500, routers=(8, 8), cores_per_router=1, source="")
STEPS = 7


class Net:
    """RingBuffer → Dense → LIF → Dense → LIF with random spikes and sparse weights."""

    def __init__(self, seed: int, change: Any = None) -> None:
        from lava.proc.dense.process import Dense
        from lava.proc.io.sink import RingBuffer as Sink
        from lava.proc.io.source import RingBuffer
        from lava.proc.lif.process import LIF

        rng = np.random.default_rng(seed)
        self.data = (rng.random((5, STEPS)) < 0.4).astype(int)
        self.weights = [2 * rng.integers(-40, 60, (6, 5)), 2 * rng.integers(-40, 60, (3, 6))]
        for matrix in self.weights:
            matrix[rng.random(matrix.shape) < 0.3] = 0
        if change is not None:
            change(self)
        source = RingBuffer(data=self.data)
        source.name = "source"
        layers = [source]
        for k, matrix in enumerate(self.weights):
            dense = Dense(weights=matrix, name=f"dense{k}", sign_mode=_mixed())
            lif = LIF(shape=(matrix.shape[0],), vth=20, du=2000, dv=300, name=f"lif{k}")
            layers[-1].s_out.connect(dense.s_in)
            dense.a_out.connect(lif.a_in)
            layers.append(lif)
        self.sinks = [Sink(shape=layer.s_out.shape, buffer=STEPS) for layer in layers]
        for layer, sink in zip(layers, self.sinks, strict=True):
            layer.s_out.connect(sink.a_in)
        self.runtime = attach(source)

    def run(self, *parts: int) -> list[Any]:
        """Counters after each part."""
        readings = []
        for steps in parts:
            self.runtime.program.run(steps)
            readings.append(self.runtime.counters())
        return readings

    @property
    def spikes(self) -> list[Any]:
        """(neurons, steps) of each layer, as the sinks got them."""
        return [sink.data.get() for sink in self.sinks]


def _mixed() -> Any:
    from lava.utils.weightutils import SignMode

    return SignMode.MIXED


seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_synops_are_spikes_times_fan_out_and_messages_are_spikes_times_cores(seed):
    net = Net(seed)
    (counts,) = net.run(STEPS)
    sent = [spikes != 0 for spikes in net.spikes]
    for k, matrix in enumerate(net.weights):
        fan_out = np.count_nonzero(matrix, axis=0)
        assert counts[f"dense{k}"]["synops"]["forward"] == int((sent[k].sum(axis=1) * fan_out).sum())
    for chip in (TINY, LOIHI2):
        mapping = map_network(net.runtime, chip)
        messages = mapping.message_counts(counts)
        for k, name in enumerate(("source", "lif0")):
            cores = len(mapping.cores[k + 1])
            assert messages[name]["spike_messages"]["forward"] == int(sent[k].sum()) * cores
        assert messages["lif1"]["spike_messages"]["forward"] == 0


@settings(max_examples=25, deadline=None)
@given(seed=seeds, cut=st.integers(0, STEPS))
def test_counts_of_a_run_are_the_sum_of_its_parts(seed, cut):
    from lava_ed.energy import subtract

    whole, (first, last) = Net(seed).run(STEPS)[0], Net(seed).run(cut, STEPS - cut)
    assert last == whole
    second = subtract(last, first)
    for node, counts in whole.items():
        for counter, phases in counts.items():
            for phase, count in phases.items():
                assert first[node][counter][phase] + second[node][counter][phase] == count


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_permuting_neurons_changes_no_count(seed):
    order = [np.random.default_rng(seed + 1).permutation(n) for n in (5, 6, 3)]

    def permute(net):
        net.data = net.data[order[0]]
        net.weights = [matrix[order[k + 1]][:, order[k]] for k, matrix in enumerate(net.weights)]

    assert Net(seed, permute).run(STEPS) == Net(seed).run(STEPS)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, place=st.tuples(st.integers(0, 2), st.integers(0, 5)))
def test_pruning_a_weight_saves_exactly_its_traffic(seed, place):
    """A weight of the last connection: the spikes that reach it stay what they were."""

    def prune(net):
        net.weights[1][place] = 0

    whole = Net(seed)
    before, after = whole.run(STEPS)[0], Net(seed, prune).run(STEPS)[0]
    saved = np.count_nonzero(whole.spikes[1][place[1]]) * int(whole.weights[1][place] != 0)
    assert before["dense1"]["synops"]["forward"] - after["dense1"]["synops"]["forward"] == saved
    for node in ("source", "dense0", "lif0"):
        assert before[node] == after[node]


@pytest.mark.parametrize("kind", ["std-ed", "mpd-ed"])
def test_our_nets_count_alike_in_parts(kind):
    images, labels = samples(6)
    whole, parts = build_program(small_spec(kind)), build_program(small_spec(kind))
    for program in (whole, parts):
        program.bind(images)
    rows = np.arange(6)
    whole.present(rows, labels)
    for chunk in (rows[:2], rows[2:]):
        parts.present(chunk, labels[chunk])
    assert parts.counters() == whole.counters()
    assert total(whole.counters())["synaptic_updates"]["update"] > 0


def test_neurobench_counts_the_same():
    """Its definitions, on the net's own spikes: Effective_ACs = Σ binarised layer (spikes); sparsity of activations."""
    net = Net(3)
    (counts,) = net.run(STEPS)
    spikes = net.spikes
    operations = sum(
        int(((matrix != 0).astype(int) @ (spikes[k] != 0).astype(int)).sum()) for k, matrix in enumerate(net.weights)
    )
    assert total(counts)["synops"]["forward"] == operations
    activations = np.concatenate(spikes[1:])
    sparsity = 1 - np.count_nonzero(activations) / activations.size
    ours = sum(counts[name]["spikes"]["forward"] for name in ("lif0", "lif1"))
    assert 1 - ours / (9 * STEPS) == pytest.approx(sparsity)
    assert 0 < sparsity < 1


def test_keras_spiking_prices_the_same_table():
    """(23.6 + 3.5) pJ a synaptic operation, 81 pJ a neuron update: the same synops, all neurons active."""
    from lava_ed.energy import Price, PriceList, energy_report

    net = Net(3)
    (counts,) = net.run(STEPS)
    theirs = PriceList(
        "keras-spiking", "keras-spiking", "assumption", "keras_spiking/model_energy.py", "a cross-check",
        (
            Price("synop", 27.1, ("synops",), "Davies et al. 2018"),
            Price("neuron", 81.0, ("neuron_updates_active", "neuron_updates_idle"), "Davies et al. 2018"),
        ),
    )  # fmt: skip
    # Its own formula: connections · mean rate of the inputs, and neurons · steps.
    dense = sum(int((net.spikes[k] != 0).sum(axis=1) @ (m != 0).sum(axis=0)) for k, m in enumerate(net.weights))
    expected = 27.1 * dense + 81.0 * 9 * STEPS
    assert energy_report(counts, 1, theirs)["microjoules_per_sample"]["dynamic"] == pytest.approx(expected * 1e-6)
